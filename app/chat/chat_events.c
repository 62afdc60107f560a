/* chat_events.c - takes what the worker says, and copes when it says no more. See chat.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/chat.h"

/* A line of the transcript that the screen has from the event itself. */
static void keep_note(Chat *chat, const char *text)
{
    transcript_add(&chat->transcript, ENTRY_NOTE, text);
}

static void set_target(Chat *chat, const char *model)
{
    char *copy = strdup(model);
    if (!copy)
        return;
    free(chat->target);
    chat->target = copy;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The load that was asked for worked: from now on it is what this chat is made of. */
static void adopt_wanted(Chat *chat)
{
    const Profile *old = &chat->load.u.load.profile, *new = &chat->wanted.u.load.profile;
    const char *before =
        chat->target ? chat->target : old->targets[chat->load.u.load.target_index].model;
    bool profile = chat->wanted_options.profile != chat->options.profile;
    bool draft = same_text(old->draft_base, new->draft_base) &&
                 same_text(old->draft_adapter, new->draft_adapter);
    bool target = same_text(before, new->targets[chat->wanted.u.load.target_index].model);
    request_free(&chat->load);
    chat->load = chat->wanted;
    chat->options = chat->wanted_options;
    chat->has_wanted = false;
    free(chat->target);
    chat->target = NULL;
    if (profile) {
        memset(&chat->set, 0, sizeof(chat->set));
        chat_take_profile(chat);
        return;
    }
    if (!draft || !target) /* thresholds belong to the pair */
        chat->set.n_thresholds = 0;
    if (!draft) /* another one has other exits */
        chat->set.drafter[0] = '\0';
}

static bool anything_set(const RequestSet *set)
{
    return set->n_thresholds || set->tree[0] || set->drafter[0] || set->has_sampling ||
           set->has_spec || set->has_auto || set->has_think || set->date[0] || set->has_forecasts;
}

/* What was set by hand goes to a new worker; a part that cannot is told. */
static void send_again(Chat *chat, const Request *request, const char *what)
{
    Err err = {0};
    if (client_send(chat->client, request, &err) != 0)
        chat_note(chat, NOTE_ERROR, "%s: %s", what, err.text);
}

static void on_ready(Chat *chat, const EventReady *ready)
{
    chat->ready = *ready;
    if (chat->keeping)
        chat_notice(chat, "thresholds kept for %s", ready->target);
    chat->keeping = false;
    if (chat->state != CHAT_LOADING)
        return;
    if (chat->has_wanted)
        adopt_wanted(chat);
    bool again = chat->was_ready;
    chat->was_ready = true;
    chat->restarts = 0;
    chat->state = CHAT_IDLE;
    chat->restore.switching = false;
    if (again || anything_set(&chat->set)) {
        const Profile *profile = &chat->load.u.load.profile;
        Request swap = {.type = REQUEST_SWITCH, .u.swap = {.index = -1, .name = chat->target}};
        bool known = !chat->target;
        for (int i = 0; i < profile->n_targets && !known; i++)
            known = strcmp(profile->targets[i].model, chat->target) == 0;
        if (!known)
            send_again(chat, &swap, "the target is the profile's again");
        Request set = {.type = REQUEST_SET, .u.set = chat->set};
        if (anything_set(&chat->set))
            send_again(chat, &set, "the settings are the profile's again");
    }
    chat_restore_next(chat);
    chat_ask_next(chat);
}

/* In the middle of an answer, the line stands where it happened. */
static void keep_switch(Chat *chat, const char *line)
{
    Entry *answer = transcript_answer(&chat->transcript);
    if (chat->state != CHAT_ANSWERING || !answer || answer->bytes == 0) {
        keep_note(chat, line);
        return;
    }
    snprintf(answer->target, sizeof(answer->target), "%s", chat->ready.target);
    if (transcript_switch(&chat->transcript, line) != 0)
        keep_note(chat, line);
}

static void on_switch(Chat *chat, const EventSwitch *swap)
{
    const Profile *profile = &chat->load.u.load.profile;
    char line[256];
    if (swap->stage == SWITCH_FAILED || swap->stage == SWITCH_DONE)
        chat->restore.switching = false;
    if (swap->stage == SWITCH_FAILED) {
        bool named = swap->target_index < 0 || swap->target_index >= profile->n_targets;
        const char *target = named ? chat->switching : profile->targets[swap->target_index].model;
        Err err = {0};
        if (target && swap->room == SWITCH_ROOM_PAIR) {
            if (chat_change_pair(chat, target, &err) != 0)
                chat_note(chat, NOTE_ERROR, "%s", err.text);
        } else if (target && swap->room != SWITCH_ROOM_NONE)
            chat_make_offer(chat, swap->room == SWITCH_ROOM_UNLOAD ? OFFER_UNLOAD : OFFER_REPLACE,
                            target);
        free(chat->switching);
        chat->switching = NULL;
    }
    if (swap->stage != SWITCH_DONE)
        return;
    bool same = swap->target_index >= 0 && swap->target_index == chat->ready.target_index;
    if (!same) {
        snprintf(line, sizeof(line), "target %s > %s (%.1f s), draft %s", chat->ready.target,
                 swap->target, swap->ms / 1000, swap->draft_kv_kept ? "kept" : "read anew");
        keep_switch(chat, line);
    }
    if (chat->switching)
        set_target(chat, chat->switching);
    else if (swap->target_index >= 0 && swap->target_index < profile->n_targets)
        set_target(chat, profile->targets[swap->target_index].model);
    free(chat->switching);
    chat->switching = NULL;
    snprintf(chat->ready.target, sizeof(chat->ready.target), "%s", swap->target);
    chat->ready.target_index = swap->target_index;
    if (swap->n_thresholds == chat->ready.n_exits)
        memcpy(chat->ready.thresholds, swap->thresholds, sizeof(chat->ready.thresholds));
    chat->set.n_thresholds = 0; /* the new pair has its own */
}

void chat_return_queue(Chat *chat)
{
    for (int i = 0; i < chat->n_queue; i++) {
        chat->front->unqueued(chat->user);
        char *shown = attach_shown(chat->queue[i]);
        chat_note(chat, NOTE_WARNING, "not sent: %s", shown ? shown : chat->queue[i]);
        free(shown);
        free(chat->queue[i]);
    }
    chat->n_queue = 0;
}

static void on_done(Chat *chat, const char *reason, const EventStats *totals)
{
    Entry *answer = transcript_answer(&chat->transcript);
    if (chat->state != CHAT_ANSWERING || !answer)
        return;
    snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
    snprintf(answer->target, sizeof(answer->target), "%s", chat->ready.target);
    answer->totals = *totals;
    chat->state = CHAT_IDLE;
    if (trace_trim(chat->trace)) { /* a replay begins with READY: an empty set brings it */
        Request set = {.type = REQUEST_SET};
        send_again(chat, &set, "the trace is begun anew and lacks its first line");
    }
    transcript_trim_rounds(&chat->transcript);
    if (strcmp(reason, "context") == 0) {
        chat_context_full(chat, answer);
        chat_return_queue(chat);
    } else {
        chat_context_used(chat);
    }
    chat_ask_next(chat);
}

/* Returns -1 when the program must end. */
static int on_error(Chat *chat, int code, const char *message, bool fatal, bool kept)
{
    chat->keeping = false;
    if (!chat->was_ready)
        return err_set(&chat->failure, code ? code : EXIT_INTERNAL, "%s", message);
    if (fatal)
        chat->fatal_told = true;
    if (fatal || chat->state != CHAT_LOADING)
        return 0;
    if (chat->has_wanted) {
        Err err = {0};
        request_free(&chat->wanted);
        chat->has_wanted = false;
        if (kept) {
            chat->state = CHAT_IDLE;
            chat_ask_next(chat);
            return 0;
        }
        chat_note(chat, NOTE_WARNING, "the models that were there before are loaded again");
        if (chat_revive(chat, &err) == 0)
            return 0;
    }
    chat->state = CHAT_LOST;
    chat_return_queue(chat);
    if (code == EXIT_NODEVICE)
        chat_make_offer(chat, OFFER_CPU, NULL);
    return 0;
}

static int take(Chat *chat, const Event *event)
{
    switch (event->type) {
    case EVENT_READY:
        on_ready(chat, &event->u.ready);
        break;
    case EVENT_TEXT:
        if (chat->state == CHAT_ANSWERING &&
            transcript_append(&chat->transcript, event->u.text.text, event->u.text.source) != 0)
            return err_set(&chat->failure, EXIT_MEMORY, "out of memory for the answer's text");
        break;
    case EVENT_STATS:
        if (chat->state == CHAT_ANSWERING && transcript_answer(&chat->transcript))
            transcript_answer(&chat->transcript)->totals = event->u.stats;
        break;
    case EVENT_SWITCH:
        on_switch(chat, &event->u.swap);
        break;
    case EVENT_DONE:
        on_done(chat, event->u.done.reason, &event->u.done.totals);
        break;
    case EVENT_ERROR:
        return on_error(chat, event->u.error.code, event->u.error.message, event->u.error.fatal,
                        event->u.error.kept);
    case EVENT_ROUND: /* automatic thresholds have moved */
        chat->ctx_used = event->u.round.ctx_used;
        if (chat->state == CHAT_ANSWERING) /* without memory for it the text is still there */
            transcript_add_round(&chat->transcript, client_line(chat->client));
        if (event->u.round.n_thresholds == chat->ready.n_exits)
            memcpy(chat->ready.thresholds, event->u.round.thresholds,
                   sizeof(chat->ready.thresholds));
        break;
    case EVENT_COUNT:
        file_counted(chat, event->u.count.number, event->u.count.tokens);
        break;
    case EVENT_WARNING:
        if (chat_is_too_long(event))
            snprintf(chat->too_long, sizeof(chat->too_long), "%s", event->u.warning.message);
        break;
    case EVENT_PREFILL:
    case EVENT_LOAD:
    case EVENT_FORECAST:
    case EVENT_COMPARE:
    case EVENT_OTHER_TEXT:
        break; /* the front shows them */
    case EVENT_QUESTION:
        break; /* no worker says it */
    }
    return 0;
}

/* Nothing of the chat is lost: say why, keep what came, start another worker. */
static int on_worker_gone(Chat *chat, const Err *why)
{
    Entry *answer = transcript_answer(&chat->transcript);
    if (!chat->was_ready) {
        chat->failure = *why;
        return -1;
    }
    if (chat->state == CHAT_ANSWERING && answer) {
        snprintf(answer->reason, sizeof(answer->reason), "error");
    }
    if (!chat->fatal_told) {
        Event event = {.type = EVENT_ERROR, .u.error = {.code = why->code, .fatal = true}};
        snprintf(event.u.error.message, sizeof(event.u.error.message), "%s", why->text);
        chat->front->event(chat->user, &event);
    }
    keep_note(chat, why->text);
    files_stay_uncounted(chat);
    bool wanted = chat->has_wanted;
    if (wanted)
        request_free(&chat->wanted);
    chat->has_wanted = false;
    if (why->code == EXIT_NODEVICE) {
        chat->state = CHAT_LOST;
        chat_return_queue(chat);
        chat_note(chat, NOTE_PLAIN, "the chat is kept; the next question tries the device again");
        chat_make_offer(chat, OFFER_CPU, NULL);
        return 0;
    }
    if (!wanted && chat->restarts > 0) {
        chat->state = CHAT_LOST;
        chat_return_queue(chat);
        chat_note(chat, NOTE_PLAIN, "the chat is kept; the next question tries a new worker");
        return 0;
    }
    Err err = {0};
    if (chat_revive(chat, &err) != 0) {
        chat->state = CHAT_LOST;
        chat_note(chat, NOTE_ERROR, "%s", err.text);
        return 0;
    }
    chat_note(chat, NOTE_PLAIN,
              "the chat is kept: a new worker loads the models and reads it "
              "again at the next question; /regen asks the last one again");
    return 0;
}

/* 0 = there are no more for now, -1 = the program must end. */
static int take_all(Chat *chat)
{
    Event event;
    Err err = {0};
    for (;;) {
        if (chat->state == CHAT_LOST && client_pid(chat->client) < 0)
            return 0;
        int got = client_next(chat->client, &event, &err);
        if (got == 0)
            return 0;
        if (got < 0) {
            if (on_worker_gone(chat, &err) != 0)
                return -1;
            err = (Err){0};
            continue;
        }
        trace_saw(chat->trace, &event);
        /* The front first: taking an answer's end may send the next question. What ends the program
         * is told when it ends. */
        if ((chat->was_ready || event.type != EVENT_ERROR) && !chat_is_too_long(&event))
            chat->front->event(chat->user, &event);
        int status = take(chat, &event);
        event_free(&event);
        if (status != 0)
            return -1;
        chat_restore_next(chat);
    }
}

int chat_pump(Chat *chat)
{
    int status = take_all(chat);
    chat_keep_now(chat);
    return status;
}
