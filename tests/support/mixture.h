/* mixture.h - a made-up mixture of experts, and what it comes to in double. */
#ifndef S2D_TESTS_SUPPORT_MIXTURE_H
#define S2D_TESTS_SUPPORT_MIXTURE_H

#include "tests/support/weights.h"

enum { MIXTURE_PARTS = 4 };

typedef struct Mixture {
    int cols, inner, experts, picks;
    float *norm;                    /* [cols] */
    Weights weights[MIXTURE_PARTS]; /* router, gate, up, down */
    Matrix *matrix[MIXTURE_PARTS];  /* while it is open */
} Mixture;

Mixture mixture_make(int cols, int inner, int experts, int picks, QuantType gate, QuantType up,
                     QuantType down);
void mixture_free(Mixture *mix);
void mixture_open(Mixture *mix, Kernels *k);
void mixture_close(Mixture *mix, Kernels *k);
Experts mixture_experts(const Mixture *mix);

/* Of one row. x, out: [cols] */
void mixture_reference(const Mixture *mix, const float *x, double *out);

#endif
