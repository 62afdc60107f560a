/* cuda_twin.c - see cuda_twin.h.
 *
 * A fiber is a stack of its own, entered once by makecontext and from then on by the compiler's
 * longjmp, which costs no system call, nor do sanitizers step in. The scheduler goes round all
 * fibers of a block until each has ended; one that waits for others is passed over. A round in
 * which nobody moves is a deadlock: a barrier that not everybody reaches.
 */
#include "tests/support/cuda_twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device/bodies.h"

enum { STACK_BYTES = 256 << 10 };

/* A fiber's stack goes while functions are still in it: AddressSanitizer has to be told. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(from, bytes) ((void)(from), (void)(bytes))
#endif

/* Where a number of fibers wait for each other. */
typedef struct Meeting {
    int arrived;
    unsigned generation;
} Meeting;

typedef struct Warp {
    Meeting meeting;
    struct {
        uint32_t a[WARP][4], b[WARP][2], word[WARP];
        float c[WARP][4];
    } at[2]; /* what lanes bring: of this meeting and of the one before, which others still read */
} Warp;

typedef struct Fiber {
    struct Twin *twin;
    Lane lane;
    void *where[5]; /* of __builtin_setjmp */
    ucontext_t start;
    char *stack;
    bool done;
    const Meeting *waits; /* NULL = can go on */
    unsigned generation;
    unsigned meetings; /* of its warp */
} Fiber;

typedef struct Twin {
    Gpu gpu; /* first */
    TwinOptions options;
    TwinCounts counts;
    size_t used;
    int allocs;
    void *scheduler[5];
    const GpuCommand *command;
    Meeting block;
    Warp warps[WARPS];
    Fiber fibers[THREADS];
    float halves[1 << 16];
} Twin;

/* ---- fibers ---- */

/* Of functions that change stacks: callers must not look into them, to see which registers stay. */
#if __has_attribute(noipa)
#define SWITCHES __attribute__((noipa, no_sanitize("address")))
#else
#define SWITCHES __attribute__((noinline, no_sanitize("address")))
#endif

/* The compiler wants this apart from the function that it leads back to. */
static SWITCHES _Noreturn void jump(void **to)
{
    __builtin_longjmp(to, 1);
}

static SWITCHES void fiber_yield(Fiber *fiber)
{
    if (__builtin_setjmp(fiber->where) == 0)
        jump(fiber->twin->scheduler);
}

/* True for the one that comes last; the others return when it has called meeting_end. */
static bool meeting_join(Fiber *fiber, Meeting *meeting, int count)
{
    if (++meeting->arrived == count)
        return true;
    fiber->waits = meeting;
    fiber->generation = meeting->generation;
    fiber_yield(fiber);
    return false;
}

static void meeting_end(Meeting *meeting)
{
    meeting->arrived = 0;
    meeting->generation++;
}

static void run_body(const Lane *lane, const GpuCommand *command)
{
    const void *args = command->args;
    switch ((KernelId)command->kernel) {
#define X(name, Args, shared)                  \
    case KERNEL_##name:                        \
        name##_body(lane, (const Args *)args); \
        return;
        CUDA_KERNELS(X)
#undef X
#define QUANT_TYPE(name, ...)                                              \
    case KERNEL_dequantise_##name:                                         \
        dequantise_body(lane, (const DequantiseArgs *)args, QUANT_##name); \
        return;                                                            \
    case KERNEL_stack_##name:                                              \
        stack_body(lane, (const StackArgs *)args, QUANT_##name);           \
        return;
#include "kernels/quant_types.def"
#define X(type, tiles)                                                    \
    case KERNEL_linear_##type##_##tiles:                                  \
        linear_body(lane, (const LinearArgs *)args, QUANT_##type, tiles); \
        return;
#define QUANT_TYPE(name, ...) CUDA_LINEARS_OF(X, name)
#include "kernels/quant_types.def"
#undef X
    case KERNEL_COUNT:
        break;
    }
    fail_msg("there is no kernel %d", command->kernel);
}

static size_t shared_bytes(int kernel)
{
    switch (kernel) {
#define X(name, Args, shared) \
    case KERNEL_##name:       \
        return shared;
        CUDA_KERNELS(X)
#undef X
#define X(type, tiles) case KERNEL_linear_##type##_##tiles:
#define QUANT_TYPE(name, ...) \
    case KERNEL_stack_##name: \
        CUDA_LINEARS_OF(X, name)
#include "kernels/quant_types.def"
#undef X
        return LINEAR_SHARED;
    default:
        return 0;
    }
}

static void fiber_main(unsigned low, unsigned high)
{
    Fiber *fiber = (Fiber *)((uintptr_t)low | (uintptr_t)high << 32);
    for (;;) {
        run_body(&fiber->lane, fiber->twin->command);
        fiber->done = true;
        fiber_yield(fiber);
    }
}

static SWITCHES _Noreturn void fiber_start(Fiber *fiber)
{
    fiber->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(fiber->stack != MAP_FAILED);
    getcontext(&fiber->start);
    fiber->start.uc_stack.ss_sp = fiber->stack;
    fiber->start.uc_stack.ss_size = STACK_BYTES;
    uintptr_t address = (uintptr_t)fiber;
    makecontext(&fiber->start, (void (*)(void))fiber_main, 2, (unsigned)address,
                (unsigned)(address >> 32));
    setcontext(&fiber->start);
    abort();
}

static SWITCHES void fiber_resume(Twin *twin, Fiber *fiber)
{
    if (__builtin_setjmp(twin->scheduler) != 0)
        return;
    if (fiber->stack)
        jump(fiber->where);
    fiber_start(fiber);
}

static void block_run(Twin *twin, int x, int y, int z)
{
    void *shared = NULL;
    size_t bytes = shared_bytes(twin->command->kernel);
    assert_int_equal(posix_memalign(&shared, 16, bytes + 1), 0);
    memset(shared, 0xff, bytes); /* NaN */
    for (int i = 0; i < THREADS; i++) {
        Fiber *fiber = &twin->fibers[i];
        fiber->lane = (Lane){i, x, y, z, shared, fiber};
        fiber->done = false;
        fiber->waits = NULL;
    }
    for (int left = THREADS; left > 0;) {
        bool moved = false;
        for (int i = 0; i < THREADS; i++) {
            Fiber *fiber = &twin->fibers[twin->options.reverse ? THREADS - 1 - i : i];
            if (fiber->done || (fiber->waits && fiber->waits->generation == fiber->generation))
                continue;
            fiber->waits = NULL;
            fiber_resume(twin, fiber);
            left -= fiber->done;
            moved = true;
        }
        if (!moved)
            fail_msg("kernel %d: threads wait for others that have ended", twin->command->kernel);
    }
    free(shared);
}

static void kernel_run(Twin *twin, const GpuCommand *command)
{
    int blocks = command->grid[0] * command->grid[1] * command->grid[2];
    twin->command = command;
    for (int i = 0; i < blocks; i++) {
        int b = twin->options.reverse ? blocks - 1 - i : i;
        block_run(twin, b % command->grid[0], b / command->grid[0] % command->grid[1],
                  b / command->grid[0] / command->grid[1]);
    }
}

/* ---- what lanes do together: lane.h, mma.h ---- */

void block_sync(const Lane *at)
{
    Twin *twin = at->fiber->twin;
    if (meeting_join(at->fiber, &twin->block, THREADS))
        meeting_end(&twin->block);
}

static Warp *warp_of(const Lane *at)
{
    return &at->fiber->twin->warps[at->thread / WARP];
}

uint32_t warp_xor(const Lane *at, uint32_t v, int mask)
{
    Warp *warp = warp_of(at);
    unsigned turn = at->fiber->meetings++ % 2;
    warp->at[turn].word[at->thread % WARP] = v;
    if (meeting_join(at->fiber, &warp->meeting, WARP))
        meeting_end(&warp->meeting);
    return warp->at[turn].word[(at->thread % WARP) ^ mask];
}

static float operand(const Twin *twin, uint32_t word, int half, bool bf16)
{
    uint16_t bits = (uint16_t)(word >> 16 * half);
    return bf16 ? bf16_float(bits) : twin->halves[bits];
}

/* All lanes' fragments to matrices, their product, and back (the layouts of mma.h). */
static void product(const Twin *twin, Warp *warp, unsigned turn, bool bf16)
{
    float a[16][16], b[16][8];
    for (int lane = 0; lane < WARP; lane++) {
        int g = lane / 4, t = lane % 4;
        for (int i = 0; i < 8; i++) {
            int r = i / 2, e = i % 2;
            a[g + r % 2 * 8][2 * t + r / 2 * 8 + e] =
                operand(twin, warp->at[turn].a[lane][r], e, bf16);
            if (r < 2)
                b[2 * t + r * 8 + e][g] = operand(twin, warp->at[turn].b[lane][r], e, bf16);
        }
    }
    for (int lane = 0; lane < WARP; lane++) {
        for (int r = 0; r < 4; r++) {
            int row = lane / 4 + r / 2 * 8, column = lane % 4 * 2 + r % 2;
            double sum = warp->at[turn].c[lane][r];
            for (int k = 0; k < 16; k++)
                sum += (double)a[row][k] * b[k][column];
            warp->at[turn].c[lane][r] = (float)sum;
        }
    }
}

static void mma(const Lane *at, float c[4], const uint32_t a[4], const uint32_t b[2], bool bf16)
{
    Warp *warp = warp_of(at);
    int lane = at->thread % WARP;
    unsigned turn = at->fiber->meetings++ % 2;
    memcpy(warp->at[turn].a[lane], a, 4 * sizeof *a);
    memcpy(warp->at[turn].b[lane], b, 2 * sizeof *b);
    memcpy(warp->at[turn].c[lane], c, 4 * sizeof *c);
    if (meeting_join(at->fiber, &warp->meeting, WARP)) {
        product(at->fiber->twin, warp, turn, bf16);
        meeting_end(&warp->meeting);
    }
    memcpy(c, warp->at[turn].c[lane], 4 * sizeof *c);
}

void mma_half(const Lane *at, float c[4], const uint32_t a[4], const uint32_t b[2])
{
    mma(at, c, a, b, false);
}

void mma_bf16(const Lane *at, float c[4], const uint32_t a[4], const uint32_t b[2])
{
    mma(at, c, a, b, true);
}

/* ---- the device ---- */

static Twin *twin_from(const Gpu *gpu)
{
    return (Twin *)gpu;
}

enum { HEADER = 64 };

static void *twin_alloc(Gpu *gpu, size_t bytes)
{
    Twin *twin = twin_from(gpu);
    void *p;
    if (bytes > twin->options.memory - twin->used ||
        (twin->options.allocs_good && twin->allocs++ >= twin->options.allocs_good))
        return NULL;
    assert_int_equal(posix_memalign(&p, HEADER, bytes + HEADER), 0);
    memset(p, 0, bytes + HEADER);
    memcpy(p, &bytes, sizeof bytes);
    twin->used += bytes;
    twin->counts.allocs++;
    return (char *)p + HEADER;
}

static void twin_free(Gpu *gpu, void *memory)
{
    size_t bytes;
    if (!memory)
        return;
    memcpy(&bytes, (char *)memory - HEADER, sizeof bytes);
    twin_from(gpu)->used -= bytes;
    twin_from(gpu)->counts.allocs--;
    free((char *)memory - HEADER);
}

static void *twin_host_alloc(Gpu *gpu, size_t bytes)
{
    (void)gpu;
    return calloc(1, bytes);
}

static void twin_host_free(Gpu *gpu, void *memory)
{
    (void)gpu;
    free(memory);
}

static size_t twin_memory_free(Gpu *gpu)
{
    return twin_from(gpu)->options.memory - twin_from(gpu)->used;
}

static void twin_put(Gpu *gpu, void *to, const void *from, size_t bytes)
{
    twin_from(gpu)->counts.puts++;
    memcpy(to, from, bytes);
}

static void twin_get(Gpu *gpu, void *to, const void *from, size_t bytes)
{
    twin_from(gpu)->counts.gets++;
    memcpy(to, from, bytes);
}

static void twin_wait(Gpu *gpu)
{
    (void)gpu;
}

static void twin_launch(Gpu *gpu, const GpuCommand *command)
{
    twin_from(gpu)->counts.launches++;
    kernel_run(twin_from(gpu), command);
}

typedef struct TwinGraph {
    int n;
    GpuCommand commands[];
} TwinGraph;

static void *twin_graph_open(Gpu *gpu, const GpuCommand *commands, int n)
{
    TwinGraph *graph = malloc(sizeof *graph + (size_t)n * sizeof *commands);
    assert_non_null(graph);
    graph->n = n;
    memcpy(graph->commands, commands, (size_t)n * sizeof *commands);
    twin_from(gpu)->counts.graphs++;
    return graph;
}

static void twin_graph_launch(Gpu *gpu, void *graph)
{
    TwinGraph *g = graph;
    twin_from(gpu)->counts.replays++;
    for (int i = 0; i < g->n; i++)
        kernel_run(twin_from(gpu), &g->commands[i]);
}

static void twin_graph_close(Gpu *gpu, void *graph)
{
    (void)gpu;
    free(graph);
}

static void twin_gemm(Gpu *gpu, const Gemm *m)
{
    const Twin *twin = twin_from(gpu);
    bool halves = m->type == QUANT_F16;
    for (int i = 0; i < ROWS_MAX; i++) {
        for (int r = 0; r < m->rows; r++) {
            size_t x = (size_t)i * (size_t)m->cols, w = (size_t)r * (size_t)m->cols;
            float sum = 0.0f;
            for (int c = 0; c < m->cols; c++) {
                if (halves)
                    sum = fmaf(twin->halves[((const uint16_t *)m->x)[x + (size_t)c]],
                               twin->halves[((const uint16_t *)m->w)[w + (size_t)c]], sum);
                else
                    sum = fmaf(((const float *)m->x)[x + (size_t)c],
                               ((const float *)m->w)[w + (size_t)c], sum);
            }
            m->y[(size_t)i * (size_t)m->stride + (size_t)r] = sum;
        }
    }
}

static float factor_at(const GpuProduct *p, const GpuFactor *f, int64_t from, int i, int k)
{
    size_t at = (size_t)from + (f->turned ? (size_t)k * (size_t)f->stride + (size_t)i
                                          : (size_t)i * (size_t)f->stride + (size_t)k);
    return p->bf16 ? bf16_float(((const uint16_t *)f->data)[at]) : ((const float *)f->data)[at];
}

static void twin_product(Gpu *gpu, const GpuProduct *p)
{
    twin_from(gpu)->counts.products++;
    for (int e = 0; e < p->batch; e++) {
        for (int i = 0; i < p->m; i++) {
            float *out = p->out + e * p->step + (size_t)i * (size_t)p->stride;
            for (int j = 0; j < p->n; j++) {
                float sum = 0.0f;
                for (int k = 0; k < p->k; k++)
                    sum = fmaf(factor_at(p, &p->a, e * p->a.step, i, k),
                               factor_at(p, &p->b, e * p->b.step, j, k), sum);
                out[j] = p->add ? out[j] + sum : sum;
            }
        }
    }
}

static void twin_close(Gpu *gpu)
{
    Twin *twin = twin_from(gpu);
    for (int i = 0; i < THREADS; i++) {
        if (!twin->fibers[i].stack)
            continue;
        ASAN_UNPOISON_MEMORY_REGION(twin->fibers[i].stack, STACK_BYTES);
        munmap(twin->fibers[i].stack, STACK_BYTES);
    }
    free(twin);
}

Gpu *twin_open(const TwinOptions *options)
{
    Twin *twin = calloc(1, sizeof *twin);
    assert_non_null(twin);
    twin->options = *options;
    twin->gpu = (Gpu){.name = "twin",
                      .close = twin_close,
                      .alloc = twin_alloc,
                      .free = twin_free,
                      .host_alloc = twin_host_alloc,
                      .host_free = twin_host_free,
                      .memory_free = twin_memory_free,
                      .put = twin_put,
                      .get = twin_get,
                      .wait = twin_wait,
                      .launch = twin_launch,
                      .graph_open = twin_graph_open,
                      .graph_launch = twin_graph_launch,
                      .graph_close = twin_graph_close,
                      .gemm = options->has_gemm ? twin_gemm : NULL,
                      .product = options->has_gemm ? twin_product : NULL};
    for (int i = 0; i < THREADS; i++)
        twin->fibers[i].twin = twin;
    for (int i = 0; i < 1 << 16; i++)
        twin->halves[i] = half_to_float((uint16_t)i);
    return &twin->gpu;
}

const TwinCounts *twin_counts(const Gpu *gpu)
{
    return &twin_from(gpu)->counts;
}

Kernels *twin_kernels(const TwinOptions *options)
{
    Kernels *k = NULL;
    Err err = {0};
    if (cuda_open(&k, twin_open(options), &err) != 0)
        fail_msg("%s", err.text);
    return k;
}

Gpu *twin_of(Kernels *k)
{
    return cuda_of(k)->gpu;
}
