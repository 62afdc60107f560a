/* layout.h - how weights lie in a device's memory: in the order of mma's fragments.
 *
 * A tile is 16 rows. It is a sequence of steps of 64 inputs (the last one filled up with zeros),
 * and takes as many bytes as those rows take in the file:
 *
 *   step, a scale per 32:   scales, then codes
 *   four steps, K-quants:   head, then four steps of codes
 *   step, floats:           values
 *
 * Input k of a step is in block b = k / 32 and there k = 8 i + 2 t + e; row r = g + 8 h. Lane
 * 4 g + t of a warp holds rows g and g + 8, so its 32 values are (b, h, i, e):
 *
 *   4 bits   16 bytes a lane: word 2 b + h, bits 4 i + 16 e. Masked with 000f000f that is a pair
 *   5 bits   the same, then 4 bytes a lane: bit 8 b + 4 h + i + 16 e
 *   6 bits   the same, then 8 bytes a lane: word b, bits 2 (4 h + i) + 16 e
 *   8 bits   two times 16 bytes a lane, for each b: word 2 (i / 2) + h, byte 2 (i % 2) + e; the
 *            codes are unsigned, 128 too high
 *   floats   four times 4 pairs a lane, for each 16 inputs 2 b + i / 2: pair 2 (i % 2) + h
 *
 * Scales per 32: for each g four halves d at 2 b + h, then (if any) four halves m at 2 h + b. Head
 * of Q4_K, Q5_K: for each row 16 bytes: d, dmin, eight bytes with a scale in the low 6 bits and the
 * high 2 bits of a minimum on top, eight nibbles with the minima's low bits. Head of Q6_K: for each
 * row 16 scales, then for each g the halves d of rows g and g + 8.
 */
#ifndef S2D_KERNELS_CUDA_LAYOUT_H
#define S2D_KERNELS_CUDA_LAYOUT_H

#include "kernels/cuda/device/lane.h"
#include "kernels/quant.h"

enum {
    TILE_ROWS = 16,
    STEP = 64,   /* inputs */
    K_STEPS = 4, /* steps of a K-quant's block of 256 */
};

BODY int layout_is_float(QuantType type)
{
    return type == QUANT_F32 || type == QUANT_F16 || type == QUANT_BF16;
}

BODY int layout_is_k(QuantType type)
{
    return type == QUANT_Q4_K || type == QUANT_Q5_K || type == QUANT_Q6_K;
}

BODY int layout_has_min(QuantType type)
{
    return type == QUANT_Q4_1 || type == QUANT_Q5_1 || type == QUANT_Q4_K || type == QUANT_Q5_K;
}

/* Bits of a code or of a float. */
BODY int layout_bits(QuantType type)
{
    switch (type) {
    case QUANT_F32:
        return 32;
    case QUANT_F16:
    case QUANT_BF16:
        return 16;
    case QUANT_Q5_0:
    case QUANT_Q5_1:
    case QUANT_Q5_K:
        return 5;
    case QUANT_Q6_K:
        return 6;
    case QUANT_Q8_0:
        return 8;
    default:
        return 4;
    }
}

/* What codes are too high by. */
BODY int layout_offset(QuantType type)
{
    return layout_has_min(type) ? 0 : 1 << (layout_bits(type) - 1);
}

BODY int layout_steps(int cols)
{
    return (cols + STEP - 1) / STEP;
}

BODY int layout_codes_bytes(QuantType type)
{
    return TILE_ROWS * STEP * layout_bits(type) / 8;
}

/* Of a step, or of four with K-quants. */
BODY int layout_head_bytes(QuantType type)
{
    if (layout_is_float(type))
        return 0;
    if (layout_is_k(type))
        return type == QUANT_Q6_K ? 288 : 256;
    return layout_has_min(type) ? 128 : 64;
}

/* Where a step's head and codes begin, in bytes of the tile. */
BODY size_t layout_head_at(QuantType type, int step)
{
    size_t head = (size_t)layout_head_bytes(type), codes = (size_t)layout_codes_bytes(type);
    return layout_is_k(type) ? (size_t)(step / K_STEPS) * (head + K_STEPS * codes)
                             : (size_t)step * (head + codes);
}

BODY size_t layout_codes_at(QuantType type, int step)
{
    size_t at = layout_head_at(type, step) + (size_t)layout_head_bytes(type);
    return layout_is_k(type) ? at + (size_t)(step % K_STEPS * layout_codes_bytes(type)) : at;
}

BODY size_t layout_tile_bytes(QuantType type, int cols)
{
    return layout_head_at(type, layout_steps(cols));
}

#endif
