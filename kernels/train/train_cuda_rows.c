/* train_cuda_rows.c - training on a CUDA device: what is done row by row or element by element. The
 * kernels are in cuda_train_rows.h.
 *
 * Ids and weights are in host memory, whose owner may change them as soon as an operation returns:
 * so whoever sends them waits until they have arrived.
 */
#include <assert.h>
#include <math.h>

#include "kernels/train/train_cuda.h"

static int64_t blocks_of(size_t count)
{
    return (int64_t)((count + TRAIN_EACH - 1) / TRAIN_EACH);
}

static void run_each(TrainOps *ops, KernelId kernel, TrainEachArgs args, size_t count)
{
    args.count = (int64_t)count;
    train_cuda_run(train_cuda_of(ops), kernel, blocks_of(count), 1, &args, sizeof args);
}

static void cuda_zero(TrainOps *ops, float *x, size_t count)
{
    run_each(ops, KERNEL_train_zero, (TrainEachArgs){.out = x}, count);
}

static void cuda_add(TrainOps *ops, float *to, const float *from, size_t count)
{
    run_each(ops, KERNEL_train_add, (TrainEachArgs){.out = to, .x = from}, count);
}

static void cuda_bias(TrainOps *ops, float *x, const float *bias, int n, int cols)
{
    run_each(ops, KERNEL_train_bias, (TrainEachArgs){.out = x, .x = bias, .cols = cols},
             (size_t)n * (size_t)cols);
}

static void cuda_swiglu(TrainOps *ops, const float *gate, const float *up, size_t count, float *out)
{
    run_each(ops, KERNEL_train_swiglu, (TrainEachArgs){.x = gate, .y = up, .out = out}, count);
}

static void cuda_swiglu_back(TrainOps *ops, float *gate, float *up, const float *dout, size_t count)
{
    run_each(ops, KERNEL_train_swiglu_back, (TrainEachArgs){.x = dout, .out = gate, .out2 = up},
             count);
}

static void cuda_train_silu_add(TrainOps *ops, const float *x, size_t count, float *out)
{
    ops->kernels->silu_add(ops->kernels, x, count, out);
}

static void cuda_silu_add_back(TrainOps *ops, const float *x, const float *dout, size_t count,
                               float *dx)
{
    run_each(ops, KERNEL_train_silu_back, (TrainEachArgs){.x = x, .y = dout, .out = dx}, count);
}

static double cuda_squares(TrainOps *ops, const float *x, size_t count)
{
    enum { SUMS = 1024 };
    TrainCuda *l = train_cuda_of(ops);
    const size_t most = (size_t)TRAIN_IDS * TRAIN_EACH;
    double total = 0;
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < most ? count - at : most;
        run_each(ops, KERNEL_train_squares, (TrainEachArgs){.x = x + at, .out = l->results}, part);
        int sums = (int)blocks_of(part);
        for (int first = 0, n; first < sums; first += n) {
            float some[SUMS];
            n = sums - first < SUMS ? sums - first : SUMS;
            queue_get(l->cuda, some, l->results + first, (size_t)n * sizeof *some);
            for (int i = 0; i < n; i++)
                total += (double)some[i];
        }
    }
    return total;
}

static void cuda_adamw(TrainOps *ops, const AdamW *a, float *weight, float *gradient, float *mean,
                       float *square, size_t count)
{
    double correct1 = 1 - pow(a->beta1, a->step), correct2 = 1 - pow(a->beta2, a->step);
    TrainAdamWArgs args = {.weight = weight,
                           .gradient = gradient,
                           .mean = mean,
                           .square = square,
                           .count = (int64_t)count,
                           .beta1 = a->beta1,
                           .beta2 = a->beta2,
                           .epsilon = a->epsilon,
                           .scale = a->scale,
                           .rate = (float)(a->rate / correct1),
                           .inverse2 = (float)(1 / correct2),
                           .keep = 1 - a->rate * a->decay};
    train_cuda_run(train_cuda_of(ops), KERNEL_train_adamw, blocks_of(count), 1, &args, sizeof args);
}

static void cuda_norm_rows(TrainOps *ops, const float *x, const float *weight, float eps, int n,
                           int cols, float *out)
{
    TrainNormArgs args = {.x = x, .weight = weight, .out = out, .eps = eps, .cols = cols};
    train_cuda_run(train_cuda_of(ops), KERNEL_train_norm, n, 1, &args, sizeof args);
}

/* out += sums over rows */
static void add_columns(TrainOps *ops, TrainColumnsArgs args)
{
    train_cuda_run(train_cuda_of(ops), KERNEL_train_columns,
                   (args.cols + TRAIN_SUMS - 1) / TRAIN_SUMS, 1, &args, sizeof args);
}

static void cuda_norm_back(TrainOps *ops, const float *x, const float *weight, float eps, int n,
                           int cols, const float *dout, float *dx, float *dweight)
{
    TrainCuda *l = train_cuda_of(ops);
    TrainNormArgs args = {.x = x,
                          .weight = weight,
                          .dout = dout,
                          .out = dx,
                          .inverse = l->inverse,
                          .eps = eps,
                          .cols = cols};
    assert((size_t)n <= train_normed_rows(&l->shape));
    train_cuda_run(l, KERNEL_train_norm_back, n, 1, &args, sizeof args);
    if (dweight)
        add_columns(
            ops,
            (TrainColumnsArgs){
                .x = x, .y = dout, .factor = l->inverse, .out = dweight, .n = n, .cols = cols});
}

static void cuda_bias_back(TrainOps *ops, const float *dx, int n, int cols, float *dbias)
{
    add_columns(ops, (TrainColumnsArgs){.y = dx, .out = dbias, .n = n, .cols = cols});
}

static void cuda_rope_sequences(TrainOps *ops, float *x, const Sequences *sequences, int heads,
                                int shift, bool back)
{
    TrainCuda *l = train_cuda_of(ops);
    assert(shift >= 0 && shift <= TRAIN_SHIFT_MAX);
    size_t width = (size_t)(heads * l->shape.head_dim);
    for (int s = 0; s < sequences->n; s++) {
        int start = sequences->start[s];
        TrainRopeArgs args = {.x = x + (size_t)start * width,
                              .angles = l->angles + (size_t)shift * (size_t)l->shape.rope.dims,
                              .heads = heads,
                              .dim = l->shape.head_dim,
                              .pairs = l->shape.rope.dims / 2,
                              .neox = l->shape.rope.neox,
                              .back = back};
        train_cuda_run(l, KERNEL_train_rope, sequences->start[s + 1] - start, 1, &args,
                       sizeof args);
    }
}

/* Sends what the next kernel reads. */
static void send(TrainCuda *l, void *to, const void *from, size_t bytes)
{
    l->cuda->gpu->put(l->cuda->gpu, to, from, bytes);
    l->cuda->gpu->wait(l->cuda->gpu);
}

static void cuda_rows(TrainOps *ops, const void *table, bool bf16, const int *ids, int n, int cols,
                      float *out)
{
    TrainCuda *l = train_cuda_of(ops);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < TRAIN_IDS ? n - at : TRAIN_IDS;
        TrainRowsArgs args = {.from = table,
                              .to = out + (size_t)at * (size_t)cols,
                              .ids = l->ids,
                              .n = part,
                              .cols = cols,
                              .bf16 = bf16};
        send(l, l->ids, ids + at, (size_t)part * sizeof *ids);
        train_cuda_run(l, KERNEL_train_rows, part, 1, &args, sizeof args);
    }
}

static void cuda_rows_back(TrainOps *ops, const float *dout, const int *ids, int n, int cols,
                           float *dtable)
{
    enum { PART = 4096 }; /* each row looks through the ids of all */
    TrainCuda *l = train_cuda_of(ops);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < PART ? n - at : PART;
        TrainRowsArgs args = {.from = dout + (size_t)at * (size_t)cols,
                              .to = dtable,
                              .ids = l->ids,
                              .n = part,
                              .cols = cols};
        send(l, l->ids, ids + at, (size_t)part * sizeof *ids);
        train_cuda_run(l, KERNEL_train_rows_back, part, 1, &args, sizeof args);
    }
}

static void cuda_loss(TrainOps *ops, float *logits, int n, int vocab, int top, const int *places,
                      const float *weights, float scale, float *loss)
{
    TrainCuda *l = train_cuda_of(ops);
    assert(top <= TRAIN_IDS);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < TRAIN_IDS / top ? n - at : TRAIN_IDS / top;
        size_t from = (size_t)at * (size_t)top, count = (size_t)part * (size_t)top;
        TrainLossArgs args = {.logits = logits + (size_t)at * (size_t)vocab,
                              .places = l->ids,
                              .weights = l->values,
                              .loss = l->results,
                              .scale = scale,
                              .vocab = vocab,
                              .top = top};
        l->cuda->gpu->put(l->cuda->gpu, l->ids, places + from, count * sizeof *places);
        send(l, l->values, weights + from, count * sizeof *weights);
        train_cuda_run(l, KERNEL_train_loss, part, 1, &args, sizeof args);
        queue_get(l->cuda, loss + at, l->results, (size_t)part * sizeof *loss);
    }
}

static void cuda_smooth_l1(TrainOps *ops, const float *x, const float *target, int n, int cols,
                           float scale, float *loss, float *dx)
{
    TrainCuda *l = train_cuda_of(ops);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < TRAIN_IDS ? n - at : TRAIN_IDS;
        size_t from = (size_t)at * (size_t)cols;
        TrainSmoothL1Args args = {.x = x + from,
                                  .target = target + from,
                                  .dx = dx + from,
                                  .loss = l->results,
                                  .factor = scale / (float)cols,
                                  .cols = cols};
        train_cuda_run(l, KERNEL_train_smooth_l1, part, 1, &args, sizeof args);
        queue_get(l->cuda, loss + at, l->results, (size_t)part * sizeof *loss);
    }
}

void train_cuda_fill_rows(TrainOps *table)
{
    table->norm = cuda_norm_rows;
    table->norm_back = cuda_norm_back;
    table->bias = cuda_bias;
    table->bias_back = cuda_bias_back;
    table->rope = cuda_rope_sequences;
    table->swiglu = cuda_swiglu;
    table->swiglu_back = cuda_swiglu_back;
    table->silu_add = cuda_train_silu_add;
    table->silu_add_back = cuda_silu_add_back;
    table->rows = cuda_rows;
    table->rows_back = cuda_rows_back;
    table->loss = cuda_loss;
    table->smooth_l1 = cuda_smooth_l1;
    table->zero = cuda_zero;
    table->add = cuda_add;
    table->squares = cuda_squares;
    table->adamw = cuda_adamw;
}
