/* list.h - a list to choose from, in a box over the panes: targets (F2), sessions (F9).
 *
 * One more list is an Overlay (frame.h), its rows here (list_make) and what choosing does (ui_lists.c).
 */
#ifndef S2D_UI_LIST_H
#define S2D_UI_LIST_H

#include "ui/frame.h"
#include "ui/keys.h"

/* What stands in a row, clean; where it is narrow the text is cut, then the tail is left out. */
typedef struct ListRow {
    char lead[24], text[168], tail[80];
    bool now; /* the one in use */
} ListRow;

typedef struct List {
    const char *title;
    const char *hint;     /* below: what keys do */
    const char *question; /* in its place when a row is to be deleted; NULL = none can be */
    int n;                /* rows that are seen: those with the filter in their text */
    const View *view;
    const char *filter;                                 /* "" = all */
    int all;                                            /* rows there are */
    void (*row)(const View *view, int i, ListRow *row); /* i: of all */
} List;

void list_make(List *list, Overlay overlay, const char *filter, const View *view);
/* Which of all rows is the i-th that is seen. */
int list_place(const List *list, int i);
/* The name of a target: the profile's first, then what was found besides. i: of all. NULL = there is
 * none. */
const char *list_target(const View *view, int i);
void list_draw(const List *list, int choice, Cells *cells);
/* Where a key moves the choice to; -1 = it is none that moves. page: rows that are seen. */
int list_move(const List *list, const Key *key, int choice, int page);

#endif
