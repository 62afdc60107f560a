/* answers.c - see answers.h. Out of memory only means that an answer is not remembered. */
#include "app/worker/answers.h"

#include <stdlib.h>
#include <string.h>

static void answer_free(Answer *answer)
{
    free(answer->text);
    free(answer->ids);
    *answer = (Answer){0};
}

void answers_clear(Answers *answers)
{
    for (int i = 0; i < ANSWERS_MAX; i++)
        answer_free(&answers->list[i]);
    answer_free(&answers->current);
    answers->next = 0;
}

void answers_begin(Answers *answers)
{
    answer_free(&answers->current);
    answers->current.known = true;
    answers->rounds = 0;
}

static void add_id(Answer *answer, int id)
{
    if (answer->n == answer->capacity) {
        int capacity = answer->capacity ? answer->capacity * 2 : 64;
        int *ids = realloc(answer->ids, sizeof(*ids) * (size_t)capacity);
        if (!ids) {
            answer->known = false;
            return;
        }
        answer->ids = ids;
        answer->capacity = capacity;
    }
    answer->ids[answer->n++] = id;
}

static void add_text(Answer *answer, const char *text)
{
    size_t bytes = strlen(text);
    if (answer->room - answer->bytes < bytes + 1) {
        size_t room = answer->bytes * 2 + bytes + 256;
        char *grown = realloc(answer->text, room);
        if (!grown) {
            answer->known = false;
            return;
        }
        answer->text = grown;
        answer->room = room;
    }
    memcpy(answer->text + answer->bytes, text, bytes + 1);
    answer->bytes += bytes;
}

/* The first token comes from the prefill and is in no round, but its text is known before the first
 * round: a text that one token stands for is that token. */
static void add_first(Answer *answer, const Tokenizer *tokenizer)
{
    int *ids = NULL, n = 0, capacity = 0;
    size_t bytes = 0;
    const char *text = NULL;
    if (answer->text &&
        tokenizer_encode(tokenizer, answer->text, answer->bytes, false, &ids, &n, &capacity,
                         NULL) == 0 &&
        n == 1)
        text = tokenizer_text(tokenizer, ids[0], false, &bytes);
    if (text && bytes == answer->bytes && memcmp(text, answer->text, bytes) == 0)
        add_id(answer, ids[0]);
    else
        answer->known = false;
    free(ids);
}

/* Accepted nodes lie on one path: one a level. */
static void add_round(Answer *answer, const EventRound *round)
{
    for (int depth = 1; depth <= round->accepted; depth++)
        for (int i = 0; i < round->n_nodes; i++)
            if (round->nodes[i].accepted && round->nodes[i].depth == depth)
                add_id(answer, round->nodes[i].token);
    add_id(answer, round->bonus_token);
}

void answers_event(Answers *answers, const Event *event, const Tokenizer *tokenizer)
{
    Answer *answer = &answers->current;
    if (event->type == EVENT_TEXT) {
        add_text(answer, event->u.text.text);
    } else if (event->type == EVENT_ROUND) {
        if (answers->rounds++ == 0)
            add_first(answer, tokenizer);
        add_round(answer, &event->u.round);
    }
}

void answers_end(Answers *answers, const Tokenizer *tokenizer)
{
    Answer *answer = &answers->current;
    if (answers->rounds == 0)
        add_first(answer, tokenizer);
    if (answer->n > 0 && tokenizer_is_end(tokenizer, answer->ids[answer->n - 1]))
        answer->n--;
    if (answer->known && answer->n > 0 && answer->bytes > 0) {
        answer_free(&answers->list[answers->next]);
        answers->list[answers->next] = *answer;
        answers->next = (answers->next + 1) % ANSWERS_MAX;
        *answer = (Answer){0};
    }
    answer_free(answer);
}

void answers_apply(const Answers *answers, Message *messages, int n)
{
    for (int i = 0; i < n; i++) {
        if (messages[i].role != ROLE_ASSISTANT)
            continue;
        for (int k = 0; k < ANSWERS_MAX; k++) {
            const Answer *answer = &answers->list[k];
            if (answer->n > 0 && strcmp(answer->text, messages[i].text) == 0) {
                messages[i].ids = answer->ids;
                messages[i].n_ids = answer->n;
                break;
            }
        }
    }
}
