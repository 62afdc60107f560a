/* overlay.h - boxes over the panes: help (F1) and the list of targets (F2). */
#ifndef S2D_UI_OVERLAY_H
#define S2D_UI_OVERLAY_H

#include "ui/frame.h"

void overlay_help(const Frame *frame, Cells *cells);
/* Rows that the whole help takes. */
int overlay_help_rows(const Frame *frame);
void overlay_targets(const Frame *frame, const View *view, Cells *cells);

#endif
