/* cost.c - see cost.h. */
#include "cost.h"

#include <math.h>

static int point_n(int i)
{
    return 1 << i;
}

/* What disturbs a machine only ever makes a pass slower, so good news counts for more than bad
 * news. */
static double weight(double now, double ms)
{
    return ms < now ? 0.3 : 0.1;
}

void curve_add(Curve *curve, int n, double ms)
{
    for (int i = 0; i < CURVE_POINTS; i++) {
        if (point_n(i) != n)
            continue;
        float now = curve->ms[i];
        curve->ms[i] = (float)(now == 0 ? ms : now + weight(now, ms) * (ms - now));
        return;
    }
    /* Between two points it moves both, the nearer one more. */
    for (int i = 0; i + 1 < CURVE_POINTS; i++) {
        if (n < point_n(i) || n > point_n(i + 1) || curve->ms[i] == 0)
            continue;
        double share = (double)(n - point_n(i)) / (point_n(i + 1) - point_n(i));
        if (curve->ms[i + 1] == 0) { /* the line through what is known and what was measured */
            curve->ms[i + 1] = (float)fmax(curve->ms[i] + (ms - curve->ms[i]) / share, ms);
            return;
        }
        double now = curve_at(curve, n), step = weight(now, ms) * (ms - now);
        curve->ms[i] += (float)(step * (1.0 - share));
        curve->ms[i + 1] += (float)(step * share);
        return;
    }
}

double curve_at(const Curve *curve, int n)
{
    int below = -1, above = -1;
    for (int i = 0; i < CURVE_POINTS; i++) {
        if (curve->ms[i] == 0)
            continue;
        if (point_n(i) <= n)
            below = i;
        if (point_n(i) >= n && above < 0)
            above = i;
    }
    if (below < 0 && above < 0)
        return 0;
    if (below < 0)
        return curve->ms[above];
    if (above == below)
        return curve->ms[below];
    if (above < 0) { /* beyond what was measured: go on as between the last two points */
        int before = below - 1;
        while (before >= 0 && curve->ms[before] == 0)
            before--;
        if (before < 0)
            return curve->ms[below] * (1.0 + 0.1 * (n - point_n(below)) / point_n(below));
        double slope = (curve->ms[below] - curve->ms[before]) / (point_n(below) - point_n(before));
        return curve->ms[below] + fmax(slope, 0) * (n - point_n(below));
    }
    double share = (double)(n - point_n(below)) / (point_n(above) - point_n(below));
    return curve->ms[below] + share * (curve->ms[above] - curve->ms[below]);
}

static int bin_of(float p)
{
    int bin = (int)(p * CALIBRATION_BINS);
    return bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
}

void calibration_add(Calibration *c, float p, bool hit)
{
    static const float MEMORY = 400; /* older observations fade */
    int bin = bin_of(p);
    c->tries[bin] += 1;
    c->hits[bin] += hit;
    if (c->tries[bin] > MEMORY) {
        c->tries[bin] *= 0.5f;
        c->hits[bin] *= 0.5f;
    }
}

float calibration_at(const Calibration *c, float p)
{
    static const float PRIOR = 8; /* the stated probability counts as this many observations */
    int bin = bin_of(p);
    return (c->hits[bin] + PRIOR * p) / (c->tries[bin] + PRIOR);
}

enum {
    FIRST_PLAIN = 2,  /* plain rounds at the start of everything: what drafting is compared with */
    TRIAL = 6,        /* drafting rounds before they are judged */
    PROBE_EVERY = 96, /* drafting rounds between two plain ones */
    BACKOFF_FIRST = 32, /* plain rounds before drafting is tried again, doubling up to … */
    BACKOFF_LAST = 512,
    RETRY = 3, /* drafting rounds of such a trial */
};

void cost_reset_draft(Cost *cost)
{
    Curve verify = cost->verify;
    double plain_ms = cost->plain_ms;
    int plain_rounds = cost->plain_rounds;
    *cost = (Cost){.verify = verify, .plain_ms = plain_ms, .plain_rounds = plain_rounds};
}

static double plain_speed(const Cost *cost)
{
    double ms = cost->plain_ms > 0 ? cost->plain_ms : curve_at(&cost->verify, 1);
    return ms > 0 ? 1.0 / ms : 0;
}

RoundMode cost_next(Cost *cost)
{
    if (cost->plain_rounds < FIRST_PLAIN)
        return ROUND_PROBE;
    if (cost->until_probe > 0) {
        cost->until_probe--;
        return cost->backoff > 0 ? ROUND_PLAIN : ROUND_SPEC;
    }
    if (cost->backoff > 0) { /* a stretch of plain rounds is over: a short trial of drafting */
        if (cost->spec_rounds >= TRIAL) {
            cost->spec_rounds = TRIAL - RETRY;
            cost->spec_tokens = cost->spec_ms = 0;
        }
        return ROUND_SPEC;
    }
    if (cost->spec_rounds < TRIAL)
        return ROUND_SPEC;
    cost->until_probe = PROBE_EVERY;
    return ROUND_PROBE;
}

/* Could drafting pay at all, at the measured costs, if nine of ten guesses were right? A draft as
 * slow as its target could not, and needs no long trial. */
static bool can_pay(const Cost *cost)
{
    static const double HIT = 0.9;
    enum { DEEPEST = 8 };
    double step = curve_at(&cost->draft, 1), tokens = 1, chain = 1;
    for (int depth = 1; depth <= DEEPEST && step > 0; depth++) {
        tokens += chain *= HIT;
        double verify = curve_at(&cost->verify, depth + 1);
        if (verify <= 0 || tokens > (depth * step + verify) * plain_speed(cost))
            return true;
    }
    return step <= 0;
}

void cost_round(Cost *cost, RoundMode mode, int tokens, double ms)
{
    static const double DECAY = 0.95;
    if (mode != ROUND_SPEC) {
        cost->plain_ms = cost->plain_ms == 0 ? ms : 0.8 * cost->plain_ms + 0.2 * ms;
        cost->plain_rounds++;
        return;
    }
    cost->spec_tokens = DECAY * cost->spec_tokens + tokens;
    cost->spec_ms = DECAY * cost->spec_ms + ms;
    cost->spec_rounds++;
    bool hopeless = !can_pay(cost);
    if (cost->spec_rounds < TRIAL && !hopeless)
        return;
    if (!hopeless && cost->spec_tokens >= cost->spec_ms * plain_speed(cost)) {
        cost->backoff = 0;
        return;
    }
    if (cost->backoff < BACKOFF_LAST)
        cost->backoff = cost->backoff == 0 ? BACKOFF_FIRST : 2 * cost->backoff;
    cost->until_probe = cost->backoff;
}

double cost_gain(const Cost *cost, double tokens, int rows, double draft_ms)
{
    double verify = curve_at(&cost->verify, rows);
    double plain = plain_speed(cost);
    if (verify <= 0 || plain <= 0)
        return 0;
    return tokens / (draft_ms + verify) / plain;
}
