/* batch.c - where the rows of a batch stand: see Batch in kernels.h. */
#include "kernels/kernels.h"

int batch_position(const Batch *batch, int i)
{
    return batch->prefix[i] + __builtin_popcountll(batch->mask[i]) - 1;
}
