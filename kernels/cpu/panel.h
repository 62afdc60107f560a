/* panel.h - the layout that weights are repacked to: 16 rows side by side, values exactly the
 * file's.
 *
 * A panel is rows 16 p … 16 p + 15 of a matrix (missing rows are zero). It is a sequence of groups
 * of 256 inputs, the last one maybe shorter; each group is a head of scales and then one body per
 * block of 32 inputs. Types whose codes fill the bits that they are kept in take as many bytes as
 * in the file.
 *
 *   head, D and D_M:   per block 16 halves d [, 16 halves m]
 *   head, K32_MIN:     16 halves d, 16 halves m, 192 bytes of 6-bit scales and minima (below)
 *   head, K16:         16 halves d, 16 x 16 signed bytes [sub-block][row]
 *   head, E:           per block 16 bytes d
 *   head, other K:     16 halves d [, 16 halves m], the scales as group_scales_pack has them: vectors
 *                      of 16 words, word by word [, 16 halves]
 *   body, 8 bits:      8 vectors of 64 bytes, vector u = [row][4] codes of inputs 4u … 4u+3
 *   body, 2, 3 bits:   2 vectors; vector u's pairs of bits are in byte-wise field u / 2 of number
 *                      u % 2
 *           3 bits:    then 8 x 64 bits, bit i of number u = high bit of byte i of vector u
 *   body, 4 bits on:   4 vectors of 64 bytes; low nibbles are vector u, high nibbles vector u + 4
 *           5 bits:    then 8 x 64 bits, bit i of number u = high bit of byte i of vector u
 *           6 bits:    then 2 vectors; vector u's high pair of bits is in byte-wise field u / 2 of
 *                      number u % 2
 *
 * So a 64-byte load holds 4 inputs of 16 rows, which is what one vpdpbusd multiplies by 4 broadcast
 * activations: no shuffles, no horizontal sums.
 *
 * The 6-bit numbers form four vectors t = 0 … 3 of [row][scale 2t, min 2t, scale 2t+1, min 2t+1];
 * three are stored as they are and the fourth is cut into the pairs of bits left on top of them,
 * lowest first.
 *
 * Float matrices: [input][16 rows] of the file's own type.
 */
#ifndef S2D_KERNELS_CPU_PANEL_H
#define S2D_KERNELS_CPU_PANEL_H

#include "kernels/group.h"

enum { PANEL = 16 }; /* rows */

/* Bytes of a group's head, of one block's body, of a whole group. */
static inline size_t panel_head_bytes(QuantType type, int blocks)
{
    switch (quant_scales(type)) {
    case SCALES_K32_MIN:
        return 32 + 32 + 192;
    case SCALES_K16:
        return 32 + 256;
    case SCALES_K32_6:
    case SCALES_K32_4:
    case SCALES_K16_4:
    case SCALES_K16_6:
    case SCALES_K16_MIN:
        return (quant_has_min(type) ? 64 : 32) + PANEL * (size_t)quant_scale_bytes(type);
    case SCALES_E:
        return (size_t)blocks * PANEL;
    default:
        return (size_t)blocks * (quant_has_min(type) ? 64 : 32);
    }
}

static inline size_t panel_body_bytes(QuantType type)
{
    return (size_t)quant_bits(type) * PANEL * BLOCK / 8;
}

static inline size_t panel_group_bytes(QuantType type, int blocks)
{
    return panel_head_bytes(type, blocks) + (size_t)blocks * panel_body_bytes(type);
}

/* Bytes of a panel of `cols` inputs. */
size_t panel_size(QuantType type, int cols);

/* file: 16 rows of the file's blocks, one after another; out: panel_size of them. */
void panel_pack(QuantType type, int cols, const uint8_t *file, uint8_t *out);

/* The floats of one row, exactly quant_to_float's. row: 0 … 15, out: [cols] */
void panel_row(QuantType type, int cols, const uint8_t *panel, int row, float *out);

#endif
