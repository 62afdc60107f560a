/* test_real.c - promise 1 on a real model: SmolLM2-135M, drafting for itself in every way there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/profile/catalog.h"
#include "tests/support/decoded.h"

static const char *const QUESTIONS[] = {
    "<|im_start|>user\nWhat is the capital of France, and why is it famous?<|im_end|>\n"
    "<|im_start|>assistant\n",
    "<|im_start|>user\nCount from one to thirty, one number a "
    "line.<|im_end|>\n<|im_start|>assistant\n",
};

typedef struct Case {
    const char *drafter, *tree;
    int exits[3];
    float thresholds[3];
} Case;

static const Case CASES[] = {{"s2d", "3x3x9", {10, 20, 30}, {0.3f, 0.5f, 0.1f}},
                             {"self", "3x1x3", {10, 20, 28}, {0.9f, 0.9f, 0.0f}},
                             {"exit:28", "auto", {10, 20, 30}, {1, 1, 0}},
                             {"ngram", "6x1x6", {10, 20, 30}, {1, 1, 0}}};

static void test_same_text(void **state)
{
    (void)state;
    char path[4096];
    Err err = {0};
    if (catalog_resolve("smollm2-135m", path, sizeof path, NULL)) {
        print_message("skipped: smollm2-135m is not here; s2d pull smollm2-135m brings it\n");
        skip();
    }
    Kernels *kernels;
    Model *model;
    KernelsOptions options = {.device = "cpu"};
    if (kernels_open(&kernels, &options, &err) ||
        model_open(&model, kernels, path, "smollm2-135m", NULL, NULL, &err))
        fail_msg("%s", err.text);
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    int accepted = 0, rejected = 0;
    for (int q = 0; q < 2; q++) {
        int *ids = NULL, n = 0, capacity = 0;
        assert_int_equal(tokenizer_encode(model->tokenizer, QUESTIONS[q], strlen(QUESTIONS[q]),
                                          true, &ids, &n, &capacity, &err),
                         0);
        for (int t = 0; t < 3; t++) {
            SessionConfig config = {
                .kernels = kernels,
                .target = model,
                .draft = model,
                .spec = SPEC_ON,
                .sampling = {.temperature = (float[]){0, 0.8f, 1}[t], .top_p = 1},
                .ctx = 512,
                .emit = run_event,
                .poll = run_poll,
                .user = plain};
            *plain = (Run){0};
            run_open(plain, &config);
            run_ask(plain, ids, n, 33);
            for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
                DraftConfig *d = &config.drafting;
                *run = (Run){0};
                config.user = run;
                assert_int_equal(drafter_choose(CASES[c].drafter, d), 0);
                assert_int_equal(tree_parse(CASES[c].tree, &config.tree), 0);
                d->n_exits = d->n_thresholds = 3;
                memcpy(d->exits, CASES[c].exits, sizeof CASES[c].exits);
                memcpy(d->thresholds, CASES[c].thresholds, sizeof CASES[c].thresholds);
                run_open(run, &config);
                run_ask(run, ids, n, 33);
                assert_same_answer(plain, run);
                accepted += run->stats.accepted;
                rejected += run->stats.drafted - run->stats.accepted;
                session_close(run->session);
            }
            session_close(plain->session);
        }
        free(ids);
    }
    print_message("accepted %d, rejected %d\n", accepted, rejected);
    assert_true(accepted > 50 && rejected > 50);
    free(plain);
    free(run);
    model_close(model);
    kernels->close(kernels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
