/* train_cuda_run.c - training's commands to a CUDA device: kernels, products, changes of type. */
#include <assert.h>

#include "kernels/train/train_cuda.h"

int train_cuda_width(const TrainShape *shape)
{
    return (shape->length + 15) & ~15;
}

void train_cuda_run(TrainCuda *l, KernelId kernel, int64_t x, int y, const void *args, size_t bytes)
{
    assert(x <= INT32_MAX);
    if (x == 0)
        return;
    l->cuda->best.logits = NULL;
    queue_add(l->cuda, kernel, (int)x, y, 1, args, bytes, 0);
    queue_send(l->cuda, false);
}

void train_cuda_multiply(TrainCuda *l, const GpuProduct *product)
{
    l->cuda->best.logits = NULL;
    queue_send(l->cuda, false); /* copies that wait */
    l->cuda->gpu->product(l->cuda->gpu, product);
}

const void *train_cuda_typed(TrainCuda *l, const void *from, bool bf16, int rows, int cols,
                             int *stride, void *to, int to_stride)
{
    if (bf16 == l->bf16)
        return from;
    TrainConvertArgs args = {.from = from,
                             .to = to,
                             .from_stride = *stride,
                             .to_stride = to_stride,
                             .cols = cols,
                             .from_bf16 = bf16,
                             .to_bf16 = l->bf16};
    train_cuda_run(l, KERNEL_train_convert, rows, (cols + TRAIN_COLS - 1) / TRAIN_COLS, &args,
                   sizeof args);
    *stride = to_stride;
    return to;
}
