/* cuda_limits.c - what a device can do at most, see limits.h: times the kernels of limit_loops.h.
 */
#include <string.h>
#include <time.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device/lane.h"
#include "kernels/limits.h"

enum {
    BLOCKS_MIN = 16,   /* doubled until a run is long enough to be timed, */
    BLOCKS_MAX = 8192, /* 2 GB at most */
    ROUNDS = 64,
    READ_BYTES = 16 * THREADS,          /* of a block's round */
    MMA_MACS = WARPS * 8 * 16 * 16 * 8, /* the same: LIMIT_SUMS products of each warp */
    REPEATS = 4,
};

static const double LONG_ENOUGH = 5e-3; /* seconds */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that `blocks` blocks take, REPEATS times. */
static double run(Cuda *cuda, bool read, int blocks)
{
    LimitArgs args;
    memset(&args, 0, sizeof args);
    if (read)
        args.data = cuda_reserve(cuda, &cuda->limit_data, (size_t)blocks * ROUNDS * READ_BYTES);
    args.out = cuda_reserve(cuda, &cuda->limit_out, (size_t)blocks * THREADS * sizeof *args.out);
    args.rounds = ROUNDS;
    cuda->table.wait(&cuda->table);
    double start = seconds();
    for (int i = 0; i < REPEATS; i++)
        queue_add(cuda, read ? KERNEL_limit_read : KERNEL_limit_mma, blocks, 1, 1, &args,
                  sizeof args, 0);
    cuda->table.wait(&cuda->table);
    return seconds() - start;
}

double cuda_limit(Kernels *k, int limit)
{
    Cuda *cuda = cuda_of(k);
    bool read = limit == LIMIT_READ;
    double work = (double)REPEATS * ROUNDS * (read ? READ_BYTES : MMA_MACS), time = 0;
    int blocks = BLOCKS_MIN;
    for (;; blocks *= 2) {
        time = run(cuda, read, blocks);
        if (blocks >= BLOCKS_MAX || time >= LONG_ENOUGH)
            break;
    }
    time = run(cuda, read, blocks); /* warm now */
    return work * blocks / time;
}
