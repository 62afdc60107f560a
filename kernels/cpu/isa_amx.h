/* isa_amx.h - a group's weights times a piece of a batch, up to 16 rows, with AMX; included by
 * isa_amx_avx512.c after lanes_avx512.h and amx.h.
 *
 * tdpb..d multiplies a tile register of up to 16 rows x 64 bytes with one of 16 x [16 columns][4]
 * bytes and adds to one of rows x 16 integers. The first factor is the activations where they lie;
 * the rows of the second are a panel's vectors (panel.h), as bytes:
 *
 *   a scale per 32: codes less their offset; a product for each block, whose integers then go the
 *                   way of isa_dot.h
 *   K-quants:       codes times their scales, which are two bytes long: a product with the low
 *                   bytes and one with the high ones for 64 inputs, and the integers are sums over
 *                   all of the group
 *
 * Integers are exact, and floats are summed in the order of isa_dot.h.
 */
#include "kernels/cpu/isa_codes.h"

enum { SQUARE = 16, SQUARE_BYTES = 64 * SQUARE, HALF_BYTES = SQUARE_BYTES / 2 };

/* What lies ahead is fetched line by line, for a burst of fetches would hold up the loads: half a
 * line with each vector that is unpacked, and the rest between the products of the first piece, in
 * its eighths. */
INLINE void fetch_half(const uint8_t *ahead, int block, int u)
{
    if (u % 2 == 0)
        __builtin_prefetch(ahead + 256 * block + 32 * u, 0, 2);
}

INLINE void fetch_rest(const QuantType type, const uint8_t *ahead, int eighth)
{
    const int lines = (int)panel_group_bytes(type, 8) / 64;
    for (int i = 32 + eighth; i < lines; i += 8)
        __builtin_prefetch(ahead + 64 * i, 0, 2);
}

/* --- a scale per 32 --- */

/* Vectors of all blocks, less their offset: signed bytes of the second factor. */
INLINE void unpack_codes(const QuantType type, const uint8_t *body, const uint8_t *ahead,
                         int blocks, uint8_t *out)
{
    Ints offset = _mm512_set1_epi8((char)quant_offset(type));
    for (int b = 0; b < blocks; b++, out += HALF_BYTES) {
        UNROLL
        for (int j = 0; j < 8; j++) {
            int u = j / 2 + j % 2 * 4; /* low and high nibbles of one load */
            Ints codes = codes_load(type, body, u);
            fetch_half(ahead, b, j);
            if (quant_offset(type))
                codes = _mm512_sub_epi8(codes, offset);
            ints_store(out + 64 * u, codes);
        }
        body += panel_body_bytes(type);
    }
}

/* One block's integers. Storing a tile takes as long as multiplying, and both go on side by side
 * when another product stands between the two. */
#define BLOCK_PRODUCT(tile, b)                           \
    do {                                                 \
        _tile_zero(tile);                                \
        _tile_loadd(6, x[0].q + BLOCK * (b), sizeof *x); \
        _tile_loadd(7, codes + HALF_BYTES * (b), 64);    \
        if (quant_offset(type))                          \
            _tile_dpbssd(tile, 6, 7);                    \
        else                                             \
            _tile_dpbsud(tile, 6, 7);                    \
    } while (0)

/* What becomes of the integers of `count` rows. d, m: the blocks' scales and minima. */
INLINE void rows_legacy(const QuantType type, const int32_t (*dot)[SQUARE][PANEL], const Lanes *d,
                        const Lanes *m, const int blocks, const ActGroup *x, const int count,
                        float (*acc)[PANEL])
{
    Lanes p[4];
    UNROLL
    for (int i = 0; i < count; i++)
        p[i] = lanes_set(0.0f);
    UNROLL
    for (int b = 0; b < blocks; b++) {
        UNROLL
        for (int i = 0; i < count; i++) {
            p[i] = lanes_fma(d[b], lanes_of(ints_load(dot[b][i])), p[i]);
            if (quant_has_min(type))
                p[i] = lanes_fma(m[b], lanes_set(x[i].sum32[b]), p[i]);
        }
    }
    UNROLL
    for (int i = 0; i < count; i++)
        lanes_store(acc[i], lanes_fma(p[i], lanes_set(x[i].d), lanes_load(acc[i])));
}

INLINE void piece_legacy(const QuantType type, const uint8_t *w, const uint8_t *ahead,
                         const int blocks, const uint8_t *codes, const ActGroup *x, int rows,
                         int skip, float (*acc)[PANEL])
{
    _Alignas(64) int32_t dot[8][SQUARE][PANEL];
    UNROLL
    for (int b = 0; b < blocks; b += 2) {
        BLOCK_PRODUCT(0, b);
        if (b > 0)
            _tile_stored(1, dot[b - 1], 64);
        fetch_rest(type, ahead, b);
        fetch_rest(type, ahead, b + 1);
        if (b + 1 < blocks) {
            BLOCK_PRODUCT(1, b + 1);
        }
        _tile_stored(0, dot[b], 64);
    }
    if (blocks % 2 == 0)
        _tile_stored(1, dot[blocks - 1], 64);
    Lanes d[8], m[8];
    for (int b = 0; b < blocks; b++) {
        const uint8_t *head = w + (size_t)b * panel_head_bytes(type, 1);
        d[b] = block_d(type, head);
        m[b] = quant_has_min(type) ? lanes_load_half(head + 32) : lanes_set(0.0f);
    }
    int i = skip;
    for (; i + 4 <= rows; i += 4)
        rows_legacy(type, (const int32_t(*)[SQUARE][PANEL])dot[0][i], d, m, blocks, x + i, 4,
                    acc + i);
    for (; i < rows; i++)
        rows_legacy(type, (const int32_t(*)[SQUARE][PANEL])dot[0][i], d, m, blocks, x + i, 1,
                    acc + i);
}

/* --- K-quants --- */

/* What a vector's codes are multiplied by: the scale in the bytes of even inputs, of odd ones, and
 * the offset times the scale in each word. */
typedef struct Scale {
    Ints even, odd, offset;
} Scale;

INLINE Scale scale_of(Ints scale, const int offset)
{
    Scale s;
    Ints byte = ints_and(scale, ints_set(255)), word = ints_and(scale, ints_set(0xffff));
    s.even = ints_or(byte, ints_left(byte, 16));
    s.odd = ints_left(s.even, 8);
    s.offset =
        _mm512_mullo_epi16(ints_or(word, ints_left(word, 16)), _mm512_set1_epi16((short)offset));
    return s;
}

/* Low bytes of (code - offset) * scale to out, high bytes to out + SQUARE_BYTES. The instruction
 * adds two products and may saturate, but one of the two is zero here. */
INLINE void scaled_store(Ints codes, const Scale *s, const bool offset, uint8_t *out)
{
    const Ints swap = _mm512_broadcast_i32x4(
        _mm_set_epi64x(0x0e0f0c0d0a0b0809, 0x0607040502030001)); /* the two bytes of each word */
    Ints even = _mm512_maddubs_epi16(codes, s->even), odd = _mm512_maddubs_epi16(codes, s->odd);
    if (offset) {
        even = _mm512_sub_epi16(even, s->offset);
        odd = _mm512_sub_epi16(odd, s->offset);
    }
    ints_store(out, _mm512_mask_shuffle_epi8(even, 0xaaaaaaaaaaaaaaaa, odd, swap));
    ints_store(out + SQUARE_BYTES, _mm512_mask_shuffle_epi8(odd, 0x5555555555555555, even, swap));
}

/* Scale s of K-quants whose scales are not those of K32_MIN. */
INLINE Ints scale_load(const QuantType type, const uint8_t *w, const PackedScales *packed, int s)
{
    return quant_scales(type) == SCALES_K16 ? ints_load_bytes(w + 32 + PANEL * s)
                                            : packed_scale(type, packed, s);
}

INLINE void unpack_scaled(const QuantType type, const uint8_t *w, const uint8_t *ahead,
                          const Ints six[4], uint8_t *out)
{
    const uint8_t *body = w + panel_head_bytes(type, 8);
    const int parts = quant_is_k16(type) ? 2 : 1;
    PackedScales packed = packed_scales(type, w);
    int32_t scale[8][PANEL];
    for (int t = 0; t < 4 && quant_scales(type) == SCALES_K32_MIN; t++) {
        ints_store(scale[2 * t], ints_and(six[t], ints_set(255)));
        ints_store(scale[2 * t + 1], ints_and(ints_right(six[t], 16), ints_set(255)));
    }
    for (int b = 0; b < 8; b++) {
        Scale part[2];
        UNROLL
        for (int i = 0; i < parts; i++)
            part[i] = scale_of(quant_scales(type) == SCALES_K32_MIN
                                   ? ints_load(scale[b])
                                   : scale_load(type, w, &packed, parts * b + i),
                               quant_offset(type));
        UNROLL
        for (int j = 0; j < 8; j++) {
            int u = j / 2 + j % 2 * 4; /* low and high nibbles of one load */
            fetch_half(ahead, b, j);
            scaled_store(codes_load(type, body, u), u < 4 ? &part[0] : &part[parts - 1],
                         quant_offset(type) > 0, out + 64 * u);
        }
        body += panel_body_bytes(type);
        out += b % 2 ? 2 * SQUARE_BYTES - HALF_BYTES : HALF_BYTES;
    }
}

INLINE void piece_k(const QuantType type, const uint8_t *w, const uint8_t *ahead, const Ints six[4],
                    const uint8_t *products, const ActGroup *x, int rows, int skip,
                    float (*acc)[PANEL])
{
    _Alignas(64) int32_t low[SQUARE][PANEL], high[SQUARE][PANEL];
    _tile_zero(0);
    _tile_zero(1);
    UNROLL
    for (int t = 0; t < 4; t++, products += 2 * SQUARE_BYTES) {
        _tile_loadd(4, x[0].q + 2 * BLOCK * t, sizeof *x);
        _tile_loadd(5, products, 64);
        _tile_dpbsud(0, 4, 5);
        _tile_loadd(5, products + SQUARE_BYTES, 64);
        _tile_dpbssd(1, 4, 5);
        fetch_rest(type, ahead, 2 * t);
        fetch_rest(type, ahead, 2 * t + 1);
    }
    _tile_stored(0, low, 64);
    _tile_stored(1, high, 64);
    Lanes d = group_d(type, w), dmin = quant_has_min(type) ? lanes_load_half(w + 32) : d;
    Ints mins[8];
    for (int t = 0; t < 4 && quant_scales(type) == SCALES_K32_MIN; t++)
        mins[t] = ints_and(ints_right(six[t], 8), ints_set(0x00ff00ff));
    if (quant_scales(type) == SCALES_K16_MIN) {
        PackedScales packed = packed_scales(type, w);
        for (int t = 0; t < 8; t++)
            mins[t] = packed_mins(&packed, t / 2, t % 2);
    }
    const int pairs = quant_is_k16(type) ? 8 : 4;
    for (int i = skip; i < rows; i++) {
        Lanes dx = lanes_set(x[i].d), a = lanes_load(acc[i]);
        Ints sum = ints_add(ints_load(low[i]), ints_left(ints_load(high[i]), 8));
        a = lanes_fma(lanes_of(sum), lanes_mul(d, dx), a);
        if (quant_has_min(type)) {
            const int16_t *sums = quant_is_k16(type) ? x[i].pair16 : x[i].pair32;
            sum = ints_set(0);
            UNROLL
            for (int t = 0; t < pairs; t++)
                sum = ints_dot_pair(sum, mins[t], sums + 2 * t);
            a = lanes_fnma(lanes_of(sum), lanes_mul(dmin, dx), a);
        }
        lanes_store(acc[i], a);
    }
}
