/* signals.c - see signals.h. */
#include "app/base/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t set_of(const int *list)
{
    sigset_t set;
    sigemptyset(&set);
    for (; *list; list++)
        sigaddset(&set, *list);
    return set;
}

int signals_open(const int *list, Err *err)
{
    sigset_t set = set_of(list);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return err_set(err, EXIT_INTERNAL, "cannot watch signals: %s", strerror(errno));
    return fd;
}

int signals_next(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    return (int)info.ssi_signo;
}

void signals_stop_here(void)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    raise(SIGTSTP); /* pending until it is unblocked */
    sigprocmask(SIG_UNBLOCK, &set, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void signals_close(int fd, const int *list)
{
    sigset_t set = set_of(list);
    while (signals_next(fd) != 0)
        ;
    close(fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
