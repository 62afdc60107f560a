/* repack.c - weights: read from a source in file order, checked, repacked into panels by all
 * threads.
 *
 * in: rows of file blocks -> out: panels (panel.h). Read in stretches of whole panels, ascending
 * offsets: while the threads repack one, the caller's reads the next and then joins them.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/cpu.h"

enum { STRETCH_BYTES = 1 << 20 };

/* Some panels in a row, and their rows as they are in the file. */
typedef struct Stretch {
    int first, count;
    uint8_t *file; /* [count * PANEL] rows, zero ones at the matrix's end */
} Stretch;

typedef struct Repack {
    Matrix *matrix;
    const MatrixSource *source;
    Stretch now, next; /* to be repacked, to be read: count 0 = nothing */
    Err *err;
    int status;            /* of reading */
    atomic_int panel, bad; /* bad: some scale is not finite */
} Repack;

/* Of a stack the panels of one matrix after the other; each one's last may lack rows. */
static int stretch_read(Repack *job, const Stretch *stretch)
{
    const Matrix *m = job->matrix;
    size_t row_bytes = quant_row_bytes(m->type, m->cols);
    for (int done = 0, run; done < stretch->count; done += run) {
        int panel = stretch->first + done, which = panel / m->panels, local = panel % m->panels;
        run = stretch->count - done < m->panels - local ? stretch->count - done : m->panels - local;
        int row = local * PANEL, rows = run * PANEL;
        rows = rows < m->rows - row ? rows : m->rows - row;
        uint8_t *to = stretch->file + (size_t)done * PANEL * row_bytes;
        size_t bytes = (size_t)rows * row_bytes;
        uint64_t from = ((uint64_t)which * (uint64_t)m->rows + (uint64_t)row) * row_bytes;
        memset(to + bytes, 0, (size_t)run * PANEL * row_bytes - bytes);
        if (job->source->read(job->source->context, from, to, bytes, job->err) != 0)
            return -1;
    }
    return 0;
}

static void repack(void *context, int worker)
{
    Repack *job = context;
    Matrix *m = job->matrix;
    size_t row_bytes = quant_row_bytes(m->type, m->cols);
    if (worker == 0 && job->next.count > 0)
        job->status = stretch_read(job, &job->next);
    for (int i; (i = atomic_fetch_add(&job->panel, 1)) < job->now.count;) {
        const uint8_t *rows = job->now.file + (size_t)i * PANEL * row_bytes;
        for (int r = 0; r < PANEL; r++) {
            if (!quant_row_finite(m->type, rows + (size_t)r * row_bytes, m->cols))
                atomic_store(&job->bad, 1);
        }
        panel_pack(m->type, m->cols, rows, m->data + (size_t)(job->now.first + i) * m->panel_bytes);
    }
}

/* file: room for two stretches of `most` panels. */
static int matrix_read(Cpu *cpu, Matrix *m, const MatrixSource *source, uint8_t *file, int most,
                       Err *err)
{
    Repack job = {.matrix = m, .source = source, .err = err};
    int first = 0, panels = m->stack * m->panels; /* first: that has not been read */
    job.now.file = file;
    job.next.file = file + (size_t)most * PANEL * quant_row_bytes(m->type, m->cols);
    do {
        job.next.first = first;
        job.next.count = panels - first < most ? panels - first : most;
        first += job.next.count;
        job.panel = 0;
        pool_run(cpu->pool, repack, &job);
        if (job.status)
            return -1;
        if (job.bad)
            return err_set(err, EXIT_DATA, "tensor has NaN or Inf scales; the file is damaged");
        Stretch read = job.next;
        job.next = job.now;
        job.now = read;
    } while (job.now.count > 0);
    return 0;
}

int matrix_open(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err)
{
    Cpu *cpu = cpu_of(k);
    const QuantInfo *info = quant_info((uint32_t)source->type);
    *matrix = NULL;
    if (!info)
        return err_set(err, EXIT_DATA, "tensor type %d is not supported", (int)source->type);
    if (source->rows < 1 || source->cols < 1 || source->rows > INT_MAX - PANEL ||
        source->cols % info->block)
        return err_set(err, EXIT_DATA,
                       "%s tensor of %d rows x %d columns: columns must be a multiple of %d",
                       info->name, source->rows, source->cols, info->block);
    int stack = source->stack ? source->stack : 1;
    if (stack < 1 || stack > EXPERTS_MAX || source->picks < 0 || source->picks > PICKS_MAX ||
        (source->rows + PANEL) / PANEL > INT_MAX / stack)
        return err_set(err, EXIT_DATA, "a stack of %d matrices, %d at a time: at most %d and %d",
                       stack, source->picks, EXPERTS_MAX, PICKS_MAX);
    Matrix *m = calloc(1, sizeof *m);
    uint8_t *file = NULL;
    int status = -1;
    if (!m)
        goto no_memory;
    m->stack = stack;
    m->type = source->type;
    m->rows = source->rows;
    m->cols = source->cols;
    m->panels = (m->rows + PANEL - 1) / PANEL;
    m->panel_bytes = panel_size(m->type, m->cols);
    size_t file_bytes = PANEL * quant_row_bytes(m->type, m->cols); /* of a panel's rows */
    int stretch = (int)(STRETCH_BYTES / file_bytes);
    int panels = m->stack * m->panels;
    stretch = stretch < 1 ? 1 : stretch > panels ? panels : stretch;
    m->data = store_alloc(cpu->store, (size_t)panels * m->panel_bytes);
    file = malloc(2 * (size_t)stretch * file_bytes);
    if (!m->data || !file || cpu_reserve_cols(cpu, m->cols) ||
        (source->stack && cpu_reserve_pairs(cpu, source->picks, m->cols)))
        goto no_memory;
    status = matrix_read(cpu, m, source, file, stretch, err);
    goto done;
no_memory:
    err_set(err, EXIT_MEMORY, "no memory for a %s matrix of %d x %d", info->name, source->rows,
            source->cols);
done:
    free(file);
    if (status)
        matrix_close(k, m);
    else
        *matrix = m;
    return status;
}

void matrix_close(Kernels *k, Matrix *matrix)
{
    if (!matrix)
        return;
    store_free(cpu_of(k)->store, matrix->data);
    free(matrix);
}

size_t matrix_bytes(Kernels *k, QuantType type, int rows, int cols)
{
    (void)k;
    return ((size_t)rows + PANEL - 1) / PANEL * panel_size(type, cols) + sizeof(Matrix);
}

void matrix_embed(Kernels *k, const Matrix *m, const int *ids, int n, float scale, float *out)
{
    (void)k;
    for (int i = 0; i < n; i++) {
        const uint8_t *panel = m->data + (size_t)(ids[i] / PANEL) * m->panel_bytes;
        float *row = out + (size_t)i * (size_t)m->cols;
        panel_row(m->type, m->cols, panel, ids[i] % PANEL, row);
        for (int c = 0; scale != 1 && c < m->cols; c++)
            row[c] *= scale;
    }
}
