/* cpu.h - what the files of the CPU backend share; the engine sees kernels.h only.
 *
 *   cpu.c             opens the backend, chooses the instruction set, buffers
 *   cpu_scratch.c     memory for what is under way
 *   repack.c          reads and repacks weights (panel.h), rows of the embedding
 *   matmul.c          norm, quantisation, products and what follows them in one parallel run
 *   experts.c         the same for a mixture of experts
 *   kv_cache.c        keys and values by slot
 *   attention.c       softmax(q k) v
 *   row.c             norm, silu, rope, top, above
 *   draw.c            tokens drawn from one row
 *   isa.h             their inner loops
 *   pool.h, store.h   threads, memory
 *   measure_limits.c  what the machine can do at most
 */
#ifndef S2D_KERNELS_CPU_CPU_H
#define S2D_KERNELS_CPU_CPU_H

#include <stdatomic.h>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/store.h"
#include "kernels/kernels.h"
#include "kernels/limits.h"
#include "kernels/route.h"

enum { ROPE_PAIRS = DIM_MAX / 2 };

/* Angles of the last rope, for the next one is usually over the same rows (q then k, layer by
 * layer). */
typedef struct RopeCache {
    int pairs; /* 0 = empty */
    float base, scale;
    bool has_factors;
    float factors[ROPE_PAIRS];
    double frequency[ROPE_PAIRS]; /* radians per position */
    int position[ROWS_MAX];       /* -1 = empty */
    float cos_sin[ROWS_MAX * 2 * ROPE_PAIRS];
} RopeCache;

/* Panels that a thread has yet to do: from the low half of `range` to before the high half. */
typedef struct Share {
    _Alignas(64) atomic_uint_least64_t range;
} Share;

/* Rows with the experts that they go through: what a stack of matrices is multiplied by. */
typedef struct Pairs {
    int most, wide; /* pairs and columns that the rest is sized for */
    ActGroup *acts; /* of a pair's row, each expert's in a block [groups][rows of it] */
    float *floats;  /* [most][wide] the same as floats */
    float *inner;   /* [most][wide] gate's and up's outputs */
    float *logits;  /* [ROWS_MAX][EXPERTS_MAX] the router's */
    Route *route;
} Pairs;

typedef struct Cpu {
    Kernels table; /* first: a Kernels * is a Cpu * */
    const Isa *isa;
    const IsaTiles *tiles; /* NULL = none */
    Pool *pool;
    Store *store;
    int cols_max;      /* widest matrix so far: what the three below are sized for */
    ActGroup *acts;    /* [groups][n] */
    float *floats;     /* [ROWS_MAX][cols_max] normed rows */
    Share *shares;     /* [LINEAR_MAX][threads] */
    size_t scores_max; /* floats per thread */
    float *scores;     /* [threads][scores_max] */
    RopeCache rope;
    Pairs pairs;
} Cpu;

struct Matrix {
    QuantType type;
    int rows, cols, panels; /* of each matrix, where it is a stack of them */
    int stack;              /* 1 = none */
    size_t panel_bytes;
    uint8_t *data; /* [stack][panels][panel_bytes] */
};

typedef struct KvLayer {
    size_t at; /* of its first head, in bytes */
    int slots; /* a multiple of 16: slot s is in place s % slots */
} KvLayer;

struct KvCache {
    int layers, heads, dim, slots;
    int padded; /* dim rounded up to 16 */
    KvType type;
    size_t slot_bytes;   /* of one head's key or value */
    char *keys, *values; /* of layers of heads, of each its slots * slot_bytes (kv.h) */
    KvLayer layer[];     /* [layers] */
};

static inline Cpu *cpu_of(Kernels *k)
{
    return (Cpu *)k;
}

int cpu_open(Kernels **k, const KernelsOptions *options, Err *err);

/* cpu_scratch.c. Grown when something is opened, never while decoding. -1 = no memory. */
int cpu_reserve_cols(Cpu *cpu, int cols);
int cpu_reserve_scores(Cpu *cpu, size_t floats);
int cpu_reserve_pairs(Cpu *cpu, int picks, int cols);
void cpu_free_pairs(Cpu *cpu);

int matrix_open(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err);
void matrix_close(Kernels *k, Matrix *matrix);
size_t matrix_bytes(Kernels *k, QuantType type, int rows, int cols);
void matrix_embed(Kernels *k, const Matrix *matrix, const int *ids, int n, float scale, float *out);

void linear_run(Kernels *k, const Linear *linear, const float *x, int n);
void experts_run(Kernels *k, const Experts *experts, float *x, int n);

KvCache *kv_open(Kernels *k, const KvShape *shape);
void kv_close(Kernels *k, KvCache *kv);
size_t kv_bytes(Kernels *k, const KvShape *shape);
void kv_write(Kernels *k, KvCache *kv, int layer, const Batch *batch, const float *key,
              const float *value);
void kv_move(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to);
void kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value);
/* Where a layer keeps a slot. */
int kv_place(const KvCache *kv, int layer, int slot);
/* One head's part of a layer. */
char *kv_keys(const KvCache *kv, int layer, int head);
char *kv_values(const KvCache *kv, int layer, int head);
/* Turns a query or key of `dim` (a multiple of 16) floats as the keys of a KV_Q8 cache are. Twice
 * gives 32 times what it was, 16 times in a last group of 16. */
void kv_turn(float *x, int dim);

void attention_run(Kernels *k, const KvCache *kv, int layer, const Batch *batch, const float *q,
                   int heads, const Attention *how, float *out);

void row_norm(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
              int cols, float *out);
void row_gather(Kernels *k, const float *x, int n, int stride, const int *places, int count,
                float *out);
void row_norm_add(Kernels *k, float *x, const float *weight, float eps, int n, int cols,
                  float *out);
void row_silu_add(Kernels *k, const float *x, size_t count, float *out);
void row_rope(Kernels *k, float *x, const Batch *batch, int heads, int head_dim, const Rope *rope);
void row_top(Kernels *k, const float *logits, int n, int vocab, int count, int *ids, float *values,
             float *log_sum);
int row_above(Kernels *k, const float *row, int vocab, float floor, int *ids, float *values,
              int cap);
int draw_row(Kernels *k, const float *row, int vocab, float floor, const Draw *how, int position,
             int count, int *places, float *scores);

/* What limits.h says, of the CPU. */
typedef struct CpuLimits CpuLimits;
int cpu_limits_open(CpuLimits **limits, Kernels *kernels, Err *err);
void cpu_limits_close(CpuLimits *limits);
double cpu_limit(CpuLimits *limits, Limit limit);

#endif
