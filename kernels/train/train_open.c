/* train_open.c - opens training; on the CPU: chooses the instruction set, lays out its memory. */
#include "kernels/train/train_ops.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/train/train_cpu.h"

enum { PEAK_ROUNDS = 4096, PEAK_PIECES = 64 };

static void peak_piece(TrainCpu *ops, const void *job, int i, int worker)
{
    (void)job, (void)i, (void)worker;
    volatile float sum = ops->tile->peak(PEAK_ROUNDS); /* so that it is needed */
    (void)sum;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_peak(TrainOps *ops)
{
    TrainCpu *cpu = train_cpu_of(ops);
    const TrainTile *tile = cpu->tile;
    double start = seconds(), spent = 0, products = 0;
    while (spent < 0.01) {
        train_each(cpu, PEAK_PIECES, peak_piece, NULL);
        products += (double)PEAK_PIECES * PEAK_ROUNDS * tile->rows * tile->cols * tile->unit;
        spent = seconds() - start;
    }
    return products / spent;
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* Parts of TrainCpu.memory. */
static size_t angle_bytes(const TrainShape *shape)
{
    return aligned(sizeof(float) * train_angles_size(shape));
}

static size_t row_bytes(const TrainShape *shape)
{
    return aligned(sizeof(float) * train_normed_rows(shape));
}

static size_t bytes_with(const TrainTile *tile, const TrainShape *shape, int threads)
{
    return angle_bytes(shape) + row_bytes(shape) + aligned(train_product_bytes(tile)) +
           (size_t)threads * aligned(train_attention_bytes(tile, shape));
}

#if defined(__x86_64__)
static bool has_bf16(void)
{
    return __builtin_cpu_supports("avx512bf16");
}
#endif

static const TrainIsa *isa_of(const Cpu *cpu)
{
#if defined(__x86_64__)
    if (cpu->isa == &isa_avx512)
        return &train_isa_avx512;
    if (cpu->isa == &isa_avx2)
        return &train_isa_avx2;
#else
    (void)cpu;
#endif
    return &train_isa_scalar;
}

static const TrainTile *tile_of(const Cpu *cpu, TrainProducts products)
{
    const TrainIsa *isa = isa_of(cpu);
#if defined(__x86_64__)
    if (products == TRAIN_FLOATS || isa != &train_isa_avx512 || !has_bf16())
        return &isa->tile;
    return products == TRAIN_FASTEST && cpu->tiles ? &train_tile_amx_avx512
                                                   : &train_tile_bf16_avx512;
#else
    (void)products;
    return &isa->tile;
#endif
}

static bool on_device(const Kernels *kernels)
{
    return strcmp(kernels->device, "cuda") == 0;
}

size_t train_bytes(const Kernels *kernels, const TrainShape *shape)
{
    if (on_device(kernels))
        return train_cuda_bytes(shape, TRAIN_FASTEST);
    return bytes_with(tile_of((const Cpu *)kernels, TRAIN_FASTEST), shape, kernels->threads);
}

static void cpu_close(TrainOps *ops)
{
    TrainCpu *cpu = train_cpu_of(ops);
    store_free(cpu->cpu->store, cpu->memory);
    free(cpu);
}

int train_open(TrainOps **ops, Kernels *kernels, const TrainShape *shape, TrainProducts products,
               Err *err)
{
    *ops = NULL;
    if (on_device(kernels))
        return train_cuda_open(ops, kernels, shape, products, err);
    TrainCpu *cpu = calloc(1, sizeof *cpu);
    if (cpu == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    cpu->table = (TrainOps){.close = cpu_close, .peak = cpu_peak, .product = train_product};
    train_fill_attention(&cpu->table);
    train_fill_rows(&cpu->table);
    train_fill_elementwise(&cpu->table);
    cpu->table.kernels = kernels;
    cpu->cpu = cpu_of(kernels);
    cpu->isa = isa_of(cpu->cpu);
    cpu->tile = tile_of(cpu->cpu, products);
    cpu->table.precision = cpu->tile->precision;
    cpu->shape = *shape;
    size_t bytes = bytes_with(cpu->tile, shape, kernels->threads);
    cpu->memory = store_alloc(cpu->cpu->store, bytes);
    if (cpu->memory == NULL) {
        free(cpu);
        return err_set(err, EXIT_MEMORY, "no memory for training: %.1f GB of scratch", bytes / 1e9);
    }
    cpu->angles = (float *)cpu->memory;
    cpu->row = (float *)(cpu->memory + angle_bytes(shape));
    cpu->packed = (char *)cpu->row + row_bytes(shape);
    cpu->own = cpu->packed + aligned(train_product_bytes(cpu->tile));
    cpu->own_bytes = aligned(train_attention_bytes(cpu->tile, shape));
    train_angles(&cpu->shape, cpu->angles);
    cpu->shape.rope.factors = NULL; /* the caller's, and no longer needed */
    *ops = &cpu->table;
    return 0;
}
