/* pane.c - the table of panes; see pane.h. */
#include "ui/panes/pane.h"

const Pane *pane_get(PaneId id)
{
#define PANE_ROW(NAME, name) [PANE_##NAME] = &pane_##name,
    static const Pane *const panes[PANE_COUNT] = {PANE_LIST(PANE_ROW)};
#undef PANE_ROW
    return panes[id];
}

void pane_wishes(const View *view, int width, PaneWish wishes[PANE_COUNT])
{
    int columns = layout_pane_columns(width);
    for (int id = 0; id < PANE_COUNT; id++) {
        const Pane *pane = pane_get((PaneId)id);
        wishes[id] = pane->wish;
        if (pane->rows != NULL)
            wishes[id].rows = pane->rows(view, columns);
        if (pane->most != NULL)
            wishes[id].most = pane->most(view, columns);
        if (pane->wanted != NULL)
            wishes[id].wanted = pane->wanted(view);
    }
}
