/* sample.c - see sample.h. */
#include "sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/noise.h"

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

/* Keeps `best` sorted: highest score first, equal scores by lowest id. */
static int insert(int *ids, float *scores, int n, int count, int id, float score)
{
    int at = n;
    while (at > 0 && (score > scores[at - 1] || (score == scores[at - 1] && id < ids[at - 1])))
        at--;
    if (at == count)
        return n;
    int last = n < count ? n : count - 1;
    for (int i = last; i > at; i--) {
        ids[i] = ids[i - 1];
        scores[i] = scores[i - 1];
    }
    ids[at] = id;
    scores[at] = score;
    return n < count ? n + 1 : n;
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
    for (float reach = 8.0f; by_count || by_mass; reach *= 2.0f) {
        int n = k->above(k, logits, vocab, best - reach, s->ids, s->values, s->vocab);
        bool all = n >= vocab || reach > 1e4f;
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

static int token_of(const Sampler *s, int place)
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

/* One row, where the backend does not draw. */
static int rank_row(Sampler *s, Kernels *k, const float *logits, int vocab,
                    const Sampling *sampling, int position, int count, int *ids, float *scores)
{
    float log_sum;
    if (sampling->temperature <= 0.0f) {
        count = count < vocab ? count : vocab;
        k->top(k, logits, 1, vocab, count, ids, scores, NULL);
        for (int i = 0; i < count; i++)
            ids[i] = token_of(s, ids[i]);
        return count;
    }

    int best_id;
    float best;
    bool cut = sampling->top_k > 0 || sampling->top_p < 1.0f;
    k->top(k, logits, 1, vocab, 1, &best_id, &best, cut ? &log_sum : NULL);
    float floor = best - NOISE_SPAN * sampling->temperature;
    if (cut) {
        float kept = survivors_floor(s, k, logits, vocab, best, log_sum, sampling);
        floor = kept > floor ? kept : floor;
    }

    /* What is NOISE_FAR below cannot be the winner; lower ranks are for drafting, where those that
     * are left are enough. */
    float inverse = 1.0f / sampling->temperature;
    float bar = best * inverse + noise_gumbel(noise_bits(sampling->seed, (uint32_t)position,
                                                         (uint32_t)token_of(s, best_id)));
    int n = k->above(k, logits, vocab, floor, s->ids, s->values, s->vocab);
    int found = 0;
    uint32_t noise[4], block = UINT32_MAX;
    for (int i = 0; i < n; i++) {
        uint32_t id = (uint32_t)token_of(s, s->ids[i]);
        if (id / 4 != block) {
            block = id / 4;
            noise_block(sampling->seed, (uint32_t)position, block, noise);
        }
        float score = s->values[i] * inverse;
        if (bar - score > NOISE_FAR && noise[id % 4] < NOISE_FAR_BITS)
            continue;
        found = insert(ids, scores, found, count, (int)id, score + noise_gumbel(noise[id % 4]));
    }
    return found;
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
    Draw how = {.temperature = sampling->temperature,
                .top_p = sampling->top_p,
                .top_k = sampling->top_k,
                .seed = sampling->seed,
                .tokens = s->device_tokens};
    k->draw(k, rows->logits, rows->n, rows->stride, d->rows.vocab, &how, rows->position,
            rows->count, d->ids, d->scores, d->found);
}

int draws_row(const Draws *d, int row, int *ids, float *scores)
{
    const DrawRows *r = &d->rows;
    if (!d->ready)
        return rank_row(d->sampler, d->kernels, r->logits + (size_t)row * (size_t)r->stride,
                        r->vocab, d->sampling, r->position[row], r->count, ids, scores);
    for (int i = 0; i < d->found[row]; i++) {
        ids[i] = token_of(d->sampler, d->ids[row * r->count + i]);
        scores[i] = d->scores[row * r->count + i];
    }
    return d->found[row];
}

int sample_ranked(Sampler *s, Kernels *k, const float *logits, int vocab, int limit,
                  const Sampling *sampling, int position, int count, int *ids, float *scores)
{
    Draws draws;
    DrawRows row = {.logits = logits,
                    .n = 1,
                    .stride = vocab,
                    .vocab = vocab,
                    .limit = limit,
                    .count = count,
                    .position = {position}};
    draws_open(&draws, s, k, &row, sampling);
    return draws_row(&draws, 0, ids, scores);
}
