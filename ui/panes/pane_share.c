/* pane_share.c - what several panes draw alike: who proposed a token, and fractions. */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

int pane_source_attr(const View *view, int source)
{
    if (source == SOURCE_TARGET)
        return STYLE_TEXT;
    int exit = source > 0 ? view_exit_index(view, source) : -1;
    return (exit >= 0 ? STYLE_EXIT + exit : STYLE_FREE) | ATTR_DRAFTED;
}

char pane_token_mark(StripToken token, int *attr)
{
    bool target = token.source == SOURCE_TARGET;
    *attr = token.exit >= 0 ? STYLE_EXIT + token.exit : target ? STYLE_TEXT : STYLE_FREE;
    if (token.exit >= 0)
        return ".oO@*%&#"[token.exit];
    return target ? 'T' : token.source == SOURCE_FREE ? 'n' : '?';
}

const char *pane_fraction(double p, char out[8])
{
    char text[16];
    snprintf(text, sizeof text, "%.2f", p > 0 ? p : 0);
    /* Without the zero before the point; all of it is "1.0". */
    snprintf(out, 8, "%.3s", text[0] == '0' ? text + 1 : text);
    return out;
}

const char *pane_exit_name(const View *view, int exit, char out[12])
{
    if (exit <= 0)
        strcpy(out, "ng");
    else if (view->ready.head[0] != '\0')
        snprintf(out, 12, "%.3s", view->ready.drafter);
    else
        snprintf(out, 12, "e%d", exit);
    return out;
}
