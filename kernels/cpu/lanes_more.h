/* lanes_more.h - what is built from the lanes of whichever lanes_*.h was included before: short
 * ends of rows, the exponential, and how loops are inlined and unrolled.
 */
#ifndef S2D_KERNELS_CPU_LANES_MORE_H
#define S2D_KERNELS_CPU_LANES_MORE_H

#define INLINE static inline __attribute__((always_inline))
#define UNROLL LANES_UNROLL /* for loops whose bound is constant once inlined */

/* COPY(n) for every number of rows that an inner loop has a copy for. */
#if LANES_TILE == 8
#define EACH_COUNT(COPY) COPY(1) COPY(2) COPY(3) COPY(4) COPY(5) COPY(6) COPY(7) COPY(8)
#elif LANES_TILE == 4
#define EACH_COUNT(COPY) COPY(1) COPY(2) COPY(3) COPY(4)
#elif LANES_TILE == 2
#define EACH_COUNT(COPY) COPY(1) COPY(2)
#else
#define EACH_COUNT(COPY) COPY(1)
#endif

/* x[i … i+15], zeros from n on. */
INLINE Lanes load_tail(const float *x, int i, int n)
{
    if (i + 16 <= n)
        return lanes_load(x + i);
    float tail[16] = {0};
    memcpy(tail, x + i, (size_t)(n - i) * sizeof *x);
    return lanes_load(tail);
}

INLINE void store_tail(float *x, int i, int n, Lanes v)
{
    if (i + 16 <= n) {
        lanes_store(x + i, v);
        return;
    }
    float tail[16];
    lanes_store(tail, v);
    memcpy(x + i, tail, (size_t)(n - i) * sizeof *x);
}

/* exp(x), about one unit in the last place for -87.3 <= x <= 88.7, clamped beyond, NaN stays NaN.
 * x = n ln 2 + r, |r| <= ln 2 / 2; the polynomial is exp's on that range (Cephes, expf). */
INLINE Lanes lanes_exp(Lanes x)
{
    Lanes low = lanes_set(-87.33654f), high = lanes_set(88.72283f);
    Lanes t = lanes_min(high, lanes_max(low, x));
    Lanes shift = lanes_set(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    Lanes n = lanes_sub(lanes_fma(t, lanes_set(1.44269504f), shift), shift);
    Lanes r = lanes_fnma(n, lanes_set(0.693359375f), t);
    r = lanes_fnma(n, lanes_set(-2.12194440e-4f), r);
    Lanes p = lanes_set(1.9875691500e-4f);
    p = lanes_fma(p, r, lanes_set(1.3981999507e-3f));
    p = lanes_fma(p, r, lanes_set(8.3334519073e-3f));
    p = lanes_fma(p, r, lanes_set(4.1665795894e-2f));
    p = lanes_fma(p, r, lanes_set(1.6666665459e-1f));
    p = lanes_fma(p, r, lanes_set(5.0000001201e-1f));
    p = lanes_fma(p, lanes_mul(r, r), lanes_add(r, lanes_set(1.0f)));
    /* 2^n in two steps, for n may be 128: 2^127 * 2. */
    Lanes top = lanes_min(lanes_set(127.0f), n), rest = lanes_sub(n, top);
    Ints bits = lanes_bits(lanes_add(top, lanes_set(12582912.0f + 127.0f)));
    p = lanes_mul(p, lanes_of_bits(ints_left(bits, 23)));
    p = lanes_mul(p, lanes_add(rest, lanes_set(1.0f)));
    return p;
}

#endif
