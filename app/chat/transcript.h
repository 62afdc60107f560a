/* transcript.h - the chat as the person sees it: what was asked, answered and noted, in order.
 *
 * Events go in as they come, messages for the next `say` come out. Answers remember who proposed
 * each stretch of their text. All text in here is valid UTF-8 (invalid bytes became U+FFFD on the
 * way in), yet it may hold control characters: whoever shows it cleans it.
 *
 * An answer that follows another without a question between them continues it: to a model the two
 * are one.
 */
#ifndef S2D_APP_CHAT_TRANSCRIPT_H
#define S2D_APP_CHAT_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/decode/event.h"
#include "engine/text/template.h" /* Message */

enum { TRANSCRIPT_ROUNDS = 8 << 20 }; /* bytes of rounds that are kept; the oldest answers' go */

typedef enum EntryKind {
    ENTRY_USER,
    ENTRY_ANSWER,
    ENTRY_NOTE, /* said by s2d: a change of target, trouble; never sent to a model */
} EntryKind;

/* A stretch of an answer that came from one place. */
typedef struct TextRun {
    size_t bytes;
    int source; /* as EventText.source: exit layer, 0 = target, -1 = no model */
} TextRun;

typedef struct Entry {
    EntryKind kind;
    char *text; /* terminated */
    size_t bytes, room;
    TextRun *runs; /* of an answer; their bytes sum up to the text's */
    int n_runs, room_runs;
    char target[64]; /* of an answer: the target that ended it */
    /* Of an answer: as in the `done` event; "" = still coming; "switched" = another target went on
     * with it, in the next ENTRY_ANSWER. */
    char reason[16];
    uint32_t seed;
    EventStats totals; /* of an answer, once it is over, or of its part */
    bool dropped;      /* stays to be read, but no model gets it any more */
    char *rounds;      /* of an answer: its ROUND events, as lines, a newline behind each */
    size_t rounds_bytes, rounds_room;
    size_t *round_at; /* [n_rounds] how many bytes of the text came before each */
    int n_rounds, room_rounds;
} Entry;

typedef struct Transcript {
    Entry *entries;
    int n, room;
    size_t rounds_bytes; /* of all entries */
    size_t rounds_lost;  /* bytes of those that went because there were too many */
} Transcript;

/* NULL = out of memory, and nothing changed. The entry stays where it is until the next add. */
Entry *transcript_add(Transcript *transcript, EntryKind kind, const char *text);

/* Appends to the newest answer. -1 = there is none, or out of memory. */
int transcript_append(Transcript *transcript, const char *text, int source);

/* The newest answer had a round: its event as a line, without newline. -1 = as above. */
int transcript_add_round(Transcript *transcript, const char *line);
/* The same to an entry of this transcript, with so many bytes of its text before the round. */
int transcript_put_round(Transcript *transcript, Entry *entry, size_t at, const char *line,
                         size_t bytes);
/* Forgets the rounds of the oldest answers until no more than TRANSCRIPT_ROUNDS bytes are left. */
void transcript_trim_rounds(Transcript *transcript);

/* The newest answer; NULL = none yet. */
Entry *transcript_answer(const Transcript *transcript);

/* Another target goes on with the newest answer: it ends here, note says how, and a new entry goes on
 * with it. -1 = there is none, or out of memory. */
int transcript_switch(Transcript *transcript, const char *note);

/* Does entry i go on with the answer before it? */
bool transcript_continues(const Transcript *transcript, int i);

/* Index of the newest (oldest) question; -1 = none. */
int transcript_last_question(const Transcript *transcript);
int transcript_first_question(const Transcript *transcript);

/* Index of the number-th question, from 1; -1 = there is none. */
int transcript_question(const Transcript *transcript, int number);

/* Moves the entries from `from` on into *rest, which is nothing before; -1 = out of memory, and
 * nothing moved. */
int transcript_split(Transcript *transcript, int from, Transcript *rest);
/* Puts them back behind; the transcript holds no more than before the split. *rest is closed. */
void transcript_join(Transcript *transcript, Transcript *rest);

/* Drops entries from … upto-1. */
void transcript_cut(Transcript *transcript, int from, int upto);

/* Whether the entry is an answer that continues the one before it. */
bool transcript_continues(const Transcript *transcript, int index);

/* The oldest question that a model still gets, and all that belongs to it, is dropped: it stays an
 * entry. Returns the question's index; -1 = it is the only one, nothing is dropped. */
int transcript_drop_oldest(Transcript *transcript);

/* What a model gets to read: system (unless NULL), questions and answers. Empty answers are left
 * out and questions that then stand together are joined, since templates want the two in turns.
 * Returns their number (free them with transcript_messages_free), -1 = out of memory. */
int transcript_messages(const Transcript *transcript, const char *system, Message **messages);
void transcript_messages_free(Message *messages, int n);

/* Sums over all answers: tokens, rounds, drafted, accepted, milliseconds; mat and speed from
 * them. No gain: plain is not the same for all of them. */
void transcript_totals(const Transcript *transcript, EventStats *totals, int *answers);

void transcript_close(Transcript *transcript);

/* A copy of text in valid UTF-8; NULL = out of memory. */
char *utf8_copy(const char *text);

#endif
