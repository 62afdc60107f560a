/* command_kernels.c - see command_kernels.h. */
#include "app/base/command_kernels.h"

#include <stdio.h>
#include <string.h>

int command_kernels_open(Kernels **kernels, const KernelsOptions *options, Err *err)
{
    KernelsOptions capped = *options;
    char line[160];
    bool fewer = kernels_cap_threads(&capped, line, sizeof line);
    if (kernels_open(kernels, &capped, err) != 0)
        return -1;
    if (fewer && strcmp((*kernels)->device, "cpu") == 0) /* a device has no use for them */
        fprintf(stderr, "s2d: warning: %s\n", line);
    return 0;
}
