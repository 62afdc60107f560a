/* head_inputs.c - what the nets of heads read: features, embeddings, rows of the cache. */
#include "engine/draft/head_draft.h"

const float *head_features(const HeadDraft *d, int tap, int first)
{
    return d->target->features.rows[tap] + (size_t)first * (size_t)d->head->info.hidden;
}

void head_embed(HeadDraft *d, const int *tokens, int n, float *out)
{
    const Model *target = d->target->model;
    target->kernels->embed(target->kernels, target->embed, tokens, n, 1, out);
}

int head_token(const HeadDraft *d, int slot)
{
    return d->build.grown.node[slot].token;
}

void head_rows(int first, int n, int *slot, int *prefix, uint64_t *mask, Batch *batch)
{
    for (int i = 0; i < n; i++) {
        slot[i] = first + i;
        prefix[i] = slot[i] + 1;
        mask[i] = 0;
    }
    *batch = (Batch){.n = n, .slot = slot, .prefix = prefix, .mask = mask};
}

void head_apply(HeadDraft *d, const Matrix *matrix, const float *bias, const float *norm,
                LinearMode mode, const float *x, int n, float *out)
{
    Kernels *k = d->head->net.kernels;
    Linear linear = {.count = 1,
                     .mode = mode,
                     .matrix = {matrix},
                     .bias = {bias},
                     .out = {out},
                     .norm = norm,
                     .norm_eps = d->target->model->config.norm_eps};
    k->linear(k, &linear, x, n);
}
