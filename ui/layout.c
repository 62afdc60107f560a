/* layout.c - see layout.h. */
#include "ui/layout.h"

#include <limits.h>

enum {
    FULL_COLUMNS = 80, /* from here on panes stand beside the chat */
    SIDE_COLUMNS = 39, /* least columns of the panes beside the chat, border included */
    TAB_ROWS = 2       /* least rows of a tab */
};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Columns of the panes beside the chat, border included. */
static int side_columns(int width)
{
    return clamp(width * 44 / 100, SIDE_COLUMNS, 66);
}

int layout_pane_columns(int width)
{
    return (width >= FULL_COLUMNS ? side_columns(width) : width) - 2;
}

/* The pane that grows in this place. */
static PaneId growing(const PaneWish *wishes, PanePlace place)
{
    int id = 0;
    while (id < PANE_COUNT - 1 && !(wishes[id].place == place && wishes[id].grows))
        id++;
    return (PaneId)id;
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

static int urgency(const PaneWish *wishes, int pane, PaneId front)
{
    return wishes[pane].grows ? INT_MAX : pane == (int)front ? INT_MAX - 1 : wishes[pane].priority;
}

bool layout_offers(const PaneWish *wish)
{
    return wish->grows || wish->rows > 0;
}

/* The most urgent pane at the right that was not tried yet; PANE_COUNT = none. */
static int next_pane(const PaneWish *wishes, const bool *tried, PaneId front)
{
    int next = PANE_COUNT;
    for (int pane = 0; pane < PANE_COUNT; pane++)
        if (wishes[pane].place == PLACE_RIGHT && !tried[pane] && layout_offers(&wishes[pane]) &&
            (next == PANE_COUNT || urgency(wishes, pane, front) > urgency(wishes, next, front)))
            next = pane;
    return next;
}

/* Of its content, where so many are left. */
static int wanted_rows(const PaneWish *wish, int left)
{
    return wish->grows && wish->wanted > wish->rows
               ? clamp(wish->wanted, wish->rows, left > wish->rows ? left : wish->rows)
               : wish->rows;
}

static void layout_full(Layout *layout, int rows, const PaneWish *wishes, PaneId front)
{
    int side = side_columns(layout->width), left = rows, pane;
    bool tried[PANE_COUNT] = {false}, shown[PANE_COUNT] = {false};
    while ((pane = next_pane(wishes, tried, front)) < PANE_COUNT) {
        int need = 1 + wanted_rows(&wishes[pane], left - 1);
        tried[pane] = true;
        shown[pane] = need <= left;
        left -= shown[pane] ? need : 0;
    }
    layout->divider_x = layout->width - side;
    PaneId chat = growing(wishes, PLACE_LEFT);
    layout->titles[chat] = (Rect){1, 0, 1, layout->divider_x};
    layout->panes[chat] = (Rect){2, 0, rows - 1, layout->divider_x};
    int y = 1;
    for (pane = 0; pane < PANE_COUNT; pane++) {
        if (!shown[pane])
            continue;
        int content = wanted_rows(&wishes[pane], rows - 1) + (wishes[pane].grows ? left : 0);
        layout->titles[pane] = (Rect){y, layout->divider_x, 1, side};
        layout->panes[pane] =
            (Rect){y + 1, layout->divider_x + 2, content, layout_pane_columns(layout->width)};
        y += 1 + content;
    }
}

static void layout_tabs(Layout *layout, int rows, const PaneWish *wishes, PaneId front)
{
    PaneId chat = growing(wishes, PLACE_LEFT);
    bool offered = wishes[front].place == PLACE_RIGHT && layout_offers(&wishes[front]);
    PaneId tab = offered ? front : growing(wishes, PLACE_RIGHT);
    int content = wishes[tab].grows ? (rows - 2) / 2 : wishes[tab].rows;
    content = wishes[tab].grows && wishes[tab].wanted > content ? wishes[tab].wanted : content;
    content = clamp(content, TAB_ROWS, rows - 2 - wishes[chat].rows);
    layout->tab = tab;
    layout->titles[chat] = (Rect){1, 0, 1, layout->width};
    layout->panes[chat] = (Rect){2, 0, rows - 2 - content, layout->width};
    layout->titles[tab] = (Rect){rows - content, 0, 1, layout->width};
    layout->panes[tab] = (Rect){rows - content + 1, 1, content, layout_pane_columns(layout->width)};
}

void layout_make(Layout *layout, int width, int height, int input_rows,
                 const PaneWish wishes[PANE_COUNT], PaneId front)
{
    PaneId chat = growing(wishes, PLACE_LEFT), side = growing(wishes, PLACE_RIGHT);
    int chat_rows = wishes[chat].rows;
    *layout = (Layout){.width = width, .height = height, .divider_x = -1, .tab = side};
    if (width < 40 || height < 8) {
        layout->mode = LAYOUT_MESSAGE;
    } else if (width < 60 || height < 15) {
        layout->mode = LAYOUT_SMALL;
        input_rows = clamp(input_rows, 1, height - chat_rows - 2);
        layout->input = (Rect){height - input_rows, 0, input_rows, width};
        layout->rule = (Rect){layout->input.y - 1, 0, 1, width};
        layout->figures = (Rect){layout->rule.y - 1, 0, 1, width};
        layout->panes[chat] = (Rect){0, 0, layout->figures.y, width};
    } else {
        bool full = width >= FULL_COLUMNS;
        layout->mode = full ? LAYOUT_FULL : LAYOUT_TABS;
        int least = 1 + (full ? wishes[side].rows : chat_rows + 1 + TAB_ROWS);
        int rows = stack_bottom(layout, clamp(input_rows, 1, height - 4 - least));
        if (full)
            layout_full(layout, rows, wishes, front);
        else
            layout_tabs(layout, rows, wishes, front);
    }
}

bool layout_shows(const Layout *layout, PaneId pane)
{
    return layout->panes[pane].height > 0;
}
