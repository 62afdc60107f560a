/* pane.c - the table of panes and what several of them share; see pane.h. */
#include "ui/panes/pane.h"

#include <stdio.h>

const Pane *pane_get(PaneId id)
{
    static const Pane *const panes[PANE_COUNT] = {
        [PANE_CHAT] = &pane_chat,   [PANE_TREE] = &pane_tree,
        [PANE_EXITS] = &pane_exits, [PANE_DEPTH] = &pane_depth,
        [PANE_SPEED] = &pane_speed, [PANE_THRESHOLDS] = &pane_thresholds,
    };
    return panes[id];
}

int pane_source_attr(const View *view, int source)
{
    if (source == SOURCE_TARGET)
        return STYLE_TEXT;
    int exit = source > 0 ? view_exit_index(view, source) : -1;
    return (exit >= 0 ? STYLE_EXIT + exit : STYLE_FREE) | ATTR_DRAFTED;
}

char pane_source_mark(const View *view, int source)
{
    if (source == SOURCE_TARGET)
        return 'T';
    int exit = source > 0 ? view_exit_index(view, source) : -1;
    return exit >= 0 ? ".oO@*%&#"[exit] : source == SOURCE_FREE ? 'n' : '?';
}

const char *pane_fraction(double p, char out[8])
{
    char text[16];
    snprintf(text, sizeof text, "%.2f", p > 0 ? p : 0);
    /* Without the zero before the point; all of it is "1.0". */
    snprintf(out, 8, "%.3s", text[0] == '0' ? text + 1 : text);
    return out;
}
