/* view_models.c - what there is: models, drafter, thresholds, and changes of them; see view.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/figures_text.h"
#include "ui/view_parts.h"

bool view_nearly_full(const View *view)
{
    return view->ready.ctx > 0 &&
           (long long)view->ctx_used * 100 >= (long long)view->ready.ctx * VIEW_FULL;
}

void view_spec_text(const View *view, char *out, size_t bytes)
{
    static const char *const modes[] = {[SPEC_AUTO] = "auto", [SPEC_ON] = "on", [SPEC_OFF] = "off"};
    const EventReady *ready = &view->ready;
    bool automatic = ready->spec == SPEC_AUTO, plain = strcmp(view->mode, "plain") == 0;
    int n = snprintf(out, bytes, "%s", modes[ready->spec]);
    size_t left = bytes - (size_t)n;
    out += n;
    if (ready->spec == SPEC_OFF)
        return;
    const char *off = automatic ? ": off" : "";
    if (!ready->drafts)
        snprintf(out, left, "%s, drafter is plain", off);
    else if (plain && !automatic)
        snprintf(out, left, ", nothing drafted"); /* no exit had anything to say */
    else if (plain && view->predicted_gain > 0)
        snprintf(out, left, "%s, does not pay now (forecast x%.2f)", off, view->predicted_gain);
    else if (plain)
        snprintf(out, left, "%s, does not pay now", off);
    else if (automatic && view->mode[0] != '\0')
        snprintf(out, left, ": on");
}

void view_say(View *view, ItemKind kind, const char *text)
{
    scrollback_add(&view->scrollback, kind, text);
    log_add(&view->log, time(NULL), kind, text);
}

/* Names come from files and profiles: cleaned once, here. */
void view_clean_name(char *name, size_t bytes)
{
    char clean[256];
    text_clean_line(name, clean, sizeof clean < bytes ? sizeof clean : bytes);
    strcpy(name, clean);
}

void view_take_thresholds(View *view, const float *thresholds, int n)
{
    if (n != view->ready.n_exits)
        return;
    memcpy(view->ready.thresholds, thresholds, (size_t)n * sizeof *thresholds);
    bool same = true;
    for (int i = 0; i < n; i++)
        same = same && fabsf(view->wanted[i] - thresholds[i]) < 0.005f;
    if (same)
        view->adjusted = false;
    if (!view->adjusted)
        memcpy(view->wanted, thresholds, (size_t)n * sizeof *thresholds);
}

/* What was found out of the exits is true of one draft and target. */
static void forget_pair(View *view)
{
    memset(view->evidence, 0, sizeof view->evidence);
    view->forecast = view->found = (EventForecast){0};
    view->n_before = 0;
}

void view_take_ready(View *view, const EventReady *ready)
{
    EventReady *own = &view->ready;
    bool exits_changed = strcmp(ready->head, own->head) != 0 || ready->n_exits != own->n_exits ||
                         memcmp(ready->exits, own->exits, sizeof own->exits) != 0;
    bool another_pair =
        strcmp(ready->target, own->target) != 0 || strcmp(ready->draft, own->draft) != 0;
    if (exits_changed) /* what they wrote of this answer stays written */
        for (int i = 0; i < EXITS_MAX; i++) {
            view->accepted_by[VIEW_BY_ANOTHER] += view->accepted_by[i];
            view->accepted_by[i] = 0;
        }
    if (strcmp(ready->drafter, own->drafter) != 0 || ready->spec != own->spec)
        view->mode[0] = '\0';
    *own = *ready;
    view_clean_name(own->version, sizeof own->version);
    view_clean_name(own->device, sizeof own->device);
    view_clean_name(own->target, sizeof own->target);
    view_clean_name(own->draft, sizeof own->draft);
    view_clean_name(own->drafter, sizeof own->drafter);
    view_clean_name(own->tree, sizeof own->tree);
    view_clean_name(own->head, sizeof own->head);
    view_clean_name(own->quant, sizeof own->quant);
    if (own->n_targets > 8)
        own->n_targets = 8;
    for (int i = 0; i < own->n_targets; i++)
        view_clean_name(own->targets[i], sizeof own->targets[i]);
    if (exits_changed)
        view->slider = view->n_typed = 0;
    if (exits_changed || another_pair)
        forget_pair(view);
    /* An answer to an earlier step of a slider does not take a later one back. */
    if (exits_changed || another_pair || view->state == VIEW_STARTING || view->state == VIEW_LOST)
        view->adjusted = false;
    view_take_thresholds(view, ready->thresholds, ready->n_exits);
    view->loading[0] = '\0';
    if (view->state == VIEW_STARTING || view->state == VIEW_LOST) {
        view->state = VIEW_IDLE;
        view->draft_kept = false;
    }
}

/* "switched 1.5b > 0.5b in 0.4 s, draft kept" */
static void on_switch_done(View *view, const EventSwitch *swap, int turn)
{
    char line[256];
    bool same = swap->target_index >= 0 && swap->target_index == view->ready.target_index;
    if (same) {
        snprintf(line, sizeof line, "the target is %s already", view->ready.target);
        view_say(view, ITEM_NOTE, line);
        return;
    }
    snprintf(line, sizeof line, "target %s > %s (%.1f s), draft %s", view->ready.target,
             swap->target, swap->ms / 1000, swap->draft_kv_kept ? "kept" : "read anew");
    Item *open = scrollback_open_answer(&view->scrollback);
    if (open != NULL) { /* what this target wrote is its own */
        open->open = false;
        open->wrap_width = 0;
        if (view->has_stats && view->turn == turn) {
            figures_answer(&view->stats, view->ready.target, "switched", open->figures,
                           sizeof open->figures);
            view_add_saved(view, open->figures, sizeof open->figures);
        }
    }
    view->words_follow = false;
    if (view->state == VIEW_GENERATING && view->has_stats)
        race_switch(&view->race, &view->stats);
    bool split = open != NULL;
    Fence fence = split ? scrollback_fence(open) : (Fence){0};
    view_say(view, ITEM_SWITCH, line);
    if (split) {
        Item *rest = scrollback_add(&view->scrollback, ITEM_ANSWER, "");
        if (rest != NULL) {
            rest->open = rest->continued = true;
            rest->fence = fence;
        }
        view_begin_counts(view);
    }
    strcpy(view->ready.target, swap->target);
    view->ready.target_index = swap->target_index;
    view->draft_kept = swap->draft_kv_kept;
    view->mode[0] = '\0';
    view->adjusted = false;
    view_take_thresholds(view, swap->thresholds, swap->n_thresholds);
    forget_pair(view);
}

void view_take_switch(View *view, const EventSwitch *event, int turn)
{
    EventSwitch *swap = &view->swap;
    *swap = *event;
    view_clean_name(swap->target, sizeof swap->target);
    view_clean_name(swap->reason, sizeof swap->reason);
    view->switching = swap->stage != SWITCH_DONE && swap->stage != SWITCH_FAILED;
    if (swap->stage == SWITCH_DONE) {
        on_switch_done(view, swap, turn);
    } else if (swap->stage == SWITCH_FAILED && swap->room == SWITCH_ROOM_PAIR) {
        char line[256];
        snprintf(line, sizeof line, SWITCH_PAIRS, swap->target);
        view_say(view, ITEM_NOTE, line);
    } else if (swap->stage == SWITCH_FAILED) {
        char line[512];
        snprintf(line, sizeof line, "target stays %s: %s", view->ready.target, swap->reason);
        view_say(view, ITEM_ERROR, line);
    }
}
