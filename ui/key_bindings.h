/* key_bindings.h - other keys for what function keys do: pure bookkeeping, see shortcuts.h for what
 * they do.
 *
 * A shortcut is called by the number of the function key that it has when nothing is bound. One that
 * gets another key leaves its own.
 */
#ifndef S2D_UI_KEY_BINDINGS_H
#define S2D_UI_KEY_BINDINGS_H

#include "kernels/common/err.h"
#include "ui/keys.h"

enum { BINDINGS_MAX = 12, BINDING_TEXT = 12 };

typedef struct KeyBinding {
    int shortcut; /* 1 … 12 */
    KeyCode code; /* KB_FUNCTION, KB_CTRL, KB_ALT; KB_ESC = no key */
    int number;   /* of a function key */
    char letter;  /* of the others, a small one */
} KeyBinding;

typedef struct KeyBindings {
    int n;
    KeyBinding list[BINDINGS_MAX];
} KeyBindings;

/* key: "F1" … "F12", "Ctrl-T", "Alt-t", or "none". EXIT_USAGE where it is no such key, or one that has
 * to stay what it is. */
int key_bindings_add(KeyBindings *bindings, int shortcut, const char *key, Err *err);

/* The shortcut that this key is; 0 = it is none. bindings may be NULL: nothing is bound. */
int key_bindings_find(const KeyBindings *bindings, const Key *key);
/* The same for a function key of this number. */
int key_bindings_function(const KeyBindings *bindings, int number);

/* The key of a shortcut as a person would write it; "" = it has none. Returns text. */
const char *key_bindings_text(const KeyBindings *bindings, int shortcut, char text[BINDING_TEXT]);

#endif
