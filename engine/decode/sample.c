/* sample.c - see sample.h. */
#include "engine/decode/sample.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

int sampler_open(Sampler *sampler, int vocab, Err *err)
{
    *sampler = (Sampler){.vocab = vocab,
                         .ids = malloc(sizeof(int) * (size_t)vocab),
                         .values = malloc(sizeof(float) * (size_t)vocab),
                         .sorted = malloc(sizeof(SampleEntry) * (size_t)vocab)};
    if (sampler->ids && sampler->values && sampler->sorted)
        return 0;
    sampler_close(sampler);
    return err_set(err, EXIT_MEMORY, "no memory for sampling over %d tokens", vocab);
}

void sampler_close(Sampler *sampler)
{
    free(sampler->ids);
    free(sampler->values);
    free(sampler->sorted);
    *sampler = (Sampler){0};
}

static int entry_order(const void *a, const void *b)
{
    const SampleEntry *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

/* The smallest logit that survives top-k and top-p, found among the largest entries. Both cuts keep
 * ties of the last survivor, so that the set does not depend on an order. */
static float survivors_floor(Sampler *s, Kernels *k, const float *logits, int vocab, float best,
                             float log_sum, const Sampling *sampling)
{
    bool by_count = sampling->top_k > 0 && sampling->top_k < vocab;
    bool by_mass = sampling->top_p < 1.0f;
    float floor = -INFINITY;
    for (float reach = 8.0f; by_count || by_mass; reach = reach < 64.0f ? reach * 2.0f : INFINITY) {
        int n = k->above(k, logits, vocab, best - reach, s->ids, s->values, s->vocab);
        bool all = n >= vocab || isinf(reach);
        if (by_count && n < sampling->top_k && !all)
            continue;
        SampleEntry *sorted = s->sorted;
        for (int i = 0; i < n; i++)
            sorted[i] = (SampleEntry){s->ids[i], s->values[i]};
        qsort(sorted, (size_t)n, sizeof *sorted, entry_order);
        int kept = by_count && sampling->top_k < n ? sampling->top_k : n;
        double total = exp(log_sum - best), sum = 0.0;
        if (by_count) {
            total = 0.0;
            for (int i = 0; i < kept; i++)
                total += exp(sorted[i].value - best);
        }
        int last = kept - 1;
        bool enough = !by_mass || by_count;
        for (int i = 0; by_mass && i < kept; i++) {
            sum += exp(sorted[i].value - best);
            if (sum >= sampling->top_p * total) {
                last = i;
                enough = true;
                break;
            }
        }
        floor = sorted[last].value;
        if (enough || all)
            break;
    }
    return floor;
}

int sampler_token(const Sampler *s, int place)
{
    return s->tokens ? s->tokens[place] : place;
}

int sampler_places(const Sampler *s, int vocab, int limit)
{
    if (s->tokens == NULL)
        return limit < vocab ? limit : vocab;
    while (vocab > 0 && s->tokens[vocab - 1] >= limit)
        vocab--;
    return vocab;
}

/* 1/T has to be a number: no two logits are so close that a T below FLT_MIN could tell. */
static Draw draw_of(const Sampling *s, const int *tokens)
{
    return (Draw){.temperature = s->temperature > FLT_MIN ? s->temperature : FLT_MIN,
                  .top_p = s->top_p,
                  .top_k = s->top_k,
                  .seed = s->seed,
                  .tokens = tokens};
}

/* One row, where it is not drawn along with others. */
static int sample_alone(Sampler *s, Kernels *k, const float *logits, int vocab,
                        const Sampling *sampling, int position, int count, int *ids, float *scores)
{
    if (sampling->temperature <= 0.0f) {
        count = count < vocab ? count : vocab;
        k->top(k, logits, 1, vocab, count, ids, scores, NULL);
        if (!isfinite(scores[0]))
            return 0;
        for (int i = 0; i < count; i++)
            ids[i] = sampler_token(s, ids[i]);
        return count;
    }

    float floor = -INFINITY;
    if (sampling->top_k > 0 || sampling->top_p < 1.0f) {
        int best_id;
        float best, log_sum;
        k->top(k, logits, 1, vocab, 1, &best_id, &best, &log_sum);
        if (!isfinite(best))
            return 0;
        floor = survivors_floor(s, k, logits, vocab, best, log_sum, sampling);
    }
    Draw how = draw_of(sampling, s->tokens);
    int n = k->draw_row(k, logits, vocab, floor, &how, position, count, ids, scores);
    for (int i = 0; i < n; i++)
        ids[i] = sampler_token(s, ids[i]);
    return n;
}

void draws_open(Draws *d, Sampler *s, Kernels *k, const DrawRows *rows, const Sampling *sampling)
{
    assert(rows->n >= 1 && rows->n <= NODES_MAX && rows->vocab <= s->vocab);
    assert(rows->count >= 1 && rows->count <= RANKED_MAX);
    d->sampler = s;
    d->kernels = k;
    d->rows = *rows;
    d->sampling = sampling;
    if (rows->limit > 0)
        d->rows.vocab = sampler_places(s, rows->vocab, rows->limit);
    d->ready = sampling->temperature > 0.0f && k->draw;
    if (!d->ready)
        return;
    Draw how = draw_of(sampling, s->device_tokens);
    k->draw(k, rows->logits, rows->n, rows->stride, d->rows.vocab, &how, rows->position,
            rows->count, d->ids, d->scores, d->found);
}

int sample_ranked(const Draws *d, int row, int *ids, float *scores)
{
    const DrawRows *r = &d->rows;
    if (!d->ready)
        return sample_alone(d->sampler, d->kernels, r->logits + (size_t)row * (size_t)r->stride,
                            r->vocab, d->sampling, r->position[row], r->count, ids, scores);
    for (int i = 0; i < d->found[row]; i++) {
        ids[i] = sampler_token(d->sampler, d->ids[row * r->count + i]);
        scores[i] = d->scores[row * r->count + i];
    }
    return d->found[row];
}

int sample_token(Sampler *s, Kernels *k, const float *logits, int vocab, int limit,
                 const Sampling *sampling, int position)
{
    Draws draws;
    DrawRows row = {.logits = logits,
                    .n = 1,
                    .stride = vocab,
                    .vocab = vocab,
                    .limit = limit,
                    .count = 1,
                    .position = {position}};
    int id;
    float score;
    draws_open(&draws, s, k, &row, sampling);
    return sample_ranked(&draws, 0, &id, &score) > 0 ? id : -1;
}
