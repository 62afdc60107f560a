/* train_cases.h - what the arithmetic of training must do on every backend: products against sums
 * in double, gradients by finite differences, the loss, the optimiser. Trouble fails the test. */
#ifndef S2D_LEARN_CASES_H
#define S2D_LEARN_CASES_H

#include "kernels/train/train_ops.h"

enum { LEARN_CASES_ALL = 100000 }; /* floats that all operations give, at most */

/* The shape that the cases are of. */
LearnShape learn_cases_shape(bool neox);

/* Of that shape, on a backend that is closed with it. */
Learn *learn_cases_open(Kernels *kernels, LearnProducts products, bool neox);
/* Closes the backend as well. */
void learn_cases_close(Learn *learn);

/* out [m, n] of factors straight and turned, floats and bf16, set and added to; each element may be
 * off by so much of the sum of its terms' sizes. */
void learn_check_products(Learn *learn, int m, int n, int k, double tolerance);

/* Of every operation that has one, along random directions; products must be of floats. */
void learn_check_gradients(Learn *learn);
void learn_check_loss(Learn *learn);
void learn_check_adamw(Learn *learn);

/* Every operation with a gradient, both ways: what comes out, [LEARN_CASES_ALL], zeros behind it.
 * largest: of each number's operation and output, the largest; NULL = not wanted. */
void learn_run_all(Learn *learn, float *out, float *largest);

#endif
