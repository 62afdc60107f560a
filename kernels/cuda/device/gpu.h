/* gpu.h - the few things that the backend asks of a device: memory, copies, kernels in order.
 *
 * driver.c has the real one; the tests have one that runs kernels on the host. Everything goes
 * through one stream: launches and copies happen in the order in which they were asked for. Where
 * no error is returned, a failure of the device ends the process with EXIT_NODEVICE and a line on
 * stderr: a device that failed once does not work again in the same process.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_GPU_H
#define S2D_KERNELS_CUDA_DEVICE_GPU_H

#include "kernels/cuda/args.h"

enum { ARGS_BYTES = 256 };

/* A kernel and what it is told. Two of the same bytes do the same. */
typedef struct GpuCommand {
    int32_t kernel, grid[3];
    uint32_t bytes; /* of args */
    uint32_t unused;
    _Alignas(8) unsigned char args[ARGS_BYTES];
} GpuCommand;

/* y = x · w^T, [ROWS_MAX, rows], always over ROWS_MAX rows, so that a row's result does not depend
 * on how many there are. */
typedef struct Gemm {
    const void *w; /* [rows, cols] */
    const void *x; /* [ROWS_MAX, cols] */
    float *y;      /* [ROWS_MAX, stride] */
    int rows, cols, stride;
    QuantType type; /* F16: of halves; BF16 or F32: of floats (with BF16's precision at least) */
} Gemm;

/* A factor of a training step's product, as in train_ops.h; of the next one of a batch `step`
 * elements further on. */
typedef struct GpuFactor {
    const void *data;
    int stride;
    bool turned;
    int64_t step;
} GpuFactor;

/* out(i, j) = or += sum over k of a(i, k) b(j, k), sums in floats. The sum of one shape has one
 * order. */
typedef struct GpuProduct {
    GpuFactor a, b;
    float *out; /* [m, n], rows `stride` apart */
    int stride;
    int64_t step;
    int m, n, k, batch;
    bool bf16; /* what both factors hold, else floats, whose products are not rounded either */
    bool add;
} GpuProduct;

typedef struct Gpu Gpu;
struct Gpu {
    char name[64]; /* "NVIDIA H100, sm_90" */
    void (*close)(Gpu *gpu);

    void *(*alloc)(Gpu *gpu, size_t bytes); /* zeroed; NULL = no memory */
    void (*free)(Gpu *gpu, void *memory);
    void *(*host_alloc)(Gpu *gpu, size_t bytes); /* memory that copies go fast from; NULL = none */
    void (*host_free)(Gpu *gpu, void *memory);
    size_t (*memory_free)(Gpu *gpu);

    /* put: `from` must stay as it is until wait or get. get: done on return. */
    void (*put)(Gpu *gpu, void *to, const void *from, size_t bytes);
    void (*get)(Gpu *gpu, void *to, const void *from, size_t bytes);
    void (*wait)(Gpu *gpu);

    void (*launch)(Gpu *gpu, const GpuCommand *command);
    /* A sequence kept ready to be launched again; NULL = it cannot be kept. */
    void *(*graph_open)(Gpu *gpu, const GpuCommand *commands, int n);
    void (*graph_launch)(Gpu *gpu, void *graph);
    void (*graph_close)(Gpu *gpu, void *graph);

    /* NULL = no library for it */
    void (*gemm)(Gpu *gpu, const Gemm *gemm);
    void (*product)(Gpu *gpu, const GpuProduct *product);
};

/* driver.c. -1: no driver, no device, or one that is too old; err says which. */
int cuda_driver_open(Gpu **gpu, Err *err);

/* cuda_limits.c: measures one of limits.h's limits. */
double cuda_limit(Kernels *k, int limit);

/* cuda.c: the backend on this device, which it closes in the end, also when it fails. */
int cuda_open(Kernels **k, Gpu *gpu, Err *err);

#endif
