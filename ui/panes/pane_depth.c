/* pane_depth.c - share of this answer's rounds in which a node of each depth was accepted.
 *
 * The shares add up to accepted / rounds = MAT - 1, a check on ourselves: the title says the sum,
 * and what is deeper than the last bar is added to it.
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
    int column_width = rect.width / columns;
    for (int i = 0; i < shown; i++) {
        int y = rect.y + i % rows, x = rect.x + i / rows * column_width;
        int reached = view->reached[i];
        bool sum = false;
        for (int d = shown; i == shown - 1 && d < DEPTH_MAX; d++) {
            sum = sum || view->reached[d] > 0;
            reached += view->reached[d];
        }
        double share = view->n_rounds > 0 ? (double)reached / view->n_rounds : 0;
        cells_print(cells, y, x, column_width, STYLE_DIM, sum ? "d%d+" : "d%d", i + 1);
        char text[8];
        if (share > 1) /* only the summed bar can be */
            snprintf(text, sizeof text, "%.1f", share);
        else
            pane_fraction(share, text);
        cells_print(cells, y, x + 4, column_width - 4, STYLE_TEXT, "%s", text);
        cells_bar(cells, y, x + 8, column_width - 10, share, STYLE_GOOD);
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
