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

void answers_go_on(Answers *answers, const char *text)
{
    add_text(&answers->current, text);
}

void answers_event(Answers *answers, const Event *event)
{
    if (event->type == EVENT_TEXT)
        add_text(&answers->current, event->u.text.text);
    /* Its tokens go on to the end of the stop string, which is no part of the answer. */
    if (event->type == EVENT_DONE && strcmp(event->u.done.reason, "stop") == 0)
        answers->current.known = false;
}

void answers_end(Answers *answers, const int *text, int n_prompt, int n, const Tokenizer *tokenizer)
{
    Answer *answer = &answers->current;
    if (n > n_prompt && tokenizer_is_end(tokenizer, text[n - 1]))
        n--;
    if (answer->known && n > n_prompt && answer->bytes > 0)
        answer->ids = malloc(sizeof *text * (size_t)(n - n_prompt));
    if (answer->ids) {
        answer->n = n - n_prompt;
        memcpy(answer->ids, text + n_prompt, sizeof *text * (size_t)answer->n);
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
