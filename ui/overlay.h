/* overlay.h - boxes over the panes: help (F1) and lists (F2, F9). */
#ifndef S2D_UI_OVERLAY_H
#define S2D_UI_OVERLAY_H

#include "ui/frame.h"

void overlay_help(const Frame *frame, Cells *cells);
/* Rows that the whole help takes. */
int overlay_help_rows(const Frame *frame);
/* The list that the frame's overlay names, with its choice marked. */
void overlay_list(const Frame *frame, const View *view, Cells *cells);

#endif
