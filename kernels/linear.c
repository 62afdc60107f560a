/* linear.c - y = W f(x) + b for up to three matrices, see kernels.h: one parallel run, one barrier
 * inside.
 *
 * in: n rows of floats -> norm and quantisation, split by rows -> barrier -> panels times rows,
 * dealt out in pieces -> bias, residual or SwiGLU -> out. Threads split outputs; who computes a
 * piece does not change its bits.
 */
#include <assert.h>
#include <stdatomic.h>

#include "cpu.h"

enum {
    PIECE_BYTES = 128 << 10, /* of weights: some microseconds of work */
    PIECES_PER_THREAD = 8,   /* at least, so that the threads end together */
    PREPARE_ALONE = 2,       /* rows that the caller prepares by itself */
};

typedef struct Job {
    Cpu *cpu;
    const Linear *linear;
    const float *x;
    int n, cols;
    bool ints, floats;         /* which form of the activations some matrix wants */
    atomic_int row, rows_done; /* of the preparation: next to be taken, finished */
    int parts;                 /* matrices dealt out; gate and up go together as one */
    int step[LINEAR_MAX], pieces[LINEAR_MAX]; /* panels per piece, pieces */
    atomic_int next;
} Job;

static bool wants_floats(const Cpu *cpu, const Matrix *m)
{
    return cpu->table.act_f32 || quant_is_float(m->type);
}

static void prepare_row(Job *job, int i)
{
    Cpu *cpu = job->cpu;
    const float *row = job->x + (size_t)i * (size_t)job->cols;
    if (job->linear->norm) {
        float *normed = cpu->floats + (size_t)i * (size_t)job->cols;
        cpu->isa->norm(row, job->linear->norm, job->linear->norm_eps, job->cols, normed);
        row = normed;
    }
    if (job->ints)
        cpu->isa->quantise(row, job->cols, cpu->acts + i, job->n);
}

/* Takes rows until none is left. */
static void prepare(Job *job)
{
    for (int i; (i = atomic_fetch_add_explicit(&job->row, 1, memory_order_relaxed)) < job->n;) {
        prepare_row(job, i);
        atomic_fetch_add_explicit(&job->rows_done, 1, memory_order_release);
    }
}

static void panel_times(const Job *job, const Matrix *m, int panel, float (*acc)[PANEL])
{
    const Cpu *cpu = job->cpu;
    const uint8_t *data = m->data + (size_t)panel * m->panel_bytes;
    if (wants_floats(cpu, m))
        cpu->isa->dot_float(m->type, m->cols, data, job->linear->norm ? cpu->floats : job->x,
                            job->n, acc);
    else
        cpu->isa->dot(m->type, m->cols, data, cpu->acts, job->n, acc);
}

static void panel_swiglu(const Job *job, int panel, float (*gate)[PANEL], float (*up)[PANEL])
{
    const Linear *linear = job->linear;
    const Matrix *m = linear->matrix[0];
    panel_times(job, m, panel, gate);
    panel_times(job, linear->matrix[1], panel, up);
    int at = panel * PANEL, rows = m->rows - at < PANEL ? m->rows - at : PANEL;
    const float *gate_bias = linear->bias[0] ? linear->bias[0] + at : NULL;
    const float *up_bias = linear->bias[1] ? linear->bias[1] + at : NULL;
    for (int i = 0; i < job->n; i++)
        job->cpu->isa->swiglu(gate[i], up[i], gate_bias, up_bias, rows,
                              linear->out[0] + (size_t)i * (size_t)m->rows + at);
}

static void panel_set(const Job *job, int j, int panel, float (*acc)[PANEL])
{
    const Linear *linear = job->linear;
    const Matrix *m = linear->matrix[j];
    panel_times(job, m, panel, acc);
    int at = panel * PANEL, rows = m->rows - at < PANEL ? m->rows - at : PANEL;
    const float *bias = linear->bias[j] ? linear->bias[j] + at : NULL;
    for (int i = 0; i < job->n; i++) {
        float *out = linear->out[j] + (size_t)i * (size_t)m->rows + at, *sum = acc[i];
        for (int r = 0; bias && r < rows; r++)
            sum[r] += bias[r];
        if (linear->mode == LINEAR_ADD) {
            for (int r = 0; r < rows; r++)
                out[r] += sum[r];
        } else {
            for (int r = 0; r < rows; r++)
                out[r] = sum[r];
        }
    }
}

static void work(void *context, int worker)
{
    Job *job = context;
    const Linear *linear = job->linear;
    _Alignas(64) float acc[2][ROWS_MAX][PANEL];
    (void)worker;
    prepare(job);
    pool_wait(&job->rows_done, job->n);
    for (;;) {
        int piece = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed), j = 0;
        for (; j < job->parts && piece >= job->pieces[j]; j++)
            piece -= job->pieces[j];
        if (j == job->parts)
            return;
        int panel = piece * job->step[j], end = panel + job->step[j];
        if (end > linear->matrix[j]->panels)
            end = linear->matrix[j]->panels;
        for (; panel < end; panel++) {
            if (linear->mode == LINEAR_SWIGLU)
                panel_swiglu(job, panel, acc[0], acc[1]);
            else
                panel_set(job, j, panel, acc[0]);
        }
    }
}

void linear_run(Kernels *k, const Linear *linear, const float *x, int n)
{
    Cpu *cpu = cpu_of(k);
    Job job = {.cpu = cpu, .linear = linear, .x = x, .n = n, .cols = linear->matrix[0]->cols};
    size_t bytes = 0;
    assert(n >= 1 && n <= ROWS_MAX && linear->count >= 1 && linear->count <= LINEAR_MAX);
    for (int j = 0; j < linear->count; j++) {
        const Matrix *m = linear->matrix[j];
        assert(m->cols == job.cols);
        *(wants_floats(cpu, m) ? &job.floats : &job.ints) = true;
        bytes += (size_t)m->panels * m->panel_bytes;
    }
    job.parts = linear->mode == LINEAR_SWIGLU ? 1 : linear->count;
    assert(linear->mode != LINEAR_SWIGLU ||
           (linear->count == 2 && linear->matrix[0]->rows == linear->matrix[1]->rows));
    size_t target = bytes / (size_t)(k->threads * PIECES_PER_THREAD);
    if (target > PIECE_BYTES)
        target = PIECE_BYTES;
    for (int j = 0; j < job.parts; j++) {
        const Matrix *m = linear->matrix[j];
        int step = (int)(target / m->panel_bytes);
        job.step[j] = step < 1 ? 1 : step;
        job.pieces[j] = (m->panels + job.step[j] - 1) / job.step[j];
    }
    if (n <= PREPARE_ALONE)
        prepare(&job);
    pool_run(cpu->pool, work, &job);
}
