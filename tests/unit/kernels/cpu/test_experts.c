/* test_experts.c - a mixture of experts: right, the same bits from every instruction set, for every
 * batch; and which experts a row goes through. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/route.h"
#include "tests/support/mixture.h"

enum { N = 40 }; /* rows of the largest batch here */

static void run(Kernels *k, const Mixture *mix, const float *x, int n, float *out)
{
    Experts experts = mixture_experts(mix);
    memcpy(out, x, (size_t)(n * mix->cols) * sizeof *x);
    k->experts(k, &experts, out, n);
}

static void check_values(const Mixture *mix, const float *x, const float *out, double bound)
{
    double *expected = malloc((size_t)mix->cols * sizeof *expected);
    assert_non_null(expected);
    for (int i = 0; i < N; i++) {
        mixture_reference(mix, x + i * mix->cols, expected);
        for (int c = 0; c < mix->cols; c++)
            assert_true(fabs(out[i * mix->cols + c] - expected[c]) <= bound);
    }
    free(expected);
}

/* Each row alone and in batches of every size, among rows of NaN and among others. */
static void check_batches(Kernels *k, Mixture *mix, const float *x, const float *expected)
{
    mixture_open(mix, k);
    size_t cols = (size_t)mix->cols;
    float *batch = malloc(N * cols * sizeof *batch), *out = malloc(N * cols * sizeof *out);
    assert_true(batch && out);
    run(k, mix, x, N, out);
    assert_memory_equal(out, expected, N * cols * sizeof *out);
    for (int n = 1; n <= 19; n++) {
        int at = 3 * n / 4, row = (n * 7 + at) % N;
        for (size_t i = 0; i < (size_t)n * cols; i++)
            batch[i] = NAN;
        memcpy(batch + (size_t)at * cols, x + (size_t)row * cols, cols * sizeof *x);
        run(k, mix, batch, n, out);
        assert_memory_equal(out + (size_t)at * cols, expected + (size_t)row * cols,
                            cols * sizeof *out);
        assert_true(n == 1 || isnan(out[(size_t)((at + 1) % n) * cols]));
        run(k, mix, x + (size_t)(N - n) * cols, n, out);
        assert_memory_equal(out, expected + (size_t)(N - n) * cols, (size_t)n * cols * sizeof *out);
    }
    free(batch);
    free(out);
    mixture_close(mix, k);
}

static void check_mixture(Kernels *backends[2][ISAS], Mixture *mix)
{
    size_t count = (size_t)(N * mix->cols);
    float *x = malloc(count * sizeof *x), *expected = malloc(count * sizeof *x);
    assert_true(x && expected);
    random_fill(x, count, 77);
    for (int f32 = 0; f32 < 2; f32++) {
        Kernels *k = backends[f32][0];
        mixture_open(mix, k);
        run(k, mix, x, N, expected);
        mixture_close(mix, k);
        check_values(mix, x, expected, f32 ? 2e-5 : 0.1);
        for (int isa = 0; isa < ISAS; isa++)
            if (backends[f32][isa])
                check_batches(backends[f32][isa], mix, x, expected);
    }
    free(x);
    free(expected);
}

static void same_bits_everywhere(void **state)
{
    static const struct {
        QuantType gate, up, down;
        int cols, inner, experts, picks;
    } cases[] = {{QUANT_F32, QUANT_F32, QUANT_F32, 24, 20, 5, 2},
                 {QUANT_Q8_0, QUANT_Q4_1, QUANT_Q5_0, 64, 96, 8, 3},
                 {QUANT_F16, QUANT_Q8_0, QUANT_BF16, 96, 32, 3, 3},
                 {QUANT_Q4_K, QUANT_Q4_K, QUANT_Q6_K, 512, 256, 4, 1},
                 {QUANT_Q5_K, QUANT_Q6_K, QUANT_Q8_0, 256, 288, 2, 2}};
    Kernels *backends[2][ISAS];
    (void)state;
    for (int i = 0; i < 2 * ISAS; i++)
        backends[i / ISAS][i % ISAS] = isa_open(i % ISAS, 1 + i % ISAS, i / ISAS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Mixture mix = mixture_make(cases[i].cols, cases[i].inner, cases[i].experts, cases[i].picks,
                                   cases[i].gate, cases[i].up, cases[i].down);
        check_mixture(backends, &mix);
        mixture_free(&mix);
    }
    for (int i = 0; i < 2 * ISAS; i++)
        if (backends[i / ISAS][i % ISAS])
            backends[i / ISAS][i % ISAS]->close(backends[i / ISAS][i % ISAS]);
}

/* So many rows of one expert that tiles are used, where there are any, and full batches. */
static void all_rows_of_one_expert(void **state)
{
    enum { COLS = 256, INNER = 48 };
    Mixture mix = mixture_make(COLS, INNER, 6, 2, QUANT_Q8_0, QUANT_Q8_0, QUANT_F32);
    float *x = malloc(ROWS_MAX * COLS * sizeof *x), *out = malloc(ROWS_MAX * COLS * sizeof *out);
    float first[COLS];
    (void)state;
    assert_true(x && out);
    random_fill(x, COLS, 5);
    for (int i = 1; i < ROWS_MAX; i++)
        memcpy(x + i * COLS, x, COLS * sizeof *x);
    for (int isa = 0; isa < ISAS; isa++) {
        Kernels *k = isa_open(isa, 2, false);
        if (!k)
            continue;
        mixture_open(&mix, k);
        run(k, &mix, x, ROWS_MAX, out);
        if (isa == 0)
            memcpy(first, out, sizeof first);
        for (int i = 0; i < ROWS_MAX; i++)
            assert_memory_equal(out + i * COLS, first, sizeof first);
        mixture_close(&mix, k);
        k->close(k);
    }
    free(x);
    free(out);
    mixture_free(&mix);
}

static void best_of_a_row(void **state)
{
    const float logits[] = {1, 3, 3, -INFINITY, 3, 2}, none[] = {NAN, NAN, NAN, NAN};
    int ids[4];
    float weights[4];
    (void)state;
    route_row(logits, 6, 2, ids, weights); /* ties to the lowest number */
    assert_true(ids[0] == 1 && ids[1] == 2 && weights[0] == 0.5f && weights[1] == 0.5f);
    route_row(logits, 6, 4, ids, weights); /* ascending, whatever their rank */
    assert_true(ids[0] == 1 && ids[1] == 2 && ids[2] == 4 && ids[3] == 5);
    assert_true(fabsf(weights[3] - expf(-1) / (3 + expf(-1))) < 1e-6f);
    route_row(logits, 6, 1, ids, weights);
    assert_true(ids[0] == 1 && weights[0] == 1);
    route_row(none, 4, 3, ids, weights);
    for (int r = 0; r < 3; r++)
        assert_true(ids[r] == r && isnan(weights[r]));
}

static void pairs_of_a_batch(void **state)
{
    enum { ROWS = 5, EXPERTS = 7, PICKS = 2 };
    static Route route;
    float logits[ROWS * EXPERTS];
    (void)state;
    random_fill(logits, ROWS * EXPERTS, 9);
    route_rows(&route, logits, ROWS, EXPERTS, PICKS);
    assert_int_equal(route.pairs, ROWS * PICKS);
    assert_int_equal(route.first[route.active], route.pairs);
    for (int a = 0; a < route.active; a++) {
        assert_true(a == 0 || route.expert[a] > route.expert[a - 1]);
        assert_true(route.first[a + 1] > route.first[a]);
        for (int p = route.first[a] + 1; p < route.first[a + 1]; p++)
            assert_true(route.row[p] > route.row[p - 1]);
    }
    for (int i = 0; i < ROWS; i++) {
        int ids[PICKS];
        float weights[PICKS];
        route_row(logits + i * EXPERTS, EXPERTS, PICKS, ids, weights);
        for (int r = 0; r < PICKS; r++) {
            int pair = route.pair[i * PICKS + r], place = route.place[i * PICKS + r];
            assert_int_equal(route.row[pair], i);
            assert_int_equal(route.expert[place], ids[r]);
            assert_true(route.weight[pair] == weights[r]);
            assert_true(pair >= route.first[place] && pair < route.first[place + 1]);
        }
    }
}

static void stacks_are_checked(void **state)
{
    Kernels *k = isa_open(0, 1, false);
    Weights w = weights_make(QUANT_F32, 4, 8, 1);
    Matrix *m;
    (void)state;
    assert_non_null(k);
    for (int i = 0; i < 3; i++) {
        MatrixSource source = weights_source(&w);
        Err err = {0};
        source.stack = i == 0 ? EXPERTS_MAX + 1 : 2;
        source.picks = i == 1 ? PICKS_MAX + 1 : 1;
        source.rows = i == 2 ? 0x7fffffff - 16 : 2;
        assert_int_equal(k->matrix_open(k, &m, &source, &err), -1);
        assert_null(m);
    }
    weights_free(&w);
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_of_a_row),        cmocka_unit_test(pairs_of_a_batch),
        cmocka_unit_test(same_bits_everywhere), cmocka_unit_test(all_rows_of_one_expert),
        cmocka_unit_test(stacks_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
