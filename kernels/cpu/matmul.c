/* matmul.c - y = W f(x) + b for up to three matrices, see kernels.h: one parallel run, one barrier
 * inside.
 *
 * in: n rows of floats -> norm and quantisation, split by rows -> barrier -> panels times rows,
 * a share for each thread -> bias, residual or gate -> out. Threads split outputs; who computes a
 * piece does not change its bits.
 */
#include <assert.h>
#include <stdatomic.h>

#include "kernels/cpu/matmul.h"

enum {
    PREPARE_ALONE = 2, /* rows that the caller prepares by itself */
    PANELS_FEW = 8,    /* of gate, before those of up */
};

typedef struct Job {
    Cpu *cpu;
    const Linear *linear;
    const float *x;
    int n, cols;
    bool ints, floats; /* which form of the activations some matrix wants */
    Operand operand;
    atomic_int row, rows_done; /* of the preparation: next to be taken, finished */
    int parts;                 /* matrices dealt out; gate and up go together as one */
} Job;

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

static const uint8_t *panel_data(const Matrix *m, int panel)
{
    return m->data + (size_t)panel * m->panel_bytes;
}

/* The same, some panels further. */
static Ahead ahead_from(Ahead ahead, const Matrix *m, int panels)
{
    return (Ahead){ahead.left - (size_t)panels * m->panel_bytes, ahead.then};
}

/* Some panels of gate, then the same of up: fewer changes between the two, and memory is kept busy
 * while their outputs are computed. */
static void panels_gated(const Job *job, int from, int to, Ahead ahead, float (*gate)[PANEL],
                         float (*up)[PANEL])
{
    const Linear *linear = job->linear;
    const Matrix *m = linear->matrix[0], *second = linear->matrix[1];
    int n = job->n;
    const Isa *isa = job->cpu->isa;
    for (int p = from; p < to; p++)
        panel_times(job->cpu, m, panel_data(m, p), ahead_from(ahead, m, p - from), &job->operand,
                    gate + (p - from) * n);
    ahead.left = ahead.left / m->panel_bytes * second->panel_bytes;
    if (ahead.then)
        ahead.then += AHEAD_BYTES; /* the first one fetches what comes before */
    for (int p = from; p < to; p++)
        panel_times(job->cpu, second, panel_data(second, p), ahead_from(ahead, second, p - from),
                    &job->operand, up + (p - from) * n);
    for (int p = from; p < to; p++) {
        int at = p * PANEL, rows = m->rows - at < PANEL ? m->rows - at : PANEL;
        const float *gate_bias = linear->bias[0] ? linear->bias[0] + at : NULL;
        const float *up_bias = linear->bias[1] ? linear->bias[1] + at : NULL;
        for (int i = 0; i < n; i++, gate++, up++)
            (linear->mode == LINEAR_GEGLU ? isa->geglu : isa->swiglu)(
                *gate, *up, gate_bias, up_bias, rows,
                linear->out[0] + (size_t)i * (size_t)m->rows + at);
    }
}

static void panel_set(const Job *job, int j, int panel, Ahead ahead, float (*acc)[PANEL])
{
    const Linear *linear = job->linear;
    const Matrix *m = linear->matrix[j];
    panel_times(job->cpu, m, panel_data(m, panel), ahead, &job->operand, acc);
    int at = panel * PANEL, rows = m->rows - at < PANEL ? m->rows - at : PANEL;
    const float *bias = linear->bias[j] ? linear->bias[j] + at : NULL;
    for (int i = 0; i < job->n; i++) {
        float *out = linear->out[j] + (size_t)i * (size_t)m->rows + at, *sum = acc[i];
        for (int r = 0; bias && r < rows; r++)
            sum[r] += bias[r];
        for (int r = 0; linear->scale != 0 && r < rows; r++)
            sum[r] *= linear->scale;
        if (linear->mode == LINEAR_ADD) {
            for (int r = 0; r < rows; r++)
                out[r] += sum[r];
        } else {
            for (int r = 0; r < rows; r++)
                out[r] = sum[r];
        }
    }
}

static const uint8_t *share_data(const Job *job, const Matrix *m, int t)
{
    return m ? panel_data(m, share_start(job->cpu, m->panels, t)) : NULL;
}

/* Panels from … to - 1 of part j. ahead: what follows the first one's start. */
static void panels_run(const Job *job, int j, int from, int to, Ahead ahead)
{
    _Alignas(64) float acc[2][ROWS_MAX][PANEL];
    int few = linear_is_gated(job->linear->mode) ? ROWS_MAX / job->n : 1;
    few = few < PANELS_FEW ? few : PANELS_FEW;
    for (int p = from; p < to; p += few) {
        Ahead here = ahead_from(ahead, job->linear->matrix[j], p - from);
        if (linear_is_gated(job->linear->mode))
            panels_gated(job, p, p + few < to ? p + few : to, here, acc[0], acc[1]);
        else
            panel_set(job, j, p, here, acc[0]);
    }
}

/* Each thread reads a stretch of its own, for what is fetched ahead of one panel is the next one;
 * at the end, whoever is done helps the others from behind. */
static void work(void *context, int worker)
{
    Job *job = context;
    const Linear *linear = job->linear;
    int threads = job->cpu->table.threads;
    Share *shares = job->cpu->shares;
    prepare(job);
    pool_wait(job->cpu->pool, &job->rows_done, job->n);
    if (job->operand.tiles)
        job->operand.tiles->begin(job->n);
    for (int j = 0; j < job->parts; j++) {
        const Matrix *m = linear->matrix[j];
        int end = share_start(job->cpu, m->panels, worker + 1), panel, to;
        const Matrix *next = j + 1 < job->parts ? linear->matrix[j + 1] : linear->next;
        while (share_take(&shares[j * threads + worker], true, &panel, &to))
            panels_run(
                job, j, panel, to,
                (Ahead){(size_t)(end - panel) * m->panel_bytes, share_data(job, next, worker)});
    }
    for (int i = 1; i < threads; i++) {
        int other = (worker + i) % threads, panel, to;
        for (int j = 0; j < job->parts; j++)
            while (share_take(&shares[j * threads + other], false, &panel, &to))
                panels_run(job, j, panel, to,
                           (Ahead){(size_t)(to - panel) * linear->matrix[j]->panel_bytes, NULL});
    }
    if (job->operand.tiles)
        job->operand.tiles->end();
}

void linear_run(Kernels *k, const Linear *linear, const float *x, int n)
{
    Cpu *cpu = cpu_of(k);
    Job job = {.cpu = cpu, .linear = linear, .x = x, .n = n, .cols = linear->matrix[0]->cols};
    assert(n >= 1 && n <= ROWS_MAX && linear->count >= 1 && linear->count <= LINEAR_MAX);
    for (int j = 0; j < linear->count; j++) {
        const Matrix *m = linear->matrix[j];
        assert(m->cols == job.cols);
        *(wants_floats(cpu, m) ? &job.floats : &job.ints) = true;
    }
    job.operand = (Operand){.acts = cpu->acts, .floats = linear->norm ? cpu->floats : x, .n = n};
    if (job.ints && cpu->tiles && n >= cpu->tiles->rows)
        job.operand.tiles = cpu->tiles;
    job.parts = linear_is_gated(linear->mode) ? 1 : linear->count;
    assert(!linear_is_gated(linear->mode) ||
           (linear->count == 2 && linear->matrix[0]->rows == linear->matrix[1]->rows));
    for (int j = 0; j < job.parts; j++)
        shares_deal(cpu, j, linear->matrix[j]->panels);
    if (n <= PREPARE_ALONE)
        prepare(&job);
    pool_run(cpu->pool, work, &job);
}
