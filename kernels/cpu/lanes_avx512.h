/* lanes_avx512.h - 16 lanes in one AVX-512 register; meanings and bits are lanes_scalar.h's. */
#ifndef S2D_KERNELS_CPU_LANES_AVX512_H
#define S2D_KERNELS_CPU_LANES_AVX512_H

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels/quant.h"

#define LANES_NAME "AVX-512 VNNI"
#define LANES_TILE (SANITISED ? 2 : 8)
#define LANES_SUMS 24 /* sums of 16 lanes that stay in registers */
#define LANES_BYTE_BIAS 128

#if SANITISED
#define LANES_UNROLL
#elif defined(__clang__)
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 8")
#endif

typedef __m512 Lanes;
typedef __m512i Ints;

static inline Lanes lanes_set(float a)
{
    return _mm512_set1_ps(a);
}

static inline Lanes lanes_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void lanes_store(float *p, Lanes a)
{
    _mm512_storeu_ps(p, a);
}

static inline Lanes lanes_load_half(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

static inline void lanes_store_half(uint16_t *p, Lanes a)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

static inline Lanes lanes_load_bf16(const void *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}

static inline Lanes lanes_add(Lanes a, Lanes b)
{
    return _mm512_add_ps(a, b);
}

static inline Lanes lanes_sub(Lanes a, Lanes b)
{
    return _mm512_sub_ps(a, b);
}

static inline Lanes lanes_mul(Lanes a, Lanes b)
{
    return _mm512_mul_ps(a, b);
}

static inline Lanes lanes_div(Lanes a, Lanes b)
{
    return _mm512_div_ps(a, b);
}

static inline Lanes lanes_sqrt(Lanes a)
{
    return _mm512_sqrt_ps(a);
}

static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline Lanes lanes_fnma(Lanes a, Lanes b, Lanes c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline Lanes lanes_max(Lanes a, Lanes b)
{
    return _mm512_max_ps(a, b);
}

static inline Lanes lanes_min(Lanes a, Lanes b)
{
    return _mm512_min_ps(a, b);
}

static inline float lanes_sum(Lanes a)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

static inline float lanes_highest(Lanes a)
{
    return _mm512_reduce_max_ps(a);
}

static inline uint32_t lanes_above(Lanes a, Lanes b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

static inline uint32_t lanes_from(Lanes a, Lanes b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}

static inline Lanes lanes_of(Ints a)
{
    return _mm512_cvtepi32_ps(a);
}

static inline Ints lanes_bits(Lanes a)
{
    return _mm512_castps_si512(a);
}

static inline Lanes lanes_of_bits(Ints a)
{
    return _mm512_castsi512_ps(a);
}

static inline Ints ints_set(int32_t a)
{
    return _mm512_set1_epi32(a);
}

static inline Ints ints_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

static inline void ints_store(void *p, Ints a)
{
    _mm512_storeu_si512(p, a);
}

static inline Ints ints_load_bytes(const uint8_t *p)
{
    return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p));
}

static inline void ints_store_bytes(int8_t *p, Ints a)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a));
}

static inline Ints ints_add(Ints a, Ints b)
{
    return _mm512_add_epi32(a, b);
}

static inline Ints ints_mul(Ints a, Ints b)
{
    return _mm512_mullo_epi32(a, b);
}

static inline Ints ints_and(Ints a, Ints b)
{
    return _mm512_and_si512(a, b);
}

static inline Ints ints_or(Ints a, Ints b)
{
    return _mm512_or_si512(a, b);
}

static inline Ints ints_left(Ints a, int n)
{
    return _mm512_slli_epi32(a, (unsigned)n);
}

static inline Ints ints_right(Ints a, int n)
{
    return _mm512_srli_epi32(a, (unsigned)n);
}

static inline int32_t ints_sum(Ints a)
{
    return _mm512_reduce_add_epi32(a);
}

static inline int32_t ints_highest(Ints a)
{
    return _mm512_reduce_max_epi32(a);
}

static inline Ints ints_max(Ints a, Ints b)
{
    return _mm512_max_epi32(a, b);
}

static inline Ints ints_bit(Ints a, const uint8_t *bits, int place)
{
    __mmask64 mask;
    memcpy(&mask, bits, sizeof mask);
    return _mm512_or_si512(a, _mm512_maskz_set1_epi8(mask, (char)place));
}

static inline Ints ints_table(Ints a, const uint32_t table[4])
{
    const __m512i t = _mm512_broadcast_i32x4(
        _mm_setr_epi32((int32_t)table[0], (int32_t)table[1], (int32_t)table[2], (int32_t)table[3]));
    return _mm512_shuffle_epi8(t, a);
}

static inline Ints ints_load_halves(const void *p)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}

/* Four activations at a time are broadcast by the instruction itself; gcc would load them by
 * another one, and that costs a third of the speed. */
static inline Ints ints_dot(Ints lane, Ints codes, const int8_t *x)
{
    struct Four {
        int8_t v[4];
    };
    __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(lane) : "v"(codes), "m"(*(const struct Four *)x));
    return lane;
}

static inline Ints ints_dot_byte(Ints lane, Ints codes, const int8_t *x)
{
    return ints_dot(lane, codes, x);
}

static inline Ints ints_dot_pair(Ints lane, Ints pairs, const int16_t *x)
{
    int32_t two;
    memcpy(&two, x, 4);
    return _mm512_dpwssd_epi32(lane, pairs, _mm512_set1_epi32(two));
}

#endif
