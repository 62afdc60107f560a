/* view_parts.h - between the files of the view: view.c takes events and what the person does,
 * view_models.c what there is (models, thresholds, changes of target), view_rounds.c counts rounds,
 * view_kept.c keeps them and looks at them.
 */
#ifndef S2D_UI_VIEW_PARTS_H
#define S2D_UI_VIEW_PARTS_H

#include "ui/view.h"

/* view_rounds.c */
/* Another target goes on with the answer: what the panes count starts again, the rounds stay. */
void view_begin_counts(View *view);
/* A new answer: they go as well. The histories go on. */
void view_begin_rounds(View *view);
/* false = it can be no round */
bool view_take_round(View *view, const EventRound *round, int turn);

/* view_models.c */
/* In place, for display: names come from files and profiles. */
void view_clean_name(char *name, size_t bytes);
/* What s2d says of itself: in the chat, and in the log. */
void view_say(View *view, ItemKind kind, const char *text);
void view_take_ready(View *view, const EventReady *ready);
void view_take_switch(View *view, const EventSwitch *swap, int turn);
/* What acts now, as a READY, ROUND or SWITCH says. */
void view_take_thresholds(View *view, const float *thresholds, int n);

/* view_kept.c */
/* Before it is counted. */
void view_keep_round(View *view, const EventRound *round);
void view_take_text(View *view, const EventText *text);
void view_take_stats(View *view, const EventStats *stats);
/* What the target saved of the answer, behind its figures; nothing where that is not known. */
void view_add_saved(const View *view, char *figures, size_t bytes);
/* What stands in the scrollback from that item on is gone, and its rounds with it. */
void view_cut(View *view, int first);

#endif
