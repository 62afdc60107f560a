/* session_file.c - see session_file.h. jansson checks syntax, UTF-8 and nesting; the ranges and how
 * the parts fit together are checked here. */
#include "session_file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "save_file.h"

static const char *const roles[] = {
    [ENTRY_USER] = "user", [ENTRY_ANSWER] = "assistant", [ENTRY_NOTE] = "note"};

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

/* Writing. */

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

static json_t *entry_to_json(const Entry *entry)
{
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
        if (json_array_append_new(messages, entry_to_json(&chat->transcript.entries[i])) != 0) {
            json_decref(messages);
            return NULL;
        }
    }
    const ChatSettings *settings = &chat->settings;
    json_t *all = json_pack("{s:i, s:s, s:s, s:s, s:i, s:{s:f, s:i, s:f, s:i, s:i}, s:s?, s:o}",
                            "version", SESSION_VERSION, "profile", chat->profile, "target",
                            chat->target, "draft", chat->draft, "vocab", chat->vocab, "settings",
                            "temperature", settings->temperature, "top_k", settings->top_k, "top_p",
                            settings->top_p, "seed", settings->seed, "max_tokens",
                            settings->max_tokens, "system", chat->system, "messages", messages);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(all);
    return text;
}

/* Reading. */

typedef struct Reader {
    const char *name; /* of the file */
    int message;      /* its number, 1 ..., 0 = outside */
    Err *err;
} Reader;

static int wrong(const Reader *reader, const char *what)
{
    if (reader->message)
        return err_set(reader->err, EXIT_DATA, "%s: message %d: %s", reader->name, reader->message,
                       what);
    return err_set(reader->err, EXIT_DATA, "%s: %s", reader->name, what);
}

/* A finite number that fits an int and is not negative. */
static bool is_count(json_int_t n)
{
    return n >= 0 && n <= INT32_MAX;
}

static int totals_from_json(const Reader *reader, json_t *json, EventStats *t)
{
    json_error_t error;
    double mat, speed, plain;
    double *const times[] = {&mat,         &speed,         &plain,
                             &t->draft_ms, &t->verify_ms,  &t->accept_ms,
                             &t->other_ms, &t->prefill_ms, &t->draft_prefill_ms};
    json_int_t tokens, rounds, drafted, accepted, plain_rounds;
    if (json_unpack_ex(json, &error, 0,
                       "{s:I, s:I, s:I, s:I, s:F, s:I, s:F, s:F, s:F, s:F, s:F, s:F, s:F, s:F !}",
                       "tokens", &tokens, "rounds", &rounds, "drafted", &drafted, "accepted",
                       &accepted, "plain_tokens_per_s", &plain, "plain_rounds", &plain_rounds,
                       "mat", &mat, "tokens_per_s", &speed, "draft_ms", &t->draft_ms, "verify_ms",
                       &t->verify_ms, "accept_ms", &t->accept_ms, "other_ms", &t->other_ms,
                       "prefill_ms", &t->prefill_ms, "draft_prefill_ms", &t->draft_prefill_ms) != 0)
        return wrong(reader, error.text);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (!(*times[i] >= 0 && *times[i] < 1e12))
            return wrong(reader, "a figure in \"totals\" is out of range");
    }
    if (!is_count(tokens) || !is_count(rounds) || !is_count(drafted) || !is_count(accepted) ||
        !is_count(plain_rounds))
        return wrong(reader, "a count in \"totals\" is out of range");
    t->tokens = (int)tokens;
    t->rounds = (int)rounds;
    t->drafted = (int)drafted;
    t->accepted = (int)accepted;
    t->plain_rounds = (int)plain_rounds;
    t->mat = (float)mat;
    t->tokens_per_s = (float)speed;
    t->plain_tokens_per_s = (float)plain;
    return 0;
}

/* Appends text piece by piece; a piece ends where a character ends. */
static int pieces_from_json(const Reader *reader, Transcript *transcript, const char *text,
                            json_t *pieces)
{
    size_t left = strlen(text);
    size_t i;
    json_t *piece;
    if (!json_is_array(pieces))
        return wrong(reader, "\"pieces\" is no list");
    char *part = malloc(left + 1);
    int status = part ? 0 : err_set(reader->err, EXIT_MEMORY, "%s: no memory", reader->name);
    json_array_foreach(pieces, i, piece)
    {
        json_int_t bytes, source;
        if (status != 0)
            break;
        if (json_unpack(piece, "[I, I !]", &bytes, &source) != 0 || bytes < 1 ||
            (size_t)bytes > left || source < -1 || source > 4096 || (text[bytes] & 0xC0) == 0x80) {
            status = wrong(reader, "a piece is not [bytes, source] of its text");
            break;
        }
        memcpy(part, text, bytes);
        part[bytes] = '\0';
        text += bytes;
        left -= bytes;
        if (transcript_append(transcript, part, (int)source) != 0)
            status = err_set(reader->err, EXIT_MEMORY, "%s: no memory", reader->name);
    }
    free(part);
    if (status == 0 && left > 0)
        status = wrong(reader, "its pieces end before its text does");
    return status;
}

static int copy_name(const Reader *reader, char *to, size_t room, const char *from, const char *key)
{
    if (strlen(from) >= room) {
        char what[64];
        snprintf(what, sizeof(what), "\"%s\" is too long", key);
        return wrong(reader, what);
    }
    strcpy(to, from);
    return 0;
}

static int message_from_json(const Reader *reader, Transcript *transcript, json_t *json)
{
    json_error_t error;
    const char *role = json_string_value(json_object_get(json, "role"));
    const char *text = NULL, *target, *reason;
    json_t *pieces, *totals;
    json_int_t seed;
    EntryKind kind = ENTRY_USER;
    while (role && kind <= ENTRY_NOTE && strcmp(role, roles[kind]) != 0)
        kind++;
    if (!role || kind > ENTRY_NOTE)
        return wrong(reader, "\"role\" is none of user, assistant, note");
    if (kind != ENTRY_ANSWER) {
        if (json_unpack_ex(json, &error, 0, "{s:s, s:s !}", "role", &role, "text", &text) != 0)
            return wrong(reader, error.text);
        if (!transcript_add(transcript, kind, text))
            return err_set(reader->err, EXIT_MEMORY, "%s: no memory", reader->name);
        return 0;
    }
    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:s, s:I, s:s, s:o, s:o !}", "role", &role,
                       "text", &text, "target", &target, "seed", &seed, "reason", &reason, "pieces",
                       &pieces, "totals", &totals) != 0)
        return wrong(reader, error.text);
    if (seed < 0 || seed > UINT32_MAX)
        return wrong(reader, "\"seed\" is out of range");
    Entry *entry = transcript_add(transcript, kind, "");
    if (!entry)
        return err_set(reader->err, EXIT_MEMORY, "%s: no memory", reader->name);
    entry->seed = (uint32_t)seed;
    if (copy_name(reader, entry->target, sizeof(entry->target), target, "target") != 0 ||
        copy_name(reader, entry->reason, sizeof(entry->reason), reason, "reason") != 0 ||
        totals_from_json(reader, totals, &entry->totals) != 0)
        return -1;
    return pieces_from_json(reader, transcript, text, pieces);
}

static int settings_from_json(const Reader *reader, json_t *json, ChatSettings *settings)
{
    json_error_t error;
    json_int_t top_k, seed, max_tokens;
    if (json_unpack_ex(json, &error, 0, "{s:F, s:I, s:F, s:I, s:I !}", "temperature",
                       &settings->temperature, "top_k", &top_k, "top_p", &settings->top_p, "seed",
                       &seed, "max_tokens", &max_tokens) != 0)
        return wrong(reader, error.text);
    if (!(settings->temperature >= 0 && settings->temperature <= 10) ||
        !(settings->top_p >= 0 && settings->top_p <= 1) || !is_count(top_k) || !is_count(seed) ||
        !is_count(max_tokens))
        return wrong(reader, "a number in \"settings\" is out of range");
    settings->top_k = (int)top_k;
    settings->seed = (int)seed;
    settings->max_tokens = (int)max_tokens;
    return 0;
}

static int chat_from_json(Reader *reader, json_t *json, SavedChat *chat)
{
    json_error_t error;
    const char *profile, *target, *draft;
    json_int_t version, vocab;
    json_t *settings, *messages, *message, *system;
    if (json_unpack(json, "{s:I}", "version", &version) != 0)
        return wrong(reader, "no session of s2d: it has no \"version\"");
    if (version != SESSION_VERSION)
        return wrong(reader, version > SESSION_VERSION
                                 ? "written by a later s2d; this one reads version 1"
                                 : "its version is none that there ever was");
    if (json_unpack_ex(json, &error, 0, "{s:I, s:s, s:s, s:s, s:I, s:o, s:o, s:o !}", "version",
                       &version, "profile", &profile, "target", &target, "draft", &draft, "vocab",
                       &vocab, "settings", &settings, "system", &system, "messages",
                       &messages) != 0)
        return wrong(reader, error.text);
    if (!is_count(vocab))
        return wrong(reader, "\"vocab\" is out of range");
    if (!json_is_array(messages))
        return wrong(reader, "\"messages\" is no list");
    if (!json_is_string(system) && !json_is_null(system))
        return wrong(reader, "\"system\" is neither text nor null");
    if (settings_from_json(reader, settings, &chat->settings) != 0)
        return -1;
    chat->vocab = (int)vocab;
    chat->profile = strdup(profile);
    chat->target = strdup(target);
    chat->draft = strdup(draft);
    chat->system = json_is_string(system) ? strdup(json_string_value(system)) : NULL;
    if (!chat->profile || !chat->target || !chat->draft ||
        (json_is_string(system) && !chat->system))
        return err_set(reader->err, EXIT_MEMORY, "%s: no memory", reader->name);
    size_t i;
    json_array_foreach(messages, i, message)
    {
        reader->message = (int)i + 1;
        if (message_from_json(reader, &chat->transcript, message) != 0)
            return -1;
    }
    return 0;
}

int session_from_text(SavedChat *chat, const char *text, size_t bytes, const char *name, Err *err)
{
    json_error_t error;
    Reader reader = {name, 0, err};
    memset(chat, 0, sizeof(*chat));
    json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return err_set(err, EXIT_DATA, "%s: line %d: %s", name, error.line, error.text);
    int status = chat_from_json(&reader, json, chat);
    json_decref(json);
    if (status != 0)
        saved_close(chat);
    return status;
}

int session_save(const char *path, const SavedChat *chat, Err *err)
{
    char *text = session_to_text(chat);
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

void saved_close(SavedChat *chat)
{
    free(chat->profile);
    free(chat->target);
    free(chat->draft);
    free(chat->system);
    transcript_close(&chat->transcript);
    memset(chat, 0, sizeof(*chat));
}
