/* train_case_list.h - every operation of training that has a gradient, as a function of numbers. */
#ifndef S2D_TESTS_SUPPORT_TRAIN_CASE_LIST_H
#define S2D_TESTS_SUPPORT_TRAIN_CASE_LIST_H

#include "kernels/train/train_ops.h"

enum { INPUTS = 7 }; /* of an operation, at most */

/* An operation as a function of up to INPUTS inputs, to a number: sum of outputs times made-up
 * weights. The gradients are those of this number. */
typedef struct TrainCase {
    const char *name;
    int n; /* inputs */
    size_t size[INPUTS], out;
    void (*forward)(TrainOps *ops, float *const in[INPUTS], float *out);
    void (*backward)(TrainOps *ops, float *const in[INPUTS], const float *dout,
                     float *const grad[INPUTS]);
} TrainCase;

extern const TrainCase train_case_list[];
extern const int train_case_count;

#endif
