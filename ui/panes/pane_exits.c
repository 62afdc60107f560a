/* pane_exits.c - who proposed each of the latest tokens, one character a token (row by row, the newest
 * at the end), and the shares of
 * the exits in the accepted ones of this answer. T = the target's own token.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

enum { STRIP_ROWS = 4 }; /* most rows of tokens, where panes have rows to spare */

static void draw_strip(const View *view, Cells *cells, Rect rect)
{
    unsigned kept = view->n_strip < VIEW_STRIP ? view->n_strip : VIEW_STRIP;
    unsigned width = (unsigned)rect.width, room = width * (unsigned)(rect.height - 1);
    unsigned shown = kept < room ? kept : room;
    for (unsigned i = 0; i < shown; i++) {
        int source = view->strip[(view->n_strip - shown + i) % VIEW_STRIP];
        char mark = pane_source_mark(view, source);
        cells_text(cells, rect.y + (int)(i / width), rect.x + (int)(i % width), 1, &mark, 1,
                   (pane_source_attr(view, source) & ~ATTR_DRAFTED) | ATTR_BOLD);
    }
    if (shown == 0)
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "no tokens yet");
}

/* ". e6 61%  o e12 24%  T own 30%"; without blanks between where the row is short. */
static void draw_shares(const View *view, Cells *cells, Rect rect)
{
    const EventReady *ready = &view->ready;
    int x = rect.x, right = rect.x + rect.width, y = rect.y + rect.height - 1;
    bool narrow = rect.width < ready->n_exits * 10 + 9;
    for (int i = 0; i < ready->n_exits; i++) {
        char mark = pane_source_mark(view, ready->exits[i]);
        x += cells_text(cells, y, x, right - x, &mark, 1, (STYLE_EXIT + i) | ATTR_BOLD);
        char exit[12];
        x += cells_print(cells, y, x, right - x, STYLE_TEXT, "%s%s", narrow ? "" : " ",
                         ready->head[0] ? ready->drafter
                                        : pane_exit_name(view, ready->exits[i], exit));
        if (view->accepted > 0)
            x += cells_print(cells, y, x, right - x, STYLE_TEXT, " %.0f%%",
                             100.0 * view->accepted_by[i] / view->accepted);
        x += narrow ? 1 : 2;
    }
    if (view->accepted_by[EXITS_MAX] > 0)
        x += 2 + cells_print(cells, y, x, right - x, STYLE_FREE, "n ngram %.0f%%",
                             100.0 * view->accepted_by[EXITS_MAX] / view->accepted);
    if (right - x >= 8)
        cells_print(cells, y, x, right - x, STYLE_DIM, "T target");
}

/* As many as the tokens fill, and the shares. */
static int exits_most(const View *view, int columns)
{
    unsigned rows = view->n_strip / (unsigned)(columns > 0 ? columns : 1) + 1;
    return 1 + (int)(rows < STRIP_ROWS ? rows : STRIP_ROWS);
}

static void exits_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    draw_strip(view, cells, rect);
    draw_shares(view, cells, rect);
}

static void exits_title(const View *view, char *out, size_t bytes)
{
    const EventReady *ready = &view->ready;
    snprintf(out, bytes, "EXIT per token%s",
             ready->head[0] != '\0'   ? "  a head of the target"
             : !ready->exits_in_use   ? ""
             : !ready->exits_trained  ? "  !exits untrained"
             : ready->adapter[0] != 0 ? "  exits trained"
                                      : "");
}

const Pane pane_exits = {
    .wish = {.place = PLACE_RIGHT, .rows = 2, .priority = 2},
    .most = exits_most,
    .function = {4, "Exits", "exit of each token"},
    .tab = "EXITS",
    .title = exits_title,
    .draw = exits_draw,
};
