/* test_bench_quality.c - `s2d bench quality`: its figures, reckoned again from logits read one token at a
 * time; the same figures for any batch; files that are no text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/bench/quality.h"
#include "app/commands.h"
#include "engine/model/forward.h"
#include "tests/support/model_folder.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"
#include "tests/support/weights.h"

enum { IDS = 70, CONTEXT = 16 };

static ModelFolder folder;

static void some_ids(int ids[IDS], int vocab)
{
    uint32_t seed = 7;
    for (int i = 0; i < IDS; i++) {
        seed = seed * 1664525 + 1013904223;
        ids[i] = (int)((seed >> 8) % (uint32_t)vocab);
    }
}

/* log p of every token at each place of one chunk, a token at a time. out: [CONTEXT, V] */
static void log_probabilities(Model *model, const int *ids, double *out)
{
    Context context;
    Err err = {0};
    int vocab = model->config.vocab;
    if (context_open(&context, model, model->kernels->act_f32 ? KV_F32 : KV_F16,
                     model->config.layers, CONTEXT, 1, &err) != 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < CONTEXT; i++) {
        int slot = i, prefix = i + 1;
        uint64_t mask = 0;
        Batch batch = {.n = 1, .slot = &slot, .prefix = &prefix, .mask = &mask};
        long double sum = 0;
        forward(&context, &batch, ids + i, 0, model->config.layers);
        head(&context, context.hidden, 1);
        for (int j = 0; j < vocab; j++)
            sum += expl((long double)context.logits[j]);
        for (int j = 0; j < vocab; j++)
            out[i * vocab + j] = (double)((long double)context.logits[j] - logl(sum));
    }
    context_close(&context);
}

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-9 * (1 + fabs(wanted))))
        fail_msg("%.12g is not %.12g", value, wanted);
}

/* Both paths of a tiny model. */
static void open_paths(TinyVocab vocab, Model **reference, Model **tested, Kernels *kernels[2])
{
    TinyModel tiny = tiny_model_of(vocab == TINY_SPM ? ARCH_LLAMA : ARCH_QWEN2, QUANT_Q4_0);
    tiny.vocab = vocab;
    KernelsOptions options = {.device = "cpu", .threads = 1, .act_f32 = true};
    Err err = {0};
    if (kernels_open(&kernels[0], &options, &err) != 0)
        fail_msg("%s", err.text);
    options.act_f32 = false;
    if (kernels_open(&kernels[1], &options, &err) != 0)
        fail_msg("%s", err.text);
    *reference = tiny_model_open(&tiny, kernels[0], "floats", NULL);
    *tested = tiny_model_open(&tiny, kernels[1], "ints", NULL);
}

static void close_paths(Model *reference, Model *tested, Kernels *kernels[2])
{
    model_close(reference);
    model_close(tested);
    kernels[0]->close(kernels[0]);
    kernels[1]->close(kernels[1]);
}

static Quality measure(Model *reference, Model *tested, const int *ids, int rows, int chunks)
{
    QualityText text = {.ids = ids, .n = IDS, .context = CONTEXT, .chunks = chunks, .rows = rows};
    Quality quality;
    Err err = {0};
    if (quality_measure(&quality, reference, tested, KV_F16, &text, &err) != 0)
        fail_msg("%s", err.text);
    return quality;
}

static void figures_are_those_of_the_logits(void **state)
{
    (void)state;
    static const TinyVocab vocabs[] = {TINY_BPE, TINY_SPM}; /* without BOS, and with one */
    for (int v = 0; v < 2; v++) {
        Model *reference, *tested;
        Kernels *kernels[2];
        int ids[IDS], chunk[CONTEXT], places = 0, same = 0;
        double nll[2] = {0}, square = 0, kl = 0, most = 0;
        open_paths(vocabs[v], &reference, &tested, kernels);
        int vocab = tested->config.vocab;
        some_ids(ids, vocab);
        double *p = malloc(sizeof *p * CONTEXT * (size_t)vocab);
        double *q = malloc(sizeof *q * CONTEXT * (size_t)vocab);
        assert_int_equal(tokenizer_adds_bos(tested->tokenizer), vocabs[v] == TINY_SPM);
        for (int c = 0; c < IDS / CONTEXT; c++) {
            memcpy(chunk, ids + c * CONTEXT, sizeof chunk);
            if (vocabs[v] == TINY_SPM)
                chunk[0] = tokenizer_bos(tested->tokenizer);
            log_probabilities(reference, chunk, p);
            log_probabilities(tested, chunk, q);
            for (int i = CONTEXT / 2; i + 1 < CONTEXT; i++) {
                const double *p_row = p + i * vocab, *q_row = q + i * vocab;
                double here = 0;
                int top[2] = {0};
                for (int j = 0; j < vocab; j++) {
                    here += exp(p_row[j]) * (p_row[j] - q_row[j]);
                    top[0] = p_row[j] > p_row[top[0]] ? j : top[0];
                    top[1] = q_row[j] > q_row[top[1]] ? j : top[1];
                }
                nll[0] -= p_row[chunk[i + 1]];
                nll[1] -= q_row[chunk[i + 1]];
                square += q_row[chunk[i + 1]] * q_row[chunk[i + 1]];
                kl += here;
                most = here > most ? here : most;
                same += top[0] == top[1];
                places++;
            }
        }
        Quality quality = measure(reference, tested, ids, ROWS_MAX, 0);
        double mean = nll[1] / places, value = exp(mean);
        assert_int_equal(quality.chunks, 4);
        assert_int_equal(quality.scored, places);
        near(quality.reference.value, exp(nll[0] / places));
        near(quality.tested.value, value);
        near(quality.tested.error, value * sqrt((square / places - mean * mean) / (places - 1)));
        near(quality.kl, kl / places);
        near(quality.kl_most, most);
        near(quality.same_top, (double)same / places);
        assert_true(quality.kl > 0 && quality.tested.value != quality.reference.value);
        assert_true(quality.kl_median <= quality.kl_99 && quality.kl_99 <= quality.kl_most);
        free(p);
        free(q);
        close_paths(reference, tested, kernels);
    }
}

static void a_batch_changes_nothing(void **state)
{
    (void)state;
    static const int rows[] = {1, 3, 8, 9, CONTEXT};
    Model *reference, *tested;
    Kernels *kernels[2];
    int ids[IDS];
    open_paths(TINY_BPE, &reference, &tested, kernels);
    some_ids(ids, tested->config.vocab);
    Quality whole = measure(reference, tested, ids, ROWS_MAX, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Quality quality = measure(reference, tested, ids, rows[i], 0);
        assert_memory_equal(&quality, &whole, sizeof whole);
    }
    assert_int_equal(measure(reference, tested, ids, 5, 2).chunks, 2);
    assert_int_equal(measure(reference, tested, ids, 5, 99).chunks, 4);
    close_paths(reference, tested, kernels);
}

static void a_path_is_as_good_as_itself(void **state)
{
    (void)state;
    Model *reference, *tested;
    Kernels *kernels[2];
    int ids[IDS];
    open_paths(TINY_BPE, &reference, &tested, kernels);
    some_ids(ids, tested->config.vocab);
    Quality quality = measure(reference, reference, ids, 4, 0);
    assert_true(quality.kl == 0 && quality.kl_most == 0 && quality.same_top == 1);
    assert_true(quality.tested.value == quality.reference.value);
    close_paths(reference, tested, kernels);
}

/* Runs `s2d bench quality FILE` with a tiny model; what it said goes to out and message. */
static char out[4096], message[4096];

static int bench(const char *model, const char *file, const char *option, const char *value)
{
    char model_path[256], path[2][128];
    model_folder_file(&folder, model, model_path);
    char *argv[] = {"bench",     "quality", (char *)file,   "-m",          model_path,
                    "--threads", "1",       (char *)option, (char *)value, NULL};
    FILE *streams[] = {stdout, stderr};
    char *texts[] = {out, message};
    int saved[2], n = value ? 9 : option ? 8 : 7;
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/said%d", folder.path, i);
        saved[i] = dup(i + 1);
        assert_non_null(freopen(path[i], "w", streams[i]));
    }
    int status = cmd_bench(n, argv);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
        FILE *said = fopen(path[i], "r");
        texts[i][fread(texts[i], 1, sizeof out - 1, said)] = '\0';
        fclose(said);
    }
    return status;
}

static const char *file_of(const char *name, const char *text, size_t bytes)
{
    static char path[256];
    model_folder_file(&folder, name, path);
    file_write(path, text, bytes);
    return path;
}

static void a_text_is_measured(void **state)
{
    (void)state;
    static char unix_text[4096], dos_text[8192], before[4096];
    for (int i = 0; i < 60; i++) {
        strcat(unix_text, i % 3 ? "The quick fox.\n" : "int main(void) { return 0; }\n");
        strcat(dos_text, i % 3 ? "The quick fox.\r\n" : "int main(void) { return 0; }\r\n");
    }
    const char *file = file_of("text", unix_text, strlen(unix_text));
    if (bench("target.gguf", file, "--ctx", "64") != 0)
        fail_msg("%s", message);
    assert_non_null(strstr(out, "int8 activations"));
    assert_non_null(strstr(out, "--act f32"));
    assert_non_null(strstr(out, "likeliest token is the same"));

    const char *json_option = "--json";
    if (bench("target.gguf", file, json_option, NULL) != 0)
        fail_msg("%s", message);
    char *line = strtok(strcpy(before, out), "\n");
    static const char *const whats[] = {"perplexity", "perplexity", "kl"};
    for (int i = 0; i < 3; i++, line = strtok(NULL, "\n")) {
        json_t *json = line ? json_loads(line, 0, NULL) : NULL;
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "what")), whats[i]);
        double value = json_number_value(json_object_get(json, i < 2 ? "value" : "same_top"));
        assert_true(i < 2 ? value > 1 : value > 0 && value <= 1);
        json_decref(json);
    }
    assert_null(line);

    /* A byte-order mark and CR LF are no part of a text. */
    strcpy(before, out);
    char *marked = malloc(strlen(dos_text) + 4);
    sprintf(marked, "\xef\xbb\xbf%s", dos_text);
    file = file_of("text", marked, strlen(marked));
    free(marked);
    assert_int_equal(bench("target.gguf", file, json_option, NULL), 0);
    assert_string_equal(out, before);
}

static void files_that_are_no_text_are_refused(void **state)
{
    (void)state;
    static const char short_text[] = "Two words.";
    static const char nul[] = "a\0b", bad_utf8[] = "a\xff\xfe z";
    assert_int_equal(bench("target.gguf", file_of("text", "", 0), NULL, NULL), EXIT_DATA);
    assert_non_null(strstr(message, "has 0 tokens; there must be"));
    const char *file = file_of("text", short_text, strlen(short_text));
    assert_int_equal(bench("target.gguf", file, "--ctx", "64"), EXIT_DATA);
    assert_non_null(strstr(message, "there must be 64 (--ctx N"));
    file = file_of("text", nul, sizeof nul - 1);
    assert_int_equal(bench("target.gguf", file, NULL, NULL), EXIT_DATA);
    assert_non_null(strstr(message, "no text in UTF-8"));
    file = file_of("text", bad_utf8, sizeof bad_utf8 - 1);
    assert_int_equal(bench("target.gguf", file, NULL, NULL), EXIT_DATA);
    assert_non_null(strstr(message, "no text in UTF-8"));
    assert_int_equal(bench("target.gguf", folder.path, NULL, NULL), EXIT_DATA);
    assert_int_equal(bench("target.gguf", "/no/such/file", NULL, NULL), EXIT_NOINPUT);
    assert_int_equal(bench("none.gguf", file, NULL, NULL), EXIT_NOINPUT);
    assert_int_equal(bench("target.gguf", file, "--act", "f32"), EXIT_USAGE);
    assert_int_equal(bench("target.gguf", file, "--ctx", "7"), EXIT_USAGE);
    assert_int_equal(bench("target.gguf", file, "--ctx", "1000000"), EXIT_USAGE);
    assert_int_equal(bench("target.gguf", file, "--chunks", "0"), EXIT_USAGE);
    assert_int_equal(bench("target.gguf", file, file, NULL), EXIT_USAGE);

    static char text[2048];
    while (strlen(text) < 2000)
        strcat(text, "Some words. ");
    file = file_of("text", text, strlen(text));
    assert_int_equal(bench("overflow.gguf", file, "--ctx", "32"), EXIT_DATA);
    assert_non_null(strstr(message, "no number"));
}

static int set_up(void **state)
{
    (void)state;
    return model_folder_make(&folder);
}

static int tear_down(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_the_logits),
        cmocka_unit_test(a_batch_changes_nothing),
        cmocka_unit_test(a_path_is_as_good_as_itself),
        cmocka_unit_test(a_text_is_measured),
        cmocka_unit_test(files_that_are_no_text_are_refused),
    };
    return cmocka_run_group_tests_name("bench_quality", tests, set_up, tear_down);
}
