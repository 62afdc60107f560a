/* chat_files.c - the chat exported. See chat.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/base/save_file.h"
#include "app/chat/chat.h"
#include "app/chat/export.h"
#include "app/play/cast.h"

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
    SavedChat saved = chat_saved(chat);
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
