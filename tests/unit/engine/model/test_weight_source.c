/* test_weight_source.c - what a draft takes of a model: layers, rows of the head, smaller types; and that
 * it takes as much memory as was planned.
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

#include "engine/model/model.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

typedef struct Fixture {
    Kernels *kernels;
    char path[TEMP_BYTES];
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    *state = &f;
    temp_file_make(f.path);
    KernelsOptions options = {.device = "cpu", .threads = 2};
    return kernels_open(&f.kernels, &options, NULL);
}

static int teardown(void **state)
{
    Fixture *f = *state;
    f->kernels->close(f->kernels);
    return unlink(f->path);
}

static Model *open_draft(Fixture *f, const TinyModel *tiny, const ModelUse *use)
{
    Model *model;
    Err err = {0};
    assert_int_equal(tiny_model_write(tiny, f->path, &err), 0);
    if (model_open_draft(&model, f->kernels, f->path, "tiny", use, NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    return model;
}

/* The largest type, so that there is something to take away. */
static TinyModel large_model(void)
{
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q8_0);
    tiny.head_type = tiny.down_type = QUANT_F16;
    tiny.embed_type = QUANT_Q5_1;
    return tiny;
}

enum { COLS_MAX = 256 };

/* Row `row` of a matrix, and of the tensor in the file. */
static void two_rows(const Fixture *f, const Matrix *matrix, int row, const char *name,
                     int file_row, float *got, float *want)
{
    Gguf *gguf;
    uint8_t blocks[4 * COLS_MAX];
    float *device = f->kernels->buffer_alloc(f->kernels, COLS_MAX);
    assert_int_equal(gguf_open(&gguf, f->path, NULL), 0);
    const GgufTensor *tensor = gguf_tensor(gguf, name);
    int cols = (int)tensor->dims[0];
    size_t bytes = quant_row_bytes(tensor->type, cols);
    assert_true(cols <= COLS_MAX);
    assert_int_equal(gguf_read(gguf, tensor, (uint64_t)file_row * bytes, blocks, bytes, NULL), 0);
    quant_to_float(tensor->type, blocks, want, cols);
    gguf_close(gguf);
    f->kernels->embed(f->kernels, matrix, &row, 1, 1, device);
    f->kernels->download(f->kernels, got, device, (size_t)cols);
    f->kernels->buffer_free(f->kernels, device);
}

static const int IDS[] = {0, 1, 2, 40, 41, 99, 200, 300};
enum { N_IDS = sizeof IDS / sizeof *IDS };

static void test_short_head(void **state)
{
    Fixture *f = *state;
    for (int tied = 0; tied < 2; tied++) {
        TinyModel tiny = large_model();
        tiny.tied = tied;
        Model *m = open_draft(f, &tiny, &(ModelUse){.ids = IDS, .n_ids = N_IDS});
        assert_int_equal(m->n_short, N_IDS);
        assert_true((m->head == m->embed) == tied);
        assert_memory_equal(m->short_ids, IDS, sizeof IDS);
        for (int i = 0; i < N_IDS; i++) {
            float got[COLS_MAX], want[COLS_MAX];
            const char *name = tied ? "token_embd.weight" : "output.weight";
            two_rows(f, m->short_head, i, name, IDS[i], got, want);
            assert_memory_equal(got, want, 64 * sizeof *got);
            two_rows(f, m->head, IDS[i], name, IDS[i], got, want);
            assert_memory_equal(got, want, 64 * sizeof *got);
        }
        model_close(m);
    }
}

static void test_cut(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = large_model();
    Model *m = open_draft(f, &tiny, &(ModelUse){.layers = 3});
    assert_int_equal(m->config.layers, 4);
    assert_int_equal(m->config.loaded, 3);
    assert_null(m->short_head);
    assert_null(m->short_ids);
    float got[COLS_MAX], want[COLS_MAX];
    two_rows(f, m->layers[2].up, 5, "blk.2.ffn_up.weight", 5, got, want);
    assert_memory_equal(got, want, 64 * sizeof *got);
    model_close(m);
}

/* Every value within the step of a block of its new type, and not where it was. */
static void assert_rounded(const Fixture *f, const Matrix *matrix, const char *name, float levels)
{
    float got[COLS_MAX], want[COLS_MAX];
    two_rows(f, matrix, 7, name, 7, got, want);
    int moved = 0;
    for (int b = 0; b < 64; b += 32) {
        float largest = 0;
        for (int i = b; i < b + 32; i++)
            largest = fmaxf(largest, fabsf(want[i]));
        for (int i = b; i < b + 32; i++) {
            assert_true(fabsf(got[i] - want[i]) <= largest / levels);
            moved += got[i] != want[i];
        }
    }
    assert_true(moved > 32);
}

static void assert_left(const Fixture *f, const Matrix *matrix, const char *name, int cols)
{
    float got[COLS_MAX], want[COLS_MAX];
    two_rows(f, matrix, 7, name, 7, got, want);
    assert_memory_equal(got, want, (size_t)cols * sizeof *got);
}

static void test_requantised(void **state)
{
    Fixture *f = *state;
    static const ModelUse use = {.ids = IDS, .n_ids = N_IDS, .requantise = true};
    TinyModel tiny = large_model();
    tiny.attn_type = QUANT_Q4_1;
    Model *m = open_draft(f, &tiny, &use);
    assert_true(m->requantised);
    assert_rounded(f, m->layers[1].up, "blk.1.ffn_up.weight", 6); /* to Q4_0 */
    assert_rounded(f, m->layers[0].down, "blk.0.ffn_down.weight", 6);
    assert_rounded(f, m->layers[0].gate, "blk.0.ffn_gate.weight", 12); /* to Q5_0 */
    assert_left(f, m->layers[1].q, "blk.1.attn_q.weight", 64);         /* four bits already */
    assert_left(f, m->embed, "token_embd.weight", 64);
    assert_left(f, m->head, "output.weight", 64);
    float got[COLS_MAX], want[COLS_MAX];
    two_rows(f, m->short_head, 6, "output.weight", IDS[6], got, want);
    double error = 0, energy = 0;
    for (int i = 0; i < 64; i++) {
        error += (double)(got[i] - want[i]) * (got[i] - want[i]);
        energy += (double)want[i] * want[i];
    }
    assert_true(error > 0 && error < 0.003 * energy); /* to Q5_0 */
    model_close(m);

    tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q4_K);
    m = open_draft(f, &tiny, &(ModelUse){.requantise = true});
    assert_left(f, m->head, "output.weight", 256);
    assert_left(f, m->layers[1].up, "blk.1.ffn_up.weight", 256);
    model_close(m);
}

/* Who rounds does not matter. */
static void test_threads(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = large_model();
    float rows[2][COLS_MAX], file[COLS_MAX];
    Kernels *alone;
    assert_int_equal(kernels_open(&alone, &(KernelsOptions){.device = "cpu", .threads = 1}, NULL),
                     0);
    for (int row = 0; row < 96; row += 19) {
        Fixture by[2] = {*f, *f};
        by[1].kernels = alone;
        for (int i = 0; i < 2; i++) {
            Model *m = open_draft(&by[i], &tiny, &(ModelUse){.requantise = true});
            two_rows(&by[i], m->layers[3].up, row, "blk.3.ffn_up.weight", row, rows[i], file);
            model_close(m);
        }
        assert_memory_equal(rows[0], rows[1], 64 * sizeof(float));
    }
    alone->close(alone);
}

/* What the backend was asked for. */
static struct Taken {
    size_t bytes;
    int (*matrix_open)(Kernels *, Matrix **, const MatrixSource *, Err *);
    float *(*buffer_alloc)(Kernels *, size_t);
} taken;

static int count_matrix(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err)
{
    taken.bytes += k->matrix_bytes(k, source->type, source->rows, source->cols);
    return taken.matrix_open(k, matrix, source, err);
}

static float *count_buffer(Kernels *k, size_t floats)
{
    taken.bytes += floats * sizeof(float);
    return taken.buffer_alloc(k, floats);
}

static bool on_progress(void *user, float fraction)
{
    *(float *)user = fraction;
    return false;
}

static void test_planned_is_taken(void **state)
{
    Fixture *f = *state;
    Kernels *k = f->kernels;
    static const ModelUse uses[] = {{0},
                                    {.layers = 2},
                                    {.ids = IDS, .n_ids = N_IDS},
                                    {.requantise = true},
                                    {.layers = 3, .ids = IDS, .n_ids = N_IDS, .requantise = true}};
    taken.matrix_open = k->matrix_open;
    taken.buffer_alloc = k->buffer_alloc;
    size_t bytes[2][5];
    for (int tied = 0; tied < 2; tied++)
        for (int u = 0; u < 5; u++) {
            TinyModel tiny = large_model();
            tiny.tied = tied;
            tiny.rope_factors = u == 1;
            Gguf *gguf;
            ModelConfig config;
            Model *m;
            Err err = {0};
            float fraction = 0;
            assert_int_equal(tiny_model_write(&tiny, f->path, &err), 0);
            assert_int_equal(gguf_open(&gguf, f->path, NULL), 0);
            assert_int_equal(model_config(&config, gguf, &err), 0);
            assert_int_equal(model_narrow(&config, &uses[u], "tiny", &err), 0);
            bytes[tied][u] = model_bytes(k, gguf, &config, &uses[u], NULL);
            gguf_close(gguf);
            taken.bytes = 0;
            k->matrix_open = count_matrix;
            k->buffer_alloc = count_buffer;
            int result =
                model_open_draft(&m, k, f->path, "tiny", &uses[u], on_progress, &fraction, &err);
            k->matrix_open = taken.matrix_open;
            k->buffer_alloc = taken.buffer_alloc;
            assert_int_equal(result, 0);
            assert_int_equal(taken.bytes, bytes[tied][u]);
            assert_true(fraction == 1);
            model_close(m);
        }
    for (int tied = 0; tied < 2; tied++)
        assert_true(bytes[tied][4] < bytes[tied][0] && bytes[tied][3] < bytes[tied][0]);
    for (int tied = 0; tied < 2; tied++)
        assert_true(bytes[tied][2] > bytes[tied][0]); /* the few rows come on top */
}

static void test_refused(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = large_model();
    static const int high[] = {5, 100000}, twice[] = {4, 4}, negative[] = {-1, 4};
    static const struct {
        ModelUse use;
        const char *says;
    } cases[] = {{{.layers = 5}, "tiny has 4 layers: a draft of 5"},
                 {{.layers = -1}, "tiny has 4 layers"},
                 {{.ids = high, .n_ids = 2}, "token 100000"},
                 {{.ids = negative, .n_ids = 2}, "token -1"},
                 {{.ids = twice, .n_ids = 2}, "does not ascend at token 4"},
                 {{.ids = twice, .n_ids = 0}, "is empty"}};
    assert_int_equal(tiny_model_write(&tiny, f->path, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        Model *m;
        assert_int_equal(
            model_open_draft(&m, f->kernels, f->path, "tiny", &cases[i].use, NULL, NULL, &err), -1);
        assert_null(m);
        assert_int_equal(err.code, EXIT_DATA);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("expected '%s' in: %s", cases[i].says, err.text);
    }
}

/* A NaN must not be rounded away. */
static void test_damaged(void **state)
{
    Fixture *f = *state;
    TinyModel tiny = large_model();
    Gguf *gguf;
    assert_int_equal(tiny_model_write(&tiny, f->path, NULL), 0);
    assert_int_equal(gguf_open(&gguf, f->path, NULL), 0);
    uint64_t at = gguf_tensor(gguf, "blk.1.ffn_up.weight")->offset;
    gguf_close(gguf);
    FILE *file = fopen(f->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite("\xff\x7f", 1, 2, file), 2); /* a scale: NaN */
    assert_int_equal(fclose(file), 0);
    Err err = {0};
    Model *m;
    assert_int_equal(model_open_draft(&m, f->kernels, f->path, "tiny",
                                      &(ModelUse){.requantise = true}, NULL, NULL, &err),
                     -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "blk.1.ffn_up.weight"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_head),       cmocka_unit_test(test_cut),
        cmocka_unit_test(test_requantised),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_planned_is_taken), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
