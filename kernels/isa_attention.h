/* isa_attention.h - scores, softmax and weighted sum over one head's cache; included by isa_*.c.
 *
 * in: up to 8 queries, keys as [block][dim][16 slots], values as [slot][dim] -> out: one vector a
 * query. A score is fma over dim, ascending, from 0: lanes are slots, so it depends on its slot
 * alone. The softmax's sum: lane l adds the weights l, l + 16 … of the logical positions. Values
 * are added by fma in logical order, lanes are dimensions.
 */
#include "lanes_more.h"

INLINE Lanes cache_load(const void *p, size_t i, const bool wide)
{
    return wide ? lanes_load((const float *)p + i) : lanes_load_half((const uint16_t *)p + i);
}

/* n queries against `span` blocks at once, from block b on. */
INLINE void scores_span(const void *keys, const bool wide, int dim, int b, const int span,
                        const float *q, const int n, float *out, size_t stride)
{
    Lanes a[TILE][4];
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int s = 0; s < span; s++)
            a[i][s] = lanes_set(0.0f);
    }
    for (int d = 0; d < dim; d++) {
        Lanes k[4];
        UNROLL
        for (int s = 0; s < span; s++)
            k[s] = cache_load(keys, ((size_t)(b + s) * (size_t)dim + (size_t)d) * 16, wide);
        UNROLL
        for (int i = 0; i < n; i++) {
            Lanes v = lanes_set(q[i * dim + d]);
            UNROLL
            for (int s = 0; s < span; s++)
                a[i][s] = lanes_fma(k[s], v, a[i][s]);
        }
    }
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int s = 0; s < span; s++)
            lanes_store(out + (size_t)i * stride + 16 * (size_t)(b + s), a[i][s]);
    }
}

/* How many times n sums fit the registers and hide the latency of fma. */
INLINE int span_of(const int n)
{
    return n * 4 <= LANES_SUMS ? 4 : n * 2 <= LANES_SUMS ? 2 : 1;
}

INLINE void scores_rows(const void *keys, const bool wide, int dim, int blocks, const float *q,
                        const int n, float *out, size_t stride)
{
    int b = 0;
    for (; b + span_of(n) <= blocks; b += span_of(n))
        scores_span(keys, wide, dim, b, span_of(n), q, n, out, stride);
    for (; b < blocks; b++)
        scores_span(keys, wide, dim, b, 1, q, n, out, stride);
}

/* `span` times 16 dimensions at once. */
INLINE void mix_span(const void *values, const bool wide, int dim, const int *slots, int count,
                     const float *p, size_t stride, const int n, const int span, float *acc)
{
    Lanes a[TILE][4];
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int v = 0; v < span; v++)
            a[i][v] = lanes_load(acc + i * dim + 16 * v);
    }
    for (int s = 0; s < count; s++) {
        size_t at = (size_t)(slots ? slots[s] : s) * (size_t)dim;
        Lanes value[4];
        UNROLL
        for (int v = 0; v < span; v++)
            value[v] = cache_load(values, at + 16 * (size_t)v, wide);
        UNROLL
        for (int i = 0; i < n; i++) {
            Lanes weight = lanes_set(p[(size_t)i * stride + (size_t)s]);
            UNROLL
            for (int v = 0; v < span; v++)
                a[i][v] = lanes_fma(weight, value[v], a[i][v]);
        }
    }
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int v = 0; v < span; v++)
            lanes_store(acc + i * dim + 16 * v, a[i][v]);
    }
}

INLINE void mix_rows(const void *values, const bool wide, int dim, const int *slots, int count,
                     const float *p, size_t stride, const int n, float *acc)
{
    size_t size = wide ? 4 : 2;
    int d = 0, step = 16 * span_of(n);
    for (; d + step <= dim; d += step)
        mix_span((const char *)values + (size_t)d * size, wide, dim, slots, count, p, stride, n,
                 span_of(n), acc + d);
    for (; d < dim; d += 16)
        mix_span((const char *)values + (size_t)d * size, wide, dim, slots, count, p, stride, n, 1,
                 acc + d);
}

INLINE void scores_tiles(const void *keys, const bool wide, int dim, int blocks, const float *q,
                         int nq, float *out, size_t stride)
{
    for (; nq > 0; nq -= LANES_TILE, q += LANES_TILE * dim, out += LANES_TILE * stride) {
#define COPY(n)                                                  \
    case n:                                                      \
        scores_rows(keys, wide, dim, blocks, q, n, out, stride); \
        break;
        switch (nq < LANES_TILE ? nq : LANES_TILE) {
            EACH_COUNT(COPY)
        }
#undef COPY
    }
}

INLINE void mix_tiles(const void *values, const bool wide, int dim, const int *slots, int count,
                      const float *p, size_t stride, int nq, float *acc)
{
    for (; nq > 0; nq -= LANES_TILE, p += LANES_TILE * stride, acc += LANES_TILE * dim) {
#define COPY(n)                                                       \
    case n:                                                           \
        mix_rows(values, wide, dim, slots, count, p, stride, n, acc); \
        break;
        switch (nq < LANES_TILE ? nq : LANES_TILE) {
            EACH_COUNT(COPY)
        }
#undef COPY
    }
}

static void isa_scores(const void *keys, bool wide, int dim, int blocks, const float *q, int nq,
                       float *out, size_t stride)
{
    if (wide)
        scores_tiles(keys, true, dim, blocks, q, nq, out, stride);
    else
        scores_tiles(keys, false, dim, blocks, q, nq, out, stride);
}

static void isa_mix(const void *values, bool wide, int dim, const int *slots, int count,
                    const float *p, size_t stride, int nq, float *acc)
{
    if (wide)
        mix_tiles(values, true, dim, slots, count, p, stride, nq, acc);
    else
        mix_tiles(values, false, dim, slots, count, p, stride, nq, acc);
}

static float isa_softmax(float *p, int length, float scale)
{
    int padded = (length + 15) & ~15;
    for (int i = length; i < padded; i++)
        p[i] = -INFINITY;
    Lanes top = lanes_load(p), sum = lanes_set(0.0f), s = lanes_set(scale);
    for (int i = 16; i < padded; i += 16)
        top = lanes_max(lanes_load(p + i), top);
    top = lanes_set(lanes_highest(top));
    for (int i = 0; i < padded; i += 16) {
        Lanes v = lanes_load(p + i);
        lanes_store(p + i, lanes_exp(lanes_mul(lanes_sub(v, top), s)));
    }
    for (int i = length; i < padded; i++)
        p[i] = 0.0f;
    for (int i = 0; i < padded; i += 16)
        sum = lanes_add(sum, lanes_load(p + i));
    return lanes_sum(sum);
}
