/* chat_note.c - what the front is to show besides the conversation: notes and notices. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/chat/chat.h"

void chat_note(Chat *chat, NoteKind kind, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0) {
        chat->front->note(chat->user, kind, text);
        free(text);
    }
    va_end(arguments);
}

void chat_notice(Chat *chat, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0) {
        chat->front->notice(chat->user, text);
        free(text);
    }
    va_end(arguments);
}
