/* train_amx_avx512.c - products in bf16 with AMX: packing, and the tile.
 *
 * tdpbf16ps multiplies a tile register of 16 rows x 32 k's with one of 16 pairs of k x 16 columns
 * and adds to one of 16 x 16 floats. Of the eight registers four hold the sums of 32 x 32, so two
 * of each factor feed four products. A unit of a panel is thus two squares of 16 x 64 bytes, by
 * rows in the first factor and by pairs of k in the second. Nothing here may run before the system
 * has been asked for the registers (cpu.c).
 *
 * Flags: those of *_avx512.c, and -mavx512bf16 -mamx-tile -mamx-bf16
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/amx.h"
#include "kernels/cpu/isa.h"
#include "kernels/train/train_isa.h"

enum { SQUARE = 16, WIDTH = 2 * SQUARE, UNIT = 32, SQUARE_BYTES = 64 * SQUARE };

/* Of the register file: sums 0 … 3, the first factor 4 and 5, the second 6 and 7. */
static void begin(void)
{
    AmxShape all = {SQUARE, 64};
    amx_configure((AmxShape[8]){all, all, all, all, all, all, all, all});
}

static void end(void)
{
    _tile_release();
}

static inline __mmask16 first_of_16(int n)
{
    return n >= 16 ? 0xffff : n > 0 ? (__mmask16)((1 << n) - 1) : 0;
}

/* 16 elements from `at` on, zeros from n on. */
static inline __m256i load_16(const Factor *f, size_t at, int n)
{
    if (f->bf16)
        return _mm256_maskz_loadu_epi16(first_of_16(n), (const uint16_t *)f->data + at);
    return (__m256i)_mm512_cvtneps_pbh(
        _mm512_maskz_loadu_ps(first_of_16(n), (const float *)f->data + at));
}

/* 32 k's of each of 16 outer indices, of which `count` are there. */
static inline void load_rows(const Factor *f, size_t at, int count, int k, __m512i r[SQUARE])
{
    for (int i = 0; i < SQUARE; i++, at += (size_t)f->stride) {
        r[i] = _mm512_setzero_si512();
        if (i < count)
            r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load_16(f, at, k)),
                                      load_16(f, k > 16 ? at + 16 : at, k - 16), 1);
    }
}

/* 16 outer indices, of which `count` are there, of each of 16 pairs of k. */
static inline void load_pairs(const Factor *f, size_t at, int count, int k, __m512i r[SQUARE])
{
    for (int p = 0; p < SQUARE; p++) {
        __m512i pair[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        for (int j = 0; j < 2 && 2 * p + j < k; j++, at += (size_t)f->stride)
            pair[j] = _mm512_cvtepu16_epi32(load_16(f, at, count));
        r[p] = _mm512_or_si512(pair[0], _mm512_slli_epi32(pair[1], 16));
    }
}

/* Rows of 16 four-byte elements become columns: in ones, twos, fours, eights. */
static inline void turn(__m512i r[SQUARE])
{
    __m512i t[SQUARE];
    for (int i = 0; i < SQUARE; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < SQUARE; i += 4) {
        for (int j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
            r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
        }
    }
    for (int i = 0; i < SQUARE; i += 8) {
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    }
    for (int j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
        r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd);
    }
}

static void pack(const Factor *f, bool second, int first, int count, int from, int k, void *packed)
{
    char *out = packed;
    size_t stride = (size_t)f->stride;
    for (int j = 0; j < k; j += UNIT) {
        for (int i = 0; i < WIDTH; i += SQUARE, out += SQUARE_BYTES) {
            __m512i r[SQUARE];
            size_t outer = (size_t)(first + i), inner = (size_t)(from + j);
            if (count <= i)
                memset(r, 0, sizeof r);
            else if (f->turned)
                load_pairs(f, inner * stride + outer, count - i, k - j, r);
            else
                load_rows(f, outer * stride + inner, count - i, k - j, r);
            if (second != f->turned)
                turn(r);
            memcpy(out, r, sizeof r);
        }
    }
}

static void multiply(int units, const void *packed_a, const void *packed_b, float *c, size_t stride,
                     bool add)
{
    const char *a = packed_a, *b = packed_b;
    float *below = c + SQUARE * stride;
    int bytes = (int)(stride * sizeof *c);
    if (add) {
        _tile_loadd(0, c, bytes);
        _tile_loadd(1, c + SQUARE, bytes);
        _tile_loadd(2, below, bytes);
        _tile_loadd(3, below + SQUARE, bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (int k = 0; k < units; k++, a += 2 * SQUARE_BYTES, b += 2 * SQUARE_BYTES) {
        _tile_loadd(6, b, 64);
        _tile_loadd(4, a, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + SQUARE_BYTES, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a + SQUARE_BYTES, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, bytes);
    _tile_stored(1, c + SQUARE, bytes);
    _tile_stored(2, below, bytes);
    _tile_stored(3, below + SQUARE, bytes);
}

static float peak(int rounds)
{
    uint16_t half[SQUARE_BYTES / 2];
    float sum[SQUARE * SQUARE];
    for (int i = 0; i < SQUARE_BYTES / 2; i++)
        half[i] = 0x3f00; /* 0.5 */
    begin();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, half, 64);
    _tile_loadd(5, half, 64);
    _tile_loadd(6, half, 64);
    _tile_loadd(7, half, 64);
    for (int r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(3, sum, 64);
    end();
    return sum[0];
}

const TrainTile train_tile_amx_avx512 = {.precision = "bf16 by AMX",
                                         .rows = WIDTH,
                                         .cols = WIDTH,
                                         .unit = UNIT,
                                         .bytes = sizeof(uint16_t),
                                         .begin = begin,
                                         .end = end,
                                         .pack = pack,
                                         .multiply = multiply,
                                         .peak = peak};

#endif
