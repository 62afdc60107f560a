/* train_numbers.c - see train_numbers.h. */
#include "tests/support/train_numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/weights.h"

float *filled(size_t n, uint32_t seed)
{
    float *x = malloc(n * sizeof *x);
    random_fill(x, n, seed);
    return x;
}

float *buffer(const TrainOps *l, const float *values, size_t n)
{
    float *x = l->kernels->buffer_alloc(l->kernels, n);
    assert_non_null(x);
    if (values)
        l->kernels->upload(l->kernels, x, values, n);
    return x;
}

float *filled_buffer(const TrainOps *l, size_t n, uint32_t seed)
{
    float *values = filled(n, seed), *x = buffer(l, values, n);
    free(values);
    return x;
}

void drop(const TrainOps *l, float *x)
{
    l->kernels->buffer_free(l->kernels, x);
}

void take(const TrainOps *l, float *to, const float *x, size_t n)
{
    l->kernels->download(l->kernels, to, x, n);
}

double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}
