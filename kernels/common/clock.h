/* clock.h - the one clock that every duration here is measured by. */
#ifndef S2D_KERNELS_COMMON_CLOCK_H
#define S2D_KERNELS_COMMON_CLOCK_H

#include <time.h>

/* Milliseconds since some fixed moment; never goes back. */
static inline double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

#endif
