/* page_tune.h - what the files of the tuning page share: rows of exits (exit_rows.c), and the table of
 * settings (trial_table.c). */
#ifndef S2D_UI_PAGES_PAGE_TUNE_H
#define S2D_UI_PAGES_PAGE_TUNE_H

#include "ui/pages/page.h"

enum { EXIT_DETAIL_ROWS = 3 };

/* rect: the page's, of which the width counts; y: the row. Heads stand in the rect's first row. */
void exit_heads(const View *view, Cells *cells, Rect rect);
void exit_slider(const View *view, Cells *cells, int y, Rect rect, int i);
/* By stated confidence, under the slider: EXIT_DETAIL_ROWS rows. */
void exit_detail(const View *view, Cells *cells, int y, Rect rect, int i);

/* How many settings of what is loaded were tried. */
int table_rows(const View *view);
/* A rule, heads and the settings, the latest where not all fit; rect has 2 rows or more. Returns the
 * rows used. */
int table_draw(const View *view, Cells *cells, Rect rect);
/* Speed round by round, with a mark where the setting changed. */
void table_history(const View *view, Cells *cells, int y, int width);

#endif
