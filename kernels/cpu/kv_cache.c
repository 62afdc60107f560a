/* kv_cache.c - keys and values of every layer, by slot; kv.h says how they lie.
 *
 * Keys lie in blocks of 16 slots, so that a vector of scores is computed without horizontal sums;
 * values lie slot by slot. A slot's bytes depend on its own key and value alone. dim is rounded up
 * to 16 with zeros that nobody writes. What a slot holds before it is written is never used.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/cpu.h"

static const char *const type_names[] = {
    [KV_F16] = "f16",
    [KV_Q8] = "q8",
    [KV_F32] = "f32",
};

const char *kv_type_name(KvType type)
{
    return type_names[type];
}

int kv_type_parse(const char *text, KvType *type)
{
    for (int i = KV_F16; i <= KV_Q8; i++) {
        if (strcmp(text, type_names[i]) == 0) {
            *type = (KvType)i;
            return 0;
        }
    }
    return -1;
}

/* The cache of this shape, without its layers. */
static void kv_outline(KvCache *kv, const Kernels *k, const KvShape *shape)
{
    *kv = (KvCache){.layers = shape->layers,
                    .heads = shape->kv_heads,
                    .dim = shape->head_dim,
                    .slots = shape->slots,
                    .padded = (shape->head_dim + 15) / 16 * 16,
                    .type = k->act_f32 ? KV_F32 : shape->type};
    kv->slot_bytes = kv_slot_bytes(kv->type, kv->padded);
}

/* Bytes of all heads of one layer, keys or values. */
static size_t layer_bytes(const KvCache *kv, const KvShape *shape, int layer)
{
    return (size_t)kv_layer_slots(shape, layer) * (size_t)kv->heads * kv->slot_bytes;
}

size_t kv_bytes(Kernels *k, const KvShape *shape)
{
    KvCache kv;
    kv_outline(&kv, k, shape);
    size_t bytes = sizeof kv + (size_t)shape->layers * sizeof *kv.layer;
    for (int l = 0; l < shape->layers; l++)
        bytes += 2 * layer_bytes(&kv, shape, l);
    return bytes;
}

KvCache *kv_open(Kernels *k, const KvShape *shape)
{
    Cpu *cpu = cpu_of(k);
    KvCache *kv = malloc(sizeof *kv + (size_t)shape->layers * sizeof *kv->layer);
    assert(shape->head_dim <= DIM_MAX);
    if (!kv)
        return NULL;
    kv_outline(kv, k, shape);
    size_t bytes = 0;
    for (int l = 0; l < shape->layers; l++) {
        kv->layer[l] = (KvLayer){bytes, kv_layer_slots(shape, l)};
        bytes += layer_bytes(kv, shape, l);
    }
    kv->keys = store_alloc(cpu->store, bytes);
    kv->values = store_alloc(cpu->store, bytes);
    /* Scores of a tile by slot, and once more for a query's tree positions (attention.c). */
    size_t scores = TILE * ((size_t)kv->slots + KV_BLOCK + TREE_SLOTS + 32) + 2 * TREE_SLOTS;
    if (!kv->keys || !kv->values || cpu_reserve_scores(cpu, scores)) {
        kv_close(k, kv);
        return NULL;
    }
    return kv;
}

void kv_close(Kernels *k, KvCache *kv)
{
    if (!kv)
        return;
    store_free(cpu_of(k)->store, kv->keys);
    store_free(cpu_of(k)->store, kv->values);
    free(kv);
}

int kv_place(const KvCache *kv, int layer, int slot)
{
    return slot % kv->layer[layer].slots;
}

/* Where one head's part of a layer begins. */
static size_t head_at(const KvCache *kv, int layer, int head)
{
    const KvLayer *l = &kv->layer[layer];
    return l->at + (size_t)head * (size_t)l->slots * kv->slot_bytes;
}

char *kv_keys(const KvCache *kv, int layer, int head)
{
    return kv->keys + head_at(kv, layer, head);
}

char *kv_values(const KvCache *kv, int layer, int head)
{
    return kv->values + head_at(kv, layer, head);
}

static char *key_block(const KvCache *kv, char *keys, int slot)
{
    return keys + (size_t)(slot / KV_BLOCK) * KV_BLOCK * kv->slot_bytes;
}

static char *value_at(const KvCache *kv, char *values, int slot)
{
    return values + (size_t)slot * kv->slot_bytes;
}

/* Where a group's scales are: of a slot's key, within its block; of a value, within its slot. */
static size_t key_scale(const KvCache *kv, int slot, int group)
{
    return (size_t)(KV_BLOCK * (kv->padded + 2 * group) + 2 * (slot % KV_BLOCK));
}

static size_t value_scale(const KvCache *kv, int group)
{
    return (size_t)(kv->padded + 2 * group);
}

static int group_size(const KvCache *kv, int group)
{
    int left = kv->padded - group * KV_GROUP;
    return left < KV_GROUP ? left : KV_GROUP;
}

/* ---- KV_Q8 ---- */

void kv_turn(float *x, int dim)
{
    for (int n; dim > 0; dim -= n, x += n) {
        n = dim < KV_GROUP ? dim : KV_GROUP;
        for (int half = n / 2; half > 0; half /= 2) {
            for (int i = 0; i < n; i += 2 * half) {
                for (int j = i; j < i + half; j++) {
                    float a = x[j], b = x[j + half];
                    x[j] = a + b;
                    x[j + half] = a - b;
                }
            }
        }
    }
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

static float bf16_float(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

/* The bytes that up to 32 floats are rounded to; returns their scale. It is rounded up, so that no
 * byte passes 127. Where an input is not finite the scale is NaN. */
static uint16_t round_group(const float *x, int n, int8_t *bytes)
{
    uint32_t top = 0;
    for (int i = 0; i < n; i++) {
        uint32_t bits = bits_of(x[i]) & 0x7fffffff;
        top = bits > top ? bits : top;
    }
    float highest, inverse = 0;
    uint16_t scale = 0;
    memcpy(&highest, &top, 4);
    if (top >= 0x7f800000) {
        scale = 0x7fc0;
    } else if (highest >= 1e-30f) {
        scale = (uint16_t)((bits_of(highest / 127.0f) + 0xffff) >> 16);
        inverse = 1.0f / bf16_float(scale);
    }
    for (int i = 0; i < n; i++) /* 1.5 * 2^23: adding it rounds to an integer */
        bytes[i] = (int8_t)(bits_of(x[i] * inverse + 12582912.0f) - 0x4b400000);
    return scale;
}

/* Turned keys are divided by the size of their group, for the queries are turned as well. */
static void key_put_q8(const KvCache *kv, char *block, int slot, const float *key)
{
    float x[DIM_MAX] = {0};
    memcpy(x, key, (size_t)kv->dim * sizeof *x);
    kv_turn(x, kv->padded);
    for (int g = 0; g * KV_GROUP < kv->padded; g++) {
        int8_t bytes[KV_GROUP];
        int n = group_size(kv, g);
        float *part = x + g * KV_GROUP;
        for (int i = 0; i < n; i++)
            part[i] *= 1.0f / (float)n;
        uint16_t scale = round_group(part, n, bytes);
        for (int i = 0; i < n; i++)
            block[(g * KV_GROUP + i) * KV_BLOCK + slot % KV_BLOCK] = bytes[i];
        memcpy(block + key_scale(kv, slot, g), &scale, 2);
    }
}

static void value_put_q8(const KvCache *kv, char *at, const float *value)
{
    float x[DIM_MAX] = {0};
    memcpy(x, value, (size_t)kv->dim * sizeof *x);
    for (int g = 0; g * KV_GROUP < kv->padded; g++) {
        uint16_t scale =
            round_group(x + g * KV_GROUP, group_size(kv, g), (int8_t *)at + g * KV_GROUP);
        memcpy(at + value_scale(kv, g), &scale, 2);
    }
}

/* ---- writing, reading, moving ---- */

static void key_put(const Cpu *cpu, const KvCache *kv, char *block, int slot, const float *key)
{
    uint16_t halves[DIM_MAX];
    int lane = slot % KV_BLOCK;
    if (kv->type == KV_Q8) {
        key_put_q8(kv, block, slot, key);
    } else if (kv->type == KV_F32) {
        for (int d = 0; d < kv->dim; d++)
            memcpy(block + 4 * (d * KV_BLOCK + lane), &key[d], 4);
    } else {
        cpu->isa->halves(key, kv->dim, halves);
        for (int d = 0; d < kv->dim; d++)
            memcpy(block + 2 * (d * KV_BLOCK + lane), &halves[d], 2);
    }
}

static void value_put(const Cpu *cpu, const KvCache *kv, char *at, const float *value)
{
    if (kv->type == KV_Q8)
        value_put_q8(kv, at, value);
    else if (kv->type == KV_F32)
        memcpy(at, value, (size_t)kv->dim * sizeof *value);
    else
        cpu->isa->halves(value, kv->dim, (uint16_t *)at);
}

void kv_write(Kernels *k, KvCache *kv, int layer, const Batch *batch, const float *key,
              const float *value)
{
    Cpu *cpu = cpu_of(k);
    for (int i = 0; i < batch->n; i++) {
        int slot = kv_place(kv, layer, batch->slot[i]);
        for (int h = 0; h < kv->heads; h++, key += kv->dim, value += kv->dim) {
            key_put(cpu, kv, key_block(kv, kv_keys(kv, layer, h), slot), slot, key);
            value_put(cpu, kv, value_at(kv, kv_values(kv, layer, h), slot), value);
        }
    }
}

/* Element i of a block of keys or of a value; scale: of its group. */
static float element(KvType type, const char *at, int i, const char *scale)
{
    uint16_t half;
    float x;
    if (type == KV_F32) {
        memcpy(&x, at + 4 * i, 4);
        return x;
    }
    memcpy(&half, type == KV_Q8 ? scale : at + 2 * i, 2);
    return type == KV_Q8 ? bf16_float(half) * (float)(int8_t)at[i] : half_to_float(half);
}

void kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value)
{
    float x[DIM_MAX];
    (void)k;
    slot = kv_place(kv, layer, slot);
    for (int h = 0; h < kv->heads; h++, key += kv->dim, value += kv->dim) {
        const char *block = key_block(kv, kv_keys(kv, layer, h), slot);
        const char *at = value_at(kv, kv_values(kv, layer, h), slot);
        for (int d = 0; d < kv->padded; d++)
            x[d] = element(kv->type, block, d * KV_BLOCK + slot % KV_BLOCK,
                           block + key_scale(kv, slot, d / KV_GROUP));
        if (kv->type == KV_Q8)
            kv_turn(x, kv->padded);
        memcpy(key, x, (size_t)kv->dim * sizeof *x);
        for (int d = 0; d < kv->dim; d++)
            value[d] = element(kv->type, at, d, at + value_scale(kv, d / KV_GROUP));
    }
}

static void slot_copy(KvCache *kv, int layer, int head, int from, int to)
{
    char *keys = kv_keys(kv, layer, head), *values = kv_values(kv, layer, head);
    from = kv_place(kv, layer, from);
    to = kv_place(kv, layer, to);
    char *source = key_block(kv, keys, from), *target = key_block(kv, keys, to);
    size_t size = kv->type == KV_Q8 ? 1 : kv->type == KV_F32 ? 4 : 2;
    for (int d = 0; d < kv->padded; d++)
        memcpy(target + (size_t)(d * KV_BLOCK + to % KV_BLOCK) * size,
               source + (size_t)(d * KV_BLOCK + from % KV_BLOCK) * size, size);
    for (int g = 0; kv->type == KV_Q8 && g * KV_GROUP < kv->padded; g++)
        memcpy(target + key_scale(kv, to, g), source + key_scale(kv, from, g), 2);
    memcpy(value_at(kv, values, to), value_at(kv, values, from), kv->slot_bytes);
}

void kv_move(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to)
{
    (void)k;
    for (int layer = first; layer < last; layer++) {
        for (int head = 0; head < kv->heads; head++) {
            for (int i = 0; i < n; i++) {
                if (from[i] != to + i)
                    slot_copy(kv, layer, head, from[i], to + i);
            }
        }
    }
}
