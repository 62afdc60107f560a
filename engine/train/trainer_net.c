/* trainer_net.c - what the kinds of heads have in common when they are trained: their weights by name,
 * the base's features, and which row says what of a label. */
#include <stdio.h>
#include <string.h>

#include "engine/train/trainer_parts.h"

enum { NO_GUESS = -2 }; /* equals no token's place, nor that of a token that is not scored */

/* ---- weights ---- */

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
