/* train_isa.h - the inner loops of training, compiled once for each instruction set.
 *
 * As in isa.h: loops over the 16-lane vectors of lanes_*.h with a fixed order of sums, so that all
 * instruction sets give the same bits (products in bf16 aside, which only some have). Nothing here
 * knows of threads or allocates.
 */
#ifndef S2D_KERNELS_TRAIN_TRAIN_ISA_H
#define S2D_KERNELS_TRAIN_TRAIN_ISA_H

#include "kernels/train/train_ops.h"

/* How products of one precision are computed: both factors are packed into panels of `rows` (the
 * first factor's) or `cols` (the second's) outer indices, and a tile is the product of two panels.
 * A panel: (k + unit - 1) / unit pieces of width * unit elements, in an order that the tile knows,
 * zeros where there is nothing. */
typedef struct TrainTile {
    const char *precision;
    int rows, cols;
    int unit;  /* k's that lie together */
    int bytes; /* per element */
    /* What a thread does before and after its tiles; NULL = nothing. */
    void (*begin)(void);
    void (*end)(void);
    /* A panel of the first or second factor: outer indices first … first+count-1 (count <= width)
     * and k's from … from+k-1. */
    void (*pack)(const Factor *factor, bool second, int first, int count, int from, int k,
                 void *out);
    /* c(i, j) = or += sum over `units` units, in ascending order; rows of c are stride apart. */
    void (*multiply)(int units, const void *a, const void *b, float *c, size_t stride, bool add);
    /* `rounds` times rows * cols * unit products of what is in registers, and nothing else. */
    float (*peak)(int rounds);
} TrainTile;

typedef struct TrainIsa {
    TrainTile tile; /* in floats */

    /* One row, see train_ops.h. dx may be NULL. Returns 1 / rms. */
    float (*norm_back)(const float *x, const float *weight, float eps, int cols, const float *dout,
                       float *dx);
    /* to += factor * x * y */
    void (*add_product)(float *to, const float *x, const float *y, float factor, int n);
    void (*add)(float *to, const float *x, int n);
    void (*add_scaled)(float *to, const float *x, float factor, int n);
    float (*dot)(const float *x, const float *y, int n);
    void (*swiglu)(const float *gate, const float *up, int n, float *out);
    void (*swiglu_back)(float *gate, float *up, const float *dout, int n);
    void (*silu_back)(const float *x, const float *dout, int n, float *dx); /* sets dx */
    /* p = p * (dp - mean) * scale, mean = sum p dp: softmax's gradient, in place in dp. */
    void (*softmax_back)(const float *p, float *dp, float scale, int n);
    /* x = factor * exp(x - max) */
    void (*exp_scaled)(float *x, int n, float max, float factor);
    /* One row, see train_ops.h: returns the sum, dx += factor * its gradient. */
    float (*smooth_l1)(const float *x, const float *target, int n, float factor, float *dx);
    void (*multiply)(float *x, float factor, int n);
    float (*squares)(const float *x, int n);
    void (*adamw)(const AdamW *adamw, float *weight, float *gradient, float *mean, float *square,
                  int n);
} TrainIsa;

extern const TrainIsa train_isa_scalar;
#if defined(__x86_64__)
extern const TrainIsa train_isa_avx2, train_isa_avx512;
extern const TrainTile train_tile_bf16_avx512, train_tile_amx_avx512;
#endif

#endif
