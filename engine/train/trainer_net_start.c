/* trainer_net_start.c - what a head's weights begin as: noise around an identity, or weights of the
 * base. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/train/trainer_parts.h"
#include "kernels/noise.h"

enum { TOKENS = 1024 }; /* whose embeddings are looked at */

int trainer_net_fill(Trainer *s, const TrainerWeight *w, float diagonal, float width, Err *err)
{
    int rows = w->rows > 0 ? w->rows : 1;
    uint32_t number = 0x68656164u + (uint32_t)(w - s->weights); /* apart from what else draws */
    float *row = malloc((size_t)w->cols * sizeof *row);
    if (row == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)w->cols;
        for (int j = 0; j < w->cols; j++) {
            uint32_t bits = noise_bits(s->config.seed, number, (uint32_t)at + (uint32_t)j);
            float unit = (float)(bits >> 8) * 0x1p-23f - 1;
            row[j] = width * unit + (w->rows == 0 || i == j ? diagonal : 0);
        }
        s->kernels->upload(s->kernels, w->value + at, row, (size_t)w->cols);
    }
    free(row);
    return 0;
}

/* The mean of squares over the first tokens of the vocabulary, one after another: the same however
 * many rows there is room for. */
static double token_square(Trainer *s)
{
    int H = s->model.hidden, tokens = s->model.vocab < TOKENS ? s->model.vocab : TOKENS;
    double sum = 0;
    for (int i = 0; i < tokens; i++) {
        s->ops->rows(s->ops, s->embed.frozen, true, &i, 1, H, s->dout);
        sum += s->ops->squares(s->ops, s->dout, (size_t)H);
    }
    return sum / tokens;
}

/* Embeddings are hundreds of times shorter than features in some bases: what AdamW's steps would take
 * long to make up for. */
float trainer_net_token_width(Trainer *s, float share)
{
    size_t H = (size_t)s->model.hidden;
    double token = token_square(s), feature = s->ops->squares(s->ops, s->norm[0].value, H);
    return token > 0 ? share * sqrtf(3 / (float)H) * sqrtf((float)(feature / token)) : 0;
}

/* Heads turn halves of a vector by positions, and some bases neighbours: row `to` of the head's, by
 * its place among those of the base. */
static int *turned_rows(int rows, int head_dim, Err *err)
{
    int half = head_dim / 2, *from = malloc((size_t)rows * sizeof *from);
    if (from == NULL)
        err_set(err, EXIT_MEMORY, "no memory for training");
    for (int to = 0; from && to < rows; to++) {
        int d = to % head_dim;
        from[to] = to - d + 2 * (d % half) + d / half;
    }
    return from;
}

int trainer_net_copy_part(Trainer *s, const Gguf *base, int part, const TrainerWeight *w, Err *err)
{
    int *rows = NULL;
    int first;
    if (layer_tensor(base, &s->model, s->model.layers - 1, part, &first) ==
        NULL) /* the base has experts: a part that says nothing at first */
        return trainer_net_fill(s, w, 0, part == PART_DOWN ? 0 : sqrtf(3 / (float)w->cols), err);
    if ((part == PART_Q || part == PART_K) && !s->base_neox) {
        rows = turned_rows(w->rows, s->model.head_dim, err);
        if (rows == NULL)
            return -1;
    }
    int result = trainer_read_part(s, base, s->model.layers - 1, part, w, rows, err);
    free(rows);
    return result;
}

int trainer_net_copy_rows(Trainer *s, const Gguf *base, const TrainerWeight *w, Err *err)
{
    bool own = gguf_tensor(base, "output.weight") != NULL;
    return trainer_read_tensor(s, base, own ? "output.weight" : "token_embd.weight", w,
                               s->config.ids, err);
}
