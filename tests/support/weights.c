/* weights.c - made-up weight matrices and CPU backends for the tests of kernels. */
#include "tests/support/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

float random_next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (float)(*state >> 8) * 0x1p-23f - 1.0f;
}

void random_fill(float *out, size_t n, uint32_t seed)
{
    uint32_t state = seed;
    for (size_t i = 0; i < n; i++)
        out[i] = random_next(&state);
}

void random_logits(float *logits, int n, int vocab)
{
    random_fill(logits, (size_t)n * (size_t)vocab, 3);
    for (int i = 0; i < n * vocab; i++)
        logits[i] = floorf(logits[i] * 500) / 25;
    for (int i = 0; i < n && vocab > 10; i++) {
        logits[i * vocab + 4] = NAN;
        logits[i * vocab + 5] = -INFINITY;
    }
}

void attention_reference(int heads, int kv_heads, int dim, double scale, int length,
                         const float *key, const float *value, const float *q, double *out)
{
    int group = heads / kv_heads, size = kv_heads * dim;
    double *p = malloc((size_t)length * sizeof *p);
    assert_non_null(p);
    for (int h = 0; h < heads; h++) {
        int at = h / group * dim;
        double sum = 0;
        for (int i = 0; i < length; i++) {
            double score = 0;
            for (int d = 0; d < dim; d++)
                score += (double)q[h * dim + d] * key[i * size + at + d];
            sum += p[i] = exp(score * scale);
        }
        for (int d = 0; d < dim; d++) {
            double v = 0;
            for (int i = 0; i < length; i++)
                v += p[i] / sum * value[i * size + at + d];
            out[h * dim + d] = v;
        }
    }
    free(p);
}

Weights weights_make(QuantType type, int rows, int cols, uint32_t seed)
{
    Weights w = {
        .type = type, .rows = rows, .cols = cols, .row_bytes = quant_row_bytes(type, cols)};
    size_t n = (size_t)rows * (size_t)cols;
    w.data = malloc((size_t)rows * w.row_bytes);
    w.values = malloc(n * sizeof *w.values);
    assert_true(w.data && w.values);
    random_fill(w.values, n, seed);
    for (int r = 0; r < rows; r++)
        quant_from_float(type, w.values + (size_t)r * (size_t)cols,
                         w.data + (size_t)r * w.row_bytes, cols);
    weights_update(&w);
    return w;
}

void weights_update(Weights *w)
{
    for (int r = 0; r < w->rows; r++)
        quant_to_float(w->type, w->data + (size_t)r * w->row_bytes,
                       w->values + (size_t)r * (size_t)w->cols, w->cols);
}

void weights_free(Weights *w)
{
    free(w->data);
    free(w->values);
}

static int weights_read(void *context, uint64_t offset, void *out, size_t bytes, Err *err)
{
    Weights *w = context;
    (void)err;
    assert_true(offset >= w->next && offset + bytes <= (size_t)w->rows * w->row_bytes);
    memcpy(out, w->data + offset, bytes);
    w->next = offset + bytes;
    return 0;
}

MatrixSource weights_source(Weights *w)
{
    w->next = 0;
    return (MatrixSource){
        .type = w->type, .rows = w->rows, .cols = w->cols, .read = weights_read, .context = w};
}

static Matrix *source_open(Kernels *k, const MatrixSource *source, const Weights *w)
{
    Matrix *matrix;
    Err err = {0};
    assert_int_equal(k->matrix_open(k, &matrix, source, &err), 0);
    assert_int_equal(w->next, (size_t)w->rows * w->row_bytes);
    return matrix;
}

Matrix *weights_open(Kernels *k, Weights *w)
{
    MatrixSource source = weights_source(w);
    return source_open(k, &source, w);
}

Matrix *weights_open_stack(Kernels *k, Weights *w, int stack, int picks)
{
    MatrixSource source = weights_source(w);
    source.rows = w->rows / stack;
    source.stack = stack;
    source.picks = picks;
    return source_open(k, &source, w);
}

Kernels *isa_open(int isa, int threads, bool act_f32)
{
    static const char *const names[ISAS] = {"scalar", "avx2", "avx512", "amx"};
    KernelsOptions options = {"cpu", names[isa], threads, act_f32};
    Kernels *k;
    Err err = {0};
    if (kernels_open(&k, &options, &err)) {
        assert_int_not_equal(isa, 0);
        assert_int_equal(err.code, EXIT_NODEVICE);
        print_message("%s\n", err.text);
        return NULL;
    }
    return k;
}
