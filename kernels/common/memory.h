/* memory.h - the end for lack of memory, where nobody is left who could be told: in libraries that
 * cannot say so, or that do not survive it.
 *
 * Whoever can return an error does (err.h, EXIT_MEMORY). These are for libraries whose own way is
 * worse: jansson 2.14 corrupts its heap where an allocation fails while it reads, and readline ends
 * the process with the terminal as it is.
 */
#ifndef S2D_KERNELS_COMMON_MEMORY_H
#define S2D_KERNELS_COMMON_MEMORY_H

#include <stddef.h>

/* Says "out of memory" on stderr and exits with EXIT_MEMORY. */
_Noreturn void memory_out(void);

/* What memory_out calls first, such as giving the terminal back; NULL = nothing. */
void memory_before_end(void (*fn)(void));

/* malloc and realloc that never return NULL: they end in memory_out. Free with free. */
void *memory_take(size_t bytes);
void *memory_resize(void *old, size_t bytes);

#endif
