/* cost.h - what passes cost on this machine, and what drafted tokens are worth.
 *
 * Times are measured at load and kept current by a moving average; acceptance is counted, per exit
 * and confidence, from what the target really did. From both follow the tree worth drafting and
 * whether to draft at all (promise 2). Nothing here can change the text.
 */
#ifndef S2D_COST_H
#define S2D_COST_H

#include <stdbool.h>

#include "event.h"

enum { CURVE_POINTS = 7, CALIBRATION_BINS = 10 };

/* Milliseconds of a pass over n rows, known at n = 1, 2, 4 … 64 and straight between. */
typedef struct Curve {
    float ms[CURVE_POINTS]; /* 0 = not measured */
} Curve;

void curve_add(Curve *curve, int n, double ms);
/* 0 while nothing at all is known. */
double curve_at(const Curve *curve, int n);

/* Hits of conditional acceptance by stated probability. */
typedef struct Calibration {
    float tries[CALIBRATION_BINS], hits[CALIBRATION_BINS];
} Calibration;

void calibration_add(Calibration *c, float p, bool hit);
/* The observed acceptance around p; p itself while little is known. */
float calibration_at(const Calibration *c, float p);

typedef struct Cost {
    Curve verify;                      /* a target pass over n rows, head and acceptance included */
    Curve draft;                       /* one drafting step over n nodes */
    Calibration accept[EXITS_MAX + 1]; /* by index of the exit, last = proposed by no model */

    /* Speed of drafting rounds as they really went, decayed: tokens and milliseconds. */
    double spec_tokens, spec_ms;
    int spec_rounds; /* since the drafter was set */
    double plain_ms; /* mean of the plain rounds, decayed; 0 = none yet */
    int plain_rounds;
    int until_probe; /* rounds until the other way is tried again */
    int backoff;     /* length of the next stretch of plain rounds */
} Cost;

void cost_reset_draft(Cost *cost); /* another drafter or another pair of models */

typedef enum RoundMode { ROUND_PLAIN, ROUND_SPEC, ROUND_PROBE } RoundMode;

/* What the next round should be under `--spec auto`. */
RoundMode cost_next(Cost *cost);
/* What a round came to: rows verified (1 = plain), tokens committed, wall time. */
void cost_round(Cost *cost, RoundMode mode, int tokens, double ms);

/* Forecast of tokens per ms over plain decoding's for a round that expects `tokens` tokens from
 * `rows` rows after `draft_ms` of drafting; 0 = no forecast. */
double cost_gain(const Cost *cost, double tokens, int rows, double draft_ms);

#endif
