/* pane_rounds.c - the latest rounds, one a row, newest first: what was drafted, what of it was right, and
 * how long that took. Arrows go from round to round, in the tree pane too.
 *
 * Times are the events' own; plain rounds draft nothing.
 */
#include "ui/panes/pane.h"

#include <stdio.h>
#include <string.h>

static void draw_round(const View *view, const EventRound *round, Cells *cells, int y, Rect rect)
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
    if (round->round == view->browsed)
        cells_mark(cells, y, rect.x, rect.width, ATTR_REVERSE);
}

static void rounds_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    if (view->last_round == 0) {
        cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "no round yet");
        return;
    }
    cells_print(cells, rect.y, rect.x, rect.width, STYLE_DIM, "%s",
                "round dft  ok tok   draft   check ms");
    /* The browsed one is kept in sight. */
    int newest = view->last_round, rows = rect.height - 1;
    if (view->browsed > 0 && newest - view->browsed >= rows)
        newest = view->browsed + rows - 1;
    for (int row = 0; row < rows; row++) {
        int number = newest - row;
        const EventRound *round = number > 0 ? &view->rounds[number % VIEW_ROUNDS] : NULL;
        if (round == NULL || round->round != number)
            break;
        draw_round(view, round, cells, rect.y + 1 + row, rect);
    }
}

static void rounds_title(const View *view, char *out, size_t bytes)
{
    if (view->browsed > 0)
        snprintf(out, bytes, "ROUNDS  %d of %d", view->browsed, view->last_round);
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
        view_browse(view, view->last_round);
        break;
    case KB_END:
        view_browse(view, -view->last_round);
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
