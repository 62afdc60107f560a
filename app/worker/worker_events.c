/* worker_events.c - what the worker says: events, a line each on stdout. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/protocol/event_json.h"
#include "app/worker/worker.h"
#include "kernels/common/clock.h"

static int write_all(const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(STDOUT_FILENO, data, bytes);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd poller = {.fd = STDOUT_FILENO, .events = POLLOUT};
            if (poll(&poller, 1, -1) < 0 && errno != EINTR)
                return -1;
            continue;
        }
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            data += n;
            bytes -= (size_t)n;
        }
    }
    return 0;
}

/* A front must not take what comes after a hole for the whole: after a lost event there are none,
 * and the end of the worker tells it. */
static void lose(Worker *worker, int status, const char *why)
{
    fprintf(stderr, "s2d worker: an event is lost: %s\n", why);
    worker->lost = worker->quit = true;
    worker->status = status;
}

void worker_emit(Worker *worker, const Event *event)
{
    if (worker->lost)
        return;
    Event out = *event;
    out.t_ms = clock_ms() - worker->start_ms;
    out.turn = worker->turn;
    if (out.type == EVENT_SWITCH && out.u.swap.stage == SWITCH_DONE)
        out.u.swap.ms = clock_ms() - worker->switch_ms; /* the load included */
    char *line = event_to_line(&out);
    size_t bytes = line ? strlen(line) : 0;
    if (line)
        line[bytes] = '\n'; /* in place of the terminator: one write a line */
    if (!line)
        lose(worker, EXIT_MEMORY, "out of memory");
    else if (write_all(line, bytes + 1) != 0)
        lose(worker, EXIT_IO, strerror(errno));
    free(line);
}

static void emit_error(Worker *worker, const Err *err, bool fatal, bool kept)
{
    Event event = {.type = EVENT_ERROR};
    event.u.error.code = err->code;
    event.u.error.fatal = fatal;
    event.u.error.kept = kept;
    snprintf(event.u.error.message, sizeof(event.u.error.message), "%s", err->text);
    worker_emit(worker, &event);
}

void worker_error(Worker *worker, const Err *err)
{
    emit_error(worker, err, false, false);
}

void worker_load_error(Worker *worker, const Err *err)
{
    emit_error(worker, err, false, worker->session != NULL);
}

void worker_fail(Worker *worker, const Err *err)
{
    emit_error(worker, err, true, false);
    worker->quit = true;
    if (worker->status == 0)
        worker->status = err->code;
}

void worker_warn(Worker *worker, const char *code, const char *message)
{
    Event event = {.type = EVENT_WARNING};
    snprintf(event.u.warning.code, sizeof(event.u.warning.code), "%s", code);
    snprintf(event.u.warning.message, sizeof(event.u.warning.message), "%s", message);
    worker_emit(worker, &event);
}

void worker_on_event(void *user, const Event *event)
{
    Worker *worker = user;
    Event out = *event;
    if (worker->session)
        answers_event(&worker->answers, event);
    if (event->type == EVENT_DONE && worker->status != 0) /* nobody stopped it */
        strcpy(out.u.done.reason, "error");
    worker_emit(worker, &out);
}
