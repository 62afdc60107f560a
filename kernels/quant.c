/* quant.c - GGUF's types: the table, half precision, what is finite. See quant.h. */
#include "kernels/quant.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kernels/group.h"

const QuantInfo quant_types[QUANT_TYPES] = {
#define QUANT_TYPE(name, number, block, bytes, d, scales, levels, codes, instead) \
    {QUANT_##name, #name, block, bytes, d, QUANT_##instead},
#include "kernels/quant_types.def"
};

const QuantInfo *quant_info(uint32_t type)
{
    for (int i = 0; i < QUANT_TYPES; i++) {
        if ((uint32_t)quant_types[i].type == type)
            return &quant_types[i];
    }
    return NULL;
}

const QuantInfo *quant_by_name(const char *name)
{
    for (int i = 0; i < QUANT_TYPES; i++) {
        if (!strcasecmp(quant_types[i].name, name))
            return &quant_types[i];
    }
    return NULL;
}

void quant_names(int block_most, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < QUANT_TYPES && used < bytes; i++) {
        if (quant_types[i].block <= block_most)
            used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? ", " : "",
                                     quant_types[i].name);
    }
}

QuantType quant_fitting(QuantType type, int cols)
{
    const QuantInfo *info = quant_info(type);
    return cols % info->block == 0 ? type : quant_fitting(info->instead, cols);
}

size_t quant_row_bytes(QuantType type, int cols)
{
    const QuantInfo *info = quant_info(type);
    return (size_t)(cols / info->block) * (size_t)info->bytes;
}

static float bits_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return bits;
}

uint16_t float_to_half(float value)
{
    uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000, abs = bits & 0x7fffffff;
    if (abs > 0x7f800000) /* NaN stays one, quiet */
        return (uint16_t)(sign | 0x7e00 | (abs >> 13 & 0x3ff));
    if (abs >= 0x477ff000) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (abs < 0x38800000) /* below 2^-14: the sum with 0.5 rounds at 2^-24 for us */
        return (uint16_t)(sign | (float_bits(bits_float(abs) + 0.5f) - 0x3f000000));
    return (uint16_t)(sign | (abs - 0x38000000 + 0xfff + (abs >> 13 & 1)) >> 13);
}

static bool halves_finite(const uint8_t *p, int n)
{
    for (int i = 0; i < n; i++) {
        if ((p[2 * i + 1] & 0x7c) == 0x7c)
            return false;
    }
    return true;
}

bool quant_row_finite(QuantType type, const void *data, int cols)
{
    const uint8_t *p = data;
    if (type == QUANT_F16)
        return halves_finite(p, cols);
    if (quant_is_float(type)) { /* exponent in the two highest bytes, all ones = not finite */
        int size = type == QUANT_F32 ? 4 : 2;
        for (int i = 0; i < cols; i++) {
            const uint8_t *v = p + (size_t)size * (size_t)i + size - 2;
            if ((v[1] & 0x7f) == 0x7f && v[0] & 0x80)
                return false;
        }
        return true;
    }
    const QuantInfo *info = quant_info(type);
    int halves = quant_has_min(type) ? 2 : 1;
    if (quant_scales(type) == SCALES_E) { /* 12 times 2^125 is no float; 255 means NaN */
        for (int b = 0; b < cols / info->block; b++) {
            if (p[b * info->bytes + info->d] > 252)
                return false;
        }
        return true;
    }
    for (int b = 0; b < cols / info->block; b++, p += info->bytes) {
        if (!halves_finite(p + info->d, halves))
            return false;
    }
    return true;
}
