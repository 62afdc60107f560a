/* chat_keep.c - the chat in its session file, as it grows. See chat.h.
 *
 *   a question goes out, an answer ends -> lines appended, synced
 *   the past changes, an append fails   -> the file written anew, whole
 *
 * A chat has no file before its first question. Where keeping fails it is told once, the chat goes on,
 * and the next entry tries again to keep all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/base/paths.h"
#include "app/chat/chat.h"

enum {
    STALE_ROUNDS = 2 * TRANSCRIPT_ROUNDS
}; /* bytes of rounds in the file that are no more kept */

static void drafting_of(const Chat *chat, SavedDrafting *drafting)
{
    const EventReady *ready = &chat->ready;
    *drafting = (SavedDrafting){.automatic = ready->auto_thresholds,
                                .by_hand = chat->set.n_thresholds > 0,
                                .n_exits = ready->n_exits};
    if (!chat->was_ready)
        return;
    snprintf(drafting->drafter, sizeof(drafting->drafter), "%s",
             chat->set.drafter[0] ? chat->set.drafter : ready->drafter);
    snprintf(drafting->tree, sizeof(drafting->tree), "%s", chat->set.tree);
    snprintf(drafting->spec, sizeof(drafting->spec), "%s", spec_name(ready->spec));
    memcpy(drafting->think, ready->thinking, sizeof(drafting->think));
    memcpy(drafting->date, ready->date, sizeof(drafting->date));
    memcpy(drafting->exits, ready->exits, sizeof(drafting->exits));
    memcpy(drafting->thresholds, chat_thresholds(chat), sizeof(drafting->thresholds));
}

SavedChat chat_saved(const Chat *chat)
{
    const Profile *profile = &chat->load.u.load.profile;
    const char *target =
        chat->target ? chat->target : profile->targets[chat->load.u.load.target_index].model;
    SavedChat saved = {.profile = profile->path ? profile->path : profile->name,
                       .target = (char *)chat->ready.target,
                       .model = (char *)target,
                       .draft = (char *)chat->ready.draft,
                       .vocab = chat->ready.vocab,
                       .settings = chat->settings,
                       .system = chat->system,
                       .time = time(NULL),
                       .transcript = chat->transcript};
    drafting_of(chat, &saved.drafting);
    return saved;
}

/* Entries that are over, from the first on. */
static int complete_entries(const Chat *chat, bool all)
{
    const Transcript *transcript = &chat->transcript;
    for (int i = 0; i < transcript->n && !all; i++) {
        const Entry *entry = &transcript->entries[i];
        if (entry->kind == ENTRY_ANSWER && entry->reason[0] == '\0')
            return i;
    }
    return transcript->n;
}

/* The state without its time, to see whether it is another one. */
static char *timeless(SavedChat saved)
{
    saved.time = 0;
    return session_state_line(&saved);
}

static int no_memory(Err *err)
{
    return err_set(err, EXIT_MEMORY, "out of memory to keep the chat");
}

static int append(Chat *chat, const SavedChat *saved, int upto, Err *err)
{
    char *entries = session_entry_lines(saved, chat->keep.entries, upto);
    char *state = session_state_line(saved), *text = NULL;
    int status = -1;
    if (!entries || !state || asprintf(&text, "%s%s", entries, state) < 0)
        no_memory(err);
    else
        status = stored_append(&chat->keep.store, text, err);
    if (text)
        free(text);
    free(entries);
    free(state);
    return status;
}

static int write_anew(Chat *chat, SavedChat saved, int upto, Err *err)
{
    ChatKeep *keep = &chat->keep;
    saved.transcript.n = upto;
    char *text = session_to_lines(&saved);
    if (!text)
        return no_memory(err);
    int status =
        keep->store.name[0]
            ? stored_rewrite(&keep->store, text, err)
            : stored_create(&keep->store, chat->session[0] ? chat->session : NULL, text, err);
    free(text);
    if (status == 0)
        keep->rounds_lost = chat->transcript.rounds_lost;
    return status;
}

/* A chat from which all was taken back has no file. */
static int keep_nothing(Chat *chat, Err *err)
{
    ChatKeep *keep = &chat->keep;
    if (keep->store.name[0] && stored_remove_own(&keep->store, err) != 0)
        return -1;
    keep->entries = 0;
    keep->rewrite = false;
    free(keep->state);
    keep->state = NULL;
    return 0;
}

int chat_keep(Chat *chat, bool all, Err *err)
{
    ChatKeep *keep = &chat->keep;
    int upto = complete_entries(chat, all);
    if (transcript_first_question(&chat->transcript) < 0)
        return keep_nothing(chat, err);
    bool stale = chat->transcript.rounds_lost - keep->rounds_lost > STALE_ROUNDS;
    bool anew = keep->rewrite || !keep->store.open || stale;
    SavedChat saved = chat_saved(chat);
    char *state = timeless(saved);
    if (!state)
        return no_memory(err);
    bool grown = upto > keep->entries;
    bool other = !keep->state || strcmp(keep->state, state) != 0;
    int status = 0;
    if (!anew && (grown || (all && other))) {
        Err trouble = {0}; /* writing all of it anew may still work */
        anew = append(chat, &saved, upto, &trouble) != 0;
    }
    if (anew)
        status = write_anew(chat, saved, upto, err);
    if (status != 0) {
        keep->rewrite = true;
        free(state);
        return -1;
    }
    keep->entries = upto;
    keep->rewrite = false;
    if (grown || anew || all) {
        free(keep->state);
        keep->state = state;
    } else {
        free(state);
    }
    return 0;
}

void chat_keep_now(Chat *chat)
{
    ChatKeep *keep = &chat->keep;
    Err err = {0};
    int upto = complete_entries(chat, false);
    if (upto == keep->entries && !keep->rewrite)
        return;
    if (keep->failed && upto == keep->tried)
        return;
    bool failed = chat_keep(chat, false, &err) != 0;
    if (failed && !keep->failed)
        chat_note(chat, NOTE_WARNING, "this chat is not kept, and goes on: %s", err.text);
    if (!failed && keep->failed)
        chat_note(chat, NOTE_PLAIN, "this chat is kept again, all of it");
    keep->failed = failed;
    keep->tried = upto;
}

void chat_past_changed(Chat *chat, int from)
{
    if (from < chat->keep.entries) {
        chat->keep.entries = from;
        chat->keep.rewrite = true;
        chat->keep.tried = -1;
    }
}

int chat_save(Chat *chat, const char *name, Err *err)
{
    char path[PATH_BYTES];
    if (session_path(name, path, sizeof(path), err) != 0)
        return -1;
    if (strcmp(path, name) == 0) { /* a copy */
        SavedChat saved = chat_saved(chat);
        return session_save(path, &saved, err);
    }
    bool own = strcmp(chat->keep.store.name, name) == 0;
    if (!own && chat->keep.store.name[0]) {
        if (stored_rename_own(&chat->keep.store, name, err) != 0)
            return -1;
    } else if (!own && strcmp(chat->session, name) != 0 && stored_is_free(name, err) != 0) {
        return -1;
    }
    snprintf(chat->session, sizeof(chat->session), "%s", name);
    chat->front->renamed(chat->user);
    return chat_keep(chat, false, err);
}

int chat_rename(Chat *chat, const char *name, const char *to, Err *err)
{
    if (strchr(name, '/') || strchr(to, '/'))
        return err_set(err, EXIT_USAGE, "/rename takes names of sessions, no paths");
    if (chat->keep.store.name[0] && strcmp(name, chat->keep.store.name) == 0)
        return chat_save(chat, to, err);
    return stored_rename(name, to, err);
}

static int check_other(const Chat *chat, const char *name, Err *err)
{
    if (strchr(name, '/'))
        return err_set(err, EXIT_USAGE, "/delete takes the name of a session, no path");
    if (strcmp(name, chat->keep.store.name) == 0)
        return err_set(err, EXIT_USAGE, "session %s is this chat: /clear begins another one first",
                       name);
    return 0;
}

int chat_offer_delete(Chat *chat, const char *name, Err *err)
{
    Err there = {0};
    if (check_other(chat, name, err) != 0)
        return -1;
    if (stored_is_free(name, &there) == 0)
        return err_set(err, EXIT_NOINPUT, "there is no session %s", name);
    if (there.code != EXIT_DATA)
        return err_set(err, there.code, "%s", there.text);
    chat_make_offer(chat, OFFER_DELETE, name);
    return 0;
}

int chat_delete(Chat *chat, const char *name, Err *err)
{
    if (check_other(chat, name, err) != 0 || stored_remove(name, err) != 0)
        return -1;
    chat_notice(chat, "session %s is deleted", name);
    return 0;
}

int chat_sessions(const Chat *chat, StoredSession **list, Err *err)
{
    (void)chat;
    return stored_list(list, err);
}

void session_when(long long time, char text[20])
{
    struct tm local;
    time_t when = (time_t)time;
    text[0] = '\0';
    if (localtime_r(&when, &local) && strftime(text, 20, "%Y-%m-%d %H:%M", &local) == 0)
        text[0] = '\0';
}
