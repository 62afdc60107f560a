/* editor.h - a text in the person's own editor: $VISUAL, else $EDITOR, else vi.
 *
 * The caller has given the terminal back before, and takes it again afterwards. The editor has the
 * terminal as a job of its own, so that its Ctrl-C is not ours and its Ctrl-Z stops us both.
 */
#ifndef S2D_APP_CHAT_EDITOR_H
#define S2D_APP_CHAT_EDITOR_H

#include <stdbool.h>

#include "kernels/common/err.h"

/* Edits a copy in a file of its own that is gone afterwards. *edited: what it holds then, without
 * the newlines at its end; malloc'd. meanwhile: called again and again until the editor ends, may
 * wait a moment; false = end the editor. -1: it could not start, or failed, or what it left cannot
 * be taken, and *edited is NULL. */
int editor_run(const char *text, char **edited, bool (*meanwhile)(void *user), void *user,
               Err *err);

#endif
