/* experts.c - a feed-forward part that is a mixture of experts, see kernels.h.
 *
 * The router is a product as any other. What follows is put down as kernels of fixed grids
 * (device/experts.h): which experts there are is known on the device only. Prompts go the same way.
 */
#include <assert.h>
#include <string.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/layout.h"

/* What all kernels of a mixture share. */
typedef struct Mix {
    Cuda *cuda;
    const Experts *experts;
    Routed *routed;
    int n, active; /* active: experts that there can be, with n rounded up */
} Mix;

static KernelId stack_kernel(QuantType type)
{
    switch (type) {
#define QUANT_TYPE(name, ...) \
    case QUANT_##name:        \
        return KERNEL_stack_##name;
#include "kernels/quant_types.def"
    }
    return KERNEL_COUNT;
}

static float *pair_room(const Mix *mix, int i, int cols)
{
    size_t pairs = (size_t)(ROWS_MAX * mix->experts->picks);
    return cuda_reserve(mix->cuda, &mix->cuda->pair[i], pairs * (size_t)cols * sizeof(float));
}

/* One kernel for stacks of one type, activations prepared already. */
static void stacks(const Mix *mix, const Matrix *const matrix[], float *const out[], int count,
                   bool by_pair)
{
    Cuda *cuda = mix->cuda;
    StackArgs args;
    int blocks = 0;
    memset(&args, 0, sizeof args);
    args.linear.meta = cuda->queue.device;
    args.linear.values = cuda->values.data;
    args.linear.sums = cuda->sums.data;
    args.linear.scale = cuda->scale.data;
    args.linear.cols = matrix[0]->cols;
    args.linear.mode = LINEAR_SET;
    args.linear.parts = count;
    args.routed = mix->routed;
    args.picks = mix->experts->picks;
    args.by_pair = by_pair;
    for (int p = 0; p < count; p++) {
        LinearPart *part = &args.linear.part[p];
        int units = (matrix[p]->rows + 2 * TILE_ROWS - 1) / (2 * TILE_ROWS);
        part->k_warps = cuda_linear_plan(units, matrix[p]->cols).k_warps;
        part->splits = 1;
        part->data = matrix[p]->data;
        part->out = out[p];
        part->rows = matrix[p]->rows;
        part->first = blocks;
        blocks += (units + WARPS / part->k_warps - 1) / (WARPS / part->k_warps);
    }
    queue_add(cuda, stack_kernel(matrix[0]->type), blocks, mix->active, 1, &args, sizeof args,
              META_N);
}

/* out[j] = gate's and up's outputs for each pair. */
static void gate_up(const Mix *mix, const float *x, float *const out[2])
{
    const Experts *e = mix->experts;
    const Matrix *m[2] = {e->gate, e->up};
    bool same = m[0]->type == m[1]->type;
    int form = -1;
    for (int j = 0; j < (same ? 1 : 2); j++) {
        ActForm wanted = layout_is_wide(m[j]->type) ? ACT_BF16 : ACT_HALF;
        if (form != (int)wanted)
            cuda_prepare(mix->cuda, &(Prepare){x, e->norm, e->norm_eps, m[j]->cols, 1, wanted},
                         mix->n);
        form = (int)wanted;
        stacks(mix, m + j, out + j, same ? 2 : 1, false);
    }
}

static void router(const Mix *mix, const float *x)
{
    Cuda *cuda = mix->cuda;
    const Experts *e = mix->experts;
    size_t floats = ROWS_MAX * (size_t)e->router->rows;
    float *logits = cuda_reserve(cuda, &cuda->router, floats * sizeof(float));
    Linear linear = {.count = 1,
                     .mode = LINEAR_SET,
                     .prompt = e->prompt,
                     .matrix = {e->router},
                     .out = {logits},
                     .norm = e->norm,
                     .norm_eps = e->norm_eps};
    RouteArgs args;
    memset(&args, 0, sizeof args);
    args.meta = cuda->queue.device;
    args.logits = logits;
    args.routed = mix->routed;
    args.experts = e->router->rows;
    args.picks = e->picks;
    cuda_linear(&cuda->table, &linear, x, mix->n);
    queue_add(cuda, KERNEL_route, cuda_round_rows(mix->n), 1, 1, &args, sizeof args, META_N);
    queue_add(cuda, KERNEL_route_group, 1, 1, 1, &args, sizeof args, META_N);
}

/* rows: of the grid */
static void pairs(const Mix *mix, KernelId kernel, const float *a, const float *b, float *out,
                  int cols, int rows)
{
    PairsArgs args;
    memset(&args, 0, sizeof args);
    args.meta = mix->cuda->queue.device;
    args.routed = mix->routed;
    args.a = a;
    args.b = b;
    args.out = out;
    args.cols = cols;
    args.picks = mix->experts->picks;
    queue_add(mix->cuda, kernel, (cols + THREADS - 1) / THREADS, rows, 1, &args, sizeof args,
              META_N);
}

void cuda_experts(Kernels *k, const Experts *experts, float *x, int n)
{
    Cuda *cuda = cuda_of(k);
    const Matrix *down = experts->down;
    int rows = cuda_round_rows(n), all = experts->router->rows, picks = experts->picks;
    assert(n >= 1 && n <= ROWS_MAX && picks >= 1 && picks <= PICKS_MAX && picks <= all);
    Mix mix = {.cuda = cuda,
               .experts = experts,
               .routed = cuda_reserve(cuda, &cuda->routed, sizeof(Routed)),
               .n = n,
               .active = rows * picks < all ? rows * picks : all};
    float *out[2] = {pair_room(&mix, 0, down->cols), pair_room(&mix, 1, down->cols)};
    float *y = pair_room(&mix, 2, down->rows);
    queue_count(cuda, n);
    router(&mix, x);
    gate_up(&mix, x, out);
    pairs(&mix, KERNEL_pair_swiglu, out[0], out[1], out[0], down->cols, rows * picks);
    cuda_prepare(cuda,
                 &(Prepare){out[0], NULL, 0, down->cols, picks,
                            layout_is_wide(down->type) ? ACT_BF16 : ACT_HALF},
                 n);
    stacks(&mix, &down, &y, 1, true);
    pairs(&mix, KERNEL_pair_add, y, NULL, x, down->rows, rows);
    cuda->best.logits = NULL;
}
