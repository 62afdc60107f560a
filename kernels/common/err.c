/* err.c - see err.h. */
#include "kernels/common/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(Err *err, int code, const char *format, ...)
{
    if (err == NULL || err->code != 0)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    for (char *c = err->text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    err->code = code;
    return -1;
}
