/* isa.h - the inner loops, compiled once for each instruction set from one source.
 *
 * The loops (isa_dot.h, isa_row.h, isa_attention.h) are written with the 16-lane vectors of
 * lanes_*.h and fix the order of every sum, so that all instruction sets give the same bits:
 * isa_scalar.c is the oracle of isa_avx2.c, isa_avx512.c and isa_amx_avx512.c, which has products
 * of many rows only. Nothing here knows of threads or allocates.
 */
#ifndef S2D_KERNELS_CPU_ISA_H
#define S2D_KERNELS_CPU_ISA_H

#include "kernels/cpu/panel.h"
#include "kernels/kv.h"

/* Up to 256 activations of one row: value = d * q, |q| <= 127, with the sums that offsets and
 * minima need. A row of a shorter last group is filled up with zeros. When an input is not finite,
 * d is NaN and all else 0. */
typedef struct ActGroup {
    _Alignas(64) int8_t q[GROUP];
    int32_t minus16[16]; /* -32 * (sum of 16 q): what an offset of 32 (Q6_K's) adds too much */
    int32_t minus32[8];  /* -(sum of 32 q) */
    float sum32[8];
    int16_t pair32[8];  /* sum of 32 q */
    int16_t pair16[16]; /* sum of 16 q, of each four in the order 0, 2, 1, 3 (Q2_K's minima) */
    float d;
} ActGroup;

/* Sanitisers multiply the code of each copy of a loop: their builds make do with fewer copies. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITISED 1
#elif defined(__has_feature)
#define SANITISED __has_feature(address_sanitizer)
#else
#define SANITISED 0
#endif

enum {
    TILE = 8,               /* most rows of a batch, or queries, that an inner loop takes at once */
    BATCH = 128,            /* most rows of a call */
    AHEAD_BYTES = 16 << 10, /* bytes of weights that are fetched before they are needed */
};

/* What a thread reads after the start of a panel: `left` bytes in a row, then what lies at `then`
 * (NULL = nothing). It is fetched ahead and changes no result. */
typedef struct Ahead {
    size_t left;
    const uint8_t *then;
} Ahead;

typedef struct Isa {
    const char *name;

    /* One panel times n rows, 1 <= n <= BATCH: acc[i][r] = row r of the panel · x_i.
     * x: [groups][n] */
    void (*dot)(QuantType type, int cols, const uint8_t *panel, Ahead ahead, const ActGroup *x,
                int n, float (*acc)[PANEL]);
    /* The same with float activations, any type. x: [n, cols] */
    void (*dot_float)(QuantType type, int cols, const uint8_t *panel, const float *x, int n,
                      float (*acc)[PANEL]);

    /* out = x / sqrt(mean(x^2) + eps) * weight; may be in place. */
    void (*norm)(const float *x, const float *weight, float eps, int cols, float *out);
    /* Group g of the row goes to out[g * stride]. */
    void (*quantise)(const float *x, int cols, ActGroup *out, int stride);
    /* out[i] = x[i] as a half, rounded to nearest even */
    void (*halves)(const float *x, int n, uint16_t *out);
    /* out[r] = silu(gate[r] + gate_bias[r]) * (up[r] + up_bias[r]), r < rows <= 16; biases may be
     * NULL. */
    void (*swiglu)(const float *gate, const float *up, const float *gate_bias, const float *up_bias,
                   int rows, float *out);
    /* The same with gelu, by tanh. */
    void (*geglu)(const float *gate, const float *up, const float *gate_bias, const float *up_bias,
                  int rows, float *out);

    /* out += silu(x) */
    void (*silu_add)(const float *x, int n, float *out);

    /* Attention for nq <= TILE queries over one head's cache, see kv.h. dim: head size rounded up
     * to 16. scores: out[i * stride + s] = q_i · key s for the slots of `blocks` blocks of 16.
     * q: [nq][dim], turned as the keys are */
    void (*scores)(const void *keys, KvType type, int dim, int blocks, const float *q, int nq,
                   float *out, size_t stride);
    /* p[i] = exp(scale * (p[i] - max)) for i < length, zeros up to a multiple of 16; returns the
     * sum. */
    float (*softmax)(float *p, int length, float scale);
    /* acc_i += p[i * stride + s] * value s for s = 0 … count-1 in this order; the slot is slots[s],
     * or s when slots is NULL. acc: [nq][dim] */
    void (*mix)(const void *values, KvType type, int dim, const int *slots, int count,
                const float *p, size_t stride, int nq, float *acc);

    /* First index >= from with x > floor (strict) or x >= floor; n if there is none. */
    int (*find)(const float *x, int from, int n, float floor, bool strict);
    /* Bit b: of the four ids of block + b one has noise of at least `least` (noise.h); b < 16 */
    uint32_t (*noisy)(uint32_t seed, uint32_t position, uint32_t block, uint32_t least);
    float (*max)(const float *x, int n);
    float (*sum_exp)(const float *x, int n, float max); /* sum of exp(x - max) */

    /* What measure_limits.c times. Reads all of it; bytes: a multiple of 256. */
    int32_t (*read)(const uint8_t *data, size_t bytes);
    /* `rounds` times `round_sums` products of the first level's data: by ints_dot, 64
     * multiplications each, and by lanes_fma, 16 each. */
    int32_t (*dots)(int rounds);
    float (*fmas)(int rounds);
    int round_sums;
} Isa;

/* What tile registers add to a table: products of many rows, with the same bits. Between begin, for
 * n rows, and end a thread may call dot for as many. */
typedef struct IsaTiles {
    const char *name;
    int rows; /* from so many on it is faster than Isa.dot */
    void (*begin)(int n);
    void (*end)(void);
    void (*dot)(QuantType type, int cols, const uint8_t *panel, Ahead ahead, const ActGroup *x,
                int n, float (*acc)[PANEL]);
    int32_t (*dots)(int rounds); /* as in Isa, by itself */
    int round_sums;
} IsaTiles;

extern const Isa isa_scalar;
#if defined(__x86_64__)
extern const Isa isa_avx2, isa_avx512;
extern const IsaTiles isa_tiles_amx;
#endif

#endif
