/* clock.h - the clock that every duration here is measured by, and the one that says how much of it a
 * thread had. */
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

/* Milliseconds that this thread has run: not those in which it waited, was stopped, or others had its
 * processor. The clock of the whole process would not do: of threads on other processors it knows
 * only up to their last tick, 1 to 10 ms ago. */
static inline double clock_ran_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

#endif
