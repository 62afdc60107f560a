/* bench_products.c - `s2d bench products`: the trainer's matrix products, and the share of what
 * this machine's multipliers can do that each one reaches. No weights are read: shapes are those of
 * a model's layers. */
#include <stdio.h>
#include <stdlib.h>

#include "app/base/command_kernels.h"
#include "app/base/command_line.h"
#include "app/base/print.h"
#include "app/bench/bench.h"
#include "app/bench/shapes.h"
#include "kernels/common/clock.h"
#include "kernels/train/train_ops.h"

typedef struct Products {
    const char *shape;
    int rows, scored;
    KernelsOptions kernels_options;
    Kernels *kernels;
    TrainOps *ops;
    float *a, *b, *out;
    int repeats;
    double flops, ms; /* of all */
} Products;

#define AT(field) offsetof(Products, field)

static const Option options[] = {
    {"--shape", "SHAPE", OPTION_TEXT, .field = AT(shape)},
    {"--rows", "N", OPTION_INTEGER, .field = AT(rows), .low = 1, .high = 8192},
    {"--scored", "N", OPTION_INTEGER, .field = AT(scored), .low = 1, .high = 1 << 20},
    {"--repeats", "N", OPTION_INTEGER, .field = AT(repeats), .low = 1, .high = 99},
    {"--threads", "N", OPTION_INTEGER, .field = AT(kernels_options.threads), .high = 1024},
    {"--isa", "auto|amx|avx512|avx2|scalar", OPTION_TEXT, .field = AT(kernels_options.isa)},
    {0},
};

const CommandLine bench_products_line = {
    .name = "bench products",
    .lists = {{options, 0}},
    .summary = "the trainer's matrix products, and their share of what this machine can do",
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* out [m, n] of a [m, k] and b [n, k], each maybe read turned; the peak is measured in turn. */
static void time_product(Products *p, const char *name, int m, int n, int k, bool turn_a,
                         bool turn_b)
{
    enum { REPEATS_MAX = 99 };
    double ms[REPEATS_MAX], peak[REPEATS_MAX];
    Factor a = {.data = p->a, .stride = turn_a ? m : k, .turned = turn_a};
    Factor b = {.data = p->b, .stride = turn_b ? n : k, .turned = turn_b};
    for (int r = 0; r < p->repeats; r++) {
        peak[r] = p->ops->peak(p->ops);
        double start = clock_ms();
        p->ops->product(p->ops, a, b, m, n, k, false, p->out, n);
        ms[r] = clock_ms() - start;
    }
    qsort(ms, (size_t)p->repeats, sizeof *ms, compare);
    qsort(peak, (size_t)p->repeats, sizeof *peak, compare);
    double median = ms[p->repeats / 2], flops = 2.0 * m * n * k;
    printf("%-14s %6d x %5d x %5d %8.2f ms %7.0f GFLOP/s %4.0f %% of %.0f\n", name, m, n, k, median,
           flops / median / 1e6, 100 * flops / median * 1e3 / (2 * peak[p->repeats / 2]),
           2 * peak[p->repeats / 2] / 1e9);
    p->flops += flops;
    p->ms += median;
}

/* Forward, the input's gradient, the weights' gradient. */
static void time_matrix(Products *p, const char *name, int rows, int in, int out)
{
    char text[32];
    snprintf(text, sizeof text, "%s", name);
    time_product(p, text, rows, out, in, false, false);
    snprintf(text, sizeof text, "%s, dx", name);
    time_product(p, text, rows, in, out, false, true);
    snprintf(text, sizeof text, "%s, dW", name);
    time_product(p, text, out, in, rows, true, true);
}

static int run(Products *p, const Shape *s, int rows, int scored, Err *err)
{
    int q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
    int widest = s->ffn > scored ? s->ffn : scored;
    size_t side = (size_t)widest * (size_t)(s->hidden > rows ? s->hidden : rows);
    TrainShape shape = {.heads = s->heads,
                        .kv_heads = s->kv_heads,
                        .head_dim = s->head_dim,
                        .attention_scale = 1,
                        .rope = {.base = s->rope_base, .dims = s->head_dim, .scale = 1},
                        .rows = rows,
                        .length = rows};
    if (train_open(&p->ops, p->kernels, &shape, TRAIN_FASTEST, err) != 0)
        return -1;
    float **buffers[] = {&p->a, &p->b, &p->out};
    for (int i = 0; i < 3; i++) {
        *buffers[i] = p->kernels->buffer_alloc(p->kernels, side);
        if (*buffers[i] == NULL)
            return err_set(err, EXIT_MEMORY, "no memory for matrices of %d x %d", widest, rows);
    }
    print_report(stdout, "%s, %s; products of %s, %d rows, %d tokens scored, median of %d\n",
                 p->kernels->description, p->ops->precision, s->name, rows, scored, p->repeats);
    time_matrix(p, "q", rows, s->hidden, q);
    time_matrix(p, "k", rows, s->hidden, kv);
    time_matrix(p, "o", rows, q, s->hidden);
    time_matrix(p, "gate", rows, s->hidden, s->ffn);
    time_matrix(p, "down", rows, s->ffn, s->hidden);
    time_product(p, "head", rows, scored, s->hidden, false, false);
    time_product(p, "head, dx", rows, s->hidden, scored, false, true);
    printf("all of them: %.0f GFLOP/s\n", p->flops / p->ms / 1e6);
    return 0;
}

int bench_products(int argc, char **argv)
{
    Products p = {.shape = "qwen2.5-coder-0.5b",
                  .rows = 512,
                  .scored = 16384,
                  .kernels_options = {.device = "cpu"},
                  .repeats = 9};
    Shape shape;
    Err err = {0};
    int first = command_line_parse(&bench_products_line, &p, argc, argv, &err);
    if (first >= 0 && first < argc)
        err_set(&err, EXIT_USAGE, "\"%s\" is no option", argv[first]);
    if (err.code == 0 && shape_find(&shape, p.shape, &err) == 0 &&
        command_kernels_open(&p.kernels, &p.kernels_options, &err) == 0)
        run(&p, &shape, p.rows, p.scored, &err);
    float *buffers[] = {p.a, p.b, p.out};
    for (int i = 0; i < 3; i++) {
        if (buffers[i])
            p.kernels->buffer_free(p.kernels, buffers[i]);
    }
    if (p.ops)
        p.ops->close(p.ops);
    if (p.kernels)
        p.kernels->close(p.kernels);
    if (err.code != 0)
        fprintf(stderr, "s2d bench products: %s\n", err.text);
    return err.code;
}
