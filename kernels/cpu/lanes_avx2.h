/* lanes_avx2.h - 16 lanes in two AVX2 registers; meanings and bits are lanes_scalar.h's.
 *
 * vpmaddubsw adds two products of an unsigned and a signed byte into an int16 that saturates. Codes
 * of at most six bits are far from that: 2 * 63 * 127 < 32768. Codes of eight bits are taken as
 * signed, |code| times an activation that carries the sign: at most 2 * 128 * 127 = 32512.
 */
#ifndef S2D_KERNELS_CPU_LANES_AVX2_H
#define S2D_KERNELS_CPU_LANES_AVX2_H

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels/quant.h"

#define LANES_NAME "AVX2"
#define LANES_TILE (SANITISED ? 2 : 4)
#define LANES_SUMS 6 /* sums of 16 lanes that stay in registers */
#define LANES_BYTE_BIAS 0

#if SANITISED
#define LANES_UNROLL
#elif defined(__clang__)
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 8")
#endif

typedef struct Lanes {
    __m256 a, b;
} Lanes;

typedef struct Ints {
    __m256i a, b;
} Ints;

#define LANES2(function, x, y) ((Lanes){function((x).a, (y).a), function((x).b, (y).b)})
#define INTS2(function, x, y) ((Ints){function((x).a, (y).a), function((x).b, (y).b)})

static inline Lanes lanes_set(float v)
{
    return (Lanes){_mm256_set1_ps(v), _mm256_set1_ps(v)};
}

static inline Lanes lanes_load(const float *p)
{
    return (Lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

static inline void lanes_store(float *p, Lanes x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}

static inline Lanes lanes_load_half(const void *p)
{
    const __m128i *half = p;
    return (Lanes){_mm256_cvtph_ps(_mm_loadu_si128(half)),
                   _mm256_cvtph_ps(_mm_loadu_si128(half + 1))};
}

static inline void lanes_store_half(uint16_t *p, Lanes x)
{
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(x.b, _MM_FROUND_TO_NEAREST_INT));
}

static inline __m256 bf16_load(const __m128i *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}

static inline Lanes lanes_load_bf16(const void *p)
{
    const __m128i *half = p;
    return (Lanes){bf16_load(half), bf16_load(half + 1)};
}

static inline Lanes lanes_add(Lanes x, Lanes y)
{
    return LANES2(_mm256_add_ps, x, y);
}

static inline Lanes lanes_sub(Lanes x, Lanes y)
{
    return LANES2(_mm256_sub_ps, x, y);
}

static inline Lanes lanes_mul(Lanes x, Lanes y)
{
    return LANES2(_mm256_mul_ps, x, y);
}

static inline Lanes lanes_div(Lanes x, Lanes y)
{
    return LANES2(_mm256_div_ps, x, y);
}

static inline Lanes lanes_sqrt(Lanes x)
{
    return (Lanes){_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)};
}

static inline Lanes lanes_fma(Lanes x, Lanes y, Lanes z)
{
    return (Lanes){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}

static inline Lanes lanes_fnma(Lanes x, Lanes y, Lanes z)
{
    return (Lanes){_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)};
}

static inline Lanes lanes_max(Lanes x, Lanes y)
{
    return LANES2(_mm256_max_ps, x, y);
}

static inline Lanes lanes_min(Lanes x, Lanes y)
{
    return LANES2(_mm256_min_ps, x, y);
}

static inline float lanes_sum(Lanes x)
{
    __m256 h = _mm256_add_ps(x.a, x.b);
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

static inline float lanes_highest(Lanes x)
{
    __m256 h = _mm256_max_ps(x.a, x.b);
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

static inline uint32_t lanes_above(Lanes x, Lanes y)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.a, y.a, _CMP_GT_OQ)) |
           (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.b, y.b, _CMP_GT_OQ)) << 8;
}

static inline uint32_t lanes_from(Lanes x, Lanes y)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ)) |
           (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ)) << 8;
}

static inline Lanes lanes_of(Ints x)
{
    return (Lanes){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)};
}

static inline Ints lanes_bits(Lanes x)
{
    return (Ints){_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)};
}

static inline Lanes lanes_of_bits(Ints x)
{
    return (Lanes){_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)};
}

static inline Ints ints_set(int32_t v)
{
    return (Ints){_mm256_set1_epi32(v), _mm256_set1_epi32(v)};
}

static inline Ints ints_load(const void *p)
{
    const __m256i *v = p;
    return (Ints){_mm256_loadu_si256(v), _mm256_loadu_si256(v + 1)};
}

static inline void ints_store(void *p, Ints x)
{
    __m256i *v = p;
    _mm256_storeu_si256(v, x.a);
    _mm256_storeu_si256(v + 1, x.b);
}

static inline Ints ints_load_bytes(const uint8_t *p)
{
    return (Ints){_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)),
                  _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(p + 8)))};
}

static inline void ints_store_bytes(int8_t *p, Ints x)
{
    __m256i w = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xd8);
    __m128i b = _mm_packs_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
    _mm_storeu_si128((__m128i *)p, b);
}

static inline Ints ints_add(Ints x, Ints y)
{
    return INTS2(_mm256_add_epi32, x, y);
}

static inline Ints ints_mul(Ints x, Ints y)
{
    return INTS2(_mm256_mullo_epi32, x, y);
}

static inline Ints ints_and(Ints x, Ints y)
{
    return INTS2(_mm256_and_si256, x, y);
}

static inline Ints ints_or(Ints x, Ints y)
{
    return INTS2(_mm256_or_si256, x, y);
}

static inline Ints ints_left(Ints x, int n)
{
    return (Ints){_mm256_slli_epi32(x.a, n), _mm256_slli_epi32(x.b, n)};
}

static inline Ints ints_right(Ints x, int n)
{
    return (Ints){_mm256_srli_epi32(x.a, n), _mm256_srli_epi32(x.b, n)};
}

static inline int32_t ints_sum(Ints x)
{
    __m256i h = _mm256_add_epi32(x.a, x.b);
    __m128i q = _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
    q = _mm_add_epi32(q, _mm_unpackhi_epi64(q, q));
    return _mm_cvtsi128_si32(_mm_add_epi32(q, _mm_shuffle_epi32(q, 1)));
}

static inline int32_t ints_highest(Ints x)
{
    __m256i h = _mm256_max_epi32(x.a, x.b);
    __m128i q = _mm_max_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
    q = _mm_max_epi32(q, _mm_unpackhi_epi64(q, q));
    return _mm_cvtsi128_si32(_mm_max_epi32(q, _mm_shuffle_epi32(q, 1)));
}

static inline Ints ints_max(Ints x, Ints y)
{
    return INTS2(_mm256_max_epi32, x, y);
}

/* 32 bits -> 32 bytes of place or 0. */
static inline __m256i bits_spread(const uint8_t *bits, int place)
{
    int32_t word;
    memcpy(&word, bits, 4);
    const __m256i byte = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                          2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201u);
    __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), byte), bit);
    return _mm256_and_si256(_mm256_cmpeq_epi8(v, bit), _mm256_set1_epi8((char)place));
}

static inline Ints ints_bit(Ints x, const uint8_t *bits, int place)
{
    return (Ints){_mm256_or_si256(x.a, bits_spread(bits, place)),
                  _mm256_or_si256(x.b, bits_spread(bits + 4, place))};
}

static inline Ints ints_table(Ints x, const uint32_t table[4])
{
    const __m256i t = _mm256_broadcastsi128_si256(
        _mm_setr_epi32((int32_t)table[0], (int32_t)table[1], (int32_t)table[2], (int32_t)table[3]));
    return (Ints){_mm256_shuffle_epi8(t, x.a), _mm256_shuffle_epi8(t, x.b)};
}

static inline Ints ints_load_halves(const void *p)
{
    const __m128i *half = p;
    return (Ints){_mm256_cvtepu16_epi32(_mm_loadu_si128(half)),
                  _mm256_cvtepu16_epi32(_mm_loadu_si128(half + 1))};
}

static inline __m256i four_set(const int8_t *x)
{
    int32_t four;
    memcpy(&four, x, 4);
    return _mm256_set1_epi32(four);
}

static inline __m256i dot_half(__m256i lane, __m256i codes, __m256i x)
{
    __m256i pairs = _mm256_maddubs_epi16(codes, x);
    return _mm256_add_epi32(lane, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline Ints ints_dot(Ints lane, Ints codes, const int8_t *x)
{
    __m256i v = four_set(x);
    return (Ints){dot_half(lane.a, codes.a, v), dot_half(lane.b, codes.b, v)};
}

static inline Ints ints_dot_byte(Ints lane, Ints codes, const int8_t *x)
{
    __m256i v = four_set(x), sign = _mm256_set1_epi8(-128);
    __m256i a = _mm256_xor_si256(codes.a, sign), b = _mm256_xor_si256(codes.b, sign);
    return (Ints){dot_half(lane.a, _mm256_abs_epi8(a), _mm256_sign_epi8(v, a)),
                  dot_half(lane.b, _mm256_abs_epi8(b), _mm256_sign_epi8(v, b))};
}

static inline Ints ints_dot_pair(Ints lane, Ints pairs, const int16_t *x)
{
    int32_t two;
    memcpy(&two, x, 4);
    __m256i v = _mm256_set1_epi32(two);
    return (Ints){_mm256_add_epi32(lane.a, _mm256_madd_epi16(pairs.a, v)),
                  _mm256_add_epi32(lane.b, _mm256_madd_epi16(pairs.b, v))};
}

#endif
