/* test_train_ops.c - the arithmetic of training on the CPU: what every backend must do (train_cases.h),
 * and the same bits from every instruction set and number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/train_cases.h"
#include "tests/support/weights.h"

/* NULL = not on this machine. */
static TrainOps *open_ops(int isa, int threads, TrainProducts products, bool neox)
{
    Kernels *kernels = isa_open(isa, threads, false);
    return kernels ? train_cases_open(kernels, products, neox) : NULL;
}

static void test_product(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1},    {7, 47, 5},     {8, 48, 2},    {9, 49, 31},
                                   {33, 97, 33}, {17, 130, 401}, {300, 20, 64}, {3, 5, 2400}};
    for (int isa = 0; isa < ISAS; isa++) {
        for (int products = TRAIN_FASTEST; products <= TRAIN_FLOATS; products++) {
            TrainOps *ops = open_ops(isa, 2, products, true);
            for (size_t s = 0; ops && s < sizeof sizes / sizeof *sizes; s++)
                train_check_products(ops, sizes[s][0], sizes[s][1], sizes[s][2], 1e-6);
            if (ops)
                train_cases_close(ops);
        }
    }
}

static double value(float x, bool rounded)
{
    return (double)(rounded ? bf16_float(bf16_of(x)) : x);
}

/* Larger than what is packed at once. */
static void test_product_in_chunks(void **state)
{
    (void)state;
    enum { M = 9000, N = 8300, K = 3 };
    TrainOps *ops = open_ops(2, 2, TRAIN_FASTEST, true);
    if (ops == NULL)
        ops = open_ops(0, 2, TRAIN_FASTEST, true);
    float *a = malloc((size_t)M * K * sizeof *a), *b = malloc((size_t)N * K * sizeof *b);
    random_fill(a, (size_t)M * K, 1);
    random_fill(b, (size_t)N * K, 2);
    float *out = malloc((size_t)M * N * sizeof *out);
    Factor fa = {a, K, false, false}, fb = {b, K, false, false};
    ops->product(ops, fa, fb, M, N, K, false, out, N);
    bool rounded = strncmp(ops->precision, "bf16", 4) == 0;
    for (int i = 0; i < M; i += 97) {
        for (int j = 0; j < N; j += 89) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += value(a[i * K + k], rounded) * value(b[j * K + k], rounded);
            assert_true(fabs((double)out[(size_t)i * N + (size_t)j] - sum) < 1e-5);
        }
    }
    free(a);
    free(b);
    free(out);
    train_cases_close(ops);
}

static void test_gradients(void **state)
{
    (void)state;
    for (int isa = 0; isa < ISAS; isa++) {
        TrainOps *ops = open_ops(isa, 2, TRAIN_FLOATS, isa == 0);
        if (ops == NULL)
            continue;
        train_check_gradients(ops);
        train_cases_close(ops);
    }
}

static void test_unrolled(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(0, 2, TRAIN_FLOATS, true);
    train_check_unrolled(ops);
    train_cases_close(ops);
}

static void test_loss(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(0, 1, TRAIN_FLOATS, true);
    train_check_loss(ops);
    train_check_smooth_l1(ops);
    train_cases_close(ops);
}

static void test_rope(void **state)
{
    (void)state;
    for (int neox = 0; neox < 2; neox++) {
        TrainOps *ops = open_ops(0, 2, TRAIN_FLOATS, neox);
        train_check_rope(ops, neox);
        train_cases_close(ops);
    }
}

static void test_adamw(void **state)
{
    (void)state;
    TrainOps *ops = open_ops(0, 1, TRAIN_FLOATS, true);
    train_check_adamw(ops);
    train_cases_close(ops);
}

static void test_same_bits(void **state)
{
    (void)state;
    float *expected = calloc(TRAIN_CASES_ALL, sizeof *expected),
          *got = calloc(TRAIN_CASES_ALL, sizeof *got);
    for (int products = TRAIN_FASTEST; products <= TRAIN_FLOATS; products++) {
        /* bf16 takes AVX-512, and the fastest is something else only with AMX. */
        int first_isa = products == TRAIN_FLOATS ? 0 : products == TRAIN_VECTORS ? 2 : 3;
        TrainOps *first = open_ops(first_isa, 1, products, true);
        if (first == NULL)
            continue;
        train_run_all(first, expected, NULL);
        for (int isa = first_isa; isa < ISAS; isa++) {
            for (int threads = 1; threads < 4; threads++) {
                TrainOps *ops = open_ops(isa, threads, products, true);
                if (ops == NULL)
                    continue;
                train_run_all(ops, got, NULL);
                assert_memory_equal(got, expected, TRAIN_CASES_ALL * sizeof *got);
                train_cases_close(ops);
            }
        }
        train_cases_close(first);
    }
    free(expected);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),   cmocka_unit_test(test_product_in_chunks),
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_unrolled),
        cmocka_unit_test(test_loss),      cmocka_unit_test(test_rope),
        cmocka_unit_test(test_adamw),     cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
