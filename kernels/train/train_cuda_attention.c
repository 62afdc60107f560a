/* train_cuda_attention.c - causal attention within sequences, and its gradient, on a CUDA device.
 *
 * As in train_attention.c: scores = q key^T -> softmax over the rows' own past -> weights value, up
 * to TRAIN_QUERIES positions of a sequence at a time; the backward pass computes the weights again.
 * Queries and results lie together for each key head ("stacked", see TrainHeadsArgs): all heads of
 * its group are the rows of one product, key heads are its batch, and the gradients of keys and
 * values are sums within it.
 *
 * Of the steps after the first a row sees its own row alone: these are done for all rows at once, in
 * floats, before and after the pieces; only softmax is over both.
 */
#include <assert.h>
#include <math.h>

#include "kernels/train/train_cuda.h"

_Static_assert(TRAIN_LATER == TRAIN_STEPS_MAX - 1, "later steps");

/* Some positions of a sequence. */
typedef struct Piece {
    TrainCuda *ops;
    int total;       /* rows of all sequences */
    int group;       /* query heads of a key head */
    int start;       /* the sequence's first row */
    int first, seen; /* positions from `first` to before `seen` */
    int rows;        /* stacked */
    int width;       /* of a row of weights */
    int later;       /* steps after the first */
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
                             .later = l->later,
                             .dlater = l->dlater,
                             .scale = l->shape.attention_scale,
                             .rows = p->rows,
                             .group = p->group,
                             .width = p->width,
                             .first = p->first,
                             .seen = p->seen,
                             .row = p->start + p->first,
                             .heads = l->shape.heads,
                             .steps = p->later};
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

/* A kernel of the later steps, for all rows. key, dkey: of all steps, or NULL */
static void run_later(const Piece *p, KernelId kernel, float *later, const float *rows,
                      const float *const *key, float *const *dkey, float *out)
{
    const TrainShape *shape = &p->ops->shape;
    TrainLaterArgs args = {.rows = rows,
                           .later = later,
                           .out = out,
                           .heads = shape->heads,
                           .group = p->group,
                           .dim = shape->head_dim,
                           .steps = p->later};
    for (int j = 0; j < p->later; j++) {
        args.key[j] = key ? key[j + 1] : NULL;
        args.dkey[j] = dkey ? dkey[j + 1] : NULL;
    }
    if (p->later > 0)
        train_cuda_run(p->ops, kernel, p->total, 1, &args, sizeof args);
}

/* What all pieces have in common. */
static Piece piece_open(TrainOps *ops, int steps, const Sequences *sequences, const float *q,
                        const float *key, const float *value)
{
    TrainCuda *l = train_cuda_of(ops);
    int width = l->shape.kv_heads * l->shape.head_dim, stride = width;
    Piece p = {.ops = l,
               .total = sequences->start[sequences->n],
               .group = l->shape.heads / l->shape.kv_heads,
               .width = train_cuda_width(&l->shape),
               .later = steps - 1};
    assert(p.total <= l->shape.rows && steps >= 1 && steps <= TRAIN_STEPS_MAX);
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

static void cuda_attention_unrolled(TrainOps *ops, const float *q, int steps,
                                    const float *const *key, const float *const *value,
                                    const Sequences *sequences, float *out)
{
    Piece p = piece_open(ops, steps, sequences, q, key[0], value[0]);
    run_later(&p, KERNEL_train_later_dots, p.ops->later, q, key, NULL, NULL);
    run_pieces(&p, sequences);
    run_heads(&p, p.ops->stacked, out, true);
    run_later(&p, KERNEL_train_later_mix, p.ops->later, NULL, value, NULL, out);
}

static void cuda_attention_unrolled_back(TrainOps *ops, const float *q, int steps,
                                         const float *const *key, const float *const *value,
                                         const Sequences *sequences, const float *dout, float *dq,
                                         float *const *dkey, float *const *dvalue)
{
    Piece p = piece_open(ops, steps, sequences, q, key[0], value[0]);
    TrainCuda *l = p.ops;
    run_heads(&p, dout, l->dout, false);
    run_later(&p, KERNEL_train_later_dots, l->later, q, key, NULL, NULL);
    run_later(&p, KERNEL_train_later_dots, l->dlater, dout, value, NULL, NULL);
    p.dkey = dkey[0];
    p.dvalue = dvalue[0];
    run_pieces(&p, sequences);
    run_heads(&p, l->stacked, dq, true);
    run_later(&p, KERNEL_train_later_mix, l->dlater, NULL, key, NULL, dq);
    run_later(&p, KERNEL_train_later_back, l->later, dout, NULL, dvalue, NULL);
    run_later(&p, KERNEL_train_later_back, l->dlater, q, NULL, dkey, NULL);
}

static void cuda_attention_forward(TrainOps *ops, const float *q, const float *key,
                                   const float *value, const Sequences *sequences, float *out)
{
    cuda_attention_unrolled(ops, q, 1, &key, &value, sequences, out);
}

static void cuda_attention_back(TrainOps *ops, const float *q, const float *key, const float *value,
                                const Sequences *sequences, const float *dout, float *dq,
                                float *dkey, float *dvalue)
{
    const TrainShape *shape = &train_cuda_of(ops)->shape;
    size_t rows = (size_t)sequences->start[sequences->n];
    size_t count = rows * (size_t)(shape->kv_heads * shape->head_dim);
    ops->zero(ops, dkey, count);
    ops->zero(ops, dvalue, count);
    cuda_attention_unrolled_back(ops, q, 1, &key, &value, sequences, dout, dq, &dkey, &dvalue);
}

void train_cuda_fill_attention(TrainOps *table)
{
    table->attention = cuda_attention_forward;
    table->attention_back = cuda_attention_back;
    table->attention_unrolled = cuda_attention_unrolled;
    table->attention_unrolled_back = cuda_attention_unrolled_back;
}
