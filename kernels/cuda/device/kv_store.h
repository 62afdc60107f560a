/* kv_store.h - kernels: keys and values by slot, in the order of mma's fragments.
 *
 * In blocks of 16 slots of a head, [head][slot / 16]: tiles of 16 slots x 16 dimensions,
 * [dim / 16][lane][8], of halves, or of signed bytes and behind them a scale (bf16) per 32
 * dimensions, [dim / 32][slot]. Keys are the first operand of keys times queries (rows = slots,
 * inputs = dimensions), values that of values times probabilities (rows = dimensions, inputs =
 * slots). head_dim is filled up to 16. What a slot holds before it is written is never used.
 *
 * Bytes, scales and the turn of keys are exactly the CPU's: see kv.h.
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_KV_STORE_H
#define S2D_KERNELS_CUDA_DEVICE_KV_STORE_H

#include "kernels/cuda/args.h"
#include "kernels/cuda/device/lane.h"

/* Where row r (0 … 15) and input k (0 … 15) of a tile are, in elements. */
BODY int fragment_index(int r, int k)
{
    return (r % 8 * 4 + k % 8 / 2) * 8 + (2 * (k / 8) + r / 8) * 2 + k % 2;
}

/* Where a slot's block begins, in bytes, */
BODY size_t kv_block(const KvArgs *kv, int head, int slot)
{
    int blocks = kv->slots / 16;
    size_t block = (size_t)head * (size_t)blocks + (size_t)(slot / 16 % blocks);
    return block * (size_t)kv->block_bytes;
}

/* and within it a dimension of the slot's key or value, in elements. */
BODY int key_at(int slot, int d)
{
    return d / 16 * 256 + fragment_index(slot % 16, d % 16);
}

BODY int value_at(int slot, int d)
{
    return d / 16 * 256 + fragment_index(d % 16, slot % 16);
}

/* The scale of bytes, of the 32 that dimension d is among. */
BODY uint16_t *kv_scale(const KvArgs *kv, uint8_t *block, int slot, int d)
{
    return (uint16_t *)(block + kv->padded * 16) + d / KV_GROUP * 16 + slot % 16;
}

BODY float kv_element(const KvArgs *kv, uint8_t *block, int at, int slot, int d)
{
    if (kv->q8)
        return bf16_float(*kv_scale(kv, block, slot, d)) * (float)((const int8_t *)block)[at];
    return half_float(((const uint16_t *)block)[at]);
}

/* kv_turn of the 32 numbers that a warp's lanes have, or of 16 and as many zeros. */
BODY float turned(const Lane *at, float x, int n)
{
    for (int half = n / 2; half > 0; half /= 2) {
        float other = bits_float(warp_xor(at, float_bits(x), half));
        x = lane_id(at) & half ? other - x : x + other;
    }
    return x;
}

/* Groups of 32 dimensions; the last one may have 16. */
BODY int kv_groups(int padded)
{
    return (padded + KV_GROUP - 1) / KV_GROUP;
}

BODY int group_size(int padded, int group)
{
    return padded - group * KV_GROUP < KV_GROUP ? 16 : KV_GROUP;
}

/* The numbers that a warp's lanes have, as bytes. */
BODY void group_store(const Lane *at, const KvArgs *kv, uint8_t *block, int to, int slot, int d,
                      float x)
{
    uint32_t top = float_bits(x) & 0x7fffffff;
    for (int mask = 1; mask < WARP; mask *= 2) {
        uint32_t other = warp_xor(at, top, mask);
        top = other > top ? other : top;
    }
    float inverse = 0.0f;
    uint16_t scale = 0;
    if (top >= 0x7f800000) {
        scale = 0x7fc0;
    } else if (bits_float(top) >= 1e-30f) {
        scale = (uint16_t)((float_bits(bits_float(top) / 127.0f) + 0xffff) >> 16);
        inverse = 1.0f / bf16_float(scale);
    }
    if (d < kv->padded)
        block[to] = (uint8_t)(float_bits(x * inverse + 12582912.0f) - 0x4b400000);
    if (lane_id(at) == 0)
        *kv_scale(kv, block, slot, d) = scale;
}

/* key, value: [heads][dim] of one row. A warp has a group. */
BODY void kv_write_q8(const Lane *at, const KvArgs *kv, int slot, const float *key,
                      const float *value)
{
    int groups = kv_groups(kv->padded);
    for (int i = warp_id(at); i < kv->heads * groups; i += WARPS) {
        int head = i / groups, n = group_size(kv->padded, i % groups);
        int d = i % groups * KV_GROUP + lane_id(at), from = head * kv->dim + d;
        size_t block = kv_block(kv, head, slot);
        float k = turned(at, d < kv->dim ? key[from] : 0.0f, n) * (1.0f / (float)n);
        group_store(at, kv, kv->keys + block, key_at(slot, d), slot, d, k);
        group_store(at, kv, kv->values + block, value_at(slot, d), slot, d,
                    d < kv->dim ? value[from] : 0.0f);
    }
}

/* grid: rows of the batch */
BODY void kv_write_body(const Lane *at, const KvWriteArgs *a)
{
    int row = at->block_x, size = a->kv.heads * a->kv.dim;
    if (row >= a->meta->rows)
        return;
    int slot = a->meta->slot[row];
    const float *key = a->key + (size_t)row * (size_t)size;
    const float *value = a->value + (size_t)row * (size_t)size;
    if (a->kv.q8) {
        kv_write_q8(at, &a->kv, slot, key, value);
        return;
    }
    for (int i = at->thread; i < size; i += THREADS) {
        int d = i % a->kv.dim;
        size_t block = kv_block(&a->kv, i / a->kv.dim, slot);
        ((uint16_t *)(a->kv.keys + block))[key_at(slot, d)] = float_half(key[i]);
        ((uint16_t *)(a->kv.values + block))[value_at(slot, d)] = float_half(value[i]);
    }
}

BODY void element_copy(const KvArgs *kv, uint8_t *to, int to_at, const uint8_t *from, int from_at)
{
    if (kv->q8)
        to[to_at] = from[from_at];
    else
        ((uint16_t *)to)[to_at] = ((const uint16_t *)from)[from_at];
}

/* Each thread has its dimension's moves to itself, in their order. grid: heads, layers */
BODY void kv_move_body(const Lane *at, const KvMoveArgs *a)
{
    const Meta *meta = a->meta;
    const KvPlace *layer = &a->layers[at->block_y];
    KvArgs one = a->kv;
    const KvArgs *kv = &one;
    uint8_t *keys = one.keys + layer->at, *values = one.values + layer->at;
    one.slots = (int)layer->slots;
    for (int d = at->thread; d < kv->padded; d += THREADS) {
        for (int i = 0; i < meta->moves; i++) {
            int from = meta->from[i], to = meta->to + i;
            size_t source = kv_block(kv, at->block_x, from), target = kv_block(kv, at->block_x, to);
            if (from == to)
                continue;
            element_copy(kv, keys + target, key_at(to, d), keys + source, key_at(from, d));
            element_copy(kv, values + target, value_at(to, d), values + source, value_at(from, d));
            if (!kv->q8 || d % KV_GROUP)
                continue;
            *kv_scale(kv, keys + target, to, d) = *kv_scale(kv, keys + source, from, d);
            *kv_scale(kv, values + target, to, d) = *kv_scale(kv, values + source, from, d);
        }
    }
}

/* grid: heads */
BODY void kv_read_body(const Lane *at, const KvReadArgs *a)
{
    const KvArgs *kv = &a->kv;
    int head = at->block_x, groups = kv_groups(kv->padded);
    size_t block = kv_block(kv, head, a->slot);
    for (int i = warp_id(at); i < groups; i += WARPS) {
        int d = i * KV_GROUP + lane_id(at), in = d < kv->padded ? d : 0;
        float key = kv_element(kv, kv->keys + block, key_at(a->slot, in), a->slot, in);
        if (kv->q8)
            key = turned(at, d < kv->padded ? key : 0.0f, group_size(kv->padded, i));
        if (d >= kv->dim)
            continue;
        float *out = a->out + head * kv->dim + d;
        out[0] = key;
        out[kv->heads * kv->dim] =
            kv_element(kv, kv->values + block, value_at(a->slot, d), a->slot, d);
    }
}

/* grid: rows of the batch. A warp has a group of a head. */
BODY void turn_body(const Lane *at, const TurnArgs *a)
{
    int row = at->block_x, groups = kv_groups(a->padded);
    if (row >= a->meta->rows)
        return;
    for (int i = warp_id(at); i < a->heads * groups; i += WARPS) {
        int d = i % groups * KV_GROUP + lane_id(at);
        size_t head = (size_t)row * (size_t)a->heads + (size_t)(i / groups);
        float x = d < a->dim ? a->q[head * (size_t)a->dim + (size_t)d] : 0.0f;
        x = turned(at, x, group_size(a->padded, i % groups));
        if (d < a->padded)
            a->out[head * (size_t)a->padded + (size_t)d] = x;
    }
}

#endif
