/* memory.c - see memory.h. */
#include "kernels/common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/common/err.h"

/* A library's allocator is given no pointer of ours. */
static void (*before_end)(void);

void memory_before_end(void (*fn)(void))
{
    before_end = fn;
}

void memory_out(void)
{
    static const char line[] = "s2d: out of memory\n";
    if (before_end)
        before_end();
    ssize_t ignored = write(STDERR_FILENO, line, strlen(line));
    (void)ignored;
    exit(EXIT_MEMORY);
}

void *memory_take(size_t bytes)
{
    void *taken = malloc(bytes > 0 ? bytes : 1);
    if (taken == NULL)
        memory_out();
    return taken;
}

void *memory_resize(void *old, size_t bytes)
{
    void *taken = realloc(old, bytes > 0 ? bytes : 1);
    if (taken == NULL)
        memory_out();
    return taken;
}
