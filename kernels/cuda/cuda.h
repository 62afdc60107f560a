/* cuda.h - what the files of the CUDA backend share; the engine sees kernels.h only.
 *
 *   cuda.c         opens and closes, buffers, copies
 *   queue.c        batches, graphs
 *   matrix.c       weights
 *   pack.c         their order in a device's memory
 *   linear.c       products
 *   experts.c      mixtures of experts
 *   kv.c           keys, values, rope, attention
 *   top.c          scans of logits
 *   train_cuda.h   training
 *   device/gpu.h   what is asked of a device
 *   device/lane.h, device/mma.h    what a kernel's thread can do; the rest of device/ is kernels
 *   driver.c, blas.c, kernels.cu   the real device; only they need CUDA to build
 *
 * Everything but the last line is plain C and in every build, so that the tests can run it on the
 * host (tests/support/cuda_twin.c). Operations are put down as commands and run when
 * somebody waits for a result; see queue.c.
 *
 * How far it may be from the CPU's float activations (tests/unit/kernels/cuda, on host and device):
 *
 *   products         2^-11 of the sum of the products' sizes, twice that where a type has minima,
 *                    2^-16 with weights of floats
 *   of prompts       2^-10 of it: weights are rounded too; 2^-20 with F32
 *   embedding        nothing
 *   norm, rope       1e-5, 1e-6
 *   caches, moves    nothing
 *   attention        1e-5 of outputs below 1
 *   top, draws       nothing, for the same logits; their sums and scores 1e-3, 1e-5
 *   a whole model    0.02 of the best log-probabilities of a made-up one, 0.05 of a real one
 */
#ifndef S2D_KERNELS_CUDA_CUDA_H
#define S2D_KERNELS_CUDA_CUDA_H

#include "kernels/cpu/pool.h"
#include "kernels/cuda/device/gpu.h"

enum {
    GRAPHS_MAX = 64,
    STAGES = 16, /* descriptions of batches that can be under way */
    ROPE_TABLES = 4,
};

/* Device memory that grows to what was ever needed. */
typedef struct Scratch {
    void *data;
    size_t bytes;
} Scratch;

typedef struct Graph {
    uint64_t hash, used; /* used: when last; 0 = empty */
    int n;
    GpuCommand *commands; /* [n], NULL until it is kept */
    void *graph;
} Graph;

typedef struct Queue {
    GpuCommand *commands;
    int n;
    uint32_t reads; /* of the Meta, by what waits */
    bool changed;   /* the Meta, since it was sent */
    int stage;
    Meta meta;    /* as the next commands shall see it */
    Meta *stages; /* [STAGES] memory that copies go fast from */
    Meta *device;
    Graph graphs[GRAPHS_MAX];
    uint64_t clock;
} Queue;

typedef struct RopeTable {
    Rope rope;
    int positions; /* 0 = empty */
    uint64_t used;
    float *table;
} RopeTable;

/* What the last scan of the last logits found, so that asking for other rows costs nothing. */
typedef struct TopCache {
    const float *logits; /* NULL = no logits that are known to be whole */
    int n, stride;
    int vocab, count; /* count 0 = nothing found yet */
    int ids[ROWS_MAX * TOP_MAX];
    float values[ROWS_MAX * TOP_MAX], log_sum[ROWS_MAX];
} TopCache;

typedef struct Cuda {
    Kernels table; /* first: a Kernels * is a Cuda * */
    Gpu *gpu;
    Pool *pool;    /* for repacking */
    void *staging; /* on the host, copies go fast from it: weights on their way */
    size_t staging_bytes;
    Queue queue;
    Scratch values, sums, scale; /* activations */
    Scratch partial, counters;   /* sums of split inputs */
    Scratch weights, product[2]; /* of prompts: some rows of weights, results */
    Scratch router, routed;      /* of mixtures: logits, who goes where, */
    Scratch pair[3];             /* gate's, up's and down's outputs */
    Scratch pieces, piece_weights, turned;
    Scratch top, read;
    Scratch limit_data, limit_out;
    float *ones; /* [ROWS_MAX] on the device */
    RopeTable rope[ROPE_TABLES];
    int slots_max;
    TopCache best;
    Entry found[ROWS_MAX * (TOP_MAX + 3)]; /* what came back of a scan */
} Cuda;

struct Matrix {
    QuantType type;
    int rows, cols, tiles; /* of each matrix, where it is a stack of them; tiles: an even number */
    int stack;             /* 1 = none */
    size_t tile_bytes;
    uint8_t *data; /* [stack][tiles][tile_bytes] */
};

struct KvCache {
    int layers;
    KvArgs args;     /* of layer 0 */
    KvPlace *places; /* [layers] on the device, and */
    KvPlace layer[]; /* here */
};

static inline Cuda *cuda_of(Kernels *k)
{
    return (Cuda *)k;
}

/* cuda_scratch.c. Grows it; ends the process where there is no memory, as a failed device does. */
void *cuda_reserve(Cuda *cuda, Scratch *scratch, size_t bytes);

/* queue.c */
int queue_open(Cuda *cuda, Err *err);
void queue_close(Cuda *cuda);
/* Rows rounded up to 8, 16, 32, 64 or 128: what grids are made for. */
int cuda_round_rows(int n);
void queue_add(Cuda *cuda, KernelId kernel, int x, int y, int z, const void *args, size_t bytes,
               uint32_t reads);
/* The Meta to be written to, when commands that read these fields have been sent off. */
Meta *queue_meta(Cuda *cuda, uint32_t fields);
void queue_count(Cuda *cuda, int n);
void queue_rows(Cuda *cuda, const Batch *batch);
/* Sends off what waits. */
void queue_flush(Cuda *cuda);
/* The same; graphs: as one, where it was seen before. */
void queue_send(Cuda *cuda, bool graphs);
/* Sends off, waits, copies back. */
void queue_get(Cuda *cuda, void *to, const void *from, size_t bytes);
/* Lets go of graphs, whose buffers may be gone. */
void queue_forget(Cuda *cuda);

/* matrix.c */
int cuda_matrix_open(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err);
void cuda_matrix_close(Kernels *k, Matrix *matrix);
size_t cuda_matrix_bytes(Kernels *k, QuantType type, int rows, int cols);
void cuda_embed(Kernels *k, const Matrix *matrix, const int *ids, int n, float scale, float *out);

/* linear.c */
typedef struct LinearPlan {
    int k_warps, splits; /* a unit's inputs are cut into so many slices: in a block, over blocks */
    int blocks;
} LinearPlan;

LinearPlan cuda_linear_plan(int units, int cols);

typedef struct Prepare {
    const float *x;    /* [n * each, cols] */
    const float *norm; /* or NULL */
    float eps;
    int cols, each;
    ActForm form;
} Prepare;

/* Puts x into values, sums and scale. */
void cuda_prepare(Cuda *cuda, const Prepare *what, int n);
void cuda_linear(Kernels *k, const Linear *linear, const float *x, int n);
void cuda_norm(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
               int cols, float *out);
void cuda_gather(Kernels *k, const float *x, int n, int stride, const int *places, int count,
                 float *out);
void cuda_norm_add(Kernels *k, float *x, const float *weight, float eps, int n, int cols,
                   float *out);
void cuda_silu_add(Kernels *k, const float *x, size_t count, float *out);

/* experts.c */
void cuda_experts(Kernels *k, const Experts *experts, float *x, int n);

/* kv.c */
KvCache *cuda_kv_open(Kernels *k, const KvShape *shape);
void cuda_kv_close(Kernels *k, KvCache *kv);
size_t cuda_kv_bytes(Kernels *k, const KvShape *shape);
void cuda_kv_write(Kernels *k, KvCache *kv, int layer, const Batch *batch, const float *key,
                   const float *value);
void cuda_kv_move(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to);
void cuda_kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value);
void cuda_rope(Kernels *k, float *x, const Batch *batch, int heads, int head_dim, const Rope *rope);
/* Angles made with divisors in [from, from + floats) are made anew. */
void cuda_rope_forget(Cuda *cuda, const float *from, size_t floats);
void cuda_attention(Kernels *k, const KvCache *kv, int layer, const Batch *batch, const float *q,
                    int heads, const Attention *how, float *out);

/* top.c */
void cuda_top(Kernels *k, const float *logits, int n, int vocab, int count, int *ids, float *values,
              float *log_sum);
void cuda_draw(Kernels *k, const float *logits, int n, int stride, int vocab, const Draw *how,
               const int *position, int count, int *places, float *scores, int *found);

#endif
