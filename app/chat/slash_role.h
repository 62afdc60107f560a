/* slash_role.h - /role. See slash.h. */
#ifndef S2D_APP_CHAT_SLASH_ROLE_H
#define S2D_APP_CHAT_SLASH_ROLE_H

#include "app/chat/chat.h"

/* A role's name, or "" to list them. */
int run_role(Chat *chat, const char *text, Err *err);

#endif
