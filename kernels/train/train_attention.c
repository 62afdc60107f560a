/* train_attention.c - causal attention within sequences, and its gradient.
 *
 * For one key head of one sequence, and up to QUERIES rows of one of its query heads: scores = q
 * key^T -> softmax over the rows' own past -> weights value. The backward pass computes the weights
 * again instead of keeping them. Pieces of work are (sequence, key head): what they write is theirs
 * alone, and the gradients of keys and values are added up in one order.
 *
 * Of the steps after the first a row sees its own row alone, so these are no products of matrices:
 * their few scores stand behind the row's own past while softmax is taken, and apart else ("later").
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/train/train_cpu.h"

typedef struct Job {
    const float *q;
    int later;                              /* steps after the first */
    const float *const *key, *const *value; /* of each step */
    const Sequences *sequences;
    float *out;
    const float *dout; /* NULL = forward */
    float *dq;
    float *const *dkey, *const *dvalue;
    bool set; /* the gradients of keys and values, else they are added to */
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
    float *later, *dlater;     /* [QUERIES, TRAIN_STEPS_MAX] the same of later steps, from 0 on */
    char *packed;
} Part;

static int weights_width(const TrainShape *shape)
{
    return (shape->length + TRAIN_STEPS_MAX - 1 + 15) & ~15;
}

size_t train_attention_bytes(const TrainTile *tile, const TrainShape *shape)
{
    int width = weights_width(shape), dim = shape->head_dim;
    size_t most = 0, sizes[] = {product_alone_bytes(tile, QUERIES, width, dim),
                                product_alone_bytes(tile, QUERIES, dim, width),
                                product_alone_bytes(tile, width, dim, QUERIES)};
    for (int i = 0; i < 3; i++)
        most = sizes[i] > most ? sizes[i] : most;
    return 2 * QUERIES * (size_t)(width + TRAIN_STEPS_MAX) * sizeof(float) + most;
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

/* ---- later steps ---- */

/* Row i's among queries, and what it sees of a later step. */
static size_t row_at(const Part *p, int i)
{
    return p->q_at + (size_t)i * (size_t)p->q_stride;
}

static size_t seen_at(const Part *p, int i)
{
    return p->k_at + (size_t)(p->first + i) * (size_t)p->k_stride;
}

/* out[j] = row · key of later step j */
static void later_dots(const Part *p, int i, const float *rows, const float *const *key, float *out)
{
    for (int j = 0; j < p->job->later; j++)
        out[j] = p->ops->isa->dot(rows + row_at(p, i), key[j + 1] + seen_at(p, i),
                                  p->ops->shape.head_dim);
}

/* What stands behind `own` numbers goes apart; zeros, where others of the part see more. */
static void later_take(const Part *p, int i, float *row, int own, float *later)
{
    memcpy(later + i * TRAIN_STEPS_MAX, row + own, (size_t)p->job->later * sizeof *row);
    memset(row + own, 0, (size_t)(p->seen - own) * sizeof *row);
}

/* out += later key */
static void later_mix(const Part *p, const float *later, const float *const *key, float *out)
{
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->job->later; j++)
            p->ops->isa->add_scaled(out + row_at(p, i), key[j + 1] + seen_at(p, i),
                                    later[i * TRAIN_STEPS_MAX + j], p->ops->shape.head_dim);
    }
}

/* dkey += later rows */
static void later_back(const Part *p, const float *later, const float *rows, float *const *dkey)
{
    for (int i = 0; i < p->rows; i++) {
        for (int j = 0; j < p->job->later; j++)
            p->ops->isa->add_scaled(dkey[j + 1] + seen_at(p, i), rows + row_at(p, i),
                                    later[i * TRAIN_STEPS_MAX + j], p->ops->shape.head_dim);
    }
}

/* ---- all of them ---- */

/* weights = softmax(q key^T / sqrt(dim)), zero where a row does not see. */
static void weigh(const Part *p)
{
    const Job *job = p->job;
    int dim = p->ops->shape.head_dim;
    float scale = p->ops->shape.attention_scale;
    multiply(p, straight(job->q + p->q_at, p->q_stride),
             straight(job->key[0] + p->k_at, p->k_stride), p->rows, p->seen, dim, false, p->weights,
             p->width);
    for (int i = 0; i < p->rows; i++) {
        float *row = p->weights + (size_t)i * (size_t)p->width;
        int own = p->first + i + 1, all = own + job->later;
        later_dots(p, i, job->q, job->key, row + own);
        float sum = p->ops->cpu->isa->softmax(row, all, scale);
        p->ops->isa->multiply(row, 1 / sum, all);
        later_take(p, i, row, own, p->later);
    }
}

static void forward_part(const Part *p)
{
    const Job *job = p->job;
    weigh(p);
    multiply(p, straight(p->weights, p->width), turned(job->value[0] + p->k_at, p->k_stride),
             p->rows, p->ops->shape.head_dim, p->seen, false, job->out + p->q_at, p->q_stride);
    later_mix(p, p->later, job->value, job->out);
}

static void backward_part(const Part *p)
{
    const Job *job = p->job;
    int dim = p->ops->shape.head_dim;
    const float *dout = job->dout + p->q_at;
    weigh(p);
    multiply(p, straight(dout, p->q_stride), straight(job->value[0] + p->k_at, p->k_stride),
             p->rows, p->seen, dim, false, p->dweights, p->width);
    multiply(p, turned(p->weights, p->width), turned(dout, p->q_stride), p->seen, dim, p->rows,
             true, job->dvalue[0] + p->k_at, p->k_stride);
    for (int i = 0; i < p->rows; i++) {
        float *row = p->weights + (size_t)i * (size_t)p->width;
        float *drow = p->dweights + (size_t)i * (size_t)p->width;
        int own = p->first + i + 1;
        memcpy(row + own, p->later + i * TRAIN_STEPS_MAX, (size_t)job->later * sizeof *row);
        later_dots(p, i, job->dout, job->value, drow + own);
        p->ops->isa->softmax_back(row, drow, p->ops->shape.attention_scale, own + job->later);
        later_take(p, i, drow, own, p->dlater);
    }
    multiply(p, straight(p->dweights, p->width), turned(job->key[0] + p->k_at, p->k_stride),
             p->rows, dim, p->seen, false, job->dq + p->q_at, p->q_stride);
    multiply(p, turned(p->dweights, p->width), turned(job->q + p->q_at, p->q_stride), p->seen, dim,
             p->rows, true, job->dkey[0] + p->k_at, p->k_stride);
    later_mix(p, p->dlater, job->key, job->dq);
    later_back(p, p->later, job->dout, job->dvalue);
    later_back(p, p->dlater, job->q, job->dkey);
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
    part.later = part.dweights + QUERIES * (size_t)part.width;
    part.dlater = part.later + QUERIES * TRAIN_STEPS_MAX;
    part.packed = (char *)(part.dlater + QUERIES * TRAIN_STEPS_MAX);
    part.k_at = (size_t)start * (size_t)part.k_stride + (size_t)(head * dim);
    for (int j = 0; job->set && j < length; j++) {
        size_t at = part.k_at + (size_t)j * (size_t)part.k_stride;
        memset(job->dkey[0] + at, 0, (size_t)dim * sizeof(float));
        memset(job->dvalue[0] + at, 0, (size_t)dim * sizeof(float));
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

static void run(TrainOps *ops, const Job *job)
{
    TrainCpu *cpu = train_cpu_of(ops);
    assert(job->later >= 0 && job->later < TRAIN_STEPS_MAX);
    train_each(cpu, job->sequences->n * cpu->shape.kv_heads, head_piece, job);
}

static void cpu_attention_unrolled(TrainOps *ops, const float *q, int steps,
                                   const float *const *key, const float *const *value,
                                   const Sequences *sequences, float *out)
{
    Job job = {.q = q, .later = steps - 1, .key = key, .value = value, .sequences = sequences};
    job.out = out;
    run(ops, &job);
}

static void cpu_attention_unrolled_back(TrainOps *ops, const float *q, int steps,
                                        const float *const *key, const float *const *value,
                                        const Sequences *sequences, const float *dout, float *dq,
                                        float *const *dkey, float *const *dvalue)
{
    Job job = {.q = q, .later = steps - 1, .key = key, .value = value, .sequences = sequences};
    job.dout = dout, job.dq = dq, job.dkey = dkey, job.dvalue = dvalue;
    run(ops, &job);
}

static void cpu_attention(TrainOps *ops, const float *q, const float *key, const float *value,
                          const Sequences *sequences, float *out)
{
    cpu_attention_unrolled(ops, q, 1, &key, &value, sequences, out);
}

static void cpu_attention_back(TrainOps *ops, const float *q, const float *key, const float *value,
                               const Sequences *sequences, const float *dout, float *dq,
                               float *dkey, float *dvalue)
{
    Job job = {.q = q, .key = &key, .value = &value, .sequences = sequences, .set = true};
    job.dout = dout, job.dq = dq, job.dkey = &dkey, job.dvalue = &dvalue;
    run(ops, &job);
}

void train_fill_attention(TrainOps *table)
{
    table->attention = cpu_attention;
    table->attention_back = cpu_attention_back;
    table->attention_unrolled = cpu_attention_unrolled;
    table->attention_unrolled_back = cpu_attention_unrolled_back;
}
