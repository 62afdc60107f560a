/* gain.c - see gain.h. */
#include "engine/cost/gain.h"

#include <math.h>

/* Times that differ by more are not of one and the same thing. */
static const double ODD = 1.25;
/* Passes that differ by less than this are as fast as they were. */
static const double STEADY = 1.1;
/* Bounds further apart tell nothing. */
static const double VAGUE = 2;

enum { PLAIN_LEAST = 2 }; /* rounds, for one may be any */

double gain_ran(const RoundSums *sums)
{
    return sums->all_ms > 0 ? fmin(fmax(1 - sums->lost_ms / sums->all_ms, 0), 1) : 1;
}

/* How much longer passes like the last one take now than when plain was measured. */
static double slower_since(const Cost *cost)
{
    double then = cost->rows > 0 ? curve_at(&cost->plain_curve, cost->rows) : 0;
    return then > 0 ? curve_at(&cost->verify, cost->rows) / then : 1;
}

/* The most that these passes permit. */
static double permitted(const Cost *cost, const RoundSums *sums, double ran)
{
    double more = cost->context_ms * sums->context, mean = ran * sums->verify_ms / sums->rounds;
    double one = fmin(curve_at(&cost->verify, 1) + more, mean);
    double ms = ran * (sums->draft_ms + sums->verify_ms);
    return ms > 0 ? sums->tokens * one / ms : 0;
}

Gain gain_of(const Cost *cost, const RoundSums *sums)
{
    Gain out = {0};
    double ran = gain_ran(sums), ms = ran * sums->all_ms;
    double median = recent_median(&cost->plain), more = cost->context_ms * sums->context;
    if (sums->rounds > 0)
        more += ran * sums->told_ms / sums->rounds;
    if (median <= 0)
        return out;
    out.plain_ms = median + more;
    out.plain_rounds = recent_kept(&cost->plain);
    if (sums->drafted == 0 || sums->rounds == 0 || ms <= 0 || out.plain_rounds < PLAIN_LEAST)
        return out;
    double speed = sums->tokens / ms, gain = speed * out.plain_ms;
    double low = speed * (recent_quantile(&cost->plain, 0.25) + more);
    double high = speed * (recent_quantile(&cost->plain, 0.75) + more);
    double slower = slower_since(cost);
    if (slower < 1 / STEADY)
        low *= slower;
    if (slower > STEADY)
        high *= slower;
    if (ran < 1 / STEADY) /* plain rounds might have been kept from less */
        low *= ran;
    double most = permitted(cost, sums, ran);
    if (gain > ODD * most)
        return out;
    low = fmin(low, most);
    high = fmin(high, most);
    gain = fmin(gain, most);
    if (high > VAGUE * low)
        return out;
    out.low = low;
    out.gain = fmin(fmax(gain, low), high);
    out.high = high;
    return out;
}
