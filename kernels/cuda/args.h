/* args.h - what kernels are told: their arguments, and the description of the batch.
 *
 * What stays the same from step to step of a model is in the arguments; what changes (rows, ids,
 * how many of them) is in the Meta, which lies at one place in the device's memory. So the kernels
 * of a step look the same every time, and can be kept as a graph (queue.c). Grids are made for
 * counts rounded up; blocks for rows beyond the Meta's count do nothing.
 */
#ifndef S2D_KERNELS_CUDA_ARGS_H
#define S2D_KERNELS_CUDA_ARGS_H

#include "kernels/cuda/cuda_train_args.h"
#include "kernels/kernels.h"

enum {
    COLUMNS = 8,                       /* rows of a batch that one mma takes: its columns */
    CHUNK = 64,                        /* rows of a batch that one linear kernel takes */
    COLUMN_TILES = ROWS_MAX / COLUMNS, /* of a whole batch */
    COPIES_MAX = 160,                  /* copies that one kernel does, */
    COPY_FLOATS = 4096,                /* of so much at most */
    TAIL = TREE_SLOTS,                 /* logical positions that may lie in a tree */
    PIECE = 128,                       /* logical positions of a piece of attention */
    QUERIES = 32,                      /* queries that one attention block takes */
    ATTEND_ROWS = 32,                  /* rows that one attention kernel takes, and */
    ATTEND_PIECES = 1 << 13,           /* pieces of them: of long texts fewer rows */
    TOP_CHUNK = 2048,                  /* logits that one block looks at */
    NO_ID = 0x7fffffff,                /* of an Entry that is none */
};

/* Which part of the Meta a kernel reads. */
enum {
    META_N = 1,
    META_ROWS = 2,
    META_IDS = 4,
    META_COPIES = 8,
    META_MOVES = 16,
    META_DRAW = 32,
};

typedef struct Meta {
    int n;             /* rows of linear, norm, silu, embed, top */
    int ids[ROWS_MAX]; /* for embed */
    int rows, base;    /* as in Batch, for the rest */
    int slot[ROWS_MAX], prefix[ROWS_MAX], length[ROWS_MAX]; /* length = position + 1 */
    uint64_t mask[ROWS_MAX];
    int moves, to, from[ROWS_MAX];
    uint32_t seed, position[ROWS_MAX]; /* of draws */
    int copies, floats[COPIES_MAX];
    float *copy_to[COPIES_MAX];
    const float *copy_from[COPIES_MAX];
} Meta;

/* Activations as mma's second operand wants them, made by `prepare`. */
typedef enum ActForm {
    ACT_HALF,  /* one plane: halves of x * 2^e, one e per row, and sums of 32 */
    ACT_BF16,  /* two planes: x = high + low, for float weights whose range halves do not have */
    ACT_PLAIN, /* row-major [ROWS_MAX][cols] halves of x * 2^e, zero rows behind the last */
    ACT_FLOAT, /* row-major [ROWS_MAX][cols] floats */
} ActForm;

typedef struct PrepareArgs {
    const Meta *meta;
    const float *x, *weight; /* weight: of the norm, or NULL */
    float eps;
    int cols, form, each; /* each: rows here for each row of the batch */
    uint32_t *values;     /* [planes][COLUMN_TILES * each][steps][2][WARP][4], or row-major */
    uint32_t *sums;       /* [COLUMN_TILES * each][groups of 4 steps][WARP][2] */
    float *scale;         /* [ROWS_MAX * each] 2^-e */
} PrepareArgs;

/* One matrix of a linear kernel. Rows are dealt out in units: two tiles of one matrix, or one of
 * gate and one of up. A unit's inputs are cut into k_warps * splits slices. */
typedef struct LinearPart {
    const uint8_t *data;
    const float *bias;
    float *out;
    int rows, first; /* first: number of the part's first block */
    int k_warps, splits;
    int64_t partial_at; /* in floats: where its sums of split inputs go */
} LinearPart;

typedef struct LinearArgs {
    const Meta *meta;
    const uint32_t *values, *sums;
    const float *scale;
    float *partial;
    unsigned *counters; /* one per unit block, zero between kernels */
    float gain;         /* Linear.scale, or 1 */
    int cols, column;   /* column: first row of the batch, a multiple of CHUNK */
    int mode, parts, pad;
    LinearPart part[LINEAR_MAX];
} LinearArgs;

/* Which experts rows go through. A pair is a row of the batch and one of its experts; those of a
 * row are in ascending order of its experts. */
typedef struct Routed {
    int active;                      /* experts that some row goes through, */
    int expert[EXPERTS_MAX];         /* ascending, */
    int first[EXPERTS_MAX + 1];      /* and where each one's pairs begin in */
    int order[ROWS_MAX * PICKS_MAX]; /* numbers of pairs: row * picks and on */
    int id[ROWS_MAX * PICKS_MAX];    /* expert of a pair, and its weight */
    float weight[ROWS_MAX * PICKS_MAX];
} Routed;

typedef struct RouteArgs {
    const Meta *meta;
    const float *logits; /* [rows][experts] */
    Routed *routed;
    int experts, picks;
} RouteArgs;

/* Stacks of matrices times what each expert's pairs have. Parts as in LinearArgs, none of them
 * split over blocks; outputs are [pairs][rows]. */
typedef struct StackArgs {
    LinearArgs linear;
    const Routed *routed;
    int picks, by_pair; /* by_pair: activations are there for each pair, else for each row */
} StackArgs;

typedef struct PairsArgs {
    const Meta *meta;
    const Routed *routed;
    const float *a, *b; /* [pairs][cols]; pair_add: a only */
    float *out;         /* pair_swiglu: [pairs][cols]; pair_add: [rows][cols] */
    int cols, picks;
} PairsArgs;

typedef struct DequantiseArgs {
    const uint8_t *data; /* the first tile */
    void *out;           /* [tiles * 16][cols] halves; floats, for BF16 and F32 */
    int cols, tiles;
} DequantiseArgs;

/* After a library's product: what a linear kernel does at its end. */
typedef struct FinishArgs {
    const Meta *meta;
    const float *y[2], *bias[2]; /* [ROWS_MAX][stride] */
    const float *scale;
    float *out;
    float gain; /* Linear.scale, or 1 */
    int rows, stride, mode;
} FinishArgs;

typedef struct EmbedArgs {
    const Meta *meta;
    const uint8_t *data;
    float *out;
    float scale;
    int type, cols, pad;
} EmbedArgs;

typedef struct NormArgs {
    const Meta *meta;
    const float *x, *weight;
    float *out;
    float eps;
    int heads, cols;
    int add; /* out is added to */
} NormArgs;

typedef struct GatherArgs {
    const Meta *meta;
    const float *x;
    const int *places;
    float *out;
    int stride, count;
} GatherArgs;

/* As rows of the Meta's count, so that the command is the same for any number of them. */
typedef struct SiluAddArgs {
    const Meta *meta;
    const float *x;
    float *out;
    int cols;
} SiluAddArgs;

typedef struct RopeTableArgs {
    const float *factors; /* [pairs] or NULL */
    float *table;         /* [positions][pairs][2] cosine, sine */
    float base, scale;
    int pairs, positions;
} RopeTableArgs;

typedef struct RopeArgs {
    const Meta *meta;
    const float *table;
    float *x[2]; /* queries and keys */
    int heads[2];
    float warmer[2]; /* as in Rope */
    int warmer_every[2];
    int parts, pairs, neox, dim; /* dim: of a head */
} RopeArgs;

/* Where keys and values are: see kv_store.h. */
typedef struct KvArgs {
    uint8_t *keys, *values; /* of a layer */
    int heads, dim, padded;
    int slots;           /* that the layer keeps, a multiple of 16: slot s is in place s % slots */
    int block_bytes, q8; /* q8: bytes and scales, else halves */
} KvArgs;

typedef struct KvWriteArgs {
    const Meta *meta;
    KvArgs kv;
    const float *key, *value;
} KvWriteArgs;

/* Where a layer's keys and values begin, in bytes, and what its KvArgs.slots are. */
typedef struct KvPlace {
    int64_t at, slots;
} KvPlace;

typedef struct KvMoveArgs {
    const Meta *meta;
    KvArgs kv;             /* keys, values: of all layers */
    const KvPlace *layers; /* from the first one to be moved on */
} KvMoveArgs;

typedef struct KvReadArgs {
    KvArgs kv;
    int slot;
    float *out; /* [2][heads][dim] */
} KvReadArgs;

/* Queries for a q8 cache's keys. */
typedef struct TurnArgs {
    const Meta *meta;
    const float *q; /* [rows][heads][dim] */
    float *out;     /* [rows][heads][padded] */
    int heads, dim, padded;
} TurnArgs;

typedef struct AttendArgs {
    const Meta *meta;
    KvArgs kv;
    const float *q; /* [rows][heads][q_dim] */
    int q_dim;
    float *out;
    float scale;
    int heads, first, rows; /* rows of the batch, from first on */
    int window, pad;        /* last positions that a row sees; 0 = all */
    float *piece;           /* [pieces][rows * heads][dim] */
    float *weight;          /* [pieces][rows * heads][2] largest score, sum */
} AttendArgs;

typedef struct CopyArgs {
    const Meta *meta;
} CopyArgs;

typedef struct Entry {
    float value;
    int id;
} Entry;

typedef struct TopArgs {
    const Meta *meta;
    const float *logits;
    int stride, vocab, count, chunks;
    Entry *chunk_best; /* [ROWS_MAX][chunks][count] */
    float *chunk_sums; /* [ROWS_MAX][chunks] sums of exp(x - largest of the chunk) */
    Entry *results;    /* [ROWS_MAX][record] the best, then the log of the sum of exp */
    int record;
} TopArgs;

/* top: of the noisy best; before its results are two of each row's already: its best without noise,
 * and the log of the sum of exp. */
typedef struct DrawArgs {
    TopArgs top;
    const int *tokens; /* [vocab] or NULL */
    float temperature, top_p;
    int top_k;
    float *floor; /* [ROWS_MAX] what survives is at least so large */
} DrawArgs;

typedef struct LimitArgs {
    const void *data;
    float *out; /* [blocks][THREADS] */
    int rounds;
} LimitArgs;

/* The kernels: name, arguments, bytes of shared memory. dequantise and stack are there for each
 * type, linear for each type and number of column tiles. */
#define CUDA_KERNELS(X)                         \
    X(prepare, PrepareArgs, WARPS_SHARED)       \
    X(finish, FinishArgs, 0)                    \
    X(embed, EmbedArgs, 0)                      \
    X(norm, NormArgs, WARPS_SHARED)             \
    X(route, RouteArgs, ROUTE_SHARED)           \
    X(route_group, RouteArgs, GROUP_SHARED)     \
    X(pair_swiglu, PairsArgs, 0)                \
    X(pair_add, PairsArgs, 0)                   \
    X(silu_add, SiluAddArgs, 0)                 \
    X(gather, GatherArgs, 0)                    \
    X(rope_table, RopeTableArgs, 0)             \
    X(rope, RopeArgs, 0)                        \
    X(kv_write, KvWriteArgs, 0)                 \
    X(kv_move, KvMoveArgs, 0)                   \
    X(kv_read, KvReadArgs, 0)                   \
    X(turn, TurnArgs, 0)                        \
    X(attend_pieces, AttendArgs, PIECES_SHARED) \
    X(attend, AttendArgs, ATTEND_SHARED)        \
    X(copy, CopyArgs, 0)                        \
    X(top_chunks, TopArgs, TOP_SHARED)          \
    X(top, TopArgs, TOP_SHARED)                 \
    X(cut, DrawArgs, CUT_SHARED)                \
    X(draw_chunks, DrawArgs, TOP_SHARED)        \
    X(limit_read, LimitArgs, 0)                 \
    X(limit_mma, LimitArgs, 0)                  \
    CUDA_LEARN_KERNELS(X)

#define CUDA_LINEARS_OF(X, type) X(type, 1) X(type, 2) X(type, 4) X(type, 8)

typedef enum KernelId {
#define X(name, Args, shared) KERNEL_##name,
    CUDA_KERNELS(X)
#undef X
#define QUANT_TYPE(name, ...) KERNEL_dequantise_##name, KERNEL_stack_##name,
#include "kernels/quant_types.def"
#define X(type, tiles) KERNEL_linear_##type##_##tiles,
#define QUANT_TYPE(name, ...) CUDA_LINEARS_OF(X, name)
#include "kernels/quant_types.def"
#undef X
        KERNEL_COUNT
} KernelId;

#endif
