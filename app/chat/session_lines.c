/* session_lines.c - sessions as lines: writes them, and reads them up to where they were cut off. See
 * session_file.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/chat/session_parts.h"

/* --- writing --- */

/* Prints a JSON value as a line, and takes the reference. */
static void put_line(FILE *out, json_t *json, bool *failed)
{
    char *line = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (line)
        fprintf(out, "%s\n", line);
    else
        *failed = true;
    free(line);
}

static json_t *round_places(const Entry *entry)
{
    json_t *places = json_array();
    for (int i = 0; i < entry->n_rounds; i++)
        json_array_append_new(places, json_integer((json_int_t)entry->round_at[i]));
    return places;
}

static void put_entry(FILE *out, const Entry *entry, bool *failed)
{
    json_t *json = session_entry_json(entry);
    if (entry->n_rounds > 0) {
        fwrite(entry->rounds, 1, entry->rounds_bytes, out);
        if (json_object_set_new(json, "rounds", round_places(entry)) != 0)
            *failed = true;
    }
    if (entry->dropped && json_object_set_new(json, "dropped", json_true()) != 0)
        *failed = true;
    put_line(out, json, failed);
}

/* Text that a stream has gathered; NULL = out of memory. */
static char *gathered(FILE *out, char **text, bool failed)
{
    failed = ferror(out) || failed;
    if (fclose(out) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

char *session_entry_lines(const SavedChat *chat, int from, int upto)
{
    char *text = NULL;
    size_t bytes = 0;
    bool failed = false;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    for (int i = from; i < upto; i++)
        put_entry(out, &chat->transcript.entries[i], &failed);
    return gathered(out, &text, failed);
}

static json_t *drafting_json(const SavedDrafting *drafting)
{
    json_t *exits = json_array(), *thresholds = json_array();
    for (int i = 0; i < drafting->n_exits; i++) {
        json_array_append_new(exits, json_integer(drafting->exits[i]));
        json_array_append_new(thresholds, json_real((double)drafting->thresholds[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o}", "drafter", drafting->drafter,
                     "tree", drafting->tree, "spec", drafting->spec, "think", drafting->think,
                     "date", drafting->date, "auto", drafting->automatic, "by_hand",
                     drafting->by_hand, "exits", exits, "thresholds", thresholds);
}

/* So much of a text as the buffer holds, in whole characters. */
static void copy_start(const char *text, char *to, size_t room)
{
    size_t n = strnlen(text, room);
    if (n == room) {
        n = room - 1;
        while (n > 0 && (text[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, text, n);
    to[n] = '\0';
}

void session_summarize(const SavedChat *chat, SessionSummary *summary)
{
    EventStats totals;
    int answers, first = transcript_first_question(&chat->transcript);
    memset(summary, 0, sizeof(*summary));
    transcript_totals(&chat->transcript, &totals, &answers);
    if (first >= 0)
        copy_start(chat->transcript.entries[first].text, summary->first, sizeof(summary->first));
    copy_start(chat->target ? chat->target : "", summary->target, sizeof(summary->target));
    summary->tokens = totals.tokens;
    summary->time = chat->time;
}

char *session_state_line(const SavedChat *chat)
{
    char *text = NULL;
    size_t bytes = 0;
    bool failed = false;
    SessionSummary summary;
    const ChatSettings *settings = &chat->settings;
    session_summarize(chat, &summary);
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    put_line(out,
             json_pack("{s:{s:I, s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:{s:f, s:i, s:f, s:i, s:i}, "
                       "s:s?, s:o}}",
                       "state", "time", (json_int_t)chat->time, "first", summary.first, "tokens",
                       summary.tokens, "profile", chat->profile ? chat->profile : "", "target",
                       chat->target ? chat->target : "", "model", chat->model ? chat->model : "",
                       "draft", chat->draft ? chat->draft : "", "vocab", chat->vocab, "settings",
                       "temperature", settings->temperature, "top_k", settings->top_k, "top_p",
                       settings->top_p, "seed", settings->seed, "max_tokens", settings->max_tokens,
                       "system", chat->system, "drafting", drafting_json(&chat->drafting)),
             &failed);
    return gathered(out, &text, failed);
}

char *session_to_lines(const SavedChat *chat)
{
    char *text = NULL;
    char *state = session_state_line(chat);
    char *entries = session_entry_lines(chat, 0, chat->transcript.n);
    if (state && entries &&
        asprintf(&text, "{\"version\":%d}\n%s%s", SESSION_VERSION, entries, state) < 0)
        text = NULL;
    free(state);
    free(entries);
    return text;
}

/* --- reading --- */

/* Lines of rounds that wait for their answer. */
typedef struct Rounds {
    const char *start; /* of the first */
    size_t bytes;      /* of all, newlines included */
    int n;
} Rounds;

/* Sessions from before it came to be have none. */
static int get_younger(const Reader *reader, json_t *json, const char *key, char *to, size_t room)
{
    return json_object_get(json, key) ? session_get_name(reader, json, key, to, room) : 0;
}

static int read_drafting(const Reader *reader, json_t *json, SavedDrafting *drafting)
{
    static const char *const keys[] = {"drafter", "tree",    "spec",  "think",      "date",
                                       "auto",    "by_hand", "exits", "thresholds", NULL};
    memset(drafting, 0, sizeof(*drafting));
    if (session_check_keys(reader, json, keys) != 0 ||
        session_get_name(reader, json, "drafter", drafting->drafter, sizeof(drafting->drafter)) !=
            0 ||
        session_get_name(reader, json, "tree", drafting->tree, sizeof(drafting->tree)) != 0 ||
        session_get_name(reader, json, "spec", drafting->spec, sizeof(drafting->spec)) != 0 ||
        get_younger(reader, json, "think", drafting->think, sizeof(drafting->think)) != 0 ||
        get_younger(reader, json, "date", drafting->date, sizeof(drafting->date)) != 0 ||
        session_get_bool(reader, json, "auto", &drafting->automatic) != 0 ||
        session_get_bool(reader, json, "by_hand", &drafting->by_hand) != 0)
        return -1;
    const json_t *exits = json_object_get(json, "exits");
    const json_t *thresholds = json_object_get(json, "thresholds");
    size_t n = json_array_size(exits);
    if (!json_is_array(exits) || !json_is_array(thresholds) || n > EXITS_MAX ||
        json_array_size(thresholds) != n)
        return session_wrong(reader,
                             "\"exits\" and \"thresholds\" are not two lists of one length");
    for (size_t i = 0; i < n; i++) {
        json_int_t exit = json_integer_value(json_array_get(exits, i));
        double threshold = json_number_value(json_array_get(thresholds, i));
        if (exit < 1 || exit > INT_MAX || !json_is_number(json_array_get(thresholds, i)) ||
            !(threshold >= 0 && threshold <= 1))
            return session_wrong(reader, "exit %zu is no layer with a threshold from 0 to 1",
                                 i + 1);
        drafting->exits[i] = (int)exit;
        drafting->thresholds[i] = (float)threshold;
    }
    drafting->n_exits = (int)n;
    return 0;
}

static int read_state(const Reader *reader, json_t *json, SavedChat *chat)
{
    static const char *const keys[] = {"time",  "first", "tokens",   "profile", "target",   "model",
                                       "draft", "vocab", "settings", "system",  "drafting", NULL};
    json_int_t time;
    int tokens;
    const char *model = json_string_value(json_object_get(json, "model"));
    if (plain_json(json_object_get(json, "system")) != 0)
        return session_no_memory(reader);
    if (session_check_keys(reader, json, keys) != 0 ||
        session_get_int(reader, json, "time", INT64_MAX, &time) != 0 ||
        session_get_count(reader, json, "tokens", &tokens) != 0 ||
        session_read_names(reader, json, chat) != 0 ||
        session_get_count(reader, json, "vocab", &chat->vocab) != 0 ||
        session_read_settings(reader, json_object_get(json, "settings"), &chat->settings) != 0)
        return -1;
    if (!model || !json_is_string(json_object_get(json, "first")))
        return session_wrong(reader, "\"%s\" is not text", model ? "first" : "model");
    chat->time = time;
    free(chat->model);
    chat->model = *model ? strdup(model) : NULL;
    if (*model && !chat->model)
        return session_no_memory(reader);
    return read_drafting(reader, json_object_get(json, "drafting"), &chat->drafting);
}

/* Gives an answer the rounds before it; those that do not fit it are nobody's. */
static int take_rounds(const Reader *reader, Transcript *transcript, const json_t *places,
                       const Rounds *rounds)
{
    Entry *answer = transcript->n ? &transcript->entries[transcript->n - 1] : NULL;
    size_t before = 0;
    if (!answer || answer->kind != ENTRY_ANSWER || json_array_size(places) != (size_t)rounds->n)
        return 0;
    for (int i = 0; i < rounds->n; i++) {
        const json_t *place = json_array_get(places, (size_t)i);
        json_int_t at = json_integer_value(place);
        if (!json_is_integer(place) || at < (json_int_t)before || at > (json_int_t)answer->bytes ||
            (answer->text[at] & 0xC0) == 0x80)
            return 0;
        before = (size_t)at;
    }
    const char *line = rounds->start;
    for (int i = 0; i < rounds->n; i++) {
        size_t n = (size_t)((const char *)memchr(line, '\n', rounds->bytes) - line);
        size_t at = (size_t)json_integer_value(json_array_get(places, (size_t)i));
        if (transcript_put_round(transcript, answer, at, line, n) != 0)
            return session_no_memory(reader);
        line += n + 1;
    }
    return 0;
}

static int read_entry(const Reader *reader, json_t *json, const Rounds *rounds, SavedChat *chat)
{
    bool dropped = false;
    json_t *places = json_incref(json_object_get(json, "rounds"));
    json_object_del(json, "rounds");
    int status =
        json_object_get(json, "dropped") ? session_get_bool(reader, json, "dropped", &dropped) : 0;
    json_object_del(json, "dropped");
    if (status == 0)
        status = session_read_message(reader, &chat->transcript, json);
    if (status == 0) {
        chat->transcript.entries[chat->transcript.n - 1].dropped = dropped;
        status = take_rounds(reader, &chat->transcript, places, rounds);
    }
    json_decref(places);
    return status;
}

static int read_line(const Reader *reader, json_t *json, const Rounds *rounds, SavedChat *chat)
{
    json_t *state = json_object_get(json, "state");
    if (!state)
        return read_entry(reader, json, rounds, chat);
    if (json_object_size(json) != 1)
        return session_wrong(reader, "a state has keys beside it");
    return read_state(reader, state, chat);
}

static bool is_round(const char *line, size_t bytes)
{
    static const char begins[] = "{\"v\":";
    return bytes >= sizeof(begins) - 1 && memcmp(line, begins, sizeof(begins) - 1) == 0 &&
           !memchr(line, '\0', bytes);
}

/* What a file that was cut off before its first state lacks. */
static int fill_in(const Reader *reader, SavedChat *chat)
{
    char **const names[] = {&chat->profile, &chat->target, &chat->draft};
    for (int i = 0; i < 3; i++) {
        if (!*names[i] && !(*names[i] = strdup("")))
            return session_no_memory(reader);
    }
    return 0;
}

int session_read_lines(Reader *reader, const char *text, size_t bytes, SavedChat *chat)
{
    Rounds rounds = {0};
    int number = 1, broken = 0; /* the first line that is none */
    const char *end = text + bytes;
    reader->unit = "line";
    for (const char *line = text, *next; line < end; line = next) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((newline ? newline : end) - line);
        next = newline ? newline + 1 : end;
        number++;
        chat->rewrite = chat->rewrite || !newline;
        if (is_round(line, n)) {
            if (rounds.n == 0)
                rounds.start = line;
            rounds.bytes = (size_t)(next - rounds.start);
            rounds.n++;
            continue;
        }
        json_t *json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
        reader->number = json && broken ? broken : number;
        int status = !json    ? 0
                     : broken ? session_wrong(reader, "it is damaged: no JSON object")
                              : read_line(reader, json, &rounds, chat);
        broken = broken || json ? broken : number;
        json_decref(json);
        if (status != 0)
            return -1;
        rounds = (Rounds){0};
    }
    chat->rewrite = chat->rewrite || broken || rounds.n > 0;
    transcript_trim_rounds(&chat->transcript);
    return fill_in(reader, chat);
}

bool session_summary_from_end(const char *text, size_t bytes, SessionSummary *summary)
{
    static const char begins[] = "\n{\"state\":";
    const char *last = NULL;
    for (const char *at = text;
         (at = memmem(at, (size_t)(text + bytes - at), begins, sizeof(begins) - 1)) != NULL; at++)
        last = memchr(at + 1, '\n', (size_t)(text + bytes - at - 1)) ? at + 1 : last;
    if (!last)
        return false;
    size_t n = (size_t)((const char *)memchr(last, '\n', (size_t)(text + bytes - last)) - last);
    json_t *json = json_loadb(last, n, 0, NULL), *state = json_object_get(json, "state");
    const char *first = json_string_value(json_object_get(state, "first"));
    const char *target = json_string_value(json_object_get(state, "target"));
    json_int_t tokens = json_integer_value(json_object_get(state, "tokens"));
    bool good = first && target && tokens >= 0 && tokens <= INT_MAX;
    memset(summary, 0, sizeof(*summary));
    if (good) {
        copy_start(first, summary->first, sizeof(summary->first));
        copy_start(target, summary->target, sizeof(summary->target));
        summary->tokens = (int)tokens;
        summary->time = json_integer_value(json_object_get(state, "time"));
    }
    json_decref(json);
    return good;
}
