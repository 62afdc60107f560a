/* cuda_twin.h - a stand-in for a CUDA device: the backend's kernels, run on the host.
 *
 * Every thread of a block is a fiber; barriers, shuffles and mma are where they meet, so the bodies
 * run as they are written, lane by lane, in fragments. Memory comes in pieces of exactly the size
 * asked for, so that sanitizers see an access beside it.
 */
#ifndef S2D_TESTS_SUPPORT_CUDA_TWIN_H
#define S2D_TESTS_SUPPORT_CUDA_TWIN_H

#include "kernels/cuda/device/gpu.h"

typedef struct TwinCounts {
    int launches;        /* of single kernels */
    int graphs, replays; /* graphs made, launches of them */
    int puts, gets;
    int products; /* of training */
    int allocs;   /* memory that is held */
} TwinCounts;

typedef struct TwinOptions {
    bool reverse;    /* threads and blocks in falling order */
    bool has_gemm;   /* there is a library for prompts and training */
    size_t memory;   /* bytes that there are */
    int allocs_good; /* how many allocations succeed; 0 = all */
} TwinOptions;

Gpu *twin_open(const TwinOptions *options);
const TwinCounts *twin_counts(const Gpu *gpu); /* NULL: a real device, which does not count */

/* A backend on a twin; fails the test when it cannot be had. */
Kernels *twin_kernels(const TwinOptions *options);
Gpu *twin_of(Kernels *k);

#endif
