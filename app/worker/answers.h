/* answers.h - the tokens of the answers that a worker gave, to be found again by their text.
 *
 * An answer's text and the ids that the session committed for it -> Message.ids of the same text in a
 * later `say`. A text may be encoded in other tokens than the model chose; with its own tokens the
 * conversation fits the cache again.
 */
#ifndef S2D_APP_WORKER_ANSWERS_H
#define S2D_APP_WORKER_ANSWERS_H

#include "engine/decode/event.h"
#include "engine/text/template.h"

enum { ANSWERS_MAX = 256 }; /* the oldest one goes */

typedef struct Answer {
    char *text;
    size_t bytes, room;
    int *ids; /* [n] */
    int n;
    bool known; /* all of its text is there */
} Answer;

typedef struct Answers {
    Answer list[ANSWERS_MAX];
    int next;       /* place of the next one */
    Answer current; /* the one that is being given */
} Answers;

void answers_begin(Answers *answers);
/* The answer goes on from this text, whose ids are behind the prompt of answers_end. */
void answers_go_on(Answers *answers, const char *text);
/* Takes the answer's TEXT events. */
void answers_event(Answers *answers, const Event *event);
/* text: [n] the session's conversation; the answer is what follows its first n_prompt tokens, the
 * token that ended it included. */
void answers_end(Answers *answers, const int *text, int n_prompt, int n,
                 const Tokenizer *tokenizer);

/* Gives assistant messages their ids where they are known. They stay the Answers'. */
void answers_apply(const Answers *answers, Message *messages, int n);

/* Forgets all: another vocabulary. */
void answers_clear(Answers *answers);

#endif
