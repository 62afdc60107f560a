/* overlay.h - boxes over the panes: help (F1), lists (F2, F9), the log (Ctrl-X l). */
#ifndef S2D_UI_OVERLAY_H
#define S2D_UI_OVERLAY_H

#include "ui/frame.h"

void overlay_help(const Frame *frame, Cells *cells);
/* Rows that the whole help takes. */
int overlay_help_rows(const Frame *frame);
/* Rows that the log can be scrolled up in a window of this size, and those that it shows. */
int overlay_log_most(const View *view, int width, int height, int *shown);
void overlay_log(const Frame *frame, const View *view, Cells *cells);
/* The list that the frame's overlay names, with its choice marked. */
void overlay_list(const Frame *frame, const View *view, Cells *cells);

#endif
