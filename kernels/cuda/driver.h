/* driver.h - what the two files that call NVIDIA's libraries share. */
#ifndef S2D_KERNELS_CUDA_DRIVER_H
#define S2D_KERNELS_CUDA_DRIVER_H

#include <cuda.h>

#include "kernels/cuda/device/gpu.h"

/* blas.c: cuBLASLt, if it is on this machine. */
typedef struct Blas Blas;

Blas *blas_open(CUstream stream); /* NULL = it is not there */
void blas_close(Blas *blas);
/* NULL, or what failed. */
const char *blas_gemm(Blas *blas, const Gemm *gemm);
const char *blas_product(Blas *blas, const GpuProduct *product);

#endif
