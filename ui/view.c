/* view.c - see view.h. Definitions of the figures: tokens of rounds = accepted + rounds (the first
 * token of an answer, drawn from the prompt, belongs to no round), MAT = tokens / rounds.
 */
#include "ui/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int view_open(View *view, Err *err)
{
    *view = (View){.state = VIEW_STARTING};
    view->rounds = calloc(VIEW_ROUNDS, sizeof *view->rounds);
    if (view->rounds == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the screen's rounds; close something");
    return 0;
}

void view_close(View *view)
{
    scrollback_close(&view->scrollback);
    free(view->rounds);
    *view = (View){0};
}

double view_mat(const View *view)
{
    return view->n_rounds > 0 ? (double)(view->accepted + view->n_rounds) / view->n_rounds : 0;
}

int view_exit_index(const View *view, int layer)
{
    for (int i = 0; i < view->ready.n_exits; i++)
        if (view->ready.exits[i] == layer)
            return i;
    return -1;
}

const EventRound *view_round(const View *view)
{
    int number = view->browsed > 0 ? view->browsed : view->last_round;
    const EventRound *round = &view->rounds[number % VIEW_ROUNDS];
    return number > 0 && round->round == number ? round : NULL;
}

void view_browse(View *view, int by)
{
    int oldest = view->last_round > VIEW_ROUNDS ? view->last_round - VIEW_ROUNDS + 1 : 1;
    int number = (view->browsed > 0 ? view->browsed : view->last_round) + by;
    if (number < oldest)
        number = oldest;
    view->browsed = number >= view->last_round ? 0 : number;
    view->tree_cursor = 0;
    view->changes++;
}

void view_spec_text(const View *view, char *out, size_t bytes)
{
    const EventReady *ready = &view->ready;
    bool plain = strcmp(view->mode, "plain") == 0;
    if (ready->spec == SPEC_OFF)
        snprintf(out, bytes, "OFF: switched off");
    else if (!ready->drafts)
        snprintf(out, bytes, "OFF: drafter is plain");
    else if (plain && ready->spec == SPEC_ON)
        snprintf(out, bytes, "ON: nothing drafted"); /* no exit had anything to say */
    else if (plain && view->predicted_gain > 0)
        snprintf(out, bytes, "OFF: does not pay now (forecast x%.2f)", view->predicted_gain);
    else if (plain)
        snprintf(out, bytes, "OFF: does not pay now");
    else if (view->mode[0] != '\0' || ready->spec == SPEC_ON)
        snprintf(out, bytes, "ON");
    else
        snprintf(out, bytes, "AUTO");
}

/* Names come from files and profiles: cleaned once, here. */
static void clean_name(char *name, size_t bytes)
{
    char clean[256];
    text_clean_line(name, clean, sizeof clean < bytes ? sizeof clean : bytes);
    strcpy(name, clean);
}

static void take_thresholds(View *view, const float *thresholds, int n)
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

static void on_ready(View *view, const EventReady *ready)
{
    EventReady *own = &view->ready;
    bool exits_changed = strcmp(ready->head, own->head) != 0 || ready->n_exits != own->n_exits ||
                         memcmp(ready->exits, own->exits, sizeof own->exits) != 0;
    if (strcmp(ready->drafter, own->drafter) != 0 || ready->spec != own->spec)
        view->mode[0] = '\0';
    *own = *ready;
    clean_name(own->version, sizeof own->version);
    clean_name(own->device, sizeof own->device);
    clean_name(own->target, sizeof own->target);
    clean_name(own->draft, sizeof own->draft);
    clean_name(own->drafter, sizeof own->drafter);
    clean_name(own->head, sizeof own->head);
    clean_name(own->quant, sizeof own->quant);
    if (own->n_targets > 8)
        own->n_targets = 8;
    for (int i = 0; i < own->n_targets; i++)
        clean_name(own->targets[i], sizeof own->targets[i]);
    if (exits_changed) {
        memset(view->accepted_by, 0, sizeof view->accepted_by);
        view->slider = 0;
    }
    view->adjusted = false;
    take_thresholds(view, ready->thresholds, ready->n_exits);
    view->loading[0] = '\0';
    if (view->state == VIEW_STARTING || view->state == VIEW_LOST) {
        view->state = VIEW_IDLE;
        view->draft_kept = false;
    }
}

/* A new answer has its first round: what the panes count starts again. The history goes on. */
static void begin_rounds(View *view)
{
    view->n_rounds = view->drafted = view->accepted = 0;
    view->last_round = view->browsed = view->tree_cursor = 0;
    memset(view->reached, 0, sizeof view->reached);
    memset(view->accepted_by, 0, sizeof view->accepted_by);
    view->draft_ms = view->verify_ms = view->accept_ms = view->other_ms = 0;
    view->has_stats = false;
}

static void count_node(View *view, const EventNode *node)
{
    int exit = node->exit == 0 ? EXITS_MAX : view_exit_index(view, node->exit);
    if (exit >= 0)
        view->accepted_by[exit]++;
    if (node->depth >= 1 && node->depth <= DEPTH_MAX)
        view->reached[node->depth - 1]++;
    view->strip[view->n_strip++ % VIEW_STRIP] = node->exit == 0 ? SOURCE_FREE : (short)node->exit;
}

static void on_round(View *view, const EventRound *round, int turn)
{
    if (round->round <= 0 || round->n_nodes < 0 || round->n_nodes > NODES_MAX)
        return;
    if (round->round <= view->last_round || turn != view->turn)
        begin_rounds(view);
    view->turn = turn;
    view->state = VIEW_GENERATING;
    view->rounds[round->round % VIEW_ROUNDS] = *round;
    view->last_round = round->round;
    if (view->browsed > 0 && view->browsed <= view->last_round - VIEW_ROUNDS)
        view->browsed = view->last_round - VIEW_ROUNDS + 1;
    view->n_rounds++;
    view->drafted += round->n_nodes;
    view->accepted += round->accepted;
    /* Along the accepted path, root to leaf: a node's parent has a lower depth. */
    for (int depth = 1; depth <= DEPTH_MAX; depth++)
        for (int i = 0; i < round->n_nodes; i++)
            if (round->nodes[i].accepted && round->nodes[i].depth == depth)
                count_node(view, &round->nodes[i]);
    view->strip[view->n_strip++ % VIEW_STRIP] = SOURCE_TARGET;
    view->draft_ms += round->draft_ms;
    view->verify_ms += round->verify_ms;
    view->accept_ms += round->accept_ms;
    view->other_ms += round->other_ms;
    double ms = round->draft_ms + round->verify_ms + round->accept_ms + round->other_ms;
    float tokens = (float)round->accepted + 1;
    view->history[view->n_history++ % VIEW_HISTORY] =
        (SpeedPoint){tokens, ms > 0 ? (float)(tokens * 1000 / ms) : 0};
    view->ctx_used = round->ctx_used;
    if (strcmp(round->mode, "probe") != 0) {
        snprintf(view->mode, sizeof view->mode, "%.11s", round->mode);
        view->predicted_gain = round->predicted_gain;
    }
    take_thresholds(view, round->thresholds, round->n_thresholds);
}

/* "switched 1.5b > 0.5b in 0.4 s, draft kept" */
static void on_switch_done(View *view, const EventSwitch *swap)
{
    char line[256];
    snprintf(line, sizeof line, "target %s > %s (%.1f s), draft %s", view->ready.target,
             swap->target, swap->ms / 1000, swap->draft_kv_kept ? "kept" : "read anew");
    Item *open = scrollback_open_answer(&view->scrollback);
    if (open != NULL)
        open->open = false;
    bool split = open != NULL;
    scrollback_add(&view->scrollback, ITEM_SWITCH, line);
    if (split) {
        Item *rest = scrollback_add(&view->scrollback, ITEM_ANSWER, "");
        if (rest != NULL)
            rest->open = rest->continued = true;
    }
    strcpy(view->ready.target, swap->target);
    view->ready.target_index = swap->target_index;
    view->draft_kept = swap->draft_kv_kept;
    view->mode[0] = '\0';
    view->adjusted = false;
    take_thresholds(view, swap->thresholds, swap->n_thresholds);
}

static void on_switch(View *view, const EventSwitch *event)
{
    EventSwitch *swap = &view->swap;
    *swap = *event;
    clean_name(swap->target, sizeof swap->target);
    clean_name(swap->reason, sizeof swap->reason);
    view->switching = swap->stage != SWITCH_DONE && swap->stage != SWITCH_FAILED;
    if (swap->stage == SWITCH_DONE) {
        on_switch_done(view, swap);
    } else if (swap->stage == SWITCH_FAILED) {
        char line[512];
        snprintf(line, sizeof line, "target stays %s: %s", view->ready.target, swap->reason);
        scrollback_add(&view->scrollback, ITEM_ERROR, line);
    }
}

/* Names in the view are clean already; the reason comes fresh from the event. */
static void answer_figures(const View *view, const EventStats *totals, const char *reason,
                           char *out, size_t bytes)
{
    int n = 0;
    char why[16];
    text_clean_line(reason, why, sizeof why);
    if (totals->rounds > 0) {
        n = snprintf(out, bytes, "MAT %.2f  %.1f t/s", totals->mat, totals->tokens_per_s);
        if (totals->plain_tokens_per_s > 0)
            n += snprintf(out + n, bytes - (size_t)n, " x%.2f",
                          totals->tokens_per_s / totals->plain_tokens_per_s);
        n += snprintf(out + n, bytes - (size_t)n, "  %d tok / %d rounds  target %s", totals->tokens,
                      totals->rounds, view->ready.target);
    }
    if (strcmp(why, "eos") != 0 && n < (int)bytes)
        snprintf(out + n, bytes - (size_t)n, "%s%s", n > 0 ? "  " : "", why);
}

static void close_answer(View *view, const EventStats *totals, const char *reason)
{
    Item *item = scrollback_open_answer(&view->scrollback);
    if (item == NULL) /* it ended before its first word */
        item = scrollback_add(&view->scrollback, ITEM_ANSWER, "");
    if (item != NULL) {
        item->open = false;
        item->wrap_width = 0;
        answer_figures(view, totals, reason, item->figures, sizeof item->figures);
    }
    view->stop_asked = false;
}

static void on_error(View *view, int code, const char *message, bool fatal)
{
    (void)code;
    if (fatal) {
        if (scrollback_open_answer(&view->scrollback) != NULL)
            close_answer(view, &(EventStats){0}, "interrupted");
        view->state = VIEW_LOST;
        view->switching = view->stop_asked = false;
        view->loading[0] = '\0';
    }
    scrollback_add(&view->scrollback, ITEM_ERROR, message);
}

void view_event(View *view, const Event *event)
{
    view->changes++;
    switch (event->type) {
    case EVENT_READY:
        on_ready(view, &event->u.ready);
        break;
    case EVENT_PREFILL:
        if (event->u.prefill.draft_ms > 0) /* the drafter has read, the answer so far as well */
            break;
        if (!view->switching)
            view->state = VIEW_PREFILL;
        view->prefill_done = event->u.prefill.done;
        view->prefill_total = event->u.prefill.total;
        break;
    case EVENT_WARNING:
        scrollback_add(&view->scrollback, ITEM_WARNING, event->u.warning.message);
        break;
    case EVENT_LOAD:
        text_clean_line(event->u.load.model, view->loading, sizeof view->loading);
        view->load_fraction = event->u.load.fraction;
        break;
    case EVENT_ROUND:
        on_round(view, &event->u.round, event->turn);
        break;
    case EVENT_TEXT:
        scrollback_append(&view->scrollback, event->u.text.text, event->u.text.source);
        break;
    case EVENT_SWITCH:
        on_switch(view, &event->u.swap);
        break;
    case EVENT_STATS:
        view->stats = event->u.stats;
        view->has_stats = true;
        break;
    case EVENT_DONE:
        view->stats = event->u.done.totals;
        view->has_stats = true;
        close_answer(view, &view->stats, event->u.done.reason);
        view->state = VIEW_IDLE;
        break;
    case EVENT_ERROR:
        on_error(view, event->u.error.code, event->u.error.message, event->u.error.fatal);
        break;
    case EVENT_QUESTION:
        view_user(view, event->u.question.text);
        view_asked(view);
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

void view_user(View *view, const char *text)
{
    scrollback_add(&view->scrollback, ITEM_USER, text);
    view->scroll = 0;
    view->changes++;
}

void view_answer(View *view, const char *text, const char *figures)
{
    Item *item = scrollback_add(&view->scrollback, ITEM_ANSWER, text);
    if (item != NULL)
        text_clean_line(figures, item->figures, sizeof item->figures);
    view->changes++;
}

void view_note(View *view, ItemKind kind, const char *text)
{
    scrollback_add(&view->scrollback, kind, text);
    view->changes++;
}

void view_undo(View *view)
{
    int last = scrollback_last_user(&view->scrollback);
    if (last >= 0)
        scrollback_cut(&view->scrollback, last);
    view->scroll = 0;
    view->changes++;
}

void view_drop_answer(View *view)
{
    int last = scrollback_last_user(&view->scrollback);
    if (last >= 0)
        scrollback_cut(&view->scrollback, last + 1);
    view->scroll = 0;
    view->changes++;
}

void view_clear(View *view)
{
    scrollback_cut(&view->scrollback, 0);
    begin_rounds(view);
    view->n_strip = view->n_history = 0;
    view->ctx_used = view->scroll = 0;
    view->mode[0] = '\0';
    view->changes++;
}

void view_asked(View *view)
{
    view->state = VIEW_PREFILL;
    view->prefill_done = view->prefill_total = 0;
    view->changes++;
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
