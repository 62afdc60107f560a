/* train_cuda.c - training on a CUDA device: opens it, memory, products of matrices.
 *
 * Products are cuBLAS's, of bf16 with sums in floats. Factors that are floats are rounded before,
 * some at a time, so that scratch does not grow with them. Nothing here splits a sum but by k, in
 * ascending order: results do not depend on when anything runs.
 */
#include "kernels/train/train_cuda.h"

#include <stdlib.h>
#include <time.h>

/* ---- memory ---- */

static void *take(char *memory, size_t *used, size_t elements, size_t size)
{
    void *place = memory ? memory + *used : NULL;
    *used += (elements * size + 255) & ~(size_t)255;
    return place;
}

/* Finds a place for everything; returns how much it is. Without memory it only counts. */
static size_t lay(TrainCuda *l)
{
    const TrainShape *s = &l->shape;
    char *memory = l->memory;
    size_t used = 0, size = l->bf16 ? sizeof(uint16_t) : sizeof(float), rows = (size_t)s->rows;
    size_t wide = rows * (size_t)(s->heads * s->head_dim);
    size_t narrow = rows * (size_t)(s->kv_heads * s->head_dim);
    size_t scores = (size_t)s->heads * TRAIN_QUERIES * (size_t)train_cuda_width(s);
    l->angles = take(memory, &used, train_angles_size(s), sizeof(float));
    l->inverse = take(memory, &used, train_normed_rows(s), sizeof(float));
    l->ids = take(memory, &used, TRAIN_IDS, sizeof(int));
    l->values = take(memory, &used, TRAIN_IDS, sizeof(float));
    l->results = take(memory, &used, TRAIN_IDS, sizeof(float));
    l->factor[0] = take(memory, &used, l->room, size);
    l->factor[1] = take(memory, &used, l->room, size);
    l->q = take(memory, &used, wide, size);
    l->dout = take(memory, &used, wide, size);
    l->key = take(memory, &used, narrow, size);
    l->value = take(memory, &used, narrow, size);
    l->typed = take(memory, &used, scores, size);
    l->weights = take(memory, &used, scores, sizeof(float));
    l->dweights = take(memory, &used, scores, sizeof(float));
    l->stacked = take(memory, &used, wide, sizeof(float));
    size_t later = rows * (size_t)(s->heads * TRAIN_LATER);
    l->later = take(memory, &used, later, sizeof(float));
    l->dlater = take(memory, &used, later, sizeof(float));
    return used;
}

size_t train_cuda_bytes(const TrainShape *shape, TrainProducts products)
{
    TrainCuda l = {.shape = *shape, .bf16 = products != TRAIN_FLOATS, .room = TRAIN_ROOM};
    return lay(&l);
}

/* ---- products ---- */

/* Up to a multiple of 8: what rows of 16 bytes hold. */
static size_t eights(int n)
{
    return ((size_t)n + 7) / 8 * 8;
}

/* Outer indices first … first+count-1 and k's from … from+k-1 of a factor, in the products' type.
 * which: the scratch that it may take */
static GpuFactor part_of(TrainCuda *l, const Factor *f, int which, int first, int count, int from,
                         int k)
{
    size_t at =
        (size_t)(f->turned ? from : first) * (size_t)f->stride + (size_t)(f->turned ? first : from);
    const char *data = (const char *)f->data + at * (f->bf16 ? sizeof(uint16_t) : sizeof(float));
    int rows = f->turned ? k : count, cols = f->turned ? count : k;
    GpuFactor part = {.stride = f->stride, .turned = f->turned};
    part.data = train_cuda_typed(l, data, f->bf16, rows, cols, &part.stride, l->factor[which],
                                 (int)eights(cols));
    return part;
}

/* How many of n fit into the room beside `other`. */
static int fitting(size_t room, int n, int other)
{
    size_t most = room / eights(other) / 8 * 8;
    return most < (size_t)n ? (int)most : n;
}

static void cuda_product(TrainOps *ops, Factor a, Factor b, int m, int n, int k, bool add,
                         float *out, int out_stride)
{
    TrainCuda *l = train_cuda_of(ops);
    bool change_a = a.bf16 != l->bf16, change_b = b.bf16 != l->bf16;
    int widest = change_a && (m > n || !change_b) ? m : change_b ? n : 0;
    int k_part = widest ? fitting(l->room, k, widest) : k;
    k_part = k_part < TRAIN_K_MIN ? TRAIN_K_MIN : k_part;
    k_part = k_part < k ? k_part : k;
    int m_part = change_a ? fitting(l->room, m, k_part) : m;
    int n_part = change_b ? fitting(l->room, n, k_part) : n;
    for (int from = 0, some; from < k; from += some) {
        some = k - from < k_part ? k - from : k_part;
        for (int col = 0, cols; col < n; col += cols) {
            cols = n - col < n_part ? n - col : n_part;
            GpuProduct product = {.stride = out_stride, .n = cols, .k = some, .batch = 1};
            product.b = part_of(l, &b, 1, col, cols, from, some);
            product.bf16 = l->bf16;
            product.add = add || from > 0;
            for (int row = 0; row < m; row += product.m) {
                product.m = m - row < m_part ? m - row : m_part;
                product.a = part_of(l, &a, 0, row, product.m, from, some);
                product.out = out + (size_t)row * (size_t)out_stride + col;
                train_cuda_multiply(l, &product);
            }
        }
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Square products of what is in scratch, larger ones until they take long enough. */
static double cuda_peak(TrainOps *ops)
{
    enum { SIDE_MIN = 256, SIDE_MAX = 4096, REPEATS = 4 };
    TrainCuda *l = train_cuda_of(ops);
    Kernels *k = ops->kernels;
    double best = 0, spent = 0;
    for (int side = SIDE_MIN; side <= SIDE_MAX && spent < 0.01; side *= 2) {
        size_t size = (size_t)side * (size_t)side;
        float *out = size <= l->room ? k->buffer_alloc(k, size) : NULL;
        if (out == NULL)
            break;
        GpuProduct product = {.a = {.data = l->factor[0], .stride = side},
                              .b = {.data = l->factor[1], .stride = side},
                              .out = out,
                              .stride = side,
                              .m = side,
                              .n = side,
                              .k = side,
                              .batch = 1,
                              .bf16 = l->bf16};
        train_cuda_multiply(l, &product); /* warm now */
        k->wait(k);
        double start = seconds();
        for (int i = 0; i < REPEATS; i++)
            train_cuda_multiply(l, &product);
        k->wait(k);
        spent = seconds() - start;
        double speed = REPEATS * (double)size * side / spent;
        best = speed > best ? speed : best;
        k->buffer_free(k, out);
    }
    return best;
}

/* ---- open, close ---- */

static void cuda_learn_close(TrainOps *ops)
{
    TrainCuda *l = train_cuda_of(ops);
    queue_flush(l->cuda);
    l->cuda->gpu->free(l->cuda->gpu, l->memory);
    free(l);
}

static int send_angles(TrainCuda *l)
{
    size_t count = train_angles_size(&l->shape);
    float *angles = malloc(count * sizeof *angles);
    if (angles == NULL)
        return -1;
    train_angles(&l->shape, angles);
    l->cuda->table.upload(&l->cuda->table, l->angles, angles, count);
    free(angles);
    return 0;
}

int train_cuda_open(TrainOps **ops, Kernels *kernels, const TrainShape *shape,
                    TrainProducts products, Err *err)
{
    Cuda *cuda = cuda_of(kernels);
    if (cuda->gpu->product == NULL)
        return err_set(err, EXIT_NODEVICE,
                       "training on %s takes cuBLAS, which is not here; use --device cpu",
                       cuda->gpu->name);
    TrainCuda *l = calloc(1, sizeof *l);
    if (l == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for training");
    l->table = (TrainOps){
        .kernels = kernels, .close = cuda_learn_close, .peak = cuda_peak, .product = cuda_product};
    train_cuda_fill_rows(&l->table);
    train_cuda_fill_attention(&l->table);
    l->cuda = cuda;
    l->shape = *shape;
    l->bf16 = products != TRAIN_FLOATS;
    l->table.precision = l->bf16 ? "bf16 by cuBLAS" : "f32";
    l->room = TRAIN_ROOM;
    size_t bytes = lay(l);
    l->memory = cuda->gpu->alloc(cuda->gpu, bytes);
    if (l->memory)
        lay(l);
    if (l->memory == NULL || send_angles(l) != 0) {
        cuda_learn_close(&l->table);
        return err_set(err, EXIT_MEMORY, "no memory for training: %.1f GB of scratch",
                       (double)bytes / 1e9);
    }
    l->shape.rope.factors = NULL; /* the caller's, and no longer needed */
    *ops = &l->table;
    return 0;
}
