/* driver.c - the real device: see gpu.h.
 *
 * Through NVIDIA's driver library alone, opened at run time: so the same program starts where there
 * is no driver, and says so. Kernels come out of the program's own image (image.c); the driver
 * compiles what the image has no code for.
 */
#include "kernels/cuda/driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/cuda/device/lane.h"

/* The header maps names to versions, so text and type are those of the version. */
#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

#define FUNCTIONS(X)               \
    X(cuInit)                      \
    X(cuGetErrorString)            \
    X(cuDeviceGetCount)            \
    X(cuDeviceGet)                 \
    X(cuDeviceGetName)             \
    X(cuDeviceGetAttribute)        \
    X(cuDevicePrimaryCtxRetain)    \
    X(cuDevicePrimaryCtxRelease)   \
    X(cuCtxSetCurrent)             \
    X(cuModuleLoadData)            \
    X(cuModuleUnload)              \
    X(cuModuleGetFunction)         \
    X(cuStreamCreate)              \
    X(cuStreamDestroy)             \
    X(cuStreamSynchronize)         \
    X(cuMemAlloc)                  \
    X(cuMemFree)                   \
    X(cuMemAllocHost)              \
    X(cuMemFreeHost)               \
    X(cuMemGetInfo)                \
    X(cuMemsetD8Async)             \
    X(cuMemcpyHtoDAsync)           \
    X(cuMemcpyDtoHAsync)           \
    X(cuLaunchKernel)              \
    X(cuGraphCreate)               \
    X(cuGraphDestroy)              \
    X(cuGraphAddKernelNode)        \
    X(cuGraphInstantiateWithFlags) \
    X(cuGraphExecDestroy)          \
    X(cuGraphLaunch)

enum {
    MAJOR_MIN = 8,            /* sm_80: mma.sync over bf16, m16n8k16 */
    BOUNCE_BYTES = 256 << 10, /* of memory that results come back to at full speed */
};

typedef struct Driver {
    Gpu gpu; /* first */
    void *library;
#define X(name) __typeof__(name) *name;
    FUNCTIONS(X)
#undef X
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUstream stream;
    void *bounce;
    Blas *blas;
    char unknown[16];
    CUfunction kernels[KERNEL_COUNT];
} Driver;

extern const unsigned char cuda_image[];

static const char *const kernel_names[KERNEL_COUNT] = {
#define X(name, Args, shared) [KERNEL_##name] = #name "_kernel",
    CUDA_KERNELS(X)
#undef X
#define QUANT_TYPE(name, ...)                                   \
    [KERNEL_dequantise_##name] = "dequantise_" #name "_kernel", \
    [KERNEL_stack_##name] = "stack_" #name "_kernel",
#include "kernels/quant_types.def"
#define X(type, tiles) [KERNEL_linear_##type##_##tiles] = "linear_" #type "_" #tiles "_kernel",
#define QUANT_TYPE(name, ...) CUDA_LINEARS_OF(X, name)
#include "kernels/quant_types.def"
#undef X
};

static Driver *driver_of(Gpu *gpu)
{
    return (Driver *)gpu;
}

static const char *reason(Driver *d, CUresult result)
{
    const char *text = NULL;
    if (d->cuGetErrorString(result, &text) == CUDA_SUCCESS && text)
        return text;
    snprintf(d->unknown, sizeof d->unknown, "error %d", (int)result);
    return d->unknown;
}

/* The context is lost with whatever was in it: the process ends, and its parent goes on. */
static _Noreturn void give_up(const Driver *d, const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s failed: %s: %s; --device cpu goes on without it\n", d->gpu.name, what, why);
    fflush(stderr);
    _exit(EXIT_NODEVICE);
}

static void check(Driver *d, CUresult result, const char *what)
{
    if (result != CUDA_SUCCESS)
        give_up(d, what, reason(d, result));
}

/* ---- memory ---- */

static CUdeviceptr address(const void *p)
{
    return (CUdeviceptr)(uintptr_t)p;
}

static void driver_wait(Gpu *gpu)
{
    Driver *d = driver_of(gpu);
    check(d, d->cuStreamSynchronize(d->stream), "computing");
}

static void *driver_alloc(Gpu *gpu, size_t bytes)
{
    Driver *d = driver_of(gpu);
    CUdeviceptr memory;
    bytes = bytes ? bytes : 1;
    CUresult result = d->cuMemAlloc(&memory, bytes);
    if (result == CUDA_ERROR_OUT_OF_MEMORY)
        return NULL;
    check(d, result, "taking memory");
    check(d, d->cuMemsetD8Async(memory, 0, bytes, d->stream), "clearing memory");
    return (void *)(uintptr_t)memory;
}

static void driver_free(Gpu *gpu, void *memory)
{
    Driver *d = driver_of(gpu);
    if (!memory)
        return;
    driver_wait(gpu); /* for who may still use it */
    check(d, d->cuMemFree(address(memory)), "giving memory back");
}

static void *driver_host_alloc(Gpu *gpu, size_t bytes)
{
    void *memory;
    return driver_of(gpu)->cuMemAllocHost(&memory, bytes) == CUDA_SUCCESS ? memory : NULL;
}

static void driver_host_free(Gpu *gpu, void *memory)
{
    if (memory)
        driver_of(gpu)->cuMemFreeHost(memory);
}

static size_t driver_memory_free(Gpu *gpu)
{
    Driver *d = driver_of(gpu);
    size_t free_bytes, total;
    check(d, d->cuMemGetInfo(&free_bytes, &total), "asking for free memory");
    return free_bytes;
}

static void driver_put(Gpu *gpu, void *to, const void *from, size_t bytes)
{
    Driver *d = driver_of(gpu);
    check(d, d->cuMemcpyHtoDAsync(address(to), from, bytes, d->stream), "copying to it");
}

static void driver_get(Gpu *gpu, void *to, const void *from, size_t bytes)
{
    Driver *d = driver_of(gpu);
    void *place = bytes <= BOUNCE_BYTES ? d->bounce : to;
    check(d, d->cuMemcpyDtoHAsync(place, address(from), bytes, d->stream), "copying back");
    driver_wait(gpu);
    if (place != to)
        memcpy(to, place, bytes);
}

/* ---- kernels ---- */

static void driver_launch(Gpu *gpu, const GpuCommand *c)
{
    Driver *d = driver_of(gpu);
    void *params[] = {(void *)c->args};
    check(d,
          d->cuLaunchKernel(d->kernels[c->kernel], (unsigned)c->grid[0], (unsigned)c->grid[1],
                            (unsigned)c->grid[2], THREADS, 1, 1, 0, d->stream, params, NULL),
          kernel_names[c->kernel]);
}

static void *driver_graph_open(Gpu *gpu, const GpuCommand *commands, int n)
{
    Driver *d = driver_of(gpu);
    CUgraph graph;
    CUgraphExec ready = NULL;
    CUgraphNode node = NULL, before;
    if (d->cuGraphCreate(&graph, 0) != CUDA_SUCCESS)
        return NULL;
    CUresult result = CUDA_SUCCESS;
    for (int i = 0; i < n && result == CUDA_SUCCESS; i++) {
        const GpuCommand *c = &commands[i];
        void *params[] = {(void *)c->args};
        CUDA_KERNEL_NODE_PARAMS what = {.func = d->kernels[c->kernel],
                                        .gridDimX = (unsigned)c->grid[0],
                                        .gridDimY = (unsigned)c->grid[1],
                                        .gridDimZ = (unsigned)c->grid[2],
                                        .blockDimX = THREADS,
                                        .blockDimY = 1,
                                        .blockDimZ = 1,
                                        .kernelParams = params};
        before = node;
        result = d->cuGraphAddKernelNode(&node, graph, i ? &before : NULL, i ? 1 : 0, &what);
    }
    if (result == CUDA_SUCCESS)
        result = d->cuGraphInstantiateWithFlags(&ready, graph, 0);
    d->cuGraphDestroy(graph);
    return result == CUDA_SUCCESS ? ready : NULL;
}

static void driver_graph_launch(Gpu *gpu, void *graph)
{
    Driver *d = driver_of(gpu);
    check(d, d->cuGraphLaunch(graph, d->stream), "a graph");
}

static void driver_graph_close(Gpu *gpu, void *graph)
{
    driver_of(gpu)->cuGraphExecDestroy(graph);
}

static void driver_gemm(Gpu *gpu, const Gemm *gemm)
{
    Driver *d = driver_of(gpu);
    const char *why = blas_gemm(d->blas, gemm);
    if (why)
        give_up(d, "a prompt", why);
}

static void driver_product(Gpu *gpu, const GpuProduct *product)
{
    Driver *d = driver_of(gpu);
    const char *why = blas_product(d->blas, product);
    if (why)
        give_up(d, "training", why);
}

/* ---- open, close ---- */

static void driver_close(Gpu *gpu)
{
    Driver *d = driver_of(gpu);
    blas_close(d->blas);
    if (d->bounce)
        d->cuMemFreeHost(d->bounce);
    if (d->stream)
        d->cuStreamDestroy(d->stream);
    if (d->module)
        d->cuModuleUnload(d->module);
    if (d->context)
        d->cuDevicePrimaryCtxRelease(d->device);
    free(d); /* the library stays: it has threads of its own */
}

static int load_library(Driver *d, Err *err)
{
    const char *missing = NULL;
    d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!d->library)
        return err_set(err, EXIT_NODEVICE, "no CUDA device: NVIDIA's driver is not installed");
#define X(name)                                                   \
    d->name = (__typeof__(d->name))dlsym(d->library, TEXT(name)); \
    missing = d->name ? missing : TEXT(name);
    FUNCTIONS(X)
#undef X
    if (!missing)
        return 0;
    return err_set(err, EXIT_NODEVICE, "NVIDIA's driver is too old: it has no %s; update it",
                   missing);
}

/* The first device that is young enough. */
static int choose_device(Driver *d, Err *err)
{
    int count = 0, major = 0, minor = 0;
    char name[40] = "";
    CUresult result = d->cuInit(0);
    if (result == CUDA_SUCCESS)
        result = d->cuDeviceGetCount(&count);
    if (result != CUDA_SUCCESS || count == 0)
        return err_set(err, EXIT_NODEVICE, "no CUDA device: %s",
                       count == 0 && result == CUDA_SUCCESS ? "the driver shows none"
                                                            : reason(d, result));
    for (int i = 0; i < count; i++) {
        if (d->cuDeviceGet(&d->device, i) != CUDA_SUCCESS ||
            d->cuDeviceGetName(name, sizeof name, d->device) != CUDA_SUCCESS)
            continue;
        d->cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, d->device);
        d->cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, d->device);
        if (major >= MAJOR_MIN) {
            snprintf(d->gpu.name, sizeof d->gpu.name, "%s, sm_%d%d", name, major, minor);
            return 0;
        }
    }
    return err_set(err, EXIT_NODEVICE, "%s is sm_%d%d; sm_%d0 or later is needed", name, major,
                   minor, MAJOR_MIN);
}

static int start(Driver *d, Err *err)
{
    CUresult result = d->cuDevicePrimaryCtxRetain(&d->context, d->device);
    if (result == CUDA_SUCCESS)
        result = d->cuCtxSetCurrent(d->context);
    if (result == CUDA_SUCCESS)
        result = d->cuStreamCreate(&d->stream, CU_STREAM_NON_BLOCKING);
    if (result == CUDA_SUCCESS)
        result = d->cuMemAllocHost(&d->bounce, BOUNCE_BYTES);
    if (result == CUDA_SUCCESS)
        result = d->cuModuleLoadData(&d->module, cuda_image);
    for (int i = 0; i < KERNEL_COUNT && result == CUDA_SUCCESS; i++)
        result = d->cuModuleGetFunction(&d->kernels[i], d->module, kernel_names[i]);
    if (result == CUDA_SUCCESS)
        return 0;
    return err_set(err, EXIT_NODEVICE, "%s cannot be used: %s", d->gpu.name, reason(d, result));
}

int cuda_driver_open(Gpu **gpu, Err *err)
{
    Driver *d = calloc(1, sizeof *d);
    *gpu = NULL;
    if (!d)
        return err_set(err, EXIT_MEMORY, "no memory for a CUDA device");
    d->gpu = (Gpu){.close = driver_close,
                   .alloc = driver_alloc,
                   .free = driver_free,
                   .host_alloc = driver_host_alloc,
                   .host_free = driver_host_free,
                   .memory_free = driver_memory_free,
                   .put = driver_put,
                   .get = driver_get,
                   .wait = driver_wait,
                   .launch = driver_launch,
                   .graph_open = driver_graph_open,
                   .graph_launch = driver_graph_launch,
                   .graph_close = driver_graph_close};
    if (load_library(d, err) || choose_device(d, err) || start(d, err)) {
        driver_close(&d->gpu);
        return -1;
    }
    d->blas = blas_open(d->stream);
    d->gpu.gemm = d->blas ? driver_gemm : NULL;
    d->gpu.product = d->blas ? driver_product : NULL;
    *gpu = &d->gpu;
    return 0;
}
