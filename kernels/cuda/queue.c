/* queue.c - commands wait here until somebody needs a result, and then go off in one go.
 *
 * The engine calls one operation after the other; a pass over a model is some hundred. What they
 * are told differs from step to step only in the Meta, so the same commands come again and again:
 * the second time that a sequence is seen it is kept as a graph, and from then on one launch sends
 * it off. No operation has to know.
 *
 * The Meta is sent before the commands that wait. So a field may be changed as long as none of them
 * reads it; else they go off first.
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cuda.h"

enum {
    QUEUE_MAX = 2048, /* commands that wait at most */
    GRAPH_MIN = 6,    /* that are worth a graph */
};

#define X(name, Args, shared) _Static_assert(sizeof(Args) <= ARGS_BYTES, #name);
CUDA_KERNELS(X)
#undef X
_Static_assert(sizeof(LinearArgs) <= ARGS_BYTES, "linear");
_Static_assert(sizeof(StackArgs) <= ARGS_BYTES, "stack");

int cuda_round_rows(int n)
{
    int rows = COLUMNS;
    while (rows < n)
        rows *= 2;
    return rows;
}

int queue_open(Cuda *cuda, Err *err)
{
    Queue *q = &cuda->queue;
    q->device = cuda->gpu->alloc(cuda->gpu, sizeof *q->device);
    q->stages = cuda->gpu->host_alloc(cuda->gpu, STAGES * sizeof *q->stages);
    q->commands = malloc(QUEUE_MAX * sizeof *q->commands);
    q->changed = true;
    if (q->device && q->stages && q->commands)
        return 0;
    return err_set(err, EXIT_MEMORY, "no memory for the CUDA backend's queue");
}

static void graph_drop(Cuda *cuda, Graph *graph)
{
    if (graph->graph)
        cuda->gpu->graph_close(cuda->gpu, graph->graph);
    free(graph->commands);
    *graph = (Graph){0};
}

void queue_forget(Cuda *cuda)
{
    for (int i = 0; i < GRAPHS_MAX; i++)
        graph_drop(cuda, &cuda->queue.graphs[i]);
}

void queue_close(Cuda *cuda)
{
    Queue *q = &cuda->queue;
    queue_forget(cuda);
    cuda->gpu->free(cuda->gpu, q->device);
    cuda->gpu->host_free(cuda->gpu, q->stages);
    free(q->commands);
}

void queue_add(Cuda *cuda, KernelId kernel, int x, int y, int z, const void *args, size_t bytes,
               uint32_t reads)
{
    Queue *q = &cuda->queue;
    if (q->n == QUEUE_MAX)
        queue_flush(cuda);
    GpuCommand *c = &q->commands[q->n++];
    memset(c, 0, sizeof *c);
    c->kernel = (int32_t)kernel;
    c->grid[0] = x;
    c->grid[1] = y;
    c->grid[2] = z;
    c->bytes = (uint32_t)bytes;
    memcpy(c->args, args, bytes);
    q->reads |= reads;
}

Meta *queue_meta(Cuda *cuda, uint32_t fields)
{
    Queue *q = &cuda->queue;
    if (q->reads & fields)
        queue_flush(cuda);
    q->changed = true;
    return &q->meta;
}

void queue_count(Cuda *cuda, int n)
{
    if (cuda->queue.meta.n != n)
        queue_meta(cuda, META_N)->n = n;
}

static bool same_rows(const Meta *meta, const Batch *batch)
{
    size_t n = (size_t)batch->n;
    return meta->rows == batch->n && meta->base == batch->base &&
           !memcmp(meta->slot, batch->slot, n * sizeof(int)) &&
           !memcmp(meta->prefix, batch->prefix, n * sizeof(int)) &&
           !memcmp(meta->mask, batch->mask, n * sizeof(uint64_t));
}

void queue_rows(Cuda *cuda, const Batch *batch)
{
    if (same_rows(&cuda->queue.meta, batch))
        return;
    Meta *meta = queue_meta(cuda, META_ROWS);
    meta->rows = batch->n;
    meta->base = batch->base;
    for (int i = 0; i < batch->n; i++) {
        meta->slot[i] = batch->slot[i];
        meta->prefix[i] = batch->prefix[i];
        meta->mask[i] = batch->mask[i];
        meta->length[i] = batch_position(batch, i) + 1;
    }
}

static void meta_send(Cuda *cuda)
{
    Queue *q = &cuda->queue;
    if (q->stage == STAGES) { /* all under way */
        cuda->gpu->wait(cuda->gpu);
        q->stage = 0;
    }
    q->stages[q->stage] = q->meta;
    cuda->gpu->put(cuda->gpu, q->device, &q->stages[q->stage], sizeof q->meta);
    q->stage++;
    q->changed = false;
}

static uint64_t commands_hash(const GpuCommand *commands, int n)
{
    uint64_t hash = 0xcbf29ce484222325u;
    const unsigned char *p = (const unsigned char *)commands;
    for (size_t i = 0; i < (size_t)n * sizeof *commands; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* The entry of these commands, or a new one in the place of the least recently used. */
static Graph *graph_find(Cuda *cuda, uint64_t hash)
{
    Queue *q = &cuda->queue;
    Graph *oldest = &q->graphs[0];
    for (int i = 0; i < GRAPHS_MAX; i++) {
        Graph *g = &q->graphs[i];
        if (g->used && g->hash == hash)
            return g;
        if (g->used < oldest->used)
            oldest = g;
    }
    graph_drop(cuda, oldest);
    oldest->hash = hash;
    return oldest;
}

static bool graph_is(const Graph *g, const Queue *q)
{
    return g->graph && g->n == q->n &&
           !memcmp(g->commands, q->commands, (size_t)q->n * sizeof *q->commands);
}

/* True when the commands went off as a graph. */
static bool graph_run(Cuda *cuda)
{
    Queue *q = &cuda->queue;
    if (q->n < GRAPH_MIN)
        return false;
    Graph *g = graph_find(cuda, commands_hash(q->commands, q->n));
    bool seen = g->used != 0;
    g->used = ++q->clock;
    if (seen && !g->commands) {
        size_t bytes = (size_t)q->n * sizeof *q->commands;
        g->commands = malloc(bytes);
        if (g->commands) {
            memcpy(g->commands, q->commands, bytes);
            g->n = q->n;
            g->graph = cuda->gpu->graph_open(cuda->gpu, q->commands, q->n);
        }
    }
    if (!graph_is(g, q))
        return false;
    cuda->gpu->graph_launch(cuda->gpu, g->graph);
    return true;
}

void queue_send(Cuda *cuda, bool graphs)
{
    Queue *q = &cuda->queue;
    if (q->n == 0)
        return;
    if (q->changed)
        meta_send(cuda);
    if (!graphs || !graph_run(cuda)) {
        for (int i = 0; i < q->n; i++)
            cuda->gpu->launch(cuda->gpu, &q->commands[i]);
    }
    q->n = 0;
    q->reads = 0;
}

void queue_flush(Cuda *cuda)
{
    queue_send(cuda, true);
}

void queue_get(Cuda *cuda, void *to, const void *from, size_t bytes)
{
    queue_flush(cuda);
    cuda->gpu->get(cuda->gpu, to, from, bytes);
    cuda->queue.stage = 0;
    cuda->table.back_copies++;
    cuda->table.back_bytes += bytes;
}
