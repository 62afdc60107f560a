/* batch.c - where the rows of a batch stand: see Batch in kernels.h. */
#include <math.h>

#include "kernels/kernels.h"

int batch_position(const Batch *batch, int i)
{
    return batch->prefix[i] + __builtin_popcountll(batch->mask[i]) - 1;
}

float rope_warmth(const Rope *rope, int position)
{
    if (rope->warmer == 0)
        return 1;
    return (float)(1 + (double)rope->warmer * log(1 + (double)(position / rope->warmer_every)));
}
