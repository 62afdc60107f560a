/* calibration.c - see calibration.h. */
#include "engine/cost/calibration.h"

static int bin_of(float p)
{
    int bin = (int)(p * CALIBRATION_BINS);
    return bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
}

static int group_of(int depth)
{
    return depth <= 2 ? depth - 1 : depth <= 4 ? 2 : 3;
}

static void count(Tally *tally, int bin, bool hit)
{
    tally->tries[bin] += 1;
    tally->hits[bin] += hit;
    if (tally->tries[bin] > CALIBRATION_MEMORY) {
        tally->tries[bin] *= 0.5f;
        tally->hits[bin] *= 0.5f;
    }
}

void calibration_add(Calibration *c, int depth, float p, bool hit)
{
    count(&c->all, bin_of(p), hit);
    count(&c->at[group_of(depth)], bin_of(p), hit);
}

float calibration_at(const Calibration *c, int depth, float p)
{
    static const float PRIOR = 8; /* what is assumed counts as this many observations */
    int bin = bin_of(p);
    const Tally *at = &c->at[group_of(depth)];
    float all = (c->all.hits[bin] + PRIOR * p) / (c->all.tries[bin] + PRIOR);
    return (at->hits[bin] + PRIOR * all) / (at->tries[bin] + PRIOR);
}

/* A rate from 24 tries is right within a tenth, which is what a tree's shape asks for, and three
 * times what is assumed of a bin that nothing is known of. A session's own text may be another than
 * the one that was counted on: it brings a bin that matters 24 tries in some twenty rounds. */
static void start(Tally *tally, const Tally *counted)
{
    static const float MOST = 24;
    for (int bin = 0; bin < CALIBRATION_BINS; bin++) {
        float tries = counted->tries[bin], share = tries > MOST ? MOST / tries : 1;
        tally->tries[bin] = share * tries;
        tally->hits[bin] = share * counted->hits[bin];
    }
}

void calibration_start(Calibration *c, const Calibration *counted)
{
    start(&c->all, &counted->all);
    for (int depth = 0; depth < CALIBRATION_DEPTHS; depth++)
        start(&c->at[depth], &counted->at[depth]);
}
