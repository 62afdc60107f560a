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
static int encode_messages(Worker *worker, const Model *target, Message *list, int n_list,
                           int **ids, int *n, Err *err)
{
    TemplateKind kind = target->template;
    const char *name = worker->load.profile.template;
    if (name && template_by_name(&kind, name) != 0)
        return err_set(err, EXIT_DATA, "template: \"%s\" is not known", name);
    if (!name && !target->has_template)
        return err_set(err, target->template_err.code, "%s", target->template_err.text);
    if (name || !target->default_system[0] || (n_list > 0 && list[0].role == ROLE_SYSTEM))
        return template_encode(kind, target->tokenizer, list, n_list, ids, n, err);

    /* Nobody set a system prompt: the one that the model's own template would put in. */
    Message *messages = malloc(sizeof(*messages) * ((size_t)n_list + 1));
    if (!messages)
        return err_set(err, EXIT_MEMORY, "out of memory for a prompt");
    messages[0] = (Message){.role = ROLE_SYSTEM, .text = target->default_system};
    memcpy(messages + 1, list, sizeof(*messages) * (size_t)n_list);
    int result = template_encode(kind, target->tokenizer, messages, n_list + 1, ids, n, err);
    free(messages);
    return result;
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

int worker_encode(Worker *worker, const RequestSay *say, const Model *model, bool own, int **ids,
                  int *n, int *n_prompt, Err *err)
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
    if (!begun->ids)
        return tokenizer_encode(tokenizer, begun->text, strlen(begun->text), false, ids, n,
                                &capacity, err);
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
