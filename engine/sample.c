/* sample.c - see sample.h. */
#include "sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* No Gumbel noise made of 32 bits lies outside [-3.2, 22.9]: ids further than this below the best,
 * in units of logit/T, cannot win. */
static const float NOISE_SPAN = 27.0f;

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

static void philox(uint32_t counter[4], uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * counter[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * counter[2];
        uint32_t c1 = counter[1], c3 = counter[3];
        counter[0] = (uint32_t)(b >> 32) ^ c1 ^ key0;
        counter[1] = (uint32_t)b;
        counter[2] = (uint32_t)(a >> 32) ^ c3 ^ key1;
        counter[3] = (uint32_t)a;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

/* Four ids share one block of the generator: id / 4 is in the counter, id % 4 picks the word. */
static void noise_block(uint32_t seed, uint32_t position, uint32_t block, uint32_t out[4])
{
    out[0] = block;
    out[1] = position;
    out[2] = 0;
    out[3] = 0;
    philox(out, seed, 0x53324421u /* keeps our stream apart from other uses of the seed */);
}

uint32_t sample_noise(uint32_t seed, uint32_t position, uint32_t id)
{
    uint32_t out[4];
    noise_block(seed, position, id / 4, out);
    return out[id % 4];
}

float sample_gumbel(uint32_t uniform)
{
    double u = ((double)uniform + 0.5) * 0x1p-32;
    return (float)-log(-log(u));
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

int sample_ranked(Sampler *s, Kernels *k, const float *logits, int vocab, int limit,
                  const Sampling *sampling, int position, int count, int *ids, float *scores)
{
    assert(count >= 1 && count <= RANKED_MAX && vocab <= s->vocab);
    if (limit > 0)
        vocab = sampler_places(s, vocab, limit);
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

    /* Most ids are far below the best and their noise is nowhere near what they would need: they
     * are settled by one comparison of the raw bits, without a logarithm. An id that is FAR below
     * the best one's score needs noise above FAR, which 99.97 % of the draws do not have. Only for
     * the single winner: lower ranks are for drafting, where `enough` of them is enough. */
    static const float FAR = 8.0f;
    static const uint32_t FAR_BITS = 4293526000u; /* 2^32 * exp(-exp(-8)), rounded down */
    float inverse = 1.0f / sampling->temperature;
    float bar = best * inverse + sample_gumbel(sample_noise(sampling->seed, (uint32_t)position,
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
        if (bar - score > FAR && noise[id % 4] < FAR_BITS)
            continue;
        found = insert(ids, scores, found, count, (int)id, score + sample_gumbel(noise[id % 4]));
    }
    return found;
}
