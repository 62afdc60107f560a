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
    float *out;
    float scale;
    int tiles; /* per key head */
    atomic_int next;
} Job;

/* Query j of a key head: row j / group, head j % group of the group. */
typedef struct Query {
    int row, head, prefix, length;
} Query;

static Query query_at(const Job *job, int key_head, int j)
{
    int row = j / job->group;
    return (Query){.row = row,
                   .head = key_head * job->group + j % job->group,
                   .prefix = job->batch->prefix[row],
                   .length = batch_position(job->batch, row) + 1};
}

/* The tree slots that a query sees, in logical order; returns how many. */
static int tree_slots(const Batch *batch, const Query *query, int slots[TREE_SLOTS])
{
    int n = 0;
    for (uint64_t mask = batch->mask[query->row]; mask; mask &= mask - 1)
        slots[n++] = batch->base + __builtin_ctzll(mask);
    return n;
}

static void tile(const Job *job, int key_head, int from, int count, float *scratch)
{
    const Isa *isa = job->cpu->isa;
    const KvCache *kv = job->kv;
    const Batch *batch = job->batch;
    const char *keys = kv_keys(kv, job->layer, key_head),
               *values = kv_values(kv, job->layer, key_head);
    int dim = kv->padded, longest = 0, shortest = kv->slots;
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
        trees |= batch->mask[query[i].row];
    }

    /* Scores by slot: of the prefix in place, of the tree's blocks aside. */
    size_t stride = ((size_t)longest + TREE_SLOTS + 31) / 16 * 16;
    isa->scores(keys, kv->type, dim, (longest + 15) / 16, q, count, scratch, stride);
    if (trees) {
        int first = batch->base / 16, last = (batch->base + 63 - __builtin_clzll(trees)) / 16;
        const char *at = keys + (size_t)first * KV_BLOCK * kv->slot_bytes;
        isa->scores(at, kv->type, dim, last - first + 1, q, count, tree, TREE_SLOTS + 16);
    }
    for (int i = 0; i < count; i++) {
        float *p = scratch + (size_t)i * stride;
        int n = tree_slots(batch, &query[i], slots);
        for (int t = 0; t < n; t++)
            p[query[i].prefix + t] = tree[i * (TREE_SLOTS + 16) + slots[t] - batch->base / 16 * 16];
        inverse[i] = 1.0f / isa->softmax(p, query[i].length, job->scale);
    }

    /* Values: the part that all see together, then each query's own rest. */
    isa->mix(values, kv->type, dim, NULL, shortest, scratch, stride, count, acc);
    for (int i = 0; i < count; i++) {
        float *p = scratch + (size_t)i * stride, *a = acc + i * dim;
        const char *rest = values + (size_t)shortest * kv->slot_bytes;
        isa->mix(rest, kv->type, dim, NULL, query[i].prefix - shortest, p + shortest, stride, 1, a);
        int n = tree_slots(batch, &query[i], slots);
        isa->mix(values, kv->type, dim, slots, n, p + query[i].prefix, stride, 1, a);
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
