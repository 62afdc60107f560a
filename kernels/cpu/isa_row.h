/* isa_row.h - norm, quantisation of activations, gated units, scans of logits; included by isa_*.c.
 *
 * in: one row of floats -> out: another one, or a number. Sums: lane l adds elements l, l + 16, l +
 * 32 … from index 0 on, then lanes_sum's fixed tree; a short last vector is filled up with zeros.
 */

#include "kernels/cpu/lanes_more.h"
#include "kernels/noise.h"

static void isa_norm(const float *x, const float *weight, float eps, int cols, float *out)
{
    Lanes sum = lanes_set(0.0f);
    for (int i = 0; i < cols; i += 16) {
        Lanes v = load_tail(x, i, cols);
        sum = lanes_fma(v, v, sum);
    }
    Lanes scale = lanes_set(1.0f / sqrtf(lanes_sum(sum) / (float)cols + eps));
    for (int i = 0; i < cols; i += 16) {
        Lanes v = lanes_mul(load_tail(x, i, cols), scale);
        store_tail(out, i, cols, lanes_mul(v, load_tail(weight, i, cols)));
    }
}

static void group_quantise(const float *x, int count, ActGroup *out)
{
    Ints magnitude = ints_set(0x7fffffff), top = ints_set(0);
    for (int i = 0; i < count; i += 16)
        top = ints_max(top, ints_and(lanes_bits(lanes_load(x + i)), magnitude));
    int32_t bits = ints_highest(top);
    float highest;
    memcpy(&highest, &bits, 4);
    /* Bits of what is not finite are larger than those of any number. What is tiny counts as 0. */
    if (bits >= 0x7f800000 || highest < 1e-30f) {
        memset(out, 0, sizeof *out);
        out->d = bits >= 0x7f800000 ? NAN : 0.0f;
        return;
    }
    if (count < GROUP)
        memset(out, 0, sizeof *out);
    out->d = highest / 127.0f;
    Lanes inverse = lanes_set(127.0f / highest), shift = lanes_set(12582912.0f);
    for (int i = 0; i < count; i += 16) {
        Lanes r = lanes_add(lanes_mul(lanes_load(x + i), inverse), shift);
        Ints q = ints_add(lanes_bits(r), ints_set(-0x4b400000)); /* the shift's own bits */
        ints_store_bytes(out->q + i, q);
        int sum = ints_sum(q), part = i / 16;
        out->minus16[part] = -32 * sum;
        out->pair16[part / 4 * 4 + part % 2 * 2 + part % 4 / 2] = (int16_t)sum;
    }
    for (int b = 0; b < count / BLOCK; b++) {
        int32_t minus = (out->minus16[2 * b] + out->minus16[2 * b + 1]) / 32;
        out->minus32[b] = minus;
        out->sum32[b] = (float)-minus;
        out->pair32[b] = (int16_t)-minus;
    }
}

static void isa_quantise(const float *x, int cols, ActGroup *out, int stride)
{
    for (int i = 0; i < cols; i += GROUP, out += stride)
        group_quantise(x + i, cols - i < GROUP ? cols - i : GROUP, out);
}

static void isa_halves(const float *x, int n, uint16_t *out)
{
    uint16_t tail[16];
    for (int i = 0; i < n; i += 16) {
        lanes_store_half(tail, load_tail(x, i, n));
        memcpy(out + i, tail, (size_t)(n - i < 16 ? n - i : 16) * sizeof *out);
    }
}

/* x / (1 + exp(-x)) */
INLINE Lanes row_silu(Lanes x)
{
    Lanes e = lanes_exp(lanes_sub(lanes_set(0.0f), x));
    return lanes_div(x, lanes_add(lanes_set(1.0f), e));
}

/* x / 2 * (1 + tanh(y)) = x / (1 + exp(-2 y)), y = sqrt(2 / pi) * (x + 0.044715 x^3): Hendrycks and
 * Gimpel's approximation of the normal distribution, arXiv 1606.08415. */
INLINE Lanes row_gelu(Lanes x)
{
    Lanes inner = lanes_fma(lanes_mul(x, x), lanes_set(0.044715f), lanes_set(1.0f));
    Lanes e = lanes_exp(lanes_mul(lanes_mul(x, lanes_set(-1.5957691216f)), inner));
    return lanes_div(x, lanes_add(lanes_set(1.0f), e));
}

INLINE void row_gated(const float *gate, const float *up, const float *gate_bias,
                      const float *up_bias, int rows, const bool gelu, float *out)
{
    Lanes g = lanes_load(gate), u = lanes_load(up);
    if (gate_bias)
        g = lanes_add(g, load_tail(gate_bias, 0, rows));
    if (up_bias)
        u = lanes_add(u, load_tail(up_bias, 0, rows));
    store_tail(out, 0, rows, lanes_mul(gelu ? row_gelu(g) : row_silu(g), u));
}

static void isa_swiglu(const float *gate, const float *up, const float *gate_bias,
                       const float *up_bias, int rows, float *out)
{
    row_gated(gate, up, gate_bias, up_bias, rows, false, out);
}

static void isa_geglu(const float *gate, const float *up, const float *gate_bias,
                      const float *up_bias, int rows, float *out)
{
    row_gated(gate, up, gate_bias, up_bias, rows, true, out);
}

static void isa_silu_add(const float *x, int n, float *out)
{
    for (int i = 0; i < n; i += 16)
        store_tail(out, i, n, lanes_add(load_tail(out, i, n), row_silu(load_tail(x, i, n))));
}

static int isa_find(const float *x, int from, int n, float floor, bool strict)
{
    Lanes f = lanes_set(floor);
    int i = from;
    for (; i + 16 <= n; i += 16) {
        Lanes v = lanes_load(x + i);
        uint32_t mask = strict ? lanes_above(v, f) : lanes_from(v, f);
        if (mask)
            return i + __builtin_ctz(mask);
    }
    for (; i < n; i++) {
        if (strict ? x[i] > floor : x[i] >= floor)
            return i;
    }
    return n;
}

static uint32_t isa_noisy(uint32_t seed, uint32_t position, uint32_t block, uint32_t least)
{
    uint32_t most[16], mask = 0;
    for (uint32_t b = 0; b < 16; b++) {
        uint32_t n[4];
        noise_block(seed, position, block + b, n);
        uint32_t x = n[0] > n[1] ? n[0] : n[1], y = n[2] > n[3] ? n[2] : n[3];
        most[b] = x > y ? x : y;
    }
    for (int b = 0; b < 16; b++)
        mask |= (uint32_t)(most[b] >= least) << b;
    return mask;
}

static float isa_max(const float *x, int n)
{
    Lanes top = lanes_set(-INFINITY);
    int i = 0;
    for (; i + 16 <= n; i += 16)
        top = lanes_max(lanes_load(x + i), top); /* NaN loses */
    float highest = lanes_highest(top);
    for (; i < n; i++)
        highest = x[i] > highest ? x[i] : highest;
    return highest;
}

static float isa_sum_exp(const float *x, int n, float max)
{
    Lanes sum = lanes_set(0.0f), m = lanes_set(max);
    int i = 0;
    for (; i + 16 <= n; i += 16)
        sum = lanes_add(sum, lanes_exp(lanes_sub(lanes_load(x + i), m)));
    if (i < n) {
        float tail[16];
        lanes_store(tail, lanes_exp(lanes_sub(load_tail(x, i, n), m)));
        memset(tail + (n - i), 0, (size_t)(16 - (n - i)) * sizeof *tail);
        sum = lanes_add(sum, lanes_load(tail));
    }
    return lanes_sum(sum);
}
