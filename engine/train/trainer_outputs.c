/* trainer_outputs.c - what a configuration says of a run: which layers of the base it reads, and which
 * losses and scores there are. */
#include <stdio.h>
#include <string.h>

#include "engine/train/trainer.h"

static bool has_branches(const TrainerConfig *c)
{
    return c->head == HEAD_MEDUSA || c->head == HEAD_HYDRA;
}

int trainer_taps(const TrainerConfig *c, int layers, int taps[EXITS_MAX])
{
    if (c->tune == TRAINER_EXITS)
        memcpy(taps, c->exits, sizeof *taps * (size_t)c->n_exits);
    if (c->tune != TRAINER_HEAD)
        return c->tune == TRAINER_EXITS ? c->n_exits : 0;
    if (c->head == HEAD_EAGLE3) { /* a low, a middle and a high layer, as published */
        memcpy(taps, (int[]){2, layers / 2, layers - 3}, 3 * sizeof *taps);
        return 3;
    }
    taps[0] = layers;
    return 1;
}

HeadInfo trainer_head_info(const TrainerConfig *c, const ModelConfig *base)
{
    HeadInfo info = {
        .kind = c->head,
        .hidden = base->hidden,
        .vocab = base->vocab,
        .layers = base->layers,
        .n_taps = 1,
        .taps = {-1},
        .branches = has_branches(c) ? c->branches : 0,
        .has_layer = !has_branches(c),
        .n_vocab = c->n_ids,
        .ids = c->ids,
        .layer = {.arch = ARCH_LLAMA,
                  .layers = 1,
                  .loaded = 1,
                  .hidden = base->hidden,
                  .vocab = c->n_ids > 0 ? c->n_ids : base->vocab,
                  .ffn = base->ffn,
                  .heads = base->heads,
                  .kv_heads = base->kv_heads,
                  .head_dim = base->head_dim,
                  .rope = {.base = base->rope.base, .neox = true, .dims = base->head_dim},
                  .norm_eps = base->norm_eps}};
    if (c->head == HEAD_EAGLE3) {
        int taps[EXITS_MAX];
        info.n_taps = trainer_taps(c, base->layers, taps);
        memcpy(info.taps, taps, sizeof *taps * (size_t)info.n_taps);
    }
    return info;
}

int trainer_losses(const TrainerConfig *c)
{
    if (c->tune != TRAINER_HEAD)
        return c->n_exits;
    return has_branches(c) ? c->branches : c->unroll;
}

int trainer_scores(const TrainerConfig *c)
{
    return c->tune != TRAINER_HEAD || has_branches(c) ? trainer_losses(c) : TRAINER_CHAIN;
}

void trainer_output_name(const TrainerConfig *c, int index, char name[TRAINER_NAME_BYTES])
{
    if (c->tune != TRAINER_HEAD)
        snprintf(name, TRAINER_NAME_BYTES, "%d", c->exits[index]);
    else
        snprintf(name, TRAINER_NAME_BYTES, "%s %d", has_branches(c) ? "branch" : "step", index + 1);
}
