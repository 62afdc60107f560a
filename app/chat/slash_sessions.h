/* slash_sessions.h - the slash commands about session files. */
#ifndef S2D_APP_CHAT_SLASH_SESSIONS_H
#define S2D_APP_CHAT_SLASH_SESSIONS_H

#include "app/chat/chat.h"

int run_sessions(Chat *chat, const char *text, Err *err);
int run_save(Chat *chat, const char *text, Err *err);
int run_load(Chat *chat, const char *text, Err *err);
int run_rename(Chat *chat, const char *text, Err *err);
int run_delete(Chat *chat, const char *text, Err *err);

#endif
