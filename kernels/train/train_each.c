/* train_each.c - deals out the work of training on the CPU: see train_cpu.h. */
#include <stdatomic.h>

#include "kernels/train/train_cpu.h"

typedef struct Each {
    TrainCpu *ops;
    TrainPiece *piece;
    const void *job;
    int pieces;
    atomic_int next;
} Each;

static void each_work(void *context, int worker)
{
    Each *e = context;
    for (int i; (i = atomic_fetch_add_explicit(&e->next, 1, memory_order_relaxed)) < e->pieces;)
        e->piece(e->ops, e->job, i, worker);
}

void train_each(TrainCpu *ops, int pieces, TrainPiece *piece, const void *job)
{
    Each each = {ops, piece, job, pieces, 0};
    if (pieces > 1)
        pool_run(ops->cpu->pool, each_work, &each);
    else
        each_work(&each, 0);
}
