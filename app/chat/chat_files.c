/* chat_files.c - the chat saved, loaded and exported. See chat.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/chat/chat.h"
#include "app/chat/export.h"
#include "app/play/cast.h"

/* What there is to save; nothing of it is owned. */
static SavedChat saved_view(const Chat *chat)
{
    const Profile *profile = &chat->load.u.load.profile;
    return (SavedChat){.profile = profile->path ? profile->path : profile->name,
                       .target = (char *)chat->ready.target,
                       .draft = (char *)chat->ready.draft,
                       .vocab = chat->ready.vocab,
                       .settings = chat->settings,
                       .system = chat->system,
                       .transcript = chat->transcript};
}

int chat_save(Chat *chat, const char *name, Err *err)
{
    char path[PATH_BYTES];
    SavedChat saved = saved_view(chat);
    if (session_path(name, path, sizeof(path), err) != 0 || paths_make(PLACE_DATA, err) != 0 ||
        session_save(path, &saved, err) != 0)
        return -1;
    chat->unsaved = false;
    if (strcmp(name, "last") == 0)
        chat_note_last(chat);
    return 0;
}

void chat_note_last(Chat *chat)
{
    char path[PATH_BYTES];
    if (session_path("last", path, sizeof(path), NULL) != 0 || stat(path, &chat->last) != 0)
        chat->last.st_ino = 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Session "last", where it is not what this chat knows, goes out of the way. */
static int spare_last(const Chat *chat, Err *err)
{
    char path[PATH_BYTES], other[PATH_BYTES], oldest[PATH_BYTES];
    struct stat status;
    time_t least = 0;
    if (session_path("last", path, sizeof(path), err) != 0)
        return -1;
    if (stat(path, &status) != 0 || same_file(&status, &chat->last))
        return 0;
    for (char digit = '2'; digit <= '9'; digit++) {
        char name[] = {'l', 'a', 's', 't', '-', digit, '\0'};
        if (session_path(name, other, sizeof(other), err) != 0)
            return -1;
        bool taken = stat(other, &status) == 0;
        if (digit == '2' || !taken || status.st_mtime < least) {
            least = status.st_mtime;
            memcpy(oldest, other, sizeof(oldest));
        }
        if (!taken)
            break;
    }
    if (rename(path, oldest) != 0)
        return err_set(err, EXIT_IO, "%s: another chat's, cannot be renamed: %s", path,
                       strerror(errno));
    return 0;
}

int chat_keep_last(Chat *chat, Err *err)
{
    if (!chat->unsaved || transcript_first_question(&chat->transcript) < 0)
        return 0;
    int lock = paths_lock(PLACE_DATA, err);
    if (lock < 0)
        return -1;
    int status = spare_last(chat, err) == 0 ? chat_save(chat, "last", err) : -1;
    close(lock);
    return status;
}

int chat_load(Chat *chat, const char *name, Err *err)
{
    char path[PATH_BYTES];
    SavedChat saved;
    if (chat->state == CHAT_ANSWERING)
        return err_set(err, EXIT_USAGE, "an answer is coming: stop it first (Esc)");
    if (session_path(name, path, sizeof(path), err) != 0 || session_load(path, &saved, err) != 0)
        return -1;
    if (strcmp(name, "last") == 0)
        chat_note_last(chat);
    Err trouble = {0};
    if (chat_keep_last(chat, &trouble) != 0) {
        saved_close(&saved);
        return err_set(err, trouble.code, "the chat that is here cannot be kept: %s", trouble.text);
    }
    transcript_close(&chat->transcript);
    chat->transcript = saved.transcript;
    saved.transcript = (Transcript){0};
    free(chat->system);
    chat->system = saved.system;
    saved.system = NULL;
    chat->system_set = true;
    chat->unsaved = strcmp(name, "last") == 0; /* the chat that was here has that name now */
    snprintf(chat->session, sizeof(chat->session), "%s", strchr(name, '/') ? "" : name);
    chat->front->changed(chat->user);
    if (chat_set_sampling(chat, &saved.settings, &trouble) != 0)
        chat_note(chat, NOTE_WARNING, "its settings were not taken: %s", trouble.text);
    if (strcmp(saved.target, chat->ready.target) != 0)
        chat_note(chat, NOTE_PLAIN, "this session was held with target %s (profile %s)",
                  saved.target, saved.profile);
    saved_close(&saved);
    return 0;
}

static const char *default_path(const char *form, char *path, size_t size)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &local);
    snprintf(path, size, "s2d-%s.%s", stamp, strcmp(form, "trace") == 0 ? "jsonl" : form);
    return path;
}

/* The screen as it was, from the trace. */
static int export_cast(const Chat *chat, const char *path, Err *err)
{
    Timeline timeline;
    FILE *file = trace_reader(chat->trace, err);
    if (!file || timeline_open(&timeline, file, "the trace", NULL, err) != 0)
        return -1;
    int status = cast_save(path, &timeline, (CastSize){CAST_WIDTH, CAST_HEIGHT}, "s2d", err);
    timeline_close(&timeline);
    return status;
}

int chat_export(Chat *chat, const char *form, const char *path, Err *err)
{
    char own[64];
    char *text = NULL;
    SavedChat saved = saved_view(chat);
    bool cast = strcmp(form, "cast") == 0, trace = cast || strcmp(form, "trace") == 0;
    if (!trace && strcmp(form, "md") != 0 && strcmp(form, "json") != 0)
        return err_set(err, EXIT_USAGE, "\"%s\" is none of md, json, trace, cast", form);
    if (!path || !*path)
        path = default_path(form, own, sizeof(own));
    if (trace && !chat->trace)
        return err_set(err, EXIT_IO, "there is no trace: the state folder cannot be written");
    if (trace) {
        if ((cast ? export_cast(chat, path, err) : trace_copy(chat->trace, path, err)) != 0)
            return -1;
    } else {
        text = strcmp(form, "md") == 0 ? export_markdown(&saved) : session_to_text(&saved);
        if (!text)
            return err_set(err, EXIT_MEMORY, "out of memory");
        int status = save_file(path, text, strlen(text), false, err);
        free(text);
        if (status != 0)
            return -1;
    }
    chat_notice(chat, "exported to %s", path);
    return 0;
}
