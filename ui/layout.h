/* layout.h - which pane stands where: pure geometry, no terminal.
 *
 * In: size of the window, focus, sizes of what must fit. Out: one rectangle per part, empty = not
 * shown; rectangles never overlap or leave the window.
 *
 *   80 columns and up   chat left, panes right, as many as fit
 *   under 80            chat above, one pane as a tab below
 *   under 60x15         chat and one line of figures
 *   under 40x8          a message
 */
#ifndef S2D_UI_LAYOUT_H
#define S2D_UI_LAYOUT_H

#include <stdbool.h>

typedef enum PaneId {
    PANE_CHAT,
    PANE_TREE,
    PANE_EXITS,
    PANE_DEPTH,
    PANE_SPEED,
    PANE_THRESHOLDS,
    PANE_COUNT,
} PaneId;

typedef struct Rect {
    int y, x, height, width;
} Rect;

typedef enum LayoutMode { LAYOUT_FULL, LAYOUT_TABS, LAYOUT_SMALL, LAYOUT_MESSAGE } LayoutMode;

typedef struct Layout {
    LayoutMode mode;
    int width, height;
    Rect panes[PANE_COUNT];  /* content only */
    Rect titles[PANE_COUNT]; /* the border row above a pane, from its left border on */
    Rect header, figures, input, status, keys;
    Rect rule;     /* border row between panes and input */
    int divider_x; /* LAYOUT_FULL: column between chat and panes; else -1 */
    PaneId tab;    /* LAYOUT_TABS: the pane shown */
} Layout;

/* input_rows: rows the input wants (1 …). n_exits: for the sliders' rows. front: the pane that must
 * be seen. */
void layout_make(Layout *layout, int width, int height, int input_rows, int n_exits, PaneId front);
bool layout_shows(const Layout *layout, PaneId pane);

#endif
