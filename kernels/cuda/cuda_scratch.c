/* cuda_scratch.c - the CUDA backend's scratch: grown as it is asked for. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cuda/cuda.h"

void *cuda_reserve(Cuda *cuda, Scratch *scratch, size_t bytes)
{
    if (bytes <= scratch->bytes)
        return scratch->data;
    queue_flush(cuda);
    cuda->gpu->wait(cuda->gpu);
    cuda->gpu->free(cuda->gpu, scratch->data);
    scratch->data = cuda->gpu->alloc(cuda->gpu, bytes);
    if (!scratch->data) {
        fprintf(stderr, "CUDA: no memory on %s for %.1f MB of scratch; try a smaller --ctx\n",
                cuda->gpu->name, (double)bytes / 1e6);
        exit(EXIT_MEMORY);
    }
    scratch->bytes = bytes;
    return scratch->data;
}
