/* train_attention.c - causal attention within sequences, and its gradient.
 *
 * For one key head of one sequence, and up to QUERIES rows of one of its query heads: scores = q
 * key^T -> softmax over the rows' own past -> weights value. The backward pass computes the weights
 * again instead of keeping them. Pieces of work are (sequence, key head): what they write is theirs
 * alone, and the gradients of keys and values are added up in one order.
 */
#include <math.h>
#include <string.h>

#include "kernels/train/train_cpu.h"

typedef struct Job {
    const float *q, *key, *value;
    const Sequences *sequences;
    float *out;
    const float *dout; /* NULL = forward */
    float *dq, *dkey, *dvalue;
} Job;

/* Some rows of one query head. */
typedef struct Part {
    const TrainCpu *ops;
    const Job *job;
    size_t q_at, k_at;         /* of the first row in q, and of the sequence's first in key */
    int q_stride, k_stride;    /* floats from row to row */
    int first, rows;           /* positions */
    int seen;                  /* keys that any of them sees */
    int width;                 /* of a row of weights */
    float *weights, *dweights; /* [QUERIES, width] */
    char *packed;
} Part;

static int weights_width(const TrainShape *shape)
{
    return (shape->length + 15) & ~15;
}

size_t train_attention_bytes(const TrainTile *tile, const TrainShape *shape)
{
    int width = weights_width(shape), dim = shape->head_dim;
    size_t most = 0, sizes[] = {product_alone_bytes(tile, QUERIES, width, dim),
                                product_alone_bytes(tile, QUERIES, dim, width),
                                product_alone_bytes(tile, width, dim, QUERIES)};
    for (int i = 0; i < 3; i++)
        most = sizes[i] > most ? sizes[i] : most;
    return 2 * QUERIES * (size_t)width * sizeof(float) + most;
}

static void multiply(const Part *p, Factor a, Factor b, int m, int n, int k, bool add, float *out,
                     int stride)
{
    Product product = {a, b, m, n, k, add, out, stride};
    product_alone(p->ops->tile, &product, p->packed);
}

static Factor straight(const float *data, int stride)
{
    return (Factor){.data = data, .stride = stride};
}

static Factor turned(const float *data, int stride)
{
    return (Factor){.data = data, .stride = stride, .turned = true};
}

/* weights = softmax(q key^T / sqrt(dim)), zero where a row does not see. */
static void weigh(const Part *p)
{
    const Job *job = p->job;
    int dim = p->ops->shape.head_dim;
    float scale = 1 / sqrtf((float)dim);
    multiply(p, straight(job->q + p->q_at, p->q_stride), straight(job->key + p->k_at, p->k_stride),
             p->rows, p->seen, dim, false, p->weights, p->width);
    for (int i = 0; i < p->rows; i++) {
        float *row = p->weights + (size_t)i * (size_t)p->width;
        int own = p->first + i + 1;
        float sum = p->ops->cpu->isa->softmax(row, own, scale);
        p->ops->isa->multiply(row, 1 / sum, own);
        memset(row + own, 0, (size_t)(p->seen - own) * sizeof *row);
    }
}

static void forward_part(const Part *p)
{
    const Job *job = p->job;
    weigh(p);
    multiply(p, straight(p->weights, p->width), turned(job->value + p->k_at, p->k_stride), p->rows,
             p->ops->shape.head_dim, p->seen, false, job->out + p->q_at, p->q_stride);
}

static void backward_part(const Part *p)
{
    const Job *job = p->job;
    int dim = p->ops->shape.head_dim;
    const float *dout = job->dout + p->q_at;
    weigh(p);
    multiply(p, straight(dout, p->q_stride), straight(job->value + p->k_at, p->k_stride), p->rows,
             p->seen, dim, false, p->dweights, p->width);
    multiply(p, turned(p->weights, p->width), turned(dout, p->q_stride), p->seen, dim, p->rows,
             true, job->dvalue + p->k_at, p->k_stride);
    for (int i = 0; i < p->rows; i++) {
        size_t at = (size_t)i * (size_t)p->width;
        p->ops->isa->softmax_back(p->weights + at, p->dweights + at, 1 / sqrtf((float)dim),
                                  p->seen);
    }
    multiply(p, straight(p->dweights, p->width), turned(job->key + p->k_at, p->k_stride), p->rows,
             dim, p->seen, false, job->dq + p->q_at, p->q_stride);
    multiply(p, turned(p->dweights, p->width), turned(job->q + p->q_at, p->q_stride), p->seen, dim,
             p->rows, true, job->dkey + p->k_at, p->k_stride);
}

static void head_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const Job *job = context;
    const TrainShape *shape = &ops->shape;
    int dim = shape->head_dim, group = shape->heads / shape->kv_heads;
    int sequence = i / shape->kv_heads, head = i % shape->kv_heads;
    int start = job->sequences->start[sequence],
        length = job->sequences->start[sequence + 1] - start;
    Part part = {.ops = ops,
                 .job = job,
                 .q_stride = shape->heads * dim,
                 .k_stride = shape->kv_heads * dim,
                 .width = weights_width(shape)};
    part.weights = (float *)(ops->own + (size_t)worker * ops->own_bytes);
    part.dweights = part.weights + QUERIES * (size_t)part.width;
    part.packed = (char *)(part.dweights + QUERIES * (size_t)part.width);
    part.k_at = (size_t)start * (size_t)part.k_stride + (size_t)(head * dim);
    for (int j = 0; job->dout && j < length; j++) {
        memset(job->dkey + part.k_at + (size_t)j * (size_t)part.k_stride, 0,
               (size_t)dim * sizeof(float));
        memset(job->dvalue + part.k_at + (size_t)j * (size_t)part.k_stride, 0,
               (size_t)dim * sizeof(float));
    }
    for (int h = head * group; h < (head + 1) * group; h++) {
        for (part.first = 0; part.first < length; part.first += QUERIES) {
            part.rows = length - part.first < QUERIES ? length - part.first : QUERIES;
            part.seen = part.first + part.rows;
            part.q_at = (size_t)(start + part.first) * (size_t)part.q_stride + (size_t)(h * dim);
            (job->dout ? backward_part : forward_part)(&part);
        }
    }
}

static void cpu_attention(TrainOps *ops, const float *q, const float *key, const float *value,
                          const Sequences *sequences, float *out)
{
    TrainCpu *cpu = train_cpu_of(ops);
    Job job = {.q = q, .key = key, .value = value, .sequences = sequences, .out = out};
    train_each(cpu, sequences->n * cpu->shape.kv_heads, head_piece, &job);
}

static void cpu_attention_back(TrainOps *ops, const float *q, const float *key, const float *value,
                               const Sequences *sequences, const float *dout, float *dq,
                               float *dkey, float *dvalue)
{
    TrainCpu *cpu = train_cpu_of(ops);
    Job job = {.q = q,
               .key = key,
               .value = value,
               .sequences = sequences,
               .dout = dout,
               .dq = dq,
               .dkey = dkey,
               .dvalue = dvalue};
    train_each(cpu, sequences->n * cpu->shape.kv_heads, head_piece, &job);
}

void train_fill_attention(TrainOps *table)
{
    table->attention = cpu_attention;
    table->attention_back = cpu_attention_back;
}
