/* layout.c - see layout.h. */
#include "ui/layout.h"

#include <string.h>

enum {
    TREE_ROWS = 4,    /* least rows of the tree beside the chat */
    CHAT_ROWS = 3,    /* least rows of the chat */
    SIDE_COLUMNS = 39 /* least columns of the panes beside the chat, border included */
};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Rows that a pane's content wants; the tree takes what is left. */
static int rows_of(PaneId pane, int n_exits, int width)
{
    switch (pane) {
    case PANE_EXITS:
        return 2;
    case PANE_DEPTH:
        return 3;
    case PANE_SPEED:
        return 2;
    case PANE_THRESHOLDS: {
        int per_row = width >= 36 ? 2 : 1;
        return clamp((n_exits + per_row - 1) / per_row, 1, 4);
    }
    default:
        return TREE_ROWS;
    }
}

/* Header above, rule, input, status and keys below; returns the rows left between header and
 * rule. */
static int stack_bottom(Layout *layout, int input_rows)
{
    int width = layout->width, height = layout->height;
    layout->header = (Rect){0, 0, 1, width};
    layout->keys = (Rect){height - 1, 0, 1, width};
    layout->status = (Rect){height - 2, 0, 1, width};
    layout->input = (Rect){height - 2 - input_rows, 0, input_rows, width};
    layout->rule = (Rect){layout->input.y - 1, 0, 1, width};
    return layout->rule.y - 1;
}

static void layout_full(Layout *layout, int rows, int n_exits, PaneId front)
{
    /* What is left out first when rows are short stands last. */
    static const PaneId wish[] = {PANE_SPEED, PANE_THRESHOLDS, PANE_EXITS, PANE_DEPTH};
    static const PaneId order[] = {PANE_TREE, PANE_EXITS, PANE_DEPTH, PANE_SPEED, PANE_THRESHOLDS};
    int side = clamp(layout->width * 44 / 100, SIDE_COLUMNS, 66);
    int inner = side - 2;
    bool shown[PANE_COUNT] = {[PANE_TREE] = true};
    int left = rows - 1 - TREE_ROWS;
    if (front > PANE_TREE && front < PANE_COUNT && left > rows_of(front, n_exits, inner)) {
        shown[front] = true;
        left -= 1 + rows_of(front, n_exits, inner);
    }
    for (size_t i = 0; i < sizeof wish / sizeof wish[0]; i++) {
        int need = 1 + rows_of(wish[i], n_exits, inner);
        if (!shown[wish[i]] && need <= left) {
            shown[wish[i]] = true;
            left -= need;
        }
    }
    layout->divider_x = layout->width - side;
    layout->titles[PANE_CHAT] = (Rect){1, 0, 1, layout->divider_x};
    layout->panes[PANE_CHAT] = (Rect){2, 0, rows - 1, layout->divider_x};
    int y = 1;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        PaneId pane = order[i];
        if (!shown[pane])
            continue;
        int content = rows_of(pane, n_exits, inner) + (pane == PANE_TREE ? left : 0);
        layout->titles[pane] = (Rect){y, layout->divider_x, 1, side};
        layout->panes[pane] = (Rect){y + 1, layout->divider_x + 2, content, inner};
        y += 1 + content;
    }
}

static void layout_tabs(Layout *layout, int rows, int n_exits, PaneId front)
{
    PaneId tab = front == PANE_CHAT ? PANE_TREE : front;
    int content = tab == PANE_TREE ? (rows - 2) / 2 : rows_of(tab, n_exits, layout->width - 2);
    content = clamp(content, 2, rows - 2 - CHAT_ROWS);
    layout->tab = tab;
    layout->titles[PANE_CHAT] = (Rect){1, 0, 1, layout->width};
    layout->panes[PANE_CHAT] = (Rect){2, 0, rows - 2 - content, layout->width};
    layout->titles[tab] = (Rect){rows - content, 0, 1, layout->width};
    layout->panes[tab] = (Rect){rows - content + 1, 1, content, layout->width - 2};
}

void layout_make(Layout *layout, int width, int height, int input_rows, int n_exits, PaneId front)
{
    *layout = (Layout){.width = width, .height = height, .divider_x = -1, .tab = PANE_TREE};
    if (width < 40 || height < 8) {
        layout->mode = LAYOUT_MESSAGE;
    } else if (width < 60 || height < 15) {
        layout->mode = LAYOUT_SMALL;
        input_rows = clamp(input_rows, 1, height - CHAT_ROWS - 2);
        layout->input = (Rect){height - input_rows, 0, input_rows, width};
        layout->rule = (Rect){layout->input.y - 1, 0, 1, width};
        layout->figures = (Rect){layout->rule.y - 1, 0, 1, width};
        layout->panes[PANE_CHAT] = (Rect){0, 0, layout->figures.y, width};
    } else {
        bool full = width >= 80;
        layout->mode = full ? LAYOUT_FULL : LAYOUT_TABS;
        int least = 1 + (full ? TREE_ROWS : CHAT_ROWS + 3);
        int rows = stack_bottom(layout, clamp(input_rows, 1, height - 4 - least));
        if (full)
            layout_full(layout, rows, n_exits, front);
        else
            layout_tabs(layout, rows, n_exits, front);
    }
}

bool layout_shows(const Layout *layout, PaneId pane)
{
    return layout->panes[pane].height > 0;
}
