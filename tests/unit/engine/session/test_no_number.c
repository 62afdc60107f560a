/* test_no_number.c - models whose weights are finite and whose sums are not: a target ends the answer,
 * and a draft drafts nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draft_case.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *good, *target, *draft; /* the last two overflow: now and then, always */
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    KernelsOptions options = {.device = "cpu", .threads = 1};
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    *state = f;
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    tiny.layers = 8;
    tiny.settle = 2;
    f->good = tiny_model_open(&tiny, f->kernels, "good", NULL);
    tiny.last_gain = 7e37f;
    f->target = tiny_model_open(&tiny, f->kernels, "seldom", NULL);
    tiny.layers = 6;
    tiny.last_gain = 3e38f;
    f->draft = tiny_model_open(&tiny, f->kernels, "never", NULL);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->good);
    model_close(f->target);
    model_close(f->draft);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static const char *const DRAFTERS[] = {"plain",        "sd",   "exit:4", "s2d",
                                       "s2d-frontier", "self", "ngram",  "ngram+s2d"};
enum { N_DRAFTERS = sizeof DRAFTERS / sizeof *DRAFTERS, LENGTH = 200 };

static const Sampling SAMPLINGS[] = {{.temperature = 0.8f, .top_p = 1},
                                     {.temperature = 1, .top_k = 5, .top_p = 1},
                                     {.temperature = 2, .top_p = 0.5f}};

/* Asks and lets the answer fail. */
static void ask_in_vain(Run *run, uint32_t seed)
{
    AnswerOptions options = {.max_tokens = LENGTH, .ignore_eos = true, .seed = seed};
    Err err = {0};
    assert_int_equal(session_answer(run->session, PROMPT, PROMPT_N, &options, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "seldom"));
    EventStats totals;
    session_totals(run->session, &totals);
    assert_int_equal(totals.tokens, run->n);
}

/* What was said before it is the same for every drafter, and the session goes on. */
static void test_a_target_without_a_number_ends_the_answer(void **state)
{
    const Fixture *f = *state;
    Run *plain = malloc(sizeof *plain), *run = malloc(sizeof *run), *good = malloc(sizeof *good);
    int said = 0, accepted = 0;
    *good = (Run){0};
    SessionConfig config = draft_case_config(good, f->kernels, f->good, NULL, "plain", "auto");
    run_open(good, &config);
    run_ask(good, PROMPT, PROMPT_N, 30);
    for (int i = 0; i < 3 * 4; i++) {
        for (int d = 0; d < N_DRAFTERS; d++) {
            *run = (Run){0};
            config = draft_case_config(run, f->kernels, f->target, f->target, DRAFTERS[d],
                                       TREES[(i + d) % 4]);
            config.sampling = SAMPLINGS[i % 3];
            run_open(run, &config);
            ask_in_vain(run, (uint32_t)(i + 1));
            if (d == 0)
                *plain = *run;
            assert_int_equal(run->n, plain->n);
            assert_memory_equal(run->tokens, plain->tokens, sizeof(int) * (size_t)plain->n);
            assert_int_equal(run->first, plain->first);
            said += run->n;
            accepted += run->accepted[0];

            Err err = {0};
            assert_int_equal(session_switch(run->session, f->good, 0, &(DraftConfig){0}, &err), 0);
            session_set_sampling(run->session, (Sampling){.top_p = 1});
            run->n = 0;
            run_ask(run, PROMPT, PROMPT_N, 30);
            assert_same_answer(good, run);
            session_close(run->session);
        }
    }
    print_message("%d tokens before, %d rounds began with a right guess\n", said, accepted);
    assert_true(said > 0 && accepted > 0);
    session_close(good->session);
    free(plain);
    free(run);
    free(good);
}

/* The text is as without it, and one warning says so. */
static void test_a_draft_without_a_number_drafts_nothing(void **state)
{
    const Fixture *f = *state;
    Run *plain = malloc(sizeof *plain), *run = malloc(sizeof *run);
    for (int s = 0; s < 4; s++) {
        *plain = (Run){0};
        SessionConfig config = draft_case_config(plain, f->kernels, f->good, NULL, "plain", "auto");
        config.sampling = TEMPERATURES[s];
        run_open(plain, &config);
        run_ask(plain, PROMPT, PROMPT_N, 60);
        run_ask(plain, PROMPT + 1, PROMPT_N - 1, 60);
        for (int d = 0; d < 4; d++) {
            static const char *const drafters[] = {"sd", "s2d", "s2d-frontier", "ngram+s2d"};
            *run = (Run){0};
            config = draft_case_config(run, f->kernels, f->good, f->draft, drafters[d],
                                       TREES[(s + d) % 4]);
            config.sampling = TEMPERATURES[s];
            for (int e = 0; e < EXITS - 1; e++) /* never sure: the last one is asked as well */
                config.drafting.thresholds[e] = 0.9999f;
            run_open(run, &config);
            run_ask(run, PROMPT, PROMPT_N, 60);
            run_ask(run, PROMPT + 1, PROMPT_N - 1, 60);
            assert_same_answer(plain, run);
            assert_int_equal(run->warnings, 1);
            assert_true(d > 0 || run->drafted == 0);
            session_close(run->session);
        }
        session_close(plain->session);
    }
    free(plain);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_target_without_a_number_ends_the_answer),
        cmocka_unit_test(test_a_draft_without_a_number_drafts_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
