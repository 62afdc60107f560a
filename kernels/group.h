/* group.h - the neutral form of up to 256 quantised inputs of one row: codes and raw scales.
 *
 * GGUF's eight block types differ only in how they pack the same few things. A Group is them
 * unpacked: file blocks and panels (panel.h) are both read into it and written from it, so each
 * type's packing is written once and its arithmetic once. A value is d[b] * (q - offset) + m[b]
 * types with a scale per 32, b = i / 32 d[0] * scale[s] * q - m[0] * min[s]             Q4_K, Q5_K,
 * s = i / 32 d[0] * scale[s] * (q - 32)                      Q6_K, s = i / 16, scale signed Every
 * product here fits a float exactly, so a value is rounded once at most and is unique.
 */
#ifndef S2D_GROUP_H
#define S2D_GROUP_H

#include "quant.h"

enum { GROUP = 256, BLOCK = 32 };

typedef struct Group {
    uint8_t q[GROUP];    /* codes, unsigned */
    uint16_t d[8], m[8]; /* halves as in the file */
    uint8_t scale[16];   /* K-quants; Q6_K's are signed bytes */
    uint8_t min[8];      /* Q4_K, Q5_K */
} Group;

bool quant_is_float(QuantType type);
bool quant_is_k(QuantType type); /* blocks of 256 */
bool quant_has_min(QuantType type);
int quant_bits(QuantType type);   /* of a code */
int quant_offset(QuantType type); /* subtracted from a code, 0 for types with a minimum */

/* blocks: how many times 32 inputs, 1 … 8 (K-quants: 8). data: consecutive blocks of the file. */
void group_from_file(Group *group, QuantType type, const uint8_t *data, int blocks);
void group_to_file(const Group *group, QuantType type, uint8_t *data, int blocks);

/* out: [blocks * 32] */
void group_to_float(const Group *group, QuantType type, float *out, int blocks);
/* in: [blocks * 32], finite. Plain rounding. */
void group_from_float(Group *group, QuantType type, const float *in, int blocks);

#endif
