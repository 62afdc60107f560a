/* train_by_row.c - what training does row by row; see train_ops.h. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/train/train_cpu.h"

enum {
    PIECE = 1 << 15, /* elements that a thread takes at a time, about */
    COLS = 128,      /* columns, of sums over rows */
};

/* Some of an operation's arguments, by the names that train_ops.h gives them. */
typedef struct RowJob {
    const float *x, *y, *weight;
    const uint16_t *half;
    float *out, *out2;
    const Sequences *sequences;
    const int *ids;
    const float *weights;
    float *loss;
    float eps, scale;
    int n, cols, top, shift;
    bool back;
} RowJob;

/* Rows of a piece, so that it is about PIECE elements. */
static int rows_per_piece(int cols)
{
    return cols >= PIECE ? 1 : PIECE / cols;
}

static void each_rows(TrainCpu *ops, int n, int cols, TrainPiece *piece, const RowJob *job)
{
    train_each(ops, pieces_of((size_t)n, (size_t)rows_per_piece(cols)), piece, job);
}

#define FOR_ROWS(row, job, i)                                    \
    for (int row = (i)*rows_per_piece((job)->cols),              \
             end_ = row + rows_per_piece((job)->cols) < (job)->n \
                        ? row + rows_per_piece((job)->cols)      \
                        : (job)->n;                              \
         row < end_; row++)

static void norm_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        size_t at = (size_t)row * (size_t)job->cols;
        ops->cpu->isa->norm(job->x + at, job->weight, job->eps, job->cols, job->out + at);
    }
}

static void cpu_norm(TrainOps *ops, const float *x, const float *weight, float eps, int n, int cols,
                     float *out)
{
    RowJob job = {.x = x, .weight = weight, .eps = eps, .n = n, .cols = cols, .out = out};
    each_rows(train_cpu_of(ops), n, cols, norm_piece, &job);
}

static void norm_back_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        size_t at = (size_t)row * (size_t)job->cols;
        ops->row[row] = ops->isa->norm_back(job->x + at, job->weight, job->eps, job->cols,
                                            job->y + at, job->out ? job->out + at : NULL);
    }
}

static void norm_weight_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int col = i * COLS, cols = job->cols - col < COLS ? job->cols - col : COLS;
    (void)worker;
    for (int row = 0; row < job->n; row++) {
        size_t at = (size_t)row * (size_t)job->cols + (size_t)col;
        ops->isa->add_product(job->out2 + col, job->x + at, job->y + at, ops->row[row], cols);
    }
}

static void cpu_norm_back(TrainOps *ops, const float *x, const float *weight, float eps, int n,
                          int cols, const float *dout, float *dx, float *dweight)
{
    RowJob job = {.x = x, .y = dout, .weight = weight, .out = dx, .out2 = dweight};
    job.eps = eps, job.n = n, job.cols = cols;
    assert((size_t)n <= train_normed_rows(&train_cpu_of(ops)->shape));
    each_rows(train_cpu_of(ops), n, cols, norm_back_piece, &job);
    if (dweight)
        train_each(train_cpu_of(ops), pieces_of((size_t)cols, COLS), norm_weight_piece, &job);
}

static void bias_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        ops->isa->add(job->out + (size_t)row * (size_t)job->cols, job->x, job->cols);
    }
}

static void cpu_bias(TrainOps *ops, float *x, const float *bias, int n, int cols)
{
    RowJob job = {.x = bias, .out = x, .n = n, .cols = cols};
    each_rows(train_cpu_of(ops), n, cols, bias_piece, &job);
}

/* Sums over rows, by columns; with ids each row goes to one of its own. */
static void sum_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int col = i * COLS, cols = job->cols - col < COLS ? job->cols - col : COLS;
    (void)worker;
    for (int row = 0; row < job->n; row++) {
        size_t to = job->ids ? (size_t)job->ids[row] * (size_t)job->cols : 0;
        ops->isa->add(job->out + to + col, job->x + (size_t)row * (size_t)job->cols + col, cols);
    }
}

static void cpu_bias_back(TrainOps *ops, const float *dx, int n, int cols, float *dbias)
{
    RowJob job = {.x = dx, .out = dbias, .n = n, .cols = cols};
    train_each(train_cpu_of(ops), pieces_of((size_t)cols, COLS), sum_piece, &job);
}

static void cpu_rows_back(TrainOps *ops, const float *dout, const int *ids, int n, int cols,
                          float *dtable)
{
    RowJob job = {.x = dout, .out = dtable, .ids = ids, .n = n, .cols = cols};
    train_each(train_cpu_of(ops), pieces_of((size_t)cols, COLS), sum_piece, &job);
}

static void rows_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    size_t cols = (size_t)job->cols;
    (void)ops, (void)worker;
    FOR_ROWS(row, job, i)
    {
        float *out = job->out + (size_t)row * cols;
        size_t from = (size_t)job->ids[row] * cols;
        if (job->x)
            memcpy(out, job->x + from, cols * sizeof *out);
        for (size_t c = 0; !job->x && c < cols; c++)
            out[c] = bf16_float(job->half[from + c]);
    }
}

static void cpu_rows(TrainOps *ops, const void *table, bool bf16, const int *ids, int n, int cols,
                     float *out)
{
    RowJob job = {.out = out, .ids = ids, .n = n, .cols = cols};
    if (bf16)
        job.half = table;
    else
        job.x = table;
    each_rows(train_cpu_of(ops), n, cols, rows_piece, &job);
}

/* Pairs as in Kernels.rope; back turns the other way (and scales the same). */
static void rope_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    const Rope *rope = &ops->shape.rope;
    int pairs = rope->dims / 2, step = rope->neox ? pairs : 1;
    int start = job->sequences->start[i];
    (void)worker;
    for (int row = start; row < job->sequences->start[i + 1]; row++) {
        const float *cosine = ops->angles + (size_t)(row - start + job->shift) * 2 * (size_t)pairs;
        const float *sine = cosine + pairs;
        float *x = job->out + (size_t)row * (size_t)job->cols;
        for (int at = 0; at < job->cols; at += ops->shape.head_dim) {
            for (int p = 0; p < pairs; p++) {
                float *a = x + at + (rope->neox ? p : 2 * p), *b = a + step;
                float s = job->back ? -sine[p] : sine[p], first = *a;
                *a = first * cosine[p] - *b * s;
                *b = first * s + *b * cosine[p];
            }
        }
    }
}

static void cpu_rope(TrainOps *ops, float *x, const Sequences *sequences, int heads, int shift,
                     bool back)
{
    TrainCpu *cpu = train_cpu_of(ops);
    assert(shift >= 0 && shift <= TRAIN_SHIFT_MAX);
    RowJob job = {.out = x, .sequences = sequences, .cols = heads * cpu->shape.head_dim};
    job.shift = shift, job.back = back;
    train_each(cpu, sequences->n, rope_piece, &job);
}

static void loss_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    const Isa *isa = ops->cpu->isa;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        float *logits = job->out + (size_t)row * (size_t)job->cols;
        const int *places = job->ids + (size_t)row * (size_t)job->top;
        const float *weights = job->weights + (size_t)row * (size_t)job->top;
        float max = isa->max(logits, job->cols), sum = isa->sum_exp(logits, job->cols, max);
        float log_sum = max + logf(sum), total = 0, loss = 0;
        for (int t = 0; t < job->top; t++) {
            total += weights[t];
            loss += weights[t] * (log_sum - logits[places[t]]);
        }
        job->loss[row] = loss;
        ops->isa->exp_scaled(logits, job->cols, max, job->scale * total / sum);
        for (int t = 0; t < job->top; t++)
            logits[places[t]] -= job->scale * weights[t];
    }
}

static void cpu_loss(TrainOps *ops, float *logits, int n, int vocab, int top, const int *places,
                     const float *weights, float scale, float *loss)
{
    RowJob job = {.out = logits, .n = n, .cols = vocab, .top = top, .ids = places};
    job.weights = weights, job.scale = scale, job.loss = loss;
    each_rows(train_cpu_of(ops), n, vocab, loss_piece, &job);
}

static void smooth_l1_piece(TrainCpu *ops, const void *context, int i, int worker)
{
    const RowJob *job = context;
    float cols = (float)job->cols;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        size_t at = (size_t)row * (size_t)job->cols;
        job->loss[row] = ops->isa->smooth_l1(job->x + at, job->y + at, job->cols, job->scale / cols,
                                             job->out + at) /
                         cols;
    }
}

static void cpu_smooth_l1(TrainOps *ops, const float *x, const float *target, int n, int cols,
                          float scale, float *loss, float *dx)
{
    RowJob job = {.x = x, .y = target, .out = dx, .n = n, .cols = cols};
    job.scale = scale, job.loss = loss;
    each_rows(train_cpu_of(ops), n, cols, smooth_l1_piece, &job);
}

void train_fill_rows(TrainOps *table)
{
    table->norm = cpu_norm;
    table->norm_back = cpu_norm_back;
    table->bias = cpu_bias;
    table->bias_back = cpu_bias_back;
    table->rope = cpu_rope;
    table->rows = cpu_rows;
    table->rows_back = cpu_rows_back;
    table->loss = cpu_loss;
    table->smooth_l1 = cpu_smooth_l1;
}
