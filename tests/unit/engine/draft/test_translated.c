/* test_translated.c - drafts of another vocabulary than their target's: the text stays plain decoding's,
 * and what is drafted is drawn with the target's own noise, by the target's ids at the target's places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/draft/draft.h"
#include "tests/support/draft_case.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *target, *draft, *listed; /* listed: the draft with a short list */
} Fixture;

static TinyModel other_model(void)
{
    TinyModel tiny = draft_case_model();
    tiny.arch = ARCH_LLAMA;
    tiny.vocab = TINY_SPM;
    tiny.layers = 6;
    tiny.context = 4096;
    return tiny;
}

static int setup(void **state)
{
    enum { LISTED = 200 };
    static int ids[LISTED];
    Fixture *f = calloc(1, sizeof *f);
    KernelsOptions options = {.device = "cpu", .threads = 1};
    TinyModel target = draft_case_model(), other = other_model();
    *state = f;
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    for (int i = 0; i < LISTED; i++)
        ids[i] = 3 + i;
    ModelUse use = {.ids = ids, .n_ids = LISTED};
    f->target = tiny_model_open(&target, f->kernels, "target", NULL);
    f->draft = tiny_model_open(&other, f->kernels, "draft", NULL);
    f->listed = tiny_model_open(&other, f->kernels, "draft", &use);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    model_close(f->draft);
    model_close(f->listed);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

/* Hot enough for the noise to decide: who draws with the same noise is often right, and nobody else. */
static const Sampling HOT = {.temperature = 8, .top_p = 1};

/* Two questions, the second of which begins as the first. */
static void answer(Run *run, const Fixture *f, Model *draft, const char *drafter, const char *tree,
                   const Sampling *sampling)
{
    enum { LENGTH = 80 };
    *run = (Run){0};
    SessionConfig config = draft_case_config(run, f->kernels, f->target, draft, drafter, tree);
    config.sampling = *sampling;
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N - 3, LENGTH);
    run_ask(run, PROMPT, PROMPT_N, LENGTH);
}

static void test_same_text(void **state)
{
    static const char *const drafters[] = {"sd", "s2d", "s2d-frontier", "exit:4", "ngram+s2d"};
    const Fixture *f = *state;
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    const Sampling samplings[] = {TEMPERATURES[0], TEMPERATURES[1], TEMPERATURES[3], HOT};
    for (int s = 0; s < 4; s++) {
        int accepted[DEPTHS] = {0};
        answer(plain, f, NULL, "plain", "auto", &samplings[s]);
        for (int d = 0; d < 5; d++)
            for (int t = 0; t < 5; t++) {
                answer(run, f, t % 2 ? f->listed : f->draft, drafters[d], TREES[t], &samplings[s]);
                assert_same_answer(plain, run);
                assert_true(run->drafted > 0);
                for (int i = 0; i < DEPTHS; i++)
                    accepted[i] += run->accepted[i];
                session_close(run->session);
            }
        for (int i = 0; s == 3 && i < DEPTHS; i++)
            assert_true(accepted[i] > 20);
        session_close(plain->session);
    }
    free(plain);
    free(run);
}

/* A draft that reads more tokens than the target: where they do not fit its cache it says nothing. */
static void test_too_many(void **state)
{
    const Fixture *f = *state;
    enum { N = 600 };
    int prompt[N];
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    int long_one = tokenizer_find(f->target->tokenizer, "<|im_start|>");
    for (int i = 0; i < N; i++)
        prompt[i] = i % 2 ? long_one : PROMPT[i % PROMPT_N];
    for (int drafts = 0; drafts < 2; drafts++) {
        Run *one = drafts ? run : plain;
        *one = (Run){0};
        SessionConfig config =
            draft_case_config(one, f->kernels, f->target, drafts ? f->draft : NULL,
                              drafts ? "sd" : "plain", "4x3x12");
        config.ctx = 700;
        run_open(one, &config);
        run_ask(one, prompt, N, 40);
    }
    assert_same_answer(plain, run);
    assert_int_equal(run->drafted, 0);
    session_close(plain->session);
    session_close(run->session);
    free(plain);
    free(run);
}

/* Another target of the first one's vocabulary takes over: the draft goes on for it. */
static void test_switch(void **state)
{
    const Fixture *f = *state;
    TinyModel tiny = draft_case_model();
    tiny.perturb = 0.3f;
    Model *next = tiny_model_open(&tiny, f->kernels, "next", NULL);
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    for (int drafts = 0; drafts < 2; drafts++) {
        Run *one = drafts ? run : plain;
        Err err = {0};
        *one = (Run){0};
        SessionConfig config = draft_case_config(one, f->kernels, f->target, f->draft,
                                                 drafts ? "s2d" : "plain", "4x3x12");
        config.sampling = HOT;
        run_open(one, &config);
        run_ask(one, PROMPT, PROMPT_N, 30);
        if (session_switch(one->session, next, 1, &config.drafting, &err) != 0)
            fail_msg("%s", err.text);
        run_ask(one, PROMPT, PROMPT_N, 30);
    }
    assert_same_answer(plain, run);
    assert_true(run->accepted[0] > 0);
    session_close(plain->session);
    session_close(run->session);
    free(plain);
    free(run);
    model_close(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_text),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_switch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
