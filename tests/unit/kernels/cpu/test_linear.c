/* test_linear.c - matrices times rows: right, the same bits from every instruction set, for every
 * batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/group.h"
#include "tests/support/weights.h"

enum { N = 33 }; /* rows of the largest batch here */

static const int row_counts[] = {1, 15, 17, 33};
static const int widths[] = {32, 64, 96, 288, 576, 896, 1536}, wide_widths[] = {256, 512, 1280};

static void product(Kernels *k, const Matrix *m, const float *x, int n, float *out)
{
    Linear linear = {.count = 1, .matrix = {m}, .out = {out}};
    k->linear(k, &linear, x, n);
}

/* Against sums in double: float activations to rounding, int8 ones to half a step of 1/127 each. */
static void check_values(const Weights *w, const float *x, const float *out, bool exact)
{
    for (int i = 0; i < N; i++) {
        for (int r = 0; r < w->rows; r++) {
            double sum = 0, size = 0;
            for (int c = 0; c < w->cols; c++) {
                double weight = w->values[r * w->cols + c], v = x[i * w->cols + c];
                sum += weight * v;
                size += exact ? fabs(weight * v) : weight * weight;
            }
            /* int8: errors are uniform within a step of 1/127; six standard deviations. */
            double bound = exact ? 1e-5 * size : 6 * sqrt(size / 12) / 127 + 1e-6;
            assert_true(fabs(out[i * w->rows + r] - sum) <= bound);
        }
    }
}

/* Each row of `x` alone and in batches of n = 1 … 17 and 33, at every place, among rows of NaN:
 * always the bits of `expected`. */
static void check_batches(Kernels *k, Weights *w, const float *x, const float *expected)
{
    Matrix *m = weights_open(k, w);
    size_t cols = (size_t)w->cols, rows = (size_t)w->rows;
    float *batch = malloc(N * cols * sizeof *batch), *out = malloc(N * rows * sizeof *out);
    product(k, m, x, N, out);
    assert_memory_equal(out, expected, N * rows * sizeof *out);
    for (int n = 1; n <= 17; n++) {
        int at = 3 * n / 4, row = (n * 7 + at) % N;
        for (size_t i = 0; i < (size_t)n * cols; i++)
            batch[i] = NAN;
        memcpy(batch + (size_t)at * cols, x + (size_t)row * cols, cols * sizeof *x);
        product(k, m, batch, n, out);
        assert_memory_equal(out + (size_t)at * rows, expected + (size_t)row * rows,
                            rows * sizeof *out);
        assert_true(n == 1 || isnan(out[(size_t)((at + 1) % n) * rows]));
        product(k, m, x + (size_t)(N - n) * cols, n, out);
        assert_memory_equal(out, expected + (size_t)(N - n) * rows, (size_t)n * rows * sizeof *out);
    }
    free(batch);
    free(out);
    k->matrix_close(k, m);
}

static void check_shape(Kernels *backends[2][ISAS], QuantType type, int rows, int cols)
{
    Weights w = weights_make(type, rows, cols, (uint32_t)(rows * cols));
    float *x = malloc((size_t)(N * cols) * sizeof *x),
          *expected = malloc((size_t)(N * rows) * sizeof *x);
    random_fill(x, (size_t)(N * cols), 77);
    for (int f32 = 0; f32 < 2; f32++) {
        Matrix *m = weights_open(backends[f32][0], &w);
        product(backends[f32][0], m, x, N, expected);
        backends[f32][0]->matrix_close(backends[f32][0], m);
        check_values(&w, x, expected, f32 || quant_info(type)->block == 1);
        for (int isa = 0; isa < ISAS; isa++) {
            if (backends[f32][isa])
                check_batches(backends[f32][isa], &w, x, expected);
        }
    }
    free(x);
    free(expected);
    weights_free(&w);
}

static void same_bits_everywhere(void **state)
{
    Kernels *backends[2][ISAS];
    (void)state;
    for (int f32 = 0; f32 < 2; f32++) {
        for (int isa = 0; isa < ISAS; isa++)
            backends[f32][isa] = isa_open(isa, 1 + isa, f32);
    }
    for (int t = 0; t < QUANT_TYPES; t++) {
        bool wide = quant_types[t].block == 256;
        int count = wide ? 3 : 7;
        for (int r = 0; r < 4; r++) {
            for (int c = r % 2; c < count; c += 1 + r % 2)
                check_shape(backends, quant_types[t].type, row_counts[r],
                            (wide ? wide_widths : widths)[c]);
        }
    }
    for (int f32 = 0; f32 < 2; f32++) {
        for (int isa = 0; isa < ISAS; isa++) {
            if (backends[f32][isa])
                backends[f32][isa]->close(backends[f32][isa]);
        }
    }
}

/* The largest codes times the largest activations, of both signs, where int16 sums would
 * saturate. */
static void extremes_do_not_saturate(void **state)
{
    enum { COLS = 512, ROWS = 32, B = 12 };
    float x[B * COLS], expected[B * ROWS], out[B * ROWS];
    (void)state;
    for (int i = 0; i < B * COLS; i++)
        x[i] = i / COLS % 3 == 0 ? 127 : i / COLS % 3 == 1 ? -127 : i % 2 ? 127 : -127;
    for (int t = 0; t < QUANT_TYPES; t++) {
        const QuantInfo *info = &quant_types[t];
        if (quant_is_float(info->type))
            continue;
        size_t halves = quant_has_min(info->type) ? 4 : 2;
        Weights w = weights_make(quant_types[t].type, ROWS, COLS, 1);
        for (size_t i = 0; i < ROWS * w.row_bytes; i++) {
            size_t at = i % (size_t)info->bytes - (size_t)info->d;
            bool head = at < halves; /* before d it is huge */
            int row = (int)(i / w.row_bytes);
            if (!head)
                w.data[i] = row % 4 == 0 ? 0xff : row % 4 == 1 ? 0x80 : row % 4 == 2 ? 0x7f : 0;
        }
        weights_update(&w);
        for (int isa = 0; isa < ISAS; isa++) {
            Kernels *k = isa_open(isa, 1, false);
            if (!k)
                continue;
            Matrix *m = weights_open(k, &w);
            product(k, m, x, B, isa ? out : expected);
            k->matrix_close(k, m);
            k->close(k);
            if (isa)
                assert_memory_equal(out, expected, sizeof out);
        }
        for (int i = 0; i < B * ROWS; i++) {
            double sum = 0, size = 0;
            for (int c = 0; c < COLS; c++) {
                double v = (double)w.values[i % ROWS * COLS + c] * x[i / ROWS * COLS + c];
                sum += v;
                size += fabs(v);
            }
            assert_true(fabs(expected[i] - sum) <= 1e-6 * size);
        }
        weights_free(&w);
    }
}

static double gelu(double v)
{
    return v / 2 * (1 + tanh(sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
}

static float silu(float v)
{
    return v / (1.0f + expf(-v));
}

/* Norm, bias, residual and SwiGLU fused are what they are one by one; matrices of several types. */
static void fusions_are_what_they_say(void **state)
{
    enum { COLS = 256, ROWS = 50, ROWS2 = 20, B = 11 };
    float x[B * COLS], normed[B * COLS], weight[COLS], bias[ROWS];
    float plain[2][B * ROWS], out[3][B * ROWS];
    (void)state;
    random_fill(x, B * COLS, 5);
    random_fill(weight, COLS, 6);
    random_fill(bias, ROWS, 7);
    for (int isa = 0; isa < ISAS; isa++) {
        Kernels *k = isa_open(isa, 2, false);
        if (!k)
            continue;
        Weights wa = weights_make(QUANT_Q4_K, ROWS, COLS, 1),
                wb = weights_make(QUANT_Q6_K, ROWS, COLS, 2);
        Weights wc = weights_make(QUANT_F16, ROWS2, COLS, 3);
        Matrix *a = weights_open(k, &wa), *b = weights_open(k, &wb), *c = weights_open(k, &wc);
        k->norm(k, x, weight, 1e-5f, B, 1, COLS, normed);
        for (int n = 1; n <= B; n += 5) {
            product(k, a, normed, n, plain[0]);
            product(k, b, normed, n, plain[1]);

            Linear three = {.count = 3, .matrix = {a, b, c}, .bias = {bias, NULL, NULL}};
            three.norm = weight;
            three.norm_eps = 1e-5f;
            for (int j = 0; j < 3; j++)
                three.out[j] = out[j];
            k->linear(k, &three, x, n);
            assert_memory_equal(out[1], plain[1], (size_t)(n * ROWS) * sizeof(float));
            for (int i = 0; i < n * ROWS; i++)
                assert_true(out[0][i] == plain[0][i] + bias[i % ROWS]);
            product(k, c, normed, n, plain[0]);
            assert_memory_equal(out[2], plain[0], (size_t)(n * ROWS2) * sizeof(float));
            product(k, a, normed, n, plain[0]);

            Linear add = {
                .count = 1, .mode = LINEAR_ADD, .matrix = {a}, .bias = {bias}, .out = {out[0]}};
            random_fill(out[0], B * ROWS, 9);
            random_fill(out[1], B * ROWS, 9);
            k->linear(k, &add, normed, n);
            for (int i = 0; i < n * ROWS; i++)
                assert_true(out[0][i] == out[1][i] + (plain[0][i] + bias[i % ROWS]));

            Linear swiglu = {.count = 2, .mode = LINEAR_SWIGLU, .matrix = {a, b}, .out = {out[0]}};
            k->linear(k, &swiglu, normed, n);
            for (int i = 0; i < n * ROWS; i++)
                assert_float_equal(out[0][i], silu(plain[0][i]) * plain[1][i], 1e-4);
            swiglu.mode = LINEAR_GEGLU;
            k->linear(k, &swiglu, normed, n);
            for (int i = 0; i < n * ROWS; i++)
                assert_float_equal(out[0][i], gelu(plain[0][i]) * plain[1][i], 1e-4);
        }
        k->matrix_close(k, a);
        k->matrix_close(k, b);
        k->matrix_close(k, c);
        weights_free(&wa);
        weights_free(&wb);
        weights_free(&wc);
        k->close(k);
    }
}

static void rows_of_zeros_and_infinities(void **state)
{
    enum { COLS = 320, ROWS = 16 };
    float x[3 * COLS], out[3 * ROWS];
    (void)state;
    random_fill(x, 3 * COLS, 4);
    memset(x, 0, COLS * sizeof *x);
    x[COLS + 300] = INFINITY;
    Kernels *k = isa_open(0, 1, false);
    Weights w = weights_make(QUANT_Q5_1, ROWS, COLS, 1);
    Matrix *m = weights_open(k, &w);
    product(k, m, x, 3, out);
    for (int r = 0; r < ROWS; r++) {
        assert_true(out[r] == 0.0f);
        assert_true(isnan(out[ROWS + r]));
        assert_true(isfinite(out[2 * ROWS + r]));
    }
    k->matrix_close(k, m);
    weights_free(&w);
    k->close(k);
}

static void embedding_is_exact(void **state)
{
    enum { ROWS = 37 };
    (void)state;
    Kernels *k = isa_open(0, 2, false);
    for (int t = 0; t < QUANT_TYPES; t++) {
        int cols = quant_types[t].block == 256 ? 768 : 416, ids[] = {36, 0, 15, 16, 36};
        Weights w = weights_make(quant_types[t].type, ROWS, cols, 3);
        Matrix *m = weights_open(k, &w);
        float *out = malloc((size_t)(5 * cols) * sizeof *out);
        k->embed(k, m, ids, 5, 1, out);
        for (int i = 0; i < 5; i++)
            assert_memory_equal(out + i * cols, w.values + ids[i] * cols,
                                (size_t)cols * sizeof *out);
        free(out);
        k->matrix_close(k, m);
        weights_free(&w);
    }
    k->close(k);
}

static int read_fails(void *context, uint64_t offset, void *out, size_t bytes, Err *err)
{
    (void)context, (void)offset, (void)out, (void)bytes;
    return err_set(err, EXIT_IO, "the disk is gone");
}

static void expect_error(Kernels *k, MatrixSource source, int code, const char *part)
{
    Matrix *m;
    Err err = {0};
    assert_int_equal(k->matrix_open(k, &m, &source, &err), -1);
    assert_null(m);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, part));
}

static void bad_weights_are_refused(void **state)
{
    (void)state;
    Kernels *k = isa_open(0, 2, false);
    Weights w = weights_make(QUANT_Q8_0, 40, 64, 1);
    MatrixSource source = weights_source(&w);
    w.data[39 * w.row_bytes + 34] = 0;
    w.data[39 * w.row_bytes + 35] = 0x7c;
    expect_error(k, source, EXIT_DATA, "NaN or Inf");
    source.cols = 48;
    expect_error(k, source, EXIT_DATA, "multiple of 32");
    source.cols = 64;
    source.rows = 0;
    expect_error(k, source, EXIT_DATA, "0 rows");
    source.type = (QuantType)34;
    expect_error(k, source, EXIT_DATA, "type 34");
    MatrixSource broken = {.type = QUANT_F32, .rows = 4, .cols = 4, .read = read_fails};
    expect_error(k, broken, EXIT_IO, "disk is gone");
    assert_true(k->matrix_bytes(k, QUANT_Q4_K, 4096, 4096) >= 4096 * 4096 / 256 * 144);
    assert_true(k->memory_free(k) > 0);
    weights_free(&w);
    k->close(k);
}

static void backends_are_named(void **state)
{
    KernelsOptions options = {.device = "cuda"};
    Kernels *k;
    Err err = {0};
    (void)state;
    options.device = "abacus";
    assert_int_equal(kernels_open(&k, &options, &err), -1);
    assert_int_equal(err.code, EXIT_USAGE);
    options = (KernelsOptions){.isa = "mmx"};
    err = (Err){0};
    assert_int_equal(kernels_open(&k, &options, &err), -1);
    assert_int_equal(err.code, EXIT_USAGE);
    options = (KernelsOptions){.device = "cpu", .threads = 3};
    assert_int_equal(kernels_open(&k, &options, &err), 0);
    assert_string_equal(k->device, "cpu");
    assert_int_equal(k->threads, 3);
    assert_non_null(strstr(k->description, "3 threads"));
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_everywhere),      cmocka_unit_test(extremes_do_not_saturate),
        cmocka_unit_test(fusions_are_what_they_say), cmocka_unit_test(rows_of_zeros_and_infinities),
        cmocka_unit_test(embedding_is_exact),        cmocka_unit_test(bad_weights_are_refused),
        cmocka_unit_test(backends_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
