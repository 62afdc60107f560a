/* mma.h - one warp's matrix product, 16 x 16 times 16 x 8, summed in floats.
 *
 * mma.sync.m16n8k16 of sm_80 and later. With g = lane / 4 and t = lane % 4 a lane holds (PTX
 * manual, "Matrix fragments for mma.m16n8k16"), each number of a and b a pair of inputs k, k + 1:
 *
 *   a[0] row g, k = 2t     a[1] row g+8, k = 2t     a[2] row g, k = 2t+8     a[3] row g+8, k = 2t+8
 *   b[0] column g, k = 2t                           b[1] column g, k = 2t+8
 *   c[0] row g, column 2t  c[1] row g, column 2t+1  c[2] row g+8, column 2t  c[3] row g+8, 2t+1
 *
 * Each column of c depends on the same column of b alone: that is batch invariance here.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_MMA_H
#define S2D_KERNELS_CUDA_DEVICE_MMA_H

#include "kernels/cuda/device/lane.h"

#ifdef __CUDACC__

BODY void mma_half(const Lane *, float c[4], const uint32_t a[4], const uint32_t b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

BODY void mma_bf16(const Lane *, float c[4], const uint32_t a[4], const uint32_t b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#else

void mma_half(const Lane *at, float c[4], const uint32_t a[4], const uint32_t b[2]);
void mma_bf16(const Lane *at, float c[4], const uint32_t a[4], const uint32_t b[2]);

#endif

#endif
