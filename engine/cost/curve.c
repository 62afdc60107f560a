/* curve.c - see curve.h. */
#include "engine/cost/curve.h"

#include <math.h>

static int point_n(int i)
{
    return 1 << i;
}

/* What disturbs a machine only ever makes a pass slower, so good news counts for more than bad
 * news, and news of half the time for most. */
static double weight(double now, double ms)
{
    return ms < 0.5 * now ? 0.5 : ms < now ? 0.3 : 0.1;
}

/* What is believed of a time: at most twice what is known, where that is of fewer rows at most
 * twice what they would take one after the other. */
static double believed(const Curve *curve, int n, double ms)
{
    double now = curve_at(curve, n);
    int above = CURVE_POINTS - 1, below = CURVE_POINTS - 1;
    while (above > 0 && curve->ms[above] == 0)
        above--;
    while (below > 0 && (curve->ms[below] == 0 || point_n(below) > n))
        below--;
    if (point_n(above) < n) /* beyond all that is known */
        now = (double)curve->ms[below] * n / point_n(below);
    return now > 0 ? fmin(ms, 2 * now) : ms;
}

void curve_add(Curve *curve, int n, double ms)
{
    ms = believed(curve, n, ms);
    for (int i = 0; i < CURVE_POINTS; i++) {
        if (point_n(i) != n)
            continue;
        float now = curve->ms[i];
        curve->ms[i] = (float)(now == 0 ? ms : now + weight(now, ms) * (ms - now));
        return;
    }
    /* Between two points it moves both, the nearer one more; in proportion, so that neither gets
     * below 0 where both were much too slow. */
    for (int i = 0; i + 1 < CURVE_POINTS; i++) {
        if (n < point_n(i) || n > point_n(i + 1) || curve->ms[i] == 0)
            continue;
        double share = (double)(n - point_n(i)) / (point_n(i + 1) - point_n(i));
        if (curve->ms[i + 1] == 0) { /* the line through what is known and what was measured */
            curve->ms[i + 1] = (float)fmax(curve->ms[i] + (ms - curve->ms[i]) / share, ms);
            return;
        }
        double now = curve_at(curve, n), step = weight(now, ms) * (ms / now - 1);
        curve->ms[i] *= (float)(1 + step * (1.0 - share));
        curve->ms[i + 1] *= (float)(1 + step * share);
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
