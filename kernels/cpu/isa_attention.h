/* isa_attention.h - scores, softmax and weighted sum over one head's cache; included by isa_*.c.
 *
 * in: up to 8 queries, keys and values as kv.h lays them out -> out: one vector a query. A score is
 * fma over dim, ascending, from 0: lanes are slots, so it depends on its slot alone. The softmax's
 * sum: lane l adds the weights l, l + 16 … of the logical positions. Values are added by fma in
 * logical order, lanes are dimensions. Elements are floats, exactly, before they meet anything.
 */
#include "kernels/cpu/lanes_more.h"

/* 16 elements from number i on, still without their scales. */
INLINE Lanes cache_load(const char *p, int i, const KvType type)
{
    switch (type) {
    case KV_F32:
        return lanes_load((const float *)(const void *)p + i);
    case KV_Q8:
        return lanes_of(ints_load_bytes((const uint8_t *)p + i));
    default:
        return lanes_load_half(p + 2 * i);
    }
}

/* Fetches element i, of what comes next: the machine's own prefetch stops at the ends of blocks. */
INLINE void cache_fetch(const char *p, int i, const KvType type)
{
    __builtin_prefetch(p + i * (type == KV_Q8 ? 1 : type == KV_F16 ? 2 : 4), 0, 3);
}

/* n queries against `span` blocks at once, from block b on. */
INLINE void scores_span(const char *keys, const KvType type, int dim, int b, const int span,
                        const float *q, const int n, float *out, size_t stride)
{
    const size_t block_bytes = KV_BLOCK * kv_slot_bytes(type, dim);
    Lanes a[TILE][4], scale[4];
    keys += (size_t)b * block_bytes;
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int s = 0; s < span; s++)
            a[i][s] = lanes_set(0.0f);
    }
    for (int d = 0, end; d < dim; d = end) {
        end = d + KV_GROUP < dim ? d + KV_GROUP : dim;
        UNROLL
        for (int s = 0; s < span && type == KV_Q8; s++) /* two bytes a slot and 32 dimensions */
            scale[s] = lanes_load_bf16(keys + (size_t)s * block_bytes + KV_BLOCK * dim + d);
        for (int e = d; e < end; e++) {
            Lanes k[4];
            UNROLL
            for (int s = 0; s < span; s++) {
                const char *block = keys + (size_t)s * block_bytes;
                k[s] = cache_load(block, e * KV_BLOCK, type);
                cache_fetch(block + (size_t)span * block_bytes, e * KV_BLOCK, type);
                if (type == KV_Q8)
                    k[s] = lanes_mul(k[s], scale[s]);
            }
            UNROLL
            for (int i = 0; i < n; i++) {
                Lanes v = lanes_set(q[i * dim + e]);
                UNROLL
                for (int s = 0; s < span; s++)
                    a[i][s] = lanes_fma(k[s], v, a[i][s]);
            }
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

INLINE void scores_rows(const char *keys, const KvType type, int dim, int blocks, const float *q,
                        const int n, float *out, size_t stride)
{
    int b = 0;
    for (; b + span_of(n) <= blocks; b += span_of(n))
        scores_span(keys, type, dim, b, span_of(n), q, n, out, stride);
    for (; b < blocks; b++)
        scores_span(keys, type, dim, b, 1, q, n, out, stride);
}

INLINE Lanes bf16_set(const char *p)
{
    uint16_t half;
    uint32_t bits;
    float value;
    memcpy(&half, p, 2);
    bits = (uint32_t)half << 16;
    memcpy(&value, &bits, 4);
    return lanes_set(value);
}

/* `span` times 16 dimensions at once, from dimension d on. */
INLINE void mix_span(const char *values, const KvType type, int dim, const int *slots, int count,
                     const float *p, size_t stride, const int n, int d, const int span, float *acc)
{
    Lanes a[TILE][4];
    acc += d;
    UNROLL
    for (int i = 0; i < n; i++) {
        UNROLL
        for (int v = 0; v < span; v++)
            a[i][v] = lanes_load(acc + i * dim + 16 * v);
    }
    for (int s = 0; s < count; s++) {
        const char *at = values + (size_t)(slots ? slots[s] : s) * kv_slot_bytes(type, dim);
        Lanes value[4];
        UNROLL
        for (int v = 0; v < span; v++) {
            value[v] = cache_load(at, d + 16 * v, type);
            cache_fetch(at + KV_BLOCK * kv_slot_bytes(type, dim), d + 16 * v, type);
            if (type == KV_Q8)
                value[v] = lanes_mul(value[v], bf16_set(at + dim + (d + 16 * v) / KV_GROUP * 2));
        }
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

INLINE void mix_rows(const char *values, const KvType type, int dim, const int *slots, int count,
                     const float *p, size_t stride, const int n, float *acc)
{
    int d = 0, step = 16 * span_of(n);
    for (; d + step <= dim; d += step)
        mix_span(values, type, dim, slots, count, p, stride, n, d, span_of(n), acc);
    for (; d < dim; d += 16)
        mix_span(values, type, dim, slots, count, p, stride, n, d, 1, acc);
}

INLINE void scores_tiles(const char *keys, const KvType type, int dim, int blocks, const float *q,
                         int nq, float *out, size_t stride)
{
    for (; nq > 0; nq -= LANES_TILE, q += LANES_TILE * dim, out += LANES_TILE * stride) {
#define COPY(n)                                                  \
    case n:                                                      \
        scores_rows(keys, type, dim, blocks, q, n, out, stride); \
        break;
        switch (nq < LANES_TILE ? nq : LANES_TILE) {
            EACH_COUNT(COPY)
        }
#undef COPY
    }
}

INLINE void mix_tiles(const char *values, const KvType type, int dim, const int *slots, int count,
                      const float *p, size_t stride, int nq, float *acc)
{
    for (; nq > 0; nq -= LANES_TILE, p += LANES_TILE * stride, acc += LANES_TILE * dim) {
#define COPY(n)                                                       \
    case n:                                                           \
        mix_rows(values, type, dim, slots, count, p, stride, n, acc); \
        break;
        switch (nq < LANES_TILE ? nq : LANES_TILE) {
            EACH_COUNT(COPY)
        }
#undef COPY
    }
}

static void isa_scores(const void *keys, KvType type, int dim, int blocks, const float *q, int nq,
                       float *out, size_t stride)
{
    if (type == KV_F16)
        scores_tiles(keys, KV_F16, dim, blocks, q, nq, out, stride);
    else if (type == KV_Q8)
        scores_tiles(keys, KV_Q8, dim, blocks, q, nq, out, stride);
    else
        scores_tiles(keys, KV_F32, dim, blocks, q, nq, out, stride);
}

static void isa_mix(const void *values, KvType type, int dim, const int *slots, int count,
                    const float *p, size_t stride, int nq, float *acc)
{
    if (type == KV_F16)
        mix_tiles(values, KV_F16, dim, slots, count, p, stride, nq, acc);
    else if (type == KV_Q8)
        mix_tiles(values, KV_Q8, dim, slots, count, p, stride, nq, acc);
    else
        mix_tiles(values, KV_F32, dim, slots, count, p, stride, nq, acc);
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
