/* speedup.c - see speedup.h. */
#include "kernels/common/speedup.h"

#include <math.h>

/* Times that differ by more are not of one and the same thing. */
static const double ODD = 1.25;
/* Bounds further apart tell nothing. */
static const double VAGUE = 2;

Speedup speedup_within(double gain, double low, double high, double most)
{
    if (!(gain > 0) || gain > ODD * most)
        return (Speedup){0};
    low = fmin(low, most);
    high = fmin(high, most);
    if (!(low > 0) || high > VAGUE * low)
        return (Speedup){0};
    return (Speedup){fmin(fmax(fmin(gain, most), low), high), low, high};
}
