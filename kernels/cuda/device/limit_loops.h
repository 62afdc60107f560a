/* limit_loops.h - kernels that only read or only multiply: the yardstick of the benchmarks.
 *
 * With the loads and the mma of linear.h and nothing else. What comes out is written so that
 * no compiler may leave the work out.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_LIMIT_LOOPS_H
#define S2D_KERNELS_CUDA_DEVICE_LIMIT_LOOPS_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/mma.h"

enum { LIMIT_SUMS = 8 }; /* products that do not wait for each other */

/* Each block has a stretch of words * THREADS * 16 bytes. grid: blocks */
BODY void limit_read_body(const Lane *at, const LimitArgs *a)
{
    const Words *data = (const Words *)a->data;
    size_t from = (size_t)at->block_x * (size_t)a->rounds * THREADS + (size_t)at->thread;
    uint32_t all = 0;
    for (int i = 0; i < a->rounds; i++) {
        Words v = load_once(data + from + (size_t)i * THREADS);
        all |= v.w[0] | v.w[1] | v.w[2] | v.w[3];
    }
    a->out[at->block_x * THREADS + at->thread] = (float)all;
}

/* grid: blocks */
BODY void limit_mma_body(const Lane *at, const LimitArgs *a)
{
    float c[LIMIT_SUMS][4], sum = 0.0f;
    uint32_t w[4], x[2];
    UNROLL
    for (int s = 0; s < LIMIT_SUMS; s++)
        c[s][0] = c[s][1] = c[s][2] = c[s][3] = 0.0f;
    w[0] = w[1] = w[2] = w[3] = x[0] = x[1] = (uint32_t)at->thread;
    for (int i = 0; i < a->rounds; i++) {
        UNROLL
        for (int s = 0; s < LIMIT_SUMS; s++)
            mma_half(at, c[s], w, x);
    }
    UNROLL
    for (int s = 0; s < LIMIT_SUMS; s++)
        sum += c[s][0] + c[s][1] + c[s][2] + c[s][3];
    a->out[at->block_x * THREADS + at->thread] = sum;
}

#endif
