/* cpu.c - opens the CPU backend: instruction set, threads, scratch, the table.
 *
 * in: KernelsOptions -> out: a Kernels table. The instruction set is chosen by cpuid when the
 * program runs, so one binary serves any x86-64; other machines take the plain C path.
 */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int cpu_reserve_cols(Cpu *cpu, int cols)
{
    if (cols <= cpu->cols_max)
        return 0;
    size_t groups = ((size_t)cols + GROUP - 1) / GROUP;
    ActGroup *acts = store_alloc(cpu->store, ROWS_MAX * groups * sizeof *acts);
    float *floats = store_alloc(cpu->store, ROWS_MAX * (size_t)cols * sizeof *floats);
    if (!acts || !floats) {
        store_free(cpu->store, acts);
        store_free(cpu->store, floats);
        return -1;
    }
    store_free(cpu->store, cpu->acts);
    store_free(cpu->store, cpu->floats);
    cpu->acts = acts;
    cpu->floats = floats;
    cpu->cols_max = cols;
    return 0;
}

int cpu_reserve_scores(Cpu *cpu, size_t floats)
{
    if (floats <= cpu->scores_max)
        return 0;
    size_t threads = (size_t)cpu->table.threads;
    float *scores = store_alloc(cpu->store, threads * floats * sizeof *scores);
    if (!scores)
        return -1;
    store_free(cpu->store, cpu->scores);
    cpu->scores = scores;
    cpu->scores_max = floats;
    return 0;
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
    }
    pool_close(cpu->pool);
    store_close(cpu->store);
    free(cpu);
}

static bool has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static bool has_avx512(void)
{
#if defined(__x86_64__)
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

static const Isa *isa_choose(const char *name, Err *err)
{
    bool automatic = !name || !strcmp(name, "auto");
#if defined(__x86_64__)
    if (has_avx512() && (automatic || !strcmp(name, "avx512")))
        return &isa_avx512;
    if (has_avx2() && (automatic || !strcmp(name, "avx2")))
        return &isa_avx2;
#endif
    if (automatic || !strcmp(name, "scalar"))
        return &isa_scalar;
    if (!strcmp(name, "avx512") || !strcmp(name, "avx2"))
        err_set(err, EXIT_NODEVICE, "this CPU has no %s; use isa auto",
                *name && name[3] == '5' ? "AVX-512 VNNI" : "AVX2 with FMA");
    else
        err_set(err, EXIT_USAGE, "unknown instruction set '%s'; use auto, avx512, avx2 or scalar",
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
    .norm = row_norm,
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
};

int cpu_open(Kernels **k, const KernelsOptions *options, Err *err)
{
    *k = NULL;
    if (options->threads < 0 || options->threads > 1024)
        return err_set(err, EXIT_USAGE, "threads %d is not in 0 … 1024", options->threads);
    const Isa *isa = isa_choose(options->isa, err);
    if (!isa)
        return -1;
    Cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu)
        return err_set(err, EXIT_MEMORY, "no memory for the CPU backend");
    int threads = options->threads ? options->threads : pool_cores();
    cpu->table = cpu_table;
    cpu->table.act_f32 = options->act_f32;
    cpu->table.threads = threads;
    cpu->isa = isa;
    snprintf(cpu->table.description, sizeof cpu->table.description,
             "%s, %d thread%s, %s activations", isa->name, threads, threads == 1 ? "" : "s",
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
