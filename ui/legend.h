/* legend.h - what the colours of the chat mean now, in the border row below it. */
#ifndef S2D_UI_LEGEND_H
#define S2D_UI_LEGEND_H

#include "ui/cells.h"
#include "ui/view.h"

/* Over the row's left part, as much as fits. */
void legend_draw(const View *view, Cells *cells, Rect rect);

#endif
