/* session_parts.h - what the files that write and read sessions share; see session_file.h. */
#ifndef S2D_APP_CHAT_SESSION_PARTS_H
#define S2D_APP_CHAT_SESSION_PARTS_H

#include "app/chat/session_file.h"

enum { SESSION_DOCUMENT = 1 }; /* the version that is one JSON object */

/* A message as version 1 has it: without rounds. A new reference; NULL = out of memory. */
json_t *session_entry_json(const Entry *entry);

typedef struct Reader {
    const char *name; /* of the file */
    const char *unit; /* what `number` counts: "message", "line" */
    int number;       /* 1 ..., 0 = outside */
    Err *err;
} Reader;

/* All return 0, or -1 with the error set. */
int session_wrong(const Reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int session_no_memory(const Reader *reader);
/* json is an object with these keys (the last is NULL) and no others. */
int session_check_keys(const Reader *reader, json_t *json, const char *const *keys);
/* The getters read a key that is there: see session_check_keys. */
int session_get_count(const Reader *reader, json_t *json, const char *key, int *value);
int session_get_int(const Reader *reader, json_t *json, const char *key, json_int_t most,
                    json_int_t *value);
int session_get_bool(const Reader *reader, json_t *json, const char *key, bool *value);
/* Text for a field of `room` bytes. */
int session_get_name(const Reader *reader, json_t *json, const char *key, char *to, size_t room);

int session_read_message(const Reader *reader, Transcript *transcript, json_t *json);
int session_read_settings(const Reader *reader, json_t *json, ChatSettings *settings);
/* profile, target, draft, system. What was there before is freed. */
int session_read_names(const Reader *reader, json_t *json, SavedChat *chat);

/* A session of version 1. */
int session_read_document(Reader *reader, json_t *json, SavedChat *chat);

/* The lines of version 2 and later, the first of which is read already. */
int session_read_lines(Reader *reader, const char *text, size_t bytes, SavedChat *chat);

#endif
