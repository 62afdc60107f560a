/* pane.c - all panes as a table, and what several of them share; see pane.h. */
#include "ui/panes/pane.h"

#include <stdio.h>

const Pane *pane_get(PaneId id)
{
#define PANE_ROW(NAME, name) [PANE_##NAME] = &pane_##name,
    static const Pane *const panes[PANE_COUNT] = {PANE_LIST(PANE_ROW)};
#undef PANE_ROW
    return panes[id];
}

void pane_wishes(const View *view, int width, PaneWish wishes[PANE_COUNT])
{
    int columns = layout_pane_columns(width);
    for (int id = 0; id < PANE_COUNT; id++) {
        const Pane *pane = pane_get((PaneId)id);
        wishes[id] = pane->wish;
        if (pane->rows != NULL)
            wishes[id].rows = pane->rows(view, columns);
    }
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
