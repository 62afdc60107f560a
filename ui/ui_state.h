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
    KeyParser keys;
    long keys_ms;     /* when the last bytes came */
    bool prefix;      /* Ctrl-X was pressed */
    long quit_ms;     /* when Ctrl-C came, when idle: soon once more quits; 0 = it did not */
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
/* The list that an overlay shows, keys included; see ui_lists.c. false = the overlay is closed, and the
 * key is still to be handled. */
bool ui_list_key(Ui *ui, const Key *key);
void ui_show_targets(Ui *ui);
/* The index-th target, from 0; says so where there is none. */
void ui_choose_target(Ui *ui, int index);
#endif
