/* matmul.h - what the products of matmul.c and experts.c share: one panel times some rows, and the
 * dealing out of panels to threads.
 */
#ifndef S2D_KERNELS_CPU_MATMUL_H
#define S2D_KERNELS_CPU_MATMUL_H

#include "kernels/cpu/cpu.h"

/* Rows that panels are multiplied by, in the form that the matrix wants. */
typedef struct Operand {
    const ActGroup *acts;  /* [groups][n] */
    const float *floats;   /* [n][cols] */
    const IsaTiles *tiles; /* begun for n rows; NULL = the products are not by tiles */
    int n;
} Operand;

static inline bool wants_floats(const Cpu *cpu, const Matrix *m)
{
    return cpu->table.act_f32 || quant_is_float(m->type);
}

/* acc[i] = 16 outputs of row i. data: the panel */
static inline void panel_times(const Cpu *cpu, const Matrix *m, const uint8_t *data, Ahead ahead,
                               const Operand *x, float (*acc)[PANEL])
{
    if (wants_floats(cpu, m))
        cpu->isa->dot_float(m->type, m->cols, data, x->floats, x->n, acc);
    else if (x->tiles)
        x->tiles->dot(m->type, m->cols, data, ahead, x->acts, x->n, acc);
    else
        cpu->isa->dot(m->type, m->cols, data, ahead, x->acts, x->n, acc);
}

/* The first of thread t's share of `count`. */
static inline int share_start(const Cpu *cpu, int count, int t)
{
    return (int)((long long)count * t / cpu->table.threads);
}

/* Deals `count` out: part j's shares. */
static inline void shares_deal(Cpu *cpu, int j, int count)
{
    for (int t = 0; t < cpu->table.threads; t++) {
        uint64_t from = (uint64_t)share_start(cpu, count, t);
        uint64_t to = (uint64_t)share_start(cpu, count, t + 1);
        atomic_store_explicit(&cpu->shares[j * cpu->table.threads + t].range, from | to << 32,
                              memory_order_relaxed);
    }
}

/* Takes an eighth of what is left of a share, off its front or its back: from … to - 1. Few
 * takings, for each waits until all that was written before is seen; a short end, so that the
 * threads end together. false = nothing is left. */
static inline bool share_take(Share *share, bool front, int *from, int *to)
{
    uint64_t range = atomic_load_explicit(&share->range, memory_order_relaxed), rest;
    uint32_t count;
    do {
        *from = (int)(uint32_t)range;
        *to = (int)(range >> 32);
        count = (uint32_t)(*to - *from + 7) / 8;
        if (count == 0)
            return false;
        rest = front ? range + count : range - ((uint64_t)count << 32);
    } while (!atomic_compare_exchange_weak_explicit(&share->range, &range, rest,
                                                    memory_order_relaxed, memory_order_relaxed));
    *(front ? to : from) = front ? *from + (int)count : *to - (int)count;
    return true;
}

#endif
