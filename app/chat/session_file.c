/* session_file.c - names, saves and loads sessions; what stands in them is written by session_write.c and
 * session_lines.c, read by session_read.c and session_lines.c. See session_file.h. */
#include "app/chat/session_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/chat/session_parts.h"

int session_path(const char *name, char *path, size_t size, Err *err)
{
    size_t bytes = strlen(name);
    if (strchr(name, '/') || (bytes > 5 && strcmp(name + bytes - 5, ".json") == 0)) {
        if (bytes >= size)
            return err_set(err, EXIT_USAGE, "%.60s...: the name is too long", name);
        strcpy(path, name);
        return 0;
    }
    if (bytes == 0 || bytes > 60 || name[0] == '.')
        return err_set(err, EXIT_USAGE, "a session's name has 1 to 60 letters and no dot in front");
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return err_set(err, EXIT_USAGE,
                           "\"%s\": a session's name is made of letters, digits, '.', '_', '-'",
                           name);
    }
    char file[80];
    snprintf(file, sizeof(file), "%s.json", name);
    return paths_get(PLACE_DATA, file, path, size, err);
}

int session_save(const char *path, const SavedChat *chat, Err *err)
{
    char *text = session_to_lines(chat);
    if (!text)
        return err_set(err, EXIT_MEMORY, "%s: no memory to save it", path);
    int status = save_file(path, text, strlen(text), true, err);
    free(text);
    return status;
}

int session_load(const char *path, SavedChat *chat, Err *err)
{
    size_t bytes;
    char *text = read_file(path, "session", SESSION_BYTES_MAX, &bytes, err);
    if (!text)
        return -1;
    int status = session_from_text(chat, text, bytes, path, err);
    free(text);
    return status;
}

/* The first line, where it is that of a session of lines; NULL = it is not. */
static json_t *first_line(const char *text, size_t bytes, size_t *length)
{
    const char *end = memchr(text, '\n', bytes);
    *length = end ? (size_t)(end - text) + 1 : bytes;
    json_t *json = end ? json_loadb(text, *length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_object_size(json) == 1 &&
        json_integer_value(json_object_get(json, "version")) > SESSION_DOCUMENT)
        return json;
    json_decref(json);
    return NULL;
}

int session_from_text(SavedChat *chat, const char *text, size_t bytes, const char *name, Err *err)
{
    json_error_t error;
    Reader reader = {name, "message", 0, err};
    size_t first;
    int status;
    memset(chat, 0, sizeof(*chat));
    json_t *json = first_line(text, bytes, &first);
    if (json && json_integer_value(json_object_get(json, "version")) == SESSION_VERSION) {
        status = session_read_lines(&reader, text + first, bytes - first, chat);
    } else {
        chat->rewrite = true;
        if (!json)
            json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
        if (!json)
            return err_set(err, EXIT_DATA, "%s: line %d: %s", name, error.line, error.text);
        status = session_read_document(&reader, json, chat);
    }
    json_decref(json);
    if (status != 0)
        saved_close(chat);
    return status;
}
