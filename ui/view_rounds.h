/* view_rounds.h - between view.c and view_rounds.c: what events bring to the rounds of a View. */
#ifndef S2D_UI_VIEW_ROUNDS_H
#define S2D_UI_VIEW_ROUNDS_H

#include "ui/view.h"

/* Before it is counted. */
void view_keep_round(View *view, const EventRound *round);
void view_take_text(View *view, const EventText *text);
void view_take_stats(View *view, const EventStats *stats);
/* What the answer saved, behind its figures; nothing where plain was not measured. */
void view_add_saved(const View *view, char *figures, size_t bytes);
/* What stands in the scrollback from that item on is gone, and its rounds with it. */
void view_cut(View *view, int first);

#endif
