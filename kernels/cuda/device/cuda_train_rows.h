/* cuda_train_rows.h - kernels of training: what is done element by element or row by row.
 *
 * Formulas are those of train_rows.h, train_by_row.c and train_elementwise.c. Every sum has one order, whatever
 * the device: within a block by warps and threads, over rows ascending. There are no atomics.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_CUDA_TRAIN_ROWS_H
#define S2D_KERNELS_CUDA_DEVICE_CUDA_TRAIN_ROWS_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/lane.h"

enum { COLUMNS_SHARED = THREADS * 4 };

/* Elements of this block: from its first, one per thread, to before its end. */
BODY int64_t each_first(const Lane *at)
{
    return (int64_t)at->block_x * TRAIN_EACH + at->thread;
}

BODY int64_t each_end(const Lane *at, int64_t count)
{
    int64_t end = ((int64_t)at->block_x + 1) * TRAIN_EACH;
    return end < count ? end : count;
}

/* grid of all that go by element: elements in TRAIN_EACH */
BODY void train_zero_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        a->out[i] = 0.0f;
}

BODY void train_add_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        a->out[i] += a->x[i];
}

BODY void train_bias_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        a->out[i] += a->x[i % a->cols];
}

BODY float sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

/* x: gate, y: up */
BODY void train_swiglu_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        a->out[i] = a->x[i] * sigmoid(a->x[i]) * a->y[i];
}

/* silu(x) = x s, s = sigmoid(x); its derivative is s (1 + x (1 - s)). */
BODY float silu_slope(float x, float s)
{
    return s * fmaf(x, 1.0f - s, 1.0f);
}

/* x: the gradient; out, out2: gate and up */
BODY void train_swiglu_back_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS) {
        float g = a->out[i], u = a->out2[i], d = a->x[i], s = sigmoid(g);
        a->out[i] = d * u * silu_slope(g, s);
        a->out2[i] = d * (g * s);
    }
}

/* y: the gradient */
BODY void train_silu_back_body(const Lane *at, const TrainEachArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        a->out[i] = a->y[i] * silu_slope(a->x[i], sigmoid(a->x[i]));
}

/* shared: [WARPS] floats */
BODY void train_squares_body(const Lane *at, const TrainEachArgs *a)
{
    float sum = 0.0f;
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS)
        sum = fmaf(a->x[i], a->x[i], sum);
    sum = block_sum(at, sum, (float *)at->shared);
    if (at->thread == 0)
        a->out[at->block_x] = sum;
}

BODY void train_adamw_body(const Lane *at, const TrainAdamWArgs *a)
{
    for (int64_t i = each_first(at), end = each_end(at, a->count); i < end; i += THREADS) {
        float g = a->gradient[i] * a->scale;
        float m = fmaf(1.0f - a->beta1, g, a->beta1 * a->mean[i]);
        float v = fmaf((1.0f - a->beta2) * g, g, a->beta2 * a->square[i]);
        a->mean[i] = m;
        a->square[i] = v;
        a->weight[i] = a->keep * a->weight[i] - a->rate * m / (sqrtf(v * a->inverse2) + a->epsilon);
        a->gradient[i] = 0.0f;
    }
}

/* grid: rows; shared: [WARPS] floats */
BODY void train_norm_body(const Lane *at, const TrainNormArgs *a)
{
    size_t row = (size_t)at->block_x * (size_t)a->cols;
    float squares = 0.0f;
    for (int c = at->thread; c < a->cols; c += THREADS)
        squares = fmaf(a->x[row + c], a->x[row + c], squares);
    squares = block_sum(at, squares, (float *)at->shared);
    float inverse = 1.0f / sqrtf(squares / (float)a->cols + a->eps);
    for (int c = at->thread; c < a->cols; c += THREADS)
        a->out[row + c] = a->x[row + c] * inverse * a->weight[c];
}

/* out = x r w, r = (mean x^2 + eps)^-1/2, dr/dx = -r^3 x / cols.
 * grid: rows; shared: [WARPS] floats */
BODY void train_norm_back_body(const Lane *at, const TrainNormArgs *a)
{
    size_t row = (size_t)at->block_x * (size_t)a->cols;
    float squares = 0.0f, dot = 0.0f, *scratch = (float *)at->shared;
    for (int c = at->thread; c < a->cols; c += THREADS) {
        float v = a->x[row + c];
        squares = fmaf(v, v, squares);
        dot = fmaf(a->weight[c] * a->dout[row + c], v, dot);
    }
    squares = block_sum(at, squares, scratch);
    dot = block_sum(at, dot, scratch);
    float r = 1.0f / sqrtf(squares / (float)a->cols + a->eps);
    float back = dot * r * r * r / (float)a->cols;
    if (at->thread == 0)
        a->inverse[at->block_x] = r;
    for (int c = at->thread; a->out && c < a->cols; c += THREADS) {
        float d = fmaf(a->weight[c] * a->dout[row + c], r, a->out[row + c]);
        a->out[row + c] = fmaf(-a->x[row + c], back, d);
    }
}

/* Each warp adds up every WARPS-th row, a lane for each column, and the first one what they have.
 * grid: columns in TRAIN_SUMS; shared: [THREADS] floats */
BODY void train_columns_body(const Lane *at, const TrainColumnsArgs *a)
{
    float *sums = (float *)at->shared, sum = 0.0f;
    int col = at->block_x * TRAIN_SUMS + lane_id(at);
    for (int row = warp_id(at); col < a->cols && row < a->n; row += WARPS) {
        size_t i = (size_t)row * (size_t)a->cols + (size_t)col;
        sum += a->x ? a->x[i] * a->factor[row] * a->y[i] : a->y[i];
    }
    sums[at->thread] = sum;
    block_sync(at);
    if (warp_id(at) > 0 || col >= a->cols)
        return;
    for (int w = 1; w < WARPS; w++)
        sum += sums[w * WARP + lane_id(at)];
    a->out[col] += sum;
}

/* Pairs as in Kernels.rope. grid: rows of a sequence */
BODY void train_rope_body(const Lane *at, const TrainRopeArgs *a)
{
    int pairs = a->pairs, step = a->neox ? pairs : 1;
    const float *cosine = a->angles + (size_t)at->block_x * 2 * (size_t)pairs;
    float *x = a->x + (size_t)at->block_x * (size_t)(a->heads * a->dim);
    for (int i = at->thread; i < a->heads * pairs; i += THREADS) {
        int p = i % pairs;
        float *low = x + i / pairs * a->dim + (a->neox ? p : 2 * p), *high = low + step;
        float c = cosine[p], s = a->back ? -cosine[pairs + p] : cosine[pairs + p];
        float first = *low, second = *high;
        *low = first * c - second * s;
        *high = first * s + second * c;
    }
}

/* grid: rows */
BODY void train_rows_body(const Lane *at, const TrainRowsArgs *a)
{
    size_t to = (size_t)at->block_x * (size_t)a->cols;
    size_t from = (size_t)a->ids[at->block_x] * (size_t)a->cols;
    for (int c = at->thread; c < a->cols; c += THREADS)
        a->to[to + c] = a->bf16 ? bf16_float(((const uint16_t *)a->from)[from + c])
                                : ((const float *)a->from)[from + c];
}

/* The first row with an id adds all that have it, in ascending order. grid: rows */
BODY void train_rows_back_body(const Lane *at, const TrainRowsArgs *a)
{
    int id = a->ids[at->block_x];
    for (int i = 0; i < at->block_x; i++) {
        if (a->ids[i] == id)
            return;
    }
    float *to = a->to + (size_t)id * (size_t)a->cols;
    for (int i = at->block_x; i < a->n; i++) {
        if (a->ids[i] != id)
            continue;
        const float *from = (const float *)a->from + (size_t)i * (size_t)a->cols;
        for (int c = at->thread; c < a->cols; c += THREADS)
            to[c] += from[c];
    }
}

/* grid: rows; shared: [WARPS] floats */
BODY void train_loss_body(const Lane *at, const TrainLossArgs *a)
{
    float *x = a->logits + (size_t)at->block_x * (size_t)a->vocab, *scratch = (float *)at->shared;
    const int *places = a->places + (size_t)at->block_x * (size_t)a->top;
    const float *weights = a->weights + (size_t)at->block_x * (size_t)a->top;
    float most = -INFINITY, sum = 0.0f, total = 0.0f, loss = 0.0f;
    for (int v = at->thread; v < a->vocab; v += THREADS)
        most = larger(most, x[v]);
    most = block_max(at, most, scratch);
    for (int v = at->thread; v < a->vocab; v += THREADS)
        sum += expf(x[v] - most);
    sum = block_sum(at, sum, scratch);
    float log_sum = most + logf(sum);
    for (int t = 0; t < a->top; t++) {
        total += weights[t];
        loss += weights[t] * (log_sum - x[places[t]]);
    }
    block_sync(at); /* all have read the logits */
    float factor = a->scale * total / sum;
    for (int v = at->thread; v < a->vocab; v += THREADS)
        x[v] = factor * expf(x[v] - most);
    block_sync(at);
    if (at->thread > 0)
        return;
    for (int t = 0; t < a->top; t++)
        x[places[t]] -= a->scale * weights[t];
    a->loss[at->block_x] = loss;
}

/* grid: rows; shared: [WARPS] floats */
BODY void train_smooth_l1_body(const Lane *at, const TrainSmoothL1Args *a)
{
    size_t row = (size_t)at->block_x * (size_t)a->cols;
    float sum = 0.0f;
    for (int i = at->thread; i < a->cols; i += THREADS) {
        float d = a->x[row + i] - a->target[row + i], c = d > 1.0f ? 1.0f : d < -1.0f ? -1.0f : d;
        sum = fmaf(c, fmaf(-0.5f, c, d), sum);
        a->dx[row + i] = fmaf(a->factor, c, a->dx[row + i]);
    }
    sum = block_sum(at, sum, (float *)at->shared);
    if (at->thread == 0)
        a->loss[at->block_x] = sum / (float)a->cols;
}

#endif
