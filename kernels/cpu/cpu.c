/* cpu.c - opens the CPU backend: instruction set, threads, the table.
 *
 * in: KernelsOptions -> out: a Kernels table. The instruction set is chosen by cpuid when the
 * program runs, so one binary serves any x86-64; other machines take the plain C path.
 */
#include "kernels/cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static float *buffer_alloc(Kernels *k, size_t floats)
{
    return floats > SIZE_MAX / 8 ? NULL : store_alloc(cpu_of(k)->store, floats * sizeof(float));
}

static void buffer_free(Kernels *k, float *buffer)
{
    store_free(cpu_of(k)->store, buffer);
}

static void buffer_copy(Kernels *k, float *to, const float *from, size_t floats)
{
    (void)k;
    memcpy(to, from, floats * sizeof *to);
}

static void buffer_wait(Kernels *k)
{
    (void)k;
}

static size_t memory_free(Kernels *k)
{
    (void)k;
    return store_memory_free();
}

static void cpu_close(Kernels *k)
{
    if (!k)
        return;
    Cpu *cpu = cpu_of(k);
    if (cpu->store) {
        store_free(cpu->store, cpu->acts);
        store_free(cpu->store, cpu->floats);
        store_free(cpu->store, cpu->shares);
        store_free(cpu->store, cpu->scores);
        cpu_free_pairs(cpu);
    }
    pool_close(cpu->pool);
    store_close(cpu->store);
    free(cpu);
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

/* Whether the tile registers may be used from now on: Linux gives them to who asks. */
static bool has_amx(void)
{
    enum { LEAF = 7, BF16 = 1 << 22, TILES = 1 << 24, INT8 = 1 << 25 };
    enum { ASK = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d, all = BF16 | TILES | INT8;
    return has_avx512() && __get_cpuid_count(LEAF, 0, &a, &b, &c, &d) && (d & all) == all &&
           syscall(SYS_arch_prctl, ASK, TILE_DATA) == 0;
}
#endif

static bool always(void)
{
    return true;
}

typedef struct Choice {
    const char *name, *needs;
    bool (*there)(void); /* NULL = never */
    const Isa *isa;
    const IsaTiles *tiles;
} Choice;

/* Best first. */
static const Choice choices[] = {
#if defined(__x86_64__)
    {"amx", "AMX", has_amx, &isa_avx512, &isa_tiles_amx},
    {"avx512", "AVX-512 VNNI", has_avx512, &isa_avx512, NULL},
    {"avx2", "AVX2 with FMA", has_avx2, &isa_avx2, NULL},
#else
    {"amx", "AMX", NULL, NULL, NULL},
    {"avx512", "AVX-512 VNNI", NULL, NULL, NULL},
    {"avx2", "AVX2 with FMA", NULL, NULL, NULL},
#endif
    {"scalar", "", always, &isa_scalar, NULL},
};

static const Choice *isa_choose(const char *name, Err *err)
{
    bool automatic = !name || !strcmp(name, "auto");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const Choice *choice = &choices[i];
        if (!automatic && strcmp(name, choice->name) != 0)
            continue;
        if (choice->there && choice->there())
            return choice;
        if (!automatic) {
            err_set(err, EXIT_NODEVICE, "this CPU has no %s; use isa auto", choice->needs);
            return NULL;
        }
    }
    err_set(err, EXIT_USAGE, "unknown instruction set '%s'; use auto, amx, avx512, avx2 or scalar",
            name);
    return NULL;
}

static const Kernels cpu_table = {
    .device = "cpu",
    .close = cpu_close,
    .buffer_alloc = buffer_alloc,
    .buffer_free = buffer_free,
    .upload = buffer_copy,
    .download = buffer_copy,
    .copy = buffer_copy,
    .wait = buffer_wait,
    .memory_free = memory_free,
    .matrix_open = matrix_open,
    .matrix_close = matrix_close,
    .matrix_bytes = matrix_bytes,
    .embed = matrix_embed,
    .linear = linear_run,
    .experts = experts_run,
    .norm = row_norm,
    .norm_add = row_norm_add,
    .silu_add = row_silu_add,
    .gather = row_gather,
    .rope = row_rope,
    .kv_open = kv_open,
    .kv_close = kv_close,
    .kv_bytes = kv_bytes,
    .kv_write = kv_write,
    .kv_move = kv_move,
    .kv_read = kv_read,
    .attention = attention_run,
    .top = row_top,
    .above = row_above,
    .draw_row = draw_row,
};

int cpu_open(Kernels **k, const KernelsOptions *options, Err *err)
{
    *k = NULL;
    if (options->threads < 0 || options->threads > 1024)
        return err_set(err, EXIT_USAGE, "threads %d is not in 0 … 1024", options->threads);
    const Choice *choice = isa_choose(options->isa, err);
    if (!choice)
        return -1;
    Cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu)
        return err_set(err, EXIT_MEMORY, "no memory for the CPU backend");
    int threads = options->threads ? options->threads : pool_cores();
    cpu->table = cpu_table;
    cpu->table.act_f32 = options->act_f32;
    cpu->table.threads = threads;
    /* With more threads than processors it makes room for the others (pool.h). */
    cpu->table.caller_works = threads <= pool_processors();
    cpu->isa = choice->isa;
    cpu->tiles = choice->tiles;
    snprintf(cpu->table.description, sizeof cpu->table.description,
             "%s%s%s, %d thread%s, %s activations", cpu->isa->name, cpu->tiles ? " and " : "",
             cpu->tiles ? cpu->tiles->name : "", threads, threads == 1 ? "" : "s",
             options->act_f32 ? "float" : "int8");
    cpu->store = store_open();
    cpu->pool = pool_open(threads);
    if (cpu->store)
        cpu->shares = store_alloc(cpu->store, sizeof(Share) * LINEAR_MAX * (size_t)threads);
    if (!cpu->shares || !cpu->pool) {
        cpu_close(&cpu->table);
        return err_set(err, EXIT_MEMORY, "cannot start %d threads; ask for fewer", threads);
    }
    *k = &cpu->table;
    return 0;
}
