/* pool.h - a few threads that share out one piece of work.
 *
 * pool_run hands out a function; the caller runs it as worker 0, and so does every other thread
 * that comes before the caller is done. A thread that the system is late to wake is not waited for,
 * so work is shared out by a counter and must be right when the caller does all of it. pool_run
 * returns when nobody is inside any more. Between runs the others spin for some tens of
 * microseconds and then sleep, so a chat that waits for a key uses no CPU. Where there are more
 * threads than processors nobody spins: each would only keep the one that it waits for from running.
 *
 * Not reentrant: one run at a time, started by one thread at a time.
 */
#ifndef S2D_KERNELS_CPU_POOL_H
#define S2D_KERNELS_CPU_POOL_H

#include <stdatomic.h>

typedef struct Pool Pool;

/* Processors that this process may use: those of its affinity mask, at most its control groups'
 * quota rounded up. At least 1. */
int pool_processors(void);
/* The same, but siblings of a core counted once. */
int pool_cores(void);

Pool *pool_open(int threads); /* NULL = no memory or no threads to be had */
void pool_close(Pool *pool);
int pool_threads(const Pool *pool);

void pool_run(Pool *pool, void (*work)(void *context, int worker), void *context);

/* Within a run: waits until the counter has reached `value`; what was written before it was raised
 * (with release order) can be read then. */
void pool_wait(const Pool *pool, const atomic_int *counter, int value);

#endif
