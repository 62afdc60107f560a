/* sliders.h - the thresholds as a person moves them: which is selected, steps, typed digits, undo.
 *
 * A change is an action for the app at once; until a READY or ROUND carries the new values they are
 * the view's `wanted`.
 */
#ifndef S2D_UI_SLIDERS_H
#define S2D_UI_SLIDERS_H

#include "ui/keys.h"
#include "ui/ui.h"

/* Moves the selection by so many, round and round. */
void sliders_select(View *view, int by);
/* The selected one by `steps` of 1 / `grid`, onto that grid, so that going up and down comes back. */
void sliders_step(View *view, int steps, int grid, UiAction *action);
/* A digit behind those typed before: 7 is .7, 72 is .72, 100 is 1. */
void sliders_type(View *view, char digit, UiAction *action);
/* Any other key ends what is typed. */
void sliders_end_typing(View *view);
/* All of them, [ready.n_exits]. */
void sliders_set(View *view, const float *thresholds, UiAction *action);
/* What acted before the last change, a person's or an automatic one. false = there was none. */
bool sliders_undo(View *view, UiAction *action);
/* Notes what acts until something changes it. */
void sliders_remember(View *view, const float *thresholds);

#endif
