/* std_streams.h - stdin, stdout and stderr: there from the start, and checked to the end. */
#ifndef S2D_APP_BASE_STD_STREAMS_H
#define S2D_APP_BASE_STD_STREAMS_H

#include <stdbool.h>

#include "kernels/common/err.h"

/* To be called first of all. Fills the descriptors 0 to 2 that the caller left closed, so that no
 * file or socket opened later takes their place: stdin is at its end, writing to stdout fails,
 * stderr goes nowhere. And a write past the limit on the size of a file fails, as on a full disk,
 * where it would end the process. */
int std_streams_open(Err *err);

/* Sends on what was printed. -1 = stdout took not all of it, now or before: EXIT_IO. */
int stdout_flush(Err *err);

/* For what prints only at its end, or long after it started: -1 when it is known already that
 * nobody will get it, EXIT_IO. Where writing to such a pipe would end the process, this does. */
int stdout_check(Err *err);

/* To be called last of all: closes stdout. Returns the exit code, which is EXIT_IO after a line on
 * stderr in place of 0 when not all was written. */
int std_streams_close(int code);

#endif
