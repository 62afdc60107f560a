/* row.c - what is done row by row: norm, silu, rotary embedding, and the scans of logits.
 *
 * Angles are computed in double and kept until base, factors or positions change, because a forward
 * pass asks for the same ones twice a layer.
 */
#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/cpu.h"

enum {
    NORM_ALONE = 8 * 1024,  /* elements that are not worth waking anyone for */
    SILU_PIECE = 16 * 1024, /* elements that are not, and a thread's at a time */
};

typedef struct NormJob {
    Cpu *cpu;
    const float *x, *weight;
    float eps;
    int n, cols;
    float *out;
    atomic_int next;
} NormJob;

static void norm_work(void *context, int worker)
{
    NormJob *job = context;
    (void)worker;
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < job->n;) {
        size_t at = (size_t)i * (size_t)job->cols;
        job->cpu->isa->norm(job->x + at, job->weight, job->eps, job->cols, job->out + at);
    }
}

void row_norm(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
              int cols, float *out)
{
    NormJob job = {cpu_of(k), x, weight, eps, n * heads, cols, out, 0};
    if (job.n > 1 && (size_t)job.n * (size_t)cols > NORM_ALONE)
        pool_run(job.cpu->pool, norm_work, &job);
    else
        norm_work(&job, 0);
}

typedef struct SiluJob {
    Cpu *cpu;
    const float *x;
    size_t count;
    float *out;
    atomic_size_t next;
} SiluJob;

static void silu_work(void *context, int worker)
{
    SiluJob *job = context;
    (void)worker;
    for (size_t at; (at = atomic_fetch_add(&job->next, SILU_PIECE)) < job->count;) {
        size_t left = job->count - at;
        job->cpu->isa->silu_add(job->x + at, (int)(left < SILU_PIECE ? left : SILU_PIECE),
                                job->out + at);
    }
}

void row_silu_add(Kernels *k, const float *x, size_t count, float *out)
{
    SiluJob job = {cpu_of(k), x, count, out, 0};
    if (count > SILU_PIECE)
        pool_run(job.cpu->pool, silu_work, &job);
    else
        silu_work(&job, 0);
}

/* Makes the cache one for these angles. */
static void rope_key(RopeCache *cache, const Rope *rope)
{
    const float *factors = rope->factors;
    int pairs = rope->dims / 2;
    if (cache->pairs == pairs && cache->base == rope->base && cache->scale == rope->scale &&
        cache->has_factors == (factors != NULL) &&
        (!factors || !memcmp(cache->factors, factors, (size_t)pairs * sizeof *factors)))
        return;
    cache->pairs = pairs;
    cache->base = rope->base;
    cache->scale = rope->scale;
    cache->has_factors = factors != NULL;
    for (int p = 0; p < pairs; p++) {
        double frequency = pow(rope->base, -(double)p / pairs);
        if (factors) {
            cache->factors[p] = factors[p];
            frequency /= factors[p];
        }
        cache->frequency[p] = frequency;
    }
    for (int i = 0; i < ROWS_MAX; i++)
        cache->position[i] = -1;
}

/* [2][pairs]: cosines, then sines, for row i at a position. */
static const float *rope_angles(RopeCache *cache, int i, int position)
{
    float *cosine = cache->cos_sin + (size_t)i * 2 * ROPE_PAIRS, *sine = cosine + cache->pairs;
    if (cache->position[i] != position) {
        cache->position[i] = position;
        for (int p = 0; p < cache->pairs; p++) {
            cosine[p] = (float)(cache->scale * cos(position * cache->frequency[p]));
            sine[p] = (float)(cache->scale * sin(position * cache->frequency[p]));
        }
    }
    return cosine;
}

void row_rope(Kernels *k, float *x, const Batch *batch, int heads, int head_dim, const Rope *rope)
{
    RopeCache *cache = &cpu_of(k)->rope;
    int pairs = rope->dims / 2;
    assert(rope->dims <= head_dim && pairs <= ROPE_PAIRS && batch->n <= ROWS_MAX);
    rope_key(cache, rope);
    for (int i = 0; i < batch->n; i++) {
        const float *cosine = rope_angles(cache, i, batch_position(batch, i)),
                    *sine = cosine + pairs;
        for (int h = 0; h < heads; h++, x += head_dim) {
            /* Element p of a pair's first half, and how far its partner is. */
            int step = rope->neox ? 1 : 2, partner = rope->neox ? pairs : 1;
            for (int p = 0; p < pairs; p++) {
                float *a = x + p * step, *b = a + partner, v = *a, w = *b;
                *a = v * cosine[p] - w * sine[p];
                *b = v * sine[p] + w * cosine[p];
            }
        }
    }
}

/* Larger first, NaN last of all, ties to the lowest id (entries come in ascending id). */
static void top_insert(int *ids, float *values, int *held, int count, int id, float v)
{
    int at = *held < count ? (*held)++ : count - 1;
    for (; at > 0 && values[at - 1] < v; at--) {
        ids[at] = ids[at - 1];
        values[at] = values[at - 1];
    }
    ids[at] = id;
    values[at] = v;
}

static void top_row(const Isa *isa, const float *row, int vocab, int count, int *ids, float *values)
{
    int held = 0, i = 0;
    for (; i < vocab && held < count; i++)
        top_insert(ids, values, &held, count, i, isnan(row[i]) ? -INFINITY : row[i]);
    while ((i = isa->find(row, i, vocab, values[count - 1], true)) < vocab) {
        top_insert(ids, values, &held, count, i, row[i]);
        i++;
    }
}

typedef struct TopJob {
    Cpu *cpu;
    const float *logits;
    int n, vocab, count;
    int *ids;
    float *values, *log_sum;
    atomic_int next;
} TopJob;

static void top_work(void *context, int worker)
{
    TopJob *job = context;
    (void)worker;
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < job->n;) {
        const float *row = job->logits + (size_t)i * (size_t)job->vocab;
        float *values = job->values + (size_t)i * (size_t)job->count;
        top_row(job->cpu->isa, row, job->vocab, job->count,
                job->ids + (size_t)i * (size_t)job->count, values);
        if (job->log_sum)
            job->log_sum[i] = values[0] + logf(job->cpu->isa->sum_exp(row, job->vocab, values[0]));
    }
}

void row_top(Kernels *k, const float *logits, int n, int vocab, int count, int *ids, float *values,
             float *log_sum)
{
    TopJob job = {cpu_of(k), logits, n, vocab, count, ids, values, log_sum, 0};
    assert(count >= 1 && count <= vocab);
    if (n > 1)
        pool_run(job.cpu->pool, top_work, &job);
    else
        top_work(&job, 0);
}

int row_above(Kernels *k, const float *row, int vocab, float floor, int *ids, float *values,
              int cap)
{
    const Isa *isa = cpu_of(k)->isa;
    int count = 0;
    for (int i = 0; (i = isa->find(row, i, vocab, floor, false)) < vocab; i++, count++) {
        if (count < cap) {
            ids[count] = i;
            values[count] = row[i];
        }
    }
    return count;
}
