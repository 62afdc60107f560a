/* session_read.c - reads the parts of sessions, believing nothing in them; the lines are read by
 * session_lines.c. See session_file.h.
 *
 * jansson checks syntax, UTF-8 and nesting. Here: every key is there, none besides, and each value
 * has its type and range; what is wrong is named by message and key.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/chat/session_parts.h"

int session_wrong(const Reader *reader, const char *format, ...)
{
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (reader->number)
        return err_set(reader->err, EXIT_DATA, "%s: %s %d: %s", reader->name, reader->unit,
                       reader->number, what);
    return err_set(reader->err, EXIT_DATA, "%s: %s", reader->name, what);
}

int session_no_memory(const Reader *reader)
{
    return err_set(reader->err, EXIT_MEMORY, "%s: not enough memory for it", reader->name);
}

int session_check_keys(const Reader *reader, json_t *json, const char *const *keys)
{
    size_t n = 0;
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return session_wrong(reader, "an object was expected with \"%s\" in it", keys[0]);
    for (; keys[n]; n++) {
        if (!json_object_get(json, keys[n]))
            return session_wrong(reader, "\"%s\" is missing", keys[n]);
    }
    if (json_object_size(json) == n)
        return 0;
    json_object_foreach(json, key, value)
    {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return session_wrong(reader, "\"%.40s\" is not known", key);
    }
    return 0;
}

int session_get_int(const Reader *reader, json_t *json, const char *key, json_int_t most,
                    json_int_t *value)
{
    json_t *number = json_object_get(json, key);
    *value = json_integer_value(number);
    if (!json_is_integer(number) || *value < 0 || *value > most)
        return session_wrong(reader, "\"%s\" is not a whole number from 0 to %lld", key,
                             (long long)most);
    return 0;
}

int session_get_count(const Reader *reader, json_t *json, const char *key, int *value)
{
    json_int_t number;
    if (session_get_int(reader, json, key, INT32_MAX, &number) != 0)
        return -1;
    *value = (int)number;
    return 0;
}

int session_get_bool(const Reader *reader, json_t *json, const char *key, bool *value)
{
    json_t *boolean = json_object_get(json, key);
    *value = json_is_true(boolean);
    return json_is_boolean(boolean) ? 0 : session_wrong(reader, "\"%s\" is no truth value", key);
}

static int get_number(const Reader *reader, json_t *json, const char *key, double most,
                      double *value)
{
    json_t *number = json_object_get(json, key);
    *value = json_number_value(number);
    if (!json_is_number(number) || !(*value >= 0 && *value <= most))
        return session_wrong(reader, "\"%s\" is not a number from 0 to %g", key, most);
    return 0;
}

static int get_float(const Reader *reader, json_t *json, const char *key, float *value)
{
    double number;
    if (get_number(reader, json, key, 1e12, &number) != 0)
        return -1;
    *value = (float)number;
    return 0;
}

static int get_text(const Reader *reader, json_t *json, const char *key, const char **text)
{
    *text = json_string_value(json_object_get(json, key));
    return *text ? 0 : session_wrong(reader, "\"%s\" is not text", key);
}

int session_get_name(const Reader *reader, json_t *json, const char *key, char *to, size_t room)
{
    const char *text;
    if (get_text(reader, json, key, &text) != 0)
        return -1;
    if (strlen(text) >= room)
        return session_wrong(reader, "\"%s\" is too long", key);
    strcpy(to, text);
    return 0;
}

static int read_totals(const Reader *reader, json_t *json, EventStats *t)
{
    static const char *const keys[] = {"tokens",
                                       "rounds",
                                       "drafted",
                                       "accepted",
                                       "mat",
                                       "tokens_per_s",
                                       "plain_rounds",
                                       "plain_tokens_per_s",
                                       "draft_ms",
                                       "verify_ms",
                                       "accept_ms",
                                       "other_ms",
                                       "prefill_ms",
                                       "draft_prefill_ms",
                                       "gain",
                                       "gain_low",
                                       "gain_high",
                                       "plain_age",
                                       NULL};
    int *const counts[] = {&t->tokens, &t->rounds, &t->drafted, &t->accepted};
    double *const times[] = {&t->draft_ms, &t->verify_ms,  &t->accept_ms,
                             &t->other_ms, &t->prefill_ms, &t->draft_prefill_ms};
    float *const gains[] = {&t->gain, &t->gain_low, &t->gain_high};
    bool older = json_is_object(json) && !json_object_get(json, "gain");
    for (int i = 14; older && keys[i]; i++) /* a session from before gains were kept */
        json_object_set_new(json, keys[i], json_integer(0));
    if (session_check_keys(reader, json, keys) != 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        if (get_float(reader, json, keys[14 + i], gains[i]) != 0)
            return -1;
    }
    for (int i = 0; i < 4; i++) {
        if (session_get_count(reader, json, keys[i], counts[i]) != 0)
            return -1;
    }
    for (int i = 0; i < 6; i++) {
        if (get_number(reader, json, keys[8 + i], 1e12, times[i]) != 0)
            return -1;
    }
    if (get_float(reader, json, "mat", &t->mat) != 0 ||
        get_float(reader, json, "tokens_per_s", &t->tokens_per_s) != 0 ||
        get_float(reader, json, "plain_tokens_per_s", &t->plain_tokens_per_s) != 0)
        return -1;
    if (session_get_count(reader, json, "plain_age", &t->plain_age) != 0)
        return -1;
    return session_get_count(reader, json, "plain_rounds", &t->plain_rounds);
}

/* Appends text piece by piece; a piece ends where a character ends. part has room for the text. */
static int read_pieces(const Reader *reader, Transcript *transcript, const char *text,
                       json_t *pieces, char *part)
{
    const char *at = text;
    size_t left = strlen(text), i;
    json_t *piece;
    if (!json_is_array(pieces))
        return session_wrong(reader, "\"pieces\" is not a list");
    json_array_foreach(pieces, i, piece)
    {
        json_int_t bytes, source;
        if (json_unpack(piece, "[I, I !]", &bytes, &source) != 0 || bytes < 1 ||
            (size_t)bytes > left || (at[bytes] & 0xC0) == 0x80)
            return session_wrong(
                reader, "\"pieces\": number %zu is not [bytes, source] of the text", i + 1);
        if (source < -1 || source > UINT16_MAX)
            return session_wrong(reader, "\"pieces\": number %zu has an impossible source", i + 1);
        memcpy(part, at, bytes);
        part[bytes] = '\0';
        at += bytes;
        left -= bytes;
        if (transcript_append(transcript, part, (int)source) != 0)
            return session_no_memory(reader);
    }
    return left == 0 ? 0 : session_wrong(reader, "\"pieces\" end before the text does");
}

static int read_answer(const Reader *reader, Transcript *transcript, json_t *json)
{
    static const char *const keys[] = {"role",   "text",   "target", "seed",
                                       "reason", "pieces", "totals", NULL};
    const char *text;
    json_int_t seed;
    if (session_check_keys(reader, json, keys) != 0 || get_text(reader, json, "text", &text) != 0 ||
        session_get_int(reader, json, "seed", UINT32_MAX, &seed) != 0)
        return -1;
    Entry *entry = transcript_add(transcript, ENTRY_ANSWER, "");
    char *part = malloc(strlen(text) + 1);
    int status = entry && part ? 0 : session_no_memory(reader);
    if (status == 0) {
        entry->seed = (uint32_t)seed;
        if (session_get_name(reader, json, "target", entry->target, sizeof(entry->target)) != 0 ||
            session_get_name(reader, json, "reason", entry->reason, sizeof(entry->reason)) != 0 ||
            read_totals(reader, json_object_get(json, "totals"), &entry->totals) != 0)
            status = -1;
    }
    if (status == 0)
        status = read_pieces(reader, transcript, text, json_object_get(json, "pieces"), part);
    free(part);
    return status;
}

int session_read_message(const Reader *reader, Transcript *transcript, json_t *json)
{
    static const char *const keys[] = {"role", "text", NULL};
    const char *role = json_string_value(json_object_get(json, "role"));
    const char *text;
    bool user = role && strcmp(role, "user") == 0;
    if (role && strcmp(role, "assistant") == 0)
        return read_answer(reader, transcript, json);
    if (!user && (!role || strcmp(role, "note") != 0))
        return session_wrong(reader, "\"role\" is none of user, assistant, note");
    /* What a model wrote stays as it is: only a person's text came from elsewhere. */
    if (plain_json(json) != 0)
        return session_no_memory(reader);
    if (session_check_keys(reader, json, keys) != 0 || get_text(reader, json, "text", &text) != 0)
        return -1;
    if (!transcript_add(transcript, user ? ENTRY_USER : ENTRY_NOTE, text))
        return session_no_memory(reader);
    return 0;
}

int session_read_settings(const Reader *reader, json_t *json, ChatSettings *settings)
{
    static const char *const keys[] = {"temperature", "top_k", "top_p", "seed", "max_tokens", NULL};
    if (session_check_keys(reader, json, keys) != 0 ||
        get_number(reader, json, "temperature", 10, &settings->temperature) != 0 ||
        session_get_count(reader, json, "top_k", &settings->top_k) != 0 ||
        get_number(reader, json, "top_p", 1, &settings->top_p) != 0 ||
        session_get_count(reader, json, "seed", &settings->seed) != 0)
        return -1;
    return session_get_count(reader, json, "max_tokens", &settings->max_tokens);
}

int session_read_names(const Reader *reader, json_t *json, SavedChat *chat)
{
    char **const names[] = {&chat->profile, &chat->target, &chat->draft, &chat->system};
    static const char *const keys[] = {"profile", "target", "draft", "system"};
    for (int i = 0; i < 4; i++) {
        const char *text;
        if (i == 3 && json_is_null(json_object_get(json, "system"))) {
            free(chat->system);
            chat->system = NULL;
            return 0;
        }
        if (get_text(reader, json, keys[i], &text) != 0)
            return -1;
        free(*names[i]);
        *names[i] = strdup(text);
        if (!*names[i])
            return session_no_memory(reader);
    }
    return 0;
}

int session_read_document(Reader *reader, json_t *json, SavedChat *chat)
{
    static const char *const keys[] = {"version",  "profile", "target",   "draft", "vocab",
                                       "settings", "system",  "messages", NULL};
    json_t *version = json_object_get(json, "version"), *message;
    json_t *messages = json_object_get(json, "messages");
    size_t i;
    if (!json_is_integer(version))
        return session_wrong(reader, "it has no \"version\" number; is it a session of s2d?");
    if (json_integer_value(version) > SESSION_DOCUMENT)
        return session_wrong(reader,
                             "a later s2d wrote it, or its lines are damaged: this one reads "
                             "versions up to %d",
                             SESSION_VERSION);
    if (json_integer_value(version) != SESSION_DOCUMENT)
        return session_wrong(reader, "there never was such a \"version\"");
    if (plain_json(json_object_get(json, "system")) != 0)
        return session_no_memory(reader);
    if (session_check_keys(reader, json, keys) != 0 ||
        session_read_names(reader, json, chat) != 0 ||
        session_get_count(reader, json, "vocab", &chat->vocab) != 0 ||
        session_read_settings(reader, json_object_get(json, "settings"), &chat->settings) != 0)
        return -1;
    if (!json_is_array(messages))
        return session_wrong(reader, "\"messages\" is not a list");
    json_array_foreach(messages, i, message)
    {
        reader->number = (int)i + 1;
        if (session_read_message(reader, &chat->transcript, message) != 0)
            return -1;
    }
    return 0;
}

void saved_close(SavedChat *chat)
{
    free(chat->profile);
    free(chat->target);
    free(chat->draft);
    free(chat->model);
    free(chat->system);
    transcript_close(&chat->transcript);
    memset(chat, 0, sizeof(*chat));
}
