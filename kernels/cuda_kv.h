/* cuda_kv.h - kernels: keys and values by slot, in the order of mma's fragments.
 *
 * Halves, in tiles of 16 slots x 16 dimensions, [head][slot / 16][dim / 16][lane][8]: keys are the
 * first operand of keys times queries (rows = slots, inputs = dimensions), values that of values
 * times probabilities (rows = dimensions, inputs = slots). head_dim is filled up to 16 with zeros
 * that nobody writes. What a slot holds before it is written is never used.
 */
#ifndef S2D_CUDA_KV_H
#define S2D_CUDA_KV_H

#include "cuda_args.h"
#include "cuda_lane.h"

/* Where row r (0 … 15) and input k (0 … 15) of a tile are, in halves. */
BODY int fragment_index(int r, int k)
{
    return (r % 8 * 4 + k % 8 / 2) * 8 + (2 * (k / 8) + r / 8) * 2 + k % 2;
}

/* The tile of a slot and a dimension, in halves. */
BODY size_t kv_tile(const KvArgs *kv, int head, int slot, int d)
{
    size_t row = (size_t)head * (size_t)(kv->slots / 16) + (size_t)(slot / 16);
    return (row * (size_t)(kv->padded / 16) + (size_t)(d / 16)) * 256;
}

BODY size_t key_index(const KvArgs *kv, int head, int slot, int d)
{
    return kv_tile(kv, head, slot, d) + (size_t)fragment_index(slot % 16, d % 16);
}

BODY size_t value_index(const KvArgs *kv, int head, int slot, int d)
{
    return kv_tile(kv, head, slot, d) + (size_t)fragment_index(d % 16, slot % 16);
}

/* grid: rows of the batch */
BODY void kv_write_body(const Lane *at, const KvWriteArgs *a)
{
    int row = at->block_x, size = a->kv.heads * a->kv.dim;
    if (row >= a->meta->rows)
        return;
    int slot = a->meta->slot[row];
    for (int i = at->thread; i < size; i += THREADS) {
        int head = i / a->kv.dim, d = i % a->kv.dim;
        size_t from = (size_t)row * (size_t)size + (size_t)i;
        a->kv.keys[key_index(&a->kv, head, slot, d)] = float_half(a->key[from]);
        a->kv.values[value_index(&a->kv, head, slot, d)] = float_half(a->value[from]);
    }
}

/* Each thread has its dimension's moves to itself, in their order. grid: heads, layers */
BODY void kv_move_body(const Lane *at, const KvMoveArgs *a)
{
    const Meta *meta = a->meta;
    uint16_t *keys = a->kv.keys + (size_t)at->block_y * (size_t)a->layer_values;
    uint16_t *values = a->kv.values + (size_t)at->block_y * (size_t)a->layer_values;
    for (int d = at->thread; d < a->kv.dim; d += THREADS) {
        for (int i = 0; i < meta->moves; i++) {
            int from = meta->from[i], to = meta->to + i;
            if (from == to)
                continue;
            keys[key_index(&a->kv, at->block_x, to, d)] =
                keys[key_index(&a->kv, at->block_x, from, d)];
            values[value_index(&a->kv, at->block_x, to, d)] =
                values[value_index(&a->kv, at->block_x, from, d)];
        }
    }
}

/* grid: heads */
BODY void kv_read_body(const Lane *at, const KvReadArgs *a)
{
    int head = at->block_x, size = a->kv.heads * a->kv.dim;
    for (int d = at->thread; d < a->kv.dim; d += THREADS) {
        float *out = a->out + head * a->kv.dim + d;
        out[0] = half_float(a->kv.keys[key_index(&a->kv, head, a->slot, d)]);
        out[size] = half_float(a->kv.values[value_index(&a->kv, head, a->slot, d)]);
    }
}

#endif
