/* draw.h - kernels: tokens drawn with the noise of their positions, see engine/decode/sample.h.
 *
 * The best of each row without noise is known already (top.h). `cut` finds the smallest logit
 * that survives top-k and top-p, draw_chunks scores what does, and `top` puts chunks together. All
 * ties of the last survivor survive, so no order is needed: the cut is found by bisection over the
 * bits of its value.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_DRAW_H
#define S2D_KERNELS_CUDA_DEVICE_DRAW_H

#include "kernels/cuda/device/top.h"
#include "kernels/noise.h"

enum {
    CUT_LIST = 8192, /* logits that shared memory has room for */
    CUT_SHARED = (CUT_LIST + THREADS + WARPS) * 4,
};

/* Logits so far below the best are seldom looked at for a cut. */
#define CUT_REACH 8.0f

/* A float's bits in the order of values, and back. */
BODY uint32_t order_key(float v)
{
    uint32_t bits = float_bits(v);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

BODY float key_value(uint32_t key)
{
    return bits_float(key >> 31 ? key & 0x7fffffff : ~key);
}

/* What is cut: a row, or its entries from best - CUT_REACH on. */
typedef struct CutList {
    const float *values;
    int n;
    float best;
} CutList;

/* Of the entries from a key on: how many there are, or (mass) the sum of exp(x - best). */
BODY float cut_sum(const Lane *at, const CutList *list, uint32_t key, int mass, float *scratch)
{
    float sum = 0.0f;
    for (int i = at->thread; i < list->n; i += THREADS) {
        float v = no_nan(list->values[i]);
        if (order_key(v) >= key)
            sum += mass ? expf(v - list->best) : 1.0f;
    }
    return block_sum(at, sum, scratch);
}

/* The largest value from which on that sum is at least `wanted`; NaN = there is none. */
BODY float cut_at(const Lane *at, const CutList *list, int mass, float wanted, float *scratch)
{
    uint32_t key = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t higher = key | (uint32_t)1 << bit;
        if (cut_sum(at, list, higher, mass, scratch) >= wanted)
            key = higher;
    }
    return key_value(key);
}

/* Copies the row's entries from best - CUT_REACH on to `values`; returns how many there are, which
 * may be more than there is room for. A thread's entries follow those of the thread before. */
BODY int cut_gather(const Lane *at, const float *row, int n, float best, float *values, int *counts)
{
    int count = 0, all = 0, to = 0;
    for (int i = at->thread; i < n; i += THREADS)
        count += row[i] >= best - CUT_REACH;
    counts[at->thread] = count;
    block_sync(at);
    for (int t = 0; t < THREADS; t++) {
        to += t < at->thread ? counts[t] : 0;
        all += counts[t];
    }
    for (int i = at->thread; i < n && all <= CUT_LIST; i += THREADS) {
        if (row[i] >= best - CUT_REACH)
            values[to++] = row[i];
    }
    block_sync(at);
    return all;
}

/* The part of the row that both cuts are found in: top-k, and then top-p of what that leaves. */
BODY float cut_floor(const Lane *at, const DrawArgs *a, const CutList *list, float log_sum,
                     float *scratch)
{
    float total = expf(log_sum - list->best), floor = -INFINITY;
    if (a->top_k > 0 && a->top_k < a->top.vocab) {
        floor = cut_at(at, list, 0, (float)a->top_k, scratch);
        uint32_t above = order_key(floor) + 1;
        float left = (float)a->top_k - cut_sum(at, list, above, 0, scratch);
        total = cut_sum(at, list, above, 1, scratch) + left * expf(floor - list->best);
    }
    if (a->top_p < 1.0f) /* of nothing there would be no end; the best alone has 1 */
        floor = larger(cut_at(at, list, 1, larger(a->top_p * total, 1e-30f), scratch), floor);
    return floor;
}

/* Does the list have all that survives? */
BODY int cut_enough(const Lane *at, const DrawArgs *a, const CutList *list, float log_sum,
                    float *scratch)
{
    if (list->n > CUT_LIST || (a->top_k > 0 && list->n < a->top_k))
        return 0;
    return a->top_k > 0 ||
           cut_sum(at, list, 0, 1, scratch) >= a->top_p * expf(log_sum - list->best);
}

/* grid: rows; shared: CUT_SHARED */
BODY void cut_body(const Lane *at, const DrawArgs *a)
{
    int row = at->block_x;
    if (row >= a->top.meta->n)
        return;
    float *values = (float *)at->shared, *scratch = values + CUT_LIST;
    const Entry *best = a->top.results + (size_t)row * (size_t)a->top.record - 2;
    float log_sum = best[1].value, floor = -INFINITY;
    CutList list;
    list.best = best[0].value;
    if (a->top_k > 0 || a->top_p < 1.0f) {
        const float *logits = a->top.logits + (size_t)row * (size_t)a->top.stride;
        list.values = values;
        list.n = cut_gather(at, logits, a->top.vocab, list.best, values, (int *)(scratch + WARPS));
        if (!cut_enough(at, a, &list, log_sum, scratch)) {
            list.values = logits;
            list.n = a->top.vocab;
        }
        floor = cut_floor(at, a, &list, log_sum, scratch);
    }
    if (at->thread == 0)
        a->floor[row] = larger(floor, list.best - NOISE_SPAN * a->temperature);
}

BODY uint32_t draw_noise(const DrawArgs *a, int row, int place)
{
    int id = a->tokens ? a->tokens[place] : place;
    return noise_bits(a->top.meta->seed, a->top.meta->position[row], (uint32_t)id);
}

/* grid: chunks, rows; shared: TOP_SHARED */
BODY void draw_chunks_body(const Lane *at, const DrawArgs *a)
{
    const TopArgs *top = &a->top;
    int chunk = at->block_x, row = at->block_y, first = chunk * TOP_CHUNK;
    if (row >= top->meta->n)
        return;
    int n = top->vocab - first < TOP_CHUNK ? top->vocab - first : TOP_CHUNK;
    const float *logits = top->logits + (size_t)row * (size_t)top->stride + (size_t)first;
    Entry best = top->results[(size_t)row * (size_t)top->record - 2];
    float *values = (float *)at->shared, inverse = 1.0f / a->temperature, floor = a->floor[row];
    float bar = noise_gumbel(draw_noise(a, row, best.id)); /* scores count from the best's 0 */
    for (int i = at->thread; i < n; i += THREADS) {
        values[i] = bits_float(0x7fc00000);
        if (!(logits[i] >= floor))
            continue;
        float score = (logits[i] - best.value) * inverse;
        uint32_t noise = draw_noise(a, row, first + i);
        if (!(bar - score > NOISE_FAR && noise < NOISE_FAR_BITS))
            values[i] = score + noise_gumbel(noise);
    }
    block_sync(at);
    size_t where = (size_t)row * (size_t)top->chunks + (size_t)chunk;
    select_best(at, 0, values, first, n, top->count, (Entry *)(values + TOP_CHUNK),
                top->chunk_best + where * (size_t)top->count);
}

#endif
