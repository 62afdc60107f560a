/* test_tune_figures.c - what runs of `s2d tune` come to: speeds with their intervals, and which runs were
 * the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/tune/tune.h"

enum { PROMPTS = 6 };

/* Runs over prompts that differ in length: the i-th takes times[i] of plain decoding's time. */
static void fill(TuneResult *result, const double *times, const uint64_t *acts, int n)
{
    *result = (TuneResult){.kept = PROMPTS, .n_runs = n};
    for (int i = 0; i < n; i++) {
        TuneRun *run = &result->runs[i];
        run->acts = acts[i];
        run->each_tokens = calloc(PROMPTS, sizeof(double));
        run->each_ms = calloc(PROMPTS, sizeof(double));
        assert_true(run->each_tokens && run->each_ms);
        for (int p = 0; p < PROMPTS; p++) {
            run->each_tokens[p] = 10 * (p + 1);
            run->each_ms[p] = times[i] * 50 * run->each_tokens[p] * (p % 2 ? 1.1 : 0.9);
        }
    }
}

static void speeds_have_intervals(void **state)
{
    (void)state;
    static const double times[] = {1, 0.5, 0.4};
    static const uint64_t acts[] = {1, 2, 3};
    static TuneResult result;
    fill(&result, times, acts, 3);
    Ratio plain = tune_speed(&result, 0);
    assert_float_equal(plain.value, 20, 1);
    assert_true(plain.half > 0.5 && plain.half < 5);
    /* What is hard for both cancels. */
    Ratio gain = tune_speed_over(&result, 1, 0);
    assert_float_equal(gain.value, 2, 1e-9);
    assert_true(gain.half < 1e-9);
    assert_float_equal(tune_speed_over(&result, 2, 1).value, 1.25, 1e-9);
    result.kept = 1;
    assert_true(tune_speed(&result, 0).half == 0);
    tune_result_close(&result);
}

static void what_acts_alike_is_one(void **state)
{
    (void)state;
    static const double times[] = {1, 1, 1, 1};
    static const uint64_t acts[] = {7, 7, 9, 7};
    static TuneResult result;
    fill(&result, times, acts, 4);
    assert_int_equal(tune_acts_as(&result, 1), -1); /* never plain decoding */
    assert_int_equal(tune_acts_as(&result, 2), -1);
    assert_int_equal(tune_acts_as(&result, 3), 1);
    tune_result_close(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speeds_have_intervals),
        cmocka_unit_test(what_acts_alike_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
