/* ui_state.h - what a Ui is inside, for the files that share it: ui.c (terminal, time, actions),
 * ui_keys.c (which way a key goes).
 */
#ifndef S2D_UI_UI_STATE_H
#define S2D_UI_UI_STATE_H

#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/ui.h"

enum { UI_ACTIONS = 32 };

struct Ui {
    View *view;
    Screen *screen;
    Cells cells;
    Layout layout;
    Frame frame;
    void (*play_key)(void *user, const Key *key);
    void *user; /* for play_key */
    KeyParser keys;
    long keys_ms;     /* when the last bytes came */
    bool prefix;      /* Ctrl-X was pressed */
    bool quit_armed;  /* Esc or Ctrl-C when idle: once more quits */
    bool dirty;       /* something but the view changed */
    unsigned changes; /* of the view, as last drawn */
    long drawn_ms;
    UiAction actions[UI_ACTIONS]; /* [first … first + n) modulo UI_ACTIONS; text is owned */
    int first_action, n_actions;
    char *text; /* of the action handed out last */
};

long ui_now_ms(void);
/* Hands an action to the app; its text is taken over. A slider moved twice before the app looked is
 * one action. */
void ui_push(Ui *ui, UiAction action);
#endif
