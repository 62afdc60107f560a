/* dequantise.h - kernel: tiles of weights to row-major numbers, for a library's product.
 *
 * in: tiles -> out: halves (or floats, for types whose range halves do not have), rounded once. A
 * warp has a step of a tile.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_DEQUANTISE_H
#define S2D_KERNELS_CUDA_DEVICE_DEQUANTISE_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/unpack.h"

/* What is added to block b of row h (of g and g + 8): a stored minimum, or minus one. */
BODY float block_min(QuantType type, const Raw *raw, int step, int b, int h)
{
    if (!quant_has_min(type))
        return 0.0f;
    if (!quant_is_k(type))
        return half_float((uint16_t)(mins_step(raw, h) >> 16 * b));
    int s = step % K_STEPS * 2 + b;
    uint32_t tops = s & 4 ? raw->head[h].w[2] : raw->head[h].w[1];
    int m = (int)((raw->head[h].w[3] >> 4 * s & 15) | (tops >> (8 * (s & 3) + 6) & 3) << 4);
    return -mins_k_scale(raw, h) * (float)m;
}

BODY float plane_value(QuantType type, uint32_t word, int e)
{
    uint16_t v = (uint16_t)(word >> 16 * e);
    return layout_is_wide(type) ? bf16_float(v) : half_float(v);
}

/* grid: tiles, steps in WARPS */
BODY void dequantise_body(const Lane *at, const DequantiseArgs *a, QuantType type)
{
    int lane = lane_id(at), step = at->block_y * WARPS + warp_id(at);
    if (step >= layout_steps(a->cols))
        return;
    Raw raw;
    Unpacked w;
    const uint8_t *tile = a->data + (size_t)at->block_x * layout_tile_bytes(type, a->cols);
    raw_load(type, &raw, tile, step, 1, lane);
    unpack(type, &raw, step, &w);
    int parts = unpack_parts(type);
    UNROLL
    for (int m = 0; m < 4; m++) {
        UNROLL
        for (int r = 0; r < 4; r++) {
            int h = r % 2, c = step * STEP + m * 16 + r / 2 * 8 + lane % 4 * 2;
            size_t row = (size_t)at->block_x * TILE_ROWS + (size_t)(lane / 4 + 8 * h);
            float v[2], min = unpack_has_min(type)
                                  ? -w.min_scale[h] * half_float((uint16_t)w.min[m][h])
                                  : block_min(type, &raw, step, m / 2, h);
            UNROLL
            for (int e = 0; e < 2; e++) {
                float q = plane_value(type, w.a[0][m][r], e);
                UNROLL
                for (int p = 1; p < unpack_planes(type); p++)
                    q += plane_value(type, w.a[p][m][r], e);
                v[e] = q * w.scale[m * parts / 4][h] + min;
            }
            if (c >= a->cols)
                continue;
            size_t to = row * (size_t)a->cols + (size_t)c; /* columns come in 16 */
            if (layout_is_wide_row(type)) {
                ((float *)a->out)[to] = v[0];
                if (c + 1 < a->cols)
                    ((float *)a->out)[to + 1] = v[1];
            } else if (c + 1 < a->cols && a->cols % 2 == 0) {
                ((uint32_t *)a->out)[to / 2] = pair_float(v[0], v[1]);
            } else {
                ((uint16_t *)a->out)[to] = float_half(v[0]);
                if (c + 1 < a->cols)
                    ((uint16_t *)a->out)[to + 1] = float_half(v[1]);
            }
        }
    }
}

#endif
