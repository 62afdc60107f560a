/* session_write.c - messages, and whole sessions of version 1, as JSON. See session_file.h. */
#include "app/chat/session_parts.h"

static json_t *totals_to_json(const EventStats *t)
{
    return json_pack(
        "{s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:i, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:f, "
        "s:f, s:f}",
        "tokens", t->tokens, "rounds", t->rounds, "drafted", t->drafted, "accepted", t->accepted,
        "gain", (double)t->gain, "gain_low", (double)t->gain_low, "gain_high", (double)t->gain_high,
        "plain_age", t->plain_age, "plain_tokens_per_s", (double)t->plain_tokens_per_s,
        "plain_rounds", t->plain_rounds, "mat", (double)t->mat, "tokens_per_s",
        (double)t->tokens_per_s, "draft_ms", t->draft_ms, "verify_ms", t->verify_ms, "accept_ms",
        t->accept_ms, "other_ms", t->other_ms, "prefill_ms", t->prefill_ms, "draft_prefill_ms",
        t->draft_prefill_ms);
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
