/* bench_probe.c - see bench_probe.h. Each function calls the inner table's and adds the time. */
#include "app/bench/bench_probe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

static Probe *probe_of(Kernels *k)
{
    return (Probe *)k;
}

static Kernels *inner_of(Kernels *k)
{
    return probe_of(k)->inner;
}

/* ---- what was called ---- */

static bool same(const ProbeRow *a, const ProbeRow *b)
{
    if (a->op != b->op || a->mode != b->mode || a->count != b->count)
        return false;
    for (int j = 0; j < a->count; j++)
        if (a->matrix[j].type != b->matrix[j].type || a->matrix[j].rows != b->matrix[j].rows ||
            a->matrix[j].cols != b->matrix[j].cols)
            return false;
    return true;
}

/* Adds one call that began at start_ms. */
static void add(Probe *p, const ProbeRow *call, double start_ms)
{
    p->inner->wait(p->inner);
    double ms = clock_ms() - start_ms;
    ProbeRow *row = p->rows;
    while (row < p->rows + p->n_rows && !same(row, call))
        row++;
    if (row == p->rows + p->n_rows) {
        assert(p->n_rows < PROBE_ROWS);
        p->n_rows++;
        *row = *call;
        row->bytes = row->macs = 0;
    }
    row->calls++;
    row->ms += ms;
    row->bytes += call->bytes;
    row->macs += call->macs;
}

static ProbeMatrix matrix_info(const Probe *p, const Matrix *matrix)
{
    for (int i = 0; i < p->n_matrices; i++)
        if (p->matrices[i].matrix == matrix)
            return p->matrices[i];
    assert(!"a matrix of another table");
    return (ProbeMatrix){0};
}

/* ---- the operations ---- */

static void embed(Kernels *k, const Matrix *matrix, const int *ids, int n, float scale, float *out)
{
    double start = clock_ms();
    inner_of(k)->embed(inner_of(k), matrix, ids, n, scale, out);
    ProbeMatrix m = matrix_info(probe_of(k), matrix);
    double bytes = n * (double)quant_row_bytes(m.type, m.cols);
    add(probe_of(k), &(ProbeRow){.op = PROBE_EMBED, .bytes = bytes}, start);
}

static void linear(Kernels *k, const Linear *linear, const float *x, int n)
{
    ProbeRow row = {.op = PROBE_LINEAR, .mode = linear->mode, .count = linear->count};
    for (int j = 0; j < linear->count; j++) {
        ProbeMatrix m = row.matrix[j] = matrix_info(probe_of(k), linear->matrix[j]);
        row.bytes += (double)m.rows * (double)quant_row_bytes(m.type, m.cols);
        row.macs += (double)m.rows * m.cols * n;
    }
    double start = clock_ms();
    inner_of(k)->linear(inner_of(k), linear, x, n);
    add(probe_of(k), &row, start);
}

/* How many experts the rows go through is known of a single row only. */
static void experts(Kernels *k, const Experts *experts, float *x, int n)
{
    const Matrix *matrix[] = {experts->gate, experts->up, experts->down};
    ProbeRow row = {.op = PROBE_EXPERTS, .count = 3};
    ProbeMatrix router = matrix_info(probe_of(k), experts->router);
    row.macs = (double)router.rows * router.cols * n;
    row.bytes = (double)router.rows * (double)quant_row_bytes(router.type, router.cols);
    for (int j = 0; j < 3; j++) {
        ProbeMatrix m = row.matrix[j] = matrix_info(probe_of(k), matrix[j]);
        row.bytes += experts->picks * (double)m.rows * (double)quant_row_bytes(m.type, m.cols);
        row.macs += (double)experts->picks * m.rows * m.cols * n;
    }
    if (n > 1)
        row.bytes = 0;
    double start = clock_ms();
    inner_of(k)->experts(inner_of(k), experts, x, n);
    add(probe_of(k), &row, start);
}

static void norm(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
                 int cols, float *out)
{
    double start = clock_ms();
    inner_of(k)->norm(inner_of(k), x, weight, eps, n, heads, cols, out);
    add(probe_of(k), &(ProbeRow){.op = PROBE_NORM, .bytes = 8.0 * n * heads * cols}, start);
}

static void norm_add(Kernels *k, float *x, const float *weight, float eps, int n, int cols,
                     float *out)
{
    double start = clock_ms();
    inner_of(k)->norm_add(inner_of(k), x, weight, eps, n, cols, out);
    add(probe_of(k), &(ProbeRow){.op = PROBE_NORM, .bytes = 12.0 * n * cols}, start);
}

static void rope(Kernels *k, float *x, const Batch *rows, int heads, int head_dim, const Rope *how)
{
    double start = clock_ms();
    inner_of(k)->rope(inner_of(k), x, rows, heads, head_dim, how);
    add(probe_of(k), &(ProbeRow){.op = PROBE_ROPE, .bytes = 8.0 * rows->n * heads * head_dim},
        start);
}

static KvCache *kv_open(Kernels *k, const KvShape *shape)
{
    enum { MANY = 1024 };
    Probe *p = probe_of(k);
    KvShape many = *shape;
    many.layers = 1;
    many.slots = MANY;
    many.few = NULL;
    p->head_dim = shape->head_dim;
    p->kv_bytes = (double)p->inner->kv_bytes(p->inner, &many) / MANY;
    return p->inner->kv_open(p->inner, shape);
}

static void kv_write(Kernels *k, KvCache *kv, int layer, const Batch *rows, const float *key,
                     const float *value)
{
    double start = clock_ms();
    inner_of(k)->kv_write(inner_of(k), kv, layer, rows, key, value);
    double bytes = rows->n * probe_of(k)->kv_bytes;
    add(probe_of(k), &(ProbeRow){.op = PROBE_KV_WRITE, .bytes = bytes}, start);
}

static void kv_move(Kernels *k, KvCache *kv, int first, int last, const int *from, int n, int to)
{
    double start = clock_ms();
    inner_of(k)->kv_move(inner_of(k), kv, first, last, from, n, to);
    double bytes = 2.0 * n * (last - first) * probe_of(k)->kv_bytes;
    add(probe_of(k), &(ProbeRow){.op = PROBE_KV_MOVE, .bytes = bytes}, start);
}

/* The cache has to be read once, however many rows there are. */
static void attention(Kernels *k, const KvCache *kv, int layer, const Batch *rows, const float *q,
                      int heads, const Attention *how, float *out)
{
    const Probe *p = probe_of(k);
    double start = clock_ms();
    inner_of(k)->attention(inner_of(k), kv, layer, rows, q, heads, how, out);
    ProbeRow row = {.op = PROBE_ATTENTION};
    int last = 0;
    for (int i = 0; i < rows->n; i++) {
        int seen = batch_position(rows, i) + 1;
        row.macs += 2.0 * seen * heads * p->head_dim;
        last = seen > last ? seen : last;
    }
    row.bytes = last * p->kv_bytes;
    add(probe_of(k), &row, start);
}

static void top(Kernels *k, const float *logits, int n, int vocab, int count, int *ids,
                float *values, float *log_sum)
{
    double start = clock_ms();
    inner_of(k)->top(inner_of(k), logits, n, vocab, count, ids, values, log_sum);
    add(probe_of(k), &(ProbeRow){.op = PROBE_TOP, .bytes = 4.0 * n * vocab}, start);
}

/* ---- what is not timed ---- */

static float *buffer_alloc(Kernels *k, size_t floats)
{
    return inner_of(k)->buffer_alloc(inner_of(k), floats);
}

static void buffer_free(Kernels *k, float *buffer)
{
    inner_of(k)->buffer_free(inner_of(k), buffer);
}

static void upload(Kernels *k, float *device, const float *host, size_t floats)
{
    inner_of(k)->upload(inner_of(k), device, host, floats);
}

static void download(Kernels *k, float *host, const float *device, size_t floats)
{
    inner_of(k)->download(inner_of(k), host, device, floats);
}

static void copy(Kernels *k, float *to, const float *from, size_t floats)
{
    inner_of(k)->copy(inner_of(k), to, from, floats);
}

static void wait(Kernels *k)
{
    inner_of(k)->wait(inner_of(k));
}

static size_t memory_free(Kernels *k)
{
    return inner_of(k)->memory_free(inner_of(k));
}

static int matrix_open(Kernels *k, Matrix **matrix, const MatrixSource *source, Err *err)
{
    Probe *p = probe_of(k);
    if (p->n_matrices == p->cap_matrices) {
        int cap = p->cap_matrices ? 2 * p->cap_matrices : 64;
        ProbeMatrix *more = realloc(p->matrices, (size_t)cap * sizeof *more);
        if (!more)
            return err_set(err, EXIT_MEMORY, "out of memory");
        p->matrices = more;
        p->cap_matrices = cap;
    }
    if (p->inner->matrix_open(p->inner, matrix, source, err) != 0)
        return -1;
    p->matrices[p->n_matrices++] = (ProbeMatrix){*matrix, source->type, source->rows, source->cols};
    return 0;
}

static void matrix_close(Kernels *k, Matrix *matrix)
{
    inner_of(k)->matrix_close(inner_of(k), matrix);
}

static size_t matrix_bytes(Kernels *k, QuantType type, int rows, int cols)
{
    return inner_of(k)->matrix_bytes(inner_of(k), type, rows, cols);
}

static void kv_close(Kernels *k, KvCache *kv)
{
    inner_of(k)->kv_close(inner_of(k), kv);
}

static size_t kv_bytes(Kernels *k, const KvShape *shape)
{
    return inner_of(k)->kv_bytes(inner_of(k), shape);
}

static void kv_read(Kernels *k, const KvCache *kv, int layer, int slot, float *key, float *value)
{
    inner_of(k)->kv_read(inner_of(k), kv, layer, slot, key, value);
}

static void close(Kernels *k)
{
    (void)k; /* the inner table is its owner's */
}

/* ---- */

void probe_open(Probe *probe, Kernels *inner)
{
    *probe = (Probe){.inner = inner,
                     .table = {
                         .device = inner->device,
                         .act_f32 = inner->act_f32,
                         .threads = inner->threads,
                         .close = close,
                         .buffer_alloc = buffer_alloc,
                         .buffer_free = buffer_free,
                         .upload = upload,
                         .download = download,
                         .copy = copy,
                         .wait = wait,
                         .memory_free = memory_free,
                         .matrix_open = matrix_open,
                         .matrix_close = matrix_close,
                         .matrix_bytes = matrix_bytes,
                         .embed = embed,
                         .linear = linear,
                         .experts = experts,
                         .norm = norm,
                         .norm_add = norm_add,
                         .rope = rope,
                         .kv_open = kv_open,
                         .kv_close = kv_close,
                         .kv_bytes = kv_bytes,
                         .kv_write = kv_write,
                         .kv_move = kv_move,
                         .kv_read = kv_read,
                         .attention = attention,
                         .top = top,
                     }};
    memcpy(probe->table.description, inner->description, sizeof probe->table.description);
}

void probe_close(Probe *probe)
{
    free(probe->matrices);
}

void probe_reset(Probe *probe)
{
    probe->n_rows = 0;
}
