/* kv.h - what a KV cache holds, and how one head's keys and values lie in it.
 *
 *   keys     blocks of 16 slots, each [dim][16]      dim: head_dim rounded up to 16
 *   values   [slot][dim]
 *
 * KV_Q8 stores signed bytes, and 32 dimensions of a slot share a scale, a float cut to its upper
 * half (bf16): element = scale * byte, which a float holds exactly. A block of keys is followed by
 * its scales, [dim / 32][16], each value by its own, [dim / 32].
 *
 * Some models' keys have a few dimensions far larger than the rest, which would cost the others
 * their digits. So a key is turned before it is rounded, by a Walsh-Hadamard matrix over each 32
 * dimensions, and the queries are turned with it: products stay what they were.
 */
#ifndef S2D_KERNELS_KV_H
#define S2D_KERNELS_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum KvType {
    KV_F16, /* halves */
    KV_Q8,
    KV_F32, /* what act_f32 has, whatever is asked for */
} KvType;

enum { KV_BLOCK = 16, KV_GROUP = 32 };

/* What a cache is made for: `layers` layers of `slots` slots of [kv_heads, head_dim]. A layer whose
 * rows see the last positions only may keep fewer slots than the text has, the last ones written. */
typedef struct KvShape {
    KvType type; /* as floats with act_f32, whatever it is */
    int layers, kv_heads, head_dim, slots;
    const uint64_t
        *few; /* bit l % 64 of few[l / 64]: layer l keeps no more than `kept`; NULL = none */
    int kept;
} KvShape;

/* Slots that a layer has room for, a multiple of KV_BLOCK: slot s is in place s % of them. */
static inline int kv_layer_slots(const KvShape *shape, int layer)
{
    bool few = shape->few && shape->few[layer / 64] >> layer % 64 & 1;
    int slots = few && shape->kept < shape->slots ? shape->kept : shape->slots;
    return (slots + KV_BLOCK - 1) / KV_BLOCK * KV_BLOCK;
}

/* Bytes of one slot's key or value of one head, its scales included. */
static inline size_t kv_slot_bytes(KvType type, int dim)
{
    switch (type) {
    case KV_Q8:
        return (size_t)dim + 2 * (((size_t)dim + KV_GROUP - 1) / KV_GROUP);
    case KV_F32:
        return 4 * (size_t)dim;
    default:
        return 2 * (size_t)dim;
    }
}

/* "f16", "q8", "f32" */
const char *kv_type_name(KvType type);
/* "f16" and "q8", what can be asked for; -1 = neither. */
int kv_type_parse(const char *text, KvType *type);

#endif
