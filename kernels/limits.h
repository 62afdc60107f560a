/* limits.h - what this machine can do at most, measured: the yardstick of the benchmarks.
 *
 * With all threads of a backend and the instructions that its kernels use. A machine's speed moves
 * by the minute, so each call is one short measurement, to be taken in turn with what is compared
 * with it.
 */
#ifndef S2D_KERNELS_LIMITS_H
#define S2D_KERNELS_LIMITS_H

#include "kernels/kernels.h"

typedef enum Limit {
    LIMIT_READ, /* bytes per second out of memory, far more of them than a cache holds */
    LIMIT_DOT,  /* multiplications of int8 activations per second; CUDA: of halves, by mma */
    LIMIT_FMA,  /* multiplications of floats per second; CUDA: the same as LIMIT_DOT */
    LIMITS,
} Limit;

typedef struct Limits Limits;

/* Takes 256 MB. kernels: a table of kernels_open, which outlives this. */
int limits_open(Limits **limits, Kernels *kernels, Err *err);
void limits_close(Limits *limits);

/* Measures one limit for about 10 ms; > 0. */
double limits_measure(Limits *limits, Limit limit);

#endif
