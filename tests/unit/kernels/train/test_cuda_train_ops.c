/* test_cuda_train_ops.c - the arithmetic of training on a CUDA device: what every backend must do
 * (train_cases.h), the CPU's results, the same bits again.
 *
 * How far it may be off, and why:
 *
 *   products     2^-17 of the sum of their terms' sizes: a device adds bf16 products up in steps of
 *                16 terms, each of which may drop the last bit of a float
 *   other        5e-6 of the largest number of an output, floats on both sides: two libraries' exp,
 *                sums in two orders
 *   with bf16    2^-7 of it: the factors have 8 bits, so each is off by 2^-9 at most, and a
 *                gradient of attention goes through three products, whose errors hardly ever agree
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/train/train_cuda.h"
#include "tests/support/cuda_twin.h"
#include "tests/support/train_cases.h"
#include "tests/support/weights.h"

static Kernels *open_twin(bool reverse)
{
    return twin_kernels(
        &(TwinOptions){.memory = (size_t)4 << 30, .has_gemm = true, .reverse = reverse});
}

static TrainOps *open_ops(TrainProducts products, bool neox, bool reverse)
{
    return train_cases_open(open_twin(reverse), products, neox);
}

static void products_are_sums_of_products(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1},    {7, 47, 5},     {8, 48, 2},   {9, 49, 31},
                                   {33, 97, 33}, {17, 130, 401}, {70, 20, 64}, {3, 5, 2400}};
    for (int products = TRAIN_FASTEST; products <= TRAIN_FLOATS; products += TRAIN_FLOATS) {
        /* With little room factors change their type in parts. */
        for (int little = 0; little < 2; little++) {
            TrainOps *ops = open_ops((TrainProducts)products, true, little);
            if (little)
                train_cuda_of(ops)->room = 2048;
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                train_check_products(ops, sizes[s][0], sizes[s][1], sizes[s][2], 0x1p-17);
            train_cases_close(ops);
        }
    }
}

static void gradients_are_differences(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(TRAIN_FLOATS, true, false);
    train_check_gradients(ops);
    train_cases_close(ops);
}

static void rope_turns_there_and_back(void **state)
{
    (void)state;
    for (int neox = 0; neox < 2; neox++) {
        TrainOps *ops = open_ops(TRAIN_FLOATS, neox, false);
        train_check_rope(ops, neox);
        train_cases_close(ops);
    }
}

static void attention_reads_later_steps(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(TRAIN_FLOATS, true, false);
    train_check_unrolled(ops);
    train_cases_close(ops);
}

static void loss_and_optimiser_are_right(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(TRAIN_FLOATS, true, false);
    train_check_loss(ops);
    train_check_smooth_l1(ops);
    train_check_adamw(ops);
    assert_true(ops->peak(ops) > 0);
    train_cases_close(ops);
}

static void results_are_nearly_the_cpus(void **state)
{
    (void)state;
    float *expected = calloc(TRAIN_CASES_ALL, sizeof *expected),
          *largest = calloc(TRAIN_CASES_ALL, sizeof *largest),
          *got = calloc(TRAIN_CASES_ALL, sizeof *got);
    for (int form = 0; form < 4; form++) {
        bool neox = form & 1, rounded = form & 2;
        TrainShape shape = train_cases_shape(neox);
        TrainOps *cpu;
        Err err = {0};
        if (train_open(&cpu, isa_open(0, 1, false), &shape, TRAIN_FLOATS, &err) != 0)
            fail_msg("%s", err.text);
        train_run_all(cpu, expected, largest);
        train_cases_close(cpu);
        TrainOps *ops = open_ops(rounded ? TRAIN_FASTEST : TRAIN_FLOATS, neox, false);
        train_run_all(ops, got, NULL);
        train_cases_close(ops);
        for (int i = 0; i < TRAIN_CASES_ALL; i++) {
            float most = largest[i] * (rounded ? 0x1p-7f : 5e-6f);
            if (!(fabsf(got[i] - expected[i]) <= most))
                fail_msg("form %d, number %d: %g, the CPU's %g", form, i, (double)got[i],
                         (double)expected[i]);
        }
    }
    free(expected);
    free(largest);
    free(got);
}

/* Whatever ran before or in which order threads do. */
static void results_are_the_same_bits_again(void **state)
{
    (void)state;
    float *first = calloc(TRAIN_CASES_ALL, sizeof *first),
          *again = calloc(TRAIN_CASES_ALL, sizeof *again);
    for (int products = TRAIN_FASTEST; products <= TRAIN_FLOATS; products += TRAIN_FLOATS) {
        TrainOps *ops = open_ops((TrainProducts)products, true, false);
        train_run_all(ops, first, NULL);
        train_run_all(ops, again, NULL);
        assert_memory_equal(first, again, TRAIN_CASES_ALL * sizeof *first);
        train_cases_close(ops);
        ops = open_ops((TrainProducts)products, true, true);
        train_run_all(ops, again, NULL);
        assert_memory_equal(first, again, TRAIN_CASES_ALL * sizeof *first);
        train_cases_close(ops);
    }
    free(first);
    free(again);
}

/* More elements than a block has, more ids than are sent at once, sequences of several pieces. */
static void large_ones_go_in_parts(void **state)
{
    (void)state;
    enum { N = 8 * TRAIN_EACH + 5, IDS = TRAIN_IDS + 100, LENGTH = 2 * TRAIN_QUERIES + 44 };
    static float values[N], got[2][N], loss[2][IDS], attended[2][LENGTH * 6 * 16],
        key[LENGTH * 2 * 16];
    static int ids[IDS];
    const int start[] = {0, 0, LENGTH}; /* the first one is empty */
    const Sequences sequences = {2, start};
    random_fill(values, N, 1);
    random_fill(key, LENGTH * 2 * 16, 2);
    for (int i = 0; i < IDS; i++)
        ids[i] = i * 7 % 50;
    for (int side = 0; side < 2; side++) {
        TrainShape shape = train_cases_shape(true);
        TrainOps *l;
        Err err = {0};
        Kernels *k = side ? open_twin(false) : isa_open(0, 1, false);
        if (train_open(&l, k, &shape, TRAIN_FLOATS, &err) != 0)
            fail_msg("%s", err.text);
        float *x = k->buffer_alloc(k, N), *rows = k->buffer_alloc(k, IDS);
        float *table = k->buffer_alloc(k, 50), *keys = k->buffer_alloc(k, LENGTH * 2 * 16);
        float *out = k->buffer_alloc(k, LENGTH * 6 * 16);
        float *zero = k->buffer_alloc(k, IDS), *slope = k->buffer_alloc(k, IDS);
        k->upload(k, x, values, N);
        l->add(l, x, x, N);
        double squares = l->squares(l, x, N), expected = 0;
        for (int i = 0; i < N; i++)
            expected += 4 * (double)values[i] * (double)values[i];
        assert_true(fabs(squares - expected) < 1e-5 * expected);
        l->rows(l, x, false, ids, IDS, 1, rows);
        l->rows_back(l, rows, ids, IDS, 1, table);
        k->download(k, got[side], table, 50);
        l->smooth_l1(l, rows, zero, IDS, 1, 1, loss[side], slope);
        k->upload(k, keys, key, LENGTH * 2 * 16);
        l->attention(l, x, keys, keys, &sequences, out);
        k->download(k, attended[side], out, LENGTH * 6 * 16);
        float *all[] = {x, rows, table, keys, out, zero, slope};
        for (int i = 0; i < 7; i++)
            k->buffer_free(k, all[i]);
        train_cases_close(l);
    }
    assert_memory_equal(got[0], got[1], 50 * sizeof(float)); /* added in one order */
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);   /* of one element each */
    for (int i = 0; i < LENGTH * 6 * 16; i++)
        assert_float_equal(attended[0][i], attended[1][i], 1e-5);
}

static void what_is_planned_is_taken(void **state)
{
    (void)state;
    Kernels *k = open_twin(false);
    TrainShape shape = train_cases_shape(true);
    Err err = {0};
    TrainOps *ops;
    if (twin_counts(twin_of(k)) == NULL) {
        k->close(k);
        print_message("skipped: others use a device's memory as well\n");
        skip();
    }
    size_t before = k->memory_free(k);
    assert_int_equal(train_open(&ops, k, &shape, TRAIN_FASTEST, &err), 0);
    assert_int_equal(before - k->memory_free(k), train_bytes(k, &shape));
    ops->close(ops);
    assert_int_equal(before, k->memory_free(k));
    k->close(k);
}

/* Without cuBLAS, without memory. */
static void a_device_that_cannot_is_refused(void **state)
{
    (void)state;
    TrainShape shape = train_cases_shape(true);
    TrainOps *ops;
    for (int i = 0; i < 2; i++) {
        Err err = {0};
        Kernels *k =
            twin_kernels(&(TwinOptions){.memory = (size_t)(i ? 4096 : 16) << 20, .has_gemm = !i});
        assert_int_equal(train_open(&ops, k, &shape, TRAIN_FASTEST, &err), -1);
        assert_int_equal(err.code, i ? EXIT_NODEVICE : EXIT_MEMORY);
        assert_null(ops);
        k->close(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_sums_of_products),
        cmocka_unit_test(gradients_are_differences),
        cmocka_unit_test(rope_turns_there_and_back),
        cmocka_unit_test(attention_reads_later_steps),
        cmocka_unit_test(loss_and_optimiser_are_right),
        cmocka_unit_test(results_are_nearly_the_cpus),
        cmocka_unit_test(results_are_the_same_bits_again),
        cmocka_unit_test(large_ones_go_in_parts),
        cmocka_unit_test(what_is_planned_is_taken),
        cmocka_unit_test(a_device_that_cannot_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
