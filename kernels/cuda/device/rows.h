/* rows.h - kernels: what is done row by row; rows of weights as they are in the file.
 *
 * Each block has one row of the batch, whose sums are added in an order of their own: results do
 * not depend on other rows.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_ROWS_H
#define S2D_KERNELS_CUDA_DEVICE_ROWS_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/lane.h"
#include "kernels/cuda/layout.h"

/* out = or += x / rms(x) * weight. grid: rows, heads; shared: [WARPS] floats */
BODY void norm_body(const Lane *at, const NormArgs *a)
{
    int row = at->block_x;
    if (row >= a->meta->n)
        return;
    size_t from = (size_t)(row * a->heads + at->block_y) * (size_t)a->cols;
    const float *x = a->x + from;
    float *out = a->out + from, squares = 0.0f;
    for (int k = at->thread; k < a->cols; k += THREADS)
        squares = fmaf(x[k], x[k], squares);
    squares = block_sum(at, squares, (float *)at->shared);
    float scale = 1.0f / sqrtf(squares / (float)a->cols + a->eps);
    for (int k = at->thread; k < a->cols; k += THREADS)
        out[k] = x[k] * scale * a->weight[k] + (a->add ? out[k] : 0.0f);
}

/* Code of row r, input k of a step: the layout's formulas, one number at a time. */
BODY int code_at(QuantType type, const uint8_t *codes, int r, int k)
{
    int b = k / 32, i = k % 32 / 8, e = k % 2, h = r / 8, lane = r % 8 * 4 + k % 8 / 2;
    if (quant_bits(type) == 8)
        return codes[b * 512 + lane * 16 + (2 * (i / 2) + h) * 4 + 2 * (i % 2) + e];
    int bits = quant_bits(type), pair = 2 * (4 * h + i) + 16 * e,
        plane = 8 * b + 4 * h + i + 16 * e;
    int q = 0;
    if (bits >= 4)
        q = codes[lane * 16 + (2 * b + h) * 4 + i / 2 + 2 * e] >> 4 * (i % 2) & 15;
    if (bits < 4 || bits == 6) {
        const uint8_t *pairs = codes + (bits == 6 ? 512 : 0) + lane * 8 + b * 4;
        q |= (pairs[pair / 8] >> pair % 8 & 3) << (bits == 6 ? 4 : 0);
    }
    if (bits == 5 || bits == 3) {
        const uint8_t *planes = codes + (bits == 5 ? 512 : 256) + lane * 4;
        q |= (planes[plane / 8] >> plane % 8 & 1) << (bits - 1);
    }
    return q;
}

BODY float half_at(const uint8_t *p)
{
    return half_float((uint16_t)(p[0] | p[1] << 8));
}

BODY float float_value(QuantType type, const uint8_t *tile, int r, int c)
{
    int k = c % 16, size = quant_bits(type) / 8;
    int at = ((r % 8 * 4 + k % 8 / 2) * 4 + 2 * (k / 8) + r / 8) * 2 + k % 2;
    const uint8_t *p = tile + (size_t)(c / 16) * (size_t)(256 * size) + at * size;
    if (type == QUANT_F32)
        return *(const float *)p;
    return type == QUANT_F16 ? half_at(p) : bf16_float((uint16_t)(p[0] | p[1] << 8));
}

/* The same where a K-quant's scales are kept as the file packs them. */
BODY float packed_value(QuantType type, const uint8_t *head, int r, int c, float q)
{
    int words = layout_word_bytes(type), s = c % 256 / (quant_is_k16(type) ? 16 : 32);
    const uint8_t *halves = head + layout_halves_at(type) + r % 8 * 4 + r / 8 * 2;
    uint32_t word[4] = {0, 0, 0, 0}, half = 0;
    for (int i = 0; i < words; i++)
        word[i / 4] |= (uint32_t)head[words * r + i] << i % 4 * 8;
    if (quant_scale_bytes(type) > words)
        half = (uint32_t)(halves[32] | halves[33] << 8);
    int scale = quant_scale(type, word, half, s);
    if (!quant_has_min(type))
        return half_at(halves) * quant_unit(type) * (float)scale * q;
    return half_at(halves) * (float)(scale & 15) * q - half_at(halves + 32) * (float)(scale >> 4);
}

/* What the file says: rounded once at most, as quant_to_float does. */
BODY float weight_value(QuantType type, const uint8_t *tile, int r, int c)
{
    if (quant_is_float(type))
        return float_value(type, tile, r, c);
    int step = c / STEP, k = c % STEP, s = c % 256 / 32, h = r / 8;
    const uint8_t *head = tile + layout_head_at(type, step);
    int code = code_at(type, tile + layout_codes_at(type, step), r, k);
    float q = (float)(quant_number(type, code) - quant_offset(type));
    if (quant_scale_bytes(type))
        return packed_value(type, head, r, c, q);
    if (quant_scales(type) == SCALES_E)
        return quant_power(head[r % 8 * 4 + 2 * (k / 32) + h]) * q;
    if (quant_scales(type) == SCALES_K16)
        return half_at(head + 256 + r % 8 * 4 + h * 2) *
               (float)(int8_t)head[16 * r + c % 256 / 16] * q;
    if (quant_is_k(type)) {
        head += 16 * r;
        int min = (head[12 + s / 2] >> 4 * (s % 2) & 15) | head[4 + s] >> 6 << 4;
        return half_at(head) * (float)(head[4 + s] & 63) * q - half_at(head + 2) * (float)min;
    }
    if (!quant_has_min(type))
        return half_at(head + r % 8 * 8 + (2 * (k / 32) + h) * 2) * q;
    head += r % 8 * 16;
    return half_at(head + (2 * (k / 32) + h) * 2) * q + half_at(head + 8 + (2 * h + k / 32) * 2);
}

/* grid: rows */
BODY void embed_body(const Lane *at, const EmbedArgs *a)
{
    int row = at->block_x;
    if (row >= a->meta->n)
        return;
    QuantType type = (QuantType)a->type;
    int id = a->meta->ids[row];
    const uint8_t *tile = a->data + (size_t)(id / TILE_ROWS) * layout_tile_bytes(type, a->cols);
    float *out = a->out + (size_t)row * (size_t)a->cols;
    for (int c = at->thread; c < a->cols; c += THREADS)
        out[c] = a->scale * weight_value(type, tile, id % TILE_ROWS, c);
}

BODY float silu(float v)
{
    return v / (1.0f + expf(-v));
}

/* By tanh, as isa_row.h has it. */
BODY float gelu(float v)
{
    return v / (1.0f + expf(-1.5957691216f * v * fmaf(v * v, 0.044715f, 1.0f)));
}

/* What a gate lets through; mode: LINEAR_SWIGLU or LINEAR_GEGLU. */
BODY float gated(int mode, float v)
{
    return mode == LINEAR_GEGLU ? gelu(v) : silu(v);
}

/* grid: rows of the matrix in THREADS, rows of the batch */
BODY void finish_body(const Lane *at, const FinishArgs *a)
{
    int row = at->block_x * THREADS + at->thread, i = at->block_y;
    if (row >= a->rows || i >= a->meta->n)
        return;
    size_t from = (size_t)i * (size_t)a->stride + (size_t)row;
    float *out = a->out + (size_t)i * (size_t)a->rows + (size_t)row;
    float y = a->y[0][from] * a->scale[i];
    if (a->bias[0])
        y += a->bias[0][row];
    if (a->mode >= LINEAR_SWIGLU) {
        float up = a->y[1][from] * a->scale[i];
        *out = gated(a->mode, y) * (a->bias[1] ? up + a->bias[1][row] : up);
    } else {
        y *= a->gain;
        *out = a->mode == LINEAR_ADD ? *out + y : y;
    }
}

/* grid: places in THREADS, rows */
BODY void gather_body(const Lane *at, const GatherArgs *a)
{
    int j = at->block_x * THREADS + at->thread, row = at->block_y;
    if (j < a->count && row < a->meta->n)
        a->out[(size_t)row * (size_t)a->count + (size_t)j] =
            a->x[(size_t)row * (size_t)a->stride + (size_t)a->places[j]];
}

/* out += silu(x). grid: columns in THREADS, rows */
BODY void silu_add_body(const Lane *at, const SiluAddArgs *a)
{
    int col = at->block_x * THREADS + at->thread, row = at->block_y;
    if (col >= a->cols || row >= a->meta->n)
        return;
    size_t i = (size_t)row * (size_t)a->cols + (size_t)col;
    a->out[i] += silu(a->x[i]);
}

/* grid: copies, floats in THREADS * 4 */
BODY void copy_body(const Lane *at, const CopyArgs *a)
{
    int which = at->block_x;
    if (which >= a->meta->copies)
        return;
    float *to = a->meta->copy_to[which];
    const float *from = a->meta->copy_from[which];
    int first = at->block_y * THREADS * 4 + at->thread, end = a->meta->floats[which];
    for (int i = 0; i < 4; i++) {
        if (first + i * THREADS < end)
            to[first + i * THREADS] = from[first + i * THREADS];
    }
}

/* grid: positions; angles in double, as on the CPU */
BODY void rope_table_body(const Lane *at, const RopeTableArgs *a)
{
    int position = at->block_x;
    for (int p = at->thread; p < a->pairs; p += THREADS) {
        double frequency = pow((double)a->base, -(double)p / a->pairs);
        if (a->factors)
            frequency /= a->factors[p];
        float *out = a->table + ((size_t)position * (size_t)a->pairs + (size_t)p) * 2;
        out[0] = (float)((double)a->scale * cos(position * frequency));
        out[1] = (float)((double)a->scale * sin(position * frequency));
    }
}

/* grid: rows, parts */
BODY void rope_body(const Lane *at, const RopeArgs *a)
{
    int row = at->block_x, part = at->block_y, pairs = a->pairs;
    if (row >= a->meta->rows)
        return;
    int heads = part ? a->heads[1] : a->heads[0];
    float *x = (part ? a->x[1] : a->x[0]) + (size_t)row * (size_t)(heads * a->dim);
    const float *table = a->table + (size_t)(a->meta->length[row] - 1) * (size_t)pairs * 2;
    for (int i = at->thread; i < heads * pairs; i += THREADS) {
        int p = i % pairs;
        float *low = x + i / pairs * a->dim + (a->neox ? p : 2 * p);
        float *high = low + (a->neox ? pairs : 1), v = *low, w = *high;
        float cosine = table[2 * p], sine = table[2 * p + 1];
        *low = v * cosine - w * sine;
        *high = v * sine + w * cosine;
    }
    float warmer = part ? a->warmer[1] : a->warmer[0];
    if (warmer == 0.0f)
        return;
    int every = part ? a->warmer_every[1] : a->warmer_every[0];
    double steps = (double)((a->meta->length[row] - 1) / every);
    float warmth = (float)(1.0 + (double)warmer * log(1.0 + steps));
    block_sync(at);
    for (int i = at->thread; i < heads * a->dim; i += THREADS)
        x[i] *= warmth;
}

#endif
