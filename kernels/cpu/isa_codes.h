/* isa_codes.h - what a panel (panel.h) holds, in vectors, and where its next bytes are; included by
 * isa_dot.h and isa_amx_avx512.c after lanes_*.h. */
#ifndef S2D_KERNELS_CPU_ISA_CODES_H
#define S2D_KERNELS_CPU_ISA_CODES_H

#include "kernels/cpu/lanes_more.h"

/* Vector u of a block's body: 4 inputs of 16 rows, codes as bytes. */
INLINE Ints codes_load(const QuantType type, const uint8_t *body, const int u)
{
    int bits = quant_bits(type);
    if (bits == 8)
        return ints_load(body + 64 * u);
    Ints v = ints_load(body + 64 * (u % 4));
    if (u >= 4)
        v = ints_right(v, 4);
    v = ints_and(v, ints_set(0x0f0f0f0f));
    if (bits == 5)
        return ints_fifth_bit(v, body + 256 + 8 * u);
    if (bits == 6) {
        Ints high = ints_load(body + 256 + 64 * (u % 2));
        int field = u / 2 * 2; /* the pair's place, wanted at bit 4 */
        high = field <= 4 ? ints_left(high, 4 - field) : ints_right(high, field - 4);
        v = ints_or(v, ints_and(high, ints_set(0x30303030)));
    }
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
