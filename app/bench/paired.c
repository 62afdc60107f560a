/* paired.c - see paired.h. */
#include "app/bench/paired.h"

#include <math.h>

/* The 97.5 % point of Student's distribution. */
static double student(int degrees)
{
    static const double points[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                    2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                    2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                    2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    enum { POINTS = sizeof points / sizeof *points };
    return degrees <= POINTS ? points[degrees - 1] : 1.96 + 2.42 / degrees;
}

Ratio paired_ratio(const double *own, const double *base, int n)
{
    Ratio ratio = {0};
    double owns = 0, bases = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        owns += own[i];
        bases += base[i];
    }
    if (bases <= 0)
        return ratio;
    ratio.value = owns / bases;
    if (n < 2)
        return ratio;
    for (int i = 0; i < n; i++) {
        double residual = own[i] - ratio.value * base[i];
        squares += residual * residual;
    }
    ratio.half = student(n - 1) * sqrt(squares / (n - 1) / n) / (bases / n);
    return ratio;
}
