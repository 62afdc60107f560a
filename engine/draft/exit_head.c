/* exit_head.c - what an exit says of the nodes that it is asked about: how sure it is, and which
 * tokens it proposes.
 *
 * Confidence is the softmax's highest probability, at every temperature. Where tokens are drawn the
 * proposals are drawn as well, with the target's own noise, and how far the winner is ahead with
 * its noise says how surely another model picks the same one.
 */
#include "engine/draft/draft.h"

#include <math.h>

static void say_drawn(const Draws *draws, int row, int count, ExitPrediction *o)
{
    float scores[RANKED_MAX], sum = 0; /* the winner's score is finite */
    int n = sample_ranked(draws, row, o->ids, scores);
    for (int i = 0; i < n; i++)
        sum += o->p[i] = expf(scores[i] - scores[0]);
    for (int i = 0; i < n; i++)
        o->p[i] /= sum;
    o->n = n < count ? n : count;
}

void exit_predict(Draft *d, const Sampling *sampling, int limit, const int *slots, int n, int count,
                  ExitPrediction *predictions)
{
    const Model *model = d->context->model;
    Kernels *k = model->kernels;
    bool drawn = sampling->temperature > 0;
    int stride = d->narrow ? model->n_short : model->config.vocab;
    int vocab = sampler_places(&d->sampler, stride, limit);
    DrawRows rows = {.logits = d->context->logits,
                     .n = n,
                     .stride = stride,
                     .vocab = vocab,
                     .count = RANKED_MAX};
    Draws draws;
    for (int i = 0; i < n; i++) {
        rows.position[i] = d->base + 1 + d->grown.node[slots[i]].depth;
        predictions[i] = (ExitPrediction){.likeliest = -1};
    }
    if (vocab == 0) /* the target knows none of the short list */
        return;
    if (drawn)
        draws_open(&draws, &d->sampler, k, &rows, sampling);
    for (int i = 0; i < n; i++) {
        ExitPrediction *o = &predictions[i];
        float top[RANKED_MAX], log_sum;
        o->n = drawn ? 1 : count < vocab ? count : vocab;
        k->top(k, rows.logits + (size_t)i * (size_t)stride, 1, vocab, o->n, o->ids, top, &log_sum);
        if (!isfinite(top[0]) || !isfinite(log_sum)) { /* NaN anywhere is in the sum */
            o->n = 0;
            d->drafter.no_number = true;
            continue;
        }
        for (int j = 0; j < o->n; j++) {
            o->ids[j] = sampler_token(&d->sampler, o->ids[j]);
            o->p[j] = expf(top[j] - log_sum);
        }
        o->likeliest = o->ids[0];
        o->confidence = o->p[0];
        if (drawn)
            say_drawn(&draws, i, count, o);
    }
}
