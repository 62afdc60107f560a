/* view_sessions.c - what the screen knows of sessions, and how one is shown that is gone on with. */
#include <stdlib.h>
#include <string.h>

#include "ui/view_parts.h"

void view_set_sessions(View *view, const ViewSession *sessions, int n)
{
    ViewSession *copy = n > 0 ? calloc((size_t)n, sizeof *copy) : NULL;
    for (int i = 0; copy && i < n; i++) {
        copy[i] = sessions[i];
        text_clean_line(sessions[i].name, copy[i].name, sizeof copy[i].name);
        text_clean_line(sessions[i].first, copy[i].first, sizeof copy[i].first);
        text_clean_line(sessions[i].target, copy[i].target, sizeof copy[i].target);
    }
    free(view->sessions);
    view->sessions = copy;
    view->n_sessions = copy ? n : 0;
    view->changes++;
}

void view_greet(View *view, const char *text)
{
    Item *item = scrollback_add(&view->scrollback, ITEM_NOTE, text);
    if (item)
        item->greeting = true;
    view->changes++;
}

void view_continue(View *view)
{
    Item *item = scrollback_add(&view->scrollback, ITEM_ANSWER, "");
    if (item)
        item->open = item->continued = true;
    view->scroll = 0;
    view->changes++;
}

void view_past_begin(const View *view, ViewPresent *present)
{
    *present = (ViewPresent){.state = view->state,
                             .ready = view->ready,
                             .adjusted = view->adjusted,
                             .draft_kept = view->draft_kept,
                             .predicted_gain = view->predicted_gain,
                             .trials = view->trials};
    memcpy(present->evidence, view->evidence, sizeof present->evidence);
    memcpy(present->wanted, view->wanted, sizeof present->wanted);
    memcpy(present->mode, view->mode, sizeof present->mode);
}

void view_past_end(View *view, const ViewPresent *present)
{
    view->state = present->state;
    view->ready = present->ready;
    view->adjusted = present->adjusted;
    view->draft_kept = present->draft_kept;
    view->predicted_gain = present->predicted_gain;
    memcpy(view->wanted, present->wanted, sizeof present->wanted);
    memcpy(view->mode, present->mode, sizeof present->mode);
    view->trials = present->trials;
    memcpy(view->evidence, present->evidence, sizeof present->evidence);
    for (int i = 0; i < VIEW_HISTORY; i++) /* of settings that were tried then */
        view->history[i].trial = 0;
    view->changes++;
}

void view_set_figures(View *view, const char *figures)
{
    Scrollback *scrollback = &view->scrollback;
    for (int i = scrollback->n_items - 1; i >= 0; i--) {
        Item *item = &scrollback->items[i];
        if (item->kind != ITEM_ANSWER)
            continue;
        text_clean_line(figures, item->figures, sizeof item->figures);
        view_add_saved(view, item->figures, sizeof item->figures);
        item->wrap_width = 0;
        break;
    }
    view->changes++;
}
