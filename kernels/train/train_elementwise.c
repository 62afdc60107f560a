/* train_elementwise.c - what training does element by element; see train_ops.h. */
#include <string.h>

#include "kernels/train/train_cpu.h"

enum { PIECE = 1 << 15 }; /* elements that a thread takes at a time */

/* Some of an operation's arguments, by the names that train_ops.h gives them. */
typedef struct EachJob {
    const float *x, *y;
    float *out, *out2;
    float factor;
    size_t count;
    double *sums;
} EachJob;

/* The part of `count` elements that piece i is: where, and how many. */
static size_t part_of(size_t count, int i, int *n)
{
    size_t at = (size_t)i * PIECE;
    *n = (int)(count - at < PIECE ? count - at : PIECE);
    return at;
}

static void swiglu_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    ops->isa->swiglu(job->x + at, job->y + at, n, job->out + at);
}

static void cpu_swiglu(TrainOps *ops, const float *gate, const float *up, size_t count, float *out)
{
    EachJob job = {.x = gate, .y = up, .out = out, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), swiglu_piece, &job);
}

static void swiglu_back_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    ops->isa->swiglu_back(job->out + at, job->out2 + at, job->x + at, n);
}

static void cpu_swiglu_back(TrainOps *ops, float *gate, float *up, const float *dout, size_t count)
{
    EachJob job = {.x = dout, .out = gate, .out2 = up, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), swiglu_back_piece, &job);
}

static void cpu_silu_add(TrainOps *ops, const float *x, size_t count, float *out)
{
    ops->kernels->silu_add(ops->kernels, x, count, out);
}

static void silu_add_back_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    ops->isa->silu_back(job->x + at, job->y + at, n, job->out + at);
}

static void cpu_silu_add_back(TrainOps *ops, const float *x, const float *dout, size_t count,
                              float *dx)
{
    EachJob job = {.x = x, .y = dout, .out = dx, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), silu_add_back_piece, &job);
}

static void zero_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)ops, (void)worker;
    memset(job->out + at, 0, (size_t)n * sizeof *job->out);
}

static void cpu_zero(TrainOps *ops, float *x, size_t count)
{
    EachJob job = {.out = x, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), zero_piece, &job);
}

static void add_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    ops->isa->add(job->out + at, job->x + at, n);
}

static void cpu_add(TrainOps *ops, float *to, const float *from, size_t count)
{
    EachJob job = {.x = from, .out = to, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), add_piece, &job);
}

static void scale_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)ops, (void)worker;
    for (int j = 0; j < n; j++)
        job->out[at + (size_t)j] *= job->factor;
}

static void cpu_scale(TrainOps *ops, float *x, float factor, size_t count)
{
    EachJob job = {.out = x, .factor = factor, .count = count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), scale_piece, &job);
}

static void squares_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const EachJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    job->sums[i] = (double)ops->isa->squares(job->x + at, n);
}

static double cpu_squares(TrainOps *ops, const float *x, size_t count)
{
    enum { SUMS = 512 };
    double sums[SUMS], total = 0;
    for (size_t at = 0; at < count; at += (size_t)SUMS * PIECE) {
        size_t left = count - at, part = left < (size_t)SUMS * PIECE ? left : (size_t)SUMS * PIECE;
        EachJob job = {.x = x + at, .count = part, .sums = sums};
        int pieces = pieces_of(part, PIECE);
        train_each(train_cpu_of(ops), pieces, squares_piece, &job);
        for (int i = 0; i < pieces; i++)
            total += sums[i];
    }
    return total;
}

typedef struct AdamWJob {
    const AdamW *adamw;
    float *weight, *gradient, *mean, *square;
    size_t count;
} AdamWJob;

static void adamw_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const AdamWJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    ops->isa->adamw(job->adamw, job->weight + at, job->gradient + at, job->mean + at,
                    job->square + at, n);
}

static void cpu_adamw(TrainOps *ops, const AdamW *adamw, float *weight, float *gradient,
                      float *mean, float *square, size_t count)
{
    AdamWJob job = {adamw, weight, gradient, mean, square, count};
    train_each(train_cpu_of(ops), pieces_of(count, PIECE), adamw_piece, &job);
}

void train_fill_elementwise(TrainOps *table)
{
    table->swiglu = cpu_swiglu;
    table->swiglu_back = cpu_swiglu_back;
    table->silu_add = cpu_silu_add;
    table->silu_add_back = cpu_silu_add_back;
    table->zero = cpu_zero;
    table->add = cpu_add;
    table->scale = cpu_scale;
    table->squares = cpu_squares;
    table->adamw = cpu_adamw;
}
