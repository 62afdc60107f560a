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
    uint16_t d[8], m[8]; /* halves as in the file; d of E: its byte */
    uint8_t scale[16];   /* K-quants; signed bytes but in those with minima */
    uint8_t min[16];     /* K32_MIN, K16_MIN */
} Group;

/* What a value is, of input i of a group whose code stands for the number c:
 *
 *   NONE      a float
 *   D         d[b] * c                               b = i / 32
 *   D_M       d[b] * c + m[b]
 *   E         2^(d[b] - 128) * c                     d is a byte
 *   K32_MIN   d[0] * scale[s] * c - m[0] * min[s]    s = i / 32, scales and minima of 6 bits
 *   K32_6     d[0] * scale[s] * c                    s = i / 32, scales of 6 bits, -32 ... 31
 *   K32_4     d[0] * u * scale[s] * c                s = i / 32, scales 1, 3 ... 31; u: quant_unit
 *   K16       d[0] * scale[s] * c                    s = i / 16, scales of 8 bits, signed
 *   K16_6     d[0] * scale[s] * c                    s = i / 16, scales of 6 bits, -32 ... 31
 *   K16_4     d[0] * u * scale[s] * c                s = i / 16, scales 1, 3 ... 31
 *   K16_MIN   d[0] * scale[s] * c - m[0] * min[s]    s = i / 16, scales and minima of 4 bits */
typedef enum QuantScales {
    SCALES_NONE,
    SCALES_D,
    SCALES_D_M,
    SCALES_E,
    SCALES_K32_MIN,
    SCALES_K32_6,
    SCALES_K32_4,
    SCALES_K16,
    SCALES_K16_6,
    SCALES_K16_4,
    SCALES_K16_MIN,
} QuantScales;

/* What number a code stands for: q less quant_offset, or entry q of a table. */
typedef enum QuantCodes {
    CODES_EVEN,
    CODES_IQ4, /* closer together around zero, as weights are */
    CODES_FP4, /* floats of 4 bits (E2M1), doubled */
    /* The entries of grids.h taken apart: a level of the magnitude, and above it the sign. */
    CODES_IQ3_S,
    CODES_IQ3_XXS,
    CODES_IQ2,
} QuantCodes;

/* The tables, each number 128 too high: bytes 0 ... 15 from the lowest of four words on. */
#define QUANT_TABLE_IQ4                                    \
    {                                                      \
        0x3f2d1801u, 0x766a5d4fu, 0xa6998d81u, 0xf1d9c5b5u \
    }
#define QUANT_TABLE_FP4                                    \
    {                                                      \
        0x83828180u, 0x8c888684u, 0x7d7e7f80u, 0x74787a7cu \
    }
#define QUANT_TABLE_IQ3_S                                  \
    {                                                      \
        0x87858381u, 0x8f8d8b89u, 0x797b7d7fu, 0x71737577u \
    }
#define QUANT_TABLE_IQ3_XXS                                \
    {                                                      \
        0x9c948c84u, 0xbeb4aca4u, 0x646c747cu, 0x424c545cu \
    }
#define QUANT_TABLE_IQ2                                    \
    {                                                      \
        0x80ab9988u, 0x80556778u, 0x80808080u, 0x80808080u \
    }

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

QUANT_INLINE QuantCodes quant_codes(QuantType type)
{
    switch (type) {
#define QUANT_TYPE(name, number, block, bytes, d, scales, levels, codes, ...) \
    case QUANT_##name:                                                        \
        return CODES_##codes;
#include "kernels/quant_types.def"
    }
    return CODES_EVEN;
}

QUANT_INLINE bool quant_is_float(QuantType type)
{
    return quant_scales(type) == SCALES_NONE;
}

QUANT_INLINE bool quant_is_k(QuantType type)
{
    return quant_scales(type) >= SCALES_K32_MIN;
}

/* K-quants with a scale for 16 inputs, not 32. */
QUANT_INLINE bool quant_is_k16(QuantType type)
{
    return quant_scales(type) >= SCALES_K16;
}

QUANT_INLINE bool quant_has_min(QuantType type)
{
    return quant_scales(type) == SCALES_D_M || quant_scales(type) == SCALES_K32_MIN ||
           quant_scales(type) == SCALES_K16_MIN;
}

/* Bits that the backends keep a code in, or a float. */
QUANT_INLINE int quant_bits(QuantType type)
{
    int levels = quant_levels(type);
    if (levels == 0)
        return type == QUANT_F32 ? 32 : 16;
    return levels <= 4    ? 2
           : levels <= 8  ? 3
           : levels <= 16 ? 4
           : levels <= 32 ? 5
           : levels <= 64 ? 6
                          : 8;
}

/* Whether what a code stands for takes all of a byte. */
QUANT_INLINE bool quant_is_wide(QuantType type)
{
    return quant_bits(type) == 8 || quant_codes(type) != CODES_EVEN;
}

/* What codes, or a table's numbers, are too high by. */
QUANT_INLINE int quant_offset(QuantType type)
{
    if (quant_codes(type) != CODES_EVEN)
        return 128;
    return quant_has_min(type) ? 0 : quant_levels(type) / 2;
}

/* Word i of a table, known at compile time where type and i are. */
QUANT_INLINE uint32_t quant_table(QuantType type, int i)
{
    const uint32_t iq4[4] = QUANT_TABLE_IQ4, fp4[4] = QUANT_TABLE_FP4, iq2[4] = QUANT_TABLE_IQ2;
    const uint32_t iq3_s[4] = QUANT_TABLE_IQ3_S, iq3_xxs[4] = QUANT_TABLE_IQ3_XXS;
    switch (quant_codes(type)) {
    case CODES_IQ4:
        return iq4[i];
    case CODES_FP4:
        return fp4[i];
    case CODES_IQ3_S:
        return iq3_s[i];
    case CODES_IQ3_XXS:
        return iq3_xxs[i];
    case CODES_IQ2:
        return iq2[i];
    default:
        return 0;
    }
}

/* What code q stands for, quant_offset too high. */
QUANT_INLINE int quant_number(QuantType type, int q)
{
    return quant_codes(type) == CODES_EVEN ? q : (int)(quant_table(type, q / 4) >> q % 4 * 8 & 255);
}

/* Whether the file names entries of a grid. */
QUANT_INLINE bool quant_is_grid(QuantType type)
{
    return quant_codes(type) >= CODES_IQ3_S;
}

/* What d is multiplied with, see QuantScales. */
QUANT_INLINE float quant_unit(QuantType type)
{
    return quant_codes(type) == CODES_IQ2       ? 0.125f
           : quant_codes(type) == CODES_IQ3_XXS ? 0.25f
                                                : 1.0f;
}

/* Bytes of a row's scales of 256 inputs, as the file packs them, where backends keep them so:
 * group_scales_pack. 0 = they are kept otherwise. */
QUANT_INLINE int quant_scale_bytes(QuantType type)
{
    switch (quant_scales(type)) {
    case SCALES_K32_4:
        return 4;
    case SCALES_K16_4:
        return 8;
    case SCALES_K32_6:
        return 6;
    case SCALES_K16_6:
        return 12;
    case SCALES_K16_MIN:
        return 16;
    default:
        return 0;
    }
}

QUANT_INLINE uint32_t quant_word(const uint32_t *words, int i) /* no address, no memory */
{
    return i & 2 ? (i & 1 ? words[3] : words[2]) : (i & 1 ? words[1] : words[0]);
}

/* Scale s out of those bytes as little-endian words and, in `half`, the two bytes that are no whole
 * word; of K16_MIN with its minimum on top, in bits 4 to 7. */
QUANT_INLINE int quant_scale(QuantType type, const uint32_t *words, uint32_t half, int s)
{
    switch (quant_scales(type)) {
    case SCALES_K32_6:
        return (int)((words[0] >> 4 * s & 15) | (half >> 2 * s & 3) << 4) - 32;
    case SCALES_K16_6:
        return (int)((quant_word(words, s / 4 % 2) >> (s % 4 * 8 + s / 8 * 4) & 15) |
                     (words[2] >> (s % 4 * 8 + s / 4 * 2) & 3) << 4) -
               32;
    case SCALES_K32_4:
    case SCALES_K16_4:
        return 2 * (int)(quant_word(words, s / 8) >> 4 * (s % 8) & 15) + 1;
    case SCALES_K16_MIN:
        return (int)(quant_word(words, s / 4) >> s % 4 * 8 & 255);
    default:
        return 0;
    }
}

/* 2^(e - 128), also where that is subnormal. */
QUANT_INLINE float quant_power(int e)
{
    uint32_t bits = e < 2 ? UINT32_C(0x200000) << e : (uint32_t)(e - 1) << 23;
    float power;
    memcpy(&power, &bits, 4);
    return power;
}

/* blocks: how many times 32 inputs, 1 … 8 (K-quants: 8). data: consecutive blocks of the file. */
void group_from_file(Group *group, QuantType type, const uint8_t *data, int blocks);
void group_to_file(const Group *group, QuantType type, uint8_t *data, int blocks);

/* The scales of a K-quant for which quant_scale_bytes is not 0, as quant_scale takes them. */
void group_scales_pack(const Group *group, QuantType type, uint8_t *out);
void group_scales_unpack(Group *group, QuantType type, const uint8_t *in);

/* out: [blocks * 32] */
void group_to_float(const Group *group, QuantType type, float *out, int blocks);
/* in: [blocks * 32], finite. Plain rounding, or scales searched for (see quant_fit). */
void group_from_float(Group *group, QuantType type, const float *in, int blocks);
void group_fit(Group *group, QuantType type, const float *in, int blocks);

#endif
