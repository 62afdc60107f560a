/* unpack.h - one tile's step of weights: from memory to mma's first operand, in registers.
 *
 * raw_load fetches, so that it can run ahead; unpack turns codes into pairs of halves that are
 * whole numbers: a nibble below the exponent of 1024 is 1024 + q, and one half2_fma takes that off
 * and multiplies by the 6-bit scale of a K-quant (q * scale < 2048: exact). What is left is a
 * float scale per row and part of the step, for the sums; Q6_K's 8-bit scales are among them,
 * because 32 * 128 would not be exact.
 *
 * Minima are a product of their own, over sums of 32 inputs (prepare.h): a group of 256 inputs
 * has 8 blocks, so one mma takes their 8 minima twice, for the sums' two halves.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_UNPACK_H
#define S2D_KERNELS_CUDA_DEVICE_UNPACK_H

#include "kernels/cuda/layout.h"

enum { PARTS = 4, PLANES = 3 };

/* Unused parts cost nothing: everything here is known at compile time. */
typedef struct Raw {
    Words codes[8];
    Words head[2];     /* K32_MIN: rows g and g + 8; D, D_M: the step's */
    uint32_t pairs[2]; /* pairs of bits above the low four, or all that is */
    uint32_t plane;    /* the highest bits of 3 or 5 */
    uint32_t
        scale[3]; /* K16: the step's four scales of rows g and g + 8, and the two d; E: one word */
    uint32_t
        half[2]; /* other K: two d, then two m or the rest of the scales, whose words are in head */
} Raw;

typedef struct Unpacked {
    uint32_t a[PLANES][4][4]; /* for each 16 inputs of the step */
    float scale[PARTS][2];    /* rows g and g + 8 of each part */
    uint32_t min[PARTS][2];   /* K16_MIN: each part's minimum, in both halves */
    float min_scale[2];
} Unpacked;

/* In how many parts a step's sum is scaled. */
BODY int unpack_parts(QuantType type)
{
    if (quant_is_k16(type))
        return 4;
    return quant_scales(type) == SCALES_K32_MIN || quant_is_float(type) ? 1 : 2;
}

/* Whether minima are multiplied with each step's activations, for want of sums of 16, or with the
 * group's sums of 32. */
BODY int unpack_has_min(QuantType type)
{
    return quant_scales(type) == SCALES_K16_MIN;
}

BODY int unpack_sums_min(QuantType type)
{
    return quant_has_min(type) && !unpack_has_min(type);
}

/* Planes of weights: a float is the sum of three bf16. */
BODY int unpack_planes(QuantType type)
{
    return type == QUANT_F32 ? 3 : 1;
}

BODY uint32_t load_word(const uint8_t *p)
{
    return *(const uint32_t *)p;
}

/* raw keeps a K-quant's head from step to step. */
BODY void raw_load(QuantType type, Raw *raw, const uint8_t *tile, int step, int first, int lane)
{
    const uint8_t *codes = tile + layout_codes_at(type, step);
    const uint8_t *head = tile + layout_head_at(type, step);
    int g = lane / 4;
    UNROLL
    for (int i = 0; i < (quant_bits(type) < 4 ? 0 : (quant_bits(type) + 3) / 4); i++) {
        int one =
            quant_bits(type) == 32 ? lane * 32 + i % 2 * 16 + i / 2 * 1024 : lane * 16 + i * 512;
        if (quant_bits(type) >= 8 || i == 0)
            raw->codes[i] = load_once(codes + one);
    }
    if (quant_bits(type) == 5 || quant_bits(type) == 3)
        raw->plane = load_word(codes + (quant_bits(type) == 5 ? 512 : 256) + lane * 4);
    if (quant_bits(type) == 6 || quant_bits(type) < 4) {
        const uint8_t *pairs = codes + (quant_bits(type) == 6 ? 512 : 0) + lane * 8;
        raw->pairs[0] = load_word(pairs);
        raw->pairs[1] = load_word(pairs + 4);
    }
    if (quant_scale_bytes(type)) {
        const uint8_t *halves = head + layout_halves_at(type) + g * 4;
        int words = layout_word_bytes(type);
        UNROLL
        for (int h = 0; h < 2; h++) {
            UNROLL
            for (int i = 0; i < words / 4; i++)
                raw->head[h].w[i] = load_word(head + words * (g + 8 * h) + 4 * i);
        }
        raw->half[0] = load_word(halves);
        raw->half[1] =
            quant_has_min(type) || quant_scale_bytes(type) > words ? load_word(halves + 32) : 0;
    } else if (quant_scales(type) == SCALES_E) {
        raw->scale[0] = load_word(head + g * 4);
    } else if (quant_scales(type) == SCALES_K16) {
        raw->scale[0] = load_word(head + g * 16 + step % K_STEPS * 4);
        raw->scale[1] = load_word(head + (g + 8) * 16 + step % K_STEPS * 4);
        raw->scale[2] = load_word(head + 256 + g * 4);
    } else if (quant_is_k(type)) {
        if (first || step % K_STEPS == 0) {
            raw->head[0] = load_once(head + g * 16);
            raw->head[1] = load_once(head + (g + 8) * 16);
        }
    } else if (quant_has_min(type)) {
        raw->head[0] = load_once(head + g * 16);
    } else if (!quant_is_float(type)) {
        raw->head[0].w[0] = load_word(head + g * 8);
        raw->head[0].w[1] = load_word(head + g * 8 + 4);
    }
}

/* Bits of word, moved from bit `from` to bit `to`. */
BODY uint32_t bits_move(uint32_t word, int from, int to)
{
    return from < to ? word << (to - from) : word >> (from - to);
}

/* Numbers of a table for the eight codes of a word: bytes 0 … 3 those of its low half. */
BODY void table_pick(QuantType type, uint32_t word, uint32_t out[2])
{
    UNROLL
    for (int e = 0; e < 2; e++) {
        uint32_t q = word >> 16 * e & 0xffff;
        uint32_t low = bytes_pick(quant_table(type, 0), quant_table(type, 1), q & 0x7777);
        uint32_t high = bytes_pick(quant_table(type, 2), quant_table(type, 3), q & 0x7777);
        out[e] = bytes_pick(low, high, 0x3210 + (q >> 1 & 0x4444));
    }
}

/* Pair i of word 2 b + h: 1024 + q each. */
BODY uint32_t code_pair(QuantType type, const Raw *raw, int b, int h, int i)
{
    uint32_t q = 0;
    int bits = quant_bits(type);
    if (bits >= 4)
        q = raw->codes[0].w[2 * b + h] >> 4 * i & 0x000f000f;
    if (bits == 6)
        q |= bits_move(raw->pairs[b], 2 * (4 * h + i), 4) & 0x00300030;
    if (bits < 4)
        q = bits_move(raw->pairs[b], 2 * (4 * h + i), 0) & 0x00030003;
    if (bits == 5)
        q |= bits_move(raw->plane, 8 * b + 4 * h + i, 4) & 0x00100010;
    if (bits == 3)
        q |= bits_move(raw->plane, 8 * b + 4 * h + i, 2) & 0x00040004;
    if (bits == 3 && quant_codes(type) != CODES_EVEN)
        q = bytes_pick(quant_table(type, 0), quant_table(type, 1), q | q >> 8) & 0x00ff00ff;
    return q | 0x64006400;
}

/* The 6-bit scale of block b of the step, in both halves. */
BODY uint32_t scale_pair(const Raw *raw, int h, int step, int b)
{
    uint32_t word = step & 2 ? raw->head[h].w[2] : raw->head[h].w[1];
    uint32_t s = bytes_pick(word, 0, 0x4040 + 0x0101 * (uint32_t)(2 * (step & 1) + b));
    return half2_sub((s & 0x003f003f) | 0x64006400, 0x64006400);
}

BODY void unpack_codes(QuantType type, const Raw *raw, int step, Unpacked *out)
{
    UNROLL
    for (int b = 0; b < 2; b++) {
        UNROLL
        for (int h = 0; h < 2; h++) {
            uint32_t scale = 0x3c003c00; /* 1 */
            if (quant_scales(type) == SCALES_K32_MIN)
                scale = scale_pair(raw, h, step, b);
            uint32_t less = 0x64006400 + 0x00010001 * (uint32_t)quant_offset(type);
            uint32_t minus = half2_fma(less ^ 0x80008000, scale, 0), table[2] = {0, 0};
            bool table4 = quant_codes(type) != CODES_EVEN && quant_bits(type) == 4;
            if (table4)
                table_pick(type, raw->codes[0].w[2 * b + h], table);
            UNROLL
            for (int i = 0; i < 4; i++) {
                uint32_t q;
                if (quant_bits(type) == 8)
                    q = bytes_pick(raw->codes[b].w[2 * (i / 2) + h], 0x64646464,
                                   i % 2 ? 0x4342 : 0x4140);
                else if (table4)
                    q = (bytes_pick(table[0], table[1], 0x0101 * (uint32_t)i + 0x0400) &
                         0x00ff00ff) |
                        0x64006400;
                else
                    q = code_pair(type, raw, b, h, i);
                out->a[0][2 * b + i / 2][2 * (i % 2) + h] = half2_fma(q, scale, minus);
            }
        }
    }
}

/* Halves and bf16 are what they are; a float is cut into three bf16 without a rest. */
BODY void unpack_floats(QuantType type, const Raw *raw, Unpacked *out)
{
    UNROLL
    for (int m = 0; m < 4; m++) {
        UNROLL
        for (int r = 0; r < 4; r++) {
            if (type != QUANT_F32) {
                out->a[0][m][r] = raw->codes[m].w[r];
                continue;
            }
            float v[2], left;
            v[0] = bits_float(raw->codes[2 * m + r / 2].w[2 * (r % 2)]);
            v[1] = bits_float(raw->codes[2 * m + r / 2].w[2 * (r % 2) + 1]);
            UNROLL
            for (int p = 0; p < PLANES; p++) {
                out->a[p][m][r] = pair(float_bf16(v[0]), float_bf16(v[1]));
                UNROLL
                for (int e = 0; e < 2; e++) {
                    left = bf16_float(float_bf16(v[e]));
                    v[e] -= left;
                }
            }
        }
    }
}

BODY void unpack(QuantType type, const Raw *raw, int step, Unpacked *out)
{
    if (quant_is_float(type)) {
        unpack_floats(type, raw, out);
        out->scale[0][0] = out->scale[0][1] = 1.0f;
        return;
    }
    unpack_codes(type, raw, step, out);
    UNROLL
    for (int h = 0; h < 2; h++) {
        if (quant_scale_bytes(type)) {
            int parts = unpack_parts(type);
            float d = half_float((uint16_t)(raw->half[0] >> 16 * h)) * quant_unit(type);
            out->min_scale[h] = half_float((uint16_t)(raw->half[1] >> 16 * h));
            UNROLL
            for (int p = 0; p < parts; p++) {
                int s = quant_scale(type, raw->head[h].w, raw->half[1] >> 16 * h & 0xffff,
                                    step % K_STEPS * parts + p);
                out->scale[p][h] = d * (float)(quant_has_min(type) ? s & 15 : s);
                out->min[p][h] = 0x00010001 * (uint32_t)float_half((float)(s >> 4 & 15));
            }
        } else if (quant_scales(type) == SCALES_E) {
            UNROLL
            for (int b = 0; b < 2; b++)
                out->scale[b][h] = quant_power((int)(raw->scale[0] >> 8 * (2 * b + h) & 255));
        } else if (quant_scales(type) == SCALES_K16) {
            float d = half_float((uint16_t)(raw->scale[2] >> 16 * h));
            UNROLL
            for (int p = 0; p < 4; p++)
                out->scale[p][h] = d * (float)(int8_t)(raw->scale[h] >> 8 * p);
        } else if (quant_is_k(type)) {
            out->scale[0][h] = half_float((uint16_t)raw->head[h].w[0]);
        } else {
            UNROLL
            for (int b = 0; b < 2; b++)
                out->scale[b][h] = half_float((uint16_t)(raw->head[0].w[b] >> 16 * h));
        }
    }
}

/* The two minima that a lane has of a group's row h: those of blocks 2 t and 2 t + 1. */
BODY uint32_t mins_k(const Raw *raw, int h, int t)
{
    uint32_t tops = (t & 2 ? raw->head[h].w[2] : raw->head[h].w[1]) >> 16 * (t & 1);
    uint32_t lows = raw->head[h].w[3] >> 8 * t;
    uint32_t m = (lows & 15) | (lows >> 4 & 15) << 16;
    m |= (tops >> 6 & 3) << 4 | (tops >> 14 & 3) << 20;
    return half2_sub(m | 0x64006400, 0x64006400);
}

BODY float mins_k_scale(const Raw *raw, int h)
{
    return half_float((uint16_t)(raw->head[h].w[0] >> 16));
}

/* With a minimum per 32: those of this step, of row h. */
BODY uint32_t mins_step(const Raw *raw, int h)
{
    return raw->head[0].w[2 + h];
}

#endif
