/* test_architectures.c - the float path on a tiny model of each architecture against what
 * transformers says of the same text (tests/references/architectures): each token's log-probability
 * behind those before it, prompt rows and single rows, and no difference between the two.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/model/forward.h"

#define FOLDER "tests/references/architectures/"

enum { TEXT_MAX = 256, PROMPT = 100 };

/* Reads ids[first … first+n-1]; next[i]: how likely token i+1 is behind those up to i. */
static void read_rows(Context *c, const int *ids, int first, int n, double *next)
{
    Kernels *k = c->model->kernels;
    static const uint64_t none[ROWS_MAX];
    int slot[ROWS_MAX], prefix[ROWS_MAX], best[ROWS_MAX], vocab = c->model->config.vocab;
    float value[ROWS_MAX], log_sum[ROWS_MAX];
    for (int i = 0; i < n; i++) {
        slot[i] = first + i;
        prefix[i] = slot[i] + 1;
    }
    Batch batch = {.n = n, .prompt = n > 1, .slot = slot, .prefix = prefix, .mask = none};
    forward(c, &batch, ids + first, 0, c->model->config.layers);
    head(c, c->hidden, n);
    k->top(k, c->logits, n, vocab, 1, best, value, log_sum);
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)i * (size_t)vocab + (size_t)ids[first + i + 1];
        next[first + i] = (double)c->logits[at] - (double)log_sum[i];
    }
}

static void check(Kernels *kernels, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    int context = (int)json_integer_value(json_object_get(row, "context"));
    const json_t *tokens = json_object_get(row, "ids"), *expected = json_object_get(row, "next");
    int ids[TEXT_MAX], n = (int)json_array_size(tokens);
    double next[2][TEXT_MAX], worst = 0;
    char path[256];
    Model *model;
    Context c;
    Err err = {0};
    assert_true(n > 200 && n <= TEXT_MAX && context >= n);
    for (int i = 0; i < n; i++)
        ids[i] = (int)json_integer_value(json_array_get(tokens, (size_t)i));
    snprintf(path, sizeof path, FOLDER "%s.gguf", name);
    if (model_open(&model, kernels, path, name, NULL, NULL, &err) != 0 ||
        context_open(&c, model, KV_F16, model->config.layers, context + TREE_SLOTS, PROMPT, &err))
        fail_msg("%s", err.text);
    for (int alone = 0; alone < 2; alone++)
        for (int at = 0, step; at < n - 1; at += step) {
            step = alone || at > 0 ? 1 : PROMPT;
            read_rows(&c, ids, at, step, next[alone]);
        }
    assert_memory_equal(next[0], next[1], (size_t)(n - 1) * sizeof *next[0]);
    for (int i = 0; i < n - 1; i++)
        worst =
            fmax(worst, fabs(next[0][i] - json_number_value(json_array_get(expected, (size_t)i))));
    print_message("%s: %.1e\n", name, worst);
    if (worst >= 1e-3)
        fail_msg("%s: a log-probability differs by %g", name, worst);
    context_close(&c);
    model_close(model);
}

static void test_texts(void **state)
{
    (void)state;
    char line[1 << 13];
    bool seen[ARCH_COUNT] = {false};
    FILE *file = fopen(FOLDER "texts.jsonl", "r");
    Kernels *kernels;
    KernelsOptions options = {.device = "cpu", .threads = 1, .act_f32 = true};
    assert_non_null(file);
    assert_int_equal(kernels_open(&kernels, &options, NULL), 0);
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        const char *name = json_string_value(json_object_get(row, "name"));
        Arch arch;
        assert_true(arch_find(&arch, (GgufString){name, strcspn(name, "-")}));
        seen[arch] = true;
        check(kernels, row);
        json_decref(row);
    }
    for (int arch = ARCH_QWEN3; arch < ARCH_COUNT; arch++)
        /* These two have tests of their own: test_gemma.c, test_mixture.c. */
        assert_true(seen[arch] || arch == ARCH_GEMMA3 || arch == ARCH_QWEN3MOE);
    kernels->close(kernels);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
