/* slash_stats.h - the slash command that tells figures. */
#ifndef S2D_APP_CHAT_SLASH_STATS_H
#define S2D_APP_CHAT_SLASH_STATS_H

#include "app/chat/chat.h"

int run_stats(Chat *chat, const char *text, Err *err);

#endif
