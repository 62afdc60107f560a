/* signals.h - signals as a descriptor to poll, so that no code runs at a bad moment. */
#ifndef S2D_APP_BASE_SIGNALS_H
#define S2D_APP_BASE_SIGNALS_H

#include "kernels/common/err.h"

/* Blocks the signals of the list (ends with 0) and returns a descriptor that tells them; -1. */
int signals_open(const int *list, Err *err);
/* The next signal that came; 0 = none now. Never blocks. */
int signals_next(int fd);
/* Stops this process as Ctrl-Z does, although SIGTSTP is blocked; returns when it goes on. Does
 * nothing where no shell could wake it. */
void signals_stop_here(void);
/* Closes the descriptor and unblocks its signals; what is still pending is dropped. */
void signals_close(int fd, const int *list);

#endif
