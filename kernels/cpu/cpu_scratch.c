/* cpu_scratch.c - the CPU backend's scratch: grown for the widest matrix and the longest cache so far. */
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
