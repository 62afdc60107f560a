/* pool.h - a few threads that run one function together.
 *
 * pool_run hands out a function; every thread, the caller included as worker 0, runs it once, and
 * pool_run returns when all are done. Between runs the others spin for some tens of microseconds
 * and then sleep, so a chat that waits for a key uses no CPU.
 *
 * Not reentrant: one run at a time, started by one thread at a time.
 */
#ifndef S2D_POOL_H
#define S2D_POOL_H

typedef struct Pool Pool;

/* Physical cores that this process may use: its affinity mask, siblings counted once, at most its
 * cgroup's CPU quota rounded up. At least 1. */
int pool_cores(void);

Pool *pool_open(int threads); /* NULL = no memory or no threads to be had */
void pool_close(Pool *pool);
int pool_threads(const Pool *pool);

void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context);

/* Called by every worker of a run: nobody goes on before all have come. */
void pool_barrier(Pool *pool);

#endif
