/* err.c - see err.h. */
#include "kernels/common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "kernels/common/unsafe.h"

/* In place: '?' is no longer than what it stands for. A byte that belongs to no character goes too:
 * 0x9B alone is a command to some terminals. */
static void make_safe(char *text)
{
    size_t n = strlen(text), to = 0;
    for (size_t at = 0; at < n;) {
        ucs4_t ch;
        int bytes = u8_mbtoucr(&ch, (const uint8_t *)text + at, n - at);
        if (bytes > 0 && !unsafe_char(ch)) {
            memmove(text + to, text + at, (size_t)bytes);
            to += (size_t)bytes;
        } else {
            text[to++] = '?';
        }
        at += bytes > 0 ? (size_t)bytes : 1;
    }
    text[to] = '\0';
}

int err_set(Err *err, int code, const char *format, ...)
{
    if (err == NULL || err->code != 0)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    make_safe(err->text);
    err->code = code;
    return -1;
}
