/* test_gemma.c - Gemma 3: the float path against transformers' log-probabilities of tiny models
 * (tests/references/gemma3), which layers have a window, and caches that keep the last slots only.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/gguf/gguf_write.h"
#include "engine/model/forward.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

static Kernels *float_kernels(void)
{
    Kernels *kernels;
    Err err = {0};
    if (kernels_open(&kernels, &(KernelsOptions){.device = "cpu", .act_f32 = true}, &err) != 0)
        fail_msg("%s", err.text);
    return kernels;
}

/* Reads ids[0 … n-1], `at_once` rows at a time, and leaves the last rows' residual stream. */
static void read_text(Context *c, const int *ids, int first, int n)
{
    static const uint64_t none[ROWS_MAX];
    int slot[ROWS_MAX], prefix[ROWS_MAX];
    for (int i = 0; i < n; i++) {
        slot[i] = first + i;
        prefix[i] = first + i + 1;
    }
    Batch batch = {.n = n, .prompt = n > 1, .slot = slot, .prefix = prefix, .mask = none};
    forward(c, &batch, ids + first, 0, c->model->config.layers);
}

/* The largest difference from a row's log-probabilities. */
static double compare(Context *c, const json_t *row, int at_once)
{
    const json_t *ids = json_object_get(row, "ids"), *says = json_object_get(row, "logprobs");
    int tokens[256], n = (int)json_array_size(ids), vocab = c->model->config.vocab;
    double worst = 0;
    assert_in_range(n, 200, 256);
    for (int i = 0; i < n; i++)
        tokens[i] = (int)json_integer_value(json_array_get(ids, (size_t)i));
    for (int at = 0; at < n; at += at_once) {
        int rows = n - at < at_once ? n - at : at_once;
        read_text(c, tokens, at, rows);
        for (int i = 0; i < rows && at + i + 1 < n; i++) {
            int best;
            float value, log_sum;
            hidden_copy(c, c->hidden + (size_t)(ROWS_MAX - 1) * c->model->config.hidden,
                        c->hidden + (size_t)i * c->model->config.hidden, 1);
            head(c, c->hidden + (size_t)(ROWS_MAX - 1) * c->model->config.hidden, 1);
            c->model->kernels->top(c->model->kernels, c->logits, 1, vocab, 1, &best, &value,
                                   &log_sum);
            double expected = json_number_value(json_array_get(says, (size_t)(at + i)));
            worst = fmax(worst, fabs(c->logits[tokens[at + i + 1]] - log_sum - expected));
        }
    }
    return worst;
}

static void log_probabilities_are_those_of_transformers(void **state)
{
    (void)state;
    FILE *file = fopen("tests/references/gemma3/logprobs.jsonl", "r");
    assert_non_null(file);
    int rows = 0;
    for (json_t *row; (row = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)); json_decref(row)) {
        Kernels *kernels = float_kernels();
        Model *model;
        Context c;
        Err err = {0};
        char path[128];
        const char *name = json_string_value(json_object_get(row, "model"));
        snprintf(path, sizeof path, "tests/references/gemma3/%s.gguf", name);
        if (model_open(&model, kernels, path, name, NULL, NULL, &err) != 0 ||
            context_open(&c, model, KV_F16, model->config.layers, 256, 1, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(model->config.window.size,
                         json_integer_value(json_object_get(row, "window")));
        for (int at_once = 1; at_once <= 127; at_once += 63) {
            double worst = compare(&c, row, at_once);
            print_message("%s, %d at once: largest difference %.6f\n", name, at_once, worst);
            assert_true(worst < 1e-3);
        }
        context_close(&c);
        model_close(model);
        kernels->close(kernels);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, 2);
}

static TinyModel tiny_gemma(int layers)
{
    TinyModel tiny = tiny_model(ARCH_GEMMA3);
    tiny.layers = layers;
    tiny.window = 24;
    return tiny;
}

static void five_layers_of_six_have_a_window(void **state)
{
    (void)state;
    TinyModel tiny = tiny_gemma(13);
    tiny.rope_scale = 8;
    Kernels *kernels = float_kernels();
    Model *model = tiny_model_open(&tiny, kernels, "tiny", NULL);
    assert_true(model->config.embed_scale == 8);
    for (int l = 0; l < 13; l++) {
        bool sees_all = l == 5 || l == 11;
        assert_int_equal(model->layers[l].window, sees_all ? 0 : 24);
        assert_int_equal(model->layers[l].rope, sees_all ? ROPE_MAIN : ROPE_LOCAL);
    }
    assert_non_null(model->rope[ROPE_MAIN].factors);
    assert_null(model->rope[ROPE_LOCAL].factors);
    assert_true(model->rope[ROPE_LOCAL].base == 10000);
    model_close(model);
    kernels->close(kernels);
}

/* A header with one key more, or other. */
typedef struct Header {
    const char *says; /* of the error; NULL = it is none */
    const char *key;
    GgufType type;
    uint32_t number;
    int count; /* of an array of bool */
    uint32_t lacks;
} Header;

static void odd_headers_are_refused(void **state)
{
    static const Header headers[] = {
        {NULL, "attention.sliding_window_pattern", GGUF_U32, 2, 0, 0},
        {NULL, "attention.sliding_window_pattern", GGUF_BOOL, 1, 4, 0},
        {"expected 1 to", "attention.sliding_window_pattern", GGUF_U32, 0, 0, 0},
        {"3 entries for 4 layers", "attention.sliding_window_pattern", GGUF_BOOL, 1, 3, 0},
        {"sliding_window_pattern", "attention.sliding_window_pattern", GGUF_F32, 0, 0, 0},
        {"positive", "rope.freq_base_swa", GGUF_F32, 0x7fc00000, 0, 0},
        {"positive", "rope.freq_base_swa", GGUF_F32, 0, 0, 0},
        {"no capped logits", "final_logit_softcapping", GGUF_F32, 0x41f00000, 0, 0},
        {"no capped logits", "final_logit_softcapping", GGUF_F32, 0x7fc00000, 0, 0},
        {"post_ffw_norm.weight' is missing", NULL, 0, 0, 0, 1u << PART_FFN_POST_NORM},
        {"post_attention_norm.weight' is missing", NULL, 0, 0, 0, 1u << PART_ATTN_POST_NORM},
        {"attn_q_norm.weight' is missing", NULL, 0, 0, 0, 1u << PART_Q_NORM},
    };
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const Header *h = &headers[i];
        /* An array as in the file: type, count, and so many times yes. */
        const unsigned char array[] = {
            GGUF_BOOL, 0, 0, 0, (unsigned char)h->count, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
        TinyModel tiny = tiny_gemma(4);
        char key[TENSOR_NAME_BYTES];
        ModelConfig config;
        unsigned char *data;
        size_t bytes;
        Gguf *gguf;
        Err err = {0};
        tiny.lacks = h->lacks;
        if (h->key) {
            tiny.more_key = arch_key(key, ARCH_GEMMA3, h->key);
            tiny.more_type = h->count > 0 ? GGUF_ARRAY : h->type;
            tiny.more = h->count > 0 ? (const void *)array : &h->number;
            tiny.more_bytes = h->count > 0 ? 12 + (size_t)h->count : 4;
        }
        assert_int_equal(tiny_model_bytes(&tiny, &data, &bytes, NULL), 0);
        assert_int_equal(gguf_open_memory(&gguf, (char *)data, bytes, "tiny", &err), 0);
        int result = model_config(&config, gguf, &err);
        if (h->says == NULL && result != 0)
            fail_msg("%s", err.text);
        if (h->says != NULL) {
            assert_int_equal(result, -1);
            assert_int_equal(err.code, EXIT_DATA);
            if (!strstr(err.text, h->says))
                fail_msg("\"%s\" does not say \"%s\"", err.text, h->says);
        }
        gguf_close(gguf);
        free(data);
    }
    /* A window of no positions, or of less than that. */
    for (int size = -1; size <= 0; size++) {
        TinyModel tiny = tiny_gemma(4);
        unsigned char *data;
        size_t bytes;
        ModelConfig config;
        Gguf *gguf;
        Err err = {0};
        uint32_t number = (uint32_t)size;
        char key[TENSOR_NAME_BYTES];
        tiny.window = 0;
        tiny.more_key = arch_key(key, ARCH_GEMMA3, "attention.sliding_window");
        tiny.more_type = GGUF_I32;
        tiny.more = &number;
        tiny.more_bytes = 4;
        assert_int_equal(tiny_model_bytes(&tiny, &data, &bytes, NULL), 0);
        assert_int_equal(gguf_open_memory(&gguf, (char *)data, bytes, "tiny", &err), 0);
        assert_int_equal(model_config(&config, gguf, &err), -1);
        assert_non_null(strstr(err.text, "attention.sliding_window"));
        gguf_close(gguf);
        free(data);
    }
}

/* A text far longer than what layers with a window keep: the same bits as from a whole cache, in
 * less memory, and known when it can be gone on with. */
static void layers_keep_the_last_slots_only(void **state)
{
    enum { TEXT = 3000, SLOTS = TEXT + 64 };
    static int ids[TEXT];
    (void)state;
    for (int i = 0; i < TEXT; i++)
        ids[i] = (i * 31 + i / 7) % 256;
    Kernels *kernels;
    assert_int_equal(kernels_open(&kernels, &(KernelsOptions){.device = "cpu"}, NULL), 0);
    TinyModel tiny = tiny_gemma(7);
    tiny.context = SLOTS;
    Model *model = tiny_model_open(&tiny, kernels, "tiny", NULL);
    ModelConfig *config = &model->config;
    size_t bytes[2];
    float *logits[2];
    for (int whole = 0; whole < 2; whole++) {
        Context c;
        Err err = {0};
        config->exit_layers = whole; /* exits that read the text again need all of it */
        bytes[whole] = context_bytes(kernels, config, KV_F16, 7, SLOTS, 1);
        assert_int_equal(context_open(&c, model, KV_F16, 7, SLOTS, 1, &err), 0);
        for (int at = 0; at < TEXT - 1; at += ROWS_MAX)
            read_text(&c, ids, at, TEXT - 1 - at < ROWS_MAX ? TEXT - 1 - at : ROWS_MAX);
        read_text(&c, ids, TEXT - 1, 1);
        head(&c, c.hidden, 1);
        logits[whole] = malloc((size_t)config->vocab * sizeof(float));
        memcpy(logits[whole], c.logits, (size_t)config->vocab * sizeof(float));
        assert_true(context_holds(&c, 0) && context_holds(&c, TEXT));
        assert_true(context_holds(&c, TEXT - 1000));
        assert_int_equal(context_holds(&c, 1000), whole);
        /* Read again from the start, it holds what was read. */
        read_text(&c, ids, 0, 100);
        assert_true(context_holds(&c, 100));
        assert_int_equal(context_holds(&c, TEXT), whole);
        context_close(&c);
    }
    assert_memory_equal(logits[0], logits[1], (size_t)config->vocab * sizeof(float));
    assert_true(bytes[0] + (bytes[1] - bytes[0]) / 2 < bytes[1]);
    config->exit_layers = 0;
    free(logits[0]);
    free(logits[1]);
    model_close(model);
    kernels->close(kernels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_probabilities_are_those_of_transformers),
        cmocka_unit_test(five_layers_of_six_have_a_window),
        cmocka_unit_test(odd_headers_are_refused),
        cmocka_unit_test(layers_keep_the_last_slots_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
