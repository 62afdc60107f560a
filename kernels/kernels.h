/* kernels.h - one table of operations per backend; the engine calls nothing else for arithmetic.
 *
 *   Matrix   a weight matrix, repacked (CPU) or uploaded (a device) by the backend that owns it
 *   KvCache  keys and values of every layer, in slots
 *   Batch    which slots each row of a batch may see: this is what makes a tree of tokens one batch
 *
 * Float buffers below are in the backend's memory (buffer_alloc); integer arrays that describe a
 * batch are in host memory.
 *
 * The rule that promise 1 rests on, *batch invariance*: a row's result depends neither on how many
 * rows go with it, nor on where it stands among them, nor on their contents. So the order of every
 * reduction is fixed and independent of n, threads split outputs and never a sum, and attention
 * sums in the order of logical positions.
 *
 * The CPU's scalar path is the oracle for its vector paths (bit by bit) and, with float
 * activations, for every other backend (within a tolerance).
 */
#ifndef S2D_KERNELS_KERNELS_H
#define S2D_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/common/err.h"
#include "kernels/kv.h"
#include "kernels/quant.h"

enum {
    ROWS_MAX = 128,    /* most rows in one batch */
    LINEAR_MAX = 3,    /* most matrices in one Linear (q, k, v) */
    TREE_SLOTS = 64,   /* slots that one row's mask can name */
    DIM_MAX = 1024,    /* largest head_dim */
    TOP_MAX = 64,      /* most entries that `top` is asked for */
    EXPERTS_MAX = 512, /* most matrices of a stack, */
    PICKS_MAX = 16,    /* and of those that one row goes through */
};

typedef struct Kernels Kernels;
typedef struct Matrix Matrix;
typedef struct KvCache KvCache;

typedef struct KernelsOptions {
    const char *device; /* "auto", "cpu", "cuda"; NULL = auto */
    const char *isa;    /* CPU: "auto", "amx", "avx512", "avx2", "scalar"; NULL = auto */
    int threads;        /* CPU: 0 = physical cores that this process may use */
    bool act_f32;       /* float activations and a float KV cache: the slow reference path */
} KernelsOptions;

/* Where a matrix comes from: row-major blocks of `type`. read copies `bytes` bytes from `offset`
 * (within the matrix) to `out` and returns 0, or -1 with err set; it is called in ascending order
 * of offset, for whole rows. */
typedef struct MatrixSource {
    QuantType type;
    int rows, cols; /* rows = outputs, cols = inputs; cols is a multiple of the type's block */
    int (*read)(void *context, uint64_t offset, void *out, size_t bytes, Err *err);
    void *context;
    /* A stack of matrices [rows, cols], one after another, for `experts`: how many, at most
     * EXPERTS_MAX, and how many of them a row goes through, at most PICKS_MAX. 0 = no stack. */
    int stack, picks;
} MatrixSource;

/* The rows of a batch. Row i writes its key and value to slot[i] and sees the slots 0 … prefix[i]-1
 * and then the slots base+j for every set bit j of mask[i], in ascending order; its own slot is
 * among them. That list is in the order of logical positions, and the row's own position is its
 * length - 1.
 *
 *   prompt rows, plain decoding   prefix[i] = position + 1, mask[i] = 0
 *   a node of a tree              prefix[i] = length of the committed text,
 *                                 mask[i] = its ancestors and itself */
typedef struct Batch {
    int n;
    bool prompt; /* prompt tokens, as opposed to generated ones (a device may use another path) */
    const int *slot;      /* [n] */
    const int *prefix;    /* [n] */
    const uint64_t *mask; /* [n] */
    int base;
} Batch;

int batch_position(const Batch *batch, int i);

/* y_j = W_j · f(x) + bias_j for up to three matrices that share one input. */
typedef enum LinearMode {
    LINEAR_SET,    /* out_j  = y_j */
    LINEAR_ADD,    /* out_j += y_j (residual) */
    LINEAR_SWIGLU, /* out_0  = silu(y_0) * y_1; needs two matrices of one shape */
    LINEAR_GEGLU,  /* out_0  = gelu(y_0) * y_1, gelu by tanh; likewise */
} LinearMode;

/* Is it one of those, the last ones, that make one output of two matrices? */
static inline bool linear_is_gated(int mode)
{
    return mode == LINEAR_SWIGLU || mode == LINEAR_GEGLU;
}

typedef struct Linear {
    int count; /* 1 … LINEAR_MAX */
    LinearMode mode;
    bool prompt;                      /* as in Batch */
    const Matrix *matrix[LINEAR_MAX]; /* each [rows_j, cols], the same cols */
    const float *bias[LINEAR_MAX];    /* [rows_j] or NULL */
    float *out[LINEAR_MAX];           /* [n, rows_j]; gated modes use out[0] only */
    const float *norm; /* [cols] or NULL: f is RMS norm with this weight, else identity */
    float norm_eps;
    float scale;        /* of y_j, all but SwiGLU's; 0 = 1 */
    const Matrix *next; /* what is needed after these, to be fetched meanwhile; NULL = not known */
} Linear;

/* A feed-forward part that is a mixture of experts: each row goes through the `picks` experts that
 * the router rates highest, ties to the lowest number,
 *
 *   x += sum of w_e * down_e · (silu(gate_e · f(x)) * (up_e · f(x))), experts e in ascending order,
 *
 * where f is RMS norm and w the softmax over the row's own experts. Only the weights of experts
 * that some row goes through are read, and each of them once for all its rows. (Mixtures of this
 * kind: Shazeer et al., arXiv 1701.06538; Qwen3's: arXiv 2505.09388.) */
typedef struct Experts {
    const Matrix *router;    /* [experts, cols] */
    const Matrix *gate, *up; /* stacks of [inner, cols] */
    const Matrix *down;      /* stack of [cols, inner] */
    int picks;
    const float *norm; /* [cols] */
    float norm_eps;
    bool prompt; /* as in Batch */
} Experts;

/* How rotary positions turn a head: its first `dims` entries, in pairs (i, i + dims/2), or (2i, 2i+1)
 * where not neox; the others pass. Pair p of a row at position t turns by t * base^(-2p/dims) /
 * factors[p]. All scaling of positions (linear, Llama 3's, YaRN, long rope) is such divisors, and
 * `scale`. */
typedef struct Rope {
    float base;
    bool neox;
    int dims;             /* even, at most head_dim */
    float scale;          /* of cosine and sine; 1 where nothing says otherwise */
    const float *factors; /* [dims/2] in the backend's memory; NULL = all 1 */
    /* Every `warmer_every` positions all of the head gets longer (queries of long texts: the softmax
     * of many scores needs larger ones): by 1 + warmer * log(1 + floor(t / warmer_every)). */
    float warmer;     /* 0 = nothing does */
    int warmer_every; /* > 0 */
} Rope;

/* That factor of a row at a position; 1 where there is none. */
float rope_warmth(const Rope *rope, int position);

/* How scores become probabilities. */
typedef struct Attention {
    float scale; /* of the scores: as a rule 1 / sqrt(head_dim) */
    int window;  /* last positions that a row sees, its own among them; 0 = all */
} Attention;

/* How tokens are drawn, see engine/decode/sample.h. */
typedef struct Draw {
    float temperature; /* > 0 */
    float top_p;       /* 1 = all */
    int top_k;         /* 0 = all */
    uint32_t seed;
    /* [vocab] in the backend's memory: each logit's id, ascending; NULL = its place */
    const int *tokens;
} Draw;

struct Kernels {
    const char *device;   /* "cpu", "cuda" */
    char description[96]; /* "AVX-512 VNNI, 2 threads, int8 activations" */
    bool act_f32;
    int threads;
    bool
        caller_works; /* whoever calls an operation computes or spins all through it: see kernels_ms */
    uint64_t back_copies, back_bytes; /* from a device, so far: each one is waited for */

    void (*close)(Kernels *k);

    /* Memory. bytes in use by matrices, caches and buffers of this backend, and what is free. */
    float *(*buffer_alloc)(Kernels *k,
                           size_t floats); /* zeroed, 64-byte aligned; NULL = no memory */
    void (*buffer_free)(Kernels *k, float *buffer);
    void (*upload)(Kernels *k, float *device, const float *host, size_t floats);
    void (*download)(Kernels *k, float *host, const float *device, size_t floats);
    /* Between buffers, which may not overlap. */
    void (*copy)(Kernels *k, float *to, const float *from, size_t floats);
    /* A device may still be at work when an operation returns; not after this, and not after
     * anything that brings results to host memory. For whoever takes the time. */
    void (*wait)(Kernels *k);
    size_t (*memory_free)(Kernels *k); /* bytes that can still be had, an estimate */

    /* Weights: values exactly as in the source. matrix_bytes: memory that a matrix of this shape
     * takes; a stack takes as much for each of its matrices. */
    int (*matrix_open)(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err);
    void (*matrix_close)(Kernels *k, Matrix *matrix);
    size_t (*matrix_bytes)(Kernels *k, QuantType type, int batch, int cols);

    /* out[i] = scale * row ids[i] of the matrix, as floats. out: [n, cols] */
    void (*embed)(Kernels *k, const Matrix *matrix, const int *ids, int n, float scale, float *out);

    /* x: [n, cols], 1 <= n <= ROWS_MAX. x may not overlap any out. */
    void (*linear)(Kernels *k, const Linear *linear, const float *x, int n);

    /* x: [n, cols], 1 <= n <= ROWS_MAX, in place. */
    void (*experts)(Kernels *k, const Experts *experts, float *x, int n);

    /* out[i][h] = x[i][h] / rms(x[i][h]) * weight. x, out: [n, heads, cols], may be the same; heads: 1,
     * or those whose queries or keys are normed each by itself. */
    void (*norm)(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
                 int cols, float *out);

    /* out[i] += x[i] / rms(x[i]) * weight. x, out: [n, cols]; what x holds afterwards is nothing. */
    void (*norm_add)(Kernels *k, float *x, const float *weight, float eps, int n, int cols,
                     float *out);

    /* out += silu(x) = x / (1 + exp(-x)). Both: [count] */
    void (*silu_add)(Kernels *k, const float *x, size_t count, float *out);

    /* out[i][j] = x[i][places[j]]. x: [n, stride], out: [n, count]; places: [count] in the backend's
     * memory, as ints. */
    void (*gather)(Kernels *k, const float *x, int n, int stride, const int *places, int count,
                   float *out);

    /* Rotary position embedding in place, for the positions of `batch`. x: [n, heads, head_dim]. */
    void (*rope)(Kernels *k, float *x, const Batch *batch, int heads, int head_dim,
                 const Rope *rope);

    /* Keys and values, see kv.h. NULL = no memory. */
    KvCache *(*kv_open)(Kernels *k, const KvShape *shape);
    void (*kv_close)(Kernels *k, KvCache *kv);
    size_t (*kv_bytes)(Kernels *k, const KvShape *shape);
    /* key, value: [n, kv_heads, head_dim] go to batch->slot. */
    void (*kv_write)(Kernels *k, KvCache *kv, int layer, const Batch *batch, const float *key,
                     const float *value);
    /* Slot to+i takes what slot from[i] holds, for i = 0 … n-1 in this order, layers [first, last);
     * from[i] >= to+i. */
    void (*kv_move)(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to);
    /* What one slot holds, as floats: for tests. key, value: [kv_heads, head_dim] */
    void (*kv_read)(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value);

    /* out = softmax(scale * q · keys) · values over the slots that each row sees, heads grouped over
     * kv_heads. q, out: [n, heads, head_dim]. */
    void (*attention)(Kernels *k, const KvCache *kv, int layer, const Batch *batch, const float *q,
                      int heads, const Attention *how, float *out);

    /* Over logits [n, vocab] in backend memory. */
    /* The `count` largest of each row, largest first, ties to the lowest id. ids, values: [n,
     * count], count <= TOP_MAX; log_sum: [n] log of the sum of exp over the whole row (NULL = not
     * wanted). */
    void (*top)(Kernels *k, const float *logits, int n, int vocab, int count, int *ids,
                float *values, float *log_sum);
    /* All entries of one row (vocab floats) that are >= floor, ids ascending; returns how many
     * there are, stores at most cap. A device, which has `draw`, has neither this nor draw_row. */
    int (*above)(Kernels *k, const float *row, int vocab, float floor, int *ids, float *values,
                 int cap);
    /* Of the entries of one row that are >= floor the `count` best by logit/T + noise, at a
     * position of the text, best first; how's top_k and top_p made the floor. Returns how many
     * there are; 0 = the row's largest is not finite. The first is the exact winner; from the
     * second on, one so far behind the row's largest that it cannot win may be missing. Scores
     * count from the largest: (logit - largest)/T + noise. */
    int (*draw_row)(Kernels *k, const float *row, int vocab, float floor, const Draw *how,
                    int position, int count, int *places, float *scores);
    /* A device draws itself, for n rows of `stride` floats at their positions in the text: the
     * `count` best by logit/T + noise of each row's first `vocab` entries. places, scores: [n,
     * count] best first; found: [n] how many there are; else as draw_row. */
    void (*draw)(Kernels *k, const float *logits, int n, int stride, int vocab, const Draw *how,
                 const int *position, int count, int *places, float *scores, int *found);
};

int kernels_open(Kernels **k, const KernelsOptions *options, Err *err);

/* Milliseconds since some fixed moment, for what operations cost. Where the caller works along, the time
 * in which it did not run is left out: it was stopped, or other programs had its processor. What is
 * slow because memory or clock are counts. Where it only waits for a device, all time does. */
double kernels_ms(const Kernels *k);

/* Makes of more threads than this process has processors as many as it has, for each one more only
 * waits, and makes the others wait. Returns whether that changed anything; then `line` says what. */
bool kernels_cap_threads(KernelsOptions *options, char *line, size_t size);

/* What this process may use of the machine, as its affinity and its control groups have it:
 * processors, and bytes that can still be had. */
int kernels_processors(void);
size_t kernels_host_memory(void);

/* What can be said of CUDA in this build and on this machine, in one line. */
void kernels_cuda_state(char *text, size_t size);

#endif
