/* bench_worker.h - a worker as `s2d bench spec` uses it: whole answers, timed. */
#ifndef S2D_APP_BENCH_BENCH_WORKER_H
#define S2D_APP_BENCH_BENCH_WORKER_H

#include "app/bench/bench_spec.h"
#include "app/protocol/client.h"

typedef struct BenchWorker {
    Client *client;
    char drafter[DRAFTER_TEXT]; /* that it has now, switched off or not */
} BenchWorker;

typedef struct BenchAnswer {
    char *text; /* free it, also after a failure */
    size_t bytes, room;
    EventStats totals;
    double seconds; /* wall time, the prompt's reading included */
} BenchAnswer;

/* Starts a worker and loads. bench_worker_close also after -1. host: NULL = here. */
int bench_worker_open(BenchWorker *worker, const char *host, const Request *load, EventReady *ready,
                      Err *err);
void bench_worker_close(BenchWorker *worker);

/* Plain decoding leaves the drafter where it is, switched off: what it has learnt stays. */
int bench_worker_use(BenchWorker *worker, const Method *method, Err *err);

/* Answers a conversation of which nothing is in the caches. */
int bench_worker_ask(BenchWorker *worker, const Message *messages, int n, int max_tokens,
                     uint32_t seed, BenchAnswer *answer, Err *err);

#endif
