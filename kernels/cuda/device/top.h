/* top.h - kernels: the largest logits of rows.
 *
 * A row is looked at in chunks of TOP_CHUNK by as many blocks; a second kernel puts the chunks'
 * results together, in their order. "Better" is larger, then the lower id; NaN counts as the
 * smallest of all.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_TOP_H
#define S2D_KERNELS_CUDA_DEVICE_TOP_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/lane.h"

enum { TOP_SHARED = (TOP_CHUNK + 2 * WARPS) * 4 };

BODY int entry_better(Entry a, Entry b)
{
    return a.value > b.value || (a.value == b.value && a.id < b.id);
}

BODY Entry entry_none(void)
{
    Entry e;
    e.value = -INFINITY;
    e.id = NO_ID;
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

/* One after the other: each round finds the best that is worse than the last one, of n entries or,
 * if that is NULL, of values with the ids first …; NaN is never found. */
BODY void select_best(const Lane *at, const Entry *entries, const float *values, int first, int n,
                      int count, Entry *scratch, Entry *out)
{
    Entry last;
    last.value = INFINITY;
    last.id = -1;
    for (int round = 0; round < count; round++) {
        Entry best = entry_none();
        for (int i = at->thread; i < n; i += THREADS) {
            Entry e;
            e.value = entries ? entries[i].value : values[i];
            e.id = entries ? entries[i].id : first + i;
            if (entry_better(last, e) && entry_better(e, best))
                best = e;
        }
        last = block_best(at, best, scratch);
        if (at->thread == 0)
            out[round] = last;
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
    size_t where = (size_t)row * (size_t)a->chunks + (size_t)chunk;
    select_best(at, 0, values, first, n, a->count, scratch,
                a->chunk_best + where * (size_t)a->count);
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
    size_t chunks = (size_t)row * (size_t)a->chunks;
    const Entry *best = a->chunk_best + chunks * (size_t)a->count;
    Entry *result = a->results + (size_t)row * (size_t)a->record;
    select_best(at, best, 0, 0, a->chunks * a->count, a->count, scratch, result);
    float most = -INFINITY, sum = 0.0f;
    for (int c = at->thread; c < a->chunks; c += THREADS)
        most = larger(best[c * a->count].value, most);
    most = block_max(at, most, (float *)scratch);
    for (int c = at->thread; c < a->chunks; c += THREADS) {
        float largest = best[c * a->count].value;
        if (largest > -INFINITY)
            sum += a->chunk_sums[chunks + (size_t)c] * expf(largest - most);
    }
    sum = block_sum(at, sum, (float *)scratch);
    if (at->thread == 0)
        result[a->count].value = most + logf(sum);
}

#endif
