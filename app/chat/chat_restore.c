/* chat_restore.c - a session is gone on with: its text at once, and its models, step by step. See chat.h.
 *
 *   text -> profile, if another one held it -> target -> thresholds, drafter, tree, speculation
 *
 * A step that fails is told like any other, and the next ones go on with what is there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/chat/chat.h"

void chat_restore_forget(Chat *chat)
{
    free(chat->restore.profile);
    free(chat->restore.target);
    free(chat->restore.model);
    free(chat->restore.note);
    chat->restore = (ChatRestore){0};
}

/* The saved chat's text becomes this one's, what it was held with is to be restored. */
static void take_over(Chat *chat, SavedChat *saved)
{
    ChatRestore *restore = &chat->restore;
    transcript_close(&chat->transcript);
    chat->transcript = saved->transcript;
    saved->transcript = (Transcript){0};
    for (int i = 0; i < chat->transcript.n; i++) { /* a file may have one that never ended */
        Entry *entry = &chat->transcript.entries[i];
        if (entry->kind == ENTRY_ANSWER && entry->reason[0] == '\0')
            strcpy(entry->reason, "stopped");
    }
    free(chat->system);
    chat->system = saved->system;
    saved->system = NULL;
    chat->system_set = true;
    chat->warned_full = false;
    chat_restore_forget(chat);
    restore->due = true;
    restore->profile = saved->profile;
    restore->target = saved->target;
    restore->model = saved->model;
    saved->profile = saved->target = saved->model = NULL;
    restore->drafting = saved->drafting;
    restore->settings = saved->settings;
    chat->keep.entries = chat->transcript.n;
    chat->keep.rewrite = saved->rewrite;
    chat->keep.rounds_lost = chat->transcript.rounds_lost;
    chat->keep.failed = false;
    free(chat->keep.state);
    chat->keep.state = NULL;
}

/* Reads a session and opens its file, or, where that is another chat's or no file of ours, leaves
 * the store without one: the chat then goes on in a new one. note: free it. */
static int open_session(const char *name, SessionStore *store, SavedChat *saved, char **note,
                        Err *err)
{
    char path[PATH_BYTES];
    if (session_path(name, path, sizeof(path), err) != 0)
        return -1;
    bool ours = strcmp(path, name) != 0;
    Err trouble = {0};
    int taken = ours ? stored_open(store, name, &trouble) : 0;
    if (session_load(path, saved, err) != 0) {
        stored_close(store);
        return -1;
    }
    if (taken > 0 && asprintf(note,
                              "session %s is open in another chat: this one goes on with a copy of "
                              "it, in a file of its own",
                              name) < 0)
        *note = NULL;
    if (taken < 0 &&
        asprintf(note, "what is said from now on is kept in another session: %s", trouble.text) < 0)
        *note = NULL;
    return 0;
}

int chat_load(Chat *chat, const char *name, Err *err)
{
    SavedChat saved;
    SessionStore store = {0};
    Err trouble = {0};
    char *note = NULL;
    if (chat->state == CHAT_ANSWERING)
        return err_set(err, EXIT_USAGE, "an answer is coming: stop it first (Esc)");
    if (chat->keep.store.open && strcmp(name, chat->keep.store.name) == 0) {
        chat_notice(chat, "session %s is this chat", name);
        return 0;
    }
    if (open_session(name, &store, &saved, &note, err) != 0)
        return -1;
    if (chat_keep(chat, true, &trouble) != 0) {
        saved_close(&saved);
        stored_close(&store);
        free(note);
        return err_set(err, trouble.code, "the chat that is here cannot be kept: %s", trouble.text);
    }
    stored_close(&chat->keep.store);
    chat->keep.store = store;
    take_over(chat, &saved);
    snprintf(chat->session, sizeof(chat->session), "%s",
             store.open && !stored_is_dated(name) ? name : "");
    chat->front->changed(chat->user);
    if (chat_set_sampling(chat, &saved.settings, &trouble) != 0)
        chat_note(chat, NOTE_WARNING, "its settings were not taken: %s", trouble.text);
    if (note)
        chat_note(chat, NOTE_WARNING, "%s", note);
    free(note);
    saved_close(&saved);
    chat_restore_next(chat);
    return 0;
}

/* What the command line does not say is as the session has it. */
static void lay_under(Chat *chat, const SavedChat *saved)
{
    Options *options = &chat->options;
    if (!options->profile && !options->target && !options->draft && saved->profile[0]) {
        options->profile = chat_word(chat, saved->profile);
        options->target = saved->model ? chat_word(chat, saved->model) : NULL;
    }
    const ChatSettings *settings = &saved->settings;
    if (!options->has_temperature)
        options->temperature = settings->temperature;
    if (!options->has_top_k)
        options->top_k = settings->top_k;
    if (!options->has_top_p)
        options->top_p = settings->top_p;
    if (!options->has_seed)
        options->seed = settings->seed;
    if (!options->has_max_tokens)
        options->max_tokens = settings->max_tokens;
    options->has_temperature = options->has_top_k = options->has_top_p = true;
    options->has_seed = options->has_max_tokens = true;
}

int chat_continue(Chat *chat, Err *err)
{
    StoredSession *list;
    SavedChat saved;
    char *note = NULL;
    Err trouble = {0};
    Options given = chat->options;
    int n = stored_list(&list, err);
    if (n < 0)
        return -1;
    if (n == 0) {
        free(list);
        chat_note(chat, NOTE_PLAIN, "there is no chat to go on with: this is a new one");
        return options_request(&chat->options, &chat->load, err);
    }
    char name[SESSION_NAME];
    snprintf(name, sizeof(name), "%s", list[0].name);
    free(list);
    if (open_session(name, &chat->keep.store, &saved, &note, err) != 0)
        return -1;
    lay_under(chat, &saved);
    if (options_request(&chat->options, &chat->load, &trouble) != 0) {
        free(note);
        if (asprintf(&note, "not the models that held this chat: %s", trouble.text) < 0)
            note = NULL;
        chat->options.profile = given.profile;
        chat->options.target = given.target;
        if (options_request(&chat->options, &chat->load, err) != 0) {
            saved_close(&saved);
            free(note);
            return -1;
        }
    }
    take_over(chat, &saved);
    saved_close(&saved);
    chat->restore.note = note;
    chat->restore.profile_tried = chat->restore.target_tried = true; /* or told otherwise */
    snprintf(chat->session, sizeof(chat->session), "%s", stored_is_dated(name) ? "" : name);
    chat->front->changed(chat->user);
    return 0;
}

static bool same_profile(const Chat *chat, const char *name)
{
    const Profile *profile = &chat->load.u.load.profile;
    return (profile->path && strcmp(profile->path, name) == 0) ||
           (profile->name && strcmp(profile->name, name) == 0);
}

/* 1 = another profile is being loaded. */
static int restore_profile(Chat *chat)
{
    ChatRestore *restore = &chat->restore;
    Err err = {0};
    if (restore->profile_tried)
        return 0;
    restore->profile_tried = true;
    if (!restore->profile || !*restore->profile || same_profile(chat, restore->profile))
        return 0;
    if (chat_change_profile(chat, restore->profile, &err) == 0) {
        restore->profile_loaded = true;
        return 1;
    }
    chat_note(chat, NOTE_WARNING, "the models that held this chat (profile %s) are not loaded: %s",
              restore->profile, err.text);
    restore->target_tried = true;
    return 0;
}

/* 1 = a switch goes on. */
static int restore_target(Chat *chat)
{
    ChatRestore *restore = &chat->restore;
    const EventReady *ready = &chat->ready;
    Err err = {0};
    int index = -1;
    if (restore->target_tried)
        return 0;
    restore->target_tried = true;
    if (!restore->target || !*restore->target || strcmp(restore->target, ready->target) == 0)
        return 0;
    for (int i = 0; i < ready->n_targets; i++)
        index = strcmp(ready->targets[i], restore->target) == 0 ? i : index;
    if (index < 0 && !restore->model) {
        chat_note(chat, NOTE_PLAIN, "this session was held with target %s (profile %s)",
                  restore->target, restore->profile ? restore->profile : "unknown");
        return 0;
    }
    if (chat_switch(chat, index, index < 0 ? restore->model : NULL, &err) == 0) {
        restore->switching = true;
        return 1;
    }
    chat_note(chat, NOTE_WARNING, "the target %s that held this chat: %s", restore->target,
              err.text);
    return 0;
}

static bool other_thresholds(const Chat *chat, const SavedDrafting *saved)
{
    const EventReady *ready = &chat->ready;
    if (saved->n_exits != ready->n_exits ||
        memcmp(saved->exits, ready->exits, sizeof(int) * (size_t)ready->n_exits) != 0)
        return false;
    for (int i = 0; i < ready->n_exits; i++)
        if (fabsf(saved->thresholds[i] - chat_thresholds(chat)[i]) > 1e-4f)
            return true;
    return false;
}

/* Thresholds that nobody set are left to the profile, which may have been tuned since. */
static void restore_drafting(Chat *chat)
{
    const SavedDrafting *saved = &chat->restore.drafting;
    RequestSet set = {0};
    bool ours = chat->set.n_thresholds > 0 || chat->set.has_auto;
    if ((saved->by_hand || ours) && !saved->automatic && other_thresholds(chat, saved)) {
        set.n_thresholds = saved->n_exits;
        memcpy(set.thresholds, saved->thresholds, sizeof(set.thresholds));
    }
    if (saved->drafter[0] && saved->automatic != chat->ready.auto_thresholds &&
        set.n_thresholds == 0) {
        set.has_auto = true;
        set.auto_thresholds = saved->automatic;
    }
    if (strcmp(saved->drafter, chat->ready.drafter) != 0)
        memcpy(set.drafter, saved->drafter, sizeof(set.drafter));
    if (strcmp(saved->tree, chat->set.tree) != 0)
        memcpy(set.tree, saved->tree, sizeof(set.tree));
    if (spec_parse(saved->spec, &set.spec) == 0)
        set.has_spec = set.spec != chat->ready.spec;
    /* What was said before stays as it was read: the date is that of the chat. */
    struct tm date;
    if (chat->ready.date[0] && strcmp(saved->date, chat->ready.date) != 0 &&
        template_date(&date, saved->date) == 0)
        memcpy(set.date, saved->date, sizeof(set.date));
    if (chat->ready.thinking[0] && strcmp(saved->think, chat->ready.thinking) != 0)
        set.has_think = think_parse(saved->think, &set.think) == 0;
    Err err = {0};
    bool anything = set.n_thresholds || set.has_auto || set.drafter[0] || set.tree[0] ||
                    set.has_spec || set.has_think || set.date[0];
    if (chat->restore.profile_loaded)
        chat_set_sampling(chat, &chat->restore.settings, &err);
    if (anything && !err.code)
        chat_set(chat, &set, &err);
    if (err.code)
        chat_note(chat, NOTE_WARNING, "how this chat drafted is not restored: %s", err.text);
}

void chat_restore_next(Chat *chat)
{
    ChatRestore *restore = &chat->restore;
    if (!restore->due || chat->state != CHAT_IDLE || restore->switching)
        return;
    if (restore_profile(chat) || restore_target(chat))
        return;
    restore_drafting(chat);
    if (restore->note)
        chat_note(chat, NOTE_WARNING, "%s", restore->note);
    chat_restore_forget(chat);
}
