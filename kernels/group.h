/* group.h - the neutral form of up to 256 quantised inputs of one row: codes and raw scales.
 *
 * GGUF's block types differ only in how they pack the same few things. A Group is them unpacked:
 * file blocks and panels (panel.h) are both read into it and written from it, so each type's
 * packing is written once and its arithmetic once. QuantScales says what a value is. Every product
 * there fits a float exactly, so a value is rounded once at most and is unique.
 */
#ifndef S2D_KERNELS_GROUP_H
#define S2D_KERNELS_GROUP_H

#include "kernels/quant.h"

enum { GROUP = 256, BLOCK = 32 };

typedef struct Group {
    uint8_t q[GROUP];    /* codes, unsigned */
    uint16_t d[8], m[8]; /* halves as in the file */
    uint8_t scale[16];   /* K-quants; those of K16 are signed bytes */
    uint8_t min[8];      /* K32_MIN */
} Group;

/* What a value is, of input i of a group with code q:
 *
 *   NONE      a float
 *   D         d[b] * (q - offset)                    b = i / 32
 *   D_M       d[b] * q + m[b]
 *   K32_MIN   d[0] * scale[s] * q - m[0] * min[s]    s = i / 32, scales and minima of 6 bits
 *   K16       d[0] * scale[s] * (q - offset)         s = i / 16, scales of 8 bits, signed */
typedef enum QuantScales {
    SCALES_NONE,
    SCALES_D,
    SCALES_D_M,
    SCALES_K32_MIN,
    SCALES_K16,
} QuantScales;

/* What a type is. In the header because the inner loops need the answers at compile time, those of
 * a device too. */
#ifdef __CUDACC__
#define QUANT_INLINE static __device__ __forceinline__
#else
#define QUANT_INLINE static inline __attribute__((always_inline))
#endif

QUANT_INLINE QuantScales quant_scales(QuantType type)
{
    switch (type) {
#define QUANT_TYPE(name, number, block, bytes, d, scales, ...) \
    case QUANT_##name:                                         \
        return SCALES_##scales;
#include "kernels/quant_types.def"
    }
    return SCALES_NONE;
}

/* How many codes there are: 0 … levels-1; 0 = floats */
QUANT_INLINE int quant_levels(QuantType type)
{
    switch (type) {
#define QUANT_TYPE(name, number, block, bytes, d, scales, levels, ...) \
    case QUANT_##name:                                                 \
        return levels;
#include "kernels/quant_types.def"
    }
    return 0;
}

QUANT_INLINE bool quant_is_float(QuantType type)
{
    return quant_scales(type) == SCALES_NONE;
}

QUANT_INLINE bool quant_is_k(QuantType type)
{
    return quant_scales(type) == SCALES_K32_MIN || quant_scales(type) == SCALES_K16;
}

QUANT_INLINE bool quant_has_min(QuantType type)
{
    return quant_scales(type) == SCALES_D_M || quant_scales(type) == SCALES_K32_MIN;
}

/* Bits that the backends keep a code in, or a float. */
QUANT_INLINE int quant_bits(QuantType type)
{
    int levels = quant_levels(type);
    if (levels == 0)
        return type == QUANT_F32 ? 32 : 16;
    return levels <= 16 ? 4 : levels <= 32 ? 5 : levels <= 64 ? 6 : 8;
}

/* What codes are too high by. */
QUANT_INLINE int quant_offset(QuantType type)
{
    return quant_has_min(type) ? 0 : quant_levels(type) / 2;
}

/* blocks: how many times 32 inputs, 1 … 8 (K-quants: 8). data: consecutive blocks of the file. */
void group_from_file(Group *group, QuantType type, const uint8_t *data, int blocks);
void group_to_file(const Group *group, QuantType type, uint8_t *data, int blocks);

/* out: [blocks * 32] */
void group_to_float(const Group *group, QuantType type, float *out, int blocks);
/* in: [blocks * 32], finite. Plain rounding, or scales searched for (see quant_fit). */
void group_from_float(Group *group, QuantType type, const float *in, int blocks);
void group_fit(Group *group, QuantType type, const float *in, int blocks);

#endif
