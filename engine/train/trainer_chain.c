/* trainer_chain.c - the layer of those heads that feed themselves, over the steps of a chain.
 *
 * At step j row i stands for a draft that began behind row i and has come j tokens far: it reads the
 * token of row i + j and what its own step before gave, at position i + j. What it sees: the
 * features of the text up to row i, which are step 0 of rows up to i, and its own steps since. All
 * rows of a text so go through the chain at once, as EAGLE-3 is trained (arXiv 2503.01840).
 *
 * Each step's input, keys and values are kept, the rest of the layer is computed again on the way
 * back.
 */
#include <math.h>

#include "engine/train/trainer_parts.h"

void trainer_chain_lay(Trainer *s, TrainerArena *arena)
{
    TrainerChain *c = &s->chain;
    size_t n = (size_t)s->config.rows, H = (size_t)s->model.hidden;
    size_t K = (size_t)(s->model.kv_heads * s->model.head_dim);
    int losses = trainer_losses(&s->config), scores = trainer_scores(&s->config);
    c->steps = losses > scores ? losses : scores;
    c->token = trainer_take(arena, n, H);
    for (int j = 0; j <= c->steps; j++)
        c->fed[j] = trainer_take(arena, n, H);
    for (int j = 0; j < c->steps; j++) {
        c->key[j] = trainer_take(arena, n, K);
        c->value[j] = trainer_take(arena, n, K);
    }
    for (int j = 0; j < losses; j++) {
        c->dkey[j] = trainer_take(arena, n, K);
        c->dvalue[j] = trainer_take(arena, n, K);
    }
}

static Sequences sequences_of(const Trainer *s)
{
    return (Sequences){.n = s->batch.n_texts, .start = s->batch.start};
}

/* The embeddings of the tokens that a step reads. Behind a text's end there are none, and nothing
 * is learned of them. */
static void read_tokens(Trainer *s, int step)
{
    const TrainerBatch *b = &s->batch;
    for (int t = 0; t < b->n_texts; t++) {
        for (int i = b->start[t], last = b->start[t + 1] - 1; i <= last; i++)
            s->chain.ids[i] = b->ids[i + step < last ? i + step : last];
    }
    s->ops->rows(s->ops, s->embed.frozen, true, s->chain.ids, b->n, s->model.hidden,
                 s->chain.token);
}

void trainer_chain_forward(Trainer *s, int step)
{
    TrainOps *l = s->ops;
    TrainerChain *c = &s->chain;
    TrainerActs *a = &s->acts;
    Sequences sequences = sequences_of(s);
    read_tokens(s, step);
    const float *input = s->net->project(s, step);
    l->rope(l, a->q, &sequences, s->model.heads, step, false);
    l->rope(l, c->key[step], &sequences, s->model.kv_heads, step, false);
    l->attention_unrolled(l, a->q, step + 1, (const float *const *)c->key,
                          (const float *const *)c->value, &sequences, a->attended);
    trainer_layer_end(s, &s->layers[0], input, c->fed[step + 1]);
}

/* From dstream, the gradient of what a step gave, to that of what it read. Its activations are there:
 * it was the last that went forward. */
static void chain_backward(Trainer *s, int step, float *dstream)
{
    TrainOps *l = s->ops;
    TrainerChain *c = &s->chain;
    TrainerActs *a = &s->acts;
    Sequences sequences = sequences_of(s);
    trainer_layer_end_back(s, &s->layers[0], dstream);
    l->attention_unrolled_back(l, a->q, step + 1, (const float *const *)c->key,
                               (const float *const *)c->value, &sequences, a->dattended, a->dq,
                               c->dkey, c->dvalue);
    l->rope(l, a->dq, &sequences, s->model.heads, step, true);
    l->rope(l, c->dkey[step], &sequences, s->model.kv_heads, step, true);
    s->net->project_back(s, step, dstream);
}

/* No gradient yet: of keys, of values, s->dout. */
static void chain_forget(Trainer *s)
{
    size_t count = (size_t)s->batch.n * (size_t)(s->model.kv_heads * s->model.head_dim);
    for (int j = 0; j < trainer_losses(&s->config); j++) {
        s->ops->zero(s->ops, s->chain.dkey[j], count);
        s->ops->zero(s->ops, s->chain.dvalue[j], count);
    }
    s->ops->zero(s->ops, s->dout, (size_t)s->batch.n * (size_t)s->model.hidden);
}

void trainer_chain_learn(Trainer *s, float scale)
{
    int last = s->config.unroll - 1;
    chain_forget(s);
    for (int step = 0; step <= last; step++)
        trainer_chain_forward(s, step);
    for (int step = last; step >= 0; step--) {
        trainer_rows_before(s, step);
        s->progress.loss[step] += s->net->loss(s, step, scale * powf(0.8f, (float)step));
        if (step < last) /* the last one's activations are still there */
            trainer_chain_forward(s, step);
        chain_backward(s, step, s->dout);
    }
}
