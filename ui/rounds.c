/* rounds.c - see rounds.h. An event has room for the largest tree; what is kept of it ends with the
 * last node and the last word that it has. */
#include "ui/rounds.h"

#include <stdlib.h>
#include <string.h>

struct KeptRound {
    RoundFacts facts;
    size_t bytes;
    int number, n_nodes, n_words;
    EventNode *nodes; /* both behind the rest, in one piece of memory */
    EventWord *words;
    char rest[]; /* of the event: before its nodes, and between them and its words */
};

enum {
    BEFORE = offsetof(EventRound, nodes),
    AFTER = BEFORE + (int)sizeof(((EventRound *)0)->nodes),
    BETWEEN = (int)offsetof(EventRound, words) - AFTER,
    REST = BEFORE + BETWEEN,
};

static KeptRound *pack(const RoundFacts *facts, const EventRound *round)
{
    size_t align = _Alignof(max_align_t), nodes = sizeof(EventNode) * (size_t)round->n_nodes;
    size_t start = (sizeof(KeptRound) + REST + align - 1) / align * align;
    size_t bytes = start + nodes + sizeof(EventWord) * (size_t)round->n_words;
    KeptRound *kept = malloc(bytes);
    if (kept == NULL)
        return NULL;
    *kept = (KeptRound){.facts = *facts,
                        .bytes = bytes,
                        .number = round->round,
                        .n_nodes = round->n_nodes,
                        .n_words = round->n_words};
    kept->nodes = (EventNode *)((char *)kept + start);
    kept->words = (EventWord *)((char *)kept + start + nodes);
    memcpy(kept->rest, round, BEFORE);
    memcpy(kept->rest + BEFORE, (const char *)round + AFTER, BETWEEN);
    memcpy(kept->nodes, round->nodes, nodes);
    memcpy(kept->words, round->words, sizeof(EventWord) * (size_t)round->n_words);
    return kept;
}

static KeptRound *find(const RoundLog *log, unsigned long serial)
{
    if (serial < log->serial || serial >= log->serial + (unsigned long)log->n)
        return NULL;
    return log->kept[log->first + (int)(serial - log->serial)];
}

bool rounds_event(const RoundLog *log, unsigned long serial, EventRound *round)
{
    const KeptRound *kept = find(log, serial);
    if (kept == NULL)
        return false;
    memset(round, 0, sizeof *round);
    memcpy(round, kept->rest, BEFORE);
    memcpy((char *)round + AFTER, kept->rest + BEFORE, BETWEEN);
    memcpy(round->nodes, kept->nodes, sizeof(EventNode) * (size_t)kept->n_nodes);
    memcpy(round->words, kept->words, sizeof(EventWord) * (size_t)kept->n_words);
    return true;
}

void rounds_close(RoundLog *log)
{
    for (int i = 0; i < log->n; i++)
        free(log->kept[log->first + i]);
    free(log->kept);
    *log = (RoundLog){.most = log->most};
}

static void drop_first(RoundLog *log)
{
    KeptRound *kept = log->kept[log->first++];
    log->bytes -= kept->bytes;
    log->serial++;
    log->n--;
    free(kept);
}

static void drop_last(RoundLog *log)
{
    KeptRound *kept = log->kept[log->first + --log->n];
    log->bytes -= kept->bytes;
    free(kept);
}

/* Room for one more pointer. */
static int reserve(RoundLog *log)
{
    if (log->first + log->n < log->room)
        return 0;
    if (log->first > log->room / 2) {
        memmove(log->kept, log->kept + log->first, (size_t)log->n * sizeof(KeptRound *));
        log->first = 0;
        return 0;
    }
    int room = log->room > 0 ? log->room * 2 : 64;
    KeptRound **grown = realloc(log->kept, (size_t)room * sizeof(KeptRound *));
    if (grown == NULL)
        return -1;
    log->kept = grown;
    log->room = room;
    return 0;
}

int rounds_add(RoundLog *log, const RoundFacts *facts, const EventRound *round)
{
    KeptRound *kept = reserve(log) == 0 ? pack(facts, round) : NULL;
    if (kept == NULL)
        return -1;
    if (log->serial == 0)
        log->serial = 1;
    log->kept[log->first + log->n++] = kept;
    log->bytes += kept->bytes;
    while (log->n > 1 && log->bytes > (log->most > 0 ? log->most : ROUNDS_BYTES))
        drop_first(log);
    return 0;
}

unsigned long rounds_first(const RoundLog *log)
{
    return log->n > 0 ? log->serial : 0;
}

unsigned long rounds_last(const RoundLog *log)
{
    return log->n > 0 ? log->serial + (unsigned long)log->n - 1 : 0;
}

unsigned long rounds_dropped(const RoundLog *log)
{
    return log->serial > 0 ? log->serial - 1 : 0;
}

RoundFacts *rounds_facts(const RoundLog *log, unsigned long serial)
{
    KeptRound *kept = find(log, serial);
    return kept != NULL ? &kept->facts : NULL;
}

int rounds_of_answer(const RoundLog *log, unsigned long serial)
{
    const KeptRound *kept = find(log, serial), *last = kept;
    for (; kept != NULL && kept->facts.answer == last->facts.answer; kept = find(log, ++serial))
        last = kept;
    return last != NULL ? last->number : 0;
}

unsigned long rounds_at(const RoundLog *log, unsigned long item, int at)
{
    for (unsigned long serial = rounds_last(log); serial > 0; serial--) {
        const KeptRound *kept = find(log, serial);
        if (kept == NULL)
            break;
        if (kept->facts.item == item && kept->facts.from <= at)
            return serial;
    }
    return 0;
}

void rounds_cut(RoundLog *log, unsigned long item)
{
    while (log->n > 0) {
        const RoundFacts *facts = &log->kept[log->first + log->n - 1]->facts;
        if (facts->item != 0 && facts->item < item)
            break;
        drop_last(log);
    }
}
