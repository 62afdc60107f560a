/* stops.c - see stops.h. */
#include "app/pull/stops.h"

#include <signal.h>
#include <stddef.h>

static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_STOPS = sizeof stops / sizeof stops[0] };

void stops_block(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < N_STOPS; i++) {
        struct sigaction now;
        if (sigaction(stops[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, stops[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool fetch_interrupted(void)
{
    sigset_t pending;
    if (sigpending(&pending) != 0)
        return false;
    for (size_t i = 0; i < N_STOPS; i++)
        if (sigismember(&pending, stops[i]) == 1)
            return true;
    return false;
}
