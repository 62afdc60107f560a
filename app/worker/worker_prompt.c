/* worker_prompt.c - what is said becomes the ids that a model reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/worker/worker.h"

static int encode_raw(const Tokenizer *tokenizer, const char *text, int **ids, int *n, Err *err)
{
    int capacity = 0;
    *ids = NULL;
    *n = 0;
    if (tokenizer_encode(tokenizer, text, strlen(text), true, ids, n, &capacity, err) != 0)
        return -1;
    int bos = tokenizer_bos(tokenizer);
    if (!tokenizer_adds_bos(tokenizer) || bos < 0 || (*n > 0 && (*ids)[0] == bos))
        return 0;
    int *longer = realloc(*ids, sizeof(int) * ((size_t)*n + 1));
    if (!longer)
        return err_set(err, EXIT_MEMORY, "out of memory for a prompt");
    memmove(longer + 1, longer, sizeof(int) * (size_t)*n);
    longer[0] = bos;
    *ids = longer;
    ++*n;
    return 0;
}

/* Messages that end with a question, or none at all. */
static int encode_messages(Worker *worker, Model *target, Message *list, int n_list, int **ids,
                           int *n, Err *err)
{
    TemplateForm form;
    if (worker_form(worker, target, &form, err) != 0)
        return -1;
    return template_encode(&form, template_thinks(&form, worker->load.profile.think),
                           target->tokenizer, list, n_list, ids, n, err);
}

Message *worker_begun_answer(const RequestSay *say)
{
    Message *last = &say->messages[say->n_messages - 1];
    return !say->raw && say->n_messages > 1 && last->role == ROLE_ASSISTANT ? last : NULL;
}

/* Answers have the ids that they were given as, or none of another vocabulary. */
static void give_ids(const Worker *worker, const RequestSay *say, bool own)
{
    for (int i = 0; i < say->n_messages && !own; i++) {
        say->messages[i].ids = NULL;
        say->messages[i].n_ids = 0;
    }
    if (own)
        answers_apply(&worker->answers, say->messages, say->n_messages);
}

int worker_encode(Worker *worker, const RequestSay *say, Model *model, bool own, int **ids, int *n,
                  int *n_prompt, Err *err)
{
    const Tokenizer *tokenizer = model->tokenizer;
    Message *begun = worker_begun_answer(say);
    give_ids(worker, say, own);
    int status = say->raw ? encode_raw(tokenizer, say->messages[0].text, ids, n, err)
                          : encode_messages(worker, model, say->messages,
                                            say->n_messages - (begun != NULL), ids, n, err);
    int capacity = *n_prompt = *n;
    if (status != 0 || !begun)
        return status;
    if (!begun->ids) {
        const char *text = begun->text, *opening = worker_begun_thoughts(worker);
        if (strncmp(text, opening, strlen(opening)) == 0)
            text += strlen(opening);
        return tokenizer_encode(tokenizer, text, strlen(text), false, ids, n, &capacity, err);
    }
    int *longer = realloc(*ids, sizeof(int) * ((size_t)*n + (size_t)begun->n_ids));
    if (!longer)
        return err_set(err, EXIT_MEMORY, "out of memory for a prompt");
    memcpy(longer + *n, begun->ids, sizeof(int) * (size_t)begun->n_ids);
    *ids = longer;
    *n += begun->n_ids;
    return 0;
}

void worker_warn_of_length(Worker *worker, const RequestSay *say, int n)
{
    char text[256];
    Err err = {0};
    EventReady ready = {0};
    int *ids = NULL, before = 0;
    session_describe(worker->session, &ready);
    if (n < ready.ctx || worker_begun_answer(say))
        return;
    if (!say->raw && say->n_messages > 1)
        encode_messages(worker, session_target(worker->session), say->messages, say->n_messages - 1,
                        &ids, &before, &err);
    free(ids);
    if (err.code != 0)
        return;
    int left = ready.ctx - before > 0 ? ready.ctx - before : 0;
    snprintf(text, sizeof(text),
             "the question has %d tokens, and of the context's %d there are %d left", n - before,
             ready.ctx, left);
    worker_warn(worker, "question-too-long", text);
}
