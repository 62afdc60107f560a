/* mixture.c - see mixture.h. */
#include "tests/support/mixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const float EPS = 1e-5f;

/* Noise of deviation `gain` / sqrt(cols). */
static Weights scaled(QuantType type, int rows, int cols, float gain, uint32_t seed)
{
    Weights w = weights_make(type, rows, cols, seed);
    float scale = gain * sqrtf(3.0f / (float)cols);
    for (int r = 0; r < rows; r++) {
        float *row = w.values + (size_t)r * (size_t)cols;
        for (int c = 0; c < cols; c++)
            row[c] *= scale;
        quant_from_float(type, row, w.data + (size_t)r * w.row_bytes, cols);
    }
    weights_update(&w);
    return w;
}

Mixture mixture_make(int cols, int inner, int experts, int picks, QuantType gate, QuantType up,
                     QuantType down)
{
    Mixture mix = {.cols = cols, .inner = inner, .experts = experts, .picks = picks};
    mix.norm = malloc((size_t)cols * sizeof *mix.norm);
    assert_non_null(mix.norm);
    random_fill(mix.norm, (size_t)cols, 4);
    for (int c = 0; c < cols; c++)
        mix.norm[c] = 1 + 0.2f * mix.norm[c];
    mix.weights[0] = scaled(QUANT_F32, experts, cols, 2, 11);
    mix.weights[1] = scaled(gate, experts * inner, cols, 1, 12);
    mix.weights[2] = scaled(up, experts * inner, cols, 1, 13);
    mix.weights[3] = scaled(down, experts * cols, inner, 1, 14);
    return mix;
}

void mixture_free(Mixture *mix)
{
    for (int i = 0; i < MIXTURE_PARTS; i++)
        weights_free(&mix->weights[i]);
    free(mix->norm);
}

void mixture_open(Mixture *mix, Kernels *k)
{
    for (int i = 0; i < MIXTURE_PARTS; i++)
        mix->matrix[i] = i == 0 ? weights_open(k, &mix->weights[i])
                                : weights_open_stack(k, &mix->weights[i], mix->experts, mix->picks);
}

void mixture_close(Mixture *mix, Kernels *k)
{
    for (int i = 0; i < MIXTURE_PARTS; i++)
        k->matrix_close(k, mix->matrix[i]);
}

Experts mixture_experts(const Mixture *mix)
{
    return (Experts){.router = mix->matrix[0],
                     .gate = mix->matrix[1],
                     .up = mix->matrix[2],
                     .down = mix->matrix[3],
                     .picks = mix->picks,
                     .norm = mix->norm,
                     .norm_eps = EPS};
}

/* out = row `first` and so on of the weights times x. */
static void times(const Weights *w, int first, int rows, const double *x, double *out)
{
    for (int r = 0; r < rows; r++) {
        const float *row = w->values + (size_t)(first + r) * (size_t)w->cols;
        out[r] = 0;
        for (int c = 0; c < w->cols; c++)
            out[r] += row[c] * x[c];
    }
}

static double *doubles(int n)
{
    double *out = calloc((size_t)n, sizeof *out);
    assert_non_null(out);
    return out;
}

void mixture_reference(const Mixture *mix, const float *x, double *out)
{
    double *normed = doubles(mix->cols), *logits = doubles(mix->experts);
    double *gate = doubles(mix->inner), *up = doubles(mix->inner), *y = doubles(mix->cols);
    double squares = 0, sum = 0, best;
    for (int c = 0; c < mix->cols; c++)
        squares += (double)x[c] * x[c];
    for (int c = 0; c < mix->cols; c++) {
        normed[c] = x[c] / sqrt(squares / mix->cols + EPS) * mix->norm[c];
        out[c] = x[c];
    }
    times(&mix->weights[0], 0, mix->experts, normed, logits);
    best = logits[0];
    for (int e = 0; e < mix->experts; e++)
        best = fmax(best, logits[e]);
    for (int pass = 0; pass < 2; pass++) { /* what the weights add up to, then the outputs */
        for (int e = 0; e < mix->experts; e++) {
            int better = 0;
            for (int other = 0; other < mix->experts; other++)
                better += logits[other] > logits[e];
            if (better >= mix->picks)
                continue;
            double weight = exp(logits[e] - best);
            if (pass == 0) {
                sum += weight;
                continue;
            }
            times(&mix->weights[1], e * mix->inner, mix->inner, normed, gate);
            times(&mix->weights[2], e * mix->inner, mix->inner, normed, up);
            for (int i = 0; i < mix->inner; i++)
                gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
            times(&mix->weights[3], e * mix->cols, mix->cols, gate, y);
            for (int c = 0; c < mix->cols; c++)
                out[c] += weight / sum * y[c];
        }
    }
    free(normed);
    free(logits);
    free(gate);
    free(up);
    free(y);
}
