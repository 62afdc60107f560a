/* confine.h - the worker reads files that nobody vouches for, so it gives up what it does not need
 * before it reads the first byte of one.
 *
 * What a part of this rests on may be missing: an old kernel, a container that forbids it. Then that
 * part is left out; confine_state says what there is. Nothing can be undone.
 */
#ifndef S2D_APP_WORKER_CONFINE_H
#define S2D_APP_WORKER_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* To be called while there is one thread. From now on this process gains no privileges, and its
 * threads to come write, make, rename and remove files below `writable` (NULL = nowhere) and write
 * to devices only, and execute none; reading stays open, for another target may be loaded later. By
 * Landlock, landlock(7). */
void confine_files(const char *writable);

/* From now on all threads make only the system calls of a process that reads files, computes and
 * answers on the descriptors it has: no sockets, no programs, no processes, no io_uring, no ptrace,
 * no signals to others; another call, or one of a foreign architecture, kills the process with
 * SIGSYS. device: a driver that asks for more may be in use; then such a call fails with EPERM. By
 * seccomp(2); again does nothing. */
void confine_calls(bool device);

/* What of it this kernel offers: "seccomp, Landlock 3". */
void confine_state(char *text, size_t size);

#endif
