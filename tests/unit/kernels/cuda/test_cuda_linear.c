/* test_cuda_linear.c - the CUDA backend's products on the host: repacking is exact, kernels agree
 * with the CPU's float activations, and a row's bits do not depend on its batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/pack.h"
#include "tests/support/cuda_twin.h"
#include "tests/support/weights.h"

enum { ROWS_N = 72 }; /* rows of the largest batch here */

static const TwinOptions plain = {.memory = (size_t)4 << 30, .has_gemm = true};

static int a_width(QuantType type, int i)
{
    static const int wide[] = {256, 768}, narrow[] = {96, 672}, any[] = {50, 200};
    int block = quant_info((uint32_t)type)->block;
    return block == 256 ? wide[i] : block == 32 ? narrow[i] : any[i];
}

static void packing_is_exact_and_takes_no_more_bytes(void **state)
{
    (void)state;
    for (int t = 0; t < QUANT_TYPES; t++) {
        QuantType type = quant_types[t].type;
        for (int i = 0; i < 2; i++) {
            int cols = a_width(type, i);
            Weights w = weights_make(type, TILE_ROWS, cols, (uint32_t)(t + 1));
            size_t bytes = layout_tile_bytes(type, cols);
            uint8_t *tile = malloc(bytes), *row = malloc(w.row_bytes);
            uint32_t seed = 7;
            for (size_t b = 0; b < TILE_ROWS * w.row_bytes; b++) /* any bits at all */
                w.data[b] = (uint8_t)(random_next(&seed) * 128 + 128);
            cuda_pack(type, cols, w.data, tile);
            for (int r = 0; r < TILE_ROWS; r++) {
                cuda_unpack(type, cols, tile, r, row);
                assert_memory_equal(row, w.data + (size_t)r * w.row_bytes, w.row_bytes);
            }
            bool full = quant_is_float(type) ||
                        (!quant_is_grid(type) && quant_levels(type) == 1 << quant_bits(type));
            if (cols % STEP == 0 && full)
                assert_int_equal(bytes, TILE_ROWS * w.row_bytes);
            free(tile);
            free(row);
            weights_free(&w);
        }
    }
}

/* What a plan must hold for any shape: every group of inputs is in one slice, and blocks cover all
 * units. */
static void plans_cover_every_matrix(void **state)
{
    (void)state;
    for (int units = 1; units < 6000; units += 1 + units / 3) {
        for (int cols = 32; cols < 30000; cols += 32 + cols / 64 * 64) {
            LinearPlan plan = cuda_linear_plan(units, cols);
            int groups = (cols + 255) / 256, at_once = WARPS / plan.k_warps;
            assert_true(plan.k_warps >= 1 && WARPS % plan.k_warps == 0 && plan.splits >= 1);
            assert_true((plan.splits - 1) * plan.k_warps < groups);
            assert_true(plan.splits == 1 || plan.k_warps == WARPS);
            assert_int_equal(plan.blocks, (units + at_once - 1) / at_once * plan.splits);
        }
    }
}

static void product(Kernels *k, const Matrix *m, const float *x, int n, float *out, bool prompt)
{
    Linear linear = {.count = 1, .prompt = prompt, .matrix = {m}, .out = {out}};
    float *device = k->buffer_alloc(k, (size_t)(n * m->cols));
    float *y = k->buffer_alloc(k, (size_t)(n * m->rows));
    linear.out[0] = y;
    k->upload(k, device, x, (size_t)(n * m->cols));
    k->linear(k, &linear, device, n);
    k->download(k, out, y, (size_t)(n * m->rows));
    k->buffer_free(k, device);
    k->buffer_free(k, y);
}

/* Activations are rounded to 11 bits (16 with float weights), in prompts the weights too; only F32
 * weights stay floats there, and their activations. */
static void check_values(const Weights *w, const float *x, const float *out, int n, bool prompt)
{
    double step = prompt ? 0x1p-10 : 0x1p-11;
    if (w->type == QUANT_F32 || (w->type == QUANT_BF16 && !prompt))
        step = prompt ? 0x1p-20 : 0x1p-16;
    for (int i = 0; i < n; i++) {
        for (int r = 0; r < w->rows; r++) {
            double sum = 0, size = 0;
            for (int c = 0; c < w->cols; c++) {
                double v = (double)w->values[r * w->cols + c] * x[i * w->cols + c];
                sum += v;
                size += fabs(v);
            }
            double error = fabs(out[i * w->rows + r] - sum);
            /* minima may be far larger than the weights that they make up */
            if (!(error <= step * size * (quant_has_min(w->type) && !prompt ? 2 : 1)))
                fail_msg("%s %d x %d: row %d of %d is %g, not %g (sum of sizes %g)",
                         quant_info((uint32_t)w->type)->name, w->rows, w->cols, i, n,
                         (double)out[i * w->rows + r], sum, size);
        }
    }
}

static void check_shape(QuantType type, int rows, int cols, bool reverse)
{
    static const int counts[] = {1, 5, 9, 24, 64, ROWS_N};
    TwinOptions options = plain;
    options.reverse = reverse;
    Kernels *k = twin_kernels(&options);
    Weights w = weights_make(type, rows, cols, (uint32_t)(rows + cols));
    Matrix *m = weights_open(k, &w);
    float *x = malloc((size_t)(ROWS_N * cols) * sizeof *x);
    float *all = malloc((size_t)(ROWS_N * rows) * sizeof *x);
    float *some = malloc((size_t)(ROWS_N * rows) * sizeof *x);
    random_fill(x, (size_t)(ROWS_N * cols), 5);
    product(k, m, x, ROWS_N, all, false);
    check_values(&w, x, all, ROWS_N, false);
    product(k, m, x, ROWS_N, some, true);
    check_values(&w, x, some, ROWS_N, true);
    /* The same bits in smaller batches, at other places. */
    for (size_t c = 0; c + 1 < sizeof counts / sizeof *counts; c++) {
        int n = counts[c], from = (int)(c * 7) % (ROWS_N - n + 1);
        product(k, m, x + from * cols, n, some, false);
        assert_memory_equal(some, all + from * rows, (size_t)(n * rows) * sizeof *x);
    }
    /* Rows that are not finite stay alone with it. */
    x[3 * cols + cols / 2] = NAN;
    x[cols + cols / 3] = INFINITY;
    product(k, m, x, 6, some, false);
    for (int i = 0; i < 6; i++) {
        if (i == 3 || i == 1)
            assert_true(!isfinite(some[i * rows]));
        else
            assert_memory_equal(some + i * rows, all + i * rows, (size_t)rows * sizeof *x);
    }
    k->matrix_close(k, m);
    weights_free(&w);
    free(x);
    free(all);
    free(some);
    k->close(k);
}

static void products_are_right_and_the_same_in_every_batch(void **state)
{
    (void)state;
    for (int t = 0; t < QUANT_TYPES; t++) {
        check_shape(quant_types[t].type, 40, a_width(quant_types[t].type, 0), false);
        check_shape(quant_types[t].type, 70, a_width(quant_types[t].type, 1), true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_is_exact_and_takes_no_more_bytes),
        cmocka_unit_test(plans_cover_every_matrix),
        cmocka_unit_test(products_are_right_and_the_same_in_every_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
