/* std_streams.c - see std_streams.h. */
#include "app/base/std_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int std_streams_open(Err *err)
{
    /* stdout for reading only: whoever writes to it is told. */
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", modes[fd]) != fd) /* the lowest that is free */
            return err_set(err, EXIT_IO, "/dev/null: cannot be opened in place of descriptor %d",
                           fd);
    }
    signal(SIGXFSZ, SIG_IGN);
    return 0;
}

static int cannot_write(int reason, Err *err)
{
    return err_set(err, EXIT_IO, "stdout cannot be written%s%s", reason ? ": " : "",
                   reason ? strerror(reason) : "");
}

int stdout_flush(Err *err)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        return cannot_write(errno, err);
    return 0;
}

int stdout_check(Err *err)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return cannot_write(EBADF, err);
    struct pollfd out = {.fd = STDOUT_FILENO}; /* tells of errors and hang-ups only */
    if (poll(&out, 1, 0) <= 0)
        return 0;
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) == 0 && !S_ISCHR(status.st_mode))
        raise(SIGPIPE); /* what a write would bring */
    return cannot_write(S_ISCHR(status.st_mode) ? EIO : EPIPE, err);
}

int std_streams_close(int code)
{
    Err err = {0};
    int status = stdout_flush(&err);
    errno = 0;
    if (fclose(stdout) != 0 && status == 0)
        status = cannot_write(errno, &err);
    if (status == 0 || code != 0)
        return code;
    fprintf(stderr, "s2d: %s\n", err.text);
    return err.code;
}
