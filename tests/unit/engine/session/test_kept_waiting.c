/* test_kept_waiting.c - time in which a session did not run: none of it becomes a price, but where a
 * device works meanwhile.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/draft_case.h"

enum { NAP_MS = 40 };

/* In the place of `wait`, which ends every pass: as if the process were stopped there. */
static void nap(Kernels *k)
{
    struct timespec time = {.tv_nsec = NAP_MS * 1000000L};
    (void)k;
    while (nanosleep(&time, &time) != 0)
        continue;
}

static Session *answered(Run *run, Kernels *kernels, Model *model, const char *drafter)
{
    *run = (Run){0};
    SessionConfig config = draft_case_config(run, kernels, model, model, drafter, "3x1x3");
    config.ctx = 64;
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 8);
    return run->session;
}

/* Passes of a tiny model run for far less than a nap. */
static void no_nap_is_a_price(void **state)
{
    KernelsOptions options = {.device = "cpu", .threads = 1};
    Kernels *kernels;
    Run *run = malloc(sizeof *run);
    (void)state;
    assert_int_equal(kernels_open(&kernels, &options, NULL), 0);
    assert_true(kernels->caller_works);
    TinyModel tiny = draft_case_model();
    Model *model = tiny_model_open(&tiny, kernels, "tiny", NULL);
    kernels->wait = nap;
    for (int works = 0; works < 2; works++) {
        kernels->caller_works = works;
        const Cost *cost = &answered(run, kernels, model, "plain")->cost;
        assert_true(cost->plain.n > 0);
        assert_true((recent_median(&cost->plain) < NAP_MS) == works);
        assert_true((curve_at(&cost->verify, 1) < NAP_MS) == works);
        session_close(run->session);
        cost = &answered(run, kernels, model, "s2d")->cost;
        assert_true(run->drafted > 0);
        assert_true((recent_median(&cost->spec) < NAP_MS) == works);
        session_close(run->session);
    }
    model_close(model);
    kernels->close(kernels);
    free(run);
}

static void threads_without_processors_yield(void **state)
{
    KernelsOptions options = {.device = "cpu", .threads = 1024};
    Kernels *kernels;
    (void)state;
    if (kernels_open(&kernels, &options, NULL) != 0)
        skip();
    assert_false(kernels->caller_works);
    kernels->close(kernels);
}

/* The speed that is shown is the clock's; plain decoding would have waited for as long. */
static void the_gain_is_that_of_the_time_that_ran(void **state)
{
    KernelsOptions options = {.device = "cpu", .threads = 1};
    Kernels *kernels;
    Run *run = malloc(sizeof *run);
    (void)state;
    assert_int_equal(kernels_open(&kernels, &options, NULL), 0);
    TinyModel tiny = draft_case_model();
    Model *model = tiny_model_open(&tiny, kernels, "tiny", NULL);
    Session *s = answered(run, kernels, model, "plain");
    s->cost.plain = (Recent){0};
    s->cost.context_ms = 0;
    recent_add(&s->cost.plain, 10, 0);
    s->answer.stats = (EventStats){.rounds = 1, .tokens = 50000, .verify_ms = 9e5, .other_ms = 1e5};
    s->answer.lost_ms = 7.5e5;
    report_done(s, "eos");
    assert_true(fabsf(run->stats.plain_tokens_per_s - 25) < 1);
    assert_true(fabsf(run->stats.tokens_per_s - 50) < 0.01f);
    assert_true(run->stats.gain == 0); /* nothing was drafted */
    session_close(s);
    model_close(model);
    kernels->close(kernels);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_nap_is_a_price),
        cmocka_unit_test(threads_without_processors_yield),
        cmocka_unit_test(the_gain_is_that_of_the_time_that_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
