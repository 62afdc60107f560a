/* rate.h - speeds with the bounds between which they may be believed, and whether two differ.
 *
 * Rounds in a row are not independent: a hard passage or a busy moment lasts for several of them.
 * So they are added up in parts of at least RATE_EACH rounds, and the interval is that of the
 * parts: of the ratio of tokens to time, linearised, by Student's t. There are at most RATE_PARTS;
 * when they are full, each two become one that is twice as long, and a long series gets long parts.
 */
#ifndef S2D_KERNELS_COMMON_RATE_H
#define S2D_KERNELS_COMMON_RATE_H

#include <stdbool.h>

enum {
    RATE_EACH = 4,
    RATE_PARTS = 32,
    RATE_KNOWN = 8, /* parts from which on an interval is believed */
};

typedef struct Rate {
    float tokens[RATE_PARTS + 1],
        ms[RATE_PARTS + 1]; /* of whole parts, then of the one under way */
    int parts;              /* whole ones */
    int doubled;            /* a part has RATE_EACH << doubled rounds */
    int under_way;          /* rounds of the part that is not whole yet */
    int rounds;
    double all_tokens, all_ms;
} Rate;

void rate_add(Rate *rate, double tokens, double ms);
double rate_per_s(const Rate *rate); /* tokens a second; 0 = no time yet */
/* Are there enough rounds for an interval? */
bool rate_known(const Rate *rate);
/* Half of the 95 % interval of rate_per_s; 0 = not known. */
double rate_half(const Rate *rate);

typedef enum RateVerdict { RATE_TOO_FEW, RATE_SAME, RATE_SLOWER, RATE_FASTER } RateVerdict;

/* Is `own` faster or slower than `base`? By the 95 % interval of the difference of the two speeds,
 * which were measured one after the other: RATE_SAME where it holds 0. */
RateVerdict rate_compare(const Rate *own, const Rate *base);

/* Two ways of doing the same, in turn. */
enum { DUEL_PAIRS = 64 };

/* Blocks of two settings that took turns, so that load of the machine and hard passages met both
 * alike; each pair of blocks began at the same place of one text. When DUEL_PAIRS are full, each
 * two become one. A burst of load that meets one block of a pair is an outlier which the interval
 * has to bear: that of 95 % held 1 in 94 of 100 simulated runs of a setting against itself, that of
 * 99 % in 98, so the verdict rests on this one. */
typedef struct Duel {
    float tokens[2][DUEL_PAIRS], ms[2][DUEL_PAIRS];
    int pairs;   /* whole ones */
    int doubled; /* a pair is of so many blocks of each side: 1 << doubled */
    int under_way;
    float part_tokens[2], part_ms[2];
} Duel;

typedef struct DuelResult {
    RateVerdict verdict; /* of the first against the second */
    double ratio;        /* of the first's speed to the second's; 0 = not known */
    double low, high;    /* its 99 % interval; 0 = not known */
} DuelResult;

/* Which side begins a pair, 0 or 1, by its number from 0 on: neither more often, and not in a rhythm,
 * so that a burst which meets the end of one pair and the beginning of the next favours nobody. */
int duel_first(int pair);
void duel_add(Duel *duel, const double tokens[2], const double ms[2]);
DuelResult duel_result(const Duel *duel);

#endif
