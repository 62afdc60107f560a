/* test_cuda_experts.c - the CUDA backend's mixtures of experts on the host: as right as its
 * products, and a row's bits do not depend on its batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/cuda/cuda.h"
#include "tests/support/cuda_twin.h"
#include "tests/support/mixture.h"

enum {
    N = 24
}; /* rows of the largest batch here: with few experts more than one piece of columns */

static void run(Kernels *k, const Mixture *mix, const float *x, int n, float *out)
{
    size_t count = (size_t)(n * mix->cols), cols = (size_t)mix->cols;
    float *device = k->buffer_alloc(k, count), *norm = k->buffer_alloc(k, cols);
    Experts experts = mixture_experts(mix);
    experts.norm = norm;
    k->upload(k, device, x, count);
    k->upload(k, norm, mix->norm, cols);
    k->experts(k, &experts, device, n);
    k->download(k, out, device, count);
    k->buffer_free(k, device);
    k->buffer_free(k, norm);
}

static void check_mixture(Mixture *mix, bool reverse)
{
    static const int counts[] = {1, 3, 9, 17};
    TwinOptions options = {.memory = (size_t)4 << 30, .has_gemm = true, .reverse = reverse};
    Kernels *k = twin_kernels(&options);
    size_t cols = (size_t)mix->cols;
    float *x = malloc(N * cols * sizeof *x), *all = malloc(N * cols * sizeof *x);
    float *some = malloc(N * cols * sizeof *x);
    double *expected = malloc(cols * sizeof *expected);
    assert_true(x && all && some && expected);
    random_fill(x, N * cols, 5);
    mixture_open(mix, k);
    run(k, mix, x, N, all);
    for (int i = 0; i < N; i++) {
        mixture_reference(mix, x + (size_t)i * cols, expected);
        for (size_t c = 0; c < cols; c++)
            assert_true(fabs(all[(size_t)i * cols + c] - expected[c]) <= 5e-3);
    }
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        int n = counts[c];
        size_t from = (size_t)((int)(c * 7) % (N - n + 1)) * cols;
        run(k, mix, x + from, n, some);
        assert_memory_equal(some, all + from, (size_t)n * cols * sizeof *x);
    }
    x[2 * cols + 1] = NAN; /* stays alone with it */
    run(k, mix, x, 5, some);
    for (size_t i = 0; i < 5; i++) {
        if (i == 2)
            assert_true(isnan(some[i * cols]));
        else
            assert_memory_equal(some + i * cols, all + i * cols, cols * sizeof *x);
    }
    mixture_close(mix, k);
    free(x);
    free(all);
    free(some);
    free(expected);
    k->close(k);
}

static void mixtures_are_right_and_the_same_in_every_batch(void **state)
{
    static const struct {
        QuantType gate, up, down;
        int cols, inner, experts, picks;
    } cases[] = {{QUANT_F32, QUANT_F32, QUANT_F32, 24, 20, 5, 2},
                 {QUANT_Q8_0, QUANT_Q4_1, QUANT_BF16, 64, 96, 8, 3},
                 {QUANT_F32, QUANT_Q8_0, QUANT_Q5_0, 96, 32, 3, 3},
                 {QUANT_Q4_K, QUANT_Q4_K, QUANT_Q6_K, 512, 256, 4, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Mixture mix = mixture_make(cases[i].cols, cases[i].inner, cases[i].experts, cases[i].picks,
                                   cases[i].gate, cases[i].up, cases[i].down);
        check_mixture(&mix, i % 2);
        mixture_free(&mix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixtures_are_right_and_the_same_in_every_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
