/* group.c - reads and writes GGUF's quantised blocks, see group.h.
 *
 * in: blocks as they lie in a file -> out: codes and scales, and back. Bit layouts are ggml's
 * (ggml-common.h, ggml-quants.c); nothing here rounds, so reading and writing are exact inverses.
 */
#include "kernels/group.h"

#include <string.h>

#include "kernels/grids.h"

static uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static void store16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void store32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Adds 16 to every byte of q whose bit is set. A byte of `bit` is 0 or its own bit, and adding 127
 * carries any bit to the top. */
static void add_fifth_bits(uint8_t q[8], uint8_t bits)
{
    uint64_t bit = bits * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201), codes;
    bit = (bit + UINT64_C(0x7f7f7f7f7f7f7f7f)) & UINT64_C(0x8080808080808080);
    memcpy(&codes, q, sizeof codes);
    codes |= bit >> 3;
    memcpy(q, &codes, sizeof codes);
}

/* D, D_M, E: half d [, half m] or byte d, [32 high bits], then codes; byte j holds inputs j and
 * j + 16 (4 and 5 bits) or input j (8 bits, signed). */
static void legacy_read(Group *g, QuantType type, const uint8_t *p, int b)
{
    uint8_t *q = g->q + b * BLOCK;
    bool byte = quant_scales(type) == SCALES_E;
    g->d[b] = byte ? p[0] : load16(p);
    p += byte ? 1 : 2;
    if (quant_has_min(type)) {
        g->m[b] = load16(p);
        p += 2;
    }
    if (quant_bits(type) == 8) {
        for (int j = 0; j < 32; j++)
            q[j] = p[j] ^ 0x80;
        return;
    }
    const uint8_t *high = p;
    if (quant_bits(type) == 5)
        p += 4;
    for (int j = 0; j < 16; j++) {
        q[j] = p[j] & 15;
        q[j + 16] = p[j] >> 4;
    }
    for (int j = 0; j < 4 && high != p; j++)
        add_fifth_bits(q + 8 * j, high[j]);
}

static void legacy_write(const Group *g, QuantType type, uint8_t *p, int b)
{
    const uint8_t *q = g->q + b * BLOCK;
    if (quant_scales(type) == SCALES_E) {
        *p++ = (uint8_t)g->d[b];
    } else {
        store16(p, g->d[b]);
        p += 2;
    }
    if (quant_has_min(type)) {
        store16(p, g->m[b]);
        p += 2;
    }
    if (quant_bits(type) == 8) {
        for (int j = 0; j < 32; j++)
            p[j] = q[j] ^ 0x80;
        return;
    }
    if (quant_bits(type) == 5) {
        uint32_t high = 0;
        for (int j = 0; j < 32; j++)
            high |= (uint32_t)(q[j] >> 4 & 1) << j;
        store32(p, high);
        p += 4;
    }
    for (int j = 0; j < 16; j++)
        p[j] = (uint8_t)((q[j] & 15) | (q[j + 16] & 15) << 4);
}

/* K32_MIN: eight 6-bit scales and eight 6-bit minima in 12 bytes. The first four of each lie in
 * the low six bits of bytes 0-3 and 4-7; the last four have their low nibbles in bytes 8-11 and
 * their two high bits on top of the first four's bytes. */
static void scales_read(Group *g, const uint8_t *p)
{
    for (int s = 0; s < 4; s++) {
        g->scale[s] = p[s] & 63;
        g->min[s] = p[s + 4] & 63;
        g->scale[s + 4] = (uint8_t)((p[s + 8] & 15) | p[s] >> 6 << 4);
        g->min[s + 4] = (uint8_t)(p[s + 8] >> 4 | p[s + 4] >> 6 << 4);
    }
}

static void scales_write(const Group *g, uint8_t *p)
{
    for (int s = 0; s < 4; s++) {
        p[s] = (uint8_t)(g->scale[s] | g->scale[s + 4] >> 4 << 6);
        p[s + 4] = (uint8_t)(g->min[s] | g->min[s + 4] >> 4 << 6);
        p[s + 8] = (uint8_t)((g->scale[s + 4] & 15) | (g->min[s + 4] & 15) << 4);
    }
}

/* Q4_K: d, dmin, 12 bytes of scales, 128 of codes: each 32 bytes hold inputs 64 c + l (low nibble)
 * and 64 c + 32 + l. Q5_K: 32 bytes between, whose bit s is the high bit of input 32 s + l. */
static void k45_read(Group *g, QuantType type, const uint8_t *p)
{
    g->d[0] = load16(p);
    g->m[0] = load16(p + 2);
    scales_read(g, p + 4);
    const uint8_t *high = p + 16, *codes = high + (quant_bits(type) == 5 ? 32 : 0);
    for (int c = 0; c < 4; c++) {
        uint8_t *q = g->q + 64 * c;
        for (int l = 0; l < 32; l++) {
            q[l] = codes[32 * c + l] & 15;
            q[l + 32] = codes[32 * c + l] >> 4;
        }
        if (quant_bits(type) == 5) {
            for (int l = 0; l < 32; l++) {
                q[l] |= (uint8_t)((high[l] >> 2 * c & 1) << 4);
                q[l + 32] |= (uint8_t)((high[l] >> (2 * c + 1) & 1) << 4);
            }
        }
    }
}

static void k45_write(const Group *g, QuantType type, uint8_t *p)
{
    store16(p, g->d[0]);
    store16(p + 2, g->m[0]);
    scales_write(g, p + 4);
    uint8_t *high = p + 16, *codes = high + (quant_bits(type) == 5 ? 32 : 0);
    for (int c = 0; c < 4; c++) {
        for (int l = 0; l < 32; l++) {
            const uint8_t *q = g->q + 64 * c + l;
            codes[32 * c + l] = (uint8_t)((q[0] & 15) | (q[32] & 15) << 4);
        }
    }
    if (quant_bits(type) == 5) {
        memset(high, 0, 32);
        for (int i = 0; i < GROUP; i++)
            high[i % 32] |= (uint8_t)((g->q[i] >> 4 & 1) << i / 32);
    }
}

/* Q6_K: 128 bytes of low nibbles, 64 of high pairs of bits, 16 signed scales, d. In each half of
 * 128 inputs, input 32 c + l has its nibble in byte 32 (c % 2) + l, low for c < 2, and its pair in
 * byte l at bit 2 c. */
static void k6_read(Group *g, const uint8_t *p)
{
    for (int half = 0; half < 2; half++) {
        const uint8_t *low = p + 64 * half, *high = p + 128 + 32 * half;
        uint8_t *q = g->q + 128 * half;
        for (int l = 0; l < 32; l++) {
            q[l] = (uint8_t)((low[l] & 15) | (high[l] & 3) << 4);
            q[l + 32] = (uint8_t)((low[l + 32] & 15) | (high[l] >> 2 & 3) << 4);
            q[l + 64] = (uint8_t)(low[l] >> 4 | (high[l] >> 4 & 3) << 4);
            q[l + 96] = (uint8_t)(low[l + 32] >> 4 | high[l] >> 6 << 4);
        }
    }
    memcpy(g->scale, p + 192, 16);
    g->d[0] = load16(p + 208);
}

static void k6_write(const Group *g, uint8_t *p)
{
    for (int half = 0; half < 2; half++) {
        uint8_t *low = p + 64 * half, *high = p + 128 + 32 * half;
        const uint8_t *q = g->q + 128 * half;
        for (int l = 0; l < 32; l++) {
            low[l] = (uint8_t)((q[l] & 15) | (q[l + 64] & 15) << 4);
            low[l + 32] = (uint8_t)((q[l + 32] & 15) | (q[l + 96] & 15) << 4);
            high[l] = (uint8_t)(q[l] >> 4 | q[l + 32] >> 4 << 2 | q[l + 64] >> 4 << 4 |
                                q[l + 96] >> 4 << 6);
        }
    }
    memcpy(p + 192, g->scale, 16);
    store16(p + 208, g->d[0]);
}

void group_scales_pack(const Group *g, QuantType type, uint8_t *out)
{
    int scales = quant_is_k16(type) ? 16 : 8;
    memset(out, 0, (size_t)quant_scale_bytes(type));
    for (int s = 0; s < scales; s++) {
        int v = (int8_t)g->scale[s] + 32;
        if (quant_scales(type) == SCALES_K32_4 || quant_scales(type) == SCALES_K16_4) {
            out[s / 2] |= (uint8_t)(g->scale[s] / 2 << s % 2 * 4);
        } else if (quant_scales(type) == SCALES_K16_MIN) {
            out[s] = (uint8_t)(g->scale[s] | g->min[s] << 4);
        } else if (quant_scales(type) == SCALES_K16_6) {
            out[s % 8] |= (uint8_t)((v & 15) << s / 8 * 4);
            out[8 + s % 4] |= (uint8_t)(v >> 4 << s / 4 * 2);
        } else {
            out[s / 2] |= (uint8_t)((v & 15) << s % 2 * 4);
            out[4 + s / 4] |= (uint8_t)(v >> 4 << s % 4 * 2);
        }
    }
}

void group_scales_unpack(Group *g, QuantType type, const uint8_t *in)
{
    int bytes = quant_scale_bytes(type), scales = quant_is_k16(type) ? 16 : 8;
    uint32_t words[4] = {0}, half = bytes % 4 ? load16(in + bytes / 4 * 4) : 0;
    for (int i = 0; i < bytes / 4 * 4; i++)
        words[i / 4] |= (uint32_t)in[i] << i % 4 * 8;
    for (int s = 0; s < scales; s++) {
        int v = quant_scale(type, words, half, s);
        bool min = quant_scales(type) == SCALES_K16_MIN;
        g->scale[s] = (uint8_t)(min ? v & 15 : v);
        g->min[s] = (uint8_t)(min ? v >> 4 : 0);
    }
}

/* Codes of two bits: in each half of 128 inputs, input 32 c + l is in byte l at bit 2 c. */
static void pairs_read(Group *g, const uint8_t *p)
{
    for (int i = 0; i < GROUP; i++)
        g->q[i] = p[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

static void pairs_write(const Group *g, uint8_t *p)
{
    memset(p, 0, 64);
    for (int i = 0; i < GROUP; i++)
        p[i / 128 * 32 + i % 32] |= (uint8_t)((g->q[i] & 3) << i % 128 / 32 * 2);
}

/* Q2_K: 16 bytes of scales and minima, codes, d, dmin. */
static void k2_read(Group *g, const uint8_t *p)
{
    group_scales_unpack(g, QUANT_Q2_K, p);
    pairs_read(g, p + 16);
    g->d[0] = load16(p + 80);
    g->m[0] = load16(p + 82);
}

static void k2_write(const Group *g, uint8_t *p)
{
    group_scales_pack(g, QUANT_Q2_K, p);
    pairs_write(g, p + 16);
    store16(p + 80, g->d[0]);
    store16(p + 82, g->m[0]);
}

/* Q3_K: 32 bytes whose bit s is the high bit of input 32 s + l, low pairs of bits, 12 bytes of
 * scales, d. */
static void k3_read(Group *g, const uint8_t *p)
{
    pairs_read(g, p + 32);
    for (int i = 0; i < GROUP; i++)
        g->q[i] |= (uint8_t)((p[i % 32] >> i / 32 & 1) << 2);
    group_scales_unpack(g, QUANT_Q3_K, p + 96);
    g->d[0] = load16(p + 108);
}

static void k3_write(const Group *g, uint8_t *p)
{
    memset(p, 0, 32);
    for (int i = 0; i < GROUP; i++)
        p[i % 32] |= (uint8_t)((g->q[i] >> 2) << i / 32);
    pairs_write(g, p + 32);
    group_scales_pack(g, QUANT_Q3_K, p + 96);
    store16(p + 108, g->d[0]);
}

/* IQ4_XS: d, the scales' high pairs of bits, their nibbles, then for each 32 inputs 16 bytes, byte j
 * with inputs j and j + 16. */
static void iq4_xs_read(Group *g, const uint8_t *p)
{
    const uint8_t scales[6] = {p[4], p[5], p[6], p[7], p[2], p[3]};
    g->d[0] = load16(p);
    group_scales_unpack(g, QUANT_IQ4_XS, scales);
    for (int i = 0; i < GROUP; i++)
        g->q[i] = p[8 + i / 32 * 16 + i % 16] >> i % 32 / 16 * 4 & 15;
}

static void iq4_xs_write(const Group *g, uint8_t *p)
{
    uint8_t scales[6];
    store16(p, g->d[0]);
    group_scales_pack(g, QUANT_IQ4_XS, scales);
    memcpy(p + 2, scales + 4, 2);
    memcpy(p + 4, scales, 4);
    for (int i = 0; i < 128; i++) {
        const uint8_t *q = g->q + i / 16 * 32 + i % 16;
        p[8 + i] = (uint8_t)(q[0] | q[16] << 4);
    }
}

/* Grids: what the file says of each 8 inputs (IQ2), or 4 (IQ3), and of each 8 signs. */

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)load16(p) | (uint32_t)load16(p + 2) << 16;
}

/* The levels of an entry; input 8 k + j is bit j of byte k of the signs. */
static void grid_read(Group *g, QuantType type, int entry, int index, const uint8_t *signs)
{
    int count, bits = quant_codes(type) == CODES_IQ2 ? 2 : 3, each = bits == 2 ? 8 : 4;
    const uint16_t levels = grid_entries(type, &count)[index];
    for (int j = 0; j < each; j++) {
        int i = entry * each + j, sign = signs[i / 8] >> i % 8 & 1;
        g->q[i] = (uint8_t)((levels >> bits * j & ((1 << bits) - 1)) | sign << bits);
    }
}

static int grid_write(const Group *g, QuantType type, int entry, uint8_t *signs)
{
    int bits = quant_codes(type) == CODES_IQ2 ? 2 : 3, each = bits == 2 ? 8 : 4;
    uint16_t levels = 0;
    for (int j = 0; j < each; j++) {
        int i = entry * each + j, q = g->q[i];
        levels |= (uint16_t)((q & ((1 << bits) - 1)) << bits * j);
        signs[i / 8] = (uint8_t)((signs[i / 8] & ~(1 << i % 8)) | (q >> bits) << i % 8);
    }
    return grid_find(type, levels);
}

/* Seven signs, and the eighth that makes their number even. */
static uint8_t signs_even(uint32_t seven)
{
    seven &= 127;
    return (uint8_t)(seven | (uint32_t)(__builtin_popcount(seven) & 1) << 7);
}

/* IQ2_XXS: for each 32 inputs four bytes of indices, then a word: four times seven signs, the scale
 * on top. IQ3_XXS: 64 bytes of indices, then eight such words. */
static void xxs_read(Group *g, QuantType type, const uint8_t *p)
{
    bool iq2 = type == QUANT_IQ2_XXS;
    uint8_t signs[32];
    g->d[0] = load16(p);
    for (int b = 0; b < 8; b++) {
        uint32_t word = load32(p + 2 + (iq2 ? 8 * b + 4 : 64 + 4 * b));
        for (int k = 0; k < 4; k++)
            signs[4 * b + k] = signs_even(word >> 7 * k);
        g->scale[b] = (uint8_t)(2 * (word >> 28) + 1);
    }
    for (int e = 0; e < (iq2 ? 32 : 64); e++)
        grid_read(g, type, e, p[2 + (iq2 ? e / 4 * 8 + e % 4 : e)], signs);
}

static void xxs_write(const Group *g, QuantType type, uint8_t *p)
{
    bool iq2 = type == QUANT_IQ2_XXS;
    uint8_t signs[32] = {0};
    store16(p, g->d[0]);
    for (int e = 0; e < (iq2 ? 32 : 64); e++)
        p[2 + (iq2 ? e / 4 * 8 + e % 4 : e)] = (uint8_t)grid_write(g, type, e, signs);
    for (int b = 0; b < 8; b++) {
        uint32_t word = (uint32_t)(g->scale[b] / 2) << 28;
        for (int k = 0; k < 4; k++)
            word |= (uint32_t)(signs[4 * b + k] & 127) << 7 * k;
        store32(p + 2 + (iq2 ? 8 * b + 4 : 64 + 4 * b), word);
    }
}

static void nibbles_read(Group *g, const uint8_t *p, int scales)
{
    for (int s = 0; s < scales; s++)
        g->scale[s] = (uint8_t)(2 * (p[s / 2] >> s % 2 * 4 & 15) + 1);
}

/* IQ2_XS: for each 8 inputs 9 bits of index and seven signs, then the scales. */
static void iq2_xs_read(Group *g, const uint8_t *p)
{
    uint8_t signs[32];
    g->d[0] = load16(p);
    for (int e = 0; e < 32; e++) {
        uint16_t v = load16(p + 2 + 2 * e);
        signs[e] = signs_even(v >> 9);
        grid_read(g, QUANT_IQ2_XS, e, v & 511, signs);
    }
    nibbles_read(g, p + 66, 16);
}

static void iq2_xs_write(const Group *g, uint8_t *p)
{
    uint8_t signs[32] = {0};
    store16(p, g->d[0]);
    for (int e = 0; e < 32; e++) {
        int index = grid_write(g, QUANT_IQ2_XS, e, signs);
        store16(p + 2 + 2 * e, (uint16_t)(index | (signs[e] & 127) << 9));
    }
    group_scales_pack(g, QUANT_IQ2_XS, p + 66);
}

/* IQ2_S: 32 low bytes of indices, 32 of signs, 8 with the indices' high pairs of bits, the scales. */
static void iq2_s_read(Group *g, const uint8_t *p)
{
    g->d[0] = load16(p);
    for (int e = 0; e < 32; e++)
        grid_read(g, QUANT_IQ2_S, e, p[2 + e] | (p[66 + e / 4] >> e % 4 * 2 & 3) << 8, p + 34);
    nibbles_read(g, p + 74, 16);
}

static void iq2_s_write(const Group *g, uint8_t *p)
{
    store16(p, g->d[0]);
    memset(p + 66, 0, 8);
    for (int e = 0; e < 32; e++) {
        int index = grid_write(g, QUANT_IQ2_S, e, p + 34);
        p[2 + e] = (uint8_t)index;
        p[66 + e / 4] |= (uint8_t)(index >> 8 << e % 4 * 2);
    }
    group_scales_pack(g, QUANT_IQ2_S, p + 74);
}

/* IQ3_S: 64 low bytes of indices, 8 with a high bit each, 32 of signs, the scales. */
static void iq3_s_read(Group *g, const uint8_t *p)
{
    g->d[0] = load16(p);
    for (int e = 0; e < 64; e++)
        grid_read(g, QUANT_IQ3_S, e, p[2 + e] | (p[66 + e / 8] >> e % 8 & 1) << 8, p + 74);
    nibbles_read(g, p + 106, 8);
}

static void iq3_s_write(const Group *g, uint8_t *p)
{
    store16(p, g->d[0]);
    memset(p + 66, 0, 8);
    for (int e = 0; e < 64; e++) {
        int index = grid_write(g, QUANT_IQ3_S, e, p + 74);
        p[2 + e] = (uint8_t)index;
        p[66 + e / 8] |= (uint8_t)(index >> 8 << e % 8);
    }
    group_scales_pack(g, QUANT_IQ3_S, p + 106);
}

void group_from_file(Group *group, QuantType type, const uint8_t *data, int blocks)
{
    switch (type) {
    case QUANT_Q2_K:
        k2_read(group, data);
        return;
    case QUANT_Q3_K:
        k3_read(group, data);
        return;
    case QUANT_IQ4_XS:
        iq4_xs_read(group, data);
        return;
    case QUANT_Q4_K:
    case QUANT_Q5_K:
        k45_read(group, type, data);
        return;
    case QUANT_Q6_K:
        k6_read(group, data);
        return;
    case QUANT_IQ2_XXS:
    case QUANT_IQ3_XXS:
        xxs_read(group, type, data);
        return;
    case QUANT_IQ2_XS:
        iq2_xs_read(group, data);
        return;
    case QUANT_IQ2_S:
        iq2_s_read(group, data);
        return;
    case QUANT_IQ3_S:
        iq3_s_read(group, data);
        return;
    default:
        break;
    }
    size_t bytes = quant_row_bytes(type, BLOCK);
    for (int b = 0; b < blocks; b++)
        legacy_read(group, type, data + (size_t)b * bytes, b);
}

void group_to_file(const Group *group, QuantType type, uint8_t *data, int blocks)
{
    switch (type) {
    case QUANT_Q2_K:
        k2_write(group, data);
        return;
    case QUANT_Q3_K:
        k3_write(group, data);
        return;
    case QUANT_IQ4_XS:
        iq4_xs_write(group, data);
        return;
    case QUANT_Q4_K:
    case QUANT_Q5_K:
        k45_write(group, type, data);
        return;
    case QUANT_Q6_K:
        k6_write(group, data);
        return;
    case QUANT_IQ2_XXS:
    case QUANT_IQ3_XXS:
        xxs_write(group, type, data);
        return;
    case QUANT_IQ2_XS:
        iq2_xs_write(group, data);
        return;
    case QUANT_IQ2_S:
        iq2_s_write(group, data);
        return;
    case QUANT_IQ3_S:
        iq3_s_write(group, data);
        return;
    default:
        break;
    }
    size_t bytes = quant_row_bytes(type, BLOCK);
    for (int b = 0; b < blocks; b++)
        legacy_write(group, type, data + (size_t)b * bytes, b);
}

void group_to_float(const Group *group, QuantType type, float *out, int blocks)
{
    int offset = quant_offset(type);
    if (!quant_is_k(type)) {
        for (int b = 0; b < blocks; b++) {
            bool power = quant_scales(type) == SCALES_E;
            float d = power ? quant_power(group->d[b]) : half_to_float(group->d[b]);
            float m = quant_has_min(type) ? half_to_float(group->m[b]) : 0.0f;
            for (int i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
                float v = d * (float)(quant_number(type, group->q[i]) - offset);
                out[i] = quant_has_min(type) ? v + m : v;
            }
        }
        return;
    }
    int size = quant_is_k16(type) ? 16 : 32;
    float d = half_to_float(group->d[0]) * quant_unit(type);
    float dmin = quant_has_min(type) ? half_to_float(group->m[0]) : 0.0f;
    for (int i = 0; i < GROUP; i++) {
        float scale = d * (float)(int8_t)group->scale[i / size];
        out[i] = scale * (float)(quant_number(type, group->q[i]) - offset);
        if (quant_has_min(type))
            out[i] -= dmin * (float)group->min[i / size];
    }
}
