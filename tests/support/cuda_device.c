/* cuda_device.c - takes cuda_twin.c's place in `make cuda-check`: the same tests on a real device.
 *
 * Where there is none they skip and say so, and so do those that ask for what only the twin can do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/cuda/cuda.h"
#include "tests/support/cuda_twin.h"

Gpu *twin_open(const TwinOptions *options)
{
    (void)options;
    print_message("skipped: a device's memory is what it is\n");
    skip();
    return NULL;
}

Kernels *twin_kernels(const TwinOptions *options)
{
    Gpu *gpu;
    Kernels *k = NULL;
    Err err = {0};
    if (options->memory < (size_t)1 << 30)
        twin_open(options);
    if (cuda_driver_open(&gpu, &err)) {
        print_message("skipped: no device: %s\n", err.text);
        skip();
    }
    if (!options->has_gemm) {
        gpu->gemm = NULL;
        gpu->product = NULL;
    }
    if (cuda_open(&k, gpu, &err))
        fail_msg("%s", err.text);
    return k;
}

const TwinCounts *twin_counts(const Gpu *gpu)
{
    (void)gpu;
    return NULL;
}

Gpu *twin_of(Kernels *k)
{
    return cuda_of(k)->gpu;
}
