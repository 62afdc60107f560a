/* paired.c - see paired.h. */
#include "app/bench/paired.h"

#include <math.h>

#include "kernels/common/student.h"

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
    ratio.half = student_95(n - 1) * sqrt(squares / (n - 1) / n) / (bases / n);
    return ratio;
}
