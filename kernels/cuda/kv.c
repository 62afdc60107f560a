/* kv.c - keys and values, rotary embedding, attention: see kernels.h and the kernels in
 * kv_store.h, rows.h and attention.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device/lane.h"

enum { POSITIONS_MIN = 1024 /* of a table of angles */ };

static KvCache kv_shape(KvType type, int layers, int kv_heads, int head_dim, int slots)
{
    KvCache kv = {.layers = layers,
                  .args = {.heads = kv_heads,
                           .dim = head_dim,
                           .padded = (head_dim + 15) / 16 * 16,
                           .slots = (slots + 15) / 16 * 16,
                           .q8 = type == KV_Q8}};
    kv.args.block_bytes = (int)(KV_BLOCK * kv_slot_bytes(type, kv.args.padded));
    kv.layer_bytes =
        (size_t)kv_heads * (size_t)(kv.args.slots / KV_BLOCK) * (size_t)kv.args.block_bytes;
    return kv;
}

size_t cuda_kv_bytes(Kernels *k, KvType type, int layers, int kv_heads, int head_dim, int slots)
{
    (void)k;
    KvCache kv = kv_shape(type, layers, kv_heads, head_dim, slots);
    return 2 * (size_t)layers * kv.layer_bytes;
}

KvCache *cuda_kv_open(Kernels *k, KvType type, int layers, int kv_heads, int head_dim, int slots)
{
    Cuda *cuda = cuda_of(k);
    KvCache *kv = malloc(sizeof *kv);
    assert(head_dim <= DIM_MAX && type != KV_F32);
    if (!kv)
        return NULL;
    *kv = kv_shape(type, layers, kv_heads, head_dim, slots);
    size_t bytes = (size_t)layers * kv->layer_bytes;
    kv->args.keys = cuda->gpu->alloc(cuda->gpu, bytes);
    kv->args.values = cuda->gpu->alloc(cuda->gpu, bytes);
    if (!kv->args.keys || !kv->args.values) {
        cuda_kv_close(k, kv);
        return NULL;
    }
    cuda->slots_max = slots > cuda->slots_max ? slots : cuda->slots_max;
    return kv;
}

void cuda_kv_close(Kernels *k, KvCache *kv)
{
    Cuda *cuda = cuda_of(k);
    if (!kv)
        return;
    queue_flush(cuda);
    queue_forget(cuda);
    cuda->gpu->free(cuda->gpu, kv->args.keys);
    cuda->gpu->free(cuda->gpu, kv->args.values);
    free(kv);
}

static KvArgs layer_args(const KvCache *kv, int layer)
{
    KvArgs args = kv->args;
    args.keys += (size_t)layer * kv->layer_bytes;
    args.values += (size_t)layer * kv->layer_bytes;
    return args;
}

void cuda_kv_write(Kernels *k, KvCache *kv, int layer, const Batch *batch, const float *key,
                   const float *value)
{
    Cuda *cuda = cuda_of(k);
    KvWriteArgs args = {cuda->queue.device, layer_args(kv, layer), key, value};
    cuda->best.logits = NULL;
    queue_rows(cuda, batch);
    queue_add(cuda, KERNEL_kv_write, cuda_round_rows(batch->n), 1, 1, &args, sizeof args,
              META_ROWS);
}

void cuda_kv_move(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to)
{
    Cuda *cuda = cuda_of(k);
    KvMoveArgs args = {cuda->queue.device, layer_args(kv, first), (int64_t)kv->layer_bytes};
    assert(n <= ROWS_MAX);
    if (n == 0 || first >= last)
        return;
    Meta *meta = queue_meta(cuda, META_MOVES);
    memcpy(meta->from, from, (size_t)n * sizeof *from);
    meta->moves = n;
    meta->to = to;
    queue_add(cuda, KERNEL_kv_move, kv->args.heads, last - first, 1, &args, sizeof args,
              META_MOVES);
}

void cuda_kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value)
{
    Cuda *cuda = cuda_of(k);
    size_t size = (size_t)kv->args.heads * (size_t)kv->args.dim;
    float *out = cuda_reserve(cuda, &cuda->read, 2 * size * sizeof *out);
    KvReadArgs args = {layer_args(kv, layer), slot, out};
    queue_add(cuda, KERNEL_kv_read, kv->args.heads, 1, 1, &args, sizeof args, 0);
    queue_get(cuda, key, out, size * sizeof *out);
    queue_get(cuda, value, out + size, size * sizeof *out);
}

/* ---- rope ---- */

static void table_drop(Cuda *cuda, RopeTable *table)
{
    if (table->positions) {
        queue_flush(cuda);
        cuda->gpu->free(cuda->gpu, table->table);
    }
    *table = (RopeTable){0};
}

void cuda_rope_forget(Cuda *cuda, const float *from, size_t floats)
{
    for (int i = 0; i < ROPE_TABLES; i++) {
        RopeTable *t = &cuda->rope[i];
        const float *factors = t->rope.factors;
        if (factors && factors + t->rope.dims / 2 > from && factors < from + floats)
            table_drop(cuda, t);
    }
}

/* The same angles? */
static bool same_angles(const Rope *a, const Rope *b)
{
    return a->dims == b->dims && a->base == b->base && a->scale == b->scale &&
           a->factors == b->factors;
}

/* Angles of all positions that a cache has room for; made once for a model. */
static const float *rope_table(Cuda *cuda, const Rope *rope, int positions)
{
    int pairs = rope->dims / 2;
    RopeTable *t = &cuda->rope[0];
    for (int i = 0; i < ROPE_TABLES; i++) {
        RopeTable *one = &cuda->rope[i];
        if (one->positions && same_angles(&one->rope, rope)) {
            t = one;
            break;
        }
        if (one->used < t->used)
            t = one;
    }
    bool same = t->positions && same_angles(&t->rope, rope);
    if (!same || t->positions < positions) {
        table_drop(cuda, t);
        positions = positions > cuda->slots_max ? positions : cuda->slots_max;
        positions = (positions + POSITIONS_MIN - 1) / POSITIONS_MIN * POSITIONS_MIN;
        Scratch room = {0};
        size_t bytes = (size_t)positions * (size_t)pairs * 2 * sizeof(float);
        *t = (RopeTable){*rope, positions, 0, cuda_reserve(cuda, &room, bytes)};
        RopeTableArgs args;
        memset(&args, 0, sizeof args);
        args.factors = rope->factors;
        args.table = t->table;
        args.base = rope->base;
        args.scale = rope->scale;
        args.pairs = pairs;
        args.positions = positions;
        queue_add(cuda, KERNEL_rope_table, positions, 1, 1, &args, sizeof args, 0);
        queue_flush(cuda); /* not part of a step that will be seen again */
    }
    t->used = ++cuda->queue.clock;
    return t->table;
}

/* Keys follow queries: one kernel turns both. */
static bool rope_join(Cuda *cuda, const RopeArgs *args, int rows)
{
    Queue *q = &cuda->queue;
    GpuCommand *last = q->n ? &q->commands[q->n - 1] : NULL;
    RopeArgs before;
    if (!last || last->kernel != KERNEL_rope || last->grid[0] != rows)
        return false;
    memcpy(&before, last->args, sizeof before);
    if (before.parts != 1 || before.table != args->table || before.neox != args->neox ||
        before.dim != args->dim || before.x[0] == args->x[0])
        return false;
    before.x[1] = args->x[0];
    before.heads[1] = args->heads[0];
    before.parts = 2;
    memcpy(last->args, &before, sizeof before);
    last->grid[1] = 2;
    return true;
}

void cuda_rope(Kernels *k, float *x, const Batch *batch, int heads, int head_dim, const Rope *rope)
{
    Cuda *cuda = cuda_of(k);
    int positions = 0;
    cuda->best.logits = NULL;
    for (int i = 0; i < batch->n; i++) {
        int position = batch_position(batch, i);
        positions = position >= positions ? position + 1 : positions;
    }
    RopeArgs args;
    memset(&args, 0, sizeof args);
    args.table = rope_table(cuda, rope, positions);
    args.meta = cuda->queue.device;
    args.x[0] = x;
    args.heads[0] = heads;
    args.parts = 1;
    args.pairs = rope->dims / 2;
    args.neox = rope->neox;
    args.dim = head_dim;
    queue_rows(cuda, batch);
    int grid = cuda_round_rows(batch->n);
    if (!rope_join(cuda, &args, grid))
        queue_add(cuda, KERNEL_rope, grid, 1, 1, &args, sizeof args, META_ROWS);
}

/* ---- attention ---- */

/* Pieces before the tail of the longest row, rounded up so that grids seldom change. */
static int pieces_wanted(const Batch *batch)
{
    int most = 0, grid = 1;
    for (int i = 0; i < batch->n; i++) {
        int length = batch_position(batch, i) + 1;
        int pieces = length > TAIL ? (length - TAIL) / PIECE : 0;
        most = pieces > most ? pieces : most;
    }
    while (grid < most)
        grid *= 2;
    return most ? grid : 0;
}

/* Queries as the keys of a q8 cache are. */
static const float *turned_queries(Cuda *cuda, const KvArgs *kv, const Batch *batch, const float *q,
                                   int heads)
{
    size_t floats = (size_t)ROWS_MAX * (size_t)heads * (size_t)kv->padded;
    TurnArgs args = {.q = q, .heads = heads, .dim = kv->dim, .padded = kv->padded};
    args.out = cuda_reserve(cuda, &cuda->turned, floats * sizeof *args.out);
    args.meta = cuda->queue.device;
    queue_add(cuda, KERNEL_turn, cuda_round_rows(batch->n), 1, 1, &args, sizeof args, META_ROWS);
    return args.out;
}

void cuda_attention(Kernels *k, const KvCache *kv, int layer, const Batch *batch, const float *q,
                    int heads, const Attention *how, float *out)
{
    Cuda *cuda = cuda_of(k);
    int pieces = pieces_wanted(batch), group = heads / kv->args.heads;
    AttendArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.kv = layer_args(kv, layer);
    args.out = out;
    args.scale = how->scale;
    args.heads = heads;
    cuda->best.logits = NULL;
    args.rows = ATTEND_ROWS;
    while (args.rows > COLUMNS && pieces * args.rows > ATTEND_PIECES)
        args.rows /= 2;
    if (pieces) {
        size_t results = (size_t)(pieces * args.rows) * (size_t)heads;
        size_t bytes = results * (size_t)kv->args.dim * sizeof(float);
        args.piece = cuda_reserve(cuda, &cuda->pieces, bytes);
        args.weight = cuda_reserve(cuda, &cuda->piece_weights, results * 2 * sizeof(float));
    }
    queue_rows(cuda, batch);
    args.q = args.kv.q8 ? turned_queries(cuda, &args.kv, batch, q, heads) : q;
    args.q_dim = args.kv.q8 ? args.kv.padded : args.kv.dim;
    for (args.first = 0; args.first < batch->n; args.first += args.rows) {
        int left = batch->n - args.first;
        int grid = cuda_round_rows(left < args.rows ? left : args.rows);
        if (pieces)
            queue_add(cuda, KERNEL_attend_pieces, (grid * group + QUERIES - 1) / QUERIES, pieces,
                      kv->args.heads, &args, sizeof args, META_ROWS);
        queue_add(cuda, KERNEL_attend, grid, kv->args.heads, 1, &args, sizeof args, META_ROWS);
    }
}
