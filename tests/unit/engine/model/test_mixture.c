/* test_mixture.c - models whose feed-forward parts are mixtures of experts: against transformers'
 * log-probabilities (tests/references), and files that lie about their experts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/model/forward.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

static Kernels *open_kernels(bool act_f32)
{
    KernelsOptions options = {.device = "cpu", .threads = 2, .act_f32 = act_f32};
    Kernels *kernels;
    Err err = {0};
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    return kernels;
}

static int size_of(const json_t *row, const char *name)
{
    return (int)json_integer_value(json_object_get(row, name));
}

static TinyModel tiny_of(const json_t *row)
{
    TinyModel tiny = tiny_model(ARCH_QWEN3MOE);
    tiny.layers = size_of(row, "layers");
    tiny.hidden = size_of(row, "hidden");
    tiny.heads = size_of(row, "heads");
    tiny.kv_heads = size_of(row, "kv_heads");
    tiny.head_dim = size_of(row, "head_dim");
    tiny.ffn = size_of(row, "ffn");
    tiny.experts = size_of(row, "experts");
    tiny.picks = size_of(row, "picks");
    tiny.tied = json_is_true(json_object_get(row, "tied"));
    return tiny;
}

/* The largest difference of any of the log-probabilities. The text goes in batches of all sizes. */
static double compare(Context *c, const json_t *best)
{
    Kernels *k = c->model->kernels;
    int vocab = c->model->config.vocab, length = (int)json_array_size(best);
    double worst = 0;
    for (int start = 0, n = 1; start < length; start += n, n = n % 13 + 1) {
        int ids[ROWS_MAX], slot[ROWS_MAX], prefix[ROWS_MAX];
        static const uint64_t none[ROWS_MAX];
        n = n < length - start ? n : length - start;
        for (int i = 0; i < n; i++) {
            int at = start + i;
            ids[i] = (7 * at * at + 3 * at + 11) % vocab;
            slot[i] = at;
            prefix[i] = at + 1;
        }
        Batch batch = {.n = n, .prompt = start % 2, .slot = slot, .prefix = prefix, .mask = none};
        forward(c, &batch, ids, 0, c->model->config.layers);
        for (int i = 0; i < n; i++) {
            int top;
            float value, log_sum;
            head(c, c->hidden + (size_t)i * (size_t)c->model->config.hidden, 1);
            k->top(k, c->logits, 1, vocab, 1, &top, &value, &log_sum);
            const json_t *expected = json_array_get(best, (size_t)(start + i));
            for (size_t j = 0; j < json_array_size(expected); j++) {
                const json_t *pair = json_array_get(expected, j);
                int id = (int)json_integer_value(json_array_get(pair, 0));
                double p = json_number_value(json_array_get(pair, 1));
                worst = fmax(worst, fabs(c->logits[id] - log_sum - p));
            }
        }
    }
    return worst;
}

static void test_reference(void **state)
{
    char line[1 << 16];
    int rows = 0;
    FILE *file = fopen("tests/references/experts.jsonl", "r");
    (void)state;
    assert_non_null(file);
    Kernels *kernels = open_kernels(true);
    for (; fgets(line, sizeof line, file); rows++) {
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        TinyModel tiny = tiny_of(row);
        Model *model = tiny_model_open(&tiny, kernels, "mixture", NULL);
        Context context;
        Err err = {0};
        const json_t *best = json_object_get(row, "best");
        assert_int_equal(json_array_size(best), 200);
        assert_int_equal(context_open(&context, model, KV_F16, tiny.layers, 256, 1, &err), 0);
        double worst = compare(&context, best);
        print_message("%d experts, %d for a token: largest difference %.6f\n", tiny.experts,
                      tiny.picks, worst);
        assert_true(worst < 1e-3);
        context_close(&context);
        model_close(model);
        json_decref(row);
    }
    fclose(file);
    assert_int_equal(rows, 2);
    kernels->close(kernels);
}

/* ---- files ---- */

typedef struct Lie {
    const char *after; /* a name in the header */
    int at;            /* bytes behind it */
    uint64_t number;
    int size;
    const char *says;
} Lie;

static const char *const COUNT = "qwen3moe.expert_count";
static const char *const USED = "qwen3moe.expert_used_count";
static const char *const GATE = "blk.0.ffn_gate_exps.weight";

static unsigned char *find(unsigned char *data, size_t bytes, const char *name)
{
    unsigned char *found = memmem(data, bytes, name, strlen(name));
    assert_non_null(found);
    return found + strlen(name);
}

static int open_config(unsigned char *data, size_t bytes, ModelConfig *config, Err *err)
{
    Gguf *gguf;
    if (gguf_open_memory(&gguf, data, bytes, "made up", err) != 0)
        return -1;
    int result = model_config(config, gguf, err);
    gguf_close(gguf);
    return result;
}

static void test_lies(void **state)
{
    const Lie lies[] = {{COUNT, 4, 0, 4, "is 0, expected 1 to 512"},
                        {COUNT, 4, 1, 4, "2 or more"},
                        {COUNT, 4, 5, 4, "expected [64, 5]"},
                        {COUNT, 4, 7, 4, "expected [64, 7]"},
                        {COUNT, 4, 513, 4, "is 513, expected"},
                        {COUNT, 4, 0xffffffff, 4, "expected 1 to 512"},
                        {USED, 4, 0, 4, "is 0, expected 1 to 16"},
                        {USED, 4, 7, 4, "6 experts, 7 for each token"},
                        {USED, 4, 17, 4, "is 17, expected"},
                        {"qwen3moe.expert_feed_forward_length", 4, 64, 4, "expected [64, 64, 6]"},
                        {"qwen3moe.expert_feed_forward_length", 4, 0, 4, "is 0, expected"},
                        {GATE, 4 + 16, 3, 8, "expected [64, 96, 6]"},
                        {GATE, 4 + 8, 48, 8, "expected [64, 96, 6]"},
                        {"blk.1.ffn_gate_inp.weight", 4 + 8, 5, 8, "expected [64, 6]"}};
    TinyModel tiny = tiny_model(ARCH_QWEN3MOE);
    unsigned char *good;
    size_t bytes;
    Err err = {0};
    ModelConfig config;
    (void)state;
    assert_int_equal(tiny_model_bytes(&tiny, &good, &bytes, &err), 0);
    unsigned char *data = malloc(bytes);
    assert_non_null(data);
    assert_int_equal(open_config(good, bytes, &config, &err), 0);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const Lie *lie = &lies[i];
        memcpy(data, good, bytes);
        memcpy(find(data, bytes, lie->after) + lie->at, &lie->number, (size_t)lie->size);
        err = (Err){0};
        assert_int_equal(open_config(data, bytes, &config, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (!strstr(err.text, lie->says))
            fail_msg("%s %d: %s", lie->after, (int)lie->number, err.text);
    }
    static const char *const missing[] = {"blk.3.ffn_gate_inp.weight", "blk.2.ffn_up_exps.weight",
                                          "blk.0.ffn_down_exps.weight", "qwen3moe.expert_count",
                                          "qwen3moe.expert_used_count"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        memcpy(data, good, bytes);
        find(data, bytes, missing[i])[-2] = 'X';
        err = (Err){0};
        assert_int_equal(open_config(data, bytes, &config, &err), -1);
        assert_non_null(strstr(err.text, "is missing"));
        assert_non_null(strstr(err.text, missing[i]));
    }
    free(data);
    free(good);
}

/* A width that is not written follows from the dense one; here it is another, which is said. */
static void test_width_follows(void **state)
{
    TinyModel tiny = tiny_model(ARCH_QWEN3MOE);
    unsigned char *data;
    size_t bytes;
    Err err = {0};
    ModelConfig config;
    (void)state;
    assert_int_equal(tiny_model_bytes(&tiny, &data, &bytes, &err), 0);
    find(data, bytes, "qwen3moe.expert_feed_forward_length")[-1] = 'X';
    assert_int_equal(open_config(data, bytes, &config, &err), -1);
    assert_non_null(strstr(err.text, "expected [64, 48, 6]"));
    free(data);
}

/* Types may differ among a layer's matrices, and bytes are what was planned. */
static void test_mixed_types(void **state)
{
    TinyModel tiny = tiny_model(ARCH_QWEN3MOE);
    char path[TEMP_BYTES];
    (void)state;
    tiny.ffn_type = QUANT_Q4_1;
    tiny.down_type = QUANT_F16;
    tiny.attn_type = QUANT_Q8_0;
    Kernels *kernels = open_kernels(false);
    Err err = {0};
    Gguf *gguf;
    ModelConfig config;
    temp_file_make(path);
    assert_int_equal(tiny_model_write(&tiny, path, &err), 0);
    assert_int_equal(gguf_open(&gguf, path, &err), 0);
    assert_int_equal(model_config(&config, gguf, &err), 0);
    static const ModelUse whole = {0}, cut = {.layers = 2, .requantise = true};
    uint64_t read;
    size_t all = model_bytes(kernels, gguf, &config, &whole, &read);
    assert_true(all >= config.weight_bytes && read == config.weight_bytes);
    ModelConfig narrowed = config;
    assert_int_equal(model_narrow(&narrowed, &cut, "mixture", &err), 0);
    assert_true(model_bytes(kernels, gguf, &narrowed, &cut, NULL) < all);
    gguf_close(gguf);
    for (int i = 0; i < 2; i++) {
        Model *model = tiny_model_open(&tiny, kernels, "mixture", i ? &cut : &whole);
        assert_int_equal(model->config.loaded, i ? 2 : 4);
        model_close(model);
    }
    remove(path);
    kernels->close(kernels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_width_follows),
        cmocka_unit_test(test_mixed_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
