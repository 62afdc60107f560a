/* pool.h - a few threads that share out one piece of work.
 *
 * pool_run hands out a function; the caller runs it as worker 0, and so does every other thread
 * that comes before the caller is done. A thread that the system is late to wake is not waited for,
 * so work is shared out by a counter and must be right when the caller does all of it. pool_run
 * returns when nobody is inside any more. Between runs the others spin for some tens of
 * microseconds and then sleep, so a chat that waits for a key uses no CPU.
 *
 * Not reentrant: one run at a time, started by one thread at a time.
 */
#ifndef S2D_KERNELS_CPU_POOL_H
#define S2D_KERNELS_CPU_POOL_H

#include <stdatomic.h>

typedef struct Pool Pool;

/* Physical cores that this process may use: its affinity mask, siblings counted once, at most its
 * cgroup's CPU quota rounded up. At least 1. */
int pool_cores(void);

Pool *pool_open(int threads); /* NULL = no memory or no threads to be had */
void pool_close(Pool *pool);
int pool_threads(const Pool *pool);

void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context);

/* Within a run: waits until the counter has reached `value`; what was written before it was raised
 * (with release order) can be read then. */
void pool_wait(const atomic_int *counter, int value);

#endif
