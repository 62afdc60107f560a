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
    return (int64_t)((count + LEARN_EACH - 1) / LEARN_EACH);
}

static void run_each(Learn *learn, KernelId kernel, LearnEachArgs args, size_t count)
{
    args.count = (int64_t)count;
    learn_cuda_run(learn_cuda_of(learn), kernel, blocks_of(count), 1, &args, sizeof args);
}

static void cuda_zero(Learn *learn, float *x, size_t count)
{
    run_each(learn, KERNEL_learn_zero, (LearnEachArgs){.out = x}, count);
}

static void cuda_add(Learn *learn, float *to, const float *from, size_t count)
{
    run_each(learn, KERNEL_learn_add, (LearnEachArgs){.out = to, .x = from}, count);
}

static void cuda_bias(Learn *learn, float *x, const float *bias, int n, int cols)
{
    run_each(learn, KERNEL_learn_bias, (LearnEachArgs){.out = x, .x = bias, .cols = cols},
             (size_t)n * (size_t)cols);
}

static void cuda_swiglu(Learn *learn, const float *gate, const float *up, size_t count, float *out)
{
    run_each(learn, KERNEL_learn_swiglu, (LearnEachArgs){.x = gate, .y = up, .out = out}, count);
}

static void cuda_swiglu_back(Learn *learn, float *gate, float *up, const float *dout, size_t count)
{
    run_each(learn, KERNEL_learn_swiglu_back, (LearnEachArgs){.x = dout, .out = gate, .out2 = up},
             count);
}

static double cuda_squares(Learn *learn, const float *x, size_t count)
{
    enum { SUMS = 1024 };
    LearnCuda *l = learn_cuda_of(learn);
    const size_t most = (size_t)LEARN_IDS * LEARN_EACH;
    double total = 0;
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < most ? count - at : most;
        run_each(learn, KERNEL_learn_squares, (LearnEachArgs){.x = x + at, .out = l->results},
                 part);
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

static void cuda_adamw(Learn *learn, const AdamW *a, float *weight, float *gradient, float *mean,
                       float *square, size_t count)
{
    double correct1 = 1 - pow(a->beta1, a->step), correct2 = 1 - pow(a->beta2, a->step);
    LearnAdamWArgs args = {.weight = weight,
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
    learn_cuda_run(learn_cuda_of(learn), KERNEL_learn_adamw, blocks_of(count), 1, &args,
                   sizeof args);
}

static void cuda_norm_rows(Learn *learn, const float *x, const float *weight, float eps, int n,
                           int cols, float *out)
{
    LearnNormArgs args = {.x = x, .weight = weight, .out = out, .eps = eps, .cols = cols};
    learn_cuda_run(learn_cuda_of(learn), KERNEL_learn_norm, n, 1, &args, sizeof args);
}

/* out += sums over rows */
static void add_columns(Learn *learn, LearnColumnsArgs args)
{
    learn_cuda_run(learn_cuda_of(learn), KERNEL_learn_columns,
                   (args.cols + LEARN_SUMS - 1) / LEARN_SUMS, 1, &args, sizeof args);
}

static void cuda_norm_back(Learn *learn, const float *x, const float *weight, float eps, int n,
                           int cols, const float *dout, float *dx, float *dweight)
{
    LearnCuda *l = learn_cuda_of(learn);
    LearnNormArgs args = {.x = x,
                          .weight = weight,
                          .dout = dout,
                          .out = dx,
                          .inverse = l->inverse,
                          .eps = eps,
                          .cols = cols};
    assert(n <= l->shape.rows);
    learn_cuda_run(l, KERNEL_learn_norm_back, n, 1, &args, sizeof args);
    if (dweight)
        add_columns(
            learn,
            (LearnColumnsArgs){
                .x = x, .y = dout, .factor = l->inverse, .out = dweight, .n = n, .cols = cols});
}

static void cuda_bias_back(Learn *learn, const float *dx, int n, int cols, float *dbias)
{
    add_columns(learn, (LearnColumnsArgs){.y = dx, .out = dbias, .n = n, .cols = cols});
}

static void cuda_rope_sequences(Learn *learn, float *x, const Sequences *sequences, int heads,
                                bool back)
{
    LearnCuda *l = learn_cuda_of(learn);
    size_t width = (size_t)(heads * l->shape.head_dim);
    for (int s = 0; s < sequences->n; s++) {
        int start = sequences->start[s];
        LearnRopeArgs args = {.x = x + (size_t)start * width,
                              .angles = l->angles,
                              .heads = heads,
                              .pairs = l->shape.head_dim / 2,
                              .neox = l->shape.rope_neox,
                              .back = back};
        learn_cuda_run(l, KERNEL_learn_rope, sequences->start[s + 1] - start, 1, &args,
                       sizeof args);
    }
}

/* Sends what the next kernel reads. */
static void send(LearnCuda *l, void *to, const void *from, size_t bytes)
{
    l->cuda->gpu->put(l->cuda->gpu, to, from, bytes);
    l->cuda->gpu->wait(l->cuda->gpu);
}

static void cuda_rows(Learn *learn, const void *table, bool bf16, const int *ids, int n, int cols,
                      float *out)
{
    LearnCuda *l = learn_cuda_of(learn);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < LEARN_IDS ? n - at : LEARN_IDS;
        LearnRowsArgs args = {.from = table,
                              .to = out + (size_t)at * (size_t)cols,
                              .ids = l->ids,
                              .n = part,
                              .cols = cols,
                              .bf16 = bf16};
        send(l, l->ids, ids + at, (size_t)part * sizeof *ids);
        learn_cuda_run(l, KERNEL_learn_rows, part, 1, &args, sizeof args);
    }
}

static void cuda_rows_back(Learn *learn, const float *dout, const int *ids, int n, int cols,
                           float *dtable)
{
    enum { PART = 4096 }; /* each row looks through the ids of all */
    LearnCuda *l = learn_cuda_of(learn);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < PART ? n - at : PART;
        LearnRowsArgs args = {.from = dout + (size_t)at * (size_t)cols,
                              .to = dtable,
                              .ids = l->ids,
                              .n = part,
                              .cols = cols};
        send(l, l->ids, ids + at, (size_t)part * sizeof *ids);
        learn_cuda_run(l, KERNEL_learn_rows_back, part, 1, &args, sizeof args);
    }
}

static void cuda_loss(Learn *learn, float *logits, int n, int vocab, int top, const int *places,
                      const float *weights, float scale, float *loss)
{
    LearnCuda *l = learn_cuda_of(learn);
    assert(top <= LEARN_IDS);
    for (int at = 0, part; at < n; at += part) {
        part = n - at < LEARN_IDS / top ? n - at : LEARN_IDS / top;
        size_t from = (size_t)at * (size_t)top, count = (size_t)part * (size_t)top;
        LearnLossArgs args = {.logits = logits + (size_t)at * (size_t)vocab,
                              .places = l->ids,
                              .weights = l->values,
                              .loss = l->results,
                              .scale = scale,
                              .vocab = vocab,
                              .top = top};
        l->cuda->gpu->put(l->cuda->gpu, l->ids, places + from, count * sizeof *places);
        send(l, l->values, weights + from, count * sizeof *weights);
        learn_cuda_run(l, KERNEL_learn_loss, part, 1, &args, sizeof args);
        queue_get(l->cuda, loss + at, l->results, (size_t)part * sizeof *loss);
    }
}

void learn_cuda_fill_rows(Learn *table)
{
    table->norm = cuda_norm_rows;
    table->norm_back = cuda_norm_back;
    table->bias = cuda_bias;
    table->bias_back = cuda_bias_back;
    table->rope = cuda_rope_sequences;
    table->swiglu = cuda_swiglu;
    table->swiglu_back = cuda_swiglu_back;
    table->rows = cuda_rows;
    table->rows_back = cuda_rows_back;
    table->loss = cuda_loss;
    table->zero = cuda_zero;
    table->add = cuda_add;
    table->squares = cuda_squares;
    table->adamw = cuda_adamw;
}
