/* page_list.h - the pages there are: what may stand in place of the chat and its panes.
 *
 * One more is a line here and its file: PageId PAGE_<NAME>, and a Page (page.h) that is called
 * page_<name>.
 */
#ifndef S2D_UI_PAGES_PAGE_LIST_H
#define S2D_UI_PAGES_PAGE_LIST_H

#define PAGE_LIST(X) \
    X(TUNE, tune)    \
    X(COMPARE, compare)

#define PAGE_ID(NAME, name) PAGE_##NAME,
typedef enum PageId { PAGE_NONE, PAGE_LIST(PAGE_ID) PAGE_COUNT } PageId;
#undef PAGE_ID

#endif
