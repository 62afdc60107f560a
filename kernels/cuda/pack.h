/* pack.h - weights from the file's order to that of a device's tiles (layout.h), and back.
 */
#ifndef S2D_KERNELS_CUDA_PACK_H
#define S2D_KERNELS_CUDA_PACK_H

#include "kernels/cuda/layout.h"

/* file: 16 rows of the file's blocks, one after another; tile: layout_tile_bytes(type, cols) */
void cuda_pack(QuantType type, int cols, const uint8_t *file, uint8_t *tile);

/* row: 0 … 15; out: quant_row_bytes(type, cols), exactly what was packed. */
void cuda_unpack(QuantType type, int cols, const uint8_t *tile, int row, uint8_t *out);

#endif
