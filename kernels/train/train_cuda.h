/* train_cuda.h - what the files of training on a CUDA device share; the engine sees train_ops.h
 * only.
 *
 *   train_cuda.c            opens it, memory, products of matrices
 *   train_cuda_run.c        commands to the device
 *   train_cuda_rows.c       what is done row by row or element by element
 *   train_cuda_attention.c  attention and its gradient
 *   cuda_train_rows.h, cuda_train_attention.h   their kernels
 *
 * Operations are sent off one by one as they come, and never kept as graphs: a step's batch has
 * other numbers of rows than the one before.
 */
#ifndef S2D_KERNELS_TRAIN_TRAIN_CUDA_H
#define S2D_KERNELS_TRAIN_TRAIN_CUDA_H

#include "kernels/cuda/cuda.h"
#include "kernels/train/train_ops.h"

enum {
    TRAIN_QUERIES = 128,  /* positions of attention that are computed together */
    TRAIN_IDS = 1 << 15,  /* ids, and weights of a loss, that are sent at once */
    TRAIN_ROOM = 1 << 24, /* elements of a factor that change their type at once */
    TRAIN_K_MIN = 256,    /* that a product's sums are at least cut into */
};

typedef struct TrainCuda {
    TrainOps table; /* first: a TrainOps * is a TrainCuda * */
    Cuda *cuda;
    TrainShape shape;
    bool bf16;       /* what products take, else floats */
    size_t room;     /* TRAIN_ROOM; tests have less */
    char *memory;    /* all of the below, on the device */
    float *angles;   /* see train_angles */
    float *inverse;  /* [rows] of norm_back */
    int *ids;        /* [TRAIN_IDS] */
    float *values;   /* [TRAIN_IDS] weights of a loss */
    float *results;  /* [TRAIN_IDS] on their way back */
    void *factor[2]; /* [room] of products, in their type */
    /* Attention: in the products' type, and floats. */
    void *q, *dout;            /* [kv_heads, rows, group, dim] */
    void *key, *value;         /* [rows, kv_heads, dim] */
    void *typed;               /* [heads, TRAIN_QUERIES, width] weights or dweights */
    float *weights, *dweights; /* the same */
    float *stacked;            /* as q: results */
    float *later, *dlater;     /* [rows, heads, TRAIN_LATER] weights of later steps */
} TrainCuda;

static inline TrainCuda *train_cuda_of(TrainOps *ops)
{
    return (TrainCuda *)ops;
}

/* Of a row of attention's weights: TrainShape.length, rounded up. */
int train_cuda_width(const TrainShape *shape);

/* Runs a kernel on a grid of x times y blocks, after all that was asked for before. */
void train_cuda_run(TrainCuda *ops, KernelId kernel, int64_t x, int y, const void *args,
                    size_t bytes);
/* The same for a product. */
void train_cuda_multiply(TrainCuda *ops, const GpuProduct *product);
/* Rows of `cols` numbers in the products' type: `from` itself where it is that already, else they
 * are put to `to`, and *stride becomes to_stride. */
const void *train_cuda_typed(TrainCuda *ops, const void *from, bool bf16, int rows, int cols,
                             int *stride, void *to, int to_stride);

/* Puts the operations of train_cuda_rows.c and train_cuda_attention.c into the table. */
void train_cuda_fill_rows(TrainOps *table);
void train_cuda_fill_attention(TrainOps *table);

#endif
