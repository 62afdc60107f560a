/* unsafe.h - which characters can do something to a terminal, or to how the text around them reads,
 * rather than just stand there. */
#ifndef S2D_KERNELS_COMMON_UNSAFE_H
#define S2D_KERNELS_COMMON_UNSAFE_H

#include <stdbool.h>
#include <stdint.h>

/* Control characters (newline and tab among them), line separators, bidi marks, tags. Joiners and
 * variation selectors are not: text needs them. */
bool unsafe_char(uint32_t ch);

#endif
