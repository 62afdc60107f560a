/* overlay.h - boxes over the panes: help (F1), the list of targets (F2), the log (Ctrl-X l). */
#ifndef S2D_UI_OVERLAY_H
#define S2D_UI_OVERLAY_H

#include "ui/frame.h"

void overlay_help(const Frame *frame, Cells *cells);
/* Rows that the whole help takes. */
int overlay_help_rows(const Frame *frame);
/* Rows that the log can be scrolled up in a window of this size, and those that it shows. */
int overlay_log_most(const View *view, int width, int height, int *shown);
void overlay_log(const Frame *frame, const View *view, Cells *cells);
void overlay_targets(const Frame *frame, const View *view, Cells *cells);

#endif
