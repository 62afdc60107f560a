/* gain.c - see gain.h. */
#include "engine/cost/gain.h"

#include <math.h>

#include "kernels/common/speedup.h"

/* Passes that differ by less than this are as fast as they were. */
static const double STEADY = 1.1;

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

PlainTime plain_time(const Cost *cost, double context, double told_ms)
{
    double median = recent_median(&cost->plain), far = cost->context_ms * context;
    PlainTime out = {.pass = curve_at(&cost->verify, 1) + far};
    if (median <= 0)
        return out;
    double slower = slower_since(cost), more = far + told_ms;
    out.rounds = recent_kept(&cost->plain);
    out.ms = median + more;
    out.low = recent_quantile(&cost->plain, 0.25) + more;
    out.high = recent_quantile(&cost->plain, 0.75) + more;
    if (slower < 1 / STEADY)
        out.low *= slower;
    if (slower > STEADY)
        out.high *= slower;
    return out;
}

/* The most that these passes permit. */
static double permitted(const PlainTime *plain, const RoundSums *sums, double ran)
{
    double one = fmin(plain->pass, ran * sums->verify_ms / sums->rounds);
    double ms = ran * (sums->draft_ms + sums->verify_ms);
    return ms > 0 ? sums->tokens * one / ms : 0;
}

Gain gain_of(const Cost *cost, const RoundSums *sums)
{
    double ran = gain_ran(sums), ms = ran * sums->all_ms;
    double told = sums->rounds > 0 ? ran * sums->told_ms / sums->rounds : 0;
    PlainTime plain = plain_time(cost, sums->context, told);
    Gain out = {.plain_ms = plain.ms, .plain_rounds = plain.rounds};
    if (sums->drafted == 0 || sums->rounds == 0 || ms <= 0 || plain.rounds < PLAIN_LEAST)
        return out;
    double speed = sums->tokens / ms;
    double low = ran < 1 / STEADY ? ran * plain.low : plain.low; /* plain ones: kept from less? */
    Speedup known = speedup_within(speed * plain.ms, speed * low, speed * plain.high,
                                   permitted(&plain, sums, ran));
    out.gain = known.gain;
    out.low = known.low;
    out.high = known.high;
    return out;
}

PlainTime plain_time_kept(const Cost *cost, double context, double told_ms, double ran)
{
    PlainTime out = plain_time(cost, context, ran * told_ms);
    if (ran < 1 / STEADY)
        out.low *= ran;
    double times = ran > 0 ? 1 / ran : 0;
    out.ms *= times;
    out.low *= times;
    out.high *= times;
    out.pass *= times;
    return out;
}
