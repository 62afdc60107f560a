/* exit_head.c - what an exit says of the nodes that it is asked about. */
#include "engine/draft/draft.h"

void exit_logits(Draft *d, int r, const int *slots, int n)
{
    Context *c = d->context;
    size_t H = draft_width(d);
    const float *stream = draft_has_own(d, r) ? d->said : d->hidden;
    for (int i = 0; i < n; i++)
        hidden_copy(c, c->hidden + i * H, stream + slots[i] * H, 1);
    head_of_exit(c, d->trained[r], d->narrow, c->hidden, n);
    if (d->words)
        words_pick(d->words, c->logits, n, d->narrow);
}

void exit_predict(Draft *d, const Sampling *sampling, int limit, const int *slots, int n, int count,
                  Prediction *predictions)
{
    const Model *model = d->context->model;
    DrawRows rows = {.logits = d->context->logits,
                     .n = n,
                     .stride = d->narrow ? model->n_short : model->config.vocab};
    if (d->words) {
        rows.logits = d->words->logits;
        rows.stride = d->narrow ? d->words->narrow.n : d->words->whole.n;
    }
    for (int i = 0; i < n; i++)
        rows.position[i] = d->base + d->shift + 1 + d->build.grown.node[slots[i]].depth;
    if (!predict(&d->sampler, model->kernels, &rows, sampling, limit, count, predictions))
        d->drafter.no_number = true;
}
