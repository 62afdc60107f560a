/* cuda_blas.c - products of prompts by cuBLASLt, which is opened at run time: half a gigabyte that
 * this program neither needs to start nor to decode.
 *
 * in: row-major weights and activations -> out: floats. Each shape has one algorithm, asked for
 * once with the full number of rows, without workspace and without reductions across blocks: so
 * inputs are never split, and a row's result depends on nothing but the row.
 */
#include <cublasLt.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "cuda_driver.h"

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

static int shape_choose(Blas *b, Shape *s)
{
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
                                                &reductions, sizeof reductions) ||
        b->cublasLtMatmulAlgoGetHeuristic(b->handle, s->operation, s->w, s->x, s->y, s->y, wish, 1,
                                          &result, &found) ||
        found < 1;
    if (wish)
        b->cublasLtMatmulPreferenceDestroy(wish);
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
    if (shape_describe(b, s, g) || shape_choose(b, s)) {
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
