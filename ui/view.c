/* view.c - takes events, and what the person says and takes back; see view.h. */
#include "ui/view.h"

#include <stdlib.h>
#include <string.h>

#include "ui/figures_text.h"
#include "ui/sliders.h"
#include "ui/view_parts.h"

void view_next_colours(View *view)
{
    view->colours = view->colours == COLOURS_BY_EXIT ? COLOURS_BY_CODE : COLOURS_BY_EXIT;
    view->changes++;
}

void view_fold(View *view)
{
    view->folded = !view->folded;
    for (int i = 0; i < view->scrollback.n_items; i++)
        view->scrollback.items[i].wrap_width = 0;
    view->changes++;
}

int view_open(View *view, Err *err)
{
    *view = (View){.state = VIEW_STARTING};
    view->shown = calloc(1, sizeof *view->shown);
    if (view->shown == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the screen's rounds; close something");
    return 0;
}

void view_close(View *view)
{
    scrollback_close(&view->scrollback);
    log_close(&view->log);
    rounds_close(&view->kept);
    held_close(&view->held);
    comparison_close(&view->comparison);
    free(view->shown);
    free(view->sessions);
    free(view->models);
    *view = (View){0};
}

static void close_answer(View *view, const EventStats *totals, const char *reason)
{
    Item *item = scrollback_open_answer(&view->scrollback);
    if (item == NULL) /* it ended before its first word */
        item = scrollback_add(&view->scrollback, ITEM_ANSWER, "");
    if (item != NULL) {
        item->open = false;
        item->wrap_width = 0;
        figures_answer(totals, view->ready.target, reason, item->figures, sizeof item->figures);
        if (totals->rounds > 0)
            view_add_saved(view, item->figures, sizeof item->figures);
    }
    view->stop_asked = false;
}

static void add_user(View *view, const char *text)
{
    Item *item = scrollback_add(&view->scrollback, ITEM_USER, text);
    if (item != NULL)
        item->before = (ItemBefore){view->n_strip, view->n_history, view->ctx_used};
    view->scroll = 0;
    view->changes++;
}

static void await_answer(View *view)
{
    view->state = VIEW_PREFILL;
    view->prefill_done = view->prefill_total = 0;
    view->changes++;
}

static void on_forecast(View *view, const EventForecast *forecast)
{
    if (forecast->n_exits != view->ready.n_exits)
        return;
    view->forecast = *forecast;
    if (!forecast->searched)
        return;
    view->found = *forecast;
    view->found_round = view->last_round;
    if (forecast->moved)
        sliders_remember(view, forecast->thresholds);
}

static void on_compare(View *view, const EventCompare *event)
{
    Comparison *comparison = &view->comparison;
    bool counts = comparison_add(comparison, event);
    if (comparison_begins(event)) {
        view_begin_rounds(
            view); /* no round of it comes; those of the answer before are not its own */
        view->n_blocks = 0;
        const Item *answer = scrollback_open_answer(&view->scrollback);
        if (answer != NULL && answer->text != NULL) /* the first token came before this */
            comparison_text(comparison, event->kept, answer->text);
    }
    view->state = VIEW_GENERATING;
    view->ctx_used = event->ctx_used;
    for (int side = 0; side < 2; side++) {
        EventCompareSide *own = &comparison->last.sides[side];
        view_clean_name(own->name, sizeof own->name);
        view_clean_name(own->target, sizeof own->target);
        if (counts)
            view->blocks[side][view->n_blocks % VIEW_BLOCKS] =
                own->block_ms > 0 ? (float)(1e3 * own->block_tokens / own->block_ms) : 0;
    }
    view->n_blocks += counts;
}

static void on_error(View *view, int code, const char *message, bool fatal)
{
    (void)code;
    if (fatal) {
        view->words_follow = view->comparison.open = false;
        if (scrollback_open_answer(&view->scrollback) != NULL)
            close_answer(view, view->has_stats ? &view->stats : &(EventStats){0}, "interrupted");
        view->state = VIEW_LOST;
        view->switching = view->stop_asked = false;
        view->loading[0] = '\0';
    }
    if (view->state != VIEW_STARTING)
        view->loading[0] = '\0';
    if (view->adjusted) { /* perhaps what it was about: what acts is shown again */
        view->adjusted = false;
        memcpy(view->wanted, view->ready.thresholds, sizeof view->wanted);
    }
    view_say(view, ITEM_ERROR, message);
}

/* ---- holding ---- */

/* Shows the oldest event that waits. */
static void show_first(View *view)
{
    bool holding = view->holding;
    view->holding = false;
    view_event(view, held_first(&view->held));
    view->holding = holding;
    held_drop(&view->held);
}

void view_hold(View *view)
{
    view->holding = true;
    view->changes++;
}

void view_go_on(View *view)
{
    while (held_first(&view->held) != NULL)
        show_first(view);
    view->holding = false;
    view->changes++;
}

bool view_step(View *view)
{
    if (!held_has_round(&view->held)) {
        while (view->held.rounds == 0 && held_first(&view->held) != NULL)
            show_first(view); /* the end, at most */
        return false;
    }
    bool shown = false;
    for (const Event *next; (next = held_first(&view->held)) != NULL;) {
        if (shown && next->type != EVENT_TEXT && next->type != EVENT_STATS)
            break;
        shown = shown || next->type == EVENT_ROUND;
        show_first(view);
    }
    view->browsed = 0;
    return true;
}

static void keep_held(View *view, const Event *event)
{
    while (view->held.bytes > HELD_BYTES)
        show_first(view);
    if (held_add(&view->held, event) != 0) { /* no memory to hold anything */
        view_go_on(view);
        view_event(view, event);
    }
    view->changes++;
}

void view_event(View *view, const Event *event)
{
    if (view->holding) {
        bool fatal = event->type == EVENT_ERROR && event->u.error.fatal;
        keep_held(view, event);
        if (fatal)
            view_go_on(view);
        return;
    }
    view->changes++;
    switch (event->type) {
    case EVENT_READY:
        view_take_ready(view, &event->u.ready);
        break;
    case EVENT_PREFILL:
        if (event->u.prefill.draft_ms > 0) /* the drafter has read, the answer so far as well */
            break;
        view->words_follow = false;
        if (!view->switching)
            view->state = VIEW_PREFILL;
        view->loading[0] = '\0'; /* perhaps of a target to compare with */
        view->prefill_done = event->u.prefill.done;
        view->prefill_total = event->u.prefill.total;
        break;
    case EVENT_WARNING:
        view_say(view, ITEM_WARNING, event->u.warning.message);
        break;
    case EVENT_LOAD:
        text_clean_line(event->u.load.model, view->loading, sizeof view->loading);
        view->load_fraction = event->u.load.fraction;
        break;
    case EVENT_ROUND:
        if (view_take_round(view, &event->u.round, event->turn))
            view_take_thresholds(view, event->u.round.thresholds, event->u.round.n_thresholds);
        break;
    case EVENT_TEXT:
        view_take_text(view, &event->u.text);
        if (view->comparison.open)
            comparison_text(&view->comparison, view->comparison.last.kept, event->u.text.text);
        break;
    case EVENT_OTHER_TEXT:
        if (view->comparison.open)
            comparison_text(&view->comparison, 1 - view->comparison.last.kept, event->u.text.text);
        break;
    case EVENT_SWITCH:
        view_take_switch(view, &event->u.swap, event->turn);
        break;
    case EVENT_STATS:
        view_take_stats(view, &event->u.stats);
        break;
    case EVENT_COMPARE:
        on_compare(view, &event->u.compare);
        break;
    case EVENT_FORECAST:
        on_forecast(view, &event->u.forecast);
        break;
    case EVENT_DONE:
        if (event->turn != view->turn) /* it had no round */
            view_begin_rounds(view);
        view_take_stats(view, &event->u.done.totals);
        view->words_follow = view->comparison.open = false;
        view->loading[0] = '\0'; /* perhaps of a target to compare with */
        close_answer(view, &view->stats, event->u.done.reason);
        view->state = VIEW_IDLE;
        break;
    case EVENT_COUNT: /* the app asked for it */
        break;
    case EVENT_ERROR:
        on_error(view, event->u.error.code, event->u.error.message, event->u.error.fatal);
        break;
    case EVENT_QUESTION:
        add_user(view, event->u.question.text);
        await_answer(view);
        break;
    }
}

void view_queued(View *view, const char *text)
{
    Item *item = scrollback_add(&view->scrollback, ITEM_NOTE, text);
    if (item != NULL)
        item->queued = true;
    view->changes++;
}

void view_unqueue(View *view)
{
    for (int i = 0; i < view->scrollback.n_items; i++) {
        if (view->scrollback.items[i].queued) {
            scrollback_remove(&view->scrollback, i);
            view->changes++;
            return;
        }
    }
}

static void end_greeting(View *view)
{
    for (int i = view->scrollback.n_items - 1; i >= 0; i--)
        if (view->scrollback.items[i].greeting)
            scrollback_remove(&view->scrollback, i);
}

void view_user(View *view, const char *text)
{
    view_go_on(view);
    end_greeting(view);
    add_user(view, text);
}

/* What the answer before the last item left open. */
static Fence open_fence(const Scrollback *scrollback)
{
    int i = scrollback->n_items - 2;
    while (i >= 0 && scrollback->items[i].kind != ITEM_ANSWER)
        i--;
    if (i < 0)
        return (Fence){0};
    return scrollback_fence(&scrollback->items[i]);
}

void view_answer(View *view, const char *text, const char *figures, bool continued)
{
    view_go_on(view);
    Item *item = scrollback_add(&view->scrollback, ITEM_ANSWER, text);
    if (item != NULL) {
        text_clean_line(figures, item->figures, sizeof item->figures);
        item->continued = continued;
        if (continued)
            item->fence = open_fence(&view->scrollback);
    }
    view->changes++;
}

void view_note(View *view, ItemKind kind, const char *text)
{
    view_say(view, kind, text);
    view->changes++;
}

void view_old_note(View *view, const char *text)
{
    scrollback_add(&view->scrollback, ITEM_NOTE, text);
    view->changes++;
}

void view_command(View *view, const char *line)
{
    view_say(view, ITEM_COMMAND, line);
    view->scroll = 0;
    view->changes++;
}

/* Histories end where the last question was asked, and what was counted of its answer goes. */
static void forget_answer(View *view, int question)
{
    const ItemBefore *before = &view->scrollback.items[question].before;
    unsigned strip = view->n_strip - before->n_strip, history = view->n_history - before->n_history;
    /* Of a longer answer the rings have written over what stood before it. */
    view->n_strip = strip < VIEW_STRIP / 2 ? before->n_strip : 0;
    view->n_history = history < VIEW_HISTORY / 2 ? before->n_history : 0;
    view->ctx_used = before->ctx_used;
    view_begin_rounds(view);
}

void view_undo(View *view)
{
    view_go_on(view);
    int last = scrollback_last_user(&view->scrollback);
    if (last >= 0) {
        forget_answer(view, last);
        view_cut(view, last);
    }
    view->scroll = 0;
    view->changes++;
}

void view_drop_answer(View *view)
{
    view_go_on(view);
    int last = scrollback_last_user(&view->scrollback);
    if (last >= 0) {
        forget_answer(view, last);
        view_cut(view, last + 1);
    }
    view->scroll = 0;
    view->changes++;
}

void view_clear(View *view)
{
    view_go_on(view);
    scrollback_cut(&view->scrollback, 0);
    rounds_close(&view->kept);
    view_begin_rounds(view);
    view->race = (Race){0};
    view->words_follow = false;
    view->n_strip = view->n_history = 0;
    view->ctx_used = view->scroll = 0;
    view->mode[0] = '\0';
    view->changes++;
}

void view_asked(View *view)
{
    view_go_on(view);
    await_answer(view);
}

void view_stop_asked(View *view)
{
    view->stop_asked = true;
    view->changes++;
}

void view_set_session(View *view, const char *name)
{
    text_clean_line(name, view->session, sizeof view->session);
    view->changes++;
}
