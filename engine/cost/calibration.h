/* calibration.h - how often the target took what an exit proposed, by what the exit had said of it.
 *
 * An exit's probability is no promise: an untrained one is far too sure, and deep in a tree, where
 * the text it continues is its own, it errs more than near the root. So acceptance is counted, by
 * stated probability and depth. All counts are of nodes whose parent was accepted.
 */
#ifndef S2D_ENGINE_COST_CALIBRATION_H
#define S2D_ENGINE_COST_CALIBRATION_H

#include <stdbool.h>

enum {
    CALIBRATION_BINS = 10,    /* of stated probability */
    CALIBRATION_DEPTHS = 4,   /* depth 1, 2, 3 … 4, deeper */
    CALIBRATION_MEMORY = 400, /* observations of a bin; with more the older ones fade */
};

typedef struct Tally {
    float tries[CALIBRATION_BINS], hits[CALIBRATION_BINS];
} Tally;

typedef struct Calibration {
    Tally all, at[CALIBRATION_DEPTHS];
} Calibration;

/* depth: 1 = a child of the root. */
void calibration_add(Calibration *c, int depth, float p, bool hit);
/* The observed acceptance around p at this depth; where little is known of the depth that of all
 * depths, and p itself where little is known at all. */
float calibration_at(const Calibration *c, int depth, float p);

/* Begins with what was counted before. A bin keeps its rate, but counts as few observations: enough
 * that the first trees are shaped by it, and so few that an answer or two outweigh it. */
void calibration_start(Calibration *c, const Calibration *counted);

#endif
