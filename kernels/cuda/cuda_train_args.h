/* cuda_train_args.h - what the kernels of training are told; part of args.h.
 *
 * They read no Meta: training runs its commands at once and keeps no graphs (train_cuda.c). The
 * operations are those of train_ops.h, and so are the names.
 */
#ifndef S2D_KERNELS_CUDA_CUDA_TRAIN_ARGS_H
#define S2D_KERNELS_CUDA_CUDA_TRAIN_ARGS_H

#include <stdint.h>

enum {
    TRAIN_EACH = 4096, /* elements of a block, where rows do not matter */
    TRAIN_COLS = 1024, /* columns of a block, where numbers change their type */
    TRAIN_LATER = 7,   /* steps of attention after the first, at most */
    TRAIN_SUMS = 32,   /* columns of a block, where rows are added up: a warp's lanes */
};

/* By element: zero, add, bias, swiglu, its gradient, silu's, squares (out: one sum per block). */
typedef struct TrainEachArgs {
    const float *x, *y;
    float *out, *out2;
    int64_t count;
    int cols; /* of bias */
} TrainEachArgs;

typedef struct TrainAdamWArgs {
    float *weight, *gradient, *mean, *square;
    int64_t count;
    float beta1, beta2, epsilon, scale;
    float rate;     /* divided by 1 - beta1^step */
    float inverse2; /* 1 / (1 - beta2^step) */
    float keep;     /* 1 - rate * decay */
} TrainAdamWArgs;

typedef struct TrainNormArgs {
    const float *x, *weight, *dout;
    float *out;     /* the result, or the gradient that is added to: NULL = not wanted */
    float *inverse; /* [n] 1 / rms of each row */
    float eps;
    int cols;
} TrainNormArgs;

/* out[c] += sum over rows of y, or of x * y * factor[row] */
typedef struct TrainColumnsArgs {
    const float *x, *y, *factor; /* x, factor: NULL = 1 */
    float *out;
    int n, cols;
} TrainColumnsArgs;

/* One sequence. */
typedef struct TrainRopeArgs {
    float *x;            /* its first row */
    const float *angles; /* of its position: [2][pairs] cosines, then sines, and of those behind */
    int heads, dim, pairs, neox, back, pad;
} TrainRopeArgs;

typedef struct TrainRowsArgs {
    const void *from; /* the table, or the rows' gradients */
    float *to;        /* the rows, or the table's gradient */
    const int *ids;   /* [n] */
    int n, cols, bf16;
} TrainRowsArgs;

typedef struct TrainLossArgs {
    float *logits;
    const int *places;
    const float *weights;
    float *loss;
    float scale;
    int vocab, top;
} TrainLossArgs;

typedef struct TrainSmoothL1Args {
    const float *x, *target;
    float *dx, *loss;
    float factor; /* scale / cols */
    int cols;
} TrainSmoothL1Args;

/* Rows between bf16 and floats. */
typedef struct TrainConvertArgs {
    const void *from;
    void *to;
    int from_stride, to_stride, cols;
    int from_bf16, to_bf16;
} TrainConvertArgs;

/* Between rows of heads [n, heads, dim] and rows that lie together for each key head: [kv_heads, n,
 * group, dim], where the heads of a group are rows of one product. */
typedef struct TrainHeadsArgs {
    const float *from;
    void *to;
    int n, kv_heads, group, dim;
    int bf16; /* what `to` holds */
    int back; /* to rows of heads */
} TrainHeadsArgs;

/* Scores of stacked rows, [kv_heads, rows, width] with rows = positions * group; of later steps as in
 * TrainLaterArgs. */
typedef struct TrainSoftmaxArgs {
    float *weights, *dweights;
    float *later, *dlater;
    float scale;
    int rows, group, width;
    int first, seen; /* the first row's position; keys that any of them sees */
    int row, heads;  /* the first row, of all sequences */
    int steps;       /* later ones */
} TrainSoftmaxArgs;

/* Attention's steps after the first, of which a row sees its own row: a number for each of its heads
 * and each step. */
typedef struct TrainLaterArgs {
    const float *rows;             /* [n, heads, dim] queries, or gradients of results */
    const float *key[TRAIN_LATER]; /* [n, kv_heads, dim] of each step; or values */
    float *dkey[TRAIN_LATER];
    float *later; /* [n, heads, steps] */
    float *out;   /* as rows */
    int heads, group, dim, steps;
} TrainLaterArgs;

#define CUDA_LEARN_KERNELS(X)                           \
    X(train_zero, TrainEachArgs, 0)                     \
    X(train_add, TrainEachArgs, 0)                      \
    X(train_bias, TrainEachArgs, 0)                     \
    X(train_swiglu, TrainEachArgs, 0)                   \
    X(train_swiglu_back, TrainEachArgs, 0)              \
    X(train_silu_back, TrainEachArgs, 0)                \
    X(train_squares, TrainEachArgs, WARPS_SHARED)       \
    X(train_adamw, TrainAdamWArgs, 0)                   \
    X(train_norm, TrainNormArgs, WARPS_SHARED)          \
    X(train_norm_back, TrainNormArgs, WARPS_SHARED)     \
    X(train_columns, TrainColumnsArgs, COLUMNS_SHARED)  \
    X(train_rope, TrainRopeArgs, 0)                     \
    X(train_rows, TrainRowsArgs, 0)                     \
    X(train_rows_back, TrainRowsArgs, 0)                \
    X(train_loss, TrainLossArgs, WARPS_SHARED)          \
    X(train_smooth_l1, TrainSmoothL1Args, WARPS_SHARED) \
    X(train_convert, TrainConvertArgs, 0)               \
    X(train_heads, TrainHeadsArgs, 0)                   \
    X(train_later_dots, TrainLaterArgs, 0)              \
    X(train_later_mix, TrainLaterArgs, 0)               \
    X(train_later_back, TrainLaterArgs, 0)              \
    X(train_softmax, TrainSoftmaxArgs, WARPS_SHARED)    \
    X(train_softmax_back, TrainSoftmaxArgs, WARPS_SHARED)

#endif
