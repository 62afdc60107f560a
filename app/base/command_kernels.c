/* command_kernels.c - see command_kernels.h. */
#include "app/base/command_kernels.h"

#include <stdio.h>

int command_kernels_open(Kernels **kernels, const KernelsOptions *options, Err *err)
{
    KernelsOptions capped = *options;
    char line[160];
    if (kernels_cap_threads(&capped, line, sizeof line))
        fprintf(stderr, "s2d: warning: %s\n", line);
    return kernels_open(kernels, &capped, err);
}
