/* test_adapter.c - adapters: written and read back, refused where they lie, and their low-rank
 * changes in the weights that come of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/draft_merge.h"
#include "app/profile/adapter_file.h"
#include "tests/support/bad_adapters.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_adapter.h"

typedef struct Fixture {
    Kernels *kernels;
    char folder[TEMP_BYTES], base[64], adapter[64];
    ModelConfig config;
} Fixture;

static int setup(void **state)
{
    static Fixture fixture;
    Err err = {0};
    Gguf *gguf;
    temp_folder_make(fixture.folder);
    snprintf(fixture.base, sizeof fixture.base, "%s/base.gguf", fixture.folder);
    snprintf(fixture.adapter, sizeof fixture.adapter, "%s/a.gguf", fixture.folder);
    KernelsOptions options = {.device = "cpu", .threads = 2, .act_f32 = true};
    TinyModel base = bad_adapter_base();
    if (kernels_open(&fixture.kernels, &options, &err) != 0 ||
        tiny_model_write(&base, fixture.base, &err) != 0 ||
        gguf_open(&gguf, fixture.base, &err) != 0 ||
        model_config(&fixture.config, gguf, &err) != 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    gguf_close(gguf);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    f->kernels->close(f->kernels);
    unlink(f->base);
    unlink(f->adapter);
    return rmdir(f->folder);
}

static Adapter *open_made(const Fixture *f, int index)
{
    unsigned char *data;
    size_t bytes;
    Adapter *adapter;
    Err err = {0};
    bad_adapter_make(index, &data, &bytes);
    file_write(f->adapter, data, bytes);
    free(data);
    if (adapter_open(&adapter, f->adapter, &err) != 0 ||
        adapter_check(adapter, &f->config, &err) != 0)
        fail_msg("%s", err.text);
    return adapter;
}

/* ---- files ---- */

static void test_written_and_read(void **state)
{
    Fixture *f = *state;
    enum { TYPES = QUANT_TYPES, ROWS = 3, COLS = 256 };
    static float values[ROWS * COLS];
    AdapterTensor tensors[TYPES + 1] = {0};
    static const int vocab[] = {0, 7, 300};
    AdapterInfo info = {.arch = ARCH_QWEN2,
                        .layers = 12,
                        .n_exits = 2,
                        .exits = {6, 12},
                        .copy_of = {23, -1},
                        .n_vocab = 3,
                        .vocab = vocab,
                        .alpha = 16};
    memset(info.base_sha256, '7', ADAPTER_HASH_TEXT - 1);
    for (int i = 0; i < ROWS * COLS; i++)
        values[i] = (float)(i % 37) / 16 - 1;
    for (int i = 0; i < TYPES; i++) {
        tensors[i] = (AdapterTensor){
            .type = quant_types[i].type, .rows = ROWS, .cols = COLS, .values = values};
        snprintf(tensors[i].name, sizeof tensors[i].name, "t%d", i);
    }
    tensors[TYPES] = (AdapterTensor){.type = QUANT_F32, .cols = 5, .values = values};
    adapter_exit_name(tensors[TYPES].name, 6, "norm.weight");
    Err err = {0};
    if (adapter_save(f->adapter, &info, tensors, TYPES + 1, &err) != 0)
        fail_msg("%s", err.text);

    Adapter *read;
    if (adapter_open(&read, f->adapter, &err) != 0)
        fail_msg("%s", err.text);
    const AdapterInfo *got = &read->info;
    assert_true(got->arch == ARCH_QWEN2 && got->layers == 12 && got->alpha == 16);
    assert_true(got->n_exits == 2 && got->exits[0] == 6 && got->exits[1] == 12);
    assert_true(got->copy_of[0] == 23 && got->copy_of[1] == -1);
    assert_true(got->n_vocab == 3 && memcmp(got->vocab, vocab, sizeof vocab) == 0);
    assert_string_equal(got->base_sha256, info.base_sha256);
    assert_true(adapter_has_norm(read, 0) && !adapter_has_norm(read, 1));
    assert_true(adapter_has_layer(read, 0) && !adapter_has_layer(read, 1));
    assert_false(adapter_changes_base(read));
    for (int i = 0; i <= TYPES; i++) {
        const GgufTensor *tensor = gguf_tensor(read->gguf, tensors[i].name);
        uint8_t blocks[COLS * 4], want[COLS * 4];
        int rows = tensors[i].rows > 0 ? tensors[i].rows : 1, cols = tensors[i].cols;
        size_t row_bytes = quant_row_bytes(tensors[i].type, cols);
        assert_true(tensor && tensor->type == tensors[i].type && tensor->dims[0] == cols &&
                    tensor->dims[1] == rows);
        for (int row = 0; row < rows; row++) {
            quant_fit(tensors[i].type, values + row * cols, want, cols);
            assert_int_equal(
                gguf_read(read->gguf, tensor, (size_t)row * row_bytes, blocks, row_bytes, NULL), 0);
            assert_memory_equal(blocks, want, row_bytes);
        }
    }
    adapter_close(read);
}

/* What is not finite, in the float or in the type, is not written, and what was there stays. */
static void test_only_finite(void **state)
{
    Fixture *f = *state;
    static const struct {
        QuantType type;
        float value;
    } bad[] = {{QUANT_F32, (float)NAN},
               {QUANT_Q4_0, INFINITY},
               {QUANT_F16, 1e6f},
               {QUANT_Q8_0, (float)NAN}};
    AdapterInfo info = {.layers = 1, .n_exits = 1, .exits = {1}, .copy_of = {-1}};
    memset(info.base_sha256, '7', ADAPTER_HASH_TEXT - 1);
    file_write(f->adapter, "old", 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float values[64] = {0};
        values[33] = bad[i].value;
        AdapterTensor tensor = {
            .name = "s2d.exit.1.x", .type = bad[i].type, .rows = 2, .cols = 32, .values = values};
        Err err = {0};
        assert_int_equal(adapter_save(f->adapter, &info, &tensor, 1, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, "s2d.exit.1.x"));
        char text[4] = "";
        FILE *in = fopen(f->adapter, "rb");
        assert_int_equal(fread(text, 1, 4, in), 3);
        fclose(in);
        assert_string_equal(text, "old");
    }
}

static void test_bad_files(void **state)
{
    Fixture *f = *state;
    adapter_close(open_made(f, -1));
    for (int i = 0; i < bad_adapter_count(); i++) {
        unsigned char *data;
        size_t bytes;
        Adapter *adapter = NULL;
        Err err = {0};
        bool early;
        const char *says = bad_adapter_says(i, &early);
        bad_adapter_make(i, &data, &bytes);
        int opened = adapter_open_memory(&adapter, data, bytes, "bad.gguf", &err);
        if (opened != (early ? -1 : 0))
            fail_msg("%s: %s %s", bad_adapter_name(i), early ? "was opened" : "was not opened",
                     err.text);
        if (!early) {
            if (adapter_check(adapter, &f->config, &err) != -1)
                fail_msg("%s passes", bad_adapter_name(i));
            /* The load looks first, too. */
            Model *model;
            Err again = {0};
            ModelUse use = {.adapter = adapter};
            assert_int_equal(
                model_open_draft(&model, f->kernels, f->base, "b", &use, NULL, NULL, &again), -1);
            assert_string_equal(again.text, err.text);
        }
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, "bad.gguf: ", 10) != 0 || strstr(err.text, says) == NULL)
            fail_msg("%s: expected '%s' in: %s", bad_adapter_name(i), says, err.text);
        adapter_close(adapter);
        free(data);
    }
}

/* ---- weights ---- */

static float *floats_of(const Gguf *gguf, const char *name)
{
    const GgufTensor *tensor = gguf_tensor(gguf, name);
    assert_non_null(tensor);
    int cols = (int)tensor->dims[0], rows = (int)tensor->dims[1];
    size_t row_bytes = quant_row_bytes(tensor->type, cols);
    float *values = malloc((size_t)rows * (size_t)cols * sizeof *values);
    uint8_t *blocks = malloc(tensor->bytes);
    assert_int_equal(gguf_read(gguf, tensor, 0, blocks, tensor->bytes, NULL), 0);
    for (int row = 0; row < rows; row++)
        quant_to_float(tensor->type, blocks + (size_t)row * row_bytes, values + row * cols, cols);
    free(blocks);
    return values;
}

/* A matrix in the backend against W + alpha / rank * B A; pair NULL: against W. How far they are
 * apart is what rounding to 8 bits does, in units of each 32 values' largest. */
static void assert_changed(Fixture *f, const Matrix *matrix, const Gguf *base, const char *name,
                           const Adapter *adapter, const char *pair, int rank)
{
    Kernels *k = f->kernels;
    const GgufTensor *tensor = gguf_tensor(base, name);
    int cols = (int)tensor->dims[0], rows = (int)tensor->dims[1], ids[128];
    float *want = floats_of(base, name), *a = NULL, *b = NULL;
    if (pair) {
        char part[80];
        snprintf(part, sizeof part, "%s.lora_a", pair);
        a = floats_of(adapter->gguf, part);
        snprintf(part, sizeof part, "%s.lora_b", pair);
        b = floats_of(adapter->gguf, part);
    }
    double moved = 0;
    for (int i = 0; i < rows * cols; i++) {
        double change = 0;
        for (int r = 0; r < rank; r++)
            change += (double)b[i / cols * rank + r] * (double)a[r * cols + i % cols];
        change *= rank ? (double)adapter->info.alpha / rank : 0;
        want[i] += (float)change;
        moved = fmax(moved, fabs(change));
    }
    assert_true(pair == NULL || moved > 0.02);
    float *device = k->buffer_alloc(k, (size_t)rows * (size_t)cols);
    float *got = malloc((size_t)rows * (size_t)cols * sizeof *got);
    for (int i = 0; i < rows; i++)
        ids[i] = i;
    k->embed(k, matrix, ids, rows, 1, device);
    k->download(k, got, device, (size_t)rows * (size_t)cols);
    for (int i = 0; i < rows * cols; i += 32) {
        float most = 0;
        for (int j = 0; j < 32; j++)
            most = fmaxf(most, fabsf(want[i + j]));
        for (int j = 0; j < 32; j++)
            assert_true(fabsf(got[i + j] - want[i + j]) <= (pair ? most / 127 : 0));
    }
    k->buffer_free(k, device);
    free(got);
    free(want);
    free(a);
    free(b);
}

static float last_progress;

static bool on_progress(void *user, float fraction)
{
    (void)user;
    assert_true(fraction >= last_progress && fraction <= 1);
    last_progress = fraction;
    return false;
}

static void test_low_rank(void **state)
{
    Fixture *f = *state;
    Adapter *adapter = open_made(f, -1);
    Gguf *base;
    Model *model;
    Err err = {0};
    ModelUse use = {.layers = 3, .adapter = adapter};
    assert_int_equal(gguf_open(&base, f->base, NULL), 0);
    last_progress = 0;
    if (model_open_draft(&model, f->kernels, f->base, "t", &use, on_progress, NULL, &err) != 0)
        fail_msg("%s", err.text);
    assert_true(last_progress == 1);
    assert_true(model->changed && strcmp(model->adapter, f->adapter) == 0);
    assert_true(model->n_exits == 3 && model->config.exit_layers == 2);
    const Exit *exit = model_exit(model, 2);
    assert_true(exit && exit->own && !exit->norm && exit->kv == 1);
    assert_changed(f, exit->own->q, base, "blk.3.attn_q.weight", adapter,
                   "s2d.exit.2.blk.attn_q.weight", 3);
    assert_changed(f, exit->own->down, base, "blk.3.ffn_down.weight", adapter,
                   "s2d.exit.2.blk.ffn_down.weight", 2);
    assert_changed(f, exit->own->up, base, "blk.3.ffn_up.weight", adapter, NULL, 0);
    assert_changed(f, model->layers[0].up, base, "blk.0.ffn_up.weight", adapter,
                   "blk.0.ffn_up.weight", 32);
    assert_changed(f, model->layers[1].up, base, "blk.1.ffn_up.weight", adapter, NULL, 0);
    float norm[64], *want = floats_of(adapter->gguf, "s2d.exit.2.blk.attn_norm.weight");
    f->kernels->download(f->kernels, norm, exit->own->attn_norm, 64);
    assert_memory_equal(norm, want, sizeof norm);
    free(want);
    want = floats_of(base, "blk.3.ffn_norm.weight");
    f->kernels->download(f->kernels, norm, exit->own->ffn_norm, 64);
    assert_memory_equal(norm, want, sizeof norm);
    free(want);
    want = floats_of(adapter->gguf, "s2d.exit.1.blk.attn_norm.weight"); /* halves */
    f->kernels->download(f->kernels, norm, model_exit(model, 1)->own->attn_norm, 64);
    assert_memory_equal(norm, want, sizeof norm);
    free(want);
    assert_changed(f, model_exit(model, 1)->own->down, adapter->gguf,
                   "s2d.exit.1.blk.ffn_down.weight", adapter, NULL, 0);
    model_close(model);

    /* A draft that is cut before an exit does without it. */
    use.layers = 1;
    assert_int_equal(model_open_draft(&model, f->kernels, f->base, "t", &use, NULL, NULL, NULL), 0);
    assert_true(model->n_exits == 1 && model->config.exit_layers == 1);
    model_close(model);
    gguf_close(base);
    adapter_close(adapter);
}

/* NaN in an adapter's weights: in a matrix, in a norm, in a low-rank pair. */
static void test_damaged(void **state)
{
    Fixture *f = *state;
    static const char *const names[] = {"s2d.exit.1.norm.weight", "s2d.exit.1.blk.attn_k.weight",
                                        "s2d.exit.2.blk.attn_q.weight.lora_a",
                                        "blk.0.ffn_up.weight.lora_b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned char *data;
        size_t bytes;
        Adapter *adapter;
        Model *model;
        Err err = {0};
        bad_adapter_make(-1, &data, &bytes);
        assert_int_equal(adapter_open_memory(&adapter, data, bytes, "a.gguf", NULL), 0);
        const GgufTensor *tensor = gguf_tensor(adapter->gguf, names[i]);
        memset(data + tensor->offset, 0xff, 4); /* NaN in each of these types */
        ModelUse use = {.layers = 3, .adapter = adapter};
        assert_int_equal(model_open_draft(&model, f->kernels, f->base, "t", &use, NULL, NULL, &err),
                         -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, "NaN"));
        assert_non_null(strstr(err.text, names[i]));
        adapter_close(adapter);
        free(data);
    }
}

/* ---- an exit as a model ---- */

static void test_merge(void **state)
{
    Fixture *f = *state;
    TinyModel base = tiny_model_of(ARCH_QWEN2, QUANT_Q5_0);
    TinyAdapter tiny = tiny_adapter(&base, 4);
    tiny.n_exits = 2;
    tiny.exits[1] = (TinyExit){.layer = 4, .norm = true};
    for (int e = 0; e < 2; e++) {
        TinyModel says = tiny_exit_model(&base, tiny.exits[e].layer);
        unsigned char *data[3];
        size_t bytes[3];
        Gguf *from, *want, *got;
        Adapter *adapter;
        Err err = {0};
        assert_int_equal(tiny_model_bytes(&base, &data[0], &bytes[0], NULL), 0);
        assert_int_equal(tiny_adapter_bytes(&tiny, &data[1], &bytes[1], NULL), 0);
        assert_int_equal(tiny_model_bytes(&says, &data[2], &bytes[2], NULL), 0);
        assert_int_equal(gguf_open_memory(&from, data[0], bytes[0], "base", NULL), 0);
        assert_int_equal(adapter_open_memory(&adapter, data[1], bytes[1], "a", NULL), 0);
        assert_int_equal(gguf_open_memory(&want, data[2], bytes[2], "want", NULL), 0);
        assert_int_equal(draft_merge_check(adapter, says.layers - 1, NULL), 0);
        FILE *stream = fopen(f->adapter, "wb");
        if (draft_merge(from, adapter, says.layers - 1, stream, &err) != 0)
            fail_msg("%s", err.text);
        fclose(stream);
        ModelConfig config;
        if (gguf_open(&got, f->adapter, &err) != 0 || model_config(&config, got, &err) != 0)
            fail_msg("%s", err.text);
        int own = tiny.exits[e].own;
        assert_int_equal(config.layers, tiny.exits[e].layer + own);
        /* The model that the exit says has a layer more where the exit has none of its own. */
        assert_int_equal(gguf_tensor_count(got), gguf_tensor_count(want) - (own ? 0 : 12));
        for (int i = 0; i < gguf_tensor_count(got); i++) {
            const GgufTensor *a = gguf_tensor_at(got, i), *b;
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)a->name.length, a->name.data);
            b = gguf_tensor(want, name);
            assert_true(b && a->type == b->type && a->bytes == b->bytes &&
                        a->dims[0] == b->dims[0]);
            unsigned char *raw = malloc(2 * a->bytes);
            assert_int_equal(gguf_read(got, a, 0, raw, a->bytes, NULL), 0);
            assert_int_equal(gguf_read(want, b, 0, raw + a->bytes, a->bytes, NULL), 0);
            assert_memory_equal(raw, raw + a->bytes, a->bytes);
            free(raw);
        }
        gguf_close(from);
        gguf_close(want);
        gguf_close(got);
        adapter_close(adapter);
        for (int i = 0; i < 3; i++)
            free(data[i]);
    }
}

static void test_no_merge(void **state)
{
    Fixture *f = *state;
    TinyModel base = tiny_model(ARCH_LLAMA);
    TinyAdapter tiny = tiny_adapter(&base, 6);
    tiny.exits[0].no_ffn = true;
    unsigned char *data;
    size_t bytes;
    Adapter *adapter;
    static const struct {
        int exit, code;
        const char *says;
    } cases[] = {{2, EXIT_DATA, "attention alone"},
                 {6, EXIT_DATA, "nothing was trained"},
                 {3, EXIT_USAGE, "no exit 3"}};
    assert_int_equal(tiny_adapter_bytes(&tiny, &data, &bytes, NULL), 0);
    assert_int_equal(adapter_open_memory(&adapter, data, bytes, "a", NULL), 0);
    for (int i = 0; i < 3; i++) {
        Err err = {0};
        assert_int_equal(draft_merge_check(adapter, cases[i].exit, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.text, cases[i].says));
    }
    assert_int_equal(draft_merge_check(adapter, 4, NULL), 0);
    adapter_close(adapter);
    free(data);
    adapter = open_made(f, -1);
    Err err = {0};
    assert_int_equal(draft_merge_check(adapter, 1, &err), -1);
    assert_non_null(strstr(err.text, "low-rank pairs"));
    adapter_close(adapter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_read), cmocka_unit_test(test_only_finite),
        cmocka_unit_test(test_bad_files),        cmocka_unit_test(test_low_rank),
        cmocka_unit_test(test_damaged),          cmocka_unit_test(test_merge),
        cmocka_unit_test(test_no_merge),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
