/* session_file.h - a chat on disk: $XDG_DATA_HOME/s2d/NAME.json, one JSON object a line.
 *
 *   {"version": 2}
 *   {"state": {"time", "first", "tokens", "profile", "target", "model", "draft", "vocab",
 *              "settings": {"temperature", "top_k", "top_p", "seed", "max_tokens"},
 *              "system": "..." or null,
 *              "drafting": {"drafter", "tree", "spec", "think", "date", "auto", "by_hand", "exits", "thresholds"}}}
 *   {"role": "user", "text"}
 *   {"v": 1, "event": "round", ...}               each round of the answer, as in a trace
 *   {"role": "assistant", "text", "target", "seed", "reason", "pieces": [[bytes, source], ...],
 *    "totals": {...}, "rounds": [bytes, ...]}     how much of the text came before each round
 *   {"role": "note", "text"}
 *
 * Messages and states are appended as the chat grows; the last state holds. An entry that no model
 * gets any more has "dropped": true. What a kill cut off at the end is left out.
 *
 * Version 1 is the whole chat as one JSON object, of the same parts: "version", what a state holds
 * from "profile" to "system" but "model", and "messages". `/export json` writes it.
 *
 * Reading is strict: a later version, an unknown or missing key, a wrong type or a number out of
 * range is one clear line, and nothing is loaded. But for rounds: where they are not as they must be,
 * the answer has none. Tokens are not kept: a model reads the texts.
 */
#ifndef S2D_APP_CHAT_SESSION_FILE_H
#define S2D_APP_CHAT_SESSION_FILE_H

#include <jansson.h>

#include "app/chat/transcript.h"
#include "engine/draft/drafters.h"
#include "kernels/common/err.h"

enum { SESSION_VERSION = 2, SESSION_BYTES_MAX = 256 << 20, SESSION_NAME = 64 };

typedef struct ChatSettings {
    double temperature; /* 0 ... 10 */
    int top_k;          /* 0 = all */
    double top_p;       /* 0 ... 1 */
    int seed;
    int max_tokens; /* 0 = until the context is full */
} ChatSettings;

/* How it drafted when it was last kept. */
typedef struct SavedDrafting {
    char drafter[DRAFTER_TEXT]; /* as drafter_parse takes it; "" = not known */
    char tree[16];              /* as tree_parse takes it; "" = the profile's */
    char spec[8];               /* "" = not known */
    char think[8];              /* "on", "off"; "" = not known, or the target had no switch */
    char date[12];              /* that its template told, YYYY-MM-DD; "" = none */
    bool automatic;             /* thresholds followed what was measured */
    bool by_hand;               /* or were set by the person */
    int n_exits, exits[EXITS_MAX];
    float thresholds[EXITS_MAX]; /* [n_exits] */
} SavedDrafting;

typedef struct SavedChat {
    char *profile, *target, *draft; /* names, for the person; never NULL once loaded */
    char *model;                    /* of the target, as a switch takes it; NULL = not known */
    int vocab;                      /* tokens of the target, 0 = not known */
    ChatSettings settings;
    char *system; /* NULL = none */
    SavedDrafting drafting;
    long long time; /* when it was last kept, in seconds since 1970; 0 = not known */
    Transcript transcript;
    /* Set by reading: the file cannot be appended to, for it has another version or a rest of what
     * was cut off. */
    bool rewrite;
} SavedChat;

/* A name is letters, digits and "._-", not starting with a dot: the path in the data folder. A text
 * with a '/' or ending in ".json" is a path and stays. */
int session_path(const char *name, char *path, size_t size, Err *err);

/* The chat as one JSON object, of version 1 (free it); NULL = out of memory. */
char *session_to_text(const SavedChat *chat);

/* The lines of a session, each with its newline (free them); NULL = out of memory. */
char *session_to_lines(const SavedChat *chat);
/* Of its entries from number `from` up to `upto`; an answer that still comes counts as stopped. */
char *session_entry_lines(const SavedChat *chat, int from, int upto);
char *session_state_line(const SavedChat *chat);

/* What a list shows of a session. */
typedef struct SessionSummary {
    char first[96]; /* the beginning of its first question; may hold control characters */
    char target[64];
    int tokens;     /* of all answers' rounds */
    long long time; /* of the last entry, in seconds since 1970; 0 = not known */
} SessionSummary;

void session_summarize(const SavedChat *chat, SessionSummary *summary);
/* From the end of a session's text alone: its last state. false = there is no whole one in it. */
bool session_summary_from_end(const char *text, size_t bytes, SessionSummary *summary);

/* Either version. On success saved_close it; on failure there is nothing to free. name: for messages. */
int session_from_text(SavedChat *chat, const char *text, size_t bytes, const char *name, Err *err);

int session_save(const char *path, const SavedChat *chat, Err *err);
int session_load(const char *path, SavedChat *chat, Err *err);
void saved_close(SavedChat *chat);

#endif
