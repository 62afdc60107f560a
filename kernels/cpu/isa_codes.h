/* isa_codes.h - what a panel (panel.h) holds, in vectors, and where its next bytes are; included by
 * isa_dot.h and isa_amx_avx512.c after lanes_*.h. */
#ifndef S2D_KERNELS_CPU_ISA_CODES_H
#define S2D_KERNELS_CPU_ISA_CODES_H

#include "kernels/cpu/lanes_more.h"

/* Vector u's pairs of bits (panel.h), `bit` bits up. */
INLINE Ints pairs_of(const uint8_t *pairs, const int u, const int bit)
{
    Ints v = ints_load(pairs + 64 * (u % 2));
    int field = u / 2 * 2; /* the pair's place */
    v = field <= bit ? ints_left(v, bit - field) : ints_right(v, field - bit);
    return ints_and(v, ints_set(0x03030303 << bit));
}

/* Vector u of a block's body: 4 inputs of 16 rows, as bytes, too high by quant_offset. */
INLINE Ints codes_load(const QuantType type, const uint8_t *body, const int u)
{
    const uint32_t table[4] = {quant_table(type, 0), quant_table(type, 1), quant_table(type, 2),
                               quant_table(type, 3)};
    int bits = quant_bits(type);
    if (bits == 8)
        return ints_load(body + 64 * u);
    if (bits < 4) {
        Ints low = pairs_of(body, u, 0);
        if (bits == 3)
            low = ints_bit(low, body + 128 + 8 * u, 4);
        return quant_codes(type) != CODES_EVEN ? ints_table(low, table) : low;
    }
    Ints v = ints_load(body + 64 * (u % 4));
    if (u >= 4)
        v = ints_right(v, 4);
    v = ints_and(v, ints_set(0x0f0f0f0f));
    if (bits == 5)
        return ints_bit(v, body + 256 + 8 * u, 16);
    if (bits == 6)
        return ints_or(v, pairs_of(body + 256, u, 4));
    if (quant_codes(type) != CODES_EVEN)
        return ints_table(v, table);
    return v;
}

/* The four vectors of 6-bit scales and minima, see panel.h. */
INLINE void six_bit_load(const uint8_t *head, Ints v[4])
{
    Ints low = ints_set(0x3f3f3f3f), high = ints_set(0x03030303);
    v[3] = ints_set(0);
    for (int t = 0; t < 3; t++) {
        Ints z = ints_load(head + 64 * t);
        v[t] = ints_and(z, low);
        v[3] = ints_or(v[3], ints_left(ints_and(ints_right(z, 6), high), 2 * t));
    }
}

/* The scales of a group that are kept as the file packs them. */
typedef struct PackedScales {
    Ints words[4], half;
} PackedScales;

INLINE PackedScales packed_scales(const QuantType type, const uint8_t *w)
{
    PackedScales p;
    const uint8_t *at = w + (quant_has_min(type) ? 64 : 32);
    int words = quant_scale_bytes(type) / 4;
    for (int i = 0; i < 4; i++)
        p.words[i] = i < words ? ints_load(at + 64 * i) : ints_set(0);
    p.half = quant_scale_bytes(type) % 4 ? ints_load_halves(at + 64 * words) : ints_set(0);
    return p;
}

INLINE Ints bits_at(Ints v, int bit, int mask)
{
    return ints_and(ints_right(v, bit), ints_set(mask));
}

/* Scale s of the 16 rows: quant_scale's formulas. */
INLINE Ints packed_scale(const QuantType type, const PackedScales *p, int s)
{
    Ints low, high;
    switch (quant_scales(type)) {
    case SCALES_K32_6:
        low = bits_at(p->words[0], 4 * s, 15);
        high = bits_at(p->half, 2 * s, 3);
        break;
    case SCALES_K32_4:
    case SCALES_K16_4:
        low = bits_at(p->words[s / 8], s % 8 * 4, 15);
        return ints_add(ints_add(low, low), ints_set(1));
    case SCALES_K16_6:
        low = bits_at(p->words[s / 4 % 2], s % 4 * 8 + s / 8 * 4, 15);
        high = bits_at(p->words[2], s % 4 * 8 + s / 4 * 2, 3);
        break;
    default: /* K16_MIN */
        return bits_at(p->words[s / 4], s % 4 * 8, 15);
    }
    return ints_add(ints_or(low, ints_left(high, 4)), ints_set(-32));
}

/* Minima of K16_MIN, of sub-blocks 4 t + odd and 4 t + odd + 2. */
INLINE Ints packed_mins(const PackedScales *p, int t, int odd)
{
    return bits_at(p->words[t], 4 + 8 * odd, 0x000f000f);
}

/* d of a group, of the 16 rows. */
INLINE Lanes group_d(const QuantType type, const uint8_t *head)
{
    Lanes d = lanes_load_half(head);
    return quant_unit(type) == 1.0f ? d : lanes_mul(d, lanes_set(quant_unit(type)));
}

/* d of a block of 32, of the 16 rows. Powers of two are multiplied of two halves, for one of them may
 * be subnormal (quant_power). */
INLINE Lanes block_d(const QuantType type, const uint8_t *head)
{
    if (quant_scales(type) != SCALES_E)
        return lanes_load_half(head);
    Ints e = ints_and(ints_load_bytes(head), ints_set(255)), half = ints_right(e, 1);
    Ints rest = ints_add(e, ints_mul(half, ints_set(-1)));
    Lanes a = lanes_of_bits(ints_left(ints_add(half, ints_set(63)), 23));
    Lanes b = lanes_of_bits(ints_left(ints_add(rest, ints_set(63)), 23));
    return lanes_mul(a, b);
}

/* Panels follow each other in memory, but the machine's own prefetch stops at pages and is slow to
 * see that rows of a few kilobytes go on. So weights are fetched AHEAD_BYTES bytes before they
 * are needed, into the second level, for the first belongs to the activations. */

/* What is to be fetched while `at` is used; `at` itself = nothing. */
INLINE const uint8_t *ahead_of(Ahead next, const uint8_t *at)
{
    if (next.left > AHEAD_BYTES)
        return at + AHEAD_BYTES;
    return next.then ? next.then + (AHEAD_BYTES - next.left) : at;
}

#endif
