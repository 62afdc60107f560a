/* train_cpu.h - what the files of training on the CPU share; the engine sees train_ops.h only.
 *
 *   train_open.c         opens it, chooses the instruction set
 *   train_each.c         deals out work
 *   train_by_row.c       what is done row by row
 *   train_elementwise.c  what is done element by element
 *   train_product.c      products of matrices
 *   train_attention.c    attention and its gradient
 *   train_isa.h          their inner loops
 */
#ifndef S2D_KERNELS_TRAIN_TRAIN_CPU_H
#define S2D_KERNELS_TRAIN_TRAIN_CPU_H

#include "kernels/cpu/cpu.h"
#include "kernels/train/train_isa.h"

enum { QUERIES = 128 }; /* rows of attention that are computed together */

typedef struct TrainCpu {
    TrainOps table; /* first: a TrainOps * is a TrainCpu * */
    Cpu *cpu;
    const TrainIsa *isa;
    const TrainTile *tile;
    TrainShape shape;
    char *memory;  /* all of the below */
    float *angles; /* see train_angles */
    float *row;    /* [rows] a number for each */
    char *packed;  /* panels of both factors of a product */
    char *own;     /* [threads][own_bytes] for attention */
    size_t own_bytes;
} TrainCpu;

static inline TrainCpu *train_cpu_of(TrainOps *ops)
{
    return (TrainCpu *)ops;
}

/* Calls piece(ops, job, i, worker) for i = 0 … pieces-1, each once, on some thread. */
typedef void TrainPiece(TrainCpu *ops, const void *job, int i, int worker);
void train_each(TrainCpu *ops, int pieces, TrainPiece *piece, const void *job);

static inline int pieces_of(size_t count, size_t size)
{
    return (int)((count + size - 1) / size);
}

typedef struct Product {
    Factor a, b;
    int m, n, k;
    bool add;
    float *out; /* [m, n], rows `stride` apart */
    int stride;
} Product;

void train_product(TrainOps *ops, Factor a, Factor b, int m, int n, int k, bool add, float *out,
                   int out_stride);
size_t train_product_bytes(const TrainTile *tile); /* of TrainCpu.packed */

/* The same by the calling thread alone; packed: product_alone_bytes(tile, m, n, k). */
void product_alone(const TrainTile *tile, const Product *product, char *packed);
size_t product_alone_bytes(const TrainTile *tile, int m, int n, int k);

size_t train_attention_bytes(const TrainTile *tile, const TrainShape *shape); /* per thread */

/* Put the operations of train_attention.c, train_by_row.c and train_elementwise.c into the table. */
void train_fill_attention(TrainOps *table);
void train_fill_rows(TrainOps *table);
void train_fill_elementwise(TrainOps *table);

#endif
