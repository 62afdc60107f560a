/* learn.c - training on the CPU: opens it, and what is done row by row; see learn.h. */
#include "learn.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "learn_cpu.h"

enum {
    PIECE = 1 << 15, /* elements that a thread takes at a time */
    COLS = 128,      /* columns, of sums over rows */
};

typedef struct Each {
    LearnCpu *learn;
    LearnPiece *piece;
    const void *job;
    int pieces;
    atomic_int next;
} Each;

static void each_work(void *context, int worker)
{
    Each *e = context;
    for (int i; (i = atomic_fetch_add_explicit(&e->next, 1, memory_order_relaxed)) < e->pieces;)
        e->piece(e->learn, e->job, i, worker);
}

void learn_each(LearnCpu *learn, int pieces, LearnPiece *piece, const void *job)
{
    Each each = {learn, piece, job, pieces, 0};
    if (pieces > 1)
        pool_run(learn->cpu->pool, each_work, &each);
    else
        each_work(&each, 0);
}

/* Some of a row operation's arguments, by the names that learn.h gives them. */
typedef struct RowJob {
    const float *x, *y, *weight;
    const uint16_t *half;
    float *out, *out2;
    const Sequences *sequences;
    const int *ids;
    const float *weights;
    float *loss;
    float eps, scale;
    int n, cols, top;
    size_t count;
    bool back;
    double *sums;
} RowJob;

/* Rows of a piece, so that it is about PIECE elements. */
static int rows_per_piece(int cols)
{
    return cols >= PIECE ? 1 : PIECE / cols;
}

static void each_rows(LearnCpu *learn, int n, int cols, LearnPiece *piece, const RowJob *job)
{
    learn_each(learn, pieces_of((size_t)n, (size_t)rows_per_piece(cols)), piece, job);
}

#define FOR_ROWS(row, job, i)                                    \
    for (int row = (i)*rows_per_piece((job)->cols),              \
             end_ = row + rows_per_piece((job)->cols) < (job)->n \
                        ? row + rows_per_piece((job)->cols)      \
                        : (job)->n;                              \
         row < end_; row++)

/* The part of `count` elements that piece i is: where, and how many. */
static size_t part_of(size_t count, int i, int *n)
{
    size_t at = (size_t)i * PIECE;
    *n = (int)(count - at < PIECE ? count - at : PIECE);
    return at;
}

static void norm_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        size_t at = (size_t)row * (size_t)job->cols;
        learn->cpu->isa->norm(job->x + at, job->weight, job->eps, job->cols, job->out + at);
    }
}

static void cpu_norm(Learn *learn, const float *x, const float *weight, float eps, int n, int cols,
                     float *out)
{
    RowJob job = {.x = x, .weight = weight, .eps = eps, .n = n, .cols = cols, .out = out};
    each_rows(learn_cpu_of(learn), n, cols, norm_piece, &job);
}

static void norm_back_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        size_t at = (size_t)row * (size_t)job->cols;
        learn->row[row] = learn->isa->norm_back(job->x + at, job->weight, job->eps, job->cols,
                                                job->y + at, job->out ? job->out + at : NULL);
    }
}

static void norm_weight_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int col = i * COLS, cols = job->cols - col < COLS ? job->cols - col : COLS;
    (void)worker;
    for (int row = 0; row < job->n; row++) {
        size_t at = (size_t)row * (size_t)job->cols + (size_t)col;
        learn->isa->add_product(job->out2 + col, job->x + at, job->y + at, learn->row[row], cols);
    }
}

static void cpu_norm_back(Learn *learn, const float *x, const float *weight, float eps, int n,
                          int cols, const float *dout, float *dx, float *dweight)
{
    RowJob job = {.x = x, .y = dout, .weight = weight, .out = dx, .out2 = dweight};
    job.eps = eps, job.n = n, job.cols = cols;
    assert(n <= learn_cpu_of(learn)->shape.rows);
    each_rows(learn_cpu_of(learn), n, cols, norm_back_piece, &job);
    if (dweight)
        learn_each(learn_cpu_of(learn), pieces_of((size_t)cols, COLS), norm_weight_piece, &job);
}

static void bias_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    (void)worker;
    FOR_ROWS(row, job, i)
    {
        learn->isa->add(job->out + (size_t)row * (size_t)job->cols, job->x, job->cols);
    }
}

static void cpu_bias(Learn *learn, float *x, const float *bias, int n, int cols)
{
    RowJob job = {.x = bias, .out = x, .n = n, .cols = cols};
    each_rows(learn_cpu_of(learn), n, cols, bias_piece, &job);
}

/* Sums over rows, by columns; with ids each row goes to one of its own. */
static void sum_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int col = i * COLS, cols = job->cols - col < COLS ? job->cols - col : COLS;
    (void)worker;
    for (int row = 0; row < job->n; row++) {
        size_t to = job->ids ? (size_t)job->ids[row] * (size_t)job->cols : 0;
        learn->isa->add(job->out + to + col, job->x + (size_t)row * (size_t)job->cols + col, cols);
    }
}

static void cpu_bias_back(Learn *learn, const float *dx, int n, int cols, float *dbias)
{
    RowJob job = {.x = dx, .out = dbias, .n = n, .cols = cols};
    learn_each(learn_cpu_of(learn), pieces_of((size_t)cols, COLS), sum_piece, &job);
}

static void cpu_rows_back(Learn *learn, const float *dout, const int *ids, int n, int cols,
                          float *dtable)
{
    RowJob job = {.x = dout, .out = dtable, .ids = ids, .n = n, .cols = cols};
    learn_each(learn_cpu_of(learn), pieces_of((size_t)cols, COLS), sum_piece, &job);
}

static void rows_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    size_t cols = (size_t)job->cols;
    (void)learn, (void)worker;
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

static void cpu_rows(Learn *learn, const void *table, bool bf16, const int *ids, int n, int cols,
                     float *out)
{
    RowJob job = {.out = out, .ids = ids, .n = n, .cols = cols};
    if (bf16)
        job.half = table;
    else
        job.x = table;
    each_rows(learn_cpu_of(learn), n, cols, rows_piece, &job);
}

/* Pairs as in Kernels.rope; back turns the other way. */
static void rope_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int pairs = learn->shape.head_dim / 2, step = learn->shape.rope_neox ? pairs : 1;
    int start = job->sequences->start[i];
    (void)worker;
    for (int row = start; row < job->sequences->start[i + 1]; row++) {
        const float *cosine = learn->angles + (size_t)(row - start) * 2 * (size_t)pairs;
        const float *sine = cosine + pairs;
        float *x = job->out + (size_t)row * (size_t)job->cols;
        for (int at = 0; at < job->cols; at += 2 * pairs) {
            for (int p = 0; p < pairs; p++) {
                float *a = x + at + (learn->shape.rope_neox ? p : 2 * p), *b = a + step;
                float s = job->back ? -sine[p] : sine[p], first = *a;
                *a = first * cosine[p] - *b * s;
                *b = first * s + *b * cosine[p];
            }
        }
    }
}

static void cpu_rope(Learn *learn, float *x, const Sequences *sequences, int heads, bool back)
{
    LearnCpu *cpu = learn_cpu_of(learn);
    RowJob job = {.out = x, .sequences = sequences, .cols = heads * cpu->shape.head_dim};
    job.back = back;
    learn_each(cpu, sequences->n, rope_piece, &job);
}

static void swiglu_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    learn->isa->swiglu(job->x + at, job->y + at, n, job->out + at);
}

static void cpu_swiglu(Learn *learn, const float *gate, const float *up, size_t count, float *out)
{
    RowJob job = {.x = gate, .y = up, .out = out, .count = count};
    learn_each(learn_cpu_of(learn), pieces_of(count, PIECE), swiglu_piece, &job);
}

static void swiglu_back_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    learn->isa->swiglu_back(job->out + at, job->out2 + at, job->x + at, n);
}

static void cpu_swiglu_back(Learn *learn, float *gate, float *up, const float *dout, size_t count)
{
    RowJob job = {.x = dout, .out = gate, .out2 = up, .count = count};
    learn_each(learn_cpu_of(learn), pieces_of(count, PIECE), swiglu_back_piece, &job);
}

static void loss_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    const Isa *isa = learn->cpu->isa;
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
        learn->isa->exp_scaled(logits, job->cols, max, job->scale * total / sum);
        for (int t = 0; t < job->top; t++)
            logits[places[t]] -= job->scale * weights[t];
    }
}

static void cpu_loss(Learn *learn, float *logits, int n, int vocab, int top, const int *places,
                     const float *weights, float scale, float *loss)
{
    RowJob job = {.out = logits, .n = n, .cols = vocab, .top = top, .ids = places};
    job.weights = weights, job.scale = scale, job.loss = loss;
    each_rows(learn_cpu_of(learn), n, vocab, loss_piece, &job);
}

static void zero_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)learn, (void)worker;
    memset(job->out + at, 0, (size_t)n * sizeof *job->out);
}

static void cpu_zero(Learn *learn, float *x, size_t count)
{
    RowJob job = {.out = x, .count = count};
    learn_each(learn_cpu_of(learn), pieces_of(count, PIECE), zero_piece, &job);
}

static void add_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    learn->isa->add(job->out + at, job->x + at, n);
}

static void cpu_add(Learn *learn, float *to, const float *from, size_t count)
{
    RowJob job = {.x = from, .out = to, .count = count};
    learn_each(learn_cpu_of(learn), pieces_of(count, PIECE), add_piece, &job);
}

static void squares_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const RowJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    job->sums[i] = (double)learn->isa->squares(job->x + at, n);
}

static double cpu_squares(Learn *learn, const float *x, size_t count)
{
    enum { SUMS = 512 };
    double sums[SUMS], total = 0;
    for (size_t at = 0; at < count; at += (size_t)SUMS * PIECE) {
        size_t left = count - at, part = left < (size_t)SUMS * PIECE ? left : (size_t)SUMS * PIECE;
        RowJob job = {.x = x + at, .count = part, .sums = sums};
        int pieces = pieces_of(part, PIECE);
        learn_each(learn_cpu_of(learn), pieces, squares_piece, &job);
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

static void adamw_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    const AdamWJob *job = context;
    int n;
    size_t at = part_of(job->count, i, &n);
    (void)worker;
    learn->isa->adamw(job->adamw, job->weight + at, job->gradient + at, job->mean + at,
                      job->square + at, n);
}

static void cpu_adamw(Learn *learn, const AdamW *adamw, float *weight, float *gradient, float *mean,
                      float *square, size_t count)
{
    AdamWJob job = {adamw, weight, gradient, mean, square, count};
    learn_each(learn_cpu_of(learn), pieces_of(count, PIECE), adamw_piece, &job);
}

typedef struct PeakJob {
    _Atomic float sink; /* so that the sums are needed */
} PeakJob;

enum { PEAK_ROUNDS = 4096, PEAK_PIECES = 64 };

static void peak_piece(LearnCpu *learn, const void *context, int i, int worker)
{
    PeakJob *job = *(PeakJob *const *)context;
    (void)i, (void)worker;
    job->sink = learn->tile->peak(PEAK_ROUNDS);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_peak(Learn *learn)
{
    LearnCpu *cpu = learn_cpu_of(learn);
    const LearnTile *tile = cpu->tile;
    PeakJob job = {0}, *pointer = &job;
    double start = seconds(), spent = 0, products = 0;
    while (spent < 0.01) {
        learn_each(cpu, PEAK_PIECES, peak_piece, &pointer);
        products += (double)PEAK_PIECES * PEAK_ROUNDS * tile->rows * tile->cols * tile->unit;
        spent = seconds() - start;
    }
    return products / spent;
}

static void angles_fill(LearnCpu *learn)
{
    const LearnShape *shape = &learn->shape;
    int pairs = shape->head_dim / 2;
    for (int p = 0; p < pairs; p++) {
        double frequency = pow(shape->rope_base, -(double)p / pairs);
        if (shape->rope_factors)
            frequency /= shape->rope_factors[p];
        for (int position = 0; position < shape->length; position++) {
            float *at = learn->angles + (size_t)position * 2 * (size_t)pairs + p;
            at[0] = (float)cos(position * frequency);
            at[pairs] = (float)sin(position * frequency);
        }
    }
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* Parts of LearnCpu.memory. */
static size_t angle_bytes(const LearnShape *shape)
{
    return aligned(sizeof(float) * (size_t)shape->length * (size_t)shape->head_dim);
}

static size_t row_bytes(const LearnShape *shape)
{
    return aligned(sizeof(float) * (size_t)shape->rows);
}

static size_t bytes_with(const LearnTile *tile, const LearnShape *shape, int threads)
{
    return angle_bytes(shape) + row_bytes(shape) + aligned(learn_product_bytes(tile)) +
           (size_t)threads * aligned(learn_attention_bytes(tile, shape));
}

static bool has_bf16(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

static const LearnIsa *isa_of(const Cpu *cpu)
{
#if defined(__x86_64__)
    if (cpu->isa == &isa_avx512)
        return &learn_isa_avx512;
    if (cpu->isa == &isa_avx2)
        return &learn_isa_avx2;
#else
    (void)cpu;
#endif
    return &learn_isa_scalar;
}

static const LearnTile *tile_of(const Cpu *cpu, bool exact)
{
    const LearnIsa *isa = isa_of(cpu);
#if defined(__x86_64__)
    if (!exact && isa == &learn_isa_avx512 && has_bf16())
        return &learn_tile_bf16_avx512;
#else
    (void)exact, (void)has_bf16;
#endif
    return &isa->tile;
}

size_t learn_bytes(const Kernels *kernels, const LearnShape *shape)
{
    return bytes_with(tile_of((const Cpu *)kernels, false), shape, kernels->threads);
}

static void cpu_close(Learn *learn)
{
    LearnCpu *cpu = learn_cpu_of(learn);
    store_free(cpu->cpu->store, cpu->memory);
    free(cpu);
}

static const Learn cpu_table = {
    .close = cpu_close,
    .peak = cpu_peak,
    .product = learn_product,
    .norm = cpu_norm,
    .norm_back = cpu_norm_back,
    .bias = cpu_bias,
    .bias_back = cpu_bias_back,
    .rope = cpu_rope,
    .attention = learn_attention,
    .attention_back = learn_attention_back,
    .swiglu = cpu_swiglu,
    .swiglu_back = cpu_swiglu_back,
    .rows = cpu_rows,
    .rows_back = cpu_rows_back,
    .loss = cpu_loss,
    .zero = cpu_zero,
    .add = cpu_add,
    .squares = cpu_squares,
    .adamw = cpu_adamw,
};

int learn_open(Learn **learn, Kernels *kernels, const LearnShape *shape, bool exact, Err *err)
{
    *learn = NULL;
    if (strcmp(kernels->device, "cpu") != 0)
        return err_set(err, EXIT_NODEVICE, "training runs on the CPU; use --device cpu");
    LearnCpu *cpu = calloc(1, sizeof *cpu);
    if (cpu == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    cpu->table = cpu_table;
    cpu->table.kernels = kernels;
    cpu->cpu = cpu_of(kernels);
    cpu->isa = isa_of(cpu->cpu);
    cpu->tile = tile_of(cpu->cpu, exact);
    cpu->table.precision = cpu->tile->precision;
    cpu->shape = *shape;
    size_t bytes = bytes_with(cpu->tile, shape, kernels->threads);
    cpu->memory = store_alloc(cpu->cpu->store, bytes);
    if (cpu->memory == NULL) {
        free(cpu);
        return err_set(err, EXIT_MEMORY, "no memory for training: %.1f GB of scratch", bytes / 1e9);
    }
    cpu->angles = (float *)cpu->memory;
    cpu->row = (float *)(cpu->memory + angle_bytes(shape));
    cpu->packed = (char *)cpu->row + row_bytes(shape);
    cpu->own = cpu->packed + aligned(learn_product_bytes(cpu->tile));
    cpu->own_bytes = aligned(learn_attention_bytes(cpu->tile, shape));
    angles_fill(cpu);
    cpu->shape.rope_factors = NULL; /* the caller's, and no longer needed */
    *learn = &cpu->table;
    return 0;
}

uint16_t bf16_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float bf16_float(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float result;
    memcpy(&result, &bits, 4);
    return result;
}
