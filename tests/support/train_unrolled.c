/* train_unrolled.c - attention over unrolled steps; see train_cases.h. Its gradients are right by
 * train_gradients.c; here is what it says, and how gradients add up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/train_cases.h"
#include "tests/support/train_numbers.h"
#include "tests/support/weights.h"

enum { ROWS = 137, HEADS = 6, KV_HEADS = 2, DIM = 16 };
enum { WIDE = HEADS * DIM, NARROW = KV_HEADS * DIM }; /* of a row */

/* One is empty, one longer than what is computed together. */
static const int starts[] = {0, 3, 3, ROWS};
static const Sequences sequences = {3, starts};

/* What attention takes, in a backend's memory and on the host. */
typedef struct Inputs {
    float *q, *dout, *key[TRAIN_STEPS_MAX], *value[TRAIN_STEPS_MAX];
    float *host_q, *host_key[TRAIN_STEPS_MAX], *host_value[TRAIN_STEPS_MAX];
} Inputs;

/* What its gradient gives. */
typedef struct Gradients {
    float *dq, *dkey[TRAIN_STEPS_MAX], *dvalue[TRAIN_STEPS_MAX];
} Gradients;

static Inputs inputs_open(const TrainOps *ops)
{
    Inputs in = {.q = filled_buffer(ops, ROWS * WIDE, 1),
                 .dout = filled_buffer(ops, ROWS * WIDE, 2),
                 .host_q = filled(ROWS * WIDE, 1)};
    for (int j = 0; j < TRAIN_STEPS_MAX; j++) {
        uint32_t seed = 3 + 2 * (uint32_t)j;
        in.host_key[j] = filled(ROWS * NARROW, seed);
        in.host_value[j] = filled(ROWS * NARROW, seed + 1);
        in.key[j] = filled_buffer(ops, ROWS * NARROW, seed);
        in.value[j] = filled_buffer(ops, ROWS * NARROW, seed + 1);
    }
    return in;
}

static void inputs_close(const TrainOps *ops, Inputs *in)
{
    drop(ops, in->q);
    drop(ops, in->dout);
    free(in->host_q);
    for (int j = 0; j < TRAIN_STEPS_MAX; j++) {
        drop(ops, in->key[j]);
        drop(ops, in->value[j]);
        free(in->host_key[j]);
        free(in->host_value[j]);
    }
}

/* before: what is there already, [ROWS, WIDE]; NULL = zeros */
static Gradients gradients_open(const TrainOps *ops, const float *before)
{
    Gradients g = {.dq = buffer(ops, before, ROWS * WIDE)};
    for (int j = 0; j < TRAIN_STEPS_MAX; j++) {
        g.dkey[j] = buffer(ops, before, ROWS * NARROW);
        g.dvalue[j] = buffer(ops, before, ROWS * NARROW);
    }
    return g;
}

static void gradients_close(const TrainOps *ops, Gradients *g)
{
    drop(ops, g->dq);
    for (int j = 0; j < TRAIN_STEPS_MAX; j++) {
        drop(ops, g->dkey[j]);
        drop(ops, g->dvalue[j]);
    }
}

/* All that a row sees in a row, for a reference that knows of no steps. */
static void expect_row(const Inputs *in, int steps, int start, int row, double *out)
{
    static float key[(ROWS + TRAIN_STEPS_MAX) * NARROW], value[(ROWS + TRAIN_STEPS_MAX) * NARROW];
    size_t own = (size_t)row * NARROW, past = (size_t)(row + 1 - start) * NARROW;
    memcpy(key, in->host_key[0] + start * NARROW, past * sizeof *key);
    memcpy(value, in->host_value[0] + start * NARROW, past * sizeof *value);
    for (int j = 1; j < steps; j++) {
        size_t at = past + (size_t)(j - 1) * NARROW;
        memcpy(key + at, in->host_key[j] + own, NARROW * sizeof *key);
        memcpy(value + at, in->host_value[j] + own, NARROW * sizeof *value);
    }
    attention_reference(HEADS, KV_HEADS, DIM, (double)train_cases_shape(false).attention_scale,
                        row + 1 - start + steps - 1, key, value, in->host_q + row * WIDE, out);
}

static void check_forward(TrainOps *ops, const Inputs *in, int steps)
{
    float *out = buffer(ops, NULL, ROWS * WIDE), *got = malloc(ROWS * WIDE * sizeof *got);
    const float *key[TRAIN_STEPS_MAX], *value[TRAIN_STEPS_MAX];
    memcpy(key, in->key, sizeof key);
    memcpy(value, in->value, sizeof value);
    ops->attention_unrolled(ops, in->q, steps, key, value, &sequences, out);
    take(ops, got, out, ROWS * WIDE);
    for (int s = 0; s < sequences.n; s++) {
        for (int row = starts[s]; row < starts[s + 1]; row++) {
            double expected[WIDE];
            expect_row(in, steps, starts[s], row, expected);
            for (int i = 0; i < WIDE; i++)
                assert_float_equal((double)got[row * WIDE + i], expected[i], 1e-5);
        }
    }
    drop(ops, out);
    free(got);
}

static void run_back(TrainOps *ops, const Inputs *in, int steps, const Gradients *g)
{
    const float *key[TRAIN_STEPS_MAX], *value[TRAIN_STEPS_MAX];
    memcpy(key, in->key, sizeof key);
    memcpy(value, in->value, sizeof value);
    ops->attention_unrolled_back(ops, in->q, steps, key, value, &sequences, in->dout, g->dq,
                                 g->dkey, g->dvalue);
}

/* a = b + added */
static void assert_sum(const TrainOps *ops, const float *a, const float *b, const float *added,
                       size_t n, double tolerance)
{
    float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    take(ops, x, a, n);
    take(ops, y, b, n);
    for (size_t i = 0; i < n; i++)
        assert_float_equal((double)x[i], (double)y[i] + (added ? (double)added[i] : 0), tolerance);
    free(x);
    free(y);
}

/* Added to what is there, but for those of the queries; nothing to steps that are not. */
static void check_added(TrainOps *ops, const Inputs *in, int steps)
{
    float *before = filled(ROWS * WIDE, 50);
    Gradients from_zero = gradients_open(ops, NULL), added = gradients_open(ops, before);
    run_back(ops, in, steps, &from_zero);
    run_back(ops, in, steps, &added);
    assert_sum(ops, added.dq, from_zero.dq, NULL, ROWS * WIDE, 0);
    for (int j = 0; j < TRAIN_STEPS_MAX; j++) {
        double tolerance = j < steps ? 1e-5 : 0;
        assert_sum(ops, added.dkey[j], from_zero.dkey[j], before, ROWS * NARROW, tolerance);
        assert_sum(ops, added.dvalue[j], from_zero.dvalue[j], before, ROWS * NARROW, tolerance);
        assert_true((ops->squares(ops, from_zero.dkey[j], ROWS * NARROW) > 0) == (j < steps));
        assert_true((ops->squares(ops, from_zero.dvalue[j], ROWS * NARROW) > 0) == (j < steps));
    }
    gradients_close(ops, &from_zero);
    gradients_close(ops, &added);
    free(before);
}

/* One step is plain attention, whose gradients are set. */
static void check_plain(TrainOps *ops, const Inputs *in)
{
    float *before = filled(ROWS * WIDE, 50), *out[2];
    const float *key = in->key[0], *value = in->value[0];
    Gradients plain = gradients_open(ops, before), unrolled = gradients_open(ops, NULL);
    for (int i = 0; i < 2; i++)
        out[i] = buffer(ops, NULL, ROWS * WIDE);
    ops->attention(ops, in->q, key, value, &sequences, out[0]);
    ops->attention_unrolled(ops, in->q, 1, &key, &value, &sequences, out[1]);
    ops->attention_back(ops, in->q, key, value, &sequences, in->dout, plain.dq, plain.dkey[0],
                        plain.dvalue[0]);
    run_back(ops, in, 1, &unrolled);
    assert_sum(ops, out[0], out[1], NULL, ROWS * WIDE, 0);
    assert_sum(ops, plain.dq, unrolled.dq, NULL, ROWS * WIDE, 0);
    assert_sum(ops, plain.dkey[0], unrolled.dkey[0], NULL, ROWS * NARROW, 0);
    assert_sum(ops, plain.dvalue[0], unrolled.dvalue[0], NULL, ROWS * NARROW, 0);
    for (int i = 0; i < 2; i++)
        drop(ops, out[i]);
    gradients_close(ops, &plain);
    gradients_close(ops, &unrolled);
    free(before);
}

void train_check_unrolled(TrainOps *ops)
{
    static const int steps[] = {1, 2, TRAIN_STEPS_MAX};
    Inputs in = inputs_open(ops);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        check_forward(ops, &in, steps[i]);
        check_added(ops, &in, steps[i]);
    }
    check_plain(ops, &in);
    inputs_close(ops, &in);
}
