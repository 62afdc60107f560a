/* session_file.c - names and writes sessions; session_read.c reads them. See session_file.h. */
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

static json_t *totals_to_json(const EventStats *t)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
                     "tokens", t->tokens, "rounds", t->rounds, "drafted", t->drafted, "accepted",
                     t->accepted, "plain_tokens_per_s", (double)t->plain_tokens_per_s,
                     "plain_rounds", t->plain_rounds, "mat", (double)t->mat, "tokens_per_s",
                     (double)t->tokens_per_s, "draft_ms", t->draft_ms, "verify_ms", t->verify_ms,
                     "accept_ms", t->accept_ms, "other_ms", t->other_ms, "prefill_ms",
                     t->prefill_ms, "draft_prefill_ms", t->draft_prefill_ms);
}

json_t *session_entry_json(const Entry *entry)
{
    static const char *const roles[] = {
        [ENTRY_USER] = "user", [ENTRY_ANSWER] = "assistant", [ENTRY_NOTE] = "note"};
    if (entry->kind != ENTRY_ANSWER)
        return json_pack("{s:s, s:s}", "role", roles[entry->kind], "text", entry->text);
    json_t *pieces = json_array();
    for (int i = 0; i < entry->n_runs; i++) {
        json_t *piece =
            json_pack("[I, i]", (json_int_t)entry->runs[i].bytes, entry->runs[i].source);
        if (json_array_append_new(pieces, piece) != 0) {
            json_decref(pieces);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:o, s:o}", "role", roles[entry->kind], "text",
                     entry->text, "target", entry->target, "seed", (json_int_t)entry->seed,
                     "reason", entry->reason[0] ? entry->reason : "stopped", "pieces", pieces,
                     "totals", totals_to_json(&entry->totals));
}

char *session_to_text(const SavedChat *chat)
{
    json_t *messages = json_array();
    for (int i = 0; i < chat->transcript.n; i++) {
        if (json_array_append_new(messages, session_entry_json(&chat->transcript.entries[i])) !=
            0) {
            json_decref(messages);
            return NULL;
        }
    }
    const ChatSettings *settings = &chat->settings;
    json_t *all = json_pack("{s:i, s:s, s:s, s:s, s:i, s:{s:f, s:i, s:f, s:i, s:i}, s:s?, s:o}",
                            "version", SESSION_DOCUMENT, "profile", chat->profile, "target",
                            chat->target, "draft", chat->draft, "vocab", chat->vocab, "settings",
                            "temperature", settings->temperature, "top_k", settings->top_k, "top_p",
                            settings->top_p, "seed", settings->seed, "max_tokens",
                            settings->max_tokens, "system", chat->system, "messages", messages);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(all);
    return text;
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
