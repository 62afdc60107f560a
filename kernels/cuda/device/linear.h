/* linear.h - kernel: matrices times up to 64 rows, and what follows (bias, residual, SwiGLU).
 *
 * in: tiles of weights, activations from `prepare` -> out: floats. A warp takes one unit (two tiles
 * of a matrix, or one of gate and one of up) and one slice of the inputs. It streams the weights,
 * each used for every column tile; slices are added in their order, by the block, and where a
 * unit's inputs are split over several blocks, by the one that comes last. How inputs are cut
 * depends on the matrix alone and columns never meet, so results do not depend on the batch.
 *
 * No barrier within the product, no shared memory until its end: activations lie in the order of
 * fragments too, and the nearest cache holds them.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_LINEAR_H
#define S2D_KERNELS_CUDA_DEVICE_LINEAR_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/mma.h"
#include "kernels/cuda/device/rows.h"
#include "kernels/cuda/device/unpack.h"

enum { UNIT_ROWS = 2 * TILE_ROWS, FRAGMENT = WARP * 4 /* floats of a tile's product */ };

/* Where a warp is at work. */
typedef struct Place {
    const LinearPart *part;
    int unit, slice, slices, split, units; /* units: of the block */
    size_t matrix_at;                      /* of a stack's matrix, in bytes of its data; else 0 */
} Place;

/* Where activations are. */
typedef struct Columns {
    const int
        *rows; /* for each column tile the row that this lane loads; NULL = one after another */
    int tiles; /* column tiles of a plane */
} Columns;

typedef struct Sums {
    float c[2][CHUNK / COLUMNS][4];
} Sums;

BODY void sums_clear(Sums *sums, int tiles)
{
    UNROLL
    for (int n = 0; n < tiles; n++) {
        UNROLL
        for (int r = 0; r < 4; r++)
            sums->c[0][n][r] = sums->c[1][n][r] = 0.0f;
    }
}

BODY Place linear_place(const Lane *at, const LinearArgs *a)
{
    int p = 0;
    while (p + 1 < a->parts && at->block_x >= a->part[p + 1].first)
        p++;
    Place place;
    place.part = &a->part[p];
    place.units = WARPS / place.part->k_warps;
    int block = at->block_x - place.part->first;
    place.split = block % place.part->splits;
    place.unit = block / place.part->splits * place.units + warp_id(at) / place.part->k_warps;
    place.slices = place.part->splits * place.part->k_warps;
    place.slice = place.split * place.part->k_warps + warp_id(at) % place.part->k_warps;
    place.matrix_at = 0;
    return place;
}

BODY int linear_units(const LinearArgs *a, const LinearPart *part)
{
    int unit_rows = a->mode >= LINEAR_SWIGLU ? TILE_ROWS : UNIT_ROWS;
    return (part->rows + unit_rows - 1) / unit_rows;
}

/* The two tiles of a unit. */
BODY const uint8_t *linear_tile(const LinearArgs *a, const Place *place, QuantType type, int i)
{
    size_t bytes = layout_tile_bytes(type, a->cols);
    if (a->mode >= LINEAR_SWIGLU)
        return a->part[i].data + (size_t)place->unit * bytes;
    return place->part->data + place->matrix_at + (size_t)(2 * place->unit + i) * bytes;
}

/* One step of one tile times one column tile. */
BODY void step_product(const Lane *at, QuantType type, const Unpacked *w, const Words b[2][2],
                       float sum[4])
{
    int parts = unpack_parts(type), per_part = 4 / parts;
    UNROLL
    for (int p = 0; p < parts; p++) {
        float c[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        UNROLL
        for (int m = p * per_part; m < (p + 1) * per_part; m++) {
            if (!layout_is_wide(type)) {
                mma_half(at, c, w->a[0][m], &b[0][m / 2].w[m % 2 * 2]);
                continue;
            }
            UNROLL
            for (int plane = 0; plane < unpack_planes(type); plane++) {
                mma_bf16(at, c, w->a[plane][m], &b[0][m / 2].w[m % 2 * 2]);
                mma_bf16(at, c, w->a[plane][m], &b[1][m / 2].w[m % 2 * 2]);
            }
        }
        sum[0] = fmaf(w->scale[p][0], c[0], sum[0]);
        sum[1] = fmaf(w->scale[p][0], c[1], sum[1]);
        sum[2] = fmaf(w->scale[p][1], c[2], sum[2]);
        sum[3] = fmaf(w->scale[p][1], c[3], sum[3]);
    }
    if (!unpack_has_min(type))
        return;
    float c[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    UNROLL
    for (int m = 0; m < 4; m++) {
        uint32_t a[4] = {w->min[m][0], w->min[m][1], w->min[m][0], w->min[m][1]};
        mma_half(at, c, a, &b[0][m / 2].w[m % 2 * 2]);
    }
    sum[0] = fmaf(-w->min_scale[0], c[0], sum[0]);
    sum[1] = fmaf(-w->min_scale[0], c[1], sum[1]);
    sum[2] = fmaf(-w->min_scale[1], c[2], sum[2]);
    sum[3] = fmaf(-w->min_scale[1], c[3], sum[3]);
}

/* What a group's minima add, for one tile and one column tile. */
BODY void mins_product(const Lane *at, QuantType type, const Raw *raw, const uint32_t mins[2],
                       const uint32_t sums[2], float sum[4])
{
    uint32_t a[4] = {mins[0], mins[1], mins[0], mins[1]};
    if (!quant_is_k(type)) {
        mma_half(at, sum, a, sums);
        return;
    }
    float c[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    mma_half(at, c, a, sums);
    float low = mins_k_scale(raw, 0), high = mins_k_scale(raw, 1);
    sum[0] = fmaf(-low, c[0], sum[0]);
    sum[1] = fmaf(-low, c[1], sum[1]);
    sum[2] = fmaf(-high, c[2], sum[2]);
    sum[3] = fmaf(-high, c[3], sum[3]);
}

/* The warp's slice of its unit. */
BODY void linear_slice(const Lane *at, const LinearArgs *a, const Place *place, QuantType type,
                       int tiles, Columns columns, Sums *sums)
{
    int lane = lane_id(at), steps = layout_steps(a->cols);
    int groups = (steps + K_STEPS - 1) / K_STEPS;
    int first = (int)((int64_t)groups * place->slice / place->slices) * K_STEPS;
    int last = (int)((int64_t)groups * (place->slice + 1) / place->slices) * K_STEPS;
    last = last < steps ? last : steps;
    int column_tile = a->column / COLUMNS;
    const uint8_t *data[2] = {linear_tile(a, place, type, 0), linear_tile(a, place, type, 1)};
    size_t plane = (size_t)columns.tiles * (size_t)steps * 2 * WARP;
    uint32_t mins[2][2] = {{0, 0}, {0, 0}};
    Raw next[2];
    UNROLL
    for (int i = 0; i < 2 && first < last; i++)
        raw_load(type, &next[i], data[i], first, 1, lane);
    for (int step = first; step < last; step++) {
        Raw raw[2] = {next[0], next[1]};
        Unpacked w[2];
        UNROLL
        for (int i = 0; i < 2; i++) {
            if (step + 1 < last)
                raw_load(type, &next[i], data[i], step + 1, 0, lane);
            unpack(type, &raw[i], step, &w[i]);
            if (unpack_sums_min(type) && !quant_is_k(type) && lane % 4 == step % K_STEPS) {
                mins[i][0] = mins_step(&raw[i], 0);
                mins[i][1] = mins_step(&raw[i], 1);
            }
        }
        int group_ends = step % K_STEPS == K_STEPS - 1 || step + 1 == last;
        if (unpack_sums_min(type) && quant_is_k(type) && group_ends) {
            UNROLL
            for (int i = 0; i < 2; i++) {
                mins[i][0] = mins_k(&raw[i], 0, lane % 4);
                mins[i][1] = mins_k(&raw[i], 1, lane % 4);
            }
        }
        UNROLL
        for (int n = 0; n < tiles; n++) {
            int row = columns.rows ? columns.rows[n] : 0;
            int place_in = columns.rows ? row % COLUMNS * 4 + lane % 4 : lane;
            size_t tile = (size_t)(columns.rows ? row / COLUMNS : column_tile + n);
            const Words *from = (const Words *)a->values +
                                (tile * (size_t)steps + (size_t)step) * 2 * WARP + place_in;
            Words b[2][2];
            b[0][0] = from[0];
            b[0][1] = from[WARP];
            if (layout_is_wide(type)) {
                b[1][0] = from[plane];
                b[1][1] = from[plane + WARP];
            }
            UNROLL
            for (int i = 0; i < 2; i++)
                step_product(at, type, &w[i], b, sums->c[i][n]);
            if (!unpack_sums_min(type) || !group_ends)
                continue;
            const uint32_t *s =
                a->sums +
                ((tile * (size_t)groups + (size_t)(step / K_STEPS)) * WARP + (size_t)place_in) * 2;
            UNROLL
            for (int i = 0; i < 2; i++)
                mins_product(at, type, &raw[i], mins[i], s, sums->c[i][n]);
        }
        if (group_ends)
            mins[0][0] = mins[0][1] = mins[1][0] = mins[1][1] = 0;
    }
}

BODY float with_bias(const LinearPart *part, int row, float y)
{
    return part->bias ? y + part->bias[row] : y;
}

/* y: of the unit's row, and of a gated mode the up row's that belongs to it. */
BODY void linear_store(const LinearArgs *a, const Place *place, int unit, int row, int column,
                       float y, float up)
{
    column += a->column;
    if (column >= a->meta->n)
        return;
    const LinearPart *part = place->part;
    float scale = a->scale[column];
    row += unit * (a->mode >= LINEAR_SWIGLU ? TILE_ROWS : UNIT_ROWS);
    if (row >= part->rows)
        return;
    float *out = part->out + (size_t)column * (size_t)part->rows + (size_t)row;
    y = with_bias(part, row, y * scale);
    if (a->mode >= LINEAR_SWIGLU)
        *out = gated(a->mode, y) * with_bias(&a->part[1], row, up * scale);
    else
        *out = a->mode == LINEAR_ADD ? *out + y * a->gain : y * a->gain;
}

/* Puts the warp's product for a column tile into shared memory: [WARPS][2][FRAGMENT]. */
BODY void products_put(const Lane *at, const Sums *sums, int n)
{
    UNROLL
    for (int i = 0; i < 2; i++) {
        float *to = (float *)at->shared + (warp_id(at) * 2 + i) * FRAGMENT + lane_id(at) * 4;
        UNROLL
        for (int r = 0; r < 4; r++)
            to[r] = sums->c[i][n][r];
    }
}

/* Row (0 … 31) and column (0 … 7) of a unit's product for one column tile, the block's slices
 * added. products: [WARPS][2][FRAGMENT] */
BODY float slices_sum(const float *products, int k_warps, int unit, int row, int column)
{
    int at = (row % 8 * 4 + column / 2) * 4 + row % 16 / 8 * 2 + column % 2;
    const float *p = products + (size_t)(unit * k_warps * 2 + row / 16) * FRAGMENT + at;
    float sum = p[0];
    for (int w = 1; w < k_warps; w++)
        sum += p[(size_t)w * 2 * FRAGMENT];
    return sum;
}

/* Where a split's sum of a unit's row and column is kept. */
BODY float *partial_of(const LinearArgs *a, const Place *place, int split, int unit, int row,
                       int column)
{
    size_t units = (size_t)linear_units(a, place->part);
    size_t which = (size_t)split * units + (size_t)unit;
    return a->partial + place->part->partial_at + (which * CHUNK + (size_t)column) * UNIT_ROWS +
           row;
}

BODY float splits_sum(const LinearArgs *a, const Place *place, int unit, int row, int column)
{
    float sum = load_fresh(partial_of(a, place, 0, unit, row, column));
    for (int s = 1; s < place->part->splits; s++)
        sum += load_fresh(partial_of(a, place, s, unit, row, column));
    return sum;
}

/* Adds the block's slices and stores, or keeps the sum for the last block of the unit. */
BODY void linear_end(const Lane *at, const LinearArgs *a, const Place *place, int tiles,
                     const Sums *sums)
{
    float *products = (float *)at->shared;
    int row = at->thread % UNIT_ROWS, column = at->thread / UNIT_ROWS;
    int split = place->part->splits > 1, k_warps = place->part->k_warps;
    int two = a->mode >= LINEAR_SWIGLU, first = place->unit - warp_id(at) / k_warps;
    int units = linear_units(a, place->part);
    UNROLL
    for (int n = 0; n < tiles; n++) {
        products_put(at, sums, n);
        block_sync(at);
        for (int u = 0; u < place->units && first + u < units; u++) {
            float y = slices_sum(products, k_warps, u, row, column);
            if (split)
                *partial_of(a, place, place->split, first + u, row, n * COLUMNS + column) = y;
            else if (!two)
                linear_store(a, place, first + u, row, n * COLUMNS + column, y, 0.0f);
            else if (row < TILE_ROWS)
                linear_store(a, place, first + u, row, n * COLUMNS + column, y,
                             slices_sum(products, k_warps, u, row + TILE_ROWS, column));
        }
        block_sync(at);
    }
    if (!split)
        return;
    unsigned *last = (unsigned *)at->shared, *counter = a->counters + at->block_x - place->split;
    memory_fence();
    block_sync(at);
    if (at->thread == 0) {
        *last = count_up(counter) + 1 == (unsigned)place->part->splits;
        if (*last)
            *counter = 0;
    }
    block_sync(at);
    if (!*last)
        return;
    memory_fence();
    for (int n = 0; n < tiles; n++) {
        for (int u = 0; u < place->units && first + u < units; u++) {
            int c = n * COLUMNS + column;
            float y = splits_sum(a, place, first + u, row, c);
            if (!two)
                linear_store(a, place, first + u, row, c, y, 0.0f);
            else if (row < TILE_ROWS)
                linear_store(a, place, first + u, row, c, y,
                             splits_sum(a, place, first + u, row + TILE_ROWS, c));
        }
    }
}

/* grid: the parts' blocks; shared: LINEAR_SHARED. type and tiles are constants. */
enum { LINEAR_SHARED = WARPS * 2 * FRAGMENT * 4 };

BODY void linear_body(const Lane *at, const LinearArgs *a, QuantType type, int tiles)
{
    Place place = linear_place(at, a);
    Columns columns = {0, COLUMN_TILES};
    Sums sums;
    sums_clear(&sums, tiles);
    if (place.unit < linear_units(a, place.part))
        linear_slice(at, a, &place, type, tiles, columns, &sums);
    linear_end(at, a, &place, tiles, &sums);
}

#endif
