/* paired.h - the ratio of two means of paired measurements, with its 95 % interval.
 *
 * own[i] and base[i] were measured in turn on the same thing, so that what is common to both (a
 * hard question, a machine that slowed down) cancels: the interval is that of the residuals own[i]
 * - ratio * base[i], by Student's t (the ratio estimator's linearisation). Pairs must be
 * independent of each other: repeats of one question are averaged first.
 */
#ifndef S2D_APP_BENCH_PAIRED_H
#define S2D_APP_BENCH_PAIRED_H

typedef struct Ratio {
    double value; /* mean of own by mean of base; 0 = no base */
    double half;  /* half of the interval's width; 0 = unknown: fewer than two pairs */
} Ratio;

Ratio paired_ratio(const double *own, const double *base, int n);

#endif
