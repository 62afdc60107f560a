/* chat_items.h - how the chat pane stacks the items of the scrollback, for its files: pane_chat.c
 * (drawing, keys), chat_search.c.
 */
#ifndef S2D_UI_PANES_CHAT_ITEMS_H
#define S2D_UI_PANES_CHAT_ITEMS_H

#include "ui/markdown.h"

/* What stands before an item's first line. */
const char *chat_prefix(const Item *item);
/* Blank rows above the i-th item: notes that follow each other stand together, all else is apart. */
int chat_gap(const Scrollback *scrollback, int i);
/* Rows of an item at a width, without the gap; also counts its blocks of code. */
int chat_height(const View *view, Item *item, int width);

/* Goes to the next hit of the view's search, up (-1) or down (1), around the end where there is one
 * no further; with none chosen yet, to the last one above the lowest row in sight, `scroll` lines
 * above the end, or below it. The chat is scrolled so that it is in sight. Returns how many hits
 * there are; none change nothing. *around: the end was passed. */
int chat_search(View *view, int by, int scroll, bool *around);

#endif
