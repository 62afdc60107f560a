/* layout.c - see layout.h. */
#include "ui/layout.h"

#include <limits.h>

enum {
    WIDE_COLUMNS = 140, /* from here on panes stand in two columns beside the chat */
    FULL_COLUMNS = 80,  /* from here on panes stand beside the chat */
    SIDE_COLUMNS = 39,  /* least columns of the panes beside the chat, border included */
    CHAT_COLUMNS = 79,  /* of the chat where there are more: lines of 78 can be read, and a blank */
    TAB_ROWS = 2        /* least rows of a tab */
};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Columns of a column of panes beside the chat, border included. */
static int side_columns(int width)
{
    if (width >= WIDE_COLUMNS)
        return width - CHAT_COLUMNS > 2 * SIDE_COLUMNS ? (width - CHAT_COLUMNS) / 2 : SIDE_COLUMNS;
    return clamp(width * 44 / 100, SIDE_COLUMNS, 66);
}

int layout_pane_columns(int width)
{
    return (width >= FULL_COLUMNS ? side_columns(width) : width) - 2;
}

static PaneId chat_of(const PaneWish *wishes)
{
    int id = 0;
    while (id < PANE_COUNT - 1 && !(wishes[id].place == PLACE_LEFT && wishes[id].grows))
        id++;
    return (PaneId)id;
}

bool layout_offers(const PaneWish *wish)
{
    return wish->grows || wish->rows > 0;
}

/* Of its content, where so many are left. */
static int wanted_rows(const PaneWish *wish, int left)
{
    return wish->grows && wish->wanted > wish->rows
               ? clamp(wish->wanted, wish->rows, left > wish->rows ? left : wish->rows)
               : wish->rows;
}

static bool is_wanted(const PaneWish *wish)
{
    return wish->place == PLACE_RIGHT && !wish->hidden && layout_offers(wish);
}

/* The zoomed pane; PANE_COUNT = none. */
static PaneId zoomed(const PaneWish *wishes)
{
    int id = 0;
    while (id < PANE_COUNT && !(is_wanted(&wishes[id]) && wishes[id].zoomed))
        id++;
    return (PaneId)id;
}

/* The pane that is a tab: the one that was asked for, else the one that grows, else the first. */
static PaneId tab_of(const PaneWish *wishes, PaneId front)
{
    int tab = PANE_COUNT;
    if (zoomed(wishes) < PANE_COUNT)
        return zoomed(wishes);
    if (is_wanted(&wishes[front]))
        return front;
    for (int id = PANE_COUNT - 1; id >= 0; id--)
        if (is_wanted(&wishes[id]) && (wishes[id].grows || tab == PANE_COUNT || !wishes[tab].grows))
            tab = id;
    return (PaneId)tab;
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

/* Panes from top to bottom of one column. */
typedef struct Column {
    bool wide, third; /* of three columns, and the last of them */
    bool shown[PANE_COUNT];
    int rows[PANE_COUNT]; /* of the content */
} Column;

static bool belongs(const Column *column, const PaneWish *wishes, int pane, PaneId front)
{
    const PaneWish *wish = &wishes[pane];
    if (!is_wanted(wish) || (column->wide && wish->third != column->third))
        return false;
    return wish->priority >= 0 || column->wide || pane == (int)front;
}

/* The most urgent pane of a column that was not tried yet; PANE_COUNT = none. */
static int next_pane(const Column *column, const PaneWish *wishes, const bool *tried, PaneId front)
{
    int next = PANE_COUNT;
    for (int pane = 0; pane < PANE_COUNT; pane++)
        if (belongs(column, wishes, pane, front) && !tried[pane] &&
            (next == PANE_COUNT || urgency(wishes, pane, front) > urgency(wishes, next, front)))
            next = pane;
    return next;
}

/* Gives rows to the panes that can use them: to the one that grows first, then to each in turn, and
 * what is left to the one that grows. */
static void share_rows(Column *column, const PaneWish *wishes, int left)
{
    int grows = 0;
    while (grows < PANE_COUNT && !(column->shown[grows] && wishes[grows].grows))
        grows++;
    if (grows < PANE_COUNT) {
        int more = clamp(wishes[grows].most - column->rows[grows], 0, left);
        column->rows[grows] += more;
        left -= more;
    }
    for (bool given = true; given && left > 0;) {
        given = false;
        for (int pane = 0; pane < PANE_COUNT && left > 0; pane++)
            if (column->shown[pane] && pane != grows && column->rows[pane] < wishes[pane].most) {
                column->rows[pane]++;
                left--;
                given = true;
            }
    }
    if (grows < PANE_COUNT)
        column->rows[grows] += left;
}

/* Fills one column that begins at x with its border. Returns whether there is a pane in it. */
static bool fill_column(Layout *layout, Column *column, int x, int width, int rows,
                        const PaneWish *wishes, PaneId front)
{
    bool tried[PANE_COUNT] = {false}, any = false;
    int left = rows, pane, y = 1;
    while ((pane = next_pane(column, wishes, tried, front)) < PANE_COUNT) {
        int content = wanted_rows(&wishes[pane], left - 1), need = 1 + content;
        tried[pane] = true;
        column->rows[pane] = content;
        column->shown[pane] = need <= left;
        left -= column->shown[pane] ? need : 0;
    }
    share_rows(column, wishes, left);
    for (pane = 0; pane < PANE_COUNT; pane++) {
        if (!column->shown[pane])
            continue;
        any = true;
        layout->titles[pane] = (Rect){y, x, 1, width};
        layout->panes[pane] = (Rect){y + 1, x + 2, column->rows[pane], width - 2};
        y += 1 + column->rows[pane];
    }
    return any;
}

static void layout_full(Layout *layout, int rows, const PaneWish *wishes, PaneId front)
{
    bool wide = layout->width >= WIDE_COLUMNS;
    int side = side_columns(layout->width);
    PaneId chat = chat_of(wishes), zoom = zoomed(wishes);
    int x = layout->width - (wide ? 2 : 1) * side;
    if (zoom < PANE_COUNT) {
        layout->divider_x = x;
        layout->titles[zoom] = (Rect){1, x, 1, layout->width - x};
        layout->panes[zoom] = (Rect){2, x + 2, rows - 1, layout->width - x - 2};
    } else {
        Column second = {.wide = wide}, third = {.wide = wide, .third = true};
        bool any =
            wide && fill_column(layout, &third, layout->width - side, side, rows, wishes, front);
        layout->third_x = any ? layout->width - side : -1;
        /* Where one of two columns has nothing to show, the other is at the right. */
        x = wide && !any ? layout->width - side : x;
        if (fill_column(layout, &second, x, side, rows, wishes, front)) {
            layout->divider_x = x;
        } else {
            layout->divider_x = layout->third_x;
            layout->third_x = -1;
        }
    }
    int columns = layout->divider_x >= 0 ? layout->divider_x : layout->width;
    layout->titles[chat] = (Rect){1, 0, 1, columns};
    layout->panes[chat] = (Rect){2, 0, rows - 1, columns};
}

static void layout_tabs(Layout *layout, int rows, const PaneWish *wishes, PaneId front)
{
    PaneId chat = chat_of(wishes), tab = tab_of(wishes, front);
    layout->tab = tab;
    layout->titles[chat] = (Rect){1, 0, 1, layout->width};
    layout->panes[chat] = (Rect){2, 0, rows - 1, layout->width};
    if (tab == PANE_COUNT)
        return;
    int most = rows - 2 - wishes[chat].rows;
    int content = wishes[tab].grows ? (rows - 2) / 2 : wishes[tab].rows;
    content = wishes[tab].grows && wishes[tab].wanted > content ? wishes[tab].wanted : content;
    content = wishes[tab].zoomed ? most : clamp(content, TAB_ROWS, most);
    layout->panes[chat].height = rows - 2 - content;
    layout->titles[tab] = (Rect){rows - content, 0, 1, layout->width};
    layout->panes[tab] = (Rect){rows - content + 1, 1, content, layout->width - 2};
}

/* Least rows of what stands side by side. */
static int beside_rows(const PaneWish *wishes)
{
    int least = 0;
    for (int pane = 0; pane < PANE_COUNT; pane++)
        if (wishes[pane].grows && wishes[pane].rows > least)
            least = wishes[pane].rows;
    return least;
}

void layout_make(Layout *layout, int width, int height, int input_rows,
                 const PaneWish wishes[PANE_COUNT], PaneId front)
{
    int chat_rows = wishes[chat_of(wishes)].rows;
    *layout = (Layout){
        .width = width, .height = height, .divider_x = -1, .third_x = -1, .tab = PANE_COUNT};
    if (width < 40 || height < 8) {
        layout->mode = LAYOUT_MESSAGE;
    } else if (width < 60 || height < 15) {
        layout->mode = LAYOUT_SMALL;
        input_rows = clamp(input_rows, 1, height - chat_rows - 2);
        layout->input = (Rect){height - input_rows, 0, input_rows, width};
        layout->rule = (Rect){layout->input.y - 1, 0, 1, width};
        layout->figures = (Rect){layout->rule.y - 1, 0, 1, width};
        layout->panes[chat_of(wishes)] = (Rect){0, 0, layout->figures.y, width};
    } else {
        bool full = width >= FULL_COLUMNS;
        layout->mode = full ? LAYOUT_FULL : LAYOUT_TABS;
        int least = 1 + (full ? beside_rows(wishes) : chat_rows + 1 + TAB_ROWS);
        int rows = stack_bottom(layout, clamp(input_rows, 1, height - 4 - least));
        if (full)
            layout_full(layout, rows, wishes, front);
        else
            layout_tabs(layout, rows, wishes, front);
    }
}

bool layout_alone(Layout *layout, int width, int height, int input_rows, PaneId pane)
{
    if (width < 40 || height < 8)
        return false;
    *layout = (Layout){
        .mode = LAYOUT_ALONE, .width = width, .height = height, .divider_x = -1, .tab = pane};
    input_rows = clamp(input_rows, 1, height / 2);
    layout->input = (Rect){height - input_rows, 0, input_rows, width};
    layout->status = (Rect){layout->input.y - 1, 0, 1, width};
    layout->rule = layout->status; /* lists stand above it */
    layout->panes[pane] = (Rect){0, 0, layout->status.y, width};
    return true;
}

bool layout_shows(const Layout *layout, PaneId pane)
{
    return layout->panes[pane].height > 0;
}
