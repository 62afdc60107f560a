/* slash_text.h - the slash commands for the text of the chat: an old question anew, copies, search. */
#ifndef S2D_APP_CHAT_SLASH_TEXT_H
#define S2D_APP_CHAT_SLASH_TEXT_H

#include "app/chat/chat.h"

int run_edit(Chat *chat, const char *text, Err *err);
int run_copy(Chat *chat, const char *text, Err *err);
int run_search(Chat *chat, const char *text, Err *err);

#endif
