/* pane_depth.c - share of this answer's rounds in which a node of each depth was accepted.
 *
 * The shares of all depths add up to accepted / rounds = MAT - 1, a check on ourselves: the title
 * says the sum. A "+" behind the last one shown says that some rounds got deeper.
 */
#include "ui/panes/pane.h"

#include <stdio.h>

static int column_count(int width)
{
    return width >= 36 ? 2 : 1;
}

/* As many as show the deepest that was reached. */
static int depth_most(const View *view, int columns)
{
    int deepest = DEPTH_MAX, per_row = column_count(columns);
    while (deepest > 0 && view->reached[deepest - 1] == 0)
        deepest--;
    return (deepest + per_row - 1) / per_row;
}

static void depth_draw(View *view, Cells *cells, Rect rect, bool focused)
{
    (void)focused;
    int columns = column_count(rect.width), rows = rect.height, shown = rows * columns;
    if (shown > DEPTH_MAX)
        shown = DEPTH_MAX;
    int column_width = rect.width / columns, label = shown > 9 ? 5 : 4;
    for (int i = 0; i < shown; i++) {
        int y = rect.y + i % rows, x = rect.x + i / rows * column_width;
        double share = view->n_rounds > 0 ? (double)view->reached[i] / view->n_rounds : 0;
        bool deeper = i == shown - 1 && shown < DEPTH_MAX && view->reached[shown] > 0;
        cells_print(cells, y, x, column_width, STYLE_DIM, deeper ? "d%d+" : "d%d", i + 1);
        if (view->n_rounds == 0)
            continue;
        char text[8];
        cells_print(cells, y, x + label, column_width - label, STYLE_TEXT, "%s",
                    pane_fraction(share, text));
        cells_bar(cells, y, x + label + 4, column_width - label - 6, share, STYLE_GOOD);
    }
}

static void depth_title(const View *view, char *out, size_t bytes)
{
    if (view->n_rounds > 0)
        snprintf(out, bytes, "REACHED BY DEPTH  sum %.2f = MAT-1",
                 (double)view->accepted / view->n_rounds);
    else
        snprintf(out, bytes, "REACHED BY DEPTH (sum = MAT-1)");
}

const Pane pane_depth = {
    .wish = {.place = PLACE_RIGHT, .rows = 3, .priority = 1},
    .most = depth_most,
    .tab = "DEPTH",
    .title = depth_title,
    .draw = depth_draw,
};
