/* lane.h - what one thread of a kernel can do: the same C for a device and for the host.
 *
 * A kernel's body is a function of a Lane (who am I) and its arguments (args.h). nvcc compiles it as
 * the kernel; the tests compile it with the C compiler and run the threads of a block as fibers
 * that meet where threads of a device meet (tests/support/cuda_twin.c). So everything that a body
 * does beyond plain C is here and in mma.h, each thing twice.
 *
 * Halves travel in pairs in a uint32_t, the first one in the low bits, as in a device's registers.
 * Blocks have THREADS threads. Every function that takes a Lane must be called by all lanes of a
 * warp, block_sync by all of a block.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_LANE_H
#define S2D_KERNELS_CUDA_DEVICE_LANE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    WARP = 32,
    WARPS = 8,
    THREADS = WARP * WARPS,
    WARPS_SHARED = WARPS * 4, /* bytes that block_sum and block_max take */
};

/* 16 bytes: the most that one load brings. */
typedef struct __attribute__((aligned(16))) Words {
    uint32_t w[4];
} Words;

#ifdef __CUDACC__

#define BODY static __device__ __forceinline__
#define UNROLL _Pragma("unroll")

typedef struct Lane {
    int thread, block_x, block_y, block_z;
    void *shared; /* of the block, 16-byte aligned */
} Lane;

BODY void block_sync(const Lane *)
{
    __syncthreads();
}

BODY uint32_t warp_xor(const Lane *, uint32_t v, int mask)
{
    return __shfl_xor_sync(0xffffffffu, v, mask);
}

/* What this thread wrote is seen by whoever sees a later count. */
BODY void memory_fence(void)
{
    __threadfence();
}

BODY unsigned count_up(unsigned *counter)
{
    return atomicAdd(counter, 1);
}

/* Weights: read once, so not kept in the nearest cache. */
BODY Words load_once(const void *p)
{
    Words v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.w[0]), "=r"(v.w[1]), "=r"(v.w[2]), "=r"(v.w[3])
                 : "l"(p));
    return v;
}

/* What another block wrote during this kernel. */
BODY float load_fresh(const float *p)
{
    return __ldcg(p);
}

/* a * b + c, rounded once, in both halves */
BODY uint32_t half2_fma(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t d;
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}

BODY float half_float(uint16_t h)
{
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h));
    return f;
}

/* Rounded to nearest even. */
BODY uint16_t float_half(float f)
{
    uint16_t h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
    return h;
}

/* Four bytes out of eight: nibble i of select names the byte of (b, a) that becomes byte i. */
BODY uint32_t bytes_pick(uint32_t a, uint32_t b, uint32_t select)
{
    return __byte_perm(a, b, select);
}

BODY int bits_count(uint64_t v)
{
    return __popcll(v);
}

#else

#include "kernels/quant.h"

#define BODY static inline __attribute__((unused))
#define UNROLL

typedef struct Lane {
    int thread, block_x, block_y, block_z;
    void *shared;
    struct Fiber *fiber;
} Lane;

void block_sync(const Lane *at);
uint32_t warp_xor(const Lane *at, uint32_t v, int mask);

BODY void memory_fence(void)
{
}

BODY unsigned count_up(unsigned *counter)
{
    return (*counter)++;
}

BODY Words load_once(const void *p)
{
    return *(const Words *)p;
}

BODY float load_fresh(const float *p)
{
    return *p;
}

BODY float half_float(uint16_t h)
{
    return half_to_float(h);
}

BODY uint16_t float_half(float f)
{
    return float_to_half(f);
}

BODY uint32_t half2_fma(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t d = 0;
    for (int s = 0; s < 32; s += 16) {
        double product =
            (double)half_to_float((uint16_t)(a >> s)) * half_to_float((uint16_t)(b >> s));
        d |= (uint32_t)float_to_half((float)(product + half_to_float((uint16_t)(c >> s)))) << s;
    }
    return d;
}

BODY uint32_t bytes_pick(uint32_t a, uint32_t b, uint32_t select)
{
    uint64_t both = (uint64_t)b << 32 | a;
    uint32_t out = 0;
    for (int i = 0; i < 4; i++)
        out |= (uint32_t)(both >> 8 * (select >> 4 * i & 7) & 255) << 8 * i;
    return out;
}

BODY int bits_count(uint64_t v)
{
    return __builtin_popcountll(v);
}

#endif

BODY float bits_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

BODY uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return bits;
}

BODY uint32_t pair(uint16_t low, uint16_t high)
{
    return low | (uint32_t)high << 16;
}

BODY uint32_t pair_float(float low, float high)
{
    return pair(float_half(low), float_half(high));
}

/* a - b in both halves */
BODY uint32_t half2_sub(uint32_t a, uint32_t b)
{
    return half2_fma(b, 0xbc00bc00, a);
}

BODY uint16_t float_bf16(float f)
{
    uint32_t bits = float_bits(f);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

BODY float bf16_float(uint16_t v)
{
    return bits_float((uint32_t)v << 16);
}

BODY int lane_id(const Lane *at)
{
    return at->thread % WARP;
}

BODY int warp_id(const Lane *at)
{
    return at->thread / WARP;
}

/* Sums and maxima in one fixed order, the same in every lane that took part. */
BODY float warp_sum(const Lane *at, float v, int lanes)
{
    for (int mask = 1; mask < lanes; mask *= 2)
        v += bits_float(warp_xor(at, float_bits(v), mask));
    return v;
}

BODY float larger(float a, float b)
{
    return a > b ? a : b;
}

BODY float warp_max(const Lane *at, float v)
{
    for (int mask = 1; mask < WARP; mask *= 2)
        v = larger(v, bits_float(warp_xor(at, float_bits(v), mask)));
    return v;
}

/* scratch: [WARPS] floats of shared memory */
BODY float block_sum(const Lane *at, float v, float *scratch)
{
    v = warp_sum(at, v, WARP);
    if (lane_id(at) == 0)
        scratch[warp_id(at)] = v;
    block_sync(at);
    v = scratch[0];
    for (int w = 1; w < WARPS; w++)
        v += scratch[w];
    block_sync(at);
    return v;
}

BODY float block_max(const Lane *at, float v, float *scratch)
{
    v = warp_max(at, v);
    if (lane_id(at) == 0)
        scratch[warp_id(at)] = v;
    block_sync(at);
    for (int w = 0; w < WARPS; w++)
        v = larger(v, scratch[w]);
    block_sync(at);
    return v;
}

#endif
