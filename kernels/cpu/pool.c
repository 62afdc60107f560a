/* pool.c - threads and the count of cores, see pool.h.
 *
 * A run is announced by a new epoch; waiting is spinning first and then a futex on the epoch. The
 * gate opens before that, so a thread that is late to one run may enter the next before the epoch
 * says so: the gate names its run, and a thread enters each only once.
 * Whoever waits for workers that are already running spins and soon yields, for another process may
 * hold the core that is waited for.
 */
#include "kernels/cpu/pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/cpu/cgroup.h"

enum {
    SPINS_IDLE = 4000,  /* before an idle worker sleeps: some 40 us */
    SPINS_YIELD = 2000, /* before someone who waits for a running worker yields */
};

/* The gate: a run's number << 32, CLOSED, and how many workers are inside. */
#define CLOSED ((uint64_t)0x80000000)

typedef struct Worker {
    Pool *pool;
    pthread_t thread;
    int index;
} Worker;

struct Pool {
    int threads;
    int started;  /* workers[1 … started-1] run */
    bool crowded; /* more threads than processors */
    void (*work)(void *context, int worker);
    void *context;
    _Alignas(64) atomic_uint epoch; /* the number of runs so far */
    atomic_int sleepers;
    atomic_bool quit;
    _Alignas(64) _Atomic uint64_t gate;
    Worker workers[];
};

static void spin(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Round i of waiting for someone who is running. crowded: or who would be if there were room. */
static void spin_or_yield(int i, bool crowded)
{
    if (i < SPINS_YIELD && !crowded)
        spin();
    else
        sched_yield();
}

static void futex_wait(atomic_uint *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(atomic_uint *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* Whether an epoch is after `seen`, which is one ahead of it for who entered before the news. */
static bool is_after(unsigned epoch, unsigned seen)
{
    return (int)(epoch - seen) > 0;
}

/* Waits until there is a run after `seen`. A sleeper announces itself first and the futex compares
 * again, so a run that starts in between is not missed. */
static unsigned epoch_wait(Pool *pool, unsigned seen)
{
    unsigned now;
    for (int i = 0; i < SPINS_IDLE && !pool->crowded; i++) {
        now = atomic_load_explicit(&pool->epoch, memory_order_acquire);
        if (is_after(now, seen))
            return now;
        spin();
    }
    atomic_fetch_add(&pool->sleepers, 1);
    while (!is_after(now = atomic_load(&pool->epoch), seen))
        futex_wait(&pool->epoch, now);
    atomic_fetch_sub(&pool->sleepers, 1);
    return now;
}

/* Enters the run that is on, unless it is over. It may be one later than the thread has heard of,
 * and is noted in `seen`. */
static bool gate_enter(Pool *pool, unsigned *seen)
{
    uint64_t gate = atomic_load(&pool->gate);
    while (!(gate & CLOSED)) {
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1)) {
            *seen = (unsigned)(gate >> 32);
            return true;
        }
    }
    return false;
}

static void *worker_main(void *argument)
{
    Worker *worker = argument;
    Pool *pool = worker->pool;
    unsigned seen = 0;
    for (;;) {
        seen = epoch_wait(pool, seen);
        if (atomic_load(&pool->quit))
            return NULL;
        if (!gate_enter(pool, &seen))
            continue;
        pool->work(pool->context, worker->index);
        atomic_fetch_sub_explicit(&pool->gate, 1, memory_order_release);
    }
}

static void announce(Pool *pool)
{
    atomic_fetch_add(&pool->epoch, 1);
    if (atomic_load(&pool->sleepers) > 0)
        futex_wake(&pool->epoch, pool->threads);
}

Pool *pool_open(int threads)
{
    size_t bytes = sizeof(Pool) + (size_t)threads * sizeof(Worker);
    Pool *pool = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (!pool)
        return NULL;
    memset(pool, 0, bytes);
    pool->threads = threads;
    pool->started = 1;
    pool->crowded = threads > pool_processors();
    atomic_store(&pool->gate, CLOSED);
    /* Signals are the main thread's affair. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    for (int i = 1; i < threads && !failed; i++) {
        Worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        failed = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (!failed)
            pool->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        pool_close(pool);
        return NULL;
    }
    return pool;
}

void pool_close(Pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->quit, true);
    announce(pool);
    for (int i = 1; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    free(pool);
}

int pool_threads(const Pool *pool)
{
    return pool->threads;
}

void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context)
{
    if (pool->threads == 1) {
        work(context, 0);
        return;
    }
    pool->work = work;
    pool->context = context;
    uint64_t run = (uint64_t)(atomic_load(&pool->epoch) + 1) << 32;
    atomic_store(&pool->gate, run);
    announce(pool);
    work(context, 0);
    atomic_fetch_or(&pool->gate, CLOSED);
    for (int i = 0; atomic_load_explicit(&pool->gate, memory_order_acquire) != (run | CLOSED); i++)
        spin_or_yield(i, pool->crowded);
}

void pool_wait(const Pool *pool, const atomic_int *counter, int value)
{
    for (int i = 0; atomic_load_explicit(counter, memory_order_acquire) < value; i++)
        spin_or_yield(i, pool->crowded);
}

/* A number from a file of /sys; fallback when it is not there. */
static long read_number(const char *path, long fallback)
{
    FILE *file = fopen(path, "re");
    long value;
    if (!file)
        return fallback;
    if (fscanf(file, "%ld", &value) != 1)
        value = fallback;
    fclose(file);
    return value;
}

int pool_processors(void)
{
    cpu_set_t set;
    int quota = cgroup_processors("");
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    count = count < quota ? count : quota;
    return count > 0 ? count : 1;
}

int pool_cores(void)
{
    cpu_set_t set;
    int count = 0, most = pool_processors();
    long cores[CPU_SETSIZE];
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        char path[96];
        const char *format = "/sys/devices/system/cpu/cpu%d/topology/%s";
        snprintf(path, sizeof path, format, cpu, "physical_package_id");
        long package = read_number(path, 0);
        snprintf(path, sizeof path, format, cpu, "core_id");
        long core = package << 32 | (read_number(path, cpu) & 0xffffffff);
        int i = 0;
        while (i < count && cores[i] != core)
            i++;
        if (i == count)
            cores[count++] = core;
    }
    return count < most ? count : most;
}
