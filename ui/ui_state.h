/* ui_state.h - what a Ui is inside, for the files that share it: ui.c (terminal, time, actions),
 * ui_keys.c (which way a key goes), ui_panes.c (which panes are seen).
 */
#ifndef S2D_UI_UI_STATE_H
#define S2D_UI_UI_STATE_H

#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/shortcuts.h"
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
    long keys_ms;                    /* when the last bytes came */
    bool early;                      /* some came before the first tick */
    bool prefix;                     /* Ctrl-X was pressed */
    bool mouse_off;                  /* the person wants it for the terminal */
    char asked[SEARCH_BYTES];        /* the search line, while frame.asking, */
    char asked_before[SEARCH_BYTES]; /* what was searched for before it, */
    int asked_scroll;                /* and where the chat stood */
    int editing; /* number of the question that the input is to replace; 0 = none */
    char edit_prompt[24];
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

/* focus: a PaneId or FOCUS_INPUT. Side panes are those beside the chat, which can be hidden. */
bool ui_is_side(int focus);
bool ui_is_hidden(const Ui *ui, int focus);
/* The pane alone beside the chat, or all of them again. */
void ui_zoom_pane(Ui *ui, int pane);
void ui_hide_pane(Ui *ui, int pane);
/* All panes away, or, when any is away, all there again. */
void ui_hide_panes(Ui *ui);

/* The mouse is ours, unless the person or a bare chat wants it for the terminal. */
void ui_take_mouse(Ui *ui);

/* ui_look.c: an answer is read, generated or taken to another target. */
bool ui_is_busy(const View *view);
/* Keys of several panes, where the focused one has no other use for them. Letters are keys only where
 * they have a meaning: elsewhere they are the beginning of what is typed. */
bool ui_looking_key(Ui *ui, const Key *key);

/* ui_chat.c: what keys do with the text of the chat. */
void ui_chat_action(Ui *ui, ShortcutAction action);
/* A key while the search line is open; false = it is closed now, and the key still to be handled. */
bool ui_search_key(Ui *ui, const Key *key);
/* A key while the log is open; false as before. */
bool ui_log_key(Ui *ui, const Key *key);
/* The list that an overlay shows, keys included; see ui_lists.c. false = the overlay is closed, and the
 * key is still to be handled. */
bool ui_list_key(Ui *ui, const Key *key);
void ui_show_targets(Ui *ui);
/* The index-th target, from 0; says so where there is none. */
void ui_choose_target(Ui *ui, int index);
#endif
