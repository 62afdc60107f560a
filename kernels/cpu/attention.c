/* attention.c - softmax(scale * q · keys) · values for every row and head of a batch.
 *
 * Queries that share a key head (a row's heads of one group, and all rows) are taken up to 8 at a
 * time, so that the cache is read once for all of them: scores by slot -> each query's scores in
 * logical order -> softmax -> values added in logical order. Where the tree's slots lie, and which
 * other rows there are, changes no bit (isa_attention.h). Threads take whole tiles.
 */
#include <stdatomic.h>
#include <string.h>

#include "kernels/cpu/cpu.h"

enum { ALONE = 1 << 15 }; /* multiplications that are not worth waking anyone for */

typedef struct Job {
    Cpu *cpu;
    const KvCache *kv;
    const Batch *batch;
    int layer;
    const float *q;
    int heads, group; /* group = query heads per key head */
    int window;       /* last positions that a row sees; 0 = all */
    float *out;
    float scale;
    int tiles; /* per key head */
    atomic_int next;
} Job;

/* Query j of a key head: row j / group, head j % group of the group. It sees the slots first …
 * prefix - 1, and the row's tree slots but for `passed` of them. */
typedef struct Query {
    int row, head, first, prefix, passed;
    int length; /* positions that it sees */
} Query;

static Query query_at(const Job *job, int key_head, int j)
{
    int row = j / job->group, length = batch_position(job->batch, row) + 1;
    int prefix = job->batch->prefix[row];
    int first = job->window && length > job->window ? length - job->window : 0;
    return (Query){.row = row,
                   .head = key_head * job->group + j % job->group,
                   .first = first < prefix ? first : prefix,
                   .prefix = prefix,
                   .passed = first < prefix ? 0 : first - prefix,
                   .length = length - first};
}

/* The tree slots that a query sees, in logical order; returns how many. */
static int tree_slots(const Batch *batch, const Query *query, int slots[TREE_SLOTS])
{
    int n = 0, passed = query->passed;
    for (uint64_t mask = batch->mask[query->row]; mask; mask &= mask - 1)
        if (passed-- <= 0)
            slots[n++] = batch->base + __builtin_ctzll(mask);
    return n;
}

/* How many of `count` slots from `slot` on lie in one piece in a layer. */
static int in_one_piece(const KvCache *kv, int layer, int slot, int count)
{
    int left = kv->layer[layer].slots - kv_place(kv, layer, slot);
    return count < left ? count : left;
}

/* Isa.scores of the blocks from slot `from`, a multiple of 16, to `to`. */
static void scores_between(const Job *job, const char *keys, int from, int to, const float *q,
                           int count, float *out, size_t stride)
{
    const KvCache *kv = job->kv;
    for (int n; from < to; from += n, out += n) {
        n = in_one_piece(kv, job->layer, from, (to - from + 15) / 16 * 16);
        const char *at = keys + (size_t)kv_place(kv, job->layer, from) * kv->slot_bytes;
        job->cpu->isa->scores(at, kv->type, kv->padded, n / 16, q, count, out, stride);
    }
}

/* Isa.mix of the slots from … to - 1, if there are any; p: the first one's. */
static void mix_between(const Job *job, const char *values, int from, int to, const float *p,
                        size_t stride, int count, float *acc)
{
    const KvCache *kv = job->kv;
    for (int n; from < to; from += n, p += n) {
        n = in_one_piece(kv, job->layer, from, to - from);
        const char *at = values + (size_t)kv_place(kv, job->layer, from) * kv->slot_bytes;
        job->cpu->isa->mix(at, kv->type, kv->padded, NULL, n, p, stride, count, acc);
    }
}

static void tile(const Job *job, int key_head, int from, int count, float *scratch)
{
    const Isa *isa = job->cpu->isa;
    const KvCache *kv = job->kv;
    const Batch *batch = job->batch;
    const char *keys = kv_keys(kv, job->layer, key_head),
               *values = kv_values(kv, job->layer, key_head);
    int dim = kv->padded, longest = 0, shortest = kv->slots, first = shortest, latest = 0;
    uint64_t trees = 0;
    Query query[TILE];
    _Alignas(64) float q[TILE * DIM_MAX], acc[TILE * DIM_MAX], tree[TILE * (TREE_SLOTS + 16)];
    int slots[TREE_SLOTS];
    float inverse[TILE];

    memset(q, 0, (size_t)(count * dim) * sizeof *q);
    memset(acc, 0, (size_t)(count * dim) * sizeof *acc);
    for (int i = 0; i < count; i++) {
        query[i] = query_at(job, key_head, from + i);
        size_t at =
            ((size_t)query[i].row * (size_t)job->heads + (size_t)query[i].head) * (size_t)kv->dim;
        memcpy(q + i * dim, job->q + at, (size_t)kv->dim * sizeof *q);
        if (kv->type == KV_Q8)
            kv_turn(q + i * dim, dim);
        longest = query[i].prefix > longest ? query[i].prefix : longest;
        shortest = query[i].prefix < shortest ? query[i].prefix : shortest;
        first = query[i].first < first ? query[i].first : first;
        latest = query[i].first > latest ? query[i].first : latest;
        trees |= batch->mask[query[i].row];
    }

    /* Scores by slot, from a block's first one on: of the prefix in place, of the tree's blocks
     * aside. */
    first = first / 16 * 16;
    size_t stride = ((size_t)(longest - first) + TREE_SLOTS + 31) / 16 * 16;
    scores_between(job, keys, first, longest, q, count, scratch, stride);
    if (trees)
        scores_between(job, keys, batch->base / 16 * 16, batch->base + 64 - __builtin_clzll(trees),
                       q, count, tree, TREE_SLOTS + 16);
    for (int i = 0; i < count; i++) {
        float *p = scratch + (size_t)i * stride;
        int n = tree_slots(batch, &query[i], slots);
        for (int t = 0; t < n; t++)
            p[query[i].prefix - first + t] =
                tree[i * (TREE_SLOTS + 16) + slots[t] - batch->base / 16 * 16];
        inverse[i] = 1.0f / isa->softmax(p + query[i].first - first, query[i].length, job->scale);
    }

    /* Values: each query's own that come before, the part that all see together, then each one's
     * rest. */
    if (latest > shortest)
        latest = shortest;
    for (int i = 0; i < count; i++) {
        const float *p = scratch + (size_t)i * stride;
        mix_between(job, values, query[i].first, latest, p + query[i].first - first, stride, 1,
                    acc + i * dim);
    }
    mix_between(job, values, latest, shortest, scratch + latest - first, stride, count, acc);
    for (int i = 0; i < count; i++) {
        float *p = scratch + (size_t)i * stride, *a = acc + i * dim;
        int from = query[i].first > shortest ? query[i].first : shortest;
        mix_between(job, values, from, query[i].prefix, p + from - first, stride, 1, a);
        int n = tree_slots(batch, &query[i], slots);
        for (int t = 0; t < n; t++)
            slots[t] = kv_place(kv, job->layer, slots[t]);
        isa->mix(values, kv->type, dim, slots, n, p + query[i].prefix - first, stride, 1, a);
        float *out =
            job->out +
            ((size_t)query[i].row * (size_t)job->heads + (size_t)query[i].head) * (size_t)kv->dim;
        for (int d = 0; d < kv->dim; d++)
            out[d] = a[d] * inverse[i];
    }
}

static void work(void *context, int worker)
{
    Job *job = context;
    int queries = job->batch->n * job->group, units = job->kv->heads * job->tiles;
    float *scratch = job->cpu->scores + (size_t)worker * job->cpu->scores_max;
    for (int u; (u = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed)) < units;) {
        int t = u % job->tiles;
        int from = queries * t / job->tiles, to = queries * (t + 1) / job->tiles;
        tile(job, u / job->tiles, from, to - from, scratch);
    }
}

void attention_run(Kernels *k, const KvCache *kv, int layer, const Batch *batch, const float *q,
                   int heads, const Attention *how, float *out)
{
    Job job = {.cpu = cpu_of(k), .kv = kv, .batch = batch, .layer = layer, .q = q, .heads = heads};
    job.group = heads / kv->heads;
    job.out = out;
    job.scale = how->scale;
    job.window = how->window;
    /* Tiles of at most 8 queries; smaller ones while they do not share out evenly. */
    int queries = batch->n * job.group, threads = k->threads;
    job.tiles = (queries + TILE - 1) / TILE;
    while (kv->heads * job.tiles % threads && kv->heads * job.tiles < 4 * threads &&
           job.tiles < queries)
        job.tiles++;
    long long cost = 0;
    for (int i = 0; i < batch->n; i++)
        cost += (long long)batch->prefix[i] * heads * kv->dim;
    if (cost < ALONE)
        work(&job, 0);
    else
        pool_run(job.cpu->pool, work, &job);
}
