/* predict.c - see predict.h. */
#include "engine/draft/predict.h"

#include <math.h>

static void say_drawn(const Draws *draws, int row, int count, Prediction *o)
{
    float scores[RANKED_MAX], sum = 0; /* the winner's score is finite */
    int n = sample_ranked(draws, row, o->ids, scores);
    for (int i = 0; i < n; i++)
        sum += o->p[i] = expf(scores[i] - scores[0]);
    for (int i = 0; i < n; i++)
        o->p[i] /= sum;
    o->n = n < count ? n : count;
}

bool predict(Sampler *sampler, Kernels *kernels, const DrawRows *asked, const Sampling *sampling,
             int limit, int count, Prediction *predictions)
{
    bool drawn = sampling->temperature > 0, numbers = true;
    DrawRows rows = *asked;
    int vocab = rows.vocab = sampler_places(sampler, rows.stride, limit);
    rows.count = RANKED_MAX;
    Draws draws;
    for (int i = 0; i < rows.n; i++)
        predictions[i] = (Prediction){.likeliest = -1};
    if (vocab == 0) /* the target knows none of what is scored */
        return true;
    if (drawn)
        draws_open(&draws, sampler, kernels, &rows, sampling);
    for (int i = 0; i < rows.n; i++) {
        Prediction *o = &predictions[i];
        float top[RANKED_MAX], log_sum;
        o->n = drawn ? 1 : count < vocab ? count : vocab;
        kernels->top(kernels, rows.logits + (size_t)i * (size_t)rows.stride, 1, vocab, o->n, o->ids,
                     top, &log_sum);
        if (!isfinite(top[0]) || !isfinite(log_sum)) { /* NaN anywhere is in the sum */
            o->n = 0;
            numbers = false;
            continue;
        }
        for (int j = 0; j < o->n; j++) {
            o->ids[j] = sampler_token(sampler, o->ids[j]);
            o->p[j] = expf(top[j] - log_sum);
        }
        o->likeliest = o->ids[0];
        o->confidence = o->p[0];
        if (drawn)
            say_drawn(&draws, i, count, o);
    }
    return numbers;
}
