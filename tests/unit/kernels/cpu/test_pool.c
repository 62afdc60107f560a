/* test_pool.c - threads that share out work: everything once, nobody left inside, idle means idle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernels/cpu/pool.h"
#include "tests/support/patience.h"

enum { PIECES = 50 };

typedef struct Job {
    const Pool *pool;
    atomic_int next, done, workers;
    int hits[PIECES]; /* plain: a piece has one taker, and pool_run orders it before its return */
    int sum;
} Job;

static void work(void *context, int worker)
{
    Job *job = context;
    assert_true(worker >= 0 && worker < 4);
    assert_int_equal(atomic_fetch_or(&job->workers, 1 << worker) & 1 << worker, 0);
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < PIECES;) {
        job->hits[i]++;
        atomic_fetch_add_explicit(&job->done, 1, memory_order_release);
    }
    /* Whoever waits sees all pieces. */
    pool_wait(job->pool, &job->done, PIECES);
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(job->hits[i], 1);
}

static void every_piece_is_done_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        Pool *pool = pool_open(threads);
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (int run = 0; run < 2000; run++) {
            Job job;
            memset(&job, 0, sizeof job);
            job.pool = pool;
            pool_run(pool, work, &job);
            assert_int_equal(atomic_load(&job.done), PIECES);
            assert_true(atomic_load(&job.workers) & 1);
            memset(&job, 0xff, sizeof job); /* nobody is inside any more */
        }
        pool_close(pool);
    }
}

typedef struct Meeting {
    const Pool *pool;
    atomic_int inside;
    int all;
} Meeting;

static void meet(void *context, int worker)
{
    Meeting *meeting = context;
    (void)worker;
    atomic_fetch_add(&meeting->inside, 1);
    pool_wait(meeting->pool, &meeting->inside, meeting->all);
}

/* Of this process's other threads; 'S' is what the system calls asleep. */
static int count_awake(void)
{
    DIR *threads = opendir("/proc/self/task");
    int awake = 0;
    assert_non_null(threads);
    for (struct dirent *entry; (entry = readdir(threads));) {
        char path[300], status[512];
        int id = atoi(entry->d_name);
        if (id == 0 || id == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
        FILE *file = fopen(path, "r");
        if (file == NULL) /* it has just ended */
            continue;
        status[fread(status, 1, sizeof status - 1, file)] = '\0';
        fclose(file);
        const char *state = strrchr(status, ')'); /* behind the name */
        awake += state != NULL && state[2] != 'S';
    }
    closedir(threads);
    return awake;
}

/* One that spins never gets there. */
static void wait_until_asleep(void)
{
    for (int ms = 0; count_awake() > 0; ms++) {
        if (ms == PATIENCE_MS)
            fail_msg("%d threads do not sleep", count_awake());
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* The caller goes on only when all others are inside: they do come, awake or asleep. */
static void all_come_when_there_is_time(void **state)
{
    Pool *pool = pool_open(4);
    (void)state;
    for (int run = 0; run < 20; run++) {
        Meeting meeting = {.pool = pool, .all = 4};
        pool_run(pool, meet, &meeting);
        assert_int_equal(meeting.inside, 4);
        if (run % 5 == 0)
            wait_until_asleep();
    }
    pool_close(pool);
}

/* Many more than there are processors: nobody keeps those from running who have something to do. */
static void a_crowd_gets_on(void **state)
{
    enum { ALL = 300 };
    (void)state;
    Pool *pool = pool_open(ALL);
    assert_non_null(pool);
    for (int run = 0; run < 20; run++) {
        Meeting meeting = {.pool = pool, .all = ALL};
        pool_run(pool, meet, &meeting);
        assert_int_equal(meeting.inside, ALL);
    }
    wait_until_asleep();
    pool_close(pool);
}

static void waiting_threads_sleep(void **state)
{
    (void)state;
    Pool *pool = pool_open(3);
    assert_non_null(pool);
    for (int run = 0; run < 3; run++) { /* asleep, woken, asleep again */
        Job job;
        memset(&job, 0, sizeof job);
        job.pool = pool;
        pool_run(pool, work, &job);
        wait_until_asleep();
    }
    pool_close(pool);
}

static void cores_are_counted(void **state)
{
    (void)state;
    assert_true(pool_cores() >= 1 && pool_cores() <= pool_processors());
    assert_true(pool_processors() <= 4096);
    pool_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_done_once), cmocka_unit_test(all_come_when_there_is_time),
        cmocka_unit_test(waiting_threads_sleep),    cmocka_unit_test(a_crowd_gets_on),
        cmocka_unit_test(cores_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
