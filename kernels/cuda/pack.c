/* pack.c - see pack.h.
 *
 * in: rows of file blocks -> out: tiles. Through the neutral form of group.h, 256 inputs of a row
 * at a time; nothing rounds, so packing and unpacking are exact inverses.
 */
#include "kernels/cuda/pack.h"

#include <string.h>

/* Where a row's share of a lane's codes lies: g and t name the lane, h the upper or lower half. */
typedef struct Place {
    uint8_t *codes; /* of the step */
    int block, h, lane;
} Place;

static uint8_t *word_of(const Place *p)
{
    return p->codes + p->lane * 16 + (2 * p->block + p->h) * 4;
}

static void put_bits(uint8_t *word, int bit, int value)
{
    word[bit / 8] |= (uint8_t)(value << bit % 8);
}

static int get_bits(const uint8_t *word, int bit, int count)
{
    return word[bit / 8] >> bit % 8 & ((1 << count) - 1);
}

/* The byte that holds all 8 bits of a code. */
static uint8_t *byte_of(const Place *p, int i, int e)
{
    return p->codes + p->block * 512 + p->lane * 16 + (2 * (i / 2) + p->h) * 4 + 2 * (i % 2) + e;
}

/* A pair of bits, or one, that lie apart from the rest. */
static uint8_t *pair_of(const Place *p, int at, int i, int e, int *bit)
{
    *bit = 2 * (4 * p->h + i) + 16 * e;
    return p->codes + at + p->lane * 8 + p->block * 4;
}

static uint8_t *plane_of(const Place *p, int at, int i, int e, int *bit)
{
    *bit = 8 * p->block + 4 * p->h + i + 16 * e;
    return p->codes + at + p->lane * 4;
}

static void code_put(QuantType type, const Place *p, int i, int e, int q)
{
    int bit, bits = quant_bits(type);
    if (bits == 8) {
        *byte_of(p, i, e) = (uint8_t)q;
        return;
    }
    if (bits >= 4)
        put_bits(word_of(p), 4 * i + 16 * e, q & 15);
    if (bits < 4 || bits == 6) {
        uint8_t *pair = pair_of(p, bits == 6 ? 512 : 0, i, e, &bit);
        put_bits(pair, bit, bits == 6 ? q >> 4 : q & 3);
    }
    if (bits == 5 || bits == 3) {
        uint8_t *plane = plane_of(p, bits == 5 ? 512 : 256, i, e, &bit);
        put_bits(plane, bit, q >> (bits - 1));
    }
}

static int code_get(QuantType type, const Place *p, int i, int e)
{
    int bit, bits = quant_bits(type), q = 0;
    if (bits == 8)
        return *byte_of(p, i, e);
    if (bits >= 4)
        q = get_bits(word_of(p), 4 * i + 16 * e, 4);
    if (bits < 4 || bits == 6) {
        const uint8_t *pair = pair_of(p, bits == 6 ? 512 : 0, i, e, &bit);
        q |= get_bits(pair, bit, 2) << (bits == 6 ? 4 : 0);
    }
    if (bits == 5 || bits == 3) {
        const uint8_t *plane = plane_of(p, bits == 5 ? 512 : 256, i, e, &bit);
        q |= get_bits(plane, bit, 1) << (bits - 1);
    }
    return q;
}

/* Codes of one block of 32 inputs of one row, in or out. */
static void block_codes(QuantType type, uint8_t *codes, int row, int block, uint8_t *q, bool out)
{
    Place p = {.codes = codes, .block = block, .h = row / 8};
    for (int k = 0; k < BLOCK; k++) {
        p.lane = row % 8 * 4 + k % 8 / 2;
        if (out)
            q[k] = (uint8_t)code_get(type, &p, k / 8, k % 2);
        else
            code_put(type, &p, k / 8, k % 2, q[k]);
    }
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* Scales that are kept as the file packs them. */
static void packed_put(QuantType type, uint8_t *head, int row, const Group *g)
{
    uint8_t packed[16], *halves = head + layout_halves_at(type) + row % 8 * 4 + row / 8 * 2;
    int words = layout_word_bytes(type);
    group_scales_pack(g, type, packed);
    memcpy(head + words * row, packed, (size_t)words);
    put16(halves, g->d[0]);
    if (quant_has_min(type))
        put16(halves + 32, g->m[0]);
    if (quant_scale_bytes(type) > words)
        memcpy(halves + 32, packed + words, 2);
}

static void packed_get(QuantType type, const uint8_t *head, int row, Group *g)
{
    uint8_t packed[16] = {0};
    const uint8_t *halves = head + layout_halves_at(type) + row % 8 * 4 + row / 8 * 2;
    int words = layout_word_bytes(type);
    memcpy(packed, head + words * row, (size_t)words);
    if (quant_scale_bytes(type) > words)
        memcpy(packed + words, halves + 32, 2);
    group_scales_unpack(g, type, packed);
    g->d[0] = get16(halves);
    if (quant_has_min(type))
        g->m[0] = get16(halves + 32);
}

/* Scales of a K-quant's group; head: of the group. */
static void k_head_put(QuantType type, uint8_t *head, int row, const Group *g)
{
    if (quant_scale_bytes(type)) {
        packed_put(type, head, row, g);
        return;
    }
    if (quant_scales(type) == SCALES_K16) {
        memcpy(head + 16 * row, g->scale, 16);
        put16(head + 256 + row % 8 * 4 + row / 8 * 2, g->d[0]);
        return;
    }
    head += 16 * row;
    put16(head, g->d[0]);
    put16(head + 2, g->m[0]);
    memset(head + 4, 0, 12);
    for (int s = 0; s < 8; s++) {
        head[4 + s] = (uint8_t)(g->scale[s] | g->min[s] >> 4 << 6);
        put_bits(head + 12, 4 * s, g->min[s] & 15);
    }
}

static void k_head_get(QuantType type, const uint8_t *head, int row, Group *g)
{
    if (quant_scale_bytes(type)) {
        packed_get(type, head, row, g);
        return;
    }
    if (quant_scales(type) == SCALES_K16) {
        memcpy(g->scale, head + 16 * row, 16);
        g->d[0] = get16(head + 256 + row % 8 * 4 + row / 8 * 2);
        return;
    }
    head += 16 * row;
    g->d[0] = get16(head);
    g->m[0] = get16(head + 2);
    for (int s = 0; s < 8; s++) {
        g->scale[s] = head[4 + s] & 63;
        g->min[s] = (uint8_t)(get_bits(head + 12, 4 * s, 4) | head[4 + s] >> 6 << 4);
    }
}

/* Where d of a block and its m are, for types with a scale per 32. */
static uint8_t *scale_of(QuantType type, uint8_t *head, int row, int block)
{
    int stride = quant_has_min(type) ? 16 : 8;
    return head + row % 8 * stride + (2 * block + row / 8) * 2;
}

static uint8_t *min_of(uint8_t *head, int row, int block)
{
    return head + row % 8 * 16 + 8 + (2 * (row / 8) + block) * 2;
}

/* One group of a row, in or out; first: its first step. */
static void group_move(QuantType type, uint8_t *tile, int row, int first, Group *g, int blocks,
                       bool out)
{
    if (quant_is_k(type)) {
        uint8_t *head = tile + layout_head_at(type, first);
        if (out)
            k_head_get(type, head, row, g);
        else
            k_head_put(type, head, row, g);
    }
    for (int b = 0; b < blocks; b++) {
        int step = first + b / 2, block = b % 2;
        block_codes(type, tile + layout_codes_at(type, step), row, block, g->q + b * BLOCK, out);
        if (quant_is_k(type))
            continue;
        uint8_t *head = tile + layout_head_at(type, step), *d = scale_of(type, head, row, block);
        if (quant_scales(type) == SCALES_E) {
            d = head + row % 8 * 4 + 2 * block + row / 8;
            if (out)
                g->d[b] = *d;
            else
                *d = (uint8_t)g->d[b];
            continue;
        }
        if (out)
            g->d[b] = get16(d);
        else
            put16(d, g->d[b]);
        if (!quant_has_min(type))
            continue;
        if (out)
            g->m[b] = get16(min_of(head, row, block));
        else
            put16(min_of(head, row, block), g->m[b]);
    }
}

/* Floats of a row, in or out. */
static void values_move(QuantType type, uint8_t *tile, int cols, int row, uint8_t *file, bool out)
{
    int size = quant_bits(type) / 8;
    for (int c = 0; c < cols; c++) {
        int k = c % 16, lane = row % 8 * 4 + k % 8 / 2, at = 2 * (k / 8) + row / 8;
        uint8_t *value = tile + (size_t)(c / 16) * (size_t)(TILE_ROWS * 16 * size) +
                         ((lane * 4 + at) * 2 + k % 2) * size;
        if (out)
            memcpy(file + (size_t)c * (size_t)size, value, (size_t)size);
        else
            memcpy(value, file + (size_t)c * (size_t)size, (size_t)size);
    }
}

static int blocks_from(int cols, int at)
{
    return (cols - at < GROUP ? cols - at : GROUP) / BLOCK;
}

void cuda_pack(QuantType type, int cols, const uint8_t *file, uint8_t *tile)
{
    size_t row_bytes = quant_row_bytes(type, cols);
    memset(tile, 0, layout_tile_bytes(type, cols));
    for (int row = 0; row < TILE_ROWS; row++) {
        const uint8_t *in = file + (size_t)row * row_bytes;
        if (quant_is_float(type)) {
            values_move(type, tile, cols, row, (uint8_t *)in, false);
            continue;
        }
        Group group;
        for (int c = 0; c < cols; c += GROUP) {
            int blocks = blocks_from(cols, c);
            group_from_file(&group, type, in + quant_row_bytes(type, c), blocks);
            group_move(type, tile, row, c / STEP, &group, blocks, false);
        }
    }
}

void cuda_unpack(QuantType type, int cols, const uint8_t *tile, int row, uint8_t *out)
{
    if (quant_is_float(type)) {
        values_move(type, (uint8_t *)tile, cols, row, out, true);
        return;
    }
    Group group;
    for (int c = 0; c < cols; c += GROUP) {
        int blocks = blocks_from(cols, c);
        group_move(type, (uint8_t *)tile, row, c / STEP, &group, blocks, true);
        group_to_file(&group, type, out + quant_row_bytes(type, c), blocks);
    }
}
