/* quant_row.c - rows of floats from and to GGUF's types: see quant.h.
 *
 * Rows of floats are converted value by value; rows of blocks go through the neutral form of
 * group.h, up to 256 inputs at a time.
 */
#include <string.h>

#include "kernels/group.h"

static uint16_t float_to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float bf16_to_float(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

/* Calls of `step` inputs: 256, or what is left of a row whose blocks are 32 long. */
static int group_blocks(int cols, int i)
{
    return (cols - i < GROUP ? cols - i : GROUP) / BLOCK;
}

void quant_to_float(QuantType type, const void *data, float *out, int cols)
{
    const uint8_t *bytes = data;
    if (type == QUANT_F32) {
        memcpy(out, data, (size_t)cols * 4);
        return;
    }
    if (quant_is_float(type)) {
        for (int i = 0; i < cols; i++) {
            uint16_t v;
            memcpy(&v, bytes + 2 * i, 2);
            out[i] = type == QUANT_F16 ? half_to_float(v) : bf16_to_float(v);
        }
        return;
    }
    Group group;
    for (int i = 0; i < cols; i += GROUP) {
        int blocks = group_blocks(cols, i);
        group_from_file(&group, type, bytes + quant_row_bytes(type, i), blocks);
        group_to_float(&group, type, out + i, blocks);
    }
}

void quant_from_float(QuantType type, const float *in, void *out, int cols)
{
    uint8_t *bytes = out;
    if (type == QUANT_F32) {
        memcpy(out, in, (size_t)cols * 4);
        return;
    }
    if (quant_is_float(type)) {
        for (int i = 0; i < cols; i++) {
            uint16_t v = type == QUANT_F16 ? float_to_half(in[i]) : float_to_bf16(in[i]);
            memcpy(bytes + 2 * i, &v, 2);
        }
        return;
    }
    Group group;
    for (int i = 0; i < cols; i += GROUP) {
        int blocks = group_blocks(cols, i);
        group_from_float(&group, type, in + i, blocks);
        group_to_file(&group, type, bytes + quant_row_bytes(type, i), blocks);
    }
}

void quant_fit(QuantType type, const float *in, void *out, int cols)
{
    if (quant_is_float(type)) {
        quant_from_float(type, in, out, cols);
        return;
    }
    uint8_t *bytes = out;
    Group group;
    for (int i = 0; i < cols; i += GROUP) {
        int blocks = group_blocks(cols, i);
        group_fit(&group, type, in + i, blocks);
        group_to_file(&group, type, bytes + quant_row_bytes(type, i), blocks);
    }
}
