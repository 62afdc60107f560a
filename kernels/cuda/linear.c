/* linear.c - y = W f(x) + b for up to three matrices, see kernels.h.
 *
 * Generated tokens: prepare (norm, halves in fragment order), then one linear kernel for all
 * matrices of one type, 64 rows at a time (linear.h). Prompt tokens, where there is a library
 * for it: weights as halves, some rows at a time, a product over always ROWS_MAX rows, finish.
 * Which way a token goes depends on what it is, never on how many go along.
 */
#include <assert.h>
#include <string.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/layout.h"

enum {
    WARPS_WANTED = 1024, /* that stream weights at the same time: 8 on each of 128 processors */
    WEIGHTS_BYTES = 64 << 20, /* of weights taken apart at a time */
    WEIGHTS_ALIGN = 128,      /* rows, a multiple of any library tile's */
};

static bool wide_range(const Matrix *m)
{
    return layout_is_wide(m->type);
}

/* Of a prompt's weights, scales and all. */
static bool wide_rows(const Matrix *m)
{
    return layout_is_wide_row(m->type);
}

/* From the matrix's shape alone: the order of its sums must not depend on anything else. */
LinearPlan cuda_linear_plan(int units, int cols)
{
    int groups = (layout_steps(cols) + K_STEPS - 1) / K_STEPS;
    int slices = (WARPS_WANTED + units - 1) / units;
    slices = slices < groups ? slices : groups;
    LinearPlan plan = {.k_warps = 1, .splits = 1};
    while (plan.k_warps < slices && plan.k_warps < WARPS)
        plan.k_warps *= 2;
    plan.splits = (slices + WARPS - 1) / WARPS;
    int at_once = WARPS / plan.k_warps;
    plan.blocks = (units + at_once - 1) / at_once * plan.splits;
    return plan;
}

void cuda_prepare(Cuda *cuda, const Prepare *what, int n)
{
    int steps = layout_steps(what->cols), tiles = COLUMN_TILES * what->each;
    bool plain = what->form == ACT_PLAIN || what->form == ACT_FLOAT;
    size_t tile = (size_t)tiles * (size_t)steps * 2 * WARP * 16;
    size_t sums = (size_t)tiles * (size_t)((steps + K_STEPS - 1) / K_STEPS) * WARP * 8;
    PrepareArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.x = what->x;
    args.weight = what->norm;
    args.eps = what->eps;
    args.cols = what->cols;
    args.form = (int)what->form;
    args.each = what->each;
    args.values = cuda_reserve(cuda, &cuda->values, 2 * tile);
    args.sums = cuda_reserve(cuda, &cuda->sums, sums);
    args.scale = cuda_reserve(cuda, &cuda->scale, (size_t)(ROWS_MAX * what->each) * sizeof(float));
    queue_add(cuda, KERNEL_prepare, (plain ? ROWS_MAX : cuda_round_rows(n)) * what->each, 1, 1,
              &args, sizeof args, META_N);
}

static void prepare(Cuda *cuda, const Linear *linear, const float *x, int n, ActForm form)
{
    cuda_prepare(
        cuda, &(Prepare){x, linear->norm, linear->norm_eps, linear->matrix[0]->cols, 1, form}, n);
}

static KernelId linear_kernel(QuantType type, int tiles)
{
    int index = tiles == 1 ? 0 : tiles == 2 ? 1 : tiles == 4 ? 2 : 3;
    switch (type) {
#define QUANT_TYPE(name, ...) \
    case QUANT_##name:        \
        return (KernelId)(KERNEL_linear_##name##_1 + index);
#include "kernels/quant_types.def"
    }
    return KERNEL_COUNT;
}

static KernelId dequantise_kernel(QuantType type)
{
    switch (type) {
#define QUANT_TYPE(name, ...) \
    case QUANT_##name:        \
        return KERNEL_dequantise_##name;
#include "kernels/quant_types.def"
    }
    return KERNEL_COUNT;
}

/* Room for the sums of a launch's split inputs; returns how many blocks it has. */
static int plan_parts(Cuda *cuda, LinearArgs *args)
{
    int blocks = 0, unit_rows = linear_is_gated(args->mode) ? TILE_ROWS : 2 * TILE_ROWS;
    int64_t floats = 0;
    for (int p = 0; p < args->parts; p++) {
        LinearPart *part = &args->part[p];
        int units = (part->rows + unit_rows - 1) / unit_rows;
        LinearPlan plan = cuda_linear_plan(units, args->cols);
        part->first = blocks;
        part->k_warps = plan.k_warps;
        part->splits = plan.splits;
        part->partial_at = floats;
        if (plan.splits > 1)
            floats += (int64_t)plan.splits * units * CHUNK * 2 * TILE_ROWS;
        blocks += plan.blocks;
    }
    args->partial = cuda_reserve(cuda, &cuda->partial, (size_t)(floats + 1) * sizeof(float));
    args->counters = cuda_reserve(cuda, &cuda->counters, (size_t)blocks * sizeof(unsigned));
    return blocks;
}

/* One kernel for the matrices named by `which`, all of one type; a gate's two go as one part. */
static void launch(Cuda *cuda, const Linear *linear, LinearMode mode, const int *which, int count,
                   int n)
{
    const Matrix *first = linear->matrix[which[0]];
    LinearArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.cols = first->cols;
    args.mode = (int)mode;
    args.gain = linear->scale == 0 ? 1 : linear->scale;
    args.parts = linear_is_gated((int)mode) ? 1 : count;
    for (int p = 0; p < count; p++) {
        const Matrix *m = linear->matrix[which[p]];
        args.part[p].data = m->data;
        args.part[p].bias = linear->bias[which[p]];
        args.part[p].out = linear->out[linear_is_gated((int)mode) ? 0 : which[p]];
        args.part[p].rows = m->rows;
    }
    int blocks = plan_parts(cuda, &args);
    args.values = cuda->values.data;
    args.sums = cuda->sums.data;
    args.scale = cuda->scale.data;
    for (args.column = 0; args.column < n; args.column += CHUNK) {
        int left = n - args.column < CHUNK ? n - args.column : CHUNK;
        queue_add(cuda, linear_kernel(first->type, cuda_round_rows(left) / COLUMNS), blocks, 1, 1,
                  &args, sizeof args, META_N);
    }
}

/* All matrices of one form of activations, type by type. */
static void decode_form(Cuda *cuda, const Linear *linear, LinearMode mode, const float *x, int n,
                        bool wide)
{
    bool done[LINEAR_MAX] = {false};
    bool prepared = false;
    for (int j = 0; j < linear->count; j++) {
        int which[LINEAR_MAX], count = 0;
        for (int i = j; i < linear->count; i++) {
            const Matrix *m = linear->matrix[i];
            if (!done[i] && wide_range(m) == wide && m->type == linear->matrix[j]->type) {
                which[count++] = i;
                done[i] = true;
            }
        }
        if (count == 0)
            continue;
        if (!prepared)
            prepare(cuda, linear, x, n, wide ? ACT_BF16 : ACT_HALF);
        prepared = true;
        launch(cuda, linear, mode, which, count, n);
    }
}

/* stride: floats from row to row of what is in `product` */
static void finish(Cuda *cuda, const Linear *linear, int j, int count, const float *scale,
                   int stride, int n)
{
    FinishArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    for (int i = 0; i < count; i++) {
        args.y[i] = cuda->product[i].data;
        args.bias[i] = linear->bias[j + i];
    }
    args.scale = scale;
    args.out = linear->out[j];
    args.rows = linear->matrix[j]->rows;
    args.stride = stride;
    args.mode = (int)linear->mode;
    args.gain = linear->scale == 0 ? 1 : linear->scale;
    queue_add(cuda, KERNEL_finish, (args.rows + THREADS - 1) / THREADS, cuda_round_rows(n), 1,
              &args, sizeof args, META_N);
}

static float *product_room(Cuda *cuda, int i, const Matrix *m)
{
    size_t rows = (size_t)m->tiles * TILE_ROWS;
    return cuda_reserve(cuda, &cuda->product[i], ROWS_MAX * rows * sizeof(float));
}

/* SwiGLU over matrices of two types: two products, then one kernel that joins them. */
static void decode_mixed(Cuda *cuda, const Linear *linear, const float *x, int n)
{
    Linear apart = *linear;
    for (int j = 0; j < 2; j++)
        apart.out[j] = product_room(cuda, j, linear->matrix[j]);
    decode_form(cuda, &apart, LINEAR_SET, x, n, false);
    decode_form(cuda, &apart, LINEAR_SET, x, n, true);
    apart = *linear;
    apart.bias[0] = apart.bias[1] = NULL; /* are in already */
    finish(cuda, &apart, 0, 2, cuda->ones, linear->matrix[0]->rows, n);
}

/* Product of a prompt's activations, prepared already, with one matrix. */
static void prompt_product(Cuda *cuda, const Matrix *m, float *y)
{
    Gpu *gpu = cuda->gpu;
    QuantType type = !wide_rows(m) ? QUANT_F16 : wide_range(m) ? m->type : QUANT_BF16;
    size_t row_bytes = (size_t)m->cols * (wide_rows(m) ? sizeof(float) : sizeof(uint16_t));
    int rows = (int)(WEIGHTS_BYTES / row_bytes) / WEIGHTS_ALIGN * WEIGHTS_ALIGN;
    int all = m->tiles * TILE_ROWS;
    rows = rows < WEIGHTS_ALIGN ? WEIGHTS_ALIGN : rows;
    rows = rows < all ? rows : all;
    void *weights = cuda_reserve(cuda, &cuda->weights, (size_t)rows * row_bytes);
    for (int at = 0; at < all; at += rows) {
        int count = all - at < rows ? all - at : rows;
        DequantiseArgs args = {m->data + (size_t)(at / TILE_ROWS) * m->tile_bytes, weights, m->cols,
                               count / TILE_ROWS};
        queue_add(cuda, dequantise_kernel(m->type), args.tiles,
                  (layout_steps(m->cols) + WARPS - 1) / WARPS, 1, &args, sizeof args, 0);
        queue_send(cuda, false); /* a prompt's pieces are many, and each is seldom seen */
        gpu->gemm(gpu, &(Gemm){.w = weights,
                               .x = cuda->values.data,
                               .y = y + at,
                               .rows = count,
                               .cols = m->cols,
                               .stride = all,
                               .type = type});
    }
}

static void prompt(Cuda *cuda, const Linear *linear, const float *x, int n)
{
    int form = -1, together = linear_is_gated(linear->mode) ? 2 : 1;
    for (int j = 0; j < linear->count; j += together) {
        for (int i = 0; i < together; i++) {
            const Matrix *m = linear->matrix[j + i];
            float *y = product_room(cuda, i, m);
            int wanted = wide_rows(m) ? ACT_FLOAT : ACT_PLAIN;
            if (form != wanted)
                prepare(cuda, linear, x, n, (ActForm)wanted);
            form = wanted;
            prompt_product(cuda, m, y);
        }
        finish(cuda, linear, j, together, cuda->scale.data, linear->matrix[j]->tiles * TILE_ROWS,
               n);
    }
}

void cuda_linear(Kernels *k, const Linear *linear, const float *x, int n)
{
    Cuda *cuda = cuda_of(k);
    assert(n >= 1 && n <= ROWS_MAX && linear->count >= 1 && linear->count <= LINEAR_MAX);
    bool gated = linear_is_gated(linear->mode);
    assert(!gated || (linear->count == 2 && linear->matrix[0]->rows == linear->matrix[1]->rows));
    bool mixed = gated && linear->matrix[0]->type != linear->matrix[1]->type;
    cuda->best.logits = NULL;
    queue_count(cuda, n);
    if (linear->prompt && cuda->gpu->gemm &&
        !(mixed && wide_rows(linear->matrix[0]) != wide_rows(linear->matrix[1]))) {
        prompt(cuda, linear, x, n);
    } else if (mixed) {
        decode_mixed(cuda, linear, x, n);
    } else {
        decode_form(cuda, linear, linear->mode, x, n, false);
        decode_form(cuda, linear, linear->mode, x, n, true);
    }
    if (linear->mode == LINEAR_SET && linear->count == 1) {
        cuda->best.logits = linear->out[0];
        cuda->best.n = n;
        cuda->best.stride = linear->matrix[0]->rows;
        cuda->best.count = 0;
    }
}

static void norm_rows(Kernels *k, const NormArgs *norm, int n)
{
    Cuda *cuda = cuda_of(k);
    NormArgs args = *norm;
    args.meta = cuda->queue.device;
    cuda->best.logits = NULL;
    queue_count(cuda, n);
    queue_add(cuda, KERNEL_norm, cuda_round_rows(n), args.heads, 1, &args, sizeof args, META_N);
}

void cuda_norm(Kernels *k, const float *x, const float *weight, float eps, int n, int heads,
               int cols, float *out)
{
    norm_rows(k, &(NormArgs){NULL, x, weight, out, eps, heads, cols, false}, n);
}

void cuda_norm_add(Kernels *k, float *x, const float *weight, float eps, int n, int cols,
                   float *out)
{
    norm_rows(k, &(NormArgs){NULL, x, weight, out, eps, 1, cols, true}, n);
}

void cuda_gather(Kernels *k, const float *x, int n, int stride, const int *places, int count,
                 float *out)
{
    Cuda *cuda = cuda_of(k);
    GatherArgs args = {cuda->queue.device, x, places, out, stride, count};
    cuda->best.logits = NULL;
    queue_count(cuda, n);
    queue_add(cuda, KERNEL_gather, (count + THREADS - 1) / THREADS, cuda_round_rows(n), 1, &args,
              sizeof args, META_N);
}

/* What it works on are nearly always the rows that were there last: then neither the Meta nor the
 * command is another than the one before. */
void cuda_silu_add(Kernels *k, const float *x, size_t count, float *out)
{
    Cuda *cuda = cuda_of(k);
    if (count == 0)
        return;
    if (cuda->queue.meta.n < 1 || count % (size_t)cuda->queue.meta.n != 0)
        queue_count(cuda, 1);
    int n = cuda->queue.meta.n, cols = (int)(count / (size_t)n);
    SiluAddArgs args = {cuda->queue.device, x, out, cols};
    cuda->best.logits = NULL;
    queue_add(cuda, KERNEL_silu_add, (cols + THREADS - 1) / THREADS, cuda_round_rows(n), 1, &args,
              sizeof args, META_N);
}
