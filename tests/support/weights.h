/* weights.h - made-up weight matrices and CPU backends for the tests of kernels. */
#ifndef S2D_TESTS_SUPPORT_WEIGHTS_H
#define S2D_TESTS_SUPPORT_WEIGHTS_H

#include "kernels/kernels.h"

typedef struct Weights {
    QuantType type;
    int rows, cols;
    size_t row_bytes;
    uint8_t *data; /* as in a file */
    float *values; /* [rows, cols], what the blocks stand for */
    uint64_t next; /* offset that may be read next: sources are read in ascending order */
} Weights;

/* Uniform in [-1, 1), the same on every machine. */
float random_next(uint32_t *state);
void random_fill(float *out, size_t n, uint32_t seed);
/* [n, vocab] with ties, an infinity and NaN. */
void random_logits(float *logits, int n, int vocab);
/* Attention over `length` positions as seen from one row, in double. key, value: [length, kv_heads,
 * dim]; q, out: [heads, dim]. */
void attention_reference(int heads, int kv_heads, int dim, double scale, int length,
                         const float *key, const float *value, const float *q, double *out);

Weights weights_make(QuantType type, int rows, int cols, uint32_t seed);
/* Values again after data was changed. */
void weights_update(Weights *w);
void weights_free(Weights *w);
MatrixSource weights_source(Weights *w);
/* Asserts that it opens. */
Matrix *weights_open(Kernels *k, Weights *w);
/* The same as a stack of so many matrices. */
Matrix *weights_open_stack(Kernels *k, Weights *w, int stack, int picks);

/* Backends "scalar", "avx2", "avx512", "amx", as far as this machine has them; number 0 always
 * is. */
enum { ISAS = 4 };
Kernels *isa_open(int isa, int threads, bool act_f32); /* NULL = not on this machine */

#endif
