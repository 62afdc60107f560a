/* transcript.c - see transcript.h. Arrays grow by doubling; a failed growth changes nothing. */
#include "app/chat/transcript.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* Makes room for at least `wanted` elements in *array. */
static int grow(void **array, size_t *room, size_t wanted, size_t element)
{
    if (wanted <= *room)
        return 0;
    size_t next = *room ? *room : 8;
    while (next < wanted)
        next *= 2;
    void *larger = realloc(*array, next * element);
    if (!larger)
        return -1;
    *array = larger;
    *room = next;
    return 0;
}

char *utf8_copy(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t bytes = strlen(text);
    char *copy = malloc(bytes * 3 + 1); /* each byte becomes three at most */
    if (!copy)
        return NULL;
    size_t used = 0;
    for (size_t at = 0; at < bytes;) {
        ucs4_t character;
        int length = u8_mbtoucr(&character, (const uint8_t *)text + at, bytes - at);
        if (length > 0) {
            memcpy(copy + used, text + at, length);
            used += length;
            at += length;
        } else {
            memcpy(copy + used, replacement, 3);
            used += 3;
            at++;
        }
    }
    copy[used] = '\0';
    char *exact = realloc(copy, used + 1);
    return exact ? exact : copy;
}

static void clear_rounds(Transcript *transcript, Entry *entry)
{
    transcript->rounds_bytes -= entry->rounds_bytes;
    free(entry->rounds);
    free(entry->round_at);
    entry->rounds = NULL;
    entry->round_at = NULL;
    entry->rounds_bytes = entry->rounds_room = 0;
    entry->n_rounds = entry->room_rounds = 0;
}

static void entry_clear(Transcript *transcript, Entry *entry)
{
    clear_rounds(transcript, entry);
    free(entry->text);
    free(entry->runs);
    memset(entry, 0, sizeof(*entry));
}

Entry *transcript_add(Transcript *transcript, EntryKind kind, const char *text)
{
    size_t room = transcript->room;
    char *copy = utf8_copy(text);
    if (!copy ||
        grow((void **)&transcript->entries, &room, transcript->n + 1, sizeof(Entry)) != 0) {
        free(copy);
        return NULL;
    }
    transcript->room = (int)room;
    Entry *entry = &transcript->entries[transcript->n++];
    memset(entry, 0, sizeof(*entry));
    entry->kind = kind;
    entry->text = copy;
    entry->bytes = strlen(copy);
    entry->room = entry->bytes + 1;
    return entry;
}

Entry *transcript_answer(const Transcript *transcript)
{
    for (int i = transcript->n - 1; i >= 0; i--) {
        if (transcript->entries[i].kind == ENTRY_ANSWER)
            return &transcript->entries[i];
    }
    return NULL;
}

int transcript_append(Transcript *transcript, const char *text, int source)
{
    Entry *entry = transcript_answer(transcript);
    size_t more = strlen(text);
    if (!entry)
        return -1;
    if (more == 0)
        return 0;
    size_t room_runs = entry->room_runs;
    if (grow((void **)&entry->text, &entry->room, entry->bytes + more + 1, 1) != 0 ||
        grow((void **)&entry->runs, &room_runs, entry->n_runs + 1, sizeof(TextRun)) != 0)
        return -1;
    entry->room_runs = (int)room_runs;
    memcpy(entry->text + entry->bytes, text, more + 1);
    entry->bytes += more;
    if (entry->n_runs == 0 || entry->runs[entry->n_runs - 1].source != source)
        entry->runs[entry->n_runs++] = (TextRun){0, source};
    entry->runs[entry->n_runs - 1].bytes += more;
    return 0;
}

int transcript_switch(Transcript *transcript, const char *note)
{
    Entry *before = transcript_answer(transcript);
    if (!before)
        return -1;
    uint32_t seed = before->seed;
    int index = (int)(before - transcript->entries);
    if (!transcript_add(transcript, ENTRY_NOTE, note))
        return -1;
    Entry *entry = transcript_add(transcript, ENTRY_ANSWER, "");
    if (!entry)
        return -1;
    entry->seed = seed;
    strcpy(transcript->entries[index].reason, "switched");
    return 0;
}

int transcript_put_round(Transcript *transcript, Entry *entry, size_t at, const char *line,
                         size_t bytes)
{
    size_t room = entry->room_rounds;
    if (grow((void **)&entry->round_at, &room, entry->n_rounds + 1, sizeof(size_t)) != 0)
        return -1;
    entry->room_rounds = (int)room;
    if (grow((void **)&entry->rounds, &entry->rounds_room, entry->rounds_bytes + bytes + 1, 1) != 0)
        return -1;
    memcpy(entry->rounds + entry->rounds_bytes, line, bytes);
    entry->rounds[entry->rounds_bytes + bytes] = '\n';
    entry->rounds_bytes += bytes + 1;
    transcript->rounds_bytes += bytes + 1;
    entry->round_at[entry->n_rounds++] = at;
    return 0;
}

int transcript_add_round(Transcript *transcript, const char *line)
{
    Entry *entry = transcript_answer(transcript);
    return entry ? transcript_put_round(transcript, entry, entry->bytes, line, strlen(line)) : -1;
}

void transcript_trim_rounds(Transcript *transcript)
{
    for (int i = 0; i < transcript->n && transcript->rounds_bytes > TRANSCRIPT_ROUNDS; i++) {
        transcript->rounds_lost += transcript->entries[i].rounds_bytes;
        clear_rounds(transcript, &transcript->entries[i]);
    }
}

int transcript_last_question(const Transcript *transcript)
{
    int i = transcript->n - 1;
    while (i >= 0 && transcript->entries[i].kind != ENTRY_USER)
        i--;
    return i;
}

int transcript_first_question(const Transcript *transcript)
{
    for (int i = 0; i < transcript->n; i++) {
        if (transcript->entries[i].kind == ENTRY_USER)
            return i;
    }
    return -1;
}

int transcript_question(const Transcript *transcript, int number)
{
    for (int i = 0; i < transcript->n; i++)
        if (transcript->entries[i].kind == ENTRY_USER && --number == 0)
            return i;
    return -1;
}

int transcript_split(Transcript *transcript, int from, Transcript *rest)
{
    int n = transcript->n - from;
    *rest = (Transcript){0};
    if (n <= 0)
        return 0;
    rest->entries = malloc(n * sizeof(Entry));
    if (!rest->entries)
        return -1;
    memcpy(rest->entries, transcript->entries + from, n * sizeof(Entry));
    rest->n = rest->room = n;
    transcript->n = from;
    for (int i = 0; i < n; i++)
        rest->rounds_bytes += rest->entries[i].rounds_bytes;
    transcript->rounds_bytes -= rest->rounds_bytes;
    return 0;
}

void transcript_join(Transcript *transcript, Transcript *rest)
{
    assert(transcript->n + rest->n <= transcript->room);
    if (rest->n > 0)
        memcpy(transcript->entries + transcript->n, rest->entries, rest->n * sizeof(Entry));
    transcript->n += rest->n;
    transcript->rounds_bytes += rest->rounds_bytes;
    rest->n = 0;
    transcript_close(rest);
}

void transcript_cut(Transcript *transcript, int from, int upto)
{
    assert(from >= 0 && from <= upto && upto <= transcript->n);
    for (int i = from; i < upto; i++)
        entry_clear(transcript, &transcript->entries[i]);
    if (transcript->n > upto)
        memmove(&transcript->entries[from], &transcript->entries[upto],
                (transcript->n - upto) * sizeof(Entry));
    transcript->n -= upto - from;
}

bool transcript_continues(const Transcript *transcript, int index)
{
    if (transcript->entries[index].kind != ENTRY_ANSWER)
        return false;
    int i = index - 1;
    while (i >= 0 && transcript->entries[i].kind == ENTRY_NOTE)
        i--;
    return i >= 0 && transcript->entries[i].kind == ENTRY_ANSWER;
}

int transcript_drop_oldest(Transcript *transcript)
{
    int first = 0;
    while (first < transcript->n &&
           (transcript->entries[first].kind != ENTRY_USER || transcript->entries[first].dropped))
        first++;
    int next = first + 1;
    while (next < transcript->n && transcript->entries[next].kind != ENTRY_USER)
        next++;
    if (next >= transcript->n)
        return -1;
    for (int i = first; i < next; i++)
        transcript->entries[i].dropped = true;
    return first;
}

/* "first\n\nsecond" in place of first; the two are then one message. */
static int join(Message *message, const char *between, const char *more)
{
    size_t before = strlen(message->text);
    char *joined = realloc((char *)message->text, before + strlen(between) + strlen(more) + 1);
    if (!joined)
        return -1;
    strcpy(joined + before, between);
    strcat(joined + before, more);
    message->text = joined;
    return 0;
}

int transcript_messages(const Transcript *transcript, const char *system, Message **messages)
{
    Message *list = calloc(transcript->n + 1, sizeof(*list));
    int n = 0;
    if (!list)
        return -1;
    if (system)
        list[n++] = (Message){.role = ROLE_SYSTEM, .text = strdup(system)};
    for (int i = 0; i < transcript->n; i++) {
        const Entry *entry = &transcript->entries[i];
        if (n > 0 && !list[n - 1].text)
            break;
        if (entry->kind == ENTRY_NOTE || entry->dropped ||
            (entry->kind == ENTRY_ANSWER && entry->bytes == 0))
            continue;
        bool user = entry->kind == ENTRY_USER;
        Role role = user ? ROLE_USER : ROLE_ASSISTANT;
        if (n == 0 || list[n - 1].role != role) {
            list[n++] = (Message){.role = role, .text = strdup(entry->text)};
        } else if (join(&list[n - 1], user ? "\n\n" : "", entry->text) != 0) {
            transcript_messages_free(list, n);
            return -1;
        }
    }
    if (n > 0 && !list[n - 1].text) {
        transcript_messages_free(list, n);
        return -1;
    }
    *messages = list;
    return n;
}

void transcript_messages_free(Message *messages, int n)
{
    for (int i = 0; i < n; i++)
        free((char *)messages[i].text);
    free(messages);
}

/* Counts that come from a file may be as large as an int goes: a sum ends there, too. */
static void add_count(int *sum, int more)
{
    *sum = more > INT_MAX - *sum ? INT_MAX : *sum + more;
}

void transcript_totals(const Transcript *transcript, EventStats *totals, int *answers)
{
    memset(totals, 0, sizeof(*totals));
    *answers = 0;
    for (int i = 0; i < transcript->n; i++) {
        const Entry *entry = &transcript->entries[i];
        const EventStats *stats = &entry->totals;
        if (entry->kind != ENTRY_ANSWER || entry->reason[0] == '\0')
            continue;
        *answers += strcmp(entry->reason, "switched") != 0;
        add_count(&totals->tokens, stats->tokens);
        add_count(&totals->rounds, stats->rounds);
        add_count(&totals->drafted, stats->drafted);
        add_count(&totals->accepted, stats->accepted);
        totals->draft_ms += stats->draft_ms;
        totals->verify_ms += stats->verify_ms;
        totals->accept_ms += stats->accept_ms;
        totals->other_ms += stats->other_ms;
        totals->prefill_ms += stats->prefill_ms;
        totals->draft_prefill_ms += stats->draft_prefill_ms;
        add_count(&totals->back_copies, stats->back_copies);
        totals->back_bytes += stats->back_bytes;
    }
    if (totals->rounds > 0)
        totals->mat = (float)totals->tokens / totals->rounds;
    double ms = totals->draft_ms + totals->verify_ms + totals->accept_ms + totals->other_ms;
    if (ms > 0)
        totals->tokens_per_s = (float)(1000.0 * totals->tokens / ms);
}

void transcript_close(Transcript *transcript)
{
    transcript_cut(transcript, 0, transcript->n);
    free(transcript->entries);
    memset(transcript, 0, sizeof(*transcript));
}
