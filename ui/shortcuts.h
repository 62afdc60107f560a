/* shortcuts.h - one table of the keys that work wherever the focus is: what the footer, the help
 * and a press of F1 ... F12 read. The keys that lead to a pane are the panes' own (pane.h).
 */
#ifndef S2D_UI_SHORTCUTS_H
#define S2D_UI_SHORTCUTS_H

#include <stddef.h>

#include "ui/key_bindings.h"
#include "ui/panes/pane.h"

enum { SHORTCUT_MOST = 12 }; /* F1 ... F12 */

typedef enum ShortcutAction {
    SHORTCUT_NONE,
    SHORTCUT_PANE,
    SHORTCUT_HELP,
    SHORTCUT_TARGETS,
    SHORTCUT_TUNE,
    SHORTCUT_SPEC,
    SHORTCUT_EXPORT,
    SHORTCUT_SESSIONS,
    SHORTCUT_QUIT,
    SHORTCUT_SEARCH,
    SHORTCUT_OLDER, /* hit of the search */
    SHORTCUT_NEWER,
    SHORTCUT_COPY,
    SHORTCUT_COPY_ANSWER,
    SHORTCUT_ALONE,   /* the chat without all else, and back */
    SHORTCUT_COLOURS, /* what they tell */
    SHORTCUT_FOLD,    /* thoughts */
    SHORTCUT_PANES,   /* none, and back */
    SHORTCUT_LOG,
    SHORTCUT_EDITOR,
} ShortcutAction;

/* What a function key is where nothing is bound, from the table or a pane; NULL = nothing. That is the
 * number by which a shortcut is known here. */
const FunctionKey *shortcut_key(int number);
/* What the function key would do now, in a word; NULL = nothing. */
const char *shortcut_label(int number, const View *view);
/* What this shortcut asks for. pane: which, of SHORTCUT_PANE. */
ShortcutAction shortcut_action(int number, PaneId *pane);

/* What a character asks for after Ctrl-X, and what it does while the chat pane has the focus. */
ShortcutAction shortcut_after_prefix(char ch);
ShortcutAction shortcut_in_chat(char ch);

/* The help's lines of keys, those of the line editor and of the panes among them. */
int shortcut_lines(void);
void shortcut_line(const KeyBindings *keys, int i, char *out, size_t bytes);
/* The keys of such a line as they are without bindings, without what they do. */
void shortcut_keys(int i, char *out, size_t bytes);

/* A shortcut's name, by which it is bound to another key: its label in small letters. "" = there is none
 * of this number. Returns out. */
enum { SHORTCUT_NAME = 16 };
const char *shortcut_name(int number, char out[SHORTCUT_NAME]);
/* After all are bound: EXIT_USAGE where a key is another shortcut's that keeps its own. *number: whose. */
int shortcuts_check(const KeyBindings *keys, int *number, Err *err);

#endif
