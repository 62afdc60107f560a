/* cpu_scratch.c - the CPU backend's scratch: grown for the widest matrix, the longest cache and the
 * largest mixture of experts so far.
 */
#include "kernels/cpu/cpu.h"

int cpu_reserve_cols(Cpu *cpu, int cols)
{
    if (cols <= cpu->cols_max)
        return 0;
    size_t groups = ((size_t)cols + GROUP - 1) / GROUP;
    ActGroup *acts = store_alloc(cpu->store, ROWS_MAX * groups * sizeof *acts);
    float *floats = store_alloc(cpu->store, ROWS_MAX * (size_t)cols * sizeof *floats);
    if (!acts || !floats) {
        store_free(cpu->store, acts);
        store_free(cpu->store, floats);
        return -1;
    }
    store_free(cpu->store, cpu->acts);
    store_free(cpu->store, cpu->floats);
    cpu->acts = acts;
    cpu->floats = floats;
    cpu->cols_max = cols;
    return 0;
}

int cpu_reserve_scores(Cpu *cpu, size_t floats)
{
    if (floats <= cpu->scores_max)
        return 0;
    size_t threads = (size_t)cpu->table.threads;
    float *scores = store_alloc(cpu->store, threads * floats * sizeof *scores);
    if (!scores)
        return -1;
    store_free(cpu->store, cpu->scores);
    cpu->scores = scores;
    cpu->scores_max = floats;
    return 0;
}

void cpu_free_pairs(Cpu *cpu)
{
    Pairs *p = &cpu->pairs;
    store_free(cpu->store, p->acts);
    store_free(cpu->store, p->floats);
    store_free(cpu->store, p->inner);
    store_free(cpu->store, p->logits);
    store_free(cpu->store, p->route);
    *p = (Pairs){0};
}

int cpu_reserve_pairs(Cpu *cpu, int picks, int cols)
{
    Pairs *old = &cpu->pairs, now = {.most = ROWS_MAX * picks, .wide = cols};
    if (now.most <= old->most && now.wide <= old->wide)
        return 0;
    now.most = now.most > old->most ? now.most : old->most;
    now.wide = now.wide > old->wide ? now.wide : old->wide;
    size_t most = (size_t)now.most, wide = (size_t)now.wide;
    Pairs kept = *old;
    *old = now;
    old->acts = store_alloc(cpu->store, most * ((wide + GROUP - 1) / GROUP) * sizeof *old->acts);
    old->floats = store_alloc(cpu->store, most * wide * sizeof *old->floats);
    old->inner = store_alloc(cpu->store, most * wide * sizeof *old->inner);
    old->logits = store_alloc(cpu->store, ROWS_MAX * EXPERTS_MAX * sizeof *old->logits);
    old->route = store_alloc(cpu->store, sizeof *old->route);
    bool there = old->acts && old->floats && old->inner && old->logits && old->route;
    Pairs grown = *old;
    *old = there ? kept : grown; /* what is not wanted */
    cpu_free_pairs(cpu);
    *old = there ? grown : kept;
    return there ? 0 : -1;
}
