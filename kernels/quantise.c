/* quantise.c - floats to codes and scales, see group.h.
 *
 * in: up to 256 floats -> out: a Group. Scales are rounded to the file's precision first and codes
 * are chosen for the rounded scales, so a value is off by at most half a step of its own block
 * (plus what clamping at the ends costs). group_from_float rounds plainly, for synthetic models and
 * tests; group_fit searches scales, for requantised drafts. No importance weights.
 */
#include <math.h>
#include <string.h>

#include "kernels/grids.h"
#include "kernels/group.h"

/* Adding and taking away this rounds to the nearest whole number, to even on ties: a float's last
 * bit is worth 1 there. */
static const float ROUND = 0x1.8p23f;

static int clamp_round(float v, int low, int high)
{
    v = v < (float)low ? (float)low : v;
    v = v > (float)high ? (float)high : v;
    return (int)((v + ROUND) - ROUND);
}

static float inverse(float v)
{
    return v != 0.0f ? 1.0f / v : 0.0f;
}

static void range(const float *in, int n, float *low, float *high)
{
    *low = *high = in[0];
    for (int i = 1; i < n; i++) {
        *low = in[i] < *low ? in[i] : *low;
        *high = in[i] > *high ? in[i] : *high;
    }
}

/* The value of largest magnitude, with its sign. */
static float extreme(const float *in, int n)
{
    float low, high;
    range(in, n, &low, &high);
    return -low > high ? low : high;
}

/* The code of a table whose number is nearest. */
static uint8_t nearest(QuantType type, float v)
{
    int best = 0, top = quant_levels(type) - 1;
    for (int q = 1; q <= top; q++) {
        float before = fabsf((float)(quant_number(type, best) - 128) - v);
        if (fabsf((float)(quant_number(type, q) - 128) - v) < before)
            best = q;
    }
    return (uint8_t)best;
}

/* Codes of n values, for what is added before and multiplied with. */
static void codes_set(QuantType type, const float *in, int n, float plus, float step, uint8_t *q)
{
    int top = quant_levels(type) - 1;
    float offset = (float)quant_offset(type);
    for (int i = 0; i < n; i++) {
        float v = (in[i] + plus) * step;
        q[i] = quant_codes(type) == CODES_EVEN ? (uint8_t)clamp_round(v + offset, 0, top)
                                               : nearest(type, v);
    }
}

/* What the value of largest magnitude becomes: the end of the codes that is farther from zero. */
static float farthest(QuantType type)
{
    return quant_codes(type) == CODES_IQ4   ? -127.0f
           : quant_codes(type) == CODES_FP4 ? 12.0f
                                            : -(float)quant_offset(type);
}

static void legacy_block(Group *g, QuantType type, const float *in, int b)
{
    int top = quant_levels(type) - 1;
    float d, m = 0.0f;
    if (quant_scales(type) == SCALES_E) { /* the least power of two that cuts nothing off */
        int exponent;
        float part = frexpf(fabsf(extreme(in, BLOCK)) / 12.0f, &exponent);
        exponent += 128 - (part == 0.5f);
        g->d[b] = (uint16_t)(part == 0.0f || exponent < 0 ? 0 : exponent < 252 ? exponent : 252);
        codes_set(type, in, BLOCK, 0.0f, inverse(quant_power(g->d[b])), g->q + b * BLOCK);
        return;
    }
    if (quant_has_min(type)) {
        float high;
        range(in, BLOCK, &m, &high);
        d = (high - m) / (float)top;
    } else if (quant_bits(type) == 8) {
        d = fabsf(extreme(in, BLOCK)) / 127.0f;
    } else {
        d = extreme(in, BLOCK) / farthest(type);
    }
    g->d[b] = float_to_half(d);
    g->m[b] = float_to_half(m);
    codes_set(type, in, BLOCK, -half_to_float(g->m[b]), inverse(half_to_float(g->d[b])),
              g->q + b * BLOCK);
}

/* Scales, minima and codes of a K-quant with minima. */
static void k_min_group(Group *g, QuantType type, const float *in)
{
    int top = quant_levels(type) - 1, size = quant_is_k16(type) ? 16 : 32, parts = GROUP / size;
    int most = quant_is_k16(type) ? 15 : 63;
    float scale[16], min[16], scale_max = 0.0f, min_max = 0.0f;
    for (int s = 0; s < parts; s++) {
        float low, high;
        range(in + s * size, size, &low, &high);
        low = low < 0.0f ? low : 0.0f; /* a stored minimum cannot be positive */
        high = high > low ? high : low;
        scale[s] = (high - low) / (float)top;
        min[s] = -low;
        scale_max = scale[s] > scale_max ? scale[s] : scale_max;
        min_max = min[s] > min_max ? min[s] : min_max;
    }
    g->d[0] = float_to_half(scale_max / (float)most);
    g->m[0] = float_to_half(min_max / (float)most);
    float d = half_to_float(g->d[0]), dmin = half_to_float(g->m[0]);
    for (int s = 0; s < parts; s++) {
        g->scale[s] = (uint8_t)clamp_round(scale[s] * inverse(d), 0, most);
        g->min[s] = (uint8_t)clamp_round(min[s] * inverse(dmin), 0, most);
        codes_set(type, in + s * size, size, dmin * (float)g->min[s],
                  inverse(d * (float)g->scale[s]), g->q + s * size);
    }
}

/* Codes of the grid's entry that is nearest to 8 or 4 values, for what they are multiplied with. With
 * seven signs for eight inputs, the smallest of these gives in. */
static void entry_set(QuantType type, const float *in, float step, int even, uint8_t *q)
{
    int count, best = 0, bits = quant_codes(type) == CODES_IQ2 ? 2 : 3, each = bits == 2 ? 8 : 4;
    const uint16_t *entries = grid_entries(type, &count);
    float least = INFINITY;
    for (int e = 0; e < count; e++) {
        float error = 0.0f;
        for (int j = 0; j < each; j++) {
            int level = entries[e] >> bits * j & ((1 << bits) - 1);
            float off = (float)(quant_number(type, level) - 128) - fabsf(in[j] * step);
            error += off * off;
        }
        if (error < least) {
            least = error;
            best = e;
        }
    }
    for (int j = 0; j < each; j++) {
        int sign = (in[j] < 0.0f) ^ (even >> j & 1);
        q[j] = (uint8_t)((entries[best] >> bits * j & ((1 << bits) - 1)) | sign << bits);
    }
}

/* Which of eight signs must turn for their number to be even: a bit, or none. */
static int turned_sign(const float *in)
{
    int smallest = 0, odd = 0;
    for (int j = 0; j < 8; j++) {
        odd ^= in[j] < 0.0f;
        smallest = fabsf(in[j]) < fabsf(in[smallest]) ? j : smallest;
    }
    return odd ? 1 << smallest : 0;
}

static void grid_group(Group *g, QuantType type, const float *in)
{
    int size = quant_is_k16(type) ? 16 : 32, parts = GROUP / size, top = quant_levels(type) / 2;
    top = quant_number(type, quant_codes(type) == CODES_IQ2 ? 2 : top - 1) - 128;
    bool even = type == QUANT_IQ2_XXS || type == QUANT_IQ2_XS || type == QUANT_IQ3_XXS;
    float scale[16], largest = 0.0f;
    for (int s = 0; s < parts; s++) {
        scale[s] = fabsf(extreme(in + size * s, size)) / (float)top;
        largest = scale[s] > largest ? scale[s] : largest;
    }
    g->d[0] = float_to_half(largest / (31.0f * quant_unit(type)));
    float d = half_to_float(g->d[0]) * quant_unit(type);
    for (int s = 0; s < parts; s++) {
        int sc = 2 * clamp_round((scale[s] * inverse(d) - 1.0f) * 0.5f, 0, 15) + 1;
        g->scale[s] = (uint8_t)sc;
        int each = quant_codes(type) == CODES_IQ2 ? 8 : 4;
        for (int i = size * s; i < size * (s + 1); i += each) {
            int turn = even ? turned_sign(in + i / 8 * 8) : 0;
            entry_set(type, in + i, inverse(d * (float)sc), turn >> i % 8, g->q + i);
        }
    }
}

/* The same without minima. */
static void k_group(Group *g, QuantType type, const float *in)
{
    int size = quant_is_k16(type) ? 16 : 32, parts = GROUP / size;
    int most = quant_scales(type) == SCALES_K16 ? 127 : 31;
    float scale[16], largest = 0.0f;
    for (int s = 0; s < parts; s++) {
        scale[s] = extreme(in + size * s, size) / farthest(type);
        largest = fabsf(scale[s]) > largest ? fabsf(scale[s]) : largest;
    }
    g->d[0] = float_to_half(largest / (float)most);
    float d = half_to_float(g->d[0]);
    for (int s = 0; s < parts; s++) {
        int sc = clamp_round(scale[s] * inverse(d), -most - 1, most);
        g->scale[s] = (uint8_t)sc;
        codes_set(type, in + size * s, size, 0.0f, inverse(d * (float)sc), g->q + size * s);
    }
}

void group_from_float(Group *group, QuantType type, const float *in, int blocks)
{
    memset(group, 0, sizeof *group);
    if (quant_is_k(type) && quant_has_min(type)) {
        k_min_group(group, type, in);
    } else if (quant_is_grid(type)) {
        grid_group(group, type, in);
    } else if (quant_is_k(type)) {
        k_group(group, type, in);
    } else {
        for (int b = 0; b < blocks; b++)
            legacy_block(group, type, in + b * BLOCK, b);
    }
}

typedef float Four __attribute__((vector_size(16)));
typedef int32_t FourMask __attribute__((vector_size(16)));

static inline Four four(float v)
{
    return (Four){v, v, v, v};
}

static inline Four four_load(const float *in)
{
    Four v;
    memcpy(&v, in, sizeof v);
    return v;
}

static inline Four four_least(Four a, Four b)
{
    FourMask less = a < b;
    return (Four)(((FourMask)a & less) | ((FourMask)b & ~less));
}

/* extreme() of a block. */
static float block_extreme(const float *in)
{
    Four low = four_load(in), minus_high = -low;
    for (int i = 4; i < BLOCK; i += 4) {
        low = four_least(low, four_load(in + i));
        minus_high = four_least(minus_high, -four_load(in + i));
    }
    float ends[8];
    memcpy(ends, &low, sizeof low);
    memcpy(ends + 4, &minus_high, sizeof minus_high);
    float lowest = ends[0], highest = ends[4];
    for (int i = 1; i < 4; i++) {
        lowest = ends[i] < lowest ? ends[i] : lowest;
        highest = ends[4 + i] < highest ? ends[4 + i] : highest;
    }
    return lowest < highest ? lowest : -highest;
}

/* Codes of a scale explain xc^2 / cc of the sum of x^2 when the scale is then set to xc / cc, the
 * best one for them: the scale that explains most leaves the least squared error. The plain scale
 * makes room for the largest value; a smaller one that cuts it off is often better. More tries win
 * less than one part in 100 of the error. */
static float best_scale(const float *in, float plain, int low, int high)
{
    static const float tries[] = {0.93f, 1.0f, 1.07f};
    float scale = plain, most = 0.0f;
    for (size_t k = 0; k < sizeof tries / sizeof *tries; k++) {
        Four step = four(tries[k] * inverse(plain));
        Four xc = four(0.0f), cc = four(0.0f);
        for (int i = 0; i < BLOCK; i += 4) {
            Four x = four_load(in + i), c = x * step;
            c = four_least(c, four((float)high));
            c = -four_least(-c, four((float)-low));
            c = (c + ROUND) - ROUND;
            xc += x * c;
            cc += c * c;
        }
        float sum = (xc[0] + xc[1]) + (xc[2] + xc[3]), energy = (cc[0] + cc[1]) + (cc[2] + cc[3]);
        if (energy > 0.0f && sum * sum > most * energy) {
            most = sum * sum / energy;
            scale = sum / energy;
        }
    }
    return scale;
}

void group_fit(Group *group, QuantType type, const float *in, int blocks)
{
    if (quant_is_k(type) || quant_has_min(type) || quant_is_wide(type)) {
        group_from_float(group, type, in, blocks);
        return;
    }
    int top = quant_levels(type) - 1, offset = quant_offset(type);
    for (int b = 0; b < blocks; b++, in += BLOCK) {
        float plain = block_extreme(in) / (float)-offset;
        group->d[b] = float_to_half(best_scale(in, plain, -offset, top - offset));
        float step = inverse(half_to_float(group->d[b]));
        for (int i = 0; i < BLOCK; i++)
            group->q[b * BLOCK + i] = (uint8_t)clamp_round(in[i] * step + (float)offset, 0, top);
    }
}
