/* train_cases.h - what the arithmetic of training must do on every backend: products against sums
 * in double, gradients by finite differences, the loss, the optimiser. Trouble fails the test. */
#ifndef S2D_TESTS_SUPPORT_TRAIN_CASES_H
#define S2D_TESTS_SUPPORT_TRAIN_CASES_H

#include "kernels/train/train_ops.h"

enum { TRAIN_CASES_ALL = 100000 }; /* floats that all operations give, at most */

/* The shape that the cases are of. */
TrainShape train_cases_shape(bool neox);

/* Of that shape, on a backend that is closed with it. */
TrainOps *train_cases_open(Kernels *kernels, TrainProducts products, bool neox);
/* Closes the backend as well. */
void train_cases_close(TrainOps *ops);

/* out [m, n] of factors straight and turned, floats and bf16, set and added to; each element may be
 * off by so much of the sum of its terms' sizes. */
void train_check_products(TrainOps *ops, int m, int n, int k, double tolerance);

/* Of every operation that has one, along random directions; products must be of floats. */
void train_check_gradients(TrainOps *ops);
void train_check_loss(TrainOps *ops);
void train_check_smooth_l1(TrainOps *ops);
void train_check_adamw(TrainOps *ops);
/* Attention over one and over more steps; products must be of floats. */
void train_check_unrolled(TrainOps *ops);
/* Of every shift, of the longest sequence. */
void train_check_rope(TrainOps *ops, bool neox);

/* Every operation with a gradient, both ways: what comes out, [TRAIN_CASES_ALL], zeros behind it.
 * largest: of each number's operation and output, the largest; NULL = not wanted. */
void train_run_all(TrainOps *ops, float *out, float *largest);

#endif
