/* bench_probe.h - a Kernels table that stands in front of another one and times what goes through.
 *
 * The engine runs on it as on any backend, so what is measured are the very calls of a pass, in
 * their order, with the caches as a pass leaves them. Calls of the same operation on the same types
 * and shapes are added up in one row.
 */
#ifndef S2D_APP_BENCH_BENCH_PROBE_H
#define S2D_APP_BENCH_BENCH_PROBE_H

#include "kernels/kernels.h"

enum { PROBE_ROWS = 32 };

typedef enum ProbeOp {
    PROBE_EMBED,
    PROBE_LINEAR,
    PROBE_EXPERTS,
    PROBE_NORM,
    PROBE_ROPE,
    PROBE_KV_WRITE,
    PROBE_KV_MOVE,
    PROBE_ATTENTION,
    PROBE_TOP,
} ProbeOp;

/* A matrix that was opened through the probe. */
typedef struct ProbeMatrix {
    const Matrix *matrix;
    QuantType type;
    int rows, cols; /* of one, where it is a stack */
} ProbeMatrix;

typedef struct ProbeRow {
    ProbeOp op;
    LinearMode mode; /* linear only; experts too, the next two */
    int count;
    ProbeMatrix matrix[LINEAR_MAX]; /* of the first such call */
    int calls;
    double ms, bytes, macs; /* bytes: weights, cache or logits that must be read or
                               * written; 0 = not known: of experts, for more than one row */
} ProbeRow;

typedef struct Probe {
    Kernels table; /* first: a Kernels * is a Probe *; what the engine gets */
    Kernels *inner;
    int head_dim;    /* of the cache opened last */
    double kv_bytes; /* keys and values of one token in one layer of it */
    int n_matrices, cap_matrices;
    ProbeMatrix *matrices;
    int n_rows;
    ProbeRow rows[PROBE_ROWS];
} Probe;

/* inner stays the caller's and outlives the probe. */
void probe_open(Probe *probe, Kernels *inner);
void probe_close(Probe *probe);

void probe_reset(Probe *probe); /* forgets the calls so far */

#endif
