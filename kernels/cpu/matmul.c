/* matmul.c - y = W f(x) + b for up to three matrices, see kernels.h: one parallel run, one barrier
 * inside.
 *
 * in: n rows of floats -> norm and quantisation, split by rows -> barrier -> panels times rows,
 * a share for each thread -> bias, residual or gate -> out. Threads split outputs; who computes a
 * piece does not change its bits.
 */
#include <assert.h>
#include <stdatomic.h>

#include "kernels/cpu/cpu.h"

enum {
    PREPARE_ALONE = 2, /* rows that the caller prepares by itself */
    PANELS_FEW = 8,    /* of gate, before those of up */
};

typedef struct Job {
    Cpu *cpu;
    const Linear *linear;
    const float *x;
    int n, cols;
    bool ints, floats;         /* which form of the activations some matrix wants */
    const IsaTiles *tiles;     /* NULL = the products are not by tiles */
    atomic_int row, rows_done; /* of the preparation: next to be taken, finished */
    int parts;                 /* matrices dealt out; gate and up go together as one */
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

static void panel_times(const Job *job, const Matrix *m, int panel, Ahead ahead,
                        float (*acc)[PANEL])
{
    const Cpu *cpu = job->cpu;
    const uint8_t *data = m->data + (size_t)panel * m->panel_bytes;
    if (wants_floats(cpu, m))
        cpu->isa->dot_float(m->type, m->cols, data, job->linear->norm ? cpu->floats : job->x,
                            job->n, acc);
    else if (job->tiles)
        job->tiles->dot(m->type, m->cols, data, ahead, cpu->acts, job->n, acc);
    else
        cpu->isa->dot(m->type, m->cols, data, ahead, cpu->acts, job->n, acc);
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
        panel_times(job, m, p, ahead_from(ahead, m, p - from), gate + (p - from) * n);
    ahead.left = ahead.left / m->panel_bytes * second->panel_bytes;
    if (ahead.then)
        ahead.then += AHEAD_BYTES; /* the first one fetches what comes before */
    for (int p = from; p < to; p++)
        panel_times(job, second, p, ahead_from(ahead, second, p - from), up + (p - from) * n);
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
    panel_times(job, m, panel, ahead, acc);
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

/* The first panel of thread t's share of a matrix. */
static int share_start(const Job *job, const Matrix *m, int t)
{
    return (int)((long long)m->panels * t / job->cpu->table.threads);
}

static const uint8_t *share_data(const Job *job, const Matrix *m, int t)
{
    return m ? m->data + (size_t)share_start(job, m, t) * m->panel_bytes : NULL;
}

/* Takes an eighth of what is left of a share, off its front or its back: the panels from … to - 1.
 * Few takings, for each waits until all that was written before is seen; a short end, so that the
 * threads end together. false = nothing is left. */
static bool share_take(Share *share, bool front, int *from, int *to)
{
    uint64_t range = atomic_load_explicit(&share->range, memory_order_relaxed), rest;
    uint32_t count;
    do {
        *from = (int)(uint32_t)range;
        *to = (int)(range >> 32);
        count = (uint32_t)(*to - *from + 7) / 8;
        if (count == 0)
            return false;
        rest = front ? range + count : range - ((uint64_t)count << 32);
    } while (!atomic_compare_exchange_weak_explicit(&share->range, &range, rest,
                                                    memory_order_relaxed, memory_order_relaxed));
    *(front ? to : from) = front ? *from + (int)count : *to - (int)count;
    return true;
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
    if (job->tiles)
        job->tiles->begin(job->n);
    for (int j = 0; j < job->parts; j++) {
        const Matrix *m = linear->matrix[j];
        int end = share_start(job, m, worker + 1), panel, to;
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
    if (job->tiles)
        job->tiles->end();
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
    if (job.ints && cpu->tiles && n >= cpu->tiles->rows)
        job.tiles = cpu->tiles;
    job.parts = linear_is_gated(linear->mode) ? 1 : linear->count;
    assert(!linear_is_gated(linear->mode) ||
           (linear->count == 2 && linear->matrix[0]->rows == linear->matrix[1]->rows));
    for (int j = 0; j < job.parts; j++)
        for (int t = 0; t < k->threads; t++) {
            uint64_t from = (uint64_t)share_start(&job, linear->matrix[j], t);
            uint64_t to = (uint64_t)share_start(&job, linear->matrix[j], t + 1);
            atomic_store_explicit(&cpu->shares[j * k->threads + t].range, from | to << 32,
                                  memory_order_relaxed);
        }
    if (n <= PREPARE_ALONE)
        prepare(&job);
    pool_run(cpu->pool, work, &job);
}
