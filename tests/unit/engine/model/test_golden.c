/* test_golden.c - the float path against reference log-probabilities of the real models
 * (tests/references): 48 greedy tokens for each of some prompts, the eight best log-probabilities at
 * each.
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

#include "app/profile/catalog.h"
#include "engine/model/forward.h"

static int ints(const json_t *array, int *out, int at)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value) out[at++] = (int)json_integer_value(value);
    return at;
}

/* Reads tokens[0 … n-1] and compares the predictions from the prompt's last token on. Returns the
 * largest difference of any of the eight log-probabilities. */
static double compare(Context *c, const json_t *row, double *worst_first)
{
    Kernels *k = c->model->kernels;
    int vocab = c->model->config.vocab, tokens[1024];
    int n_prompt = ints(json_object_get(row, "prompt_ids"), tokens, 0);
    int n = ints(json_object_get(row, "greedy_ids"), tokens, n_prompt);
    const json_t *top8 = json_object_get(row, "top8_logprob");
    static const uint64_t none[ROWS_MAX];
    double worst = 0;
    for (int start = 0; start < n - 1;) {
        int slot[ROWS_MAX], prefix[ROWS_MAX];
        int count = start == 0 ? n_prompt : 1; /* the prompt as one batch, then one by one */
        for (int i = 0; i < count; i++) {
            slot[i] = start + i;
            prefix[i] = slot[i] + 1;
        }
        Batch batch = {
            .n = count, .prompt = start == 0, .slot = slot, .prefix = prefix, .mask = none};
        forward(c, &batch, tokens + start, 0, c->model->config.layers);
        head(c, c->hidden + (size_t)(count - 1) * c->model->config.hidden, 1);
        start += count;
        int best;
        float value, log_sum;
        k->top(k, c->logits, 1, vocab, 1, &best, &value, &log_sum);
        const json_t *expected = json_array_get(top8, (size_t)(start - n_prompt));
        for (size_t j = 0; j < json_array_size(expected); j++) {
            const json_t *pair = json_array_get(expected, j);
            int id = (int)json_integer_value(json_array_get(pair, 0));
            double difference =
                fabs(c->logits[id] - log_sum - json_number_value(json_array_get(pair, 1)));
            worst = difference > worst ? difference : worst;
        }
        if (start == n_prompt) {
            const json_t *first = json_object_get(row, "first_logits");
            *worst_first = fabs(value - json_number_value(json_object_get(first, "logit_max")));
        }
    }
    return worst;
}

/* Every reference row of a model; false = its file is not here. */
static bool check_model(const char *name)
{
    char path[4096];
    if (catalog_resolve(name, path, sizeof path, NULL)) {
        print_message("not checked: %s is not here; s2d pull brings it\n", name);
        return false;
    }
    FILE *file = fopen("tests/references/greedy_f32.jsonl", "r");
    assert_non_null(file);
    Err err = {0};
    Kernels *kernels;
    Model *model;
    Context context;
    KernelsOptions options = {.device = "cpu", .act_f32 = true};
    if (kernels_open(&kernels, &options, &err) ||
        model_open(&model, kernels, path, name, NULL, NULL, &err) ||
        context_open(&context, model, KV_F16, model->config.layers, 1024, 1, &err))
        fail_msg("%s", err.text);
    char line[1 << 17];
    int rows = 0;
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        if (strcmp(json_string_value(json_object_get(row, "model")), name) == 0) {
            double first = 0, worst = compare(&context, row, &first);
            print_message("%s: largest difference %.5f (first logit %.5f)\n", name, worst, first);
            assert_true(worst < 1e-2 && first < 1e-2);
            rows++;
        }
        json_decref(row);
    }
    fclose(file);
    assert_true(rows > 0);
    context_close(&context);
    model_close(model);
    kernels->close(kernels);
    return true;
}

/* The small one, which the tests fetch, and the larger ones where somebody did. Those take minutes of
 * float arithmetic, not worth it under a sanitiser, which sees the same code on the small one. */
static void test_models(void **state)
{
    (void)state;
    if (!check_model("smollm2-135m"))
        skip();
#ifdef __SANITIZE_ADDRESS__
    print_message("not checked: the larger models, too slow under a sanitiser\n");
#else
    check_model("qwen2.5-coder-0.5b");
    check_model("qwen2.5-coder-1.5b");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
