/* options_stop.c - stop strings as a person types them. See options.h. */
#include <stdio.h>
#include <string.h>

#include "app/options.h"

int options_stop(Stops *stops, const char *text, const char *what, Err *err)
{
    char plain[STOP_BYTES + 1];
    size_t n = 0;
    if (strcmp(text, "none") == 0) {
        stops->n = 0;
        return 0;
    }
    for (; *text && n < STOP_BYTES; text++) {
        char c = *text;
        if (c == '\\') {
            c = *++text;
            if (c == '\0' || !strchr("nt\\", c))
                return err_set(err, EXIT_USAGE, "%s: behind a backslash comes n, t or another one",
                               what);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        plain[n++] = c;
    }
    plain[n] = '\0'; /* one that is too long is so here as well */
    return stops_add(stops, plain, what, err);
}

const char *options_stops_text(const Stops *stops, char text[STOPS_TEXT])
{
    char *to = text;
    for (int i = 0; i < stops->n; i++) {
        to += sprintf(to, "%s\"", i > 0 ? ", " : "");
        for (const char *c = stops->text[i]; *c; c++) {
            if (*c == '\n' || *c == '\t' || *c == '\\')
                *to++ = '\\';
            *to++ = *c == '\n' ? 'n' : *c == '\t' ? 't' : *c;
        }
        *to++ = '"';
    }
    strcpy(to, stops->n > 0 ? "" : "none");
    return text;
}
