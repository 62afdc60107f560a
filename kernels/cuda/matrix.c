/* matrix.c - weights: read in file order, checked, repacked by all threads, sent to the
 * device.
 *
 * in: rows of file blocks -> out: tiles (layout.h). Read in stretches of whole tiles.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/pack.h"

enum { STRETCH_BYTES = 8 << 20 };

typedef struct Repack {
    const Matrix *matrix;
    const uint8_t *file; /* rows of so many tiles, zero rows at the end */
    uint8_t *tiles;
    int count;
    atomic_int next, bad; /* bad: some scale is not finite */
} Repack;

static void repack(void *context, int worker)
{
    Repack *job = context;
    const Matrix *m = job->matrix;
    size_t row_bytes = quant_row_bytes(m->type, m->cols);
    (void)worker;
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < job->count;) {
        const uint8_t *rows = job->file + (size_t)i * TILE_ROWS * row_bytes;
        for (int r = 0; r < TILE_ROWS; r++) {
            if (!quant_row_finite(m->type, rows + (size_t)r * row_bytes, m->cols))
                atomic_store(&job->bad, 1);
        }
        cuda_pack(m->type, m->cols, rows, job->tiles + (size_t)i * m->tile_bytes);
    }
}

/* One matrix of a stack. file, tiles: room for a stretch of tiles. */
static int matrix_read(Cuda *cuda, Matrix *m, int which, const MatrixSource *source, uint8_t *file,
                       uint8_t *tiles, int stretch, Err *err)
{
    size_t row_bytes = quant_row_bytes(m->type, m->cols);
    uint64_t from = (uint64_t)which * (uint64_t)m->rows * row_bytes;
    uint8_t *data = m->data + (size_t)which * (size_t)m->tiles * m->tile_bytes;
    for (int first = 0; first < m->tiles; first += stretch) {
        int count = m->tiles - first < stretch ? m->tiles - first : stretch;
        int row = first * TILE_ROWS;
        int rows = m->rows - row < count * TILE_ROWS ? m->rows - row : count * TILE_ROWS;
        size_t bytes = rows > 0 ? (size_t)rows * row_bytes : 0;
        if (bytes &&
            source->read(source->context, from + (uint64_t)row * row_bytes, file, bytes, err) != 0)
            return -1;
        memset(file + bytes, 0, (size_t)(count * TILE_ROWS) * row_bytes - bytes);
        cuda->gpu->wait(cuda->gpu); /* the stretch before is on its way from `tiles` */
        Repack job = {.matrix = m, .file = file, .tiles = tiles, .count = count};
        pool_run(cuda->pool, repack, &job);
        if (job.bad)
            return err_set(err, EXIT_DATA, "tensor has NaN or Inf scales; the file is damaged");
        cuda->gpu->put(cuda->gpu, data + (size_t)first * m->tile_bytes, tiles,
                       (size_t)count * m->tile_bytes);
    }
    return 0;
}

/* Room for a stretch of tiles, kept from matrix to matrix; NULL = no memory. */
static uint8_t *staging(Cuda *cuda, size_t bytes)
{
    Gpu *gpu = cuda->gpu;
    if (bytes > cuda->staging_bytes) {
        bytes = bytes < STRETCH_BYTES ? STRETCH_BYTES : bytes;
        gpu->host_free(gpu, cuda->staging);
        cuda->staging = gpu->host_alloc(gpu, bytes);
        cuda->staging_bytes = cuda->staging ? bytes : 0;
    }
    return cuda->staging;
}

static Matrix matrix_shape(QuantType type, int rows, int cols)
{
    int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    return (Matrix){.type = type,
                    .rows = rows,
                    .cols = cols,
                    .tiles = (tiles + 1) / 2 * 2,
                    .stack = 1,
                    .tile_bytes = layout_tile_bytes(type, cols)};
}

int cuda_matrix_open(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err)
{
    Cuda *cuda = cuda_of(k);
    const QuantInfo *info = quant_info((uint32_t)source->type);
    *matrix = NULL;
    if (!info)
        return err_set(err, EXIT_DATA, "tensor type %d is not supported", (int)source->type);
    if (source->rows < 1 || source->cols < 1 || source->rows > INT_MAX - 2 * TILE_ROWS ||
        source->cols > INT_MAX - STEP || source->cols % info->block)
        return err_set(err, EXIT_DATA,
                       "%s tensor of %d rows x %d columns: columns must be a multiple of %d",
                       info->name, source->rows, source->cols, info->block);
    int stack = source->stack ? source->stack : 1;
    if (stack < 1 || stack > EXPERTS_MAX || source->picks < 0 || source->picks > PICKS_MAX)
        return err_set(err, EXIT_DATA, "a stack of %d matrices, %d at a time: at most %d and %d",
                       stack, source->picks, EXPERTS_MAX, PICKS_MAX);
    Matrix *m = malloc(sizeof *m);
    uint8_t *file = NULL, *tiles = NULL;
    if (!m)
        return err_set(err, EXIT_MEMORY, "no memory for a matrix");
    *m = matrix_shape(source->type, source->rows, source->cols);
    m->stack = stack;
    size_t tile_rows = TILE_ROWS * quant_row_bytes(m->type, m->cols);
    int stretch = (int)(STRETCH_BYTES / m->tile_bytes);
    stretch = stretch < 1 ? 1 : stretch > m->tiles ? m->tiles : stretch;
    m->data = cuda->gpu->alloc(cuda->gpu, (size_t)stack * (size_t)m->tiles * m->tile_bytes);
    file = malloc((size_t)stretch * tile_rows);
    tiles = staging(cuda, (size_t)stretch * m->tile_bytes);
    int status = m->data && file && tiles ? 0 : -1;
    for (int i = 0; status == 0 && i < stack; i++)
        status = matrix_read(cuda, m, i, source, file, tiles, stretch, err);
    if (!m->data || !file || !tiles)
        err_set(err, EXIT_MEMORY, "no memory on %s for a %s matrix of %d x %d", cuda->gpu->name,
                info->name, source->rows, source->cols);
    cuda->gpu->wait(cuda->gpu);
    free(file);
    if (status)
        cuda_matrix_close(k, m);
    else
        *matrix = m;
    return status;
}

void cuda_matrix_close(Kernels *k, Matrix *matrix)
{
    Cuda *cuda = cuda_of(k);
    if (!matrix)
        return;
    queue_flush(cuda);
    queue_forget(cuda);
    cuda->gpu->free(cuda->gpu, matrix->data);
    free(matrix);
}

size_t cuda_matrix_bytes(Kernels *k, QuantType type, int rows, int cols)
{
    (void)k;
    Matrix m = matrix_shape(type, rows, cols);
    return (size_t)m.tiles * m.tile_bytes;
}

void cuda_embed(Kernels *k, const Matrix *m, const int *ids, int n, float scale, float *out)
{
    Cuda *cuda = cuda_of(k);
    EmbedArgs args = {cuda->queue.device, m->data, out, scale, (int)m->type, m->cols, 0};
    cuda->best.logits = NULL;
    queue_count(cuda, n);
    if (memcmp(cuda->queue.meta.ids, ids, (size_t)n * sizeof *ids))
        memcpy(queue_meta(cuda, META_IDS)->ids, ids, (size_t)n * sizeof *ids);
    queue_add(cuda, KERNEL_embed, cuda_round_rows(n), 1, 1, &args, sizeof args, META_N | META_IDS);
}
