/* screen_signals.c - see screen_signals.h. */
#include "app/chat/screen_signals.h"

#include <signal.h>
#include <stddef.h>

#include "kernels/common/memory.h"
#include "ui/ui.h"

const int screen_signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGPIPE,
                              SIGXFSZ, SIGTSTP, SIGCONT, SIGWINCH, 0};

bool screen_signal_is_write(int number)
{
    return number == SIGPIPE || number == SIGXFSZ;
}

static void on_death(int number)
{
    ui_emergency();
    raise(number); /* SA_RESETHAND: now it ends the process */
}

void screen_signals_catch(void)
{
    memory_before_end(ui_emergency);
    static const int deaths[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,    SIGABRT, SIGTRAP,
                                 SIGSYS,  SIGALRM, SIGXCPU, SIGVTALRM, SIGPROF, SIGUSR1,
                                 SIGUSR2, SIGPOLL, SIGPWR,  SIGSTKFLT};
    struct sigaction action = {.sa_handler = on_death, .sa_flags = SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
        sigaction(deaths[i], &action, NULL);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        sigaction(number, &action, NULL);
}
