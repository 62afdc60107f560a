/* slash_text.c - see slash_text.h. The front has the terminal: it looks and copies. */
#include "app/chat/slash_text.h"

#include <limits.h>
#include <string.h>

#include "ui/clip.h"

int run_edit(Chat *chat, const char *text, Err *err)
{
    int question = 0;
    if (*text && options_integer(text, "/edit", 1, INT_MAX, &question, err) != 0)
        return -1;
    return chat_edit(chat, question, err);
}

int run_copy(Chat *chat, const char *text, Err *err)
{
    int number = CLIP_NEWEST;
    if (strcmp(text, "answer") == 0)
        number = CLIP_ANSWER;
    else if (*text && options_integer(text, "/copy", 1, INT_MAX, &number, err) != 0)
        return -1;
    if (!chat->front->copy)
        return err_set(err, EXIT_USAGE, "there is no terminal to copy to");
    return chat->front->copy(chat->user, number, err);
}

int run_search(Chat *chat, const char *text, Err *err)
{
    if (!chat->front->search)
        return err_set(err, EXIT_USAGE, "/search needs the screen");
    chat->front->search(chat->user, text);
    return 0;
}
