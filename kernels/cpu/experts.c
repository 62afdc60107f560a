/* experts.c - a feed-forward part that is a mixture of experts, see kernels.h: the router by
 * matmul.c, then all else in one parallel run.
 *
 * in: n rows of floats -> router, pairs of row and expert (route.h) -> norm and quantisation of the
 * rows, copied next to each other by expert -> barrier -> gate, up, SwiGLU, a share of (expert,
 * panel) for each thread -> barrier -> quantisation of those -> barrier -> down, a share of panels
 * for each thread, which adds up what all experts have for them. So each expert's weights are read
 * once for all its rows, threads split outputs, and a row's sum is over its own experts, ascending.
 */
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "kernels/cpu/matmul.h"

enum { PANELS_FEW = 8 /* of gate, before those of up */ };

typedef struct Job {
    Cpu *cpu;
    const Experts *experts;
    const Route *route;
    float *x;
    int n, cols, inner;
    bool ints, floats;           /* forms of the rows that gate and up want, */
    bool inner_ints;             /* and of their outputs that down wants */
    atomic_int row, rows_done;   /* next to be prepared, finished */
    atomic_int panels_done;      /* of gate and up */
    atomic_int pair, pairs_done; /* of preparing for down */
} Job;

static size_t groups_of(int cols)
{
    return ((size_t)cols + GROUP - 1) / GROUP;
}

/* The rows of an active expert. */
static int rows_of(const Route *route, int active)
{
    return route->first[active + 1] - route->first[active];
}

static const uint8_t *panel_data(const Matrix *m, int expert, int panel)
{
    return m->data + ((size_t)expert * (size_t)m->panels + (size_t)panel) * m->panel_bytes;
}

/* Tile registers are shaped for a number of rows. */
typedef struct Tiles {
    int rows; /* 0 = not begun */
} Tiles;

static Operand operand_of(const Job *job, int active, int cols, const float *floats, Tiles *tiles)
{
    const Cpu *cpu = job->cpu;
    size_t first = (size_t)job->route->first[active];
    Operand x = {.acts = cpu->pairs.acts + first * groups_of(cols),
                 .floats = floats + first * (size_t)cols,
                 .n = rows_of(job->route, active)};
    if (!cpu->tiles || cpu->table.act_f32 || x.n < cpu->tiles->rows)
        return x;
    x.tiles = cpu->tiles;
    if (tiles->rows != x.n)
        cpu->tiles->begin(x.n);
    tiles->rows = x.n;
    return x;
}

/* ---- rows ---- */

static void prepare_row(Job *job, int i)
{
    Cpu *cpu = job->cpu;
    const Route *route = job->route;
    size_t cols = (size_t)job->cols, groups = groups_of(job->cols);
    float *normed = cpu->floats + (size_t)i * cols;
    ActGroup *acts = cpu->acts + (size_t)i * groups;
    cpu->isa->norm(job->x + (size_t)i * cols, job->experts->norm, job->experts->norm_eps, job->cols,
                   normed);
    if (job->ints)
        cpu->isa->quantise(normed, job->cols, acts, 1);
    for (int r = 0; r < route->picks; r++) {
        int pair = route->pair[i * route->picks + r], place = route->place[i * route->picks + r];
        size_t first = (size_t)route->first[place], rows = (size_t)rows_of(route, place);
        ActGroup *to = cpu->pairs.acts + first * groups + ((size_t)pair - first);
        for (size_t g = 0; job->ints && g < groups; g++)
            to[g * rows] = acts[g];
        if (job->floats)
            memcpy(cpu->pairs.floats + (size_t)pair * cols, normed, cols * sizeof *normed);
    }
}

static void prepare_rows(Job *job)
{
    for (int i; (i = atomic_fetch_add_explicit(&job->row, 1, memory_order_relaxed)) < job->n;) {
        prepare_row(job, i);
        atomic_fetch_add_explicit(&job->rows_done, 1, memory_order_release);
    }
}

/* ---- gate and up ---- */

/* Panels from … to - 1 of an active expert. */
static void gate_up(const Job *job, int active, int from, int to, Tiles *tiles)
{
    _Alignas(64) float acc[2][ROWS_MAX][PANEL];
    const Cpu *cpu = job->cpu;
    const Route *route = job->route;
    const Matrix *m[2] = {job->experts->gate, job->experts->up};
    Operand x = operand_of(job, active, job->cols, cpu->pairs.floats, tiles);
    int expert = route->expert[active], few = ROWS_MAX / x.n;
    int next = active + 1 < route->active ? route->expert[active + 1] : -1;
    size_t inner = (size_t)job->inner;
    few = few < PANELS_FEW ? few : PANELS_FEW;
    for (int p = from, end; p < to; p = end) {
        end = p + few < to ? p + few : to;
        for (int j = 0; j < 2; j++) {
            for (int i = p; i < end; i++) {
                Ahead ahead = {(size_t)(m[j]->panels - i) * m[j]->panel_bytes,
                               next >= 0 ? panel_data(m[j], next, 0) : NULL};
                panel_times(cpu, m[j], panel_data(m[j], expert, i), ahead, &x,
                            acc[j] + (i - p) * x.n);
            }
        }
        for (int i = p; i < end; i++) {
            int at = i * PANEL, rows = job->inner - at < PANEL ? job->inner - at : PANEL;
            float *out = cpu->pairs.inner + (size_t)route->first[active] * inner + at;
            for (int row = 0; row < x.n; row++, out += inner)
                cpu->isa->swiglu(acc[0][(i - p) * x.n + row], acc[1][(i - p) * x.n + row], NULL,
                                 NULL, rows, out);
        }
    }
}

/* All panels of all active experts are numbered. */
static void gate_up_run(Job *job, int from, int to, Tiles *tiles)
{
    int panels = job->experts->gate->panels;
    for (int i = from, end; i < to; i = end) {
        int active = i / panels;
        end = (active + 1) * panels < to ? (active + 1) * panels : to;
        gate_up(job, active, i - active * panels, end - active * panels, tiles);
    }
    atomic_fetch_add_explicit(&job->panels_done, to - from, memory_order_release);
}

/* ---- down ---- */

/* Pair by pair; which expert a pair is of is found as pairs ascend. */
static void prepare_pairs(Job *job)
{
    const Cpu *cpu = job->cpu;
    const Route *route = job->route;
    size_t groups = groups_of(job->inner);
    int active = 0, pair;
    while ((pair = atomic_fetch_add_explicit(&job->pair, 1, memory_order_relaxed)) < route->pairs) {
        while (route->first[active + 1] <= pair)
            active++;
        size_t first = (size_t)route->first[active];
        if (job->inner_ints)
            cpu->isa->quantise(cpu->pairs.inner + (size_t)pair * (size_t)job->inner, job->inner,
                               cpu->pairs.acts + first * groups + ((size_t)pair - first),
                               rows_of(route, active));
        atomic_fetch_add_explicit(&job->pairs_done, 1, memory_order_release);
    }
}

/* Adds an active expert's outputs to its rows: panels from … to - 1. */
static void down(const Job *job, int active, int from, int to, Tiles *tiles)
{
    _Alignas(64) float acc[ROWS_MAX][PANEL];
    const Cpu *cpu = job->cpu;
    const Route *route = job->route;
    const Matrix *m = job->experts->down;
    Operand x = operand_of(job, active, job->inner, cpu->pairs.inner, tiles);
    int next = active + 1 < route->active ? route->expert[active + 1] : -1;
    for (int p = from; p < to; p++) {
        Ahead ahead = {(size_t)(to - p) * m->panel_bytes,
                       next >= 0 ? panel_data(m, next, from) : NULL};
        panel_times(cpu, m, panel_data(m, route->expert[active], p), ahead, &x, acc);
        int at = p * PANEL, rows = m->rows - at < PANEL ? m->rows - at : PANEL;
        for (int i = 0; i < x.n; i++) {
            int pair = route->first[active] + i;
            float *out = job->x + (size_t)route->row[pair] * (size_t)job->cols + at;
            for (int r = 0; r < rows; r++)
                out[r] += route->weight[pair] * acc[i][r];
        }
    }
}

static void down_run(Job *job, int from, int to, Tiles *tiles)
{
    for (int active = 0; active < job->route->active; active++)
        down(job, active, from, to, tiles);
}

/* ---- all of it ---- */

/* Takes its own share from the front, then what others left from behind. */
static void take_all(Job *job, int part, int worker, Tiles *tiles,
                     void (*run)(Job *, int, int, Tiles *))
{
    int threads = job->cpu->table.threads, from, to;
    for (int i = 0; i < threads; i++) {
        Share *share = &job->cpu->shares[part * threads + (worker + i) % threads];
        while (share_take(share, i == 0, &from, &to))
            run(job, from, to, tiles);
    }
}

static void work(void *context, int worker)
{
    Job *job = context;
    Pool *pool = job->cpu->pool;
    Tiles tiles = {0};
    prepare_rows(job);
    pool_wait(pool, &job->rows_done, job->n);
    take_all(job, 0, worker, &tiles, gate_up_run);
    pool_wait(pool, &job->panels_done, job->route->active * job->experts->gate->panels);
    prepare_pairs(job);
    pool_wait(pool, &job->pairs_done, job->route->pairs);
    take_all(job, 1, worker, &tiles, down_run);
    if (tiles.rows)
        job->cpu->tiles->end();
}

void experts_run(Kernels *k, const Experts *experts, float *x, int n)
{
    Cpu *cpu = cpu_of(k);
    Route *route = cpu->pairs.route;
    const Matrix *gate = experts->gate, *up = experts->up, *below = experts->down;
    Linear router = {.count = 1,
                     .mode = LINEAR_SET,
                     .prompt = experts->prompt,
                     .matrix = {experts->router},
                     .out = {cpu->pairs.logits},
                     .norm = experts->norm,
                     .norm_eps = experts->norm_eps};
    Job job = {.cpu = cpu,
               .experts = experts,
               .route = route,
               .x = x,
               .n = n,
               .cols = gate->cols,
               .inner = gate->rows};
    assert(n >= 1 && n <= ROWS_MAX && ROWS_MAX * experts->picks <= cpu->pairs.most);
    assert(up->rows == gate->rows && up->cols == gate->cols && below->rows == gate->cols &&
           below->cols == gate->rows && up->stack == gate->stack && below->stack == gate->stack &&
           experts->router->rows == gate->stack);
    linear_run(k, &router, x, n);
    route_rows(route, cpu->pairs.logits, n, gate->stack, experts->picks);
    job.floats = wants_floats(cpu, gate) || wants_floats(cpu, up);
    job.ints = !wants_floats(cpu, gate) || !wants_floats(cpu, up);
    job.inner_ints = !wants_floats(cpu, below);
    shares_deal(cpu, 0, route->active * gate->panels);
    shares_deal(cpu, 1, below->panels);
    pool_run(cpu->pool, work, &job);
}
