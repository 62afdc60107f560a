/* gain.h - how much faster than plain decoding rounds were, and how surely that is known.
 *
 * Speed is that of the rounds; plain decoding's is the median of the last plain rounds here, which
 * were measured among them. Both are times of one machine, which others use as well: so the gain is
 * a figure with bounds, and where they lie far apart there is none.
 */
#ifndef S2D_ENGINE_COST_GAIN_H
#define S2D_ENGINE_COST_GAIN_H

#include "engine/cost/cost.h"

/* Rounds of one target. */
typedef struct RoundSums {
    int tokens; /* that they committed */
    int rounds;
    int drafted;                /* nodes */
    double draft_ms, verify_ms; /* of all of them */
    double all_ms;              /* the same with all other stages */
    double lost_ms;             /* of these: what the process was kept from running */
    double told_ms; /* of these: what was done between rounds, which plain ones have as well */
    double context; /* tokens of it, the mean */
} RoundSums;

typedef struct Gain {
    double plain_ms;  /* of a plain round at that context, when it is not kept waiting; 0 = none was
                        measured */
    int plain_rounds; /* that this rests on */
    /* Speed over plain's; all 0 = not known: nothing was drafted, too little was measured, or what
     * was contradicts itself. low <= gain <= high. */
    double gain, low, high;
} Gain;

/* A plain round of this target at a context, when it is not kept waiting: the median of those measured,
 * bounds for it, and a pass over one row, ms. told_ms: what is done between rounds besides. rounds: that
 * it rests on; 0 = none was measured, fewer than PLAIN_LEAST may be any. */
enum { PLAIN_LEAST = 2 };
typedef struct PlainTime {
    double ms, low, high, pass;
    int rounds;
} PlainTime;
PlainTime plain_time(const Cost *cost, double context, double told_ms);
/* The same when the process runs only in the share `ran` of the time, as in the rounds that it is held
 * against. told_ms: with the time in which it did not. */
PlainTime plain_time_kept(const Cost *cost, double context, double told_ms, double ran);

/* No gain exceeds tokens / rounds * T(1) / (draft + verify), T(1) being at most what passes over
 * more rows took: such a one would be an error of the measurement. */
Gain gain_of(const Cost *cost, const RoundSums *sums);

/* The share of the rounds' time in which the process ran, 0 … 1. */
double gain_ran(const RoundSums *sums);

#endif
