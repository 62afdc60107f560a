/* quant.h - GGUF's block types: their sizes, and exact conversion to float.
 *
 * Layouts follow ggml's (github.com/ggml-org/ggml, docs/gguf.md and ggml-common.h): little-endian,
 * blocks of 32 or 256 values along a row, scales in IEEE half precision. The scalar code here is
 * the oracle that every repacked layout and vector kernel is compared with.
 */
#ifndef S2D_KERNELS_QUANT_H
#define S2D_KERNELS_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* QUANT_Q4_K and so on; the numbers are GGUF's. */
typedef enum QuantType {
#define QUANT_TYPE(name, number, ...) QUANT_##name = number,
#include "kernels/quant_types.def"
} QuantType;

/* How many types there are. */
enum {
#define QUANT_TYPE(name, ...) QUANT_ROW_##name,
#include "kernels/quant_types.def"
    QUANT_TYPES
};

/* A row of quant_types.def, which says more of each column. */
typedef struct QuantInfo {
    QuantType type;
    const char *name;  /* "Q4_K" */
    int block;         /* values per block */
    int bytes;         /* bytes per block */
    int d;             /* where the block's halves are */
    QuantType instead; /* in rows that are no whole number of blocks */
} QuantInfo;

extern const QuantInfo quant_types[QUANT_TYPES];

/* NULL when s2d does not read the type. */
const QuantInfo *quant_info(uint32_t type);

/* Looks a name up ("q4_k", any case); NULL when unknown. */
const QuantInfo *quant_by_name(const char *name);

/* The names of all types whose blocks are at most so long: "F32, F16, ...". */
void quant_names(int block_most, char *out, size_t bytes);

/* The type itself, or what takes its place in rows of `cols` values. */
QuantType quant_fitting(QuantType type, int cols);

/* Bytes of one row of `cols` values; cols must be a multiple of the block. */
size_t quant_row_bytes(QuantType type, int cols);

/* data: one row's blocks; out: [cols] floats, exactly the values that the blocks stand for. */
void quant_to_float(QuantType type, const void *data, float *out, int cols);

/* The nearest blocks by plain rounding (no importance weights): for synthetic models, for tests and
 * for requantised drafts. in: [cols]; out: quant_row_bytes(type, cols) bytes. */
void quant_from_float(QuantType type, const float *in, void *out, int cols);

/* The same with scales searched for the least squared error, for types with one scale per 32 and no
 * minimum: closer, and several times slower. Other types are rounded plainly. */
void quant_fit(QuantType type, const float *in, void *out, int cols);

/* True when every scale and every float in the row is finite. */
bool quant_row_finite(QuantType type, const void *data, int cols);

/* Here, and without branches, so that rows of halves are read several at a time. */
static inline float half_to_float(uint16_t half)
{
    uint32_t exponent = half & 0x7c00, rest = (uint32_t)(half & 0x7fff) << 13, small;
    float value = (float)(half & 0x3ff) * 0x1p-24f; /* zero and subnormals: a multiple of 2^-24 */
    memcpy(&small, &value, 4);
    uint32_t bits = exponent == 0x7c00 ? rest | 0x7f800000 : rest + (112u << 23);
    bits = exponent == 0 ? small : bits;
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&value, &bits, 4);
    return value;
}

uint16_t float_to_half(float value); /* round to nearest even */

#endif
