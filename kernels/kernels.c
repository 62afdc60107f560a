/* kernels.c - chooses the backend: see kernels.h.
 *
 * "auto" is the CUDA device when this build and this machine have one, else the CPU. The reference
 * path (act_f32) is the CPU's.
 */
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>

#include "kernels/common/clock.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/store.h"
#include "kernels/cuda/device/gpu.h"

#ifndef S2D_CUDA
int cuda_driver_open(Gpu **gpu, Err *err)
{
    *gpu = NULL;
    return err_set(err, EXIT_NODEVICE, "this build has no CUDA backend; use device cpu");
}
#endif

int kernels_open(Kernels **k, const KernelsOptions *options, Err *err)
{
    const char *device = options->device ? options->device : "auto";
    bool automatic = !strcmp(device, "auto"), cuda = !strcmp(device, "cuda");
    bool any_isa = !options->isa || !strcmp(options->isa, "auto");
    Gpu *gpu;
    *k = NULL;
    if (!automatic && !cuda && strcmp(device, "cpu"))
        return err_set(err, EXIT_USAGE, "unknown device '%s'; use auto, cpu or cuda", device);
    if (cuda && options->act_f32)
        return err_set(err, EXIT_USAGE,
                       "float activations are the CPU's reference path; use device cpu");
    if (cuda)
        return cuda_driver_open(&gpu, err) ? -1 : cuda_open(k, gpu, err);
    /* Threads and instructions are wishes for the CPU. */
    if (!automatic || options->act_f32 || !any_isa || cuda_driver_open(&gpu, NULL))
        return cpu_open(k, options, err);
    return cuda_open(k, gpu, err);
}

double kernels_ms(const Kernels *k)
{
    return k->caller_works ? clock_ran_ms() : clock_ms();
}

bool kernels_cap_threads(KernelsOptions *options, char *line, size_t size)
{
    int most = pool_processors(), asked = options->threads;
    if (asked <= most)
        return false;
    options->threads = most;
    snprintf(line, size,
             "%d threads are more than the %d processor%s that s2d may use: it starts %d", asked,
             most, most == 1 ? "" : "s", most);
    return true;
}

int kernels_processors(void)
{
    return pool_processors();
}

size_t kernels_host_memory(void)
{
    return store_memory_free();
}

void kernels_cuda_state(char *text, size_t size)
{
    Gpu *gpu = NULL;
    Err err = {0};
#ifdef S2D_CUDA
    const char *tested =
        "; this backend's kernels were tested on the host, not yet run on a device";
#else
    const char *tested = "";
#endif
    cuda_driver_open(&gpu, &err);
    snprintf(text, size, "%s%s", gpu ? gpu->name : err.text, tested);
    if (gpu)
        gpu->close(gpu);
}
