/* panel.c - repacks rows of file blocks into panels and reads single rows back, see panel.h.
 *
 * in: 16 rows as in the file -> out: one panel. Both directions go through group.h's neutral form,
 * so this file knows the panel's layout only.
 */
#include "kernels/cpu/panel.h"

#include <string.h>

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static void store32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static void store_half(uint8_t *p, int row, uint16_t half)
{
    memcpy(p + 2 * row, &half, 2);
}

static uint16_t load_half(const uint8_t *p, int row)
{
    uint16_t half;
    memcpy(&half, p + 2 * row, 2);
    return half;
}

/* Scales as the file packs them, words and a half. */
static void words_store(QuantType type, const Group *g, int row, uint8_t *at)
{
    uint8_t packed[16];
    int bytes = quant_scale_bytes(type);
    group_scales_pack(g, type, packed);
    for (int i = 0; i < bytes / 4; i++, at += 4 * PANEL)
        memcpy(at + 4 * row, packed + 4 * i, 4);
    if (bytes % 4)
        memcpy(at + 2 * row, packed + bytes / 4 * 4, 2);
}

static void words_load(QuantType type, Group *g, int row, const uint8_t *at)
{
    uint8_t packed[16];
    int bytes = quant_scale_bytes(type);
    for (int i = 0; i < bytes / 4; i++, at += 4 * PANEL)
        memcpy(packed + 4 * i, at + 4 * row, 4);
    if (bytes % 4)
        memcpy(packed + bytes / 4 * 4, at + 2 * row, 2);
    group_scales_unpack(g, type, packed);
}

/* Number t of the four vectors of 6-bit numbers, byte j of a row: scale or min of sub-block 2t +
 * j/2. */
static uint8_t *six_bit(Group *g, int t, int j)
{
    return (j & 1 ? g->min : g->scale) + 2 * t + j / 2;
}

static void head_store(QuantType type, Group *g, int row, int blocks, uint8_t *head)
{
    if (!quant_is_k(type)) {
        for (int b = 0; b < blocks; b++) {
            uint8_t *at = head + (size_t)b * panel_head_bytes(type, 1);
            if (quant_scales(type) == SCALES_E) {
                at[row] = (uint8_t)g->d[b];
                continue;
            }
            store_half(at, row, g->d[b]);
            if (quant_has_min(type))
                store_half(at + 32, row, g->m[b]);
        }
        return;
    }
    store_half(head, row, g->d[0]);
    if (quant_scales(type) == SCALES_K16) {
        for (int s = 0; s < 16; s++)
            head[32 + s * PANEL + row] = g->scale[s];
        return;
    }
    if (quant_has_min(type))
        store_half(head + 32, row, g->m[0]);
    if (quant_scale_bytes(type)) {
        words_store(type, g, row, head + (quant_has_min(type) ? 64 : 32));
        return;
    }
    for (int j = 0; j < 4; j++) {
        uint8_t last = *six_bit(g, 3, j);
        for (int t = 0; t < 3; t++)
            head[64 + 64 * t + 4 * row + j] =
                (uint8_t)(*six_bit(g, t, j) | (last >> 2 * t & 3) << 6);
    }
}

static void head_load(QuantType type, Group *g, int row, int blocks, const uint8_t *head)
{
    if (!quant_is_k(type)) {
        for (int b = 0; b < blocks; b++) {
            const uint8_t *at = head + (size_t)b * panel_head_bytes(type, 1);
            if (quant_scales(type) == SCALES_E) {
                g->d[b] = at[row];
                continue;
            }
            g->d[b] = load_half(at, row);
            if (quant_has_min(type))
                g->m[b] = load_half(at + 32, row);
        }
        return;
    }
    g->d[0] = load_half(head, row);
    if (quant_scales(type) == SCALES_K16) {
        for (int s = 0; s < 16; s++)
            g->scale[s] = head[32 + s * PANEL + row];
        return;
    }
    if (quant_has_min(type))
        g->m[0] = load_half(head + 32, row);
    if (quant_scale_bytes(type)) {
        words_load(type, g, row, head + (quant_has_min(type) ? 64 : 32));
        return;
    }
    for (int j = 0; j < 4; j++) {
        *six_bit(g, 3, j) = 0;
        for (int t = 0; t < 3; t++) {
            uint8_t v = head[64 + 64 * t + 4 * row + j];
            *six_bit(g, t, j) = v & 63;
            *six_bit(g, 3, j) |= (uint8_t)(v >> 6 << 2 * t);
        }
    }
}

/* Pairs of bits, from `bit` of the codes on, of four codes at a time. */
static void pairs_store(const uint8_t *q, int bit, int row, uint8_t *pairs)
{
    for (int w = 0; w < 2; w++) {
        uint32_t v = 0;
        for (int f = 0; f < 4; f++)
            v |= (load32(q + 4 * (2 * f + w)) >> bit & 0x03030303) << 2 * f;
        store32(pairs + 64 * w + 4 * row, v);
    }
}

static uint32_t pairs_load(const uint8_t *pairs, int u, int bit, int row)
{
    return (load32(pairs + 64 * (u % 2) + 4 * row) >> u / 2 * 2 & 0x03030303) << bit;
}

/* A plane of bits: four bits per row and vector, a nibble. */
static void plane_store(const uint8_t *q, int bit, int row, uint8_t *plane)
{
    for (int u = 0; u < 8; u++) {
        uint32_t v = load32(q + 4 * u) >> bit & 0x01010101;
        uint8_t nibble = (uint8_t)((v | v >> 7 | v >> 14 | v >> 21) & 15);
        uint8_t *p = plane + 8 * u + row / 2;
        *p = row & 1 ? (uint8_t)((*p & 15) | nibble << 4) : (uint8_t)((*p & 0xf0) | nibble);
    }
}

static uint32_t plane_load(const uint8_t *plane, int u, int bit, int row)
{
    uint32_t v = 0;
    for (int j = 0; j < 4; j++)
        v |= (uint32_t)(plane[8 * u + row / 2] >> ((row & 1) * 4 + j) & 1) << (8 * j + bit);
    return v;
}

/* Four codes at a time, as the bytes of a 32-bit number. */
static void body_store(QuantType type, const uint8_t *q, int row, uint8_t *body)
{
    int bits = quant_bits(type);
    uint8_t *at = body + 4 * row;
    if (bits == 8) {
        for (int u = 0; u < 8; u++)
            store32(at + 64 * u, load32(q + 4 * u));
        return;
    }
    if (bits < 4) {
        pairs_store(q, 0, row, body);
        if (bits == 3)
            plane_store(q, 2, row, body + 128);
        return;
    }
    for (int u = 0; u < 4; u++)
        store32(at + 64 * u,
                (load32(q + 4 * u) & 0x0f0f0f0f) | (load32(q + 16 + 4 * u) & 0x0f0f0f0f) << 4);
    if (bits == 5)
        plane_store(q, 4, row, body + 256);
    else if (bits == 6)
        pairs_store(q, 4, row, body + 256);
}

static void body_load(QuantType type, uint8_t *q, int row, const uint8_t *body)
{
    int bits = quant_bits(type);
    const uint8_t *at = body + 4 * row;
    for (int u = 0; u < 8; u++) {
        uint32_t v;
        if (bits == 8)
            v = load32(at + 64 * u);
        else if (bits < 4)
            v = pairs_load(body, u, 0, row) | (bits == 3 ? plane_load(body + 128, u, 2, row) : 0);
        else
            v = load32(at + 64 * (u % 4)) >> (u < 4 ? 0 : 4) & 0x0f0f0f0f;
        if (bits == 5)
            v |= plane_load(body + 256, u, 4, row);
        else if (bits == 6)
            v |= pairs_load(body + 256, u, 4, row);
        store32(q + 4 * u, v);
    }
}

static size_t value_bytes(QuantType type)
{
    return (size_t)quant_bits(type) / 8;
}

size_t panel_size(QuantType type, int cols)
{
    if (quant_is_float(type))
        return (size_t)cols * PANEL * value_bytes(type);
    int rest = cols % GROUP / BLOCK;
    return (size_t)(cols / GROUP) * panel_group_bytes(type, GROUP / BLOCK) +
           (rest ? panel_group_bytes(type, rest) : 0);
}

void panel_pack(QuantType type, int cols, const uint8_t *file, uint8_t *out)
{
    size_t row_bytes = quant_row_bytes(type, cols);
    if (quant_is_float(type)) {
        size_t size = value_bytes(type);
        for (int row = 0; row < PANEL; row++) {
            for (int i = 0; i < cols; i++)
                memcpy(out + ((size_t)i * PANEL + (size_t)row) * size,
                       file + (size_t)row * row_bytes + (size_t)i * size, size);
        }
        return;
    }
    size_t body = panel_body_bytes(type);
    for (int i = 0; i < cols; i += GROUP) {
        int blocks = (cols - i < GROUP ? cols - i : GROUP) / BLOCK;
        size_t head = panel_head_bytes(type, blocks);
        for (int row = 0; row < PANEL; row++) {
            Group group;
            group_from_file(&group, type, file + (size_t)row * row_bytes + quant_row_bytes(type, i),
                            blocks);
            head_store(type, &group, row, blocks, out);
            for (int b = 0; b < blocks; b++)
                body_store(type, group.q + b * BLOCK, row, out + head + (size_t)b * body);
        }
        out += panel_group_bytes(type, blocks);
    }
}

void panel_row(QuantType type, int cols, const uint8_t *panel, int row, float *out)
{
    if (quant_is_float(type)) {
        size_t size = value_bytes(type);
        for (int i = 0; i < cols; i++)
            quant_to_float(type, panel + ((size_t)i * PANEL + (size_t)row) * size, out + i, 1);
        return;
    }
    size_t body = panel_body_bytes(type);
    for (int i = 0; i < cols; i += GROUP) {
        int blocks = (cols - i < GROUP ? cols - i : GROUP) / BLOCK;
        size_t head = panel_head_bytes(type, blocks);
        Group group;
        head_load(type, &group, row, blocks, panel);
        for (int b = 0; b < blocks; b++)
            body_load(type, group.q + b * BLOCK, row, panel + head + (size_t)b * body);
        group_to_float(&group, type, out + i, blocks);
        panel += panel_group_bytes(type, blocks);
    }
}
