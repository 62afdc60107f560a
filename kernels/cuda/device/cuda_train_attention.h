/* cuda_train_attention.h - kernels of training: what lies between the products of attention, and
 * before those of matrices. See train_cuda_attention.c.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_CUDA_TRAIN_ATTENTION_H
#define S2D_KERNELS_CUDA_DEVICE_CUDA_TRAIN_ATTENTION_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/lane.h"

/* A number for a product. */
BODY void store_typed(void *to, int bf16, size_t i, float v)
{
    if (bf16)
        ((uint16_t *)to)[i] = float_bf16(v);
    else
        ((float *)to)[i] = v;
}

/* grid: rows, columns in TRAIN_COLS */
BODY void train_convert_body(const Lane *at, const TrainConvertArgs *a)
{
    size_t from = (size_t)at->block_x * (size_t)a->from_stride;
    size_t to = (size_t)at->block_x * (size_t)a->to_stride;
    int end = (at->block_y + 1) * TRAIN_COLS;
    for (int c = at->block_y * TRAIN_COLS + at->thread; c < end && c < a->cols; c += THREADS) {
        float v = a->from_bf16 ? bf16_float(((const uint16_t *)a->from)[from + c])
                               : ((const float *)a->from)[from + c];
        store_typed(a->to, a->to_bf16, to + c, v);
    }
}

/* grid: rows */
BODY void train_heads_body(const Lane *at, const TrainHeadsArgs *a)
{
    int width = a->kv_heads * a->group * a->dim;
    for (int i = at->thread; i < width; i += THREADS) {
        int d = i % a->dim, head = i / a->dim, kv = head / a->group, member = head % a->group;
        size_t row = ((size_t)kv * (size_t)a->n + (size_t)at->block_x) * (size_t)a->group;
        size_t stacked = (row + (size_t)member) * (size_t)a->dim + (size_t)d;
        size_t plain = (size_t)at->block_x * (size_t)width + (size_t)i;
        store_typed(a->to, a->bf16, a->back ? plain : stacked, a->from[a->back ? stacked : plain]);
    }
}

/* Where the later steps' numbers of a row of weights are. */
BODY size_t later_at(const Lane *at, const TrainSoftmaxArgs *a)
{
    size_t row = (size_t)(a->row + at->block_x / a->group) * (size_t)a->heads;
    int head = at->block_y * a->group + at->block_x % a->group;
    return (row + (size_t)head) * (size_t)a->steps;
}

/* weights = softmax(scale * scores) over the row's own past and the later steps, zero behind its
 * past. grid: rows, key heads; shared: [WARPS] floats */
BODY void train_softmax_body(const Lane *at, const TrainSoftmaxArgs *a)
{
    size_t row = (size_t)at->block_y * (size_t)a->rows + (size_t)at->block_x;
    float *x = a->weights + row * (size_t)a->width, *later = a->later + later_at(at, a);
    float most = -INFINITY, sum = 0.0f;
    int own = a->first + at->block_x / a->group + 1, all = own + a->steps;
    for (int i = at->thread; i < all; i += THREADS)
        most = larger(most, i < own ? x[i] : later[i - own]);
    most = block_max(at, most, (float *)at->shared);
    for (int i = at->thread; i < all; i += THREADS) {
        float *v = i < own ? x + i : later + (i - own);
        *v = expf((*v - most) * a->scale);
        sum += *v;
    }
    sum = block_sum(at, sum, (float *)at->shared);
    for (int i = at->thread; i < a->seen; i += THREADS)
        x[i] = i < own ? x[i] * (1.0f / sum) : 0.0f;
    for (int i = at->thread; i < a->steps; i += THREADS)
        later[i] *= 1.0f / sum;
}

/* p = p * (dp - mean) * scale, mean = sum p dp, in place in dweights and dlater. grid: rows, key
 * heads; shared: [WARPS] floats */
BODY void train_softmax_back_body(const Lane *at, const TrainSoftmaxArgs *a)
{
    size_t row = (size_t)at->block_y * (size_t)a->rows + (size_t)at->block_x;
    const float *p = a->weights + row * (size_t)a->width, *later = a->later + later_at(at, a);
    float *d = a->dweights + row * (size_t)a->width, *dlater = a->dlater + later_at(at, a);
    float mean = 0.0f;
    for (int i = at->thread; i < a->seen; i += THREADS)
        mean = fmaf(p[i], d[i], mean);
    for (int i = at->thread; i < a->steps; i += THREADS)
        mean = fmaf(later[i], dlater[i], mean);
    mean = block_sum(at, mean, (float *)at->shared);
    for (int i = at->thread; i < a->seen; i += THREADS)
        d[i] = p[i] * (d[i] - mean) * a->scale;
    for (int i = at->thread; i < a->steps; i += THREADS)
        dlater[i] = later[i] * (dlater[i] - mean) * a->scale;
}

/* later = rows · key, a warp for each. grid: rows */
BODY void train_later_dots_body(const Lane *at, const TrainLaterArgs *a)
{
    size_t row = (size_t)at->block_x, heads = (size_t)a->heads, dim = (size_t)a->dim;
    for (int i = warp_id(at); i < a->heads * a->steps; i += WARPS) {
        int head = i / a->steps, kv_heads = a->heads / a->group;
        const float *x = a->rows + (row * heads + (size_t)head) * dim;
        const float *y =
            a->key[i % a->steps] + (row * (size_t)kv_heads + (size_t)(head / a->group)) * dim;
        float sum = 0.0f;
        for (int d = lane_id(at); d < a->dim; d += WARP)
            sum = fmaf(x[d], y[d], sum);
        sum = warp_sum(at, sum, WARP);
        if (lane_id(at) == 0)
            a->later[row * heads * (size_t)a->steps + (size_t)i] = sum;
    }
}

/* out += later key. grid: rows */
BODY void train_later_mix_body(const Lane *at, const TrainLaterArgs *a)
{
    int width = a->heads * a->dim, kv_width = width / a->group;
    const float *later = a->later + (size_t)at->block_x * (size_t)(a->heads * a->steps);
    float *out = a->out + (size_t)at->block_x * (size_t)width;
    for (int i = at->thread; i < width; i += THREADS) {
        int head = i / a->dim;
        size_t from = (size_t)at->block_x * (size_t)kv_width +
                      (size_t)(head / a->group * a->dim + i % a->dim);
        for (int j = 0; j < a->steps; j++)
            out[i] = fmaf(later[head * a->steps + j], a->key[j][from], out[i]);
    }
}

/* dkey += sums of later rows, over the heads of a group. grid: rows */
BODY void train_later_back_body(const Lane *at, const TrainLaterArgs *a)
{
    int width = a->heads * a->dim, kv_width = width / a->group;
    const float *later = a->later + (size_t)at->block_x * (size_t)(a->heads * a->steps);
    const float *rows = a->rows + (size_t)at->block_x * (size_t)width;
    for (int i = at->thread; i < kv_width; i += THREADS) {
        size_t to = (size_t)at->block_x * (size_t)kv_width + (size_t)i;
        for (int j = 0; j < a->steps; j++) {
            float sum = a->dkey[j][to];
            for (int m = 0; m < a->group; m++) {
                int head = i / a->dim * a->group + m;
                sum = fmaf(later[head * a->steps + j], rows[head * a->dim + i % a->dim], sum);
            }
            a->dkey[j][to] = sum;
        }
    }
}

#endif
