/* speedup.h - how much faster one way is than another, with bounds, and when nothing can be said of it.
 */
#ifndef S2D_KERNELS_COMMON_SPEEDUP_H
#define S2D_KERNELS_COMMON_SPEEDUP_H

typedef struct Speedup {
    double gain, low, high; /* low <= gain <= high; all 0 = not known */
} Speedup;

/* What was measured, and the most that what was done permits: a gain beyond that is an error of the
 * measurement. It is cut to what is permitted, and not known where it is much more, or where the bounds
 * lie so far apart that they tell nothing. */
Speedup speedup_within(double gain, double low, double high, double most);

#endif
