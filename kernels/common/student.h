/* student.h - how wide an interval has to be that was estimated from few measurements. */
#ifndef S2D_KERNELS_COMMON_STUDENT_H
#define S2D_KERNELS_COMMON_STUDENT_H

/* What a standard error is multiplied by for half of a 95 %, or of a 99 % interval: points of
 * Student's distribution, degrees >= 1. */
double student_95(int degrees);
double student_99(int degrees);

#endif
