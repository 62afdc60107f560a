/* read_tensors.h - any bytes as a checkpoint: what opens has tensors that can all be read, what does
 * not has a line that says why. For fuzzing. */
#ifndef S2D_TESTS_SUPPORT_READ_TENSORS_H
#define S2D_TESTS_SUPPORT_READ_TENSORS_H

#include <stddef.h>
#include <stdint.h>

void read_tensors(const uint8_t *data, size_t size);

#endif
