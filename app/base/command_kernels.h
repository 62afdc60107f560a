/* command_kernels.h - opens kernels for a command that computes in its own process. */
#ifndef S2D_APP_BASE_COMMAND_KERNELS_H
#define S2D_APP_BASE_COMMAND_KERNELS_H

#include "kernels/kernels.h"

/* As kernels_open, with no more threads than there are processors; when more were asked for a line
 * on standard error says so. */
int command_kernels_open(Kernels **kernels, const KernelsOptions *options, Err *err);

#endif
