/* calibration.c - see calibration.h. */
#include "calibration.h"

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
    static const float MEMORY = 400; /* older observations fade */
    tally->tries[bin] += 1;
    tally->hits[bin] += hit;
    if (tally->tries[bin] > MEMORY) {
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
