/* layout.h - how weights lie in a device's memory: in the order of mma's fragments.
 *
 * A tile is 16 rows. It is a sequence of steps of 64 inputs (the last one filled up with zeros):
 *
 *   step, a scale per 32:   scales, then codes
 *   four steps, K-quants:   head, then four steps of codes
 *   step, floats:           values
 *
 * Input k of a step is in block b = k / 32 and there k = 8 i + 2 t + e; row r = g + 8 h. Lane
 * 4 g + t of a warp holds rows g and g + 8, so its 32 values are (b, h, i, e):
 *
 *   2 bits   8 bytes a lane: word b, bits 2 (4 h + i) + 16 e
 *   3 bits   the same, then 4 bytes a lane: bit 8 b + 4 h + i + 16 e
 *   4 bits   16 bytes a lane: word 2 b + h, bits 4 i + 16 e. Masked with 000f000f that is a pair
 *   5 bits   the same, then 4 bytes a lane: bit 8 b + 4 h + i + 16 e
 *   6 bits   the same, then 8 bytes a lane: word b, bits 2 (4 h + i) + 16 e
 *   8 bits   two times 16 bytes a lane, for each b: word 2 (i / 2) + h, byte 2 (i % 2) + e; the
 *            codes are unsigned, 128 too high
 *   floats   four times 4 pairs a lane, for each 16 inputs 2 b + i / 2: pair 2 (i % 2) + h
 *
 * Scales, D and D_M: for each g four halves d at 2 b + h, then (if any) four halves m at 2 h + b.
 * Head of K32_MIN: for each row 16 bytes: d, dmin, eight bytes with a scale in the low 6 bits and
 * the high 2 bits of a minimum on top, eight nibbles with the minima's low bits. Head of K16: for
 * each row 16 scales, then for each g the halves d of rows g and g + 8. Head of E: for each g four
 * bytes d at 2 b + h. Head of other K: for each row the whole words that group_scales_pack fills, then
 * for each g two halves, of rows g and g + 8: d, m if any, the rest of the scales if any.
 */
#ifndef S2D_KERNELS_CUDA_LAYOUT_H
#define S2D_KERNELS_CUDA_LAYOUT_H

#include "kernels/cuda/device/lane.h"
#include "kernels/group.h"

enum {
    TILE_ROWS = 16,
    STEP = 64,   /* inputs */
    K_STEPS = 4, /* steps of a K-quant's block of 256 */
};

/* Floats of a range that halves do not have. */
BODY bool layout_is_wide(QuantType type)
{
    return type == QUANT_F32 || type == QUANT_BF16;
}

/* The same, of weights that have been multiplied with their scales. */
BODY bool layout_is_wide_row(QuantType type)
{
    return layout_is_wide(type) || quant_scales(type) == SCALES_E;
}

BODY int layout_steps(int cols)
{
    return (cols + STEP - 1) / STEP;
}

BODY int layout_codes_bytes(QuantType type)
{
    return TILE_ROWS * STEP * quant_bits(type) / 8;
}

/* Of a step, or of four with K-quants. */
BODY int layout_head_bytes(QuantType type)
{
    switch (quant_scales(type)) {
    case SCALES_NONE:
        return 0;
    case SCALES_D:
        return 64;
    case SCALES_D_M:
        return 128;
    case SCALES_K32_MIN:
        return 256;
    case SCALES_K16:
        return 288;
    case SCALES_E:
        return 32;
    case SCALES_K32_6:
    case SCALES_K32_4:
    case SCALES_K16_4:
    case SCALES_K16_6:
    case SCALES_K16_MIN:
        return TILE_ROWS * (2 + (quant_has_min(type) ? 2 : 0) + quant_scale_bytes(type));
    }
    return 0;
}

/* Of a head with packed scales: bytes of a row's whole words, and where halves begin. */
BODY int layout_word_bytes(QuantType type)
{
    return quant_scale_bytes(type) / 4 * 4;
}

BODY int layout_halves_at(QuantType type)
{
    return TILE_ROWS * layout_word_bytes(type);
}

/* Where a step's head and codes begin, in bytes of the tile. */
BODY size_t layout_head_at(QuantType type, int step)
{
    size_t head = (size_t)layout_head_bytes(type), codes = (size_t)layout_codes_bytes(type);
    return quant_is_k(type) ? (size_t)(step / K_STEPS) * (head + K_STEPS * codes)
                            : (size_t)step * (head + codes);
}

BODY size_t layout_codes_at(QuantType type, int step)
{
    size_t at = layout_head_at(type, step) + (size_t)layout_head_bytes(type);
    return quant_is_k(type) ? at + (size_t)(step % K_STEPS * layout_codes_bytes(type)) : at;
}

BODY size_t layout_tile_bytes(QuantType type, int cols)
{
    return layout_head_at(type, layout_steps(cols));
}

#endif
