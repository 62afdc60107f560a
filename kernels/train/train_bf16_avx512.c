/* train_bf16_avx512.c - products in bf16 with AVX512-BF16: packing, and the tile.
 *
 * vdpbf16ps multiplies pairs of bf16 and adds both products to a float. So factors are packed in
 * pairs of k. The tile of 8 x 48 keeps 24 sums in registers: three loads and eight broadcasts feed
 * 24 products. Nothing here may run before cpuid has been asked (train_open.c).
 *
 * Flags: those of *_avx512.c, and -mavx512bf16
 */
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/cpu/isa.h"
#include "kernels/train/train_isa.h"

enum { TILE_ROWS = 8, TILE_LANES = 3, TILE_COLS = 16 * TILE_LANES };

#if SANITISED
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* Eight pairs of k of one outer index: 16 elements from `at` on, zeros from n on. */
static inline __m256i load_pairs(const Factor *f, size_t at, int n)
{
    __mmask16 mask = n >= 16 ? 0xffff : (__mmask16)((1 << n) - 1);
    if (f->bf16)
        return _mm256_maskz_loadu_epi16(mask, (const uint16_t *)f->data + at);
    __m512 x = _mm512_maskz_loadu_ps(mask, (const float *)f->data + at);
    return (__m256i)_mm512_cvtneps_pbh(x);
}

/* Rows of eight pairs become columns. */
static inline void turn(__m256i r[8])
{
    __m256i a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* Eight outer indices from `first` on, of which `count` are there. */
static void pack_straight(const Factor *f, int width, int first, int count, int from, int k,
                          uint32_t *out)
{
    for (int j = 0; j < k; j += 16) {
        __m256i r[8];
        for (int i = 0; i < 8; i++) {
            size_t at = (size_t)(first + i) * (size_t)f->stride + (size_t)(from + j);
            r[i] = i < count ? load_pairs(f, at, k - j) : _mm256_setzero_si256();
        }
        turn(r);
        int pairs = (k - j + 1) / 2;
        for (int p = 0; p < 8 && p < pairs; p++)
            _mm256_storeu_si256((__m256i *)(out + (size_t)(j / 2 + p) * (size_t)width), r[p]);
    }
}

/* 16 elements of one k, each in the lower half of a pair. */
static inline __m512i load_row(const Factor *f, size_t at, __mmask16 mask)
{
    if (f->bf16)
        return _mm512_cvtepu16_epi32(
            _mm256_maskz_loadu_epi16(mask, (const uint16_t *)f->data + at));
    __m512 x = _mm512_maskz_loadu_ps(mask, (const float *)f->data + at);
    return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(x));
}

/* Up to 16 outer indices, of which `count` are there; `wide` of them have a place in the panel. */
static void pack_turned(const Factor *f, int width, int wide, int first, int count, int from, int k,
                        uint32_t *out)
{
    __mmask16 there = count >= 16 ? 0xffff : count > 0 ? (__mmask16)((1 << count) - 1) : 0;
    __mmask16 place = wide >= 16 ? 0xffff : (__mmask16)((1 << wide) - 1);
    size_t stride = (size_t)f->stride, at = (size_t)from * stride + (size_t)first;
    for (int j = 0; j < k; j += 2, at += 2 * stride, out += width) {
        __m512i low = load_row(f, at, there), high = _mm512_setzero_si512();
        if (j + 1 < k)
            high = load_row(f, at + stride, there);
        _mm512_mask_storeu_epi32(out, place, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
}

static void pack(const Factor *f, bool second, int first, int count, int from, int k, void *packed)
{
    uint32_t *out = packed;
    int width = second ? TILE_COLS : TILE_ROWS;
    if (f->turned) {
        for (int i = 0; i < width; i += 16)
            pack_turned(f, width, width - i, first + i, count - i, from, k, out + i);
    } else {
        for (int i = 0; i < width; i += 8)
            pack_straight(f, width, first + i, count - i, from, k, out + i);
    }
}

static void multiply(int units, const void *packed_a, const void *packed_b, float *c, size_t stride,
                     bool add)
{
    const int32_t *a = packed_a, *b = packed_b;
    __m512 sum[TILE_ROWS][TILE_LANES];
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            sum[i][l] =
                add ? _mm512_loadu_ps(c + (size_t)i * stride + 16 * l) : _mm512_setzero_ps();
    }
    for (int k = 0; k < units; k++, a += TILE_ROWS, b += TILE_COLS) {
        __m512bh v[TILE_LANES];
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            v[l] = (__m512bh)_mm512_loadu_si512(b + 16 * l);
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32(a[i]);
            UNROLL
            for (int l = 0; l < TILE_LANES; l++)
                sum[i][l] = _mm512_dpbf16_ps(sum[i][l], x, v[l]);
        }
    }
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            _mm512_storeu_ps(c + (size_t)i * stride + 16 * l, sum[i][l]);
    }
}

static float peak(int rounds)
{
    __m512 sum[TILE_ROWS][TILE_LANES], total = _mm512_setzero_ps();
    __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f00); /* 0.5 */
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int l = 0; l < TILE_LANES; l++)
            sum[i][l] = _mm512_set1_ps((float)(i * TILE_LANES + l));
    }
    for (int r = 0; r < rounds; r++) {
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            UNROLL
            for (int l = 0; l < TILE_LANES; l++)
                sum[i][l] = _mm512_dpbf16_ps(sum[i][l], x, x);
        }
    }
    for (int i = 0; i < TILE_ROWS; i++) {
        for (int l = 0; l < TILE_LANES; l++)
            total = _mm512_add_ps(total, sum[i][l]);
    }
    return _mm512_reduce_add_ps(total);
}

const TrainTile train_tile_bf16_avx512 = {.precision = "bf16",
                                          .rows = TILE_ROWS,
                                          .cols = TILE_COLS,
                                          .unit = 2,
                                          .bytes = sizeof(uint16_t),
                                          .pack = pack,
                                          .multiply = multiply,
                                          .peak = peak};

#endif
