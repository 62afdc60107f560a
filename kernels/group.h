/* group.h - the neutral form of up to 256 quantised inputs of one row: codes and raw scales.
 *
 * GGUF's eight block types differ only in how they pack the same few things. A Group is them
 * unpacked: file blocks and panels (panel.h) are both read into it and written from it, so each
 * type's packing is written once and its arithmetic once. A value is d[b] * (q - offset) + m[b]
 * types with a scale per 32, b = i / 32 d[0] * scale[s] * q - m[0] * min[s]             Q4_K, Q5_K,
 * s = i / 32 d[0] * scale[s] * (q - 32)                      Q6_K, s = i / 16, scale signed Every
 * product here fits a float exactly, so a value is rounded once at most and is unique.
 */
#ifndef S2D_KERNELS_GROUP_H
#define S2D_KERNELS_GROUP_H

#include "kernels/quant.h"

enum { GROUP = 256, BLOCK = 32 };

typedef struct Group {
    uint8_t q[GROUP];    /* codes, unsigned */
    uint16_t d[8], m[8]; /* halves as in the file */
    uint8_t scale[16];   /* K-quants; Q6_K's are signed bytes */
    uint8_t min[8];      /* Q4_K, Q5_K */
} Group;

/* What a type is. In the header because the inner loops need the answers at compile time. */
static inline bool quant_is_float(QuantType type)
{
    return type == QUANT_F32 || type == QUANT_F16 || type == QUANT_BF16;
}

static inline bool quant_is_k(QuantType type)
{
    return type == QUANT_Q4_K || type == QUANT_Q5_K || type == QUANT_Q6_K;
}

static inline bool quant_has_min(QuantType type)
{
    return type == QUANT_Q4_1 || type == QUANT_Q5_1 || type == QUANT_Q4_K || type == QUANT_Q5_K;
}

static inline int quant_bits(QuantType type)
{
    switch (type) {
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

static inline int quant_offset(QuantType type)
{
    return quant_has_min(type) ? 0 : 1 << (quant_bits(type) - 1);
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
