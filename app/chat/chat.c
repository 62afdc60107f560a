/* chat.c - the conversation: what is asked, stopped, taken back and asked again. See chat.h. */
#include "app/chat/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int chat_open(Chat *chat, const ChatFront *front, void *user, const Options *options,
              const ClientOptions *client_options, Err *err)
{
    memset(chat, 0, sizeof(*chat));
    chat->front = front;
    chat->user = user;
    chat->options = *options;
    int status =
        options->go_on ? chat_continue(chat, err) : options_request(options, &chat->load, err);
    if (status != 0)
        return -1;
    chat_take_profile(chat);
    chat->system_set = options->role != NULL;
    if (client_open(&chat->client, client_options, err) != 0)
        return -1;
    /* Without a trace all but its export works: say so then, not now. */
    trace_open(&chat->trace, chat->client, NULL);
    return chat_send_load(chat, &chat->load, err);
}

void chat_close(Chat *chat)
{
    trace_close(chat->trace);
    client_close(chat->client);
    request_free(&chat->load);
    if (chat->has_wanted)
        request_free(&chat->wanted);
    for (int i = 0; i < chat->n_words; i++)
        free(chat->words[i]);
    for (int i = 0; i < chat->n_queue; i++)
        free(chat->queue[i]);
    attach_clear(&chat->files);
    free(chat->words);
    free(chat->queue);
    free(chat->target);
    free(chat->switching);
    free(chat->offered);
    free(chat->system);
    free(chat->keep.state);
    stored_close(&chat->keep.store);
    chat_restore_forget(chat);
    transcript_close(&chat->transcript);
    memset(chat, 0, sizeof(*chat));
}

static int no_memory(Chat *chat)
{
    chat_note(chat, NOTE_ERROR, "out of memory: this was not sent");
    return -1;
}

/* Sends the transcript as it is, and opens the answer to it; or tells why it cannot. sides: two that
 * answer in turn; NULL = what is set answers. */
static int answer_by(Chat *chat, uint32_t seed, const RequestSet *sides)
{
    Request request = {.type = REQUEST_SAY};
    RequestSay *say = &request.u.say;
    say->seed = seed;
    say->compare = sides != NULL;
    if (sides)
        memcpy(say->sides, sides, sizeof(say->sides));
    say->max_tokens = chat->settings.max_tokens;
    say->stops = chat->stops;
    say->n_messages = transcript_messages(&chat->transcript, chat->system, &say->messages);
    if (say->n_messages < 0)
        return no_memory(chat);
    if (say->n_messages > MESSAGES_MAX) {
        transcript_messages_free(say->messages, say->n_messages);
        chat_note(chat, NOTE_ERROR,
                  "the chat has more than %d messages: /drop the oldest or /clear", MESSAGES_MAX);
        return -1;
    }
    Entry *answer = transcript_add(&chat->transcript, ENTRY_ANSWER, "");
    if (!answer) {
        transcript_messages_free(say->messages, say->n_messages);
        return no_memory(chat);
    }
    answer->seed = seed;
    snprintf(answer->target, sizeof(answer->target), "%s", chat->ready.target);
    Err err = {0};
    int status = client_send(chat->client, &request, &err);
    transcript_messages_free(say->messages, say->n_messages);
    /* A worker that is gone is found by the next chat_pump, and then the question is kept. */
    if (status != 0 && client_pid(chat->client) >= 0) {
        transcript_cut(&chat->transcript, chat->transcript.n - 1, chat->transcript.n);
        chat_note(chat, NOTE_ERROR, "this was not sent: %s", err.text);
        return -1;
    }
    chat->state = CHAT_ANSWERING;
    chat->stop_sent = false;
    chat->too_long[0] = '\0';
    chat->front->asked(chat->user);
    chat_keep_now(chat);
    return 0;
}

int chat_answer_again(Chat *chat, uint32_t seed)
{
    return answer_by(chat, seed, NULL);
}

char *chat_part_files(Chat *chat, const char *text)
{
    size_t question;
    if (attach_part(text, &question, &chat->files) < 0)
        chat_note(chat, NOTE_WARNING, "out of memory: not all files wait for the next question");
    return strndup(text, question);
}

static void take_back(Chat *chat, const char *text)
{
    char *question = chat_part_files(chat, text);
    chat->front->taken_back(chat->user, question ? question : "");
    free(question);
}

/* Tells the front, which shows names in the place of files. */
static void show(Chat *chat, void (*front)(void *user, const char *text), const char *text)
{
    char *shown = attach_shown(text);
    front(chat->user, shown ? shown : text);
    free(shown);
}

/* The trace keeps what the screen shows. */
static void said(Chat *chat, const char *text)
{
    char *shown = attach_shown(text);
    chat->front->said(chat->user, shown ? shown : text);
    trace_question(chat->trace, shown ? shown : text);
    free(shown);
}

static int ask_now(Chat *chat, const char *text)
{
    int before = chat->transcript.n;
    if (!transcript_add(&chat->transcript, ENTRY_USER, text))
        return no_memory(chat);
    said(chat, text);
    if (chat_answer_again(chat, chat->settings.seed) == 0)
        return 0;
    transcript_cut(&chat->transcript, before, chat->transcript.n);
    take_back(chat, text);
    return -1;
}

int chat_ask(Chat *chat, const char *text)
{
    if (chat->state == CHAT_IDLE)
        return ask_now(chat, text);
    char **queue = realloc(chat->queue, (chat->n_queue + 1) * sizeof(*queue));
    char *copy = strdup(text);
    if (queue)
        chat->queue = queue;
    if (!queue || !copy) {
        free(copy);
        return no_memory(chat);
    }
    chat->queue[chat->n_queue++] = copy;
    show(chat, chat->front->queued, text);
    Err err = {0};
    if (chat->state != CHAT_LOST || chat_revive(chat, &err) == 0)
        return 0;
    chat_note(chat, NOTE_ERROR, "%s", err.text);
    return -1;
}

static int count_questions(const Transcript *transcript, int from)
{
    int n = 0;
    for (int i = from; i < transcript->n; i++)
        n += transcript->entries[i].kind == ENTRY_USER;
    return n;
}

int chat_ask_instead(Chat *chat, int question, const char *text)
{
    Transcript rest;
    int from = transcript_question(&chat->transcript, question);
    if (from < 0) /* taken back meanwhile: a new one */
        return chat_ask(chat, text);
    if (chat->state != CHAT_IDLE) {
        chat_note(chat, NOTE_ERROR, "this replaces an old question: it cannot be sent %s",
                  chat->state == CHAT_ANSWERING ? "before the answer is over (Esc stops it)"
                                                : "before a model is ready");
        chat->front->edit(chat->user, question, text);
        return -1;
    }
    if (transcript_split(&chat->transcript, from, &rest) != 0)
        return no_memory(chat);
    chat_past_changed(chat, from);
    chat->front->dropped(chat->user, count_questions(&rest, 0));
    if (ask_now(chat, text) == 0) {
        transcript_close(&rest);
        return 0;
    }
    transcript_join(&chat->transcript, &rest);
    chat->front->changed(chat->user);
    chat->front->edit(chat->user, question, text);
    return -1;
}

int chat_edit(Chat *chat, int question, Err *err)
{
    int n = count_questions(&chat->transcript, 0);
    if (!chat->front->edit)
        return err_set(err, EXIT_USAGE,
                       "/edit needs the screen; /undo takes the last question back");
    if (n == 0)
        return err_set(err, EXIT_USAGE, "there is no question to edit");
    if (question > n)
        return err_set(err, EXIT_USAGE, "there is no question %d: this chat has %d", question, n);
    question = question > 0 ? question : n;
    int entry = transcript_question(&chat->transcript, question);
    chat->front->edit(chat->user, question, chat->transcript.entries[entry].text);
    chat_notice(chat,
                question < n ? "question %d of %d: sending it drops all after it; Ctrl-C leaves it"
                             : "question %d of %d: sending it drops its answer; Ctrl-C leaves it",
                question, n);
    return 0;
}

void chat_ask_next(Chat *chat)
{
    if (chat->state != CHAT_IDLE || chat->n_queue == 0)
        return;
    char *text = chat->queue[0];
    chat->n_queue--;
    memmove(chat->queue, chat->queue + 1, chat->n_queue * sizeof(*chat->queue));
    chat->front->unqueued(chat->user);
    ask_now(chat, text);
    free(text);
}

bool chat_stop(Chat *chat)
{
    if (chat->state != CHAT_ANSWERING)
        return false;
    if (!chat->stop_sent) {
        Request request = {.type = REQUEST_STOP};
        Err err = {0};
        /* As chat_answer_again: with a worker that is gone the answer ends as well. */
        if (client_send(chat->client, &request, &err) != 0 && client_pid(chat->client) >= 0) {
            chat_note(chat, NOTE_ERROR, "the stop was not sent: %s", err.text);
            return true;
        }
        chat->stop_sent = true;
        chat->front->stopping(chat->user);
    }
    return true;
}

/* What changes the past waits for nobody: the answer has to be over. */
static int only_between_answers(Chat *chat, Err *err)
{
    if (chat->state == CHAT_ANSWERING)
        return err_set(err, EXIT_USAGE, "an answer is coming: stop it first (Esc)");
    return 0;
}

int chat_undo(Chat *chat, Err *err)
{
    int question = transcript_last_question(&chat->transcript);
    if (only_between_answers(chat, err) != 0)
        return -1;
    if (question < 0)
        return err_set(err, EXIT_USAGE, "there is nothing to take back");
    char *text = strdup(chat->transcript.entries[question].text);
    if (!text)
        return err_set(err, EXIT_MEMORY, "out of memory");
    transcript_cut(&chat->transcript, question, chat->transcript.n);
    chat_past_changed(chat, question);
    take_back(chat, text);
    free(text);
    chat_keep_now(chat);
    return 0;
}

int chat_regenerate(Chat *chat, Err *err)
{
    int question = transcript_last_question(&chat->transcript);
    if (only_between_answers(chat, err) != 0)
        return -1;
    if (question < 0)
        return err_set(err, EXIT_USAGE, "there is no question to answer again");
    if (chat->state != CHAT_IDLE)
        return err_set(err, EXIT_USAGE, "no model is ready yet");
    const Entry *before = transcript_answer(&chat->transcript);
    uint32_t seed = before ? before->seed + 1 : (uint32_t)chat->settings.seed;
    transcript_cut(&chat->transcript, question + 1, chat->transcript.n);
    chat_past_changed(chat, question + 1);
    chat->front->answer_dropped(chat->user);
    chat_note(chat, NOTE_PLAIN, "seed %u%s", seed,
              chat->settings.temperature == 0 ? ": at temperature 0 all seeds give the same text"
                                              : "");
    return chat_answer_again(chat, seed);
}

int chat_compare(Chat *chat, const RequestSet *sides, Err *err)
{
    int question = transcript_last_question(&chat->transcript);
    if (only_between_answers(chat, err) != 0)
        return -1;
    if (question < 0)
        return err_set(err, EXIT_USAGE, "there is no question yet for two settings to answer");
    if (chat->state != CHAT_IDLE)
        return err_set(err, EXIT_USAGE, "no model is ready yet");
    const Entry *before = transcript_answer(&chat->transcript);
    uint32_t seed = before ? before->seed : (uint32_t)chat->settings.seed;
    transcript_cut(&chat->transcript, question + 1, chat->transcript.n);
    chat_past_changed(chat, question + 1);
    chat->front->answer_dropped(chat->user);
    return answer_by(chat, seed, sides);
}

int chat_drop_oldest(Chat *chat, Err *err)
{
    if (only_between_answers(chat, err) != 0)
        return -1;
    int dropped = transcript_drop_oldest(&chat->transcript);
    if (dropped < 0)
        return err_set(err, EXIT_USAGE, "there is no older question to drop; /clear starts anew");
    chat_past_changed(chat, dropped);
    chat->warned_full = false;
    chat_notice(chat, "the model no longer gets the oldest question and its answer");
    chat_keep_now(chat);
    return 0;
}

int chat_clear(Chat *chat, Err *err)
{
    char was[SESSION_NAME];
    Err trouble = {0};
    if (only_between_answers(chat, err) != 0)
        return -1;
    if (chat_keep(chat, true, &trouble) != 0)
        return err_set(err, trouble.code, "the chat stays, it cannot be kept: %s", trouble.text);
    memcpy(was, chat->keep.store.name, sizeof(was));
    stored_close(&chat->keep.store);
    free(chat->keep.state);
    chat->keep = (ChatKeep){0};
    transcript_close(&chat->transcript);
    attach_clear(&chat->files);
    chat->session[0] = '\0';
    chat->warned_full = false;
    chat->front->changed(chat->user);
    if (was[0])
        chat_notice(chat, "a new chat; the former one is session %s", was);
    return 0;
}

int chat_set_system(Chat *chat, const char *text, Err *err)
{
    char *copy = text ? utf8_copy(text) : NULL;
    if (only_between_answers(chat, err) != 0) {
        free(copy);
        return -1;
    }
    if (text && !copy)
        return err_set(err, EXIT_MEMORY, "out of memory");
    free(chat->system);
    chat->system = copy;
    chat->system_set = true;
    return 0;
}
