/* blas.c - products of prompts and of training by cuBLASLt, which is opened at run time: half
 * a gigabyte that this program neither needs to start nor to decode.
 *
 * in: row-major weights and activations -> out: floats. Each shape has one algorithm, without
 * workspace and without reductions across blocks: so inputs are never split, and sums have one
 * order. Prompts ask for it once with the full number of rows, and a row's result depends on
 * nothing but the row. Training has another number of rows in each step, and asks every time.
 */
#include <cublasLt.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "kernels/cuda/driver.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)
#define LIBRARY "libcublasLt.so." TEXT(CUBLAS_VER_MAJOR)

#define FUNCTIONS(X)                        \
    X(cublasLtCreate)                       \
    X(cublasLtDestroy)                      \
    X(cublasLtMatmulDescCreate)             \
    X(cublasLtMatmulDescDestroy)            \
    X(cublasLtMatmulDescSetAttribute)       \
    X(cublasLtMatrixLayoutCreate)           \
    X(cublasLtMatrixLayoutDestroy)          \
    X(cublasLtMatrixLayoutSetAttribute)     \
    X(cublasLtMatmulPreferenceCreate)       \
    X(cublasLtMatmulPreferenceDestroy)      \
    X(cublasLtMatmulPreferenceSetAttribute) \
    X(cublasLtMatmulAlgoGetHeuristic)       \
    X(cublasLtMatmul)

enum { SHAPES_MAX = 64 };

typedef struct Shape {
    int rows, cols, stride;
    QuantType type;
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t w, x, y;
    cublasLtMatmulAlgo_t algorithm;
} Shape;

struct Blas {
    void *library;
    CUstream stream;
    cublasLtHandle_t handle;
#define X(name) __typeof__(name) *name;
    FUNCTIONS(X)
#undef X
    int n_shapes;
    Shape shapes[SHAPES_MAX];
};

Blas *blas_open(CUstream stream)
{
    static const char *const places[] = {LIBRARY, "/usr/local/cuda/lib64/" LIBRARY};
    Blas *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->stream = stream;
    for (int i = 0; i < 2 && !b->library; i++)
        b->library = dlopen(places[i], RTLD_NOW | RTLD_LOCAL);
    if (!b->library) {
        free(b);
        return NULL;
    }
#define X(name) b->name = (__typeof__(b->name))dlsym(b->library, #name);
    FUNCTIONS(X)
#undef X
    int good = 1;
#define X(name) good = good && b->name;
    FUNCTIONS(X)
#undef X
    if (good && b->cublasLtCreate(&b->handle) == CUBLAS_STATUS_SUCCESS)
        return b;
    free(b);
    return NULL;
}

static void shape_close(Blas *b, Shape *s)
{
    if (s->operation)
        b->cublasLtMatmulDescDestroy(s->operation);
    cublasLtMatrixLayout_t layouts[] = {s->w, s->x, s->y};
    for (int i = 0; i < 3; i++) {
        if (layouts[i])
            b->cublasLtMatrixLayoutDestroy(layouts[i]);
    }
}

void blas_close(Blas *b)
{
    if (!b)
        return;
    for (int i = 0; i < b->n_shapes; i++)
        shape_close(b, &b->shapes[i]);
    b->cublasLtDestroy(b->handle);
    free(b); /* the library stays, as the driver's does */
}

/* Column by column, as the library sees it, y is W transposed times x. */
static int shape_describe(Blas *b, Shape *s, const Gemm *g)
{
    cublasOperation_t transposed = CUBLAS_OP_T;
    cudaDataType_t type = g->type == QUANT_F16 ? CUDA_R_16F : CUDA_R_32F;
    /* bf16 values fit the short mantissa of TF32, other floats do not. */
    cublasComputeType_t compute =
        g->type == QUANT_BF16 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    uint64_t rows = (uint64_t)g->rows, cols = (uint64_t)g->cols;
    return b->cublasLtMatmulDescCreate(&s->operation, compute, CUDA_R_32F) ||
           b->cublasLtMatmulDescSetAttribute(s->operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                             sizeof transposed) ||
           b->cublasLtMatrixLayoutCreate(&s->w, type, cols, rows, g->cols) ||
           b->cublasLtMatrixLayoutCreate(&s->x, type, cols, ROWS_MAX, g->cols) ||
           b->cublasLtMatrixLayoutCreate(&s->y, CUDA_R_32F, rows, ROWS_MAX, g->stride);
}

/* aligned: what the addresses of w, x and y are multiples of; NULL = as memory comes from the
 * driver */
static int shape_choose(Blas *b, Shape *s, const uint32_t aligned[3])
{
    static const cublasLtMatmulPreferenceAttributes_t alignment[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    cublasLtMatmulPreference_t wish = NULL;
    cublasLtMatmulHeuristicResult_t result;
    size_t workspace = 0;
    uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_NONE;
    int found = 0;
    int failed =
        b->cublasLtMatmulPreferenceCreate(&wish) ||
        b->cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &workspace, sizeof workspace) ||
        b->cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                                &reductions, sizeof reductions);
    for (int i = 0; aligned && !failed && i < 4; i++)
        failed = b->cublasLtMatmulPreferenceSetAttribute(
                     wish, alignment[i], &aligned[i < 3 ? i : 2], sizeof *aligned) != 0;
    failed = failed ||
             b->cublasLtMatmulAlgoGetHeuristic(b->handle, s->operation, s->w, s->x, s->y, s->y,
                                               wish, 1, &result, &found) ||
             found < 1;
    if (wish)
        b->cublasLtMatmulPreferenceDestroy(wish);
    if (!failed)
        s->algorithm = result.algo;
    return failed;
}

static Shape *shape_find(Blas *b, const Gemm *g)
{
    for (int i = 0; i < b->n_shapes; i++) {
        Shape *s = &b->shapes[i];
        if (s->rows == g->rows && s->cols == g->cols && s->stride == g->stride &&
            s->type == g->type)
            return s;
    }
    if (b->n_shapes == SHAPES_MAX) /* the oldest goes; its like gets the same algorithm again */
        shape_close(b, &b->shapes[--b->n_shapes]);
    Shape *s = &b->shapes[b->n_shapes];
    *s = (Shape){.rows = g->rows, .cols = g->cols, .stride = g->stride, .type = g->type};
    if (shape_describe(b, s, g) || shape_choose(b, s, NULL)) {
        shape_close(b, s);
        return NULL;
    }
    b->n_shapes++;
    return s;
}

const char *blas_gemm(Blas *b, const Gemm *g)
{
    const float one = 1.0f, zero = 0.0f;
    const Shape *s = shape_find(b, g);
    if (!s)
        return "cuBLASLt has no algorithm for a prompt's product";
    cublasStatus_t status =
        b->cublasLtMatmul(b->handle, s->operation, &one, g->w, s->w, g->x, s->x, &zero, g->y, s->y,
                          g->y, s->y, &s->algorithm, NULL, 0, b->stream);
    return status == CUBLAS_STATUS_SUCCESS ? NULL : "cuBLASLt refused a prompt's product";
}

/* ---- training ---- */

/* A matrix that the library sees column by column, which are our rows. */
static int layout_open(const Blas *b, cublasLtMatrixLayout_t *layout, cudaDataType_t type,
                       bool turned, int outer, int inner, int stride, int32_t batch, int64_t step)
{
    uint64_t rows = (uint64_t)(turned ? outer : inner), cols = (uint64_t)(turned ? inner : outer);
    return b->cublasLtMatrixLayoutCreate(layout, type, rows, cols, stride) ||
           b->cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                                               sizeof batch) ||
           b->cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                               &step, sizeof step);
}

/* Column by column, out is b times a transposed: b is the library's first factor. */
static int product_describe(const Blas *b, Shape *s, const GpuProduct *p)
{
    cublasOperation_t first = p->b.turned ? CUBLAS_OP_N : CUBLAS_OP_T;
    cublasOperation_t second = p->a.turned ? CUBLAS_OP_T : CUBLAS_OP_N;
    cudaDataType_t type = p->bf16 ? CUDA_R_16BF : CUDA_R_32F;
    return b->cublasLtMatmulDescCreate(&s->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F) ||
           b->cublasLtMatmulDescSetAttribute(s->operation, CUBLASLT_MATMUL_DESC_TRANSA, &first,
                                             sizeof first) ||
           b->cublasLtMatmulDescSetAttribute(s->operation, CUBLASLT_MATMUL_DESC_TRANSB, &second,
                                             sizeof second) ||
           layout_open(b, &s->w, type, p->b.turned, p->n, p->k, p->b.stride, p->batch, p->b.step) ||
           layout_open(b, &s->x, type, p->a.turned, p->m, p->k, p->a.stride, p->batch, p->a.step) ||
           layout_open(b, &s->y, CUDA_R_32F, false, p->m, p->n, p->stride, p->batch, p->step);
}

/* What the addresses of a batch's matrices are multiples of. */
static uint32_t aligned_to(const void *data, int64_t step, size_t size)
{
    uintptr_t bits = (uintptr_t)data | (uintptr_t)step * size | 256;
    return (uint32_t)(bits & -bits);
}

const char *blas_product(Blas *b, const GpuProduct *p)
{
    const float one = 1.0f, kept = p->add ? 1.0f : 0.0f;
    size_t size = p->bf16 ? sizeof(uint16_t) : sizeof(float);
    uint32_t aligned[] = {aligned_to(p->b.data, p->b.step, size),
                          aligned_to(p->a.data, p->a.step, size),
                          aligned_to(p->out, p->step, sizeof(float))};
    Shape s = {0};
    const char *why = NULL;
    if (product_describe(b, &s, p) || shape_choose(b, &s, aligned))
        why = "cuBLASLt has no algorithm for a product";
    else if (b->cublasLtMatmul(b->handle, s.operation, &one, p->b.data, s.w, p->a.data, s.x, &kept,
                               p->out, s.y, p->out, s.y, &s.algorithm, NULL, 0, b->stream))
        why = "cuBLASLt refused a product";
    shape_close(b, &s);
    return why;
}
