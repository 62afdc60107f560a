/* ui.h - the terminal: keys in, UiActions out; a View in, a screen out.
 *
 *   app's poll(): stdin readable -> ui_feed -> ui_next -> UiAction ... app acts, feeds view_event
 *                 SIGWINCH -> ui_resize; timeout -> ui_tick; at each turn of the loop -> ui_draw
 *
 * The Ui owns terminal, line editor, focus and overlays; it reads the View (view.h) and changes
 * nothing of it but what is only about looking: scroll, browsed round, sliders. It never blocks and
 * catches no signals. One Ui a process: readline and curses have one state.
 */
#ifndef S2D_UI_UI_H
#define S2D_UI_UI_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/common/err.h"
#include "ui/keys.h"
#include "ui/play_bar.h"
#include "ui/theme.h"
#include "ui/view.h"

typedef struct Ui Ui;

enum { UI_AGAIN_MS = 1000 }; /* within which a second Ctrl-C quits */

typedef enum UiActionType {
    UI_SEND,       /* text: a message or a /command, as typed, newlines inside; never empty */
    UI_STOP,       /* stop the answer */
    UI_QUIT,       /* leave: F10, Ctrl-D on an empty line, Ctrl-C twice within a second when idle */
    UI_SUSPEND,    /* Ctrl-Z: call ui_suspend, stop the process, and after SIGCONT ui_resume */
    UI_TARGET,     /* index: target chosen, 0-based; -1 = text: a model that was found */
    UI_FIND,       /* F2: view_set_found with what is on this machine */
    UI_THRESHOLDS, /* n_thresholds, thresholds: a slider moved; send them at once */
    UI_AUTO,       /* on: automatic thresholds or not */
    UI_FORECASTS,  /* on: forecasts are looked at, or no more */
    UI_KEEP,       /* the thresholds that act: keep them for this draft and target */
    UI_SPEC,       /* spec: F6, between SPEC_OFF and SPEC_AUTO */
    UI_EXPORT,     /* F8: as /export md */
    UI_EDITOR,     /* the input is to be edited in another program: see ui_input_text */
    UI_SESSIONS,   /* F9: view_set_sessions, then ui_show_sessions */
    UI_OPEN,       /* text: the name of a session to go on with */
    UI_DELETE,     /* text: the name of a session to delete; the person has said yes */
} UiActionType;

typedef struct UiAction {
    UiActionType type;
    const char *text; /* of UI_SEND, UI_OPEN, UI_DELETE, UI_TARGET: valid until the next ui_next */
    int index;        /* UI_SEND: the question to replace, from 1, as ui_edit said; 0 = none */
    SpecMode spec;
    bool on;
    int n_thresholds;
    float thresholds[EXITS_MAX];
} UiAction;

/* Completion, for Tab: the index-th candidate (0 ...) for `word`, which starts at byte `start` of
 * `line`, as a malloc'd string; NULL when there are no more. */
typedef char *UiComplete(void *user, const char *line, int start, const char *word, int index);

typedef struct UiOptions {
    View *view; /* outlives the Ui */
    /* Help lines of the commands that exist, "\n" between; for F1; outlives the Ui. */
    const char *commands;
    /* Path of the history file, read now; what is sent is added to it. NULL = none. */
    const char *history;
    const KeyBindings *keys; /* NULL = as the table has them; outlives the Ui */
    ThemeChoice theme;
    UiComplete *complete; /* may be NULL */
    /* Takes the keys that would go to the input line while a play bar stands there; may be NULL. */
    void (*play_key)(void *user, const Key *key);
    void *user; /* for complete and play_key */
} UiOptions;

/* Waits up to a tenth of a second for the terminal to say whether it is light or dark; what it says
 * later counts as well. -1 when stdin or stdout is no terminal or curses does not know it (EXIT_USAGE); the terminal is
 * then as it was. */
int ui_open(Ui **ui, const UiOptions *options, Err *err);
void ui_close(Ui *ui); /* restores the terminal; NULL is fine */

int ui_fd(const Ui *ui); /* to poll for reading */

/* How long poll may sleep, in ms: until a lone Esc is decided or a frame is due; -1 = for ever. */
int ui_timeout_ms(const Ui *ui);

void ui_feed(Ui *ui, const char *bytes, size_t n); /* what read(ui_fd) gave */
void ui_tick(Ui *ui);                              /* call at each turn of the loop */
bool ui_next(Ui *ui, UiAction *action);            /* false = no more actions for now */

/* Draws if something changed and the last frame is 1/30 s old. View changes are seen by
 * view->changes. */
void ui_draw(Ui *ui);
void ui_resize(Ui *ui);  /* after SIGWINCH */
void ui_suspend(Ui *ui); /* gives the terminal back to the shell */
void ui_resume(Ui *ui);

/* Two settings answer in turn: their page is shown; or it is no longer. */
void ui_show_compare(Ui *ui, bool shown);
/* What stands in place of the input line from now on; where it is not `shown`, that line again. */
void ui_set_play(Ui *ui, const PlayBar *bar);
/* Moves the focus to a pane, as its key does, or back to the input line (FOCUS_INPUT, frame.h); says
 * so where the window is too small for that. */
void ui_focus(Ui *ui, int focus);

/* One line in the status row until the next key, e.g. "saved demo-1", and in the log. Cleaned
 * here. */
void ui_notice(Ui *ui, const char *text);
/* Shows the view's list of sessions over the panes; where there is none, says so. */
void ui_show_sessions(Ui *ui);
/* Puts text into the input line, e.g. a message that could not be sent now. */
void ui_set_input(Ui *ui, const char *text);
/* Another theme. */
void ui_set_theme(Ui *ui, ThemeChoice theme);
/* The one that is wanted; shown: the one that it came to. */
ThemeChoice ui_theme(const Ui *ui, ThemeChoice *shown);
/* Puts an old question into the input: what is sent next carries its number. Ctrl-C on the line, or
 * another text put there, ends that. */
void ui_edit(Ui *ui, int question, const char *text);
/* The text of the input line, malloc'd, NULL = no memory; and another one in its place, as if it had
 * been typed: false = it is too long, and the line is as it was. */
char *ui_input_text(const Ui *ui);
bool ui_replace_input(Ui *ui, const char *text, size_t bytes);

/* Goes to the newest place in the chat with this text; "" = asks for it. */
void ui_search(Ui *ui, const char *text);
/* Copies from the chat to the terminal's clipboard and says what and how much; number as in clip.h.
 * -1 = there is no such thing. */
int ui_copy(Ui *ui, int number, Err *err);
/* Whether the wheel scrolls the chat (the start) or the mouse is the terminal's. */
void ui_set_mouse(Ui *ui, bool on);

/* Candidates of file names, for UiComplete: the index-th one. */
char *ui_complete_file(const char *word, int index);
/* The name as completion understands it: ~ and ~NAME at its beginning become a home folder.
 * malloc'd; NULL = no memory. */
char *ui_expand_file(const char *name);

/* Restores the terminal from a handler of a fatal signal: async-signal-safe; does nothing when no
 * Ui is open. */
void ui_emergency(void);

#endif
