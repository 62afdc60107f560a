/* wheels.h - two Python wheels, part1 and part2, each with a piece of a model: partN/part0N.bin,
 * PIECE_BYTES times the digit N. */
#ifndef S2D_TESTS_SUPPORT_WHEELS_H
#define S2D_TESTS_SUPPORT_WHEELS_H

#include <stdbool.h>

enum { PIECE_BYTES = 5000 };

/* partN-1.0-py3-none-any.whl into the folder; false = python3 is not here. */
bool wheels_make(const char *folder);

#endif
