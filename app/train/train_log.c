/* train_log.c - see train_log.h. */
#include "app/train/train_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/base/print.h"
#include "app/base/save_file.h"

/* It is no result: the run is worth more than its log. */
static void warn(TrainLog *log, const char *why)
{
    print_report(stderr, "s2d train: warning: %s: %s; training goes on without a log\n", log->path,
                 why);
    log->broken = true;
}

int train_log_open(TrainLog *log, const char *path, Err *err)
{
    *log = (TrainLog){.path = path};
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (log->fd < 0)
        warn(log, strerror(errno));
    else if (flock(log->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return err_set(err, EXIT_IO, "%.300s: another run uses it; name another -o", path);
    return 0;
}

void train_log_clear(TrainLog *log)
{
    if (log->fd >= 0 && ftruncate(log->fd, 0) != 0 && errno != EINVAL) /* EINVAL: it is no file */
        warn(log, strerror(errno));
}

/* -1 with errno set, and nothing of the line in the file. */
static int append(int fd, const char *line, size_t bytes)
{
    off_t end = lseek(fd, 0, SEEK_END);
    if (write_all(fd, line, bytes) == 0)
        return 0;
    int reason = errno, cut = ftruncate(fd, end);
    errno = cut == 0 || errno == EINVAL ? reason : errno; /* EINVAL: it is no file */
    return -1;
}

void train_log_add(TrainLog *log, json_t *object)
{
    /* None of an object that could not be made: a figure of it was no number. */
    char *line = log->broken ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(object);
    if (line == NULL)
        return;
    size_t bytes = strlen(line);
    line[bytes] = '\n'; /* in the place of the zero */
    if (append(log->fd, line, bytes + 1) != 0)
        warn(log, strerror(errno));
    free(line);
}

void train_log_close(TrainLog *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}
