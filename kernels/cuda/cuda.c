/* cuda.c - opens the CUDA backend on a device: the table, buffers, copies.
 *
 * in: a Gpu -> out: a Kernels table. Arithmetic: weights exactly as in the file, activations as
 * halves with an exponent per row (11 bits; sums in floats), keys and values as halves or
 * bytes.
 */
#include "kernels/cuda/cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/device/lane.h"

enum { RESERVE_BYTES = 512 << 20 /* of memory, for scratch, graphs and the driver */ };

static float *buffer_alloc(Kernels *k, size_t floats)
{
    Cuda *cuda = cuda_of(k);
    return floats > SIZE_MAX / 8 ? NULL : cuda->gpu->alloc(cuda->gpu, floats * sizeof(float));
}

static void buffer_free(Kernels *k, float *buffer)
{
    Cuda *cuda = cuda_of(k);
    if (!buffer)
        return;
    queue_flush(cuda);
    queue_forget(cuda);
    cuda_rope_forget(cuda, buffer, 1);
    cuda->gpu->free(cuda->gpu, buffer);
}

static void upload(Kernels *k, float *device, const float *host, size_t floats)
{
    Cuda *cuda = cuda_of(k);
    cuda->best.logits = NULL;
    queue_flush(cuda);
    cuda_rope_forget(cuda, device, floats);
    cuda->gpu->put(cuda->gpu, device, host, floats * sizeof *host);
    cuda->gpu->wait(cuda->gpu);
}

static void download(Kernels *k, float *host, const float *device, size_t floats)
{
    queue_get(cuda_of(k), host, device, floats * sizeof *host);
}

static bool overlap(const float *a, size_t a_floats, const float *b, size_t b_floats)
{
    return a < b + b_floats && b < a + a_floats;
}

/* Whether a copy may go along with those that wait already: none of them meets it. */
static bool copy_apart(const Meta *meta, const float *to, const float *from, size_t floats)
{
    for (int i = 0; i < meta->copies; i++) {
        size_t n = (size_t)meta->floats[i];
        if (overlap(to, floats, meta->copy_to[i], n) ||
            overlap(to, floats, meta->copy_from[i], n) ||
            overlap(from, floats, meta->copy_to[i], n))
            return false;
    }
    return true;
}

/* Copies that follow each other go as one kernel. */
static void copy_some(Cuda *cuda, float *to, const float *from, size_t floats)
{
    Queue *q = &cuda->queue;
    CopyArgs args = {q->device};
    GpuCommand *last = q->n ? &q->commands[q->n - 1] : NULL;
    Meta *meta = &q->meta;
    if (!last || last->kernel != KERNEL_copy || meta->copies == COPIES_MAX ||
        !copy_apart(meta, to, from, floats)) {
        meta = queue_meta(cuda, META_COPIES);
        meta->copies = 0;
        queue_add(cuda, KERNEL_copy, COLUMNS, 1, 1, &args, sizeof args, META_COPIES);
        last = &q->commands[q->n - 1];
    }
    int i = meta->copies++;
    meta->copy_to[i] = to;
    meta->copy_from[i] = from;
    meta->floats[i] = (int)floats;
    int grid = ((int)floats + 4 * THREADS - 1) / (4 * THREADS);
    last->grid[0] = (meta->copies + COLUMNS - 1) / COLUMNS * COLUMNS;
    last->grid[1] = grid > last->grid[1] ? grid : last->grid[1];
    q->changed = true;
}

static void copy(Kernels *k, float *to, const float *from, size_t floats)
{
    Cuda *cuda = cuda_of(k);
    cuda->best.logits = NULL;
    while (floats > 0) {
        size_t n = floats < COPY_FLOATS ? floats : COPY_FLOATS;
        copy_some(cuda, to, from, n);
        to += n;
        from += n;
        floats -= n;
    }
}

static void wait(Kernels *k)
{
    Cuda *cuda = cuda_of(k);
    queue_flush(cuda);
    cuda->gpu->wait(cuda->gpu);
    cuda->queue.stage = 0;
}

static size_t memory_free(Kernels *k)
{
    size_t bytes = cuda_of(k)->gpu->memory_free(cuda_of(k)->gpu);
    return bytes > RESERVE_BYTES ? bytes - RESERVE_BYTES : 0;
}

static void cuda_close(Kernels *k)
{
    if (!k)
        return;
    Cuda *cuda = cuda_of(k);
    Scratch *scratch[] = {
        &cuda->values,  &cuda->sums,   &cuda->scale,         &cuda->partial,    &cuda->counters,
        &cuda->weights, &cuda->pieces, &cuda->piece_weights, &cuda->product[0], &cuda->product[1],
        &cuda->turned,  &cuda->top,    &cuda->read,          &cuda->limit_data, &cuda->limit_out,
        &cuda->router,  &cuda->routed, &cuda->pair[0],       &cuda->pair[1],    &cuda->pair[2]};
    cuda->gpu->wait(cuda->gpu);
    for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++)
        cuda->gpu->free(cuda->gpu, scratch[i]->data);
    for (int i = 0; i < ROPE_TABLES; i++)
        cuda->gpu->free(cuda->gpu, cuda->rope[i].table);
    cuda->gpu->free(cuda->gpu, cuda->ones);
    cuda->gpu->host_free(cuda->gpu, cuda->staging);
    queue_close(cuda);
    pool_close(cuda->pool);
    cuda->gpu->close(cuda->gpu);
    free(cuda);
}

static const Kernels cuda_table = {
    .device = "cuda",
    .close = cuda_close,
    .buffer_alloc = buffer_alloc,
    .buffer_free = buffer_free,
    .upload = upload,
    .download = download,
    .copy = copy,
    .wait = wait,
    .memory_free = memory_free,
    .matrix_open = cuda_matrix_open,
    .matrix_close = cuda_matrix_close,
    .matrix_bytes = cuda_matrix_bytes,
    .embed = cuda_embed,
    .linear = cuda_linear,
    .experts = cuda_experts,
    .norm = cuda_norm,
    .norm_add = cuda_norm_add,
    .silu_add = cuda_silu_add,
    .gather = cuda_gather,
    .rope = cuda_rope,
    .kv_open = cuda_kv_open,
    .kv_close = cuda_kv_close,
    .kv_bytes = cuda_kv_bytes,
    .kv_write = cuda_kv_write,
    .kv_move = cuda_kv_move,
    .kv_read = cuda_kv_read,
    .attention = cuda_attention,
    .top = cuda_top,
    .draw = cuda_draw,
};

int cuda_open(Kernels **k, Gpu *gpu, Err *err)
{
    Cuda *cuda = calloc(1, sizeof *cuda);
    *k = NULL;
    if (!cuda) {
        gpu->close(gpu);
        return err_set(err, EXIT_MEMORY, "no memory for the CUDA backend");
    }
    cuda->table = cuda_table;
    cuda->gpu = gpu;
    cuda->table.threads = pool_cores();
    snprintf(cuda->table.description, sizeof cuda->table.description, "%s%s", gpu->name,
             gpu->gemm ? "" : ", no cuBLAS");
    cuda->pool = pool_open(cuda->table.threads);
    cuda->ones = gpu->alloc(gpu, ROWS_MAX * sizeof(float));
    if (queue_open(cuda, err) || !cuda->pool || !cuda->ones) {
        cuda_close(&cuda->table);
        return err_set(err, EXIT_MEMORY, "no memory for the CUDA backend on %s", gpu->name);
    }
    float ones[ROWS_MAX];
    for (int i = 0; i < ROWS_MAX; i++)
        ones[i] = 1.0f;
    upload(&cuda->table, cuda->ones, ones, ROWS_MAX);
    *k = &cuda->table;
    return 0;
}
