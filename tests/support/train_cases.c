/* train_cases.c - products, losses, rope and optimiser; see train_cases.h. */
#include "tests/support/train_cases.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/train_numbers.h"
#include "tests/support/weights.h"

enum { ROWS = 37, VOCAB = 83, TOP = 3 };

TrainOps *train_cases_open(Kernels *kernels, TrainProducts products, bool neox)
{
    TrainShape shape = train_cases_shape(neox);
    Err err = {0};
    TrainOps *ops;
    if (train_open(&ops, kernels, &shape, products, &err) != 0)
        fail_msg("%s", err.text);
    return ops;
}

void train_cases_close(TrainOps *ops)
{
    Kernels *kernels = ops->kernels;
    ops->close(ops);
    kernels->close(kernels);
}

static double element(const Factor *f, int i, int k, bool rounded)
{
    size_t at = f->turned ? (size_t)k * (size_t)f->stride + (size_t)i
                          : (size_t)i * (size_t)f->stride + (size_t)k;
    if (f->bf16)
        return (double)bf16_float(((const uint16_t *)f->data)[at]);
    float value = ((const float *)f->data)[at];
    return (double)(rounded ? bf16_float(bf16_of(value)) : value);
}

/* host: the factors as they are on the host */
static void check_product(TrainOps *ops, const Factor factors[2], const Factor host[2], int m,
                          int n, int k, bool add, double tolerance)
{
    bool rounded = strncmp(ops->precision, "bf16", 4) == 0;
    int stride = n + 3;
    size_t size = (size_t)m * (size_t)stride;
    float *before = filled(size, 5), *got = filled(size, 6), *out = buffer(ops, before, size);
    ops->product(ops, factors[0], factors[1], m, n, k, add, out, stride);
    take(ops, got, out, size);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < stride; j++) {
            int at = i * stride + j;
            if (j >= n) { /* between the rows */
                assert_true(got[at] == before[at]);
                continue;
            }
            double sum = add ? (double)before[at] : 0, sizes = fabs(sum);
            for (int l = 0; l < k; l++) {
                double term = element(&host[0], i, l, rounded) * element(&host[1], j, l, rounded);
                sum += term;
                sizes += fabs(term);
            }
            if (!(fabs((double)got[at] - sum) <= tolerance * sizes + 1e-30))
                fail_msg("%d x %d x %d at %d, %d: %g, not %g", m, n, k, i, j, (double)got[at], sum);
        }
    }
    drop(ops, out);
    free(before);
    free(got);
}

void train_check_products(TrainOps *ops, int m, int n, int k, double tolerance)
{
    size_t a_size = (size_t)(m + 2) * (size_t)(k + 2), b_size = (size_t)(n + 2) * (size_t)(k + 2);
    float *a = filled(a_size, 1), *b = filled(b_size, 2);
    uint16_t *half = calloc(b_size + 1, sizeof *half);
    for (size_t i = 0; i < b_size; i++)
        half[i] = bf16_of(b[i]);
    float *a_there = buffer(ops, a, a_size), *b_there = buffer(ops, b, b_size);
    float *half_there =
        buffer(ops, (const float *)(const void *)half, (b_size + 1) / 2); /* two to a float */
    for (int way = 0; way < 8; way++) {
        bool is_half = way & 4;
        Factor host[2] = {{a, way & 1 ? m + 2 : k + 2, way & 1, false},
                          {b, way & 2 ? n + 2 : k + 2, way & 2, is_half}};
        Factor there[2] = {host[0], host[1]};
        if (is_half)
            host[1].data = half;
        there[0].data = a_there;
        there[1].data = is_half ? half_there : b_there;
        check_product(ops, there, host, m, n, k, way % 3 == 0, tolerance);
    }
    drop(ops, a_there);
    drop(ops, b_there);
    drop(ops, half_there);
    free(a);
    free(b);
    free(half);
}

/* The losses of rows of logits, and what becomes of these. */
static void loss_of(TrainOps *ops, float *logits, const int *places, const float *weights,
                    float scale, float *loss)
{
    float *there = buffer(ops, logits, ROWS * VOCAB);
    ops->loss(ops, there, ROWS, VOCAB, TOP, places, weights, scale, loss);
    take(ops, logits, there, ROWS * VOCAB);
    drop(ops, there);
}

/* The loss turns logits into its gradient, so its differences are taken by hand. */
void train_check_loss(TrainOps *ops)
{
    int places[ROWS * TOP];
    float weights[ROWS * TOP], loss[ROWS], again[ROWS];
    for (int i = 0; i < ROWS * TOP; i++) {
        places[i] = i * 17 % VOCAB;
        weights[i] = i / TOP == 4 ? 0 : (float)(i % TOP + 1) / 7; /* row 4 says nothing */
    }
    float *logits = filled(ROWS * VOCAB, 3), *moved = malloc(sizeof *moved * ROWS * VOCAB);
    float *grad = filled(ROWS * VOCAB, 3);
    for (int i = 0; i < ROWS * VOCAB; i++)
        grad[i] = logits[i] *= 5;
    loss_of(ops, grad, places, weights, 0.5f, loss);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0, expected = 0;
        for (int v = 0; v < VOCAB; v++)
            sum += exp((double)logits[i * VOCAB + v]);
        for (int t = i * TOP; t < (i + 1) * TOP; t++)
            expected += (double)weights[t] * (log(sum) - (double)logits[i * VOCAB + places[t]]);
        assert_true(fabs((double)loss[i] - expected) < 1e-5);
    }
    for (int d = 0; d < 8; d++) {
        float *direction = filled(ROWS * VOCAB, (uint32_t)(10 + d));
        double value[2] = {0};
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < ROWS * VOCAB; i++)
                moved[i] = logits[i] + (side ? 1 : -1) * direction[i] / 128;
            loss_of(ops, moved, places, weights, 0, again);
            for (int i = 0; i < ROWS; i++)
                value[side] += 0.5 * (double)again[i];
        }
        double expected = (value[1] - value[0]) * 64;
        assert_true(fabs(dot(grad, direction, ROWS * VOCAB) - expected) < 2e-3);
        free(direction);
    }
    for (int v = 0; v < VOCAB; v++)
        assert_true(grad[4 * VOCAB + v] == 0);
    free(logits);
    free(moved);
    free(grad);
}

/* Against the formula, in double: near the target, on the kinks, far off. */
void train_check_smooth_l1(TrainOps *ops)
{
    enum { COUNT = ROWS * VOCAB };
    float *x = filled(COUNT, 1), *target = filled(COUNT, 2), *before = filled(COUNT, 3);
    float loss[ROWS], *got = malloc(COUNT * sizeof *got);
    for (int i = 0; i < COUNT; i++)
        x[i] = i % 9 == 0 ? target[i] + 1 : i % 9 == 1 ? target[i] - 1 : x[i] * (float)(i % 5);
    float *x_there = buffer(ops, x, COUNT), *target_there = buffer(ops, target, COUNT);
    float *dx = buffer(ops, before, COUNT);
    ops->smooth_l1(ops, x_there, target_there, ROWS, VOCAB, 40, loss, dx);
    take(ops, got, dx, COUNT);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int at = i * VOCAB; at < (i + 1) * VOCAB; at++) {
            double d = (double)x[at] - (double)target[at], size = fabs(d);
            double slope = size < 1 ? d : d > 0 ? 1 : -1;
            sum += size < 1 ? d * d / 2 : size - 0.5;
            assert_true(fabs((double)got[at] - ((double)before[at] + 40 * slope / VOCAB)) < 1e-6);
        }
        assert_true(fabs((double)loss[i] - sum / VOCAB) < 1e-6);
    }
    float *there[] = {x_there, target_there, dx}, *here[] = {x, target, before, got};
    for (int i = 0; i < 3; i++)
        drop(ops, there[i]);
    for (int i = 0; i < 4; i++)
        free(here[i]);
}

/* Against the angles in double; the gradient turns back. */
void train_check_rope(TrainOps *ops, bool neox)
{
    TrainShape shape = train_cases_shape(neox);
    int dim = shape.head_dim, pairs = shape.rope.dims / 2, start[] = {0, 1, 1 + shape.length};
    const Sequences sequences = {2, start};
    size_t size = (size_t)start[2] * 2 * (size_t)dim; /* of two heads */
    double scale = (double)shape.rope.scale;
    float *x = filled(size, 1), *got = malloc(size * sizeof *got), *there = buffer(ops, x, size);
    for (int shift = 0; shift <= TRAIN_SHIFT_MAX; shift++) {
        ops->kernels->upload(ops->kernels, there, x, size);
        ops->rope(ops, there, &sequences, 2, shift, false);
        take(ops, got, there, size);
        for (int i = 0; i < start[2] * 2 * pairs; i++) {
            int row = i / 2 / pairs, p = i % pairs, position = (row ? row - 1 : 0) + shift;
            int low = i / pairs * dim + (neox ? p : 2 * p), high = low + (neox ? pairs : 1);
            double angle = position * pow((double)shape.rope.base, -(double)p / pairs) /
                           (double)shape.rope.factors[p];
            double a = (double)x[low], b = (double)x[high];
            assert_true(fabs((double)got[low] - scale * (a * cos(angle) - b * sin(angle))) < 2e-6);
            assert_true(fabs((double)got[high] - scale * (a * sin(angle) + b * cos(angle))) < 2e-6);
        }
        ops->rope(ops, there, &sequences, 2, shift, true);
        take(ops, got, there, size);
        for (size_t i = 0; i < size; i++)
            assert_true(fabs((double)got[i] - scale * scale * (double)x[i]) < 2e-6);
    }
    drop(ops, there);
    free(x);
    free(got);
}

/* Against the formulas of the paper, in double. */
void train_check_adamw(TrainOps *ops)
{
    enum { N = 100 };
    AdamW a = {.rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 1e-8f, .decay = 0.1f};
    float start[N], w[N], g[N], m32[N], *w_there = filled_buffer(ops, N, 1),
                                        *mean = buffer(ops, NULL, N),
                                        *square = buffer(ops, NULL, N);
    double v[N], m[N] = {0}, s[N] = {0};
    random_fill(start, N, 1);
    for (int i = 0; i < N; i++)
        v[i] = (double)start[i];
    for (a.step = 1; a.step <= 5; a.step++) {
        float *given = filled(N, (uint32_t)a.step + 7), *g_there = buffer(ops, given, N);
        a.scale = 1.0f / (float)a.step;
        ops->adamw(ops, &a, w_there, g_there, mean, square, N);
        take(ops, w, w_there, N);
        take(ops, g, g_there, N);
        for (int i = 0; i < N; i++) {
            double gi = (double)given[i] / a.step, rate = (double)a.rate;
            m[i] = 0.9 * m[i] + 0.1 * gi;
            s[i] = 0.99 * s[i] + 0.01 * gi * gi;
            v[i] -= rate *
                    (m[i] / (1 - pow(0.9, a.step)) / (sqrt(s[i] / (1 - pow(0.99, a.step))) + 1e-8) +
                     0.1 * v[i]);
            assert_true(fabs((double)w[i] - v[i]) < 1e-5);
            assert_true(g[i] == 0);
        }
        drop(ops, g_there);
        free(given);
    }
    take(ops, m32, mean, N);
    assert_true(fabs(ops->squares(ops, mean, N) - dot(m32, m32, N)) < 1e-6);
    drop(ops, w_there);
    drop(ops, mean);
    drop(ops, square);
}
