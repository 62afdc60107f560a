/* grids.h - which values go together in IQ2 and IQ3 types: those files name an entry of a grid for 8
 * or 4 magnitudes at once.
 */
#ifndef S2D_KERNELS_GRIDS_H
#define S2D_KERNELS_GRIDS_H

#include "kernels/quant.h"

/* A type's grid, ascending; NULL when it has none. An entry: the levels of 8 values, 2 bits each
 * (IQ2), or of 4, 3 bits each (IQ3), the first value's lowest. */
const uint16_t *grid_entries(QuantType type, int *count);

/* Where an entry is in the type's grid; the one before it when it is not there. */
int grid_find(QuantType type, uint16_t entry);

#endif
