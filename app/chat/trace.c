/* trace.c - see trace.h. */
#include "app/chat/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/protocol/event_json.h"
#include "kernels/common/clock.h"

struct Trace {
    Client *client;
    int fd;             /* for reading */
    double t_ms, at_ms; /* of the last event: the worker's clock, and ours */
    int turn;
};

/* Opens a file, has the client write to it and takes its name away. Returns its descriptor. */
static int begin(Client *client, Err *err)
{
    char path[PATH_BYTES];
    if (paths_make(PLACE_STATE, err) != 0 ||
        paths_get(PLACE_STATE, "trace.XXXXXX", path, sizeof(path), err) != 0)
        return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return err_set(err, EXIT_IO, "%s: %s", path, strerror(errno));
    int status = client_trace(client, path, err);
    unlink(path);
    if (status != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int trace_open(Trace **trace, Client *client, Err *err)
{
    *trace = calloc(1, sizeof(**trace));
    if (!*trace)
        return err_set(err, EXIT_MEMORY, "no memory for a trace");
    (*trace)->client = client;
    (*trace)->fd = begin(client, err);
    if ((*trace)->fd < 0) {
        free(*trace);
        *trace = NULL;
        return -1;
    }
    return 0;
}

void trace_close(Trace *trace)
{
    if (!trace)
        return;
    client_trace(trace->client, NULL, NULL);
    close(trace->fd);
    free(trace);
}

void trace_saw(Trace *trace, const Event *event)
{
    if (!trace)
        return;
    trace->t_ms = event->t_ms;
    trace->turn = event->turn;
    trace->at_ms = clock_ms();
}

void trace_question(Trace *trace, const char *text)
{
    if (!trace)
        return;
    double passed = trace->at_ms > 0 ? clock_ms() - trace->at_ms : 0;
    Event event = {.type = EVENT_QUESTION, .t_ms = trace->t_ms + passed, .turn = trace->turn + 1};
    event.u.question.text = text;
    char *line = event_to_line(&event);
    if (line && strlen(line) <= EVENT_LINE_MAX)
        client_trace_line(trace->client, line);
    free(line);
}

bool trace_trim(Trace *trace)
{
    struct stat status;
    if (!trace || fstat(trace->fd, &status) != 0 || status.st_size < TRACE_BYTES)
        return false;
    int fd = begin(trace->client, NULL);
    if (fd < 0)
        return false;
    close(trace->fd);
    trace->fd = fd;
    return true;
}

int trace_copy(const Trace *trace, const char *path, Err *err)
{
    char buffer[1 << 16];
    if (client_trace_check(trace->client, err) != 0)
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, EXIT_IO, "%s: %s", path,
                       errno == EEXIST ? "exists already; choose another name" : strerror(errno));
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(trace->fd, buffer, sizeof(buffer), at);
        if (n == 0)
            break;
        if (n < 0 || write_all(fd, buffer, n) != 0) {
            err_set(err, EXIT_IO, "%s: cannot be written: %s", path, strerror(errno));
            close(fd);
            unlink(path);
            return -1;
        }
        at += n;
    }
    int status = fsync(fd);
    if (close(fd) != 0)
        status = -1;
    if (status != 0) {
        err_set(err, EXIT_IO, "%s: cannot be written: %s", path, strerror(errno));
        unlink(path);
    }
    return status;
}

FILE *trace_reader(const Trace *trace, Err *err)
{
    char path[64];
    if (client_trace_check(trace->client, err) != 0)
        return NULL;
    /* A descriptor of its own: the offset of ours is nobody's. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", trace->fd);
    FILE *file = fopen(path, "re");
    if (!file)
        err_set(err, EXIT_IO, "the trace cannot be read: %s", strerror(errno));
    return file;
}
