/* ui_state.h - what a Ui is inside, for the files that share it: ui.c (terminal, time, actions),
 * ui_keys.c (which way a key goes), ui_panes.c (which panes are seen).
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
    bool early;       /* some came before the first tick */
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

/* focus: a PaneId or FOCUS_INPUT. Side panes are those beside the chat, which can be hidden. */
bool ui_is_side(int focus);
bool ui_is_hidden(const Ui *ui, int focus);
/* The pane alone beside the chat, or all of them again. */
void ui_zoom_pane(Ui *ui, int pane);
void ui_hide_pane(Ui *ui, int pane);
/* All panes away, or, when any is away, all there again. */
void ui_hide_panes(Ui *ui);

#endif
