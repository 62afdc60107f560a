/* worker_queue.c - requests that were read and are not begun yet. */
#include <string.h>

#include "app/worker/worker.h"

/* A stop is for what is going on and for what was asked before it. */
static void stop_all(Worker *worker)
{
    worker->stop = worker->busy;
    for (int i = 0; i < worker->n_pending; i++)
        worker->pending[i].cancelled = true;
}

/* A `say` has its DONE to come, in its turn. Those for which there is no place share the last one. */
static void refuse(Worker *worker, RequestType type, const Err *err)
{
    if (type != REQUEST_SAY) {
        worker_error(worker, err);
        return;
    }
    if (worker->n_pending > REQUESTS_MAX)
        worker->pending[REQUESTS_MAX].refused++;
    else
        worker->pending[worker->n_pending++] =
            (Pending){.request.type = REQUEST_SAY, .refused = 1, .err = *err};
}

static void take_in(Worker *worker, Request *request)
{
    if (request->type == REQUEST_QUIT) {
        worker->quit = true;
    } else if (request->type == REQUEST_STOP) {
        stop_all(worker);
    } else if (worker->n_pending < REQUESTS_MAX) {
        worker->pending[worker->n_pending++] = (Pending){.request = *request};
        return;
    } else {
        Err err = {0};
        err_set(&err, EXIT_USAGE, "request: %d are waiting already; this one is dropped",
                REQUESTS_MAX);
        refuse(worker, request->type, &err);
    }
    request_free(request);
}

void worker_pump(Worker *worker, int timeout_ms)
{
    while (!worker->quit && !worker->ended) {
        Request request;
        Err err = {0};
        switch (inbox_next(&worker->inbox, timeout_ms, &request, &err)) {
        case INBOX_REQUEST:
            take_in(worker, &request);
            break;
        case INBOX_WRONG:
            if (err.code == EXIT_MEMORY) /* what it asks for, and so its end, is not known */
                worker_fail(worker, &err);
            else
                refuse(worker, request.type, &err);
            break;
        case INBOX_NONE:
            return;
        case INBOX_END:
            worker->ended = true;
            return;
        case INBOX_FAILED:
            worker_fail(worker, &err);
            return;
        }
        timeout_ms = 0;
    }
}

Pending worker_next(Worker *worker)
{
    Pending first = worker->pending[0];
    worker->n_pending--;
    memmove(worker->pending, worker->pending + 1,
            sizeof(worker->pending[0]) * (size_t)worker->n_pending);
    return first;
}
