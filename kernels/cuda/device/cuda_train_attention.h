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

/* weights = softmax(scale * scores) over the row's own past, zero behind it. grid: rows, key heads;
 * shared: [WARPS] floats */
BODY void train_softmax_body(const Lane *at, const TrainSoftmaxArgs *a)
{
    size_t row = (size_t)at->block_y * (size_t)a->rows + (size_t)at->block_x;
    float *x = a->weights + row * (size_t)a->width, most = -INFINITY, sum = 0.0f;
    int own = a->first + at->block_x / a->group + 1;
    for (int i = at->thread; i < own; i += THREADS)
        most = larger(most, x[i]);
    most = block_max(at, most, (float *)at->shared);
    for (int i = at->thread; i < own; i += THREADS) {
        x[i] = expf((x[i] - most) * a->scale);
        sum += x[i];
    }
    sum = block_sum(at, sum, (float *)at->shared);
    for (int i = at->thread; i < a->seen; i += THREADS)
        x[i] = i < own ? x[i] * (1.0f / sum) : 0.0f;
}

/* p = p * (dp - mean) * scale, mean = sum p dp, in place in dweights. grid: rows, key heads;
 * shared: [WARPS] floats */
BODY void train_softmax_back_body(const Lane *at, const TrainSoftmaxArgs *a)
{
    size_t row = (size_t)at->block_y * (size_t)a->rows + (size_t)at->block_x;
    const float *p = a->weights + row * (size_t)a->width;
    float *d = a->dweights + row * (size_t)a->width, mean = 0.0f;
    for (int i = at->thread; i < a->seen; i += THREADS)
        mean = fmaf(p[i], d[i], mean);
    mean = block_sum(at, mean, (float *)at->shared);
    for (int i = at->thread; i < a->seen; i += THREADS)
        d[i] = p[i] * (d[i] - mean) * a->scale;
}

#endif
