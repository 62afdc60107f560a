/* answers.h - the tokens of the answers that a worker gave, to be found again by their text.
 *
 * Events of an answer -> its ids -> Message.ids of the same text in a later `say`. A text may be
 * encoded in other tokens than the model chose; with its own tokens the conversation fits the cache
 * again.
 */
#ifndef S2D_APP_WORKER_ANSWERS_H
#define S2D_APP_WORKER_ANSWERS_H

#include "engine/decode/event.h"
#include "engine/text/template.h"

enum { ANSWERS_MAX = 256 }; /* the oldest one goes */

typedef struct Answer {
    char *text;
    size_t bytes, room;
    int *ids;
    int n, capacity;
    bool known; /* ids are all there */
} Answer;

typedef struct Answers {
    Answer list[ANSWERS_MAX];
    int next;       /* place of the next one */
    Answer current; /* the one that is being given */
    int rounds;     /* of it */
} Answers;

void answers_begin(Answers *answers);
/* Takes the answer's TEXT and ROUND events. */
void answers_event(Answers *answers, const Event *event, const Tokenizer *tokenizer);
void answers_end(Answers *answers, const Tokenizer *tokenizer);

/* Gives assistant messages their ids where they are known. They stay the Answers'. */
void answers_apply(const Answers *answers, Message *messages, int n);

/* Forgets all: another vocabulary. */
void answers_clear(Answers *answers);

#endif
