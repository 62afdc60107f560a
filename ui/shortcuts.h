/* shortcuts.h - one table of the keys that work wherever the focus is: what the footer, the help
 * and a press of F1 ... F12 read. The keys that lead to a pane are the panes' own (pane.h).
 */
#ifndef S2D_UI_SHORTCUTS_H
#define S2D_UI_SHORTCUTS_H

#include <stddef.h>

#include "ui/panes/pane.h"

enum { SHORTCUT_MOST = 12 }; /* F1 ... F12 */

typedef enum ShortcutAction {
    SHORTCUT_NONE,
    SHORTCUT_PANE,
    SHORTCUT_HELP,
    SHORTCUT_TARGETS,
    SHORTCUT_SPEC,
    SHORTCUT_EXPORT,
    SHORTCUT_SESSIONS,
    SHORTCUT_QUIT,
} ShortcutAction;

/* What a function key is, from the table or a pane; NULL = nothing. */
const FunctionKey *shortcut_key(int number);
/* What it would do now, in a word; NULL = nothing. */
const char *shortcut_label(int number, const View *view);
/* What a press of it asks for. pane: which, of SHORTCUT_PANE. */
ShortcutAction shortcut_action(int number, PaneId *pane);

/* The help's lines of keys, those of the line editor and of the panes among them. */
int shortcut_lines(void);
void shortcut_line(int i, char *out, size_t bytes);

#endif
