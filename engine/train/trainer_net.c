/* trainer_net.c - what the kinds of heads have in common when they are trained: their table, their
 * weights by name, the base's features, and which row says what of a label. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/train/trainer_parts.h"

enum { NO_GUESS = -2 }; /* equals no token's place, nor that of a token that is not scored */

static const TrainerNet *const nets[HEAD_KINDS] = {
    [HEAD_EAGLE] = &net_eagle,
    [HEAD_EAGLE3] = &net_eagle3,
    [HEAD_MEDUSA] = &net_medusa,
    [HEAD_HYDRA] = &net_hydra,
};

/* ---- what a configuration says ---- */

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
    HeadInfo info = {.kind = c->head,
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
                               .rope_neox = true,
                               .hidden = base->hidden,
                               .vocab = c->n_ids > 0 ? c->n_ids : base->vocab,
                               .ffn = base->ffn,
                               .heads = base->heads,
                               .kv_heads = base->kv_heads,
                               .head_dim = base->head_dim,
                               .rope_base = base->rope_base,
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
    return has_branches(c) ? c->branches : c->head == HEAD_EAGLE3 ? c->unroll : 1;
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

/* ---- weights ---- */

/* Of the tensors that a head may have: those that are trained. A layer's biases are not, as LLaMA's
 * has none. */
static bool is_trained(const HeadTensor *tensor)
{
    return !tensor->optional || strncmp(tensor->name, "head.blk.", 9) != 0;
}

int trainer_net_shape(Trainer *s, Err *err)
{
    if (s->config.head == HEAD_EAGLE3 && s->model.layers < 7)
        return err_set(err, EXIT_USAGE,
                       "EAGLE-3 reads a low, a middle and a high layer: it is for targets of at "
                       "least 7 layers, and this one has %d",
                       s->model.layers);
    s->net = nets[s->config.head];
    s->info = trainer_head_info(&s->config, &s->model);
    s->base_neox = s->model.rope_neox;
    s->model.rope_neox = s->info.layer.rope_neox;
    s->tensors = malloc(HEAD_TENSORS_MAX * sizeof *s->tensors);
    s->weights = calloc(HEAD_TENSORS_MAX, sizeof *s->weights);
    if (s->tensors == NULL || s->weights == NULL) {
        trainer_shape_free(s);
        return err_set(err, EXIT_MEMORY, "no memory for training");
    }
    int n = head_tensors(&s->info, NULL, s->tensors);
    for (int i = 0; i < n; i++) {
        if (is_trained(&s->tensors[i]))
            s->tensors[s->n_tensors++] = s->tensors[i];
    }
    return 0;
}

TrainerWeight *trainer_net_weight(const Trainer *s, const char *name)
{
    for (int i = 0; i < s->n_tensors; i++) {
        if (strcmp(s->tensors[i].name + strlen("head."), name) == 0)
            return &s->weights[i];
    }
    return NULL;
}

TrainerWeight *trainer_net_part(const Trainer *s, const char *name, int k, int j)
{
    char full[TENSOR_NAME_BYTES];
    if (j >= 0)
        snprintf(full, sizeof full, "%d.%s.%d.weight", k, name, j);
    else
        snprintf(full, sizeof full, "%d.%s", k, name);
    return trainer_net_weight(s, full);
}

void trainer_net_layer(Trainer *s)
{
    for (int p = 0; s->info.has_layer && p < LAYER_PARTS; p++) {
        char name[TENSOR_NAME_BYTES];
        snprintf(name, sizeof name, "blk.%s", layer_parts[p].name);
        const TrainerWeight *w = trainer_net_weight(s, name);
        s->layers[0].part[p] = w ? *w : (TrainerWeight){0};
    }
}

/* ---- what is known of a batch ---- */

void trainer_net_feature(Trainer *s, int tap, bool shifted, float *room, float *out)
{
    const TrainerBatch *b = &s->batch;
    size_t H = (size_t)s->model.hidden, n = (size_t)b->n * H;
    for (int t = 0; t < b->n_texts; t++) {
        for (int i = b->start[t]; i < b->start[t + 1]; i++) {
            const uint16_t *from = b->hidden[tap] + (size_t)(shifted ? i - 1 : i) * H;
            float *to = s->host + (size_t)i * H;
            if (shifted && i == b->start[t]) {
                memset(to, 0, H * sizeof *to);
                continue;
            }
            for (size_t d = 0; d < H; d++)
                to[d] = bf16_float(from[d]);
        }
    }
    s->kernels->upload(s->kernels, room ? room : out, s->host, n);
    if (room)
        s->ops->norm(s->ops, room, s->norm[0].value, s->model.norm_eps, b->n, s->model.hidden, out);
}

void trainer_rows_before(Trainer *s, int steps)
{
    const TrainerBatch *b = &s->batch;
    size_t top = (size_t)s->config.top, bytes = top * sizeof *b->weights;
    memcpy(s->back_weights, b->weights, bytes * (size_t)b->labels);
    for (int j = 0, t = 0; j < b->labels; j++) {
        while (b->row[j] >= b->start[t + 1])
            t++;
        s->back[j] = b->row[j] - steps;
        if (s->back[j] >= b->start[t])
            continue;
        s->back[j] = b->start[t]; /* any row: it weighs nothing */
        memset(s->back_weights + (size_t)j * top, 0, bytes);
    }
}

double trainer_net_top(Trainer *s, const TrainerScorer *scorer, int steps, const float *stream,
                       int *best)
{
    double loss = trainer_head_top(s, scorer, stream, best);
    for (int j = 0; j < s->batch.labels; j++) {
        if (s->back[j] != s->batch.row[j] - steps)
            best[j * TRAINER_CHAIN] = NO_GUESS;
    }
    return loss;
}
