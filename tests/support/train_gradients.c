/* train_gradients.c - gradients by finite differences, and all operations in a row; see
 * train_cases.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/train_cases.h"
#include "tests/support/train_numbers.h"

enum { ROWS = 37, HEADS = 6, KV_HEADS = 2, DIM = 16, COLS = 75, VOCAB = 83 };

static const int starts[] = {0, 20, 21, ROWS};
static const Sequences sequences = {3, starts};

TrainShape train_cases_shape(bool neox)
{
    static const float factors[DIM / 2] = {1, 1.5f, 2, 1, 1, 3, 1, 1};
    return (TrainShape){.heads = HEADS,
                        .kv_heads = KV_HEADS,
                        .head_dim = DIM,
                        .rope_base = 10000,
                        .rope_neox = neox,
                        .rope_factors = factors,
                        .rows = 3000,
                        .length = 300};
}

/* An operation as a function of up to four inputs, to a number: sum of outputs times made-up
 * weights. The gradients are those of this number. */
typedef struct Case {
    const char *name;
    int n; /* inputs */
    size_t size[4], out;
    void (*forward)(TrainOps *ops, float *const in[4], float *out);
    void (*backward)(TrainOps *ops, float *const in[4], const float *dout, float *const grad[4]);
} Case;

static void norm_forward(TrainOps *l, float *const in[4], float *out)
{
    l->norm(l, in[0], in[1], 1e-3f, ROWS, COLS, out);
}

static void norm_backward(TrainOps *l, float *const in[4], const float *dout, float *const grad[4])
{
    l->norm_back(l, in[0], in[1], 1e-3f, ROWS, COLS, dout, grad[0], grad[1]);
}

static void bias_forward(TrainOps *l, float *const in[4], float *out)
{
    l->kernels->copy(l->kernels, out, in[0], ROWS * COLS);
    l->bias(l, out, in[1], ROWS, COLS);
}

static void bias_backward(TrainOps *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    l->add(l, grad[0], dout, ROWS * COLS);
    l->bias_back(l, dout, ROWS, COLS, grad[1]);
}

static void rope_forward(TrainOps *l, float *const in[4], float *out)
{
    l->kernels->copy(l->kernels, out, in[0], ROWS * HEADS * DIM);
    l->rope(l, out, &sequences, HEADS, TRAIN_SHIFT_MAX, false);
}

static void rope_backward(TrainOps *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    l->kernels->copy(l->kernels, grad[0], dout, ROWS * HEADS * DIM);
    l->rope(l, grad[0], &sequences, HEADS, TRAIN_SHIFT_MAX, true);
}

static void attention_forward(TrainOps *l, float *const in[4], float *out)
{
    l->attention(l, in[0], in[1], in[2], &sequences, out);
}

static void attention_backward(TrainOps *l, float *const in[4], const float *dout,
                               float *const grad[4])
{
    l->attention_back(l, in[0], in[1], in[2], &sequences, dout, grad[0], grad[1], grad[2]);
}

static void swiglu_forward(TrainOps *l, float *const in[4], float *out)
{
    l->swiglu(l, in[0], in[1], ROWS * COLS, out);
}

static void swiglu_backward(TrainOps *l, float *const in[4], const float *dout,
                            float *const grad[4])
{
    l->kernels->copy(l->kernels, grad[0], in[0], ROWS * COLS);
    l->kernels->copy(l->kernels, grad[1], in[1], ROWS * COLS);
    l->swiglu_back(l, grad[0], grad[1], dout, ROWS * COLS);
}

static void silu_forward(TrainOps *l, float *const in[4], float *out)
{
    l->kernels->copy(l->kernels, out, in[1], ROWS * COLS);
    l->silu_add(l, in[0], ROWS * COLS, out);
}

static void silu_backward(TrainOps *l, float *const in[4], const float *dout, float *const grad[4])
{
    l->add(l, grad[0], dout, ROWS * COLS); /* which is set */
    l->silu_add_back(l, in[0], dout, ROWS * COLS, grad[0]);
    l->add(l, grad[1], dout, ROWS * COLS);
}

static void smooth_l1_forward(TrainOps *l, float *const in[4], float *out)
{
    float loss[ROWS], *unused = buffer(l, NULL, ROWS * COLS);
    l->smooth_l1(l, in[0], in[1], ROWS, COLS, 1, loss, unused);
    l->kernels->upload(l->kernels, out, loss, ROWS);
    drop(l, unused);
}

/* Each row with a scale of its own; the target's gradient is that with the two changed about. */
static void smooth_l1_backward(TrainOps *l, float *const in[4], const float *dout,
                               float *const grad[4])
{
    float scale[ROWS], loss;
    take(l, scale, dout, ROWS);
    for (int i = 0; i < ROWS; i++) {
        const float *x = in[0] + i * COLS, *target = in[1] + i * COLS;
        l->smooth_l1(l, x, target, 1, COLS, scale[i], &loss, grad[0] + i * COLS);
        l->smooth_l1(l, target, x, 1, COLS, scale[i], &loss, grad[1] + i * COLS);
    }
}

static int row_ids[ROWS]; /* with doubles */

static void rows_forward(TrainOps *l, float *const in[4], float *out)
{
    for (int i = 0; i < ROWS; i++)
        row_ids[i] = i * i % 11;
    l->rows(l, in[0], false, row_ids, ROWS, COLS, out);
}

static void rows_backward(TrainOps *l, float *const in[4], const float *dout, float *const grad[4])
{
    (void)in;
    l->rows_back(l, dout, row_ids, ROWS, COLS, grad[0]);
}

/* x w^T: both gradients are products. */
static void product_forward(TrainOps *l, float *const in[4], float *out)
{
    l->product(l, (Factor){in[0], COLS, false, false}, (Factor){in[1], COLS, false, false}, ROWS,
               VOCAB, COLS, false, out, VOCAB);
}

static void product_backward(TrainOps *l, float *const in[4], const float *dout,
                             float *const grad[4])
{
    l->product(l, (Factor){dout, VOCAB, false, false}, (Factor){in[1], COLS, true, false}, ROWS,
               COLS, VOCAB, true, grad[0], COLS);
    l->product(l, (Factor){dout, VOCAB, true, false}, (Factor){in[0], COLS, true, false}, VOCAB,
               COLS, ROWS, true, grad[1], COLS);
}

static const Case cases[] = {
    {"norm", 2, {ROWS * COLS, COLS}, ROWS *COLS, norm_forward, norm_backward},
    {"bias", 2, {ROWS * COLS, COLS}, ROWS *COLS, bias_forward, bias_backward},
    {"rope", 1, {ROWS * HEADS * DIM}, ROWS *HEADS *DIM, rope_forward, rope_backward},
    {"attention",
     3,
     {ROWS * HEADS * DIM, ROWS *KV_HEADS *DIM, ROWS *KV_HEADS *DIM},
     ROWS *HEADS *DIM,
     attention_forward,
     attention_backward},
    {"swiglu", 2, {ROWS * COLS, ROWS *COLS}, ROWS *COLS, swiglu_forward, swiglu_backward},
    {"silu", 2, {ROWS * COLS, ROWS *COLS}, ROWS *COLS, silu_forward, silu_backward},
    {"smooth_l1", 2, {ROWS * COLS, ROWS *COLS}, ROWS, smooth_l1_forward, smooth_l1_backward},
    {"rows", 1, {11 * COLS}, ROWS *COLS, rows_forward, rows_backward},
    {"product", 2, {ROWS * COLS, VOCAB *COLS}, ROWS *VOCAB, product_forward, product_backward},
};

/* The number, and its gradients in grad; in: [n] */
static double value_of(TrainOps *ops, const Case *c, float *const in[4], float *out,
                       const float *dout)
{
    float *got = malloc(c->out * sizeof *got);
    c->forward(ops, in, out);
    take(ops, got, out, c->out);
    double value = dot(got, dout, c->out);
    free(got);
    return value;
}

/* Along random directions, one input at a time. */
static void check_input(TrainOps *ops, const Case *c, int i, float *const given[4], float *out,
                        const float *dout, const float *grad)
{
    enum { DIRECTIONS = 8 };
    const float step = 1.0f / 64;
    size_t n = c->size[i];
    float *base = malloc(n * sizeof *base), *moved = malloc(n * sizeof *moved), *in[4];
    memcpy(in, given, sizeof in);
    in[i] = buffer(ops, NULL, n);
    take(ops, base, given[i], n);
    for (int d = 0; d < DIRECTIONS; d++) {
        float *direction = filled(n, (uint32_t)(1000 + i * DIRECTIONS + d));
        double value[2];
        for (int side = 0; side < 2; side++) {
            for (size_t j = 0; j < n; j++)
                moved[j] = base[j] + (side ? step : -step) * direction[j];
            ops->kernels->upload(ops->kernels, in[i], moved, n);
            value[side] = value_of(ops, c, in, out, dout);
        }
        double expected = (value[1] - value[0]) / (2 * (double)step);
        double got = dot(grad, direction, n), size = sqrt(dot(grad, grad, n));
        if (!(fabs(got - expected) < 2e-3 * size))
            fail_msg("%s, input %d: %g, by differences %g", c->name, i, got, expected);
        free(direction);
    }
    drop(ops, in[i]);
    free(base);
    free(moved);
}

static void check_case(TrainOps *ops, const Case *c)
{
    float *in[4] = {0}, *grad[4] = {0}, *out = buffer(ops, NULL, c->out);
    float *dout = filled(c->out, 99), *dout_there = buffer(ops, dout, c->out);
    for (int i = 0; i < c->n; i++) {
        in[i] = filled_buffer(ops, c->size[i], (uint32_t)i + 1);
        grad[i] = buffer(ops, NULL, c->size[i]);
    }
    c->forward(ops, in, out);
    c->backward(ops, in, dout_there, grad);
    for (int i = 0; i < c->n; i++) {
        float *gradient = malloc(c->size[i] * sizeof *gradient);
        take(ops, gradient, grad[i], c->size[i]);
        check_input(ops, c, i, in, out, dout, gradient);
        free(gradient);
    }
    for (int i = 0; i < c->n; i++) {
        drop(ops, in[i]);
        drop(ops, grad[i]);
    }
    drop(ops, out);
    drop(ops, dout_there);
    free(dout);
}

void train_check_gradients(TrainOps *ops)
{
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        check_case(ops, &cases[c]);
}

/* What an operation gave goes behind what is there already. */
static void keep(const TrainOps *ops, const float *x, size_t n, size_t *used, float *out,
                 float *largest)
{
    float most = 0;
    assert_true(*used + n <= TRAIN_CASES_ALL);
    take(ops, out + *used, x, n);
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(out[*used + i]));
    for (size_t i = 0; largest && i < n; i++)
        largest[*used + i] = most;
    *used += n;
}

void train_run_all(TrainOps *ops, float *out, float *largest)
{
    size_t used = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *c = &cases[i];
        float *in[4] = {0}, *grad[4] = {0}, *dout = filled_buffer(ops, c->out, 99);
        float *result = buffer(ops, NULL, c->out);
        for (int j = 0; j < c->n; j++) {
            in[j] = filled_buffer(ops, c->size[j], (uint32_t)j + 1);
            grad[j] = buffer(ops, NULL, c->size[j]);
        }
        c->forward(ops, in, result);
        c->backward(ops, in, dout, grad);
        keep(ops, result, c->out, &used, out, largest);
        for (int j = 0; j < c->n; j++) {
            keep(ops, grad[j], c->size[j], &used, out, largest);
            drop(ops, in[j]);
            drop(ops, grad[j]);
        }
        drop(ops, dout);
        drop(ops, result);
    }
    for (; used < TRAIN_CASES_ALL; used++) {
        out[used] = 0;
        if (largest)
            largest[used] = 0;
    }
}
