/* cuda_train_args.h - what the kernels of training are told; part of args.h.
 *
 * They read no Meta: training runs its commands at once and keeps no graphs (train_cuda.c). The
 * operations are those of train_ops.h, and so are the names.
 */
#ifndef S2D_CUDA_LEARN_ARGS_H
#define S2D_CUDA_LEARN_ARGS_H

#include <stdint.h>

enum {
    LEARN_EACH = 4096, /* elements of a block, where rows do not matter */
    LEARN_COLS = 1024, /* columns of a block, where numbers change their type */
    LEARN_SUMS = 32,   /* columns of a block, where rows are added up: a warp's lanes */
};

/* By element: zero, add, bias, swiglu, its gradient, squares (out: one sum per block). */
typedef struct LearnEachArgs {
    const float *x, *y;
    float *out, *out2;
    int64_t count;
    int cols; /* of bias */
} LearnEachArgs;

typedef struct LearnAdamWArgs {
    float *weight, *gradient, *mean, *square;
    int64_t count;
    float beta1, beta2, epsilon, scale;
    float rate;     /* divided by 1 - beta1^step */
    float inverse2; /* 1 / (1 - beta2^step) */
    float keep;     /* 1 - rate * decay */
} LearnAdamWArgs;

typedef struct LearnNormArgs {
    const float *x, *weight, *dout;
    float *out;     /* the result, or the gradient that is added to: NULL = not wanted */
    float *inverse; /* [n] 1 / rms of each row */
    float eps;
    int cols;
} LearnNormArgs;

/* out[c] += sum over rows of y, or of x * y * factor[row] */
typedef struct LearnColumnsArgs {
    const float *x, *y, *factor; /* x, factor: NULL = 1 */
    float *out;
    int n, cols;
} LearnColumnsArgs;

/* One sequence. */
typedef struct LearnRopeArgs {
    float *x;            /* its first row */
    const float *angles; /* [length][2][pairs] cosines, then sines */
    int heads, pairs, neox, back;
} LearnRopeArgs;

typedef struct LearnRowsArgs {
    const void *from; /* the table, or the rows' gradients */
    float *to;        /* the rows, or the table's gradient */
    const int *ids;   /* [n] */
    int n, cols, bf16;
} LearnRowsArgs;

typedef struct LearnLossArgs {
    float *logits;
    const int *places;
    const float *weights;
    float *loss;
    float scale;
    int vocab, top;
} LearnLossArgs;

/* Rows between bf16 and floats. */
typedef struct LearnConvertArgs {
    const void *from;
    void *to;
    int from_stride, to_stride, cols;
    int from_bf16, to_bf16;
} LearnConvertArgs;

/* Between rows of heads [n, heads, dim] and rows that lie together for each key head: [kv_heads, n,
 * group, dim], where the heads of a group are rows of one product. */
typedef struct LearnHeadsArgs {
    const float *from;
    void *to;
    int n, kv_heads, group, dim;
    int bf16; /* what `to` holds */
    int back; /* to rows of heads */
} LearnHeadsArgs;

/* Scores of stacked rows, [kv_heads, rows, width] with rows = positions * group. */
typedef struct LearnSoftmaxArgs {
    float *weights, *dweights;
    float scale;
    int rows, group, width;
    int first, seen; /* the first row's position; keys that any of them sees */
} LearnSoftmaxArgs;

#define CUDA_LEARN_KERNELS(X)                          \
    X(learn_zero, LearnEachArgs, 0)                    \
    X(learn_add, LearnEachArgs, 0)                     \
    X(learn_bias, LearnEachArgs, 0)                    \
    X(learn_swiglu, LearnEachArgs, 0)                  \
    X(learn_swiglu_back, LearnEachArgs, 0)             \
    X(learn_squares, LearnEachArgs, WARPS_SHARED)      \
    X(learn_adamw, LearnAdamWArgs, 0)                  \
    X(learn_norm, LearnNormArgs, WARPS_SHARED)         \
    X(learn_norm_back, LearnNormArgs, WARPS_SHARED)    \
    X(learn_columns, LearnColumnsArgs, COLUMNS_SHARED) \
    X(learn_rope, LearnRopeArgs, 0)                    \
    X(learn_rows, LearnRowsArgs, 0)                    \
    X(learn_rows_back, LearnRowsArgs, 0)               \
    X(learn_loss, LearnLossArgs, WARPS_SHARED)         \
    X(learn_convert, LearnConvertArgs, 0)              \
    X(learn_heads, LearnHeadsArgs, 0)                  \
    X(learn_softmax, LearnSoftmaxArgs, WARPS_SHARED)   \
    X(learn_softmax_back, LearnSoftmaxArgs, WARPS_SHARED)

#endif
