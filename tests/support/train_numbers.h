/* train_numbers.h - numbers in a backend's memory, which need not be the host's, for tests. */
#ifndef S2D_TESTS_SUPPORT_TRAIN_NUMBERS_H
#define S2D_TESTS_SUPPORT_TRAIN_NUMBERS_H

#include "kernels/train/train_ops.h"

/* Made-up numbers on the host. */
float *filled(size_t n, uint32_t seed);
double dot(const float *a, const float *b, size_t n);

/* Backend memory with these values; NULL = zeros. */
float *buffer(const TrainOps *l, const float *values, size_t n);
float *filled_buffer(const TrainOps *l, size_t n, uint32_t seed);
void drop(const TrainOps *l, float *x);
void take(const TrainOps *l, float *to, const float *x, size_t n);

#endif
