/* curve.h - milliseconds of a pass by its number of rows, as they were measured last. */
#ifndef S2D_ENGINE_COST_CURVE_H
#define S2D_ENGINE_COST_CURVE_H

enum { CURVE_POINTS = 7 };

/* Known at n = 1, 2, 4 … 64 and straight between. */
typedef struct Curve {
    float ms[CURVE_POINTS]; /* 0 = not measured */
} Curve;

/* A pass over n rows took `ms`: a moving average of the points around n follows. One that is far
 * slower than it should be counts as twice as slow, for it may have been stopped; where nothing is
 * known, the first one is believed. */
void curve_add(Curve *curve, int n, double ms);
/* 0 while nothing at all is known. */
double curve_at(const Curve *curve, int n);

#endif
