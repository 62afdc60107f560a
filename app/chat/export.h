/* export.h - the chat for other eyes: Markdown to read; and figures as one line of text. */
#ifndef S2D_APP_CHAT_EXPORT_H
#define S2D_APP_CHAT_EXPORT_H

#include "app/chat/session_file.h"

/* The line below an answer, as the screen has it: figures_answer. Returns text. */
const char *answer_line(const EventStats *stats, const char *target, const char *reason, char *text,
                        size_t size);

/* A readable transcript in Markdown, free it; NULL = out of memory. Control characters are left
 * out: the text may be looked at with cat. */
char *export_markdown(const SavedChat *chat);

#endif
