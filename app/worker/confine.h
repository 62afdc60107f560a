/* confine.h - a process that only computes gives up what it does not need. */
#ifndef S2D_APP_WORKER_CONFINE_H
#define S2D_APP_WORKER_CONFINE_H

/* From now on this process and its threads gain no privileges, start no programs and open no
 * sockets (that fails with EPERM). Files stay open to it: another target may be loaded later. Where
 * the kernel or the machine does not offer a part of this, that part is left out. Cannot be undone;
 * again does nothing. */
void confine_process(void);

#endif
