/* session_file.h - a chat on disk: $XDG_DATA_HOME/s2d/NAME.json.
 *
 *   {"version": 1, "profile": "coder", "target": "...", "draft": "...", "vocab": 151936,
 *    "settings": {"temperature", "top_k", "top_p", "seed", "max_tokens"}, "system": "..." or null,
 *    "messages": [{"role": "user", "text"},
 *                 {"role": "assistant", "text", "target", "seed", "reason", "pieces": [[bytes,
 *                  source], ...], "totals": {...}},
 *                 {"role": "note", "text"}]}
 *
 * Reading is strict: a later version, an unknown or missing key, a wrong type or a number out of
 * range is one clear line, and nothing is loaded. Tokens are not kept: a model reads the texts.
 */
#ifndef S2D_APP_CHAT_SESSION_FILE_H
#define S2D_APP_CHAT_SESSION_FILE_H

#include <jansson.h>

#include "app/chat/transcript.h"
#include "kernels/common/err.h"

enum { SESSION_VERSION = 1, SESSION_BYTES_MAX = 64 << 20 };

typedef struct ChatSettings {
    double temperature; /* 0 ... 10 */
    int top_k;          /* 0 = all */
    double top_p;       /* 0 ... 1 */
    int seed;
    int max_tokens; /* 0 = until the context is full */
} ChatSettings;

typedef struct SavedChat {
    char *profile, *target, *draft; /* names, for the person; never NULL once loaded */
    int vocab;                      /* tokens of the target, 0 = not known */
    ChatSettings settings;
    char *system; /* NULL = none */
    Transcript transcript;
} SavedChat;

/* A name is letters, digits and "._-", not starting with a dot: the path in the data folder. A text
 * with a '/' or ending in ".json" is a path and stays. */
int session_path(const char *name, char *path, size_t size, Err *err);

/* The JSON text (free it); NULL = out of memory. */
char *session_to_text(const SavedChat *chat);
/* On success saved_close it; on failure there is nothing to free. name: for messages. */
int session_from_text(SavedChat *chat, const char *text, size_t bytes, const char *name, Err *err);

int session_save(const char *path, const SavedChat *chat, Err *err);
int session_load(const char *path, SavedChat *chat, Err *err);
void saved_close(SavedChat *chat);

#endif
