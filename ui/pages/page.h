/* page.h - what a page is: a title, a drawing, keys. One file each: page_<name>.c; which there are says
 * page_list.h.
 *
 * A page has the rows between header and input. As a pane it draws a View and keeps no state of its
 * own. What it has no room for it leaves out whole: nothing is cut.
 */
#ifndef S2D_UI_PAGES_PAGE_H
#define S2D_UI_PAGES_PAGE_H

#include "ui/pages/page_list.h"
#include "ui/panes/pane.h"

/* What a key has to say in the status row; "" = nothing. */
typedef struct PageNotice {
    char text[160];
} PageNotice;

typedef struct Page {
    /* A name and, after two blanks, a remark; both together at most `columns` wide. */
    void (*title)(const View *view, int columns, char *out, size_t bytes);
    void (*draw)(View *view, Cells *cells, Rect rect);
    /* NULL = has no keys */
    PaneKey (*key)(View *view, const Key *key, UiAction *action, PageNotice *notice);
} Page;

#define PAGE_DECLARE(NAME, name) extern const Page page_##name;
PAGE_LIST(PAGE_DECLARE)
#undef PAGE_DECLARE

const Page *page_get(PageId id); /* not PAGE_NONE */

#endif
