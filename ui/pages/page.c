/* page.c - the table of pages; see page.h. */
#include "ui/pages/page.h"

const Page *page_get(PageId id)
{
#define PAGE_ROW(NAME, name) [PAGE_##NAME] = &page_##name,
    static const Page *const pages[PAGE_COUNT] = {PAGE_LIST(PAGE_ROW)};
#undef PAGE_ROW
    return pages[id];
}
