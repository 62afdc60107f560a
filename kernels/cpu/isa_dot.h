/* isa_dot.h - a panel of 16 weight rows times the rows of a batch; included by isa_*.c after
 * lanes_*.h.
 *
 * in: a panel (panel.h), quantised or float activations -> out: n x 16 sums.
 *
 * The order of every float sum, the same for all n and all instruction sets (integers are exact):
 *   a scale per 32:  p = fma(d_b, dot_b, p) [, p = fma(m_b, sum_b, p)] over the group's blocks,
 *                    then acc = fma(p, dx, acc)
 *   K-quants:        acc = fma(sum of scale * dot, d * dx, acc)
 *                    [, acc = fma(-(sum of min * sum), dmin * dx, acc)]
 *   float:           acc = fma(w_k, x_k, acc), k ascending
 * n is a constant in each copy of a loop, so that sums live in registers.
 */
#include "kernels/cpu/isa_codes.h"

/* dot[i] += the block's vectors in `order` times row i's activations. On the way, as many bytes as
 * these vectors and their share of the head take are fetched `ahead`: one line with each vector,
 * for a burst of fetches would hold up the loads that are waited for. (Of eight bits there are more
 * lines than vectors.) A line that nobody fetches costs as much time as a whole block. */
INLINE void block_dot(const QuantType type, const uint8_t *body, const uint8_t *ahead,
                      const ActGroup *x, int block, const int n, const int *order, const int count,
                      Ints *dot)
{
    const size_t bytes = panel_group_bytes(type, 8) * (size_t)count / 64;
    if (bytes > 64 * (size_t)count)
        __builtin_prefetch(ahead + 64 * count, 0, 2);
    UNROLL
    for (int j = 0; j < count; j++) {
        int u = order[j];
        Ints codes = codes_load(type, body, u);
        if (64 * (size_t)j < bytes)
            __builtin_prefetch(ahead + 64 * j, 0, 2);
        UNROLL
        for (int i = 0; i < n; i++) {
            const int8_t *q = x[i].q + BLOCK * block + 4 * u;
            dot[i] =
                quant_is_wide(type) ? ints_dot_byte(dot[i], codes, q) : ints_dot(dot[i], codes, q);
        }
    }
}

/* Low and high nibbles of one vector follow each other, so that it is loaded once. */
static const int order_all[8] = {0, 4, 1, 5, 2, 6, 3, 7};
static const int order_low[4] = {0, 1, 2, 3}, order_high[4] = {4, 5, 6, 7};

/* What -(sum of activations) is multiplied by to take a code's offset away. */
INLINE int offset_shift(const QuantType type)
{
    return __builtin_ctz((unsigned)quant_offset(type));
}

/* Whether codes go into the products with their offset. */
INLINE bool dot_has_offset(const QuantType type)
{
    return quant_is_wide(type) ? LANES_BYTE_BIAS > 0 : quant_offset(type) > 0;
}

/* What a sum of products begins with, of block (or sub-block of 16) number s. */
INLINE Ints minus_offset(const QuantType type, const ActGroup *x, int s)
{
    if (!dot_has_offset(type))
        return ints_set(0);
    if (!quant_is_k16(type))
        return ints_left(ints_set(x->minus32[s]), offset_shift(type));
    int offset = quant_offset(type), minus = x->minus16[s]; /* 32 times the sum */
    return ints_set(offset < 32 ? minus / (32 / offset) : minus * (offset / 32));
}

INLINE void group_dot_legacy(const QuantType type, const uint8_t *w, const uint8_t *ahead,
                             int blocks, const ActGroup *x, const int n, float (*acc)[PANEL])
{
    const uint8_t *body = w + panel_head_bytes(type, blocks);
    const size_t share = panel_group_bytes(type, 8) / 8;
    Lanes p[TILE];
    UNROLL
    for (int i = 0; i < n; i++)
        p[i] = lanes_set(0.0f);
    for (int b = 0; b < blocks; b++) {
        Ints dot[TILE];
        UNROLL
        for (int i = 0; i < n; i++)
            dot[i] = minus_offset(type, &x[i], b);
        block_dot(type, body, ahead + (size_t)b * share, x, b, n, order_all, 8, dot);
        const uint8_t *head = w + (size_t)b * panel_head_bytes(type, 1);
        Lanes d = block_d(type, head);
        UNROLL
        for (int i = 0; i < n; i++)
            p[i] = lanes_fma(d, lanes_of(dot[i]), p[i]);
        if (quant_has_min(type)) {
            Lanes m = lanes_load_half(head + 32);
            UNROLL
            for (int i = 0; i < n; i++)
                p[i] = lanes_fma(m, lanes_set(x[i].sum32[b]), p[i]);
        }
        body += panel_body_bytes(type);
    }
    UNROLL
    for (int i = 0; i < n; i++)
        lanes_store(acc[i], lanes_fma(p[i], lanes_set(x[i].d), lanes_load(acc[i])));
}

/* Scales of all sub-blocks to `scale`, but for K16, whose lie ready; low[i] += minima times sums of
 * row i's activations. */
INLINE void k_scales(const QuantType type, const uint8_t *w, const ActGroup *x, const int n,
                     int32_t (*scale)[PANEL], Ints *low)
{
    const int scales = quant_is_k16(type) ? 16 : 8;
    const int mins16 = quant_scales(type) == SCALES_K16_MIN ? 8 : 0;
    if (quant_scales(type) == SCALES_K32_MIN) {
        Ints six[4];
        six_bit_load(w + 64, six);
        UNROLL
        for (int t = 0; t < 4; t++) {
            Ints pairs = ints_and(six[t], ints_set(0x00ff00ff));
            Ints mins = ints_and(ints_right(six[t], 8), ints_set(0x00ff00ff));
            ints_store(scale[2 * t], ints_and(pairs, ints_set(0xffff)));
            ints_store(scale[2 * t + 1], ints_right(pairs, 16));
            UNROLL
            for (int i = 0; i < n; i++)
                low[i] = ints_dot_pair(low[i], mins, x[i].pair32 + 2 * t);
        }
    } else if (quant_scale_bytes(type)) {
        PackedScales packed = packed_scales(type, w);
        UNROLL
        for (int s = 0; s < scales; s++)
            ints_store(scale[s], packed_scale(type, &packed, s));
        UNROLL
        for (int t = 0; t < mins16; t++) {
            Ints mins = packed_mins(&packed, t / 2, t % 2);
            UNROLL
            for (int i = 0; i < n; i++)
                low[i] = ints_dot_pair(low[i], mins, x[i].pair16 + 2 * t);
        }
    }
}

INLINE void group_dot_k(const QuantType type, const uint8_t *w, const uint8_t *ahead,
                        const ActGroup *x, const int n, float (*acc)[PANEL])
{
    const int parts = quant_is_k16(type) ? 2 : 1; /* of a block, each with its scale */
    const size_t share = panel_group_bytes(type, 8) / (size_t)(8 * parts);
    int32_t scale[16][PANEL];
    Ints sum[TILE], low[TILE];
    UNROLL
    for (int i = 0; i < n; i++)
        sum[i] = low[i] = ints_set(0);
    k_scales(type, w, x, n, scale, low);
    const uint8_t *body = w + panel_head_bytes(type, 8);
    for (int b = 0; b < 8; b++) {
        UNROLL
        for (int half = 0; half < parts; half++) {
            const int part = parts * b + half;
            const int *order = parts == 1 ? order_all : half ? order_high : order_low;
            Ints dot[TILE], s = quant_scales(type) == SCALES_K16
                                    ? ints_load_bytes(w + 32 + PANEL * part)
                                    : ints_load(scale[part]);
            UNROLL
            for (int i = 0; i < n; i++)
                dot[i] = minus_offset(type, &x[i], part);
            block_dot(type, body, ahead + (size_t)part * share, x, b, n, order, 8 / parts, dot);
            UNROLL
            for (int i = 0; i < n; i++)
                sum[i] = ints_add(sum[i], ints_mul(dot[i], s));
        }
        body += panel_body_bytes(type);
    }
    Lanes d = group_d(type, w), dmin = quant_has_min(type) ? lanes_load_half(w + 32) : d;
    UNROLL
    for (int i = 0; i < n; i++) {
        Lanes dx = lanes_set(x[i].d), a = lanes_load(acc[i]);
        a = lanes_fma(lanes_of(sum[i]), lanes_mul(d, dx), a);
        if (quant_has_min(type))
            a = lanes_fnma(lanes_of(low[i]), lanes_mul(dmin, dx), a);
        lanes_store(acc[i], a);
    }
}

INLINE void group_dot(const QuantType type, const uint8_t *w, const uint8_t *ahead, int blocks,
                      const ActGroup *x, const int n, float (*acc)[PANEL])
{
    if (quant_is_k(type))
        group_dot_k(type, w, ahead, x, n, acc);
    else
        group_dot_legacy(type, w, ahead, blocks, x, n, acc);
}

INLINE void panel_dot(const QuantType type, int cols, const uint8_t *panel, Ahead next,
                      const ActGroup *x, int n, float (*acc)[PANEL])
{
    memset(acc, 0, (size_t)n * sizeof *acc);
    for (int k = 0; k < cols; k += GROUP) {
        int blocks = (cols - k < GROUP ? cols - k : GROUP) / BLOCK;
        size_t bytes = panel_group_bytes(type, blocks);
        const uint8_t *ahead = ahead_of(next, panel);
        /* Only the first tile fetches; the others fetch what is there. */
        for (int i = 0; i < n; i += LANES_TILE, ahead = panel) {
#define COPY(count)                                                   \
    case count:                                                       \
        group_dot(type, panel, ahead, blocks, x + i, count, acc + i); \
        break;
            switch (n - i < LANES_TILE ? n - i : LANES_TILE) {
                EACH_COUNT(COPY)
            }
#undef COPY
        }
        panel += bytes;
        next.left = next.left > bytes ? next.left - bytes : 0;
        x += n;
    }
}

#include "kernels/cpu/isa_by_type.h"

/* Float activations. A stretch of at most 256 inputs becomes floats first; then each sum runs over
 * k. */

static void floats_load(QuantType type, const uint8_t *w, int count, float (*out)[PANEL])
{
    for (int k = 0; k < count; k++) {
        if (type == QUANT_F32)
            lanes_store(out[k], lanes_load((const float *)w + k * PANEL));
        else if (type == QUANT_F16)
            lanes_store(out[k], lanes_load_half(w + k * PANEL * 2));
        else
            lanes_store(out[k], lanes_load_bf16(w + k * PANEL * 2));
    }
}

/* scale and min for the inputs 4u … of block b, as floats of the 16 rows. */
static void scales_load(QuantType type, const uint8_t *w, int b, int u, Lanes *scale, Lanes *min)
{
    *min = lanes_set(0.0f);
    if (!quant_is_k(type)) {
        w += (size_t)b * panel_head_bytes(type, 1);
        *scale = block_d(type, w);
        if (quant_has_min(type))
            *min = lanes_load_half(w + 32);
    } else if (quant_scale_bytes(type)) {
        PackedScales packed = packed_scales(type, w);
        int s = quant_is_k16(type) ? 2 * b + u / 4 : b;
        *scale = lanes_mul(group_d(type, w), lanes_of(packed_scale(type, &packed, s)));
        if (quant_has_min(type)) {
            Ints m = bits_at(packed.words[s / 4], s % 4 * 8 + 4, 15);
            *min = lanes_mul(lanes_load_half(w + 32), lanes_of(m));
            *min = lanes_sub(lanes_set(0.0f), *min);
        }
    } else if (quant_scales(type) == SCALES_K16) {
        Ints s = ints_load_bytes(w + 32 + PANEL * (2 * b + u / 4));
        *scale = lanes_mul(lanes_load_half(w), lanes_of(s));
    } else {
        Ints six[4], byte = ints_set(255);
        six_bit_load(w + 64, six);
        Ints pair = ints_right(six[b / 2], b % 2 * 16);
        *scale = lanes_mul(lanes_load_half(w), lanes_of(ints_and(pair, byte)));
        *min = lanes_mul(lanes_load_half(w + 32), lanes_of(ints_and(ints_right(pair, 8), byte)));
        *min = lanes_sub(lanes_set(0.0f), *min);
    }
}

/* group.h's values: scale * (q - offset) + min. */
INLINE void codes_to_float(const QuantType type, const uint8_t *w, int blocks, float (*out)[PANEL])
{
    const uint8_t *body = w + panel_head_bytes(type, blocks);
    for (int b = 0; b < blocks; b++) {
        UNROLL
        for (int u = 0; u < 8; u++) {
            Lanes scale, min;
            Ints codes = codes_load(type, body, u);
            scales_load(type, w, b, u, &scale, &min);
            for (int j = 0; j < 4; j++) {
                Ints q = ints_and(ints_right(codes, 8 * j), ints_set(255));
                q = ints_add(q, ints_set(-quant_offset(type)));
                Lanes v = lanes_mul(scale, lanes_of(q));
                if (quant_has_min(type))
                    v = lanes_add(v, min);
                lanes_store(out[BLOCK * b + 4 * u + j], v);
            }
        }
        body += panel_body_bytes(type);
    }
}

static void group_floats(QuantType type, const uint8_t *w, int blocks, float (*out)[PANEL])
{
    switch (type) {
#define QUANT_FLOAT(...)
#define QUANT_TYPE(name, ...)                         \
    case QUANT_##name:                                \
        codes_to_float(QUANT_##name, w, blocks, out); \
        break;
#include "kernels/quant_types.def"
    default:
        break;
    }
}

/* acc[i] += w · x_i over `count` inputs. x: rows of `cols` floats. */
INLINE void floats_dot(const float (*w)[PANEL], int count, const float *x, int cols, const int n,
                       float (*acc)[PANEL])
{
    Lanes a[TILE];
    UNROLL
    for (int i = 0; i < n; i++)
        a[i] = lanes_load(acc[i]);
    for (int k = 0; k < count; k++) {
        Lanes v = lanes_load(w[k]);
        UNROLL
        for (int i = 0; i < n; i++)
            a[i] = lanes_fma(v, lanes_set(x[(size_t)i * (size_t)cols + (size_t)k]), a[i]);
    }
    UNROLL
    for (int i = 0; i < n; i++)
        lanes_store(acc[i], a[i]);
}

static void isa_dot_float(QuantType type, int cols, const uint8_t *panel, const float *x, int n,
                          float (*acc)[PANEL])
{
    _Alignas(64) float w[GROUP][PANEL];
    memset(acc, 0, (size_t)n * sizeof *acc);
    for (int k = 0; k < cols; k += GROUP) {
        int count = cols - k < GROUP ? cols - k : GROUP;
        if (quant_is_float(type)) {
            size_t bytes = (size_t)count * PANEL * (size_t)quant_bits(type) / 8;
            for (size_t i = 0; i < bytes; i += 64)
                __builtin_prefetch(panel + AHEAD_BYTES + i, 0, 2);
            floats_load(type, panel, count, w);
            panel += bytes;
        } else {
            group_floats(type, panel, count / BLOCK, w);
            panel += panel_group_bytes(type, count / BLOCK);
        }
        const float(*weights)[PANEL] = (const float(*)[PANEL])w;
        for (int i = 0; i < n; i += LANES_TILE) {
            const float *row = x + (size_t)i * (size_t)cols + k;
#define COPY(n)                                            \
    case n:                                                \
        floats_dot(weights, count, row, cols, n, acc + i); \
        break;
            switch (n - i < LANES_TILE ? n - i : LANES_TILE) {
                EACH_COUNT(COPY)
            }
#undef COPY
        }
    }
}
