/* train_numbers.h - numbers in a backend's memory, which need not be the host's, for tests. */
#ifndef S2D_LEARN_NUMBERS_H
#define S2D_LEARN_NUMBERS_H

#include "kernels/train/train_ops.h"

/* Made-up numbers on the host. */
float *filled(size_t n, uint32_t seed);
double dot(const float *a, const float *b, size_t n);

/* Backend memory with these values; NULL = zeros. */
float *buffer(const Learn *l, const float *values, size_t n);
float *filled_buffer(const Learn *l, size_t n, uint32_t seed);
void drop(const Learn *l, float *x);
void take(const Learn *l, float *to, const float *x, size_t n);

#endif
