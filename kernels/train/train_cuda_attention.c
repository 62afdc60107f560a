/* train_cuda_attention.c - causal attention within sequences, and its gradient, on a CUDA device.
 *
 * As in train_attention.c: scores = q key^T -> softmax over the rows' own past -> weights value, up
 * to TRAIN_QUERIES positions of a sequence at a time; the backward pass computes the weights again.
 * Queries and results lie together for each key head ("stacked", see TrainHeadsArgs): all heads of
 * its group are the rows of one product, key heads are its batch, and the gradients of keys and
 * values are sums within it.
 */
#include <assert.h>
#include <math.h>

#include "kernels/train/train_cuda.h"

/* Some positions of a sequence. */
typedef struct Piece {
    TrainCuda *ops;
    int total;       /* rows of all sequences */
    int group;       /* query heads of a key head */
    int start;       /* the sequence's first row */
    int first, seen; /* positions from `first` to before `seen` */
    int rows;        /* stacked */
    int width;       /* of a row of weights */
    const void *key, *value;
    float *dkey, *dvalue; /* NULL = forward */
} Piece;

static const void *number_at(const TrainCuda *l, const void *base, size_t at)
{
    return (const char *)base + at * (l->bf16 ? sizeof(uint16_t) : sizeof(float));
}

/* Where the piece is in what is stacked. */
static size_t stacked_at(const Piece *p)
{
    return (size_t)(p->start + p->first) * (size_t)(p->group * p->ops->shape.head_dim);
}

/* Factors; (i, k) of each is (row, dimension), or (row, key) of weights, unless turned. */
static GpuFactor of_stacked(const Piece *p, const void *base, bool turned)
{
    int dim = p->ops->shape.head_dim;
    return (GpuFactor){.data = number_at(p->ops, base, stacked_at(p)),
                       .stride = dim,
                       .turned = turned,
                       .step = (int64_t)p->total * p->group * dim};
}

static GpuFactor of_keys(const Piece *p, const void *base, bool turned)
{
    int dim = p->ops->shape.head_dim, stride = p->ops->shape.kv_heads * dim;
    return (GpuFactor){.data = number_at(p->ops, base, (size_t)p->start * (size_t)stride),
                       .stride = stride,
                       .turned = turned,
                       .step = dim};
}

static GpuFactor of_weights(const Piece *p, const void *typed, bool turned)
{
    return (GpuFactor){
        .data = typed, .stride = p->width, .turned = turned, .step = (int64_t)p->rows * p->width};
}

static GpuProduct product_of(const Piece *p, GpuFactor a, GpuFactor b, int m, int n, int k)
{
    return (GpuProduct){.a = a,
                        .b = b,
                        .m = m,
                        .n = n,
                        .k = k,
                        .batch = p->ops->shape.kv_heads,
                        .bf16 = p->ops->bf16};
}

/* out: [kv_heads, rows, width] = a b^T over the dimensions */
static void to_weights(const Piece *p, const void *stacked, const void *keys, float *out)
{
    GpuProduct product = product_of(p, of_stacked(p, stacked, false), of_keys(p, keys, false),
                                    p->rows, p->seen, p->ops->shape.head_dim);
    product.out = out;
    product.stride = p->width;
    product.step = (int64_t)p->rows * p->width;
    train_cuda_multiply(p->ops, &product);
}

/* ops->stacked = weights keys */
static void to_stacked(const Piece *p, const void *weights, const void *keys)
{
    int dim = p->ops->shape.head_dim;
    GpuProduct product =
        product_of(p, of_weights(p, weights, false), of_keys(p, keys, true), p->rows, dim, p->seen);
    product.out = p->ops->stacked + stacked_at(p);
    product.stride = dim;
    product.step = (int64_t)p->total * p->group * dim;
    train_cuda_multiply(p->ops, &product);
}

/* out: [total, kv_heads, dim] += weights^T stacked, over all rows of the piece */
static void to_keys(const Piece *p, const void *weights, const void *stacked, float *out)
{
    int dim = p->ops->shape.head_dim;
    GpuProduct product = product_of(p, of_weights(p, weights, true), of_stacked(p, stacked, true),
                                    p->seen, dim, p->rows);
    product.stride = p->ops->shape.kv_heads * dim;
    product.out = out + (size_t)p->start * (size_t)product.stride;
    product.step = dim;
    product.add = true;
    train_cuda_multiply(p->ops, &product);
}

static void run_softmax(const Piece *p, KernelId kernel)
{
    TrainCuda *l = p->ops;
    TrainSoftmaxArgs args = {.weights = l->weights,
                             .dweights = l->dweights,
                             .scale = 1 / sqrtf((float)l->shape.head_dim),
                             .rows = p->rows,
                             .group = p->group,
                             .width = p->width,
                             .first = p->first,
                             .seen = p->seen};
    train_cuda_run(l, kernel, p->rows, l->shape.kv_heads, &args, sizeof args);
}

/* Weights or their gradient for a product. */
static const void *typed_weights(const Piece *p, const float *weights)
{
    int stride = p->width;
    return train_cuda_typed(p->ops, weights, false, p->ops->shape.kv_heads * p->rows, p->seen,
                            &stride, p->ops->typed, p->width);
}

static void forward_piece(const Piece *p)
{
    TrainCuda *l = p->ops;
    to_weights(p, l->q, p->key, l->weights);
    run_softmax(p, KERNEL_train_softmax);
    to_stacked(p, typed_weights(p, l->weights), p->value);
}

static void backward_piece(const Piece *p)
{
    TrainCuda *l = p->ops;
    to_weights(p, l->q, p->key, l->weights);
    run_softmax(p, KERNEL_train_softmax);
    to_weights(p, l->dout, p->value, l->dweights);
    to_keys(p, typed_weights(p, l->weights), l->dout, p->dvalue);
    run_softmax(p, KERNEL_train_softmax_back);
    const void *dweights = typed_weights(p, l->dweights);
    to_stacked(p, dweights, p->key);
    to_keys(p, dweights, l->q, p->dkey);
}

/* Rows of heads to stacked ones in the products' type, or back. */
static void run_heads(const Piece *p, const float *from, void *to, bool back)
{
    TrainCuda *l = p->ops;
    TrainHeadsArgs args = {.from = from,
                           .to = to,
                           .n = p->total,
                           .kv_heads = l->shape.kv_heads,
                           .group = p->group,
                           .dim = l->shape.head_dim,
                           .bf16 = l->bf16 && !back,
                           .back = back};
    train_cuda_run(l, KERNEL_train_heads, p->total, 1, &args, sizeof args);
}

/* What all pieces have in common. */
static Piece piece_open(TrainOps *ops, const Sequences *sequences, const float *q, const float *key,
                        const float *value)
{
    TrainCuda *l = train_cuda_of(ops);
    int width = l->shape.kv_heads * l->shape.head_dim, stride = width;
    Piece p = {.ops = l,
               .total = sequences->start[sequences->n],
               .group = l->shape.heads / l->shape.kv_heads,
               .width = train_cuda_width(&l->shape)};
    assert(p.total <= l->shape.rows);
    run_heads(&p, q, l->q, false);
    p.key = train_cuda_typed(l, key, false, p.total, width, &stride, l->key, width);
    p.value = train_cuda_typed(l, value, false, p.total, width, &stride, l->value, width);
    return p;
}

static void run_pieces(Piece *p, const Sequences *sequences)
{
    for (int s = 0; s < sequences->n; s++) {
        p->start = sequences->start[s];
        int length = sequences->start[s + 1] - p->start;
        for (p->first = 0; p->first < length; p->first = p->seen) {
            int left = length - p->first, positions = left < TRAIN_QUERIES ? left : TRAIN_QUERIES;
            p->seen = p->first + positions;
            p->rows = positions * p->group;
            (p->dkey ? backward_piece : forward_piece)(p);
        }
    }
}

static void cuda_attention_forward(TrainOps *ops, const float *q, const float *key,
                                   const float *value, const Sequences *sequences, float *out)
{
    Piece p = piece_open(ops, sequences, q, key, value);
    run_pieces(&p, sequences);
    run_heads(&p, p.ops->stacked, out, true);
}

static void cuda_attention_back(TrainOps *ops, const float *q, const float *key, const float *value,
                                const Sequences *sequences, const float *dout, float *dq,
                                float *dkey, float *dvalue)
{
    Piece p = piece_open(ops, sequences, q, key, value);
    size_t count = (size_t)p.total * (size_t)(p.ops->shape.kv_heads * p.ops->shape.head_dim);
    run_heads(&p, dout, p.ops->dout, false);
    ops->zero(ops, dkey, count);
    ops->zero(ops, dvalue, count);
    p.dkey = dkey;
    p.dvalue = dvalue;
    run_pieces(&p, sequences);
    run_heads(&p, p.ops->stacked, dq, true);
}

void train_cuda_fill_attention(TrainOps *table)
{
    table->attention = cuda_attention_forward;
    table->attention_back = cuda_attention_back;
}
