/* chat_context.c - the context is nearly full, full, or too small for a question. See chat.h. */
#include <stdlib.h>
#include <string.h>

#include "app/chat/chat.h"
#include "ui/view.h"

bool chat_is_too_long(const Event *event)
{
    return event->type == EVENT_WARNING && strcmp(event->u.warning.code, "question-too-long") == 0;
}

/* The question does not fit: it goes back to where it can be shortened. */
static void return_question(Chat *chat)
{
    int question = transcript_last_question(&chat->transcript);
    char *text = question >= 0 ? strdup(chat->transcript.entries[question].text) : NULL;
    if (text) {
        transcript_cut(&chat->transcript, question, chat->transcript.n);
        chat_past_changed(chat, question);
        chat->front->taken_back(chat->user, text);
        free(text);
    }
    chat_note(chat, NOTE_WARNING, "%s: shorten it, or /drop the oldest exchange", chat->too_long);
}

/* How many questions a model still gets. */
static int live_questions(const Chat *chat)
{
    int n = 0;
    for (int i = 0; i < chat->transcript.n; i++)
        n += chat->transcript.entries[i].kind == ENTRY_USER && !chat->transcript.entries[i].dropped;
    return n;
}

/* The answer is cut off, or none was begun. */
static void offer_to_go_on(Chat *chat, const Entry *answer)
{
    int last = chat->transcript.n - 1;
    bool begun = answer->bytes > 0 || transcript_continues(&chat->transcript, last);
    if (begun && live_questions(chat) > 1) {
        chat_make_offer(chat, OFFER_GO_ON, NULL);
        return;
    }
    chat_note(chat, NOTE_WARNING,
              "the context of %d tokens is full and nothing was dropped: /drop forgets the oldest "
              "question and its answer, /undo takes back the last, /clear starts anew",
              chat->ready.ctx);
}

void chat_context_used(Chat *chat)
{
    int ctx = chat->ready.ctx, used = chat->ctx_used;
    bool full = ctx > 0 && (long long)used * 100 >= (long long)ctx * VIEW_FULL;
    if (full && !chat->warned_full)
        chat_note(
            chat, NOTE_WARNING,
            "the context is %d %% full, %d tokens are left: /drop forgets the oldest exchange",
            (int)(100LL * used / ctx), ctx - used);
    chat->warned_full = full;
}

void chat_context_full(Chat *chat, const Entry *answer)
{
    if (chat->too_long[0])
        return_question(chat);
    else
        offer_to_go_on(chat, answer);
}

int chat_go_on(Chat *chat, Err *err)
{
    Transcript *transcript = &chat->transcript;
    const Entry *answer = transcript_answer(transcript);
    if (chat->state != CHAT_IDLE || !answer)
        return err_set(err, EXIT_USAGE, "there is no answer to go on with now");
    uint32_t seed = answer->seed;
    if (chat_drop_oldest(chat, err) != 0)
        return -1;
    if (answer->bytes == 0 && transcript_continues(transcript, transcript->n - 1)) {
        chat_past_changed(chat, transcript->n - 1);
        transcript_cut(transcript, transcript->n - 1, transcript->n);
    }
    chat->front->goes_on(chat->user);
    if (chat_answer_again(chat, seed) != 0)
        return err_set(err, EXIT_IO, "the answer does not go on");
    return 0;
}
