/* train_ops.h - the arithmetic of training: one table of operations, beside that of kernels.h.
 *
 * What the forward pass of a trained layer and its backward pass need and inference does not:
 * products of float matrices (computed in bf16 where the machine has it), gradients of every
 * operation, the loss over logits, and the optimiser. The trainer (engine/train/trainer.h)
 * calls nothing else for arithmetic.
 *
 * Float buffers are in the backend's memory, as in kernels.h; arrays of int are in host memory.
 * Matrices are row-major without gaps unless a stride says otherwise. "_back" operations take the
 * gradient of what the forward operation gave and add to the gradients of what it took, unless they
 * say that they set them.
 *
 * Deterministic: threads split outputs, never a sum, so a result does not depend on their number.
 */
#ifndef S2D_KERNELS_TRAIN_TRAIN_OPS_H
#define S2D_KERNELS_TRAIN_TRAIN_OPS_H

#include "kernels/kernels.h"

enum {
    TRAIN_SHIFT_MAX = 8, /* of positions, see rope */
    TRAIN_STEPS_MAX = 8, /* of attention_unrolled */
};

typedef struct TrainOps TrainOps;

/* The rows of a batch are sequences of tokens, one after another. Sequence s has the rows start[s]
 * … start[s+1]-1, at positions 0, 1, …; none is longer than TrainShape.length. */
typedef struct Sequences {
    int n;
    const int *start; /* [n + 1] */
} Sequences;

/* What the layers have in common. */
typedef struct TrainShape {
    int heads, kv_heads, head_dim;
    float attention_scale; /* as in Attention */
    Rope rope;             /* its factors in host memory */
    int rows;              /* of the largest batch */
    int length;            /* tokens of the longest sequence */
} TrainShape;

/* A factor of a product: element (i, k) is data[i * stride + k], or data[k * stride + i] when
 * turned. */
typedef struct Factor {
    const void *data;
    int stride;
    bool turned;
    bool bf16; /* the elements are bf16 (uint16_t), else float */
} Factor;

typedef struct AdamW {
    float rate, beta1, beta2, epsilon, decay;
    float scale; /* of the gradient: 1, or less where it is clipped */
    int step;    /* 1, 2, … */
} AdamW;

struct TrainOps {
    Kernels *kernels;
    const char *precision; /* of products: "bf16", "bf16 by AMX", "bf16 by cuBLAS", "f32" */

    void (*close)(TrainOps *ops);

    /* Multiplications per second that no product of this precision can exceed, measured with all
     * threads for about 10 ms. */
    double (*peak)(TrainOps *ops);

    /* out(i, j) = or += sum over k of a(i, k) b(j, k); out: [m, n] with rows out_stride apart. */
    void (*product)(TrainOps *ops, Factor a, Factor b, int m, int n, int k, bool add, float *out,
                    int out_stride);

    /* x: [n, cols], n up to the rows of a batch times the heads. out = x / rms(x) * weight; back: dx, dweight (NULL = not wanted). */
    void (*norm)(TrainOps *ops, const float *x, const float *weight, float eps, int n, int cols,
                 float *out);
    void (*norm_back)(TrainOps *ops, const float *x, const float *weight, float eps, int n,
                      int cols, const float *dout, float *dx, float *dweight);

    /* x: [n, cols] += bias */
    void (*bias)(TrainOps *ops, float *x, const float *bias, int n, int cols);
    void (*bias_back)(TrainOps *ops, const float *dx, int n, int cols, float *dbias);

    /* Rotates x: [n, heads, head_dim] by its positions, each `shift` further on (0 …
     * TRAIN_SHIFT_MAX), in place; back: the gradient, in place. */
    void (*rope)(TrainOps *ops, float *x, const Sequences *sequences, int heads, int shift,
                 bool back);

    /* Causal attention within each sequence. q, out: [n, heads, head_dim]; key, value: [n,
     * kv_heads, head_dim]. back sets dq, dkey and dvalue. */
    void (*attention)(TrainOps *ops, const float *q, const float *key, const float *value,
                      const Sequences *sequences, float *out);
    void (*attention_back)(TrainOps *ops, const float *q, const float *key, const float *value,
                           const Sequences *sequences, const float *dout, float *dq, float *dkey,
                           float *dvalue);

    /* The same where a net has read its own results, step by step (EAGLE-3's training-time test,
     * arXiv 2503.01840): keys and values of 1 … TRAIN_STEPS_MAX steps. A row sees those of step 0 up
     * to its own place, and of the later steps its own row's alone; one softmax over all of them.
     * back sets dq and adds to each step's dkey and dvalue. */
    void (*attention_unrolled)(TrainOps *ops, const float *q, int steps, const float *const *key,
                               const float *const *value, const Sequences *sequences, float *out);
    void (*attention_unrolled_back)(TrainOps *ops, const float *q, int steps,
                                    const float *const *key, const float *const *value,
                                    const Sequences *sequences, const float *dout, float *dq,
                                    float *const *dkey, float *const *dvalue);

    /* out = silu(gate) * up; back turns gate and up into their gradients. All: [count]. */
    void (*swiglu)(TrainOps *ops, const float *gate, const float *up, size_t count, float *out);
    void (*swiglu_back)(TrainOps *ops, float *gate, float *up, const float *dout, size_t count);

    /* out += silu(x); back: dx = dout * silu'(x), set and not added to. All: [count]. */
    void (*silu_add)(TrainOps *ops, const float *x, size_t count, float *out);
    void (*silu_add_back)(TrainOps *ops, const float *x, const float *dout, size_t count,
                          float *dx);

    /* Rows of a table [.., cols]: out[i] = table[ids[i]]; back: dtable[ids[i]] += dout[i], i
     * ascending. */
    void (*rows)(TrainOps *ops, const void *table, bool bf16, const int *ids, int n, int cols,
                 float *out);
    void (*rows_back)(TrainOps *ops, const float *dout, const int *ids, int n, int cols,
                      float *dtable);

    /* Cross-entropy of each row of logits [n, vocab] to a distribution over `top` places: places,
     * weights: [n, top] in host memory. loss[i] (host) = sum of weights * (log sum exp - logit);
     * the logits become scale * its gradient. */
    void (*loss)(TrainOps *ops, float *logits, int n, int vocab, int top, const int *places,
                 const float *weights, float scale, float *loss);

    /* Huber's loss of each row of x [n, cols] to a target: the mean of d^2 / 2 where |d| < 1, else
     * |d| - 1/2, d = x - target. loss[i] (host); dx += scale * the gradient of the rows' sum. */
    void (*smooth_l1)(TrainOps *ops, const float *x, const float *target, int n, int cols,
                      float scale, float *loss, float *dx);

    void (*zero)(TrainOps *ops, float *x, size_t count);
    void (*add)(TrainOps *ops, float *to, const float *from, size_t count); /* to += from */
    double (*squares)(TrainOps *ops, const float *x, size_t count);         /* sum of x^2 */
    /* One step for `count` weights; mean, square: the running means of gradient and gradient^2. The
     * gradient is 0 afterwards. */
    void (*adamw)(TrainOps *ops, const AdamW *adamw, float *weight, float *gradient, float *mean,
                  float *square, size_t count);
};

/* Bytes that it takes of the memory of `kernels`. */
size_t train_bytes(const Kernels *kernels, const TrainShape *shape);

/* products: by the fastest means there are, or for tests without AMX, or in floats. EXIT_NODEVICE
 * where the backend cannot train. */
typedef enum TrainProducts { TRAIN_FASTEST, TRAIN_VECTORS, TRAIN_FLOATS } TrainProducts;
int train_open(TrainOps **ops, Kernels *kernels, const TrainShape *shape, TrainProducts products,
               Err *err);

/* train_cuda.c: the same where kernels are those of a CUDA device. */
size_t train_cuda_bytes(const TrainShape *shape, TrainProducts products);
int train_cuda_open(TrainOps **ops, Kernels *kernels, const TrainShape *shape,
                    TrainProducts products, Err *err);

/* For backends: [length + TRAIN_SHIFT_MAX][2][rope.dims / 2] cosines, then sines, of each position's
 * angles; how many floats that is. */
size_t train_angles_size(const TrainShape *shape);
void train_angles(const TrainShape *shape, float *angles);

/* The same: most rows of a norm, for heads may be normed each by itself. */
static inline size_t train_normed_rows(const TrainShape *shape)
{
    return (size_t)shape->rows * (size_t)shape->heads;
}

uint16_t bf16_of(float value); /* rounded to nearest even */
float bf16_float(uint16_t value);

#endif
