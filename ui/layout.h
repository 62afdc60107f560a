/* layout.h - which pane stands where: pure geometry, no terminal.
 *
 * In: size of the window, focus, what panes wish. Out: one rectangle per part, empty = not shown;
 * rectangles never overlap or leave the window.
 *
 *   140 columns and up  chat, the round's panes, the panes of speed and settings: three columns
 *   80 columns and up   chat left, panes right, as many as fit
 *   under 80            chat above, one pane as a tab below
 *   under 60x15         chat and one line of figures
 *   under 40x8          a message
 *
 * Hidden panes leave their rows to the others, a zoomed one has the rows of all; the chat is always
 * there.
 * A pane that is alone (layout_alone) has all of it but the status row and the input.
 */
#ifndef S2D_UI_LAYOUT_H
#define S2D_UI_LAYOUT_H

#include <stdbool.h>

#include "ui/panes/pane_list.h"

/* Left is above where panes are tabs, and all there is in a small window; right is a tab there. */
typedef enum PanePlace { PLACE_LEFT, PLACE_RIGHT } PanePlace;

/* What a pane wants of the layout. One pane of each place grows: it takes what the others leave and
 * is always there, unless it is hidden. */
typedef struct PaneWish {
    PanePlace place;
    bool grows;
    bool third;   /* of three columns it stands in the last */
    int rows;     /* of its content; of a pane that grows, the least; of another, 0 = not
                     shown */
    int most;     /* as many it can use; of one that grows, so many come before what others can use;
                     0 = rows */
    int wanted;   /* of a pane that grows: rows that it has before others have any */
    int priority; /* where rows are short, those with the lowest are left out; one below 0 is there
                     in three columns only, or where it is asked for */
    bool hidden;  /* the person does not want to see it */
    bool zoomed;  /* it alone is seen beside the chat */
} PaneWish;

typedef struct Rect {
    int y, x, height, width;
} Rect;

typedef enum LayoutMode {
    LAYOUT_FULL,
    LAYOUT_TABS,
    LAYOUT_SMALL,
    LAYOUT_MESSAGE,
    LAYOUT_ALONE
} LayoutMode;

typedef struct Layout {
    LayoutMode mode;
    int width, height;
    Rect panes[PANE_COUNT];  /* content only */
    Rect titles[PANE_COUNT]; /* the border row above a pane, from its left border on */
    Rect header, figures, input, status, keys;
    Rect rule;     /* border row between panes and input */
    int divider_x; /* LAYOUT_FULL: column between chat and panes; -1 = there are no panes */
    int third_x;   /* the one before the third column; -1 = there is none */
    PaneId tab;    /* LAYOUT_TABS: the pane shown; PANE_COUNT = none */
} Layout;

/* Columns that the content of a pane at the right has in a window of this width, zoomed panes
 * aside. */
int layout_pane_columns(int width);
/* input_rows: rows the input wants (1 …). front: the pane that must be seen. */
void layout_make(Layout *layout, int width, int height, int input_rows,
                 const PaneWish wishes[PANE_COUNT], PaneId front);
/* One pane on the whole width, without borders and titles; below it the status row and the input.
 * false = the window is too small even for that, and *layout is not touched. */
bool layout_alone(Layout *layout, int width, int height, int input_rows, PaneId pane);
/* Is it one that can be shown at all? */
bool layout_offers(const PaneWish *wish);
bool layout_shows(const Layout *layout, PaneId pane);

#endif
