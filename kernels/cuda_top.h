/* cuda_top.h - kernels: the largest logits of rows, and all above a floor.
 *
 * A row is looked at in chunks of TOP_CHUNK by as many blocks; a second kernel puts the chunks'
 * results together, in their order. "Better" is larger, then the lower id; NaN counts as the
 * smallest of all.
 */
#ifndef S2D_CUDA_TOP_H
#define S2D_CUDA_TOP_H

#include "cuda_args.h"
#include "cuda_lane.h"

typedef struct Entry {
    float value;
    int id;
} Entry;

enum { TOP_SHARED = (TOP_CHUNK + 2 * WARPS) * 4, ABOVE_SHARED = THREADS * 4 };

BODY int entry_better(Entry a, Entry b)
{
    return a.value > b.value || (a.value == b.value && a.id < b.id);
}

BODY Entry entry_none(void)
{
    Entry e;
    e.value = -INFINITY;
    e.id = 0x7fffffff;
    return e;
}

BODY float no_nan(float v)
{
    return v == v ? v : -INFINITY;
}

/* The best of what all threads bring. scratch: [WARPS] of shared memory */
BODY Entry block_best(const Lane *at, Entry best, Entry *scratch)
{
    for (int mask = 1; mask < WARP; mask *= 2) {
        Entry other;
        other.value = bits_float(warp_xor(at, float_bits(best.value), mask));
        other.id = (int)warp_xor(at, (uint32_t)best.id, mask);
        best = entry_better(other, best) ? other : best;
    }
    if (lane_id(at) == 0)
        scratch[warp_id(at)] = best;
    block_sync(at);
    best = scratch[0];
    for (int w = 1; w < WARPS; w++)
        best = entry_better(scratch[w], best) ? scratch[w] : best;
    block_sync(at);
    return best;
}

/* One after the other: each round finds the best that is worse than the last one. values: [n], of
 * ids first … or of ids[] */
BODY void select_best(const Lane *at, const float *values, const int *ids, int first, int n,
                      int count, Entry *scratch, int *out_ids, float *out_values)
{
    Entry last;
    last.value = INFINITY;
    last.id = -1;
    for (int round = 0; round < count; round++) {
        Entry best = entry_none();
        for (int i = at->thread; i < n; i += THREADS) {
            Entry e;
            e.value = values[i];
            e.id = ids ? ids[i] : first + i;
            if (entry_better(last, e) && entry_better(e, best))
                best = e;
        }
        last = block_best(at, best, scratch);
        if (at->thread == 0) {
            out_ids[round] = last.id;
            out_values[round] = last.value;
        }
    }
}

/* grid: chunks, rows; shared: TOP_SHARED */
BODY void top_chunks_body(const Lane *at, const TopArgs *a)
{
    int chunk = at->block_x, row = at->block_y, first = chunk * TOP_CHUNK;
    if (row >= a->meta->n)
        return;
    int n = a->vocab - first < TOP_CHUNK ? a->vocab - first : TOP_CHUNK;
    const float *logits = a->logits + (size_t)row * (size_t)a->stride + (size_t)first;
    float *values = (float *)at->shared;
    Entry *scratch = (Entry *)(values + TOP_CHUNK);
    for (int i = at->thread; i < n; i += THREADS)
        values[i] = no_nan(logits[i]);
    block_sync(at);
    size_t where = (size_t)row * (size_t)a->chunks + (size_t)chunk, to = where * (size_t)a->count;
    select_best(at, values, 0, first, n, a->count, scratch, a->chunk_ids + to,
                a->chunk_values + to);
    float most = -INFINITY, sum = 0.0f;
    for (int i = at->thread; i < n; i += THREADS)
        most = larger(values[i], most);
    most = block_max(at, most, (float *)scratch);
    for (int i = at->thread; i < n && most > -INFINITY; i += THREADS)
        sum += expf(logits[i] - most);
    sum = block_sum(at, sum, (float *)scratch);
    if (at->thread == 0)
        a->chunk_sums[where] = sum;
}

/* grid: rows; shared: TOP_SHARED */
BODY void top_body(const Lane *at, const TopArgs *a)
{
    int row = at->block_x;
    if (row >= a->meta->n)
        return;
    Entry *scratch = (Entry *)at->shared;
    size_t chunks = (size_t)row * (size_t)a->chunks, from = chunks * (size_t)a->count;
    const float *values = a->chunk_values + from;
    size_t to = (size_t)row * (size_t)a->count;
    select_best(at, values, a->chunk_ids + from, 0, a->chunks * a->count, a->count, scratch,
                a->ids + to, a->values + to);
    float most = -INFINITY, sum = 0.0f;
    for (int c = at->thread; c < a->chunks; c += THREADS)
        most = larger(values[c * a->count], most);
    most = block_max(at, most, (float *)scratch);
    for (int c = at->thread; c < a->chunks; c += THREADS) {
        float largest = values[c * a->count];
        if (largest > -INFINITY)
            sum += a->chunk_sums[chunks + (size_t)c] * expf(largest - most);
    }
    sum = block_sum(at, sum, (float *)scratch);
    if (at->thread == 0)
        a->log_sum[row] = most + logf(sum);
}

/* How many of a chunk are there. grid: chunks; shared: [WARPS] floats */
BODY void above_count_body(const Lane *at, const AboveArgs *a)
{
    int first = at->block_x * TOP_CHUNK, count = 0;
    for (int i = first + at->thread; i < first + TOP_CHUNK && i < a->vocab; i += THREADS)
        count += a->row[i] >= a->floor;
    count = (int)block_sum(at, (float)count, (float *)at->shared);
    if (at->thread == 0)
        a->chunk_counts[at->block_x] = count;
}

/* Stores them behind those of the chunks before, a run of ids per thread. grid: chunks; shared:
 * [THREADS] ints */
BODY void above_body(const Lane *at, const AboveArgs *a)
{
    enum { RUN = TOP_CHUNK / THREADS };
    int *counts = (int *)at->shared, first = at->block_x * TOP_CHUNK + at->thread * RUN, count = 0;
    int end = first + RUN < a->vocab ? first + RUN : a->vocab, to = 0;
    for (int i = first; i < end; i++)
        count += a->row[i] >= a->floor;
    counts[at->thread] = count;
    block_sync(at);
    for (int c = 0; c < at->block_x; c++)
        to += a->chunk_counts[c];
    for (int t = 0; t < at->thread; t++)
        to += counts[t];
    for (int i = first; i < end; i++) {
        if (a->row[i] >= a->floor) {
            if (to < a->cap) {
                a->found[1 + 2 * to] = i;
                a->found[2 + 2 * to] = (int)float_bits(a->row[i]);
            }
            to++;
        }
    }
    if (at->block_x == a->chunks - 1 && at->thread == THREADS - 1)
        a->found[0] = to;
}

#endif
