/* lanes_scalar.h - 16 lanes in plain C: the meaning of every operation that the loops of isa_*.h
 * use.
 *
 *   Lanes  16 floats      Ints  16 int32, also seen as 16 x 4 bytes or 16 x 2 int16
 *
 * lanes_avx2.h and lanes_avx512.h give the same bits. Where operands are not numbers: lanes_max(a,
 * b) and lanes_min(a, b) are b when either is NaN.
 */
#ifndef S2D_KERNELS_CPU_LANES_SCALAR_H
#define S2D_KERNELS_CPU_LANES_SCALAR_H

#include <math.h>
#include <string.h>

#include "kernels/quant.h"

#define LANES_NAME "plain C"
#define LANES_TILE 1      /* rows per pass of an inner loop */
#define LANES_SUMS 1      /* sums of 16 lanes that stay in registers */
#define LANES_BYTE_BIAS 0 /* ints_dot_byte takes codes as they are minus 128 */
#define LANES_UNROLL      /* loops stay loops */

typedef struct Lanes {
    float v[16];
} Lanes;

typedef struct Ints {
    int32_t v[16];
} Ints;

#define EACH for (int l = 0; l < 16; l++)

static inline Lanes lanes_set(float a)
{
    Lanes r;
    EACH r.v[l] = a;
    return r;
}

static inline Lanes lanes_load(const float *p)
{
    Lanes r;
    memcpy(r.v, p, sizeof r.v);
    return r;
}

static inline void lanes_store(float *p, Lanes a)
{
    memcpy(p, a.v, sizeof a.v);
}

static inline Lanes lanes_load_half(const void *p)
{
    uint16_t h[16];
    Lanes r;
    memcpy(h, p, sizeof h);
    EACH r.v[l] = half_to_float(h[l]);
    return r;
}

static inline void lanes_store_half(uint16_t *p, Lanes a)
{
    EACH p[l] = float_to_half(a.v[l]);
}

static inline Lanes lanes_load_bf16(const void *p)
{
    uint16_t h[16];
    uint32_t w[16];
    Lanes r;
    memcpy(h, p, sizeof h);
    EACH w[l] = (uint32_t)h[l] << 16;
    memcpy(r.v, w, sizeof w);
    return r;
}

static inline Lanes lanes_add(Lanes a, Lanes b)
{
    EACH a.v[l] += b.v[l];
    return a;
}

static inline Lanes lanes_sub(Lanes a, Lanes b)
{
    EACH a.v[l] -= b.v[l];
    return a;
}

static inline Lanes lanes_mul(Lanes a, Lanes b)
{
    EACH a.v[l] *= b.v[l];
    return a;
}

static inline Lanes lanes_div(Lanes a, Lanes b)
{
    EACH a.v[l] /= b.v[l];
    return a;
}

static inline Lanes lanes_sqrt(Lanes a)
{
    EACH a.v[l] = sqrtf(a.v[l]);
    return a;
}

static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) /* a * b + c, rounded once */
{
    EACH c.v[l] = fmaf(a.v[l], b.v[l], c.v[l]);
    return c;
}

static inline Lanes lanes_fnma(Lanes a, Lanes b, Lanes c) /* -(a * b) + c */
{
    EACH c.v[l] = fmaf(-a.v[l], b.v[l], c.v[l]);
    return c;
}

static inline Lanes lanes_max(Lanes a, Lanes b)
{
    EACH b.v[l] = a.v[l] > b.v[l] ? a.v[l] : b.v[l];
    return b;
}

static inline Lanes lanes_min(Lanes a, Lanes b)
{
    EACH b.v[l] = a.v[l] < b.v[l] ? a.v[l] : b.v[l];
    return b;
}

/* Lane l with lane l + 8, then + 4, + 2, + 1. */
static inline float lanes_sum(Lanes a)
{
    for (int half = 8; half > 0; half /= 2) {
        for (int l = 0; l < half; l++)
            a.v[l] += a.v[l + half];
    }
    return a.v[0];
}

static inline float lanes_highest(Lanes a) /* no NaN among them */
{
    for (int l = 1; l < 16; l++)
        a.v[0] = a.v[l] > a.v[0] ? a.v[l] : a.v[0];
    return a.v[0];
}

static inline uint32_t lanes_above(Lanes a, Lanes b) /* bit l: a > b */
{
    uint32_t mask = 0;
    EACH mask |= (uint32_t)(a.v[l] > b.v[l]) << l;
    return mask;
}

static inline uint32_t lanes_from(Lanes a, Lanes b) /* bit l: a >= b */
{
    uint32_t mask = 0;
    EACH mask |= (uint32_t)(a.v[l] >= b.v[l]) << l;
    return mask;
}

static inline Lanes lanes_of(Ints a)
{
    Lanes r;
    EACH r.v[l] = (float)a.v[l];
    return r;
}

static inline Ints lanes_bits(Lanes a)
{
    Ints r;
    memcpy(r.v, a.v, sizeof r.v);
    return r;
}

static inline Lanes lanes_of_bits(Ints a)
{
    Lanes r;
    memcpy(r.v, a.v, sizeof r.v);
    return r;
}

static inline Ints ints_set(int32_t a)
{
    Ints r;
    EACH r.v[l] = a;
    return r;
}

static inline Ints ints_load(const void *p)
{
    Ints r;
    memcpy(r.v, p, sizeof r.v);
    return r;
}

static inline void ints_store(void *p, Ints a)
{
    memcpy(p, a.v, sizeof a.v);
}

static inline Ints ints_load_bytes(const uint8_t *p) /* 16 signed bytes */
{
    Ints r;
    EACH r.v[l] = (int8_t)p[l];
    return r;
}

static inline void ints_store_bytes(int8_t *p, Ints a)
{
    EACH p[l] = (int8_t)a.v[l];
}

static inline Ints ints_add(Ints a, Ints b)
{
    EACH a.v[l] = (int32_t)((uint32_t)a.v[l] + (uint32_t)b.v[l]);
    return a;
}

static inline Ints ints_mul(Ints a, Ints b)
{
    EACH a.v[l] *= b.v[l];
    return a;
}

static inline Ints ints_and(Ints a, Ints b)
{
    EACH a.v[l] &= b.v[l];
    return a;
}

static inline Ints ints_or(Ints a, Ints b)
{
    EACH a.v[l] |= b.v[l];
    return a;
}

static inline Ints ints_left(Ints a, int n)
{
    EACH a.v[l] = (int32_t)((uint32_t)a.v[l] << n);
    return a;
}

static inline Ints ints_right(Ints a, int n) /* zeros come in */
{
    EACH a.v[l] = (int32_t)((uint32_t)a.v[l] >> n);
    return a;
}

static inline int32_t ints_sum(Ints a)
{
    int32_t sum = 0;
    EACH sum += a.v[l];
    return sum;
}

static inline int32_t ints_highest(Ints a)
{
    for (int l = 1; l < 16; l++)
        a.v[0] = a.v[l] > a.v[0] ? a.v[l] : a.v[0];
    return a.v[0];
}

static inline Ints ints_max(Ints a, Ints b)
{
    EACH a.v[l] = a.v[l] > b.v[l] ? a.v[l] : b.v[l];
    return a;
}

/* Byte i |= place where bit i of the 64 bits at `bits` is set. */
static inline Ints ints_bit(Ints a, const uint8_t *bits, int place)
{
    uint8_t bytes[64];
    memcpy(bytes, a.v, 64);
    for (int i = 0; i < 64; i++)
        bytes[i] |= (uint8_t)((bits[i / 8] >> i % 8 & 1) * place);
    return ints_load(bytes);
}

/* Byte i = number i of a table's 16, whose bytes are four words; bytes of a are at most 15. */
static inline Ints ints_table(Ints a, const uint32_t table[4])
{
    uint8_t bytes[64];
    memcpy(bytes, a.v, 64);
    for (int i = 0; i < 64; i++)
        bytes[i] = (uint8_t)(table[bytes[i] / 4] >> bytes[i] % 4 * 8);
    return ints_load(bytes);
}

static inline Ints ints_load_halves(const void *p) /* 16 unsigned numbers of 16 bits */
{
    uint16_t h[16];
    Ints r;
    memcpy(h, p, sizeof h);
    EACH r.v[l] = h[l];
    return r;
}

/* Lane += four unsigned bytes (at most 63) times the four activations at x. */
static inline Ints ints_dot(Ints lane, Ints codes, const int8_t *x)
{
    uint8_t w[64];
    memcpy(w, codes.v, 64);
    EACH lane.v[l] +=
        w[4 * l] * x[0] + w[4 * l + 1] * x[1] + w[4 * l + 2] * x[2] + w[4 * l + 3] * x[3];
    return lane;
}

/* The same for codes of eight bits; each counts as code - 128 + LANES_BYTE_BIAS. */
static inline Ints ints_dot_byte(Ints lane, Ints codes, const int8_t *x)
{
    int8_t w[64];
    for (int i = 0; i < 16; i++)
        codes.v[i] ^= (int32_t)0x80808080;
    memcpy(w, codes.v, 64);
    EACH lane.v[l] +=
        w[4 * l] * x[0] + w[4 * l + 1] * x[1] + w[4 * l + 2] * x[2] + w[4 * l + 3] * x[3];
    return lane;
}

/* Lane += two int16 times the two at x. */
static inline Ints ints_dot_pair(Ints lane, Ints pairs, const int16_t *x)
{
    int16_t w[32];
    memcpy(w, pairs.v, 64);
    EACH lane.v[l] += w[2 * l] * x[0] + w[2 * l + 1] * x[1];
    return lane;
}

#undef EACH

#endif
