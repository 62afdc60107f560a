/* limits.c - measures the machine by the backend that is open: see limits.h. */
#include "kernels/limits.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/cpu.h"
#include "kernels/cuda/device/gpu.h"

struct Limits {
    Kernels *kernels;
    CpuLimits *cpu; /* NULL = a device, which measures itself */
};

int limits_open(Limits **limits, Kernels *kernels, Err *err)
{
    *limits = NULL;
    Limits *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(err, EXIT_MEMORY, "no memory to measure the machine: it takes 256 MB");
    l->kernels = kernels;
    if (strcmp(kernels->device, "cpu") == 0 && cpu_limits_open(&l->cpu, kernels, err) != 0) {
        free(l);
        return -1;
    }
    *limits = l;
    return 0;
}

void limits_close(Limits *limits)
{
    if (limits)
        cpu_limits_close(limits->cpu);
    free(limits);
}

double limits_measure(Limits *l, Limit limit)
{
    return l->cpu ? cpu_limit(l->cpu, limit) : cuda_limit(l->kernels, (int)limit);
}
