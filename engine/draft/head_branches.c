/* head_branches.c - Medusa (arXiv 2401.10774) and Hydra (2402.05109): a branch of one hidden layer for
 * each depth of the tree. Medusa's know the last feature only, Hydra's the path's tokens too.
 */
#include "engine/draft/head_draft.h"

/* The feature before the root, after the target's final norm. */
static void take_feature(HeadDraft *d)
{
    const Model *target = d->target->model;
    Kernels *k = target->kernels;
    k->norm(k, head_features(d, 0, d->base), target->output_norm, target->config.norm_eps, 1, 1,
            d->head->info.hidden, d->first);
}

static void score(HeadDraft *d, const HeadBranch *branch, int n)
{
    head_apply(d, branch->output, branch->output_bias, NULL, LINEAR_SET, d->sum, n, d->scores);
    d->logits = d->scores;
}

/* ---- Medusa ---- */

static int medusa_say(HeadDraft *d, const int *slots, int n)
{
    int depth = d->build.grown.node[slots[0]].depth;
    Kernels *k = d->head->net.kernels;
    size_t H = (size_t)d->head->info.hidden;
    (void)n;
    if (depth >= d->head->info.branches)
        return 0;
    const HeadBranch *branch = &d->head->branch[depth];
    if (slots[0] == 0)
        take_feature(d);
    head_apply(d, branch->fc[0], branch->fc_bias, NULL, LINEAR_SET, d->first, 1, d->turned);
    k->copy(k, d->sum, d->first, H);
    k->silu_add(k, d->turned, H, d->sum);
    score(d, branch, 1);
    return 1; /* the same, whichever path led there */
}

/* ---- Hydra ---- */

/* Its layer ("++") over the features of places d->length … n - 1. */
static void hydra_read(HeadDraft *d, const int *tokens, int n)
{
    const Model *target = d->target->model;
    int slot[ROWS_MAX], prefix[ROWS_MAX], first = d->length, H = d->head->info.hidden;
    uint64_t mask[ROWS_MAX];
    Batch batch;
    Kernels *k = target->kernels;
    (void)tokens;
    head_rows(first, n - first, slot, prefix, mask, &batch);
    k->norm(k, head_features(d, 0, first), target->output_norm, target->config.norm_eps, batch.n, 1,
            H, d->own.hidden);
    LayerPass pass = {.layer = &d->head->layer, .kv = d->own.kv};
    layer_forward(&d->own, &pass, &batch);
    k->norm(k, d->own.hidden + (size_t)(batch.n - 1) * (size_t)H, d->head->net.output_norm,
            d->head->net.config.norm_eps, 1, 1, H, d->first);
}

/* The token of a node's ancestor, or its own, at that depth. */
static int token_at(const HeadDraft *d, int slot, int depth)
{
    const TreeNode *node = &d->build.grown.node[slot];
    while (node->depth > depth)
        node = &d->build.grown.node[node->parent];
    return node->token;
}

static int hydra_say(HeadDraft *d, const int *slots, int n)
{
    int depth = d->build.grown.node[slots[0]].depth;
    Context *c = d->target;
    Kernels *k = d->head->net.kernels;
    size_t H = (size_t)d->head->info.hidden;
    if (depth >= d->head->info.branches)
        return 0;
    const HeadBranch *branch = &d->head->branch[depth];
    if (slots[0] == 0 && !d->head->info.has_layer)
        take_feature(d);
    for (int j = 0; j < head_inputs(&d->head->info, depth); j++) {
        const float *input = j == 0 ? d->feature : d->embedded;
        int ids[EXPAND_MAX];
        for (int i = 0; i < n; i++) {
            if (j == 0)
                hidden_copy(c, d->feature + (size_t)i * H, d->first, 1);
            else
                ids[i] = token_at(d, slots[i], j - 1);
        }
        if (j > 0)
            head_embed(d, ids, n, d->embedded);
        LinearMode mode = j == 0 ? LINEAR_SET : LINEAR_ADD;
        head_apply(d, branch->skip[j], j == 0 ? branch->skip_bias : NULL, NULL, mode, input, n,
                   d->sum);
        head_apply(d, branch->fc[j], j == 0 ? branch->fc_bias : NULL, NULL, mode, input, n,
                   d->turned);
    }
    k->silu_add(k, d->turned, (size_t)n * H, d->sum);
    for (int i = 0; i < d->head->info.blocks; i++) {
        head_apply(d, branch->block, branch->block_bias, NULL, LINEAR_SET, d->sum, n, d->turned);
        k->silu_add(k, d->turned, (size_t)n * H, d->sum);
    }
    score(d, branch, n);
    return n;
}

const HeadNet head_medusa = {.say = medusa_say};
const HeadNet head_hydra = {.read = hydra_read, .say = hydra_say};
