/* experts.h - kernels: a feed-forward part that is a mixture of experts (kernels.h).
 *
 * router's logits -> route: the experts and weights of each row -> route_group: pairs of row and
 * expert, put together by expert -> stack: each expert's matrix times its own pairs' rows
 *
 * A row's experts depend on its logits alone, a pair's outputs on its row alone, and pair_add sums
 * a row's pairs by ascending expert: results do not depend on the batch. Nothing goes back to the
 * host: grids are made for as many experts as the rows can have, and the rest do nothing.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_EXPERTS_H
#define S2D_KERNELS_CUDA_DEVICE_EXPERTS_H

#include "kernels/cuda/device/linear.h"

enum {
    STACK_TILES = 2, /* column tiles of an expert's rows that are multiplied at a time */
    ROUTE_SHARED = WARPS_SHARED + 2 * EXPERTS_MAX * 4,
    GROUP_SHARED = (ROWS_MAX * PICKS_MAX + EXPERTS_MAX) * 4,
};

/* grid: rows; shared: ROUTE_SHARED. What beats an expert is counted for each, so that all threads
 * have work and ties go to the lowest number. */
BODY void route_body(const Lane *at, const RouteArgs *a)
{
    int row = at->block_x;
    if (row >= a->meta->n)
        return;
    float *scratch = (float *)at->shared, *value = scratch + WARPS, *part = value + EXPERTS_MAX;
    const float *logits = a->logits + (size_t)row * (size_t)a->experts;
    float best = -INFINITY;
    for (int e = at->thread; e < a->experts; e += THREADS) {
        float v = logits[e];
        value[e] = v == v ? v : -INFINITY;
        best = larger(best, value[e]);
    }
    best = block_max(at, best, scratch);
    block_sync(at);
    for (int e = at->thread; e < a->experts; e += THREADS) {
        int better = 0;
        for (int other = 0; other < a->experts; other++)
            better += value[other] > value[e] || (value[other] == value[e] && other < e);
        part[e] = better < a->picks ? expf(value[e] - best) : -1.0f; /* -1: not among them */
    }
    block_sync(at);
    for (int e = at->thread; e < a->experts; e += THREADS) {
        int before = 0;
        float sum = 0.0f;
        if (part[e] == -1.0f)
            continue;
        for (int other = 0; other < a->experts; other++) {
            if (part[other] == -1.0f)
                continue;
            sum += part[other];
            before += other < e;
        }
        a->routed->id[row * a->picks + before] = e;
        a->routed->weight[row * a->picks + before] = part[e] / sum;
    }
}

/* grid: 1; shared: GROUP_SHARED */
BODY void route_group_body(const Lane *at, const RouteArgs *a)
{
    Routed *r = a->routed;
    int *id = (int *)at->shared, *count = id + ROWS_MAX * PICKS_MAX, pairs = a->meta->n * a->picks;
    for (int p = at->thread; p < pairs; p += THREADS)
        id[p] = r->id[p];
    block_sync(at);
    for (int e = at->thread; e < a->experts; e += THREADS) {
        count[e] = 0;
        for (int p = 0; p < pairs; p++)
            count[e] += id[p] == e;
    }
    block_sync(at);
    for (int e = at->thread; e < a->experts; e += THREADS) {
        int first = 0, place = 0, p = 0;
        for (int other = 0; other < e; other++) {
            first += count[other];
            place += count[other] > 0;
        }
        if (count[e] > 0) {
            r->expert[place] = e;
            r->first[place] = first;
            for (int i = first; i < first + count[e]; p++)
                if (id[p] == e)
                    r->order[i++] = p;
        }
        if (e == a->experts - 1) {
            place += count[e] > 0;
            r->active = place;
            r->first[place] = pairs;
        }
    }
}

BODY int stack_row(const StackArgs *a, int pair)
{
    return a->by_pair ? pair : pair / a->picks;
}

/* Adds the block's slices and stores what belongs to the pairs from `column` on, of `count`. */
BODY void stack_end(const Lane *at, const StackArgs *a, const Place *place, const int *order,
                    int column, int count, const Sums *sums)
{
    const LinearPart *part = place->part;
    int row = at->thread % UNIT_ROWS, k_warps = part->k_warps;
    int first = place->unit - warp_id(at) / k_warps, units = linear_units(&a->linear, part);
    column += at->thread / UNIT_ROWS;
    UNROLL
    for (int n = 0; n < STACK_TILES; n++, column += COLUMNS) {
        products_put(at, sums, n);
        block_sync(at);
        for (int u = 0; u < place->units && first + u < units && column < count; u++) {
            int out = (first + u) * UNIT_ROWS + row, pair = order[column];
            float y =
                slices_sum((const float *)at->shared, k_warps, u, row, at->thread / UNIT_ROWS);
            if (out < part->rows)
                part->out[(size_t)pair * (size_t)part->rows + (size_t)out] =
                    y * a->linear.scale[stack_row(a, pair)];
        }
        block_sync(at);
    }
}

/* grid: the parts' blocks, active experts; shared: LINEAR_SHARED. type is a constant. */
BODY void stack_body(const Lane *at, const StackArgs *a, QuantType type)
{
    const Routed *r = a->routed;
    int which = at->block_y;
    if (which >= r->active)
        return;
    Place place = linear_place(at, &a->linear);
    int count = r->first[which + 1] - r->first[which], units = linear_units(&a->linear, place.part);
    const int *order = r->order + r->first[which];
    place.matrix_at =
        (size_t)r->expert[which] * (size_t)(2 * units) * layout_tile_bytes(type, a->linear.cols);
    for (int column = 0; column < count; column += STACK_TILES * COLUMNS) {
        int rows[STACK_TILES];
        Columns columns = {rows, COLUMN_TILES * (a->by_pair ? a->picks : 1)};
        Sums sums;
        UNROLL
        for (int n = 0; n < STACK_TILES; n++) { /* behind the last pair: that one again */
            int c = column + n * COLUMNS + lane_id(at) / 4;
            rows[n] = stack_row(a, order[c < count ? c : count - 1]);
        }
        sums_clear(&sums, STACK_TILES);
        if (place.unit < units)
            linear_slice(at, &a->linear, &place, type, STACK_TILES, columns, &sums);
        stack_end(at, a, &place, order, column, count, &sums);
    }
}

/* out = silu(a) * b. grid: columns in THREADS, pairs */
BODY void pair_swiglu_body(const Lane *at, const PairsArgs *a)
{
    int col = at->block_x * THREADS + at->thread, pair = at->block_y;
    if (col >= a->cols || pair >= a->meta->n * a->picks)
        return;
    size_t i = (size_t)pair * (size_t)a->cols + (size_t)col;
    a->out[i] = silu(a->a[i]) * a->b[i];
}

/* Adds to each row what its experts say, by their weights. grid: columns in THREADS, rows */
BODY void pair_add_body(const Lane *at, const PairsArgs *a)
{
    int col = at->block_x * THREADS + at->thread, row = at->block_y;
    if (col >= a->cols || row >= a->meta->n)
        return;
    float *out = a->out + (size_t)row * (size_t)a->cols + (size_t)col, sum = *out;
    for (int p = row * a->picks; p < (row + 1) * a->picks; p++)
        sum = fmaf(a->routed->weight[p], a->a[(size_t)p * (size_t)a->cols + (size_t)col], sum);
    *out = sum;
}

#endif
