/* measure_limits.c - times the loops of isa_limits.h with all threads, see limits.h.
 *
 * Work is dealt out in pieces by a counter, as everywhere: a thread that comes late does less.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/cpu/cpu.h"

enum {
    DATA_BYTES = 256 << 20,
    PIECE_BYTES = 2 << 20,  /* a huge page */
    ROUNDS_PER_PIECE = 512, /* some 10 us */
};

struct CpuLimits {
    Cpu *cpu;
    uint8_t *data;
    Limit limit;
    int pieces;
    atomic_int next;
    atomic_uint sink; /* the sums go here, so that they are needed */
};

static void work(void *context, int worker)
{
    CpuLimits *l = context;
    const Isa *isa = l->cpu->isa;
    const IsaTiles *tiles = l->cpu->tiles;
    uint32_t sum = 0;
    (void)worker;
    for (int i; (i = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed)) < l->pieces;) {
        if (l->limit == LIMIT_READ)
            sum += (uint32_t)isa->read(l->data + (size_t)i * PIECE_BYTES, PIECE_BYTES);
        else if (l->limit == LIMIT_DOT)
            sum += (uint32_t)(tiles ? tiles->dots : isa->dots)(ROUNDS_PER_PIECE);
        else
            sum += isa->fmas(ROUNDS_PER_PIECE) > 0;
    }
    atomic_fetch_add(&l->sink, sum);
}

/* Seconds that `pieces` pieces take. */
static double run(CpuLimits *l, Limit limit, int pieces)
{
    struct timespec from, to;
    l->limit = limit;
    l->pieces = pieces;
    atomic_store(&l->next, 0);
    clock_gettime(CLOCK_MONOTONIC, &from);
    pool_run(l->cpu->pool, work, l);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

int cpu_limits_open(CpuLimits **limits, Kernels *kernels, Err *err)
{
    *limits = NULL;
    CpuLimits *l = calloc(1, sizeof *l);
    if (l) {
        l->cpu = cpu_of(kernels);
        l->data = store_alloc(l->cpu->store, DATA_BYTES);
    }
    if (!l || !l->data) {
        free(l);
        return err_set(err, EXIT_MEMORY, "no memory to measure the machine: it takes 256 MB");
    }
    memset(l->data, 1, DATA_BYTES); /* or all of it is one page of zeros */
    *limits = l;
    return 0;
}

void cpu_limits_close(CpuLimits *limits)
{
    if (!limits)
        return;
    store_free(limits->cpu->store, limits->data);
    free(limits);
}

double cpu_limit(CpuLimits *l, Limit limit)
{
    if (limit == LIMIT_READ)
        return DATA_BYTES / run(l, LIMIT_READ, DATA_BYTES / PIECE_BYTES);
    const IsaTiles *tiles = l->cpu->tiles;
    int dots = 64 * (tiles ? tiles->round_sums : l->cpu->isa->round_sums);
    double macs =
        (double)ROUNDS_PER_PIECE * (limit == LIMIT_DOT ? dots : 16 * l->cpu->isa->round_sums);
    /* A first piece tells how many make 10 ms: the plain C loops are a hundred times slower. */
    double one = run(l, limit, 1);
    int pieces = one > 0 ? (int)(0.01 * l->cpu->table.threads / one) : 0;
    pieces = pieces < l->cpu->table.threads ? l->cpu->table.threads
             : pieces > 1 << 20             ? 1 << 20
                                            : pieces;
    return pieces * macs / run(l, limit, pieces);
}
