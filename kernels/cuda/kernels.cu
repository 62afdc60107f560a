/* kernels.cu - makes kernels of the bodies; the only file that is compiled for a device.
 *
 * in: the bodies of bodies.h -> out: an image (nvcc -fatbin) with one kernel per entry of
 * args.h's lists, found by name. No host code.
 */
#include "kernels/cuda/device/bodies.h"

static __device__ __forceinline__ Lane lane_here(void *shared)
{
    Lane at;
    at.thread = (int)threadIdx.x;
    at.block_x = (int)blockIdx.x;
    at.block_y = (int)blockIdx.y;
    at.block_z = (int)blockIdx.z;
    at.shared = shared;
    return at;
}

#define X(name, Args, bytes)                                          \
    extern "C" __global__ void __launch_bounds__(THREADS)             \
        name##_kernel(const __grid_constant__ Args args)              \
    {                                                                 \
        __shared__ __align__(16) char shared[(bytes) ? (bytes) : 16]; \
        Lane at = lane_here(shared);                                  \
        name##_body(&at, &args);                                      \
    }
CUDA_KERNELS(X)
#undef X

#define QUANT_TYPE(name, ...)                                                   \
    extern "C" __global__ void __launch_bounds__(THREADS)                       \
        dequantise_##name##_kernel(const __grid_constant__ DequantiseArgs args) \
    {                                                                           \
        Lane at = lane_here(0);                                                 \
        dequantise_body(&at, &args, QUANT_##name);                              \
    }
#include "kernels/quant_types.def"

#define QUANT_TYPE(name, ...)                                         \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)          \
        stack_##name##_kernel(const __grid_constant__ StackArgs args) \
    {                                                                 \
        __shared__ __align__(16) char shared[LINEAR_SHARED];          \
        Lane at = lane_here(shared);                                  \
        stack_body(&at, &args, QUANT_##name);                         \
    }
#include "kernels/quant_types.def"

/* Two blocks on a processor hide its memory's latency; with many rows sums need the registers. */
#define X(type, tiles)                                                            \
    extern "C" __global__ void __launch_bounds__(THREADS, (tiles) <= 2 ? 2 : 1)   \
        linear_##type##_##tiles##_kernel(const __grid_constant__ LinearArgs args) \
    {                                                                             \
        __shared__ __align__(16) char shared[LINEAR_SHARED];                      \
        Lane at = lane_here(shared);                                              \
        linear_body(&at, &args, QUANT_##type, tiles);                             \
    }
#define QUANT_TYPE(name, ...) CUDA_LINEARS_OF(X, name)
#include "kernels/quant_types.def"
#undef X
