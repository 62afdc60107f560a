/* train_gradients.c - gradients by finite differences, and all operations in a row; see
 * train_cases.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/train_case_list.h"
#include "tests/support/train_cases.h"
#include "tests/support/train_numbers.h"

/* The number, and its gradients in grad; in: [n] */
static double value_of(TrainOps *ops, const TrainCase *c, float *const in[INPUTS], float *out,
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
static void check_input(TrainOps *ops, const TrainCase *c, int i, float *const given[INPUTS],
                        float *out, const float *dout, const float *grad)
{
    enum { DIRECTIONS = 8 };
    const float step = 1.0f / 64;
    size_t n = c->size[i];
    float *base = malloc(n * sizeof *base), *moved = malloc(n * sizeof *moved), *in[INPUTS];
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

static void check_case(TrainOps *ops, const TrainCase *c)
{
    float *in[INPUTS] = {0}, *grad[INPUTS] = {0}, *out = buffer(ops, NULL, c->out);
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
    for (int i = 0; i < train_case_count; i++)
        check_case(ops, &train_case_list[i]);
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
    for (int i = 0; i < train_case_count; i++) {
        const TrainCase *c = &train_case_list[i];
        float *in[INPUTS] = {0}, *grad[INPUTS] = {0}, *dout = filled_buffer(ops, c->out, 99);
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
