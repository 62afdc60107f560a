/* kv.c - keys and values of every layer, by slot.
 *
 * Keys lie in blocks of 16 slots, [dim][16], so that a vector of scores is computed without
 * horizontal sums; values lie slot by slot. Both are halves, or floats in the reference mode; dim
 * is rounded up to 16 with zeros that nobody writes. What a slot holds before it is written is
 * never used.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"

static size_t value_bytes(const KvCache *kv)
{
    return kv->wide ? 4 : 2;
}

/* Bytes of one head of one layer, keys or values. */
static size_t head_bytes(const KvCache *kv)
{
    return (size_t)kv->blocks * 16 * (size_t)kv->padded * value_bytes(kv);
}

static KvCache kv_shape(const Kernels *k, int layers, int kv_heads, int head_dim, int slots)
{
    return (KvCache){.layers = layers,
                     .heads = kv_heads,
                     .dim = head_dim,
                     .slots = slots,
                     .padded = (head_dim + 15) / 16 * 16,
                     .blocks = (slots + 15) / 16,
                     .wide = k->act_f32};
}

size_t kv_bytes(Kernels *k, int layers, int kv_heads, int head_dim, int slots)
{
    KvCache kv = kv_shape(k, layers, kv_heads, head_dim, slots);
    return 2 * (size_t)layers * (size_t)kv_heads * head_bytes(&kv) + sizeof kv;
}

KvCache *kv_open(Kernels *k, int layers, int kv_heads, int head_dim, int slots)
{
    Cpu *cpu = cpu_of(k);
    KvCache *kv = malloc(sizeof *kv);
    assert(head_dim <= DIM_MAX);
    if (!kv)
        return NULL;
    *kv = kv_shape(k, layers, kv_heads, head_dim, slots);
    size_t bytes = (size_t)layers * (size_t)kv_heads * head_bytes(kv);
    kv->keys = store_alloc(cpu->store, bytes);
    kv->values = store_alloc(cpu->store, bytes);
    /* Scores of a tile by slot, and once more for a query's tree positions (attention.c). */
    size_t scores = TILE * ((size_t)kv->blocks * 16 + TREE_SLOTS + 32) + 2 * TREE_SLOTS;
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

char *kv_keys(const KvCache *kv, int layer, int head)
{
    return kv->keys + ((size_t)layer * (size_t)kv->heads + (size_t)head) * head_bytes(kv);
}

char *kv_values(const KvCache *kv, int layer, int head)
{
    return kv->values + ((size_t)layer * (size_t)kv->heads + (size_t)head) * head_bytes(kv);
}

/* Indices of dimension d of a slot, in values of the cache. */
static size_t key_index(const KvCache *kv, int slot, int d)
{
    return ((size_t)(slot / 16) * (size_t)kv->padded + (size_t)d) * 16 + (size_t)(slot % 16);
}

static size_t value_index(const KvCache *kv, int slot, int d)
{
    return (size_t)slot * (size_t)kv->padded + (size_t)d;
}

/* One head's key or value of one slot; step: values from one dimension to the next. */
static void put(const Cpu *cpu, const KvCache *kv, char *base, size_t at, int step, const float *v)
{
    uint16_t halves[DIM_MAX];
    if (kv->wide) {
        float *out = (float *)base + at;
        for (int d = 0; d < kv->dim; d++)
            out[d * step] = v[d];
        return;
    }
    uint16_t *out = (uint16_t *)base + at;
    cpu->isa->halves(v, kv->dim, step == 1 ? out : halves);
    for (int d = 0; step > 1 && d < kv->dim; d++)
        out[d * step] = halves[d];
}

static float get(const KvCache *kv, const char *base, size_t i)
{
    return kv->wide ? ((const float *)base)[i] : half_to_float(((const uint16_t *)base)[i]);
}

void kv_write(Kernels *k, KvCache *kv, int layer, const Rows *rows, const float *key,
              const float *value)
{
    Cpu *cpu = cpu_of(k);
    for (int i = 0; i < rows->n; i++) {
        int slot = rows->slot[i];
        for (int h = 0; h < kv->heads; h++, key += kv->dim, value += kv->dim) {
            put(cpu, kv, kv_keys(kv, layer, h), key_index(kv, slot, 0), 16, key);
            put(cpu, kv, kv_values(kv, layer, h), value_index(kv, slot, 0), 1, value);
        }
    }
}

void kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value)
{
    (void)k;
    for (int h = 0; h < kv->heads; h++) {
        const char *keys = kv_keys(kv, layer, h), *values = kv_values(kv, layer, h);
        for (int d = 0; d < kv->dim; d++) {
            *key++ = get(kv, keys, key_index(kv, slot, d));
            *value++ = get(kv, values, value_index(kv, slot, d));
        }
    }
}

static void slot_copy(KvCache *kv, int layer, int head, int from, int to)
{
    char *keys = kv_keys(kv, layer, head), *values = kv_values(kv, layer, head);
    size_t size = value_bytes(kv);
    for (int d = 0; d < kv->padded; d++)
        memcpy(keys + key_index(kv, to, d) * size, keys + key_index(kv, from, d) * size, size);
    memcpy(values + value_index(kv, to, 0) * size, values + value_index(kv, from, 0) * size,
           (size_t)kv->padded * size);
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
