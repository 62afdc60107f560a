/* fuzz_highlight.c - any lines as code of a language: every byte gets a style, none beyond. The first
 * line names the language. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cells.h"
#include "ui/highlight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    Highlight highlight;
    const char *at = (const char *)data, *end = at + n;
    for (int line = 0; at <= end; line++) {
        const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        size_t bytes = (size_t)((newline != NULL ? newline : end) - at);
        char *copy = malloc(bytes + 1); /* of its own size: a sanitizer sees one step too far */
        uint16_t *styles = malloc((bytes + 1) * sizeof *styles);
        if (copy == NULL || styles == NULL)
            abort();
        memcpy(copy, at, bytes);
        char *exact = realloc(copy, bytes > 0 ? bytes : 1);
        if (exact == NULL)
            abort();
        if (line == 0)
            highlight_begin(&highlight, exact, bytes);
        else
            highlight_line(&highlight, exact, bytes, styles);
        for (size_t i = 0; line > 0 && i < bytes; i++)
            if (styles[i] != STYLE_TEXT && (styles[i] < STYLE_KEYWORD || styles[i] > STYLE_NUMBER))
                abort();
        free(exact);
        free(styles);
        at += bytes + 1;
    }
    return 0;
}
