/* prepare.h - kernel: activations from rows of floats to mma's second operand.
 *
 * in: x [n, cols], maybe to be normed -> out: one of ActForm's forms. A row is scaled by a power of
 * two that brings its largest value to 512 … 1024, so that halves lose nothing but bits below the
 * 11th of each value, and sums of 32 stay finite; sums are kept as two halves, 22 bits. A row with
 * a value that is not finite becomes NaN, and no other row does.
 *
 * Layout: input k of step s, row i: column tile i / 8, g = i % 8; with k = 32 b + 16 m + 8 p + 2 t
 * + e the half e of word 2 m + p of lane 4 g + t of half-step b. Sums: lane 4 g + step % 4; word 0
 * the pair of the step's two blocks, word 1 what is left of them.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_PREPARE_H
#define S2D_KERNELS_CUDA_DEVICE_PREPARE_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/layout.h"

typedef struct RowScale {
    float norm, up, down; /* value = x * norm * weight; stored = value * up */
} RowScale;

/* Exponent arithmetic on the bits: exact, and the same everywhere. */
BODY RowScale row_scale(const Lane *at, const PrepareArgs *a, const float *x)
{
    float *scratch = (float *)at->shared;
    float squares = 0.0f, most = 0.0f, sick = 0.0f;
    for (int k = at->thread; k < a->cols; k += THREADS) {
        float v = x[k], w = a->weight ? v * a->weight[k] : v;
        squares = fmaf(v, v, squares);
        most = larger(most, fabsf(w));
        sick += v * 0.0f; /* NaN, where v is not finite */
    }
    RowScale s;
    s.norm = 1.0f;
    if (a->weight)
        s.norm = 1.0f / sqrtf(block_sum(at, squares, scratch) / (float)a->cols + a->eps);
    most = block_max(at, most, scratch) * s.norm;
    sick = block_sum(at, sick, scratch);
    int exponent = (int)(float_bits(most) >> 23);
    exponent = exponent < 10 ? 10 : exponent;
    s.up = bits_float((uint32_t)(263 - exponent) << 23);
    s.down = bits_float((uint32_t)(exponent - 9) << 23);
    if (!(sick == 0.0f) || exponent == 255) {
        s.up = bits_float(0x7fc00000);
        s.down = 1.0f;
    }
    return s;
}

BODY float prepared(const PrepareArgs *a, const RowScale *s, const float *x, int k)
{
    if (k >= a->cols)
        return 0.0f;
    float v = x[k] * s->norm;
    return a->weight ? v * a->weight[k] : v;
}

/* A warp's step of 64 inputs: lane l has inputs 2 l and 2 l + 1. */
BODY void prepare_step(const Lane *at, const PrepareArgs *a, const RowScale *s, const float *x,
                       int row, int step)
{
    int lane = lane_id(at), steps = layout_steps(a->cols), k = step * STEP + 2 * lane;
    float low = prepared(a, s, x, k), high = prepared(a, s, x, k + 1);
    size_t tile_step = (size_t)(row / COLUMNS) * (size_t)steps + (size_t)step;
    size_t to = (tile_step * 2 + (size_t)(lane / 16)) * WARP * 4 +
                (size_t)((row % COLUMNS * 4 + lane % 4) * 4 + lane % 16 / 4);
    if (a->form == ACT_BF16) {
        uint16_t l = float_bf16(low), h = float_bf16(high);
        size_t plane = (size_t)(COLUMN_TILES * a->each) * (size_t)steps * 2 * WARP * 4;
        a->values[to] = pair(l, h);
        a->values[plane + to] =
            pair(float_bf16(low - bf16_float(l)), float_bf16(high - bf16_float(h)));
        return;
    }
    uint16_t l = float_half(low * s->up), h = float_half(high * s->up);
    a->values[to] = pair(l, h);
    float sum = warp_sum(at, half_float(l) + half_float(h), 16);
    uint16_t most = float_half(sum), rest = float_half(sum - half_float(most));
    uint32_t other = warp_xor(at, pair(most, rest), 16);
    if (lane == 0) {
        int groups = (steps + K_STEPS - 1) / K_STEPS;
        size_t group = (size_t)(row / COLUMNS) * (size_t)groups + (size_t)(step / K_STEPS);
        uint32_t *sums = a->sums + (group * WARP + (size_t)(row % COLUMNS * 4 + step % 4)) * 2;
        sums[0] = pair(most, (uint16_t)other);
        sums[1] = pair(rest, (uint16_t)(other >> 16));
    }
}

BODY void prepare_plain(const Lane *at, const PrepareArgs *a, const RowScale *s, const float *x,
                        int row)
{
    uint16_t *halves = (uint16_t *)a->values + (size_t)row * (size_t)a->cols;
    float *floats = (float *)a->values + (size_t)row * (size_t)a->cols;
    for (int k = at->thread; k < a->cols; k += THREADS) {
        float v = row < a->meta->n * a->each ? prepared(a, s, x, k) : 0.0f;
        if (a->form == ACT_FLOAT)
            floats[k] = v;
        else
            halves[k] = float_half(v * s->up);
    }
}

/* grid: rows times `each`, all ROWS_MAX of them for the row-major forms; shared: [WARPS] floats */
BODY void prepare_body(const Lane *at, const PrepareArgs *a)
{
    int row = at->block_x, plain = a->form == ACT_PLAIN || a->form == ACT_FLOAT;
    const float *x = a->x + (size_t)row * (size_t)a->cols;
    RowScale s;
    s.norm = s.up = s.down = 1.0f;
    if (row < a->meta->n * a->each)
        s = row_scale(at, a, x);
    else if (!plain)
        return;
    if (plain) {
        prepare_plain(at, a, &s, x, row);
    } else {
        int steps = layout_steps(a->cols);
        for (int step = warp_id(at); step < steps; step += WARPS)
            prepare_step(at, a, &s, x, row, step);
        /* The last group's sums of steps that are not there. */
        int groups = (steps + K_STEPS - 1) / K_STEPS, left = groups * K_STEPS - steps;
        if (a->form == ACT_HALF && at->thread < left) {
            size_t group = (size_t)(row / COLUMNS) * (size_t)groups + (size_t)(groups - 1);
            uint32_t *sums =
                a->sums + (group * WARP + (size_t)(row % COLUMNS * 4 + 3 - at->thread)) * 2;
            sums[0] = sums[1] = 0;
        }
    }
    if (at->thread == 0)
        a->scale[row] = a->form == ACT_BF16 || a->form == ACT_FLOAT ? 1.0f : s.down;
}

#endif
