/* student.c - see student.h. */
#include "kernels/common/student.h"

enum { POINTS = 30 };

double student_95(int degrees)
{
    static const double points[POINTS] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                          2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                          2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                          2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    return degrees <= POINTS ? points[degrees - 1] : 1.96 + 2.42 / degrees;
}

double student_99(int degrees)
{
    static const double points[POINTS] = {63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355,
                                          3.250,  3.169, 3.106, 3.055, 3.012, 2.977, 2.947, 2.921,
                                          2.898,  2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797,
                                          2.787,  2.779, 2.771, 2.763, 2.756, 2.750};
    return degrees <= POINTS ? points[degrees - 1] : 2.576 + 5.2 / degrees;
}
