/* print.c - see print.h. */
#define _GNU_SOURCE 1 /* vasprintf */
#include "app/base/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char put(FILE *stream, const char *text, size_t bytes)
{
    fwrite(text, 1, bytes, stream);
    return bytes > 0 ? text[bytes - 1] : '\0';
}

/* In pieces, so that it needs no memory that might not be there. */
static char put_clean(FILE *stream, TextCleaner *cleaner, const char *text)
{
    enum { PIECE = 256 };
    char clean[3 * (PIECE + 3) + 1], last = '\0';
    for (size_t left = strlen(text); left > 0;) {
        size_t bytes = left < PIECE ? left : PIECE;
        char end = put(stream, clean, text_clean(cleaner, text, bytes, clean));
        last = end ? end : last;
        text += bytes;
        left -= bytes;
    }
    return last;
}

char print_text(FILE *stream, TextCleaner *cleaner, const char *text)
{
    return isatty(fileno(stream)) ? put_clean(stream, cleaner, text)
                                  : put(stream, text, strlen(text));
}

void print_report(FILE *stream, const char *format, ...)
{
    TextCleaner cleaner = {0};
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int bytes = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (bytes < 0)
        return;
    put_clean(stream, &cleaner, text);
    free(text);
}
