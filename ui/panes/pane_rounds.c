/* pane_rounds.c - the latest rounds, one a row, newest first: what was drafted, what of it was right, and
 * how long that took. Arrows go from round to round, in the tree pane too.
 *
 * Times are the events' own; plain rounds draft nothing.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

static void draw_round(const EventRound *round, bool browsed, Cells *cells, int y, Rect rect)
{
    int x = rect.x, right = rect.x + rect.width, tokens = round->accepted + 1;
    bool drafted = round->n_nodes > 0;
    x += cells_print(cells, y, x, right - x, STYLE_DIM, "%5d ", round->round);
    if (drafted)
        x += cells_print(cells, y, x, right - x, STYLE_TEXT, "%3d %3d ", round->n_nodes,
                         round->accepted);
    else
        x += cells_print(cells, y, x, right - x, STYLE_DIM, "%7s ",
                         strcmp(round->mode, "probe") == 0 ? "probe" : "plain");
    x += cells_print(cells, y, x, right - x, STYLE_TEXT | ATTR_BOLD, "%3d", tokens);
    x += cells_print(cells, y, x, right - x, STYLE_TEXT, "%8.1f%8.1f", round->draft_ms,
                     round->verify_ms);
    if (right - x > 3)
        cells_bar(cells, y, x + 1, right - x - 1, tokens / (double)(DEPTH_MAX + 1),
                  drafted ? STYLE_GOOD : STYLE_DIM);
    if (browsed)
        cells_mark(cells, y, rect.x, rect.width, ATTR_REVERSE);
}

static void rounds_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    if (rounds_last(&view->kept) == 0) {
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "no round yet");
        return;
    }
    cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "%s",
                "round dft  ok tok   draft   check ms");
    /* The browsed one is kept in sight. */
    int rows = rect.height - 1;
    unsigned long newest = rounds_last(&view->kept), browsed = view->browsed;
    if (browsed > 0 && newest - browsed >= (unsigned long)rows)
        newest = browsed + (unsigned long)rows - 1;
    for (int row = 0; row < rows; row++) {
        unsigned long serial = newest - (unsigned long)row;
        if (serial == 0 || !rounds_event(&view->kept, serial, view->shown))
            break;
        draw_round(view->shown, serial == browsed, cells, rect.y + 1 + row, rect);
    }
}

static void rounds_title(const View *view, char *out, size_t bytes)
{
    const EventRound *round = view->browsed > 0 ? view_round(view) : NULL;
    if (round != NULL)
        snprintf(out, bytes, "ROUNDS  %d of %d", round->round,
                 rounds_of_answer(&view->kept, view->browsed));
    else
        snprintf(out, bytes, "ROUNDS  newest first");
}

static PaneKey rounds_key(View *view, const Key *key, UiAction *action)
{
    (void)action;
    switch (key->code) {
    case KB_UP:
        view_browse(view, 1);
        break;
    case KB_DOWN:
        view_browse(view, -1);
        break;
    case KB_PAGE_UP:
        view_browse(view, 10);
        break;
    case KB_PAGE_DOWN:
        view_browse(view, -10);
        break;
    case KB_HOME:
        view_browse_to(view, rounds_last(&view->kept));
        break;
    case KB_END:
        view_browse_to(view, rounds_first(&view->kept));
        break;
    default:
        return PANE_IGNORED;
    }
    view->changes++;
    return PANE_TAKEN;
}

const Pane pane_rounds = {
    .wish = {.place = PLACE_RIGHT, .third = true, .grows = true, .rows = 4, .priority = -1},
    .tab = "ROUNDS",
    .title = rounds_title,
    .draw = rounds_draw,
    .key = rounds_key,
};
