/* legend.c - see legend.h. */
#include "ui/legend.h"

#include <stdio.h>
#include <string.h>

#include "ui/panes/pane.h"

enum { ENTRIES = EXITS_MAX + 2 };

typedef struct Entry {
    char name[16];
    int attr;
} Entry;

/* Returns how many. */
static int exit_entries(const View *view, Entry *entries)
{
    const EventReady *ready = &view->ready;
    int n = 0;
    for (int i = 0; i < ready->n_exits; i++, n++) {
        entries[n].attr = pane_source_attr(view, ready->exits[i]);
        pane_exit_name(view, ready->exits[i], entries[n].name);
    }
    entries[n++] = (Entry){"ng", pane_source_attr(view, SOURCE_FREE)};
    entries[n++] = (Entry){"target", pane_source_attr(view, SOURCE_TARGET)};
    return n;
}

static int code_entries(Entry *entries)
{
    entries[0] = (Entry){"keyword", STYLE_KEYWORD};
    entries[1] = (Entry){"string", STYLE_STRING};
    entries[2] = (Entry){"comment", STYLE_COMMENT};
    entries[3] = (Entry){"number", STYLE_NUMBER};
    return 4;
}

void legend_draw(const View *view, Cells *cells, Rect rect)
{
    Entry entries[ENTRIES];
    if (view->state == VIEW_STARTING)
        return;
    bool code = view->colours == COLOURS_BY_CODE;
    int n = code ? code_entries(entries) : exit_entries(view, entries);
    const char *mode = code ? " CODE" : " BY EXIT";
    const char *keys = code ? "  Ctrl-X c by exit " : "  Ctrl-X c code ";
    int width = (int)strlen(mode) + 1, x = rect.x + 2, right = rect.x + rect.width;
    for (int i = 0; i < n; i++)
        width += 1 + (int)strlen(entries[i].name);
    if (x + width >= right)
        return;
    x += cells_print(cells, rect.y, x, right - x, STYLE_DIM, "%s", mode);
    for (int i = 0; i < n; i++) {
        x += cells_print(cells, rect.y, x, right - x, STYLE_DIM, " ");
        x += cells_print(cells, rect.y, x, right - x, entries[i].attr, "%s", entries[i].name);
    }
    bool fits = x + (int)strlen(keys) < right;
    cells_print(cells, rect.y, x, right - x, STYLE_DIM, "%s", fits ? keys : " ");
}
