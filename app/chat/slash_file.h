/* slash_file.h - /file. See slash.h. */
#ifndef S2D_APP_CHAT_SLASH_FILE_H
#define S2D_APP_CHAT_SLASH_FILE_H

#include "app/chat/chat.h"

/* Names and patterns with blanks between them, "none", or "" to list. Each file that is refused is
 * told; -1 when one was. */
int run_file(Chat *chat, const char *text, Err *err);

/* Asks, with the files that wait for it. -1 as chat_ask. */
int chat_ask_with_files(Chat *chat, const char *question);

#endif
