/* ui_keys.c - a key finds its way: to an overlay, a pane, the line editor or an action; see ui.h. */
#include <stdio.h>
#include <string.h>

#include "ui/input.h"
#include "ui/overlay.h"
#include "ui/panes/pane.h"
#include "ui/shortcuts.h"
#include "ui/ui_state.h"

/* The index-th target, from 0; says so where there is none. */
static void choose_target(Ui *ui, int index)
{
    char notice[80];
    int n = ui->view->ready.n_targets;
    if (n == 0) {
        ui_notice(ui, "no targets yet: the models are being loaded");
    } else if (index < n) {
        ui_push(ui, (UiAction){.type = UI_TARGET, .index = index});
    } else {
        snprintf(notice, sizeof notice, "there is no target %d: the profile has %d", index + 1, n);
        ui_notice(ui, notice);
    }
}

/* A PaneId or FOCUS_INPUT; says so where the window is too small for that pane. */
static void set_focus(Ui *ui, int focus)
{
    bool right = focus < PANE_COUNT && pane_get((PaneId)focus)->wish.place == PLACE_RIGHT;
    if (right && ui->layout.mode == LAYOUT_SMALL) {
        ui_notice(ui, "panes need a window of 60x15");
        return;
    }
    ui->frame.focus = focus;
    if (right)
        ui->frame.front = (PaneId)focus;
    if (focus != PANE_TREE)
        ui->view->tree_cursor = 0;
}

void ui_focus(Ui *ui, int focus)
{
    set_focus(ui, focus);
    ui->dirty = true;
}

static void push(Ui *ui, UiActionType type)
{
    ui_push(ui, (UiAction){.type = type});
}

static void show_targets(Ui *ui)
{
    if (ui->view->ready.n_targets > 0)
        ui->frame.overlay = OVERLAY_TARGETS;
    else
        choose_target(ui, 0);
    ui->frame.choice = ui->view->ready.target_index;
}

static void press_function(Ui *ui, int number)
{
    PaneId pane;
    Frame *frame = &ui->frame;
    bool off = ui->view->ready.spec == SPEC_OFF;
    switch (shortcut_action(number, &pane)) {
    case SHORTCUT_NONE:
        break;
    case SHORTCUT_PANE:
        set_focus(ui, pane);
        break;
    case SHORTCUT_HELP:
        frame->overlay = frame->overlay == OVERLAY_HELP ? OVERLAY_NONE : OVERLAY_HELP;
        frame->help_top =
            frame->play.recorded ? overlay_help_rows(frame) - (ui->layout.height - 4) : 0;
        if (frame->help_top < 0)
            frame->help_top = 0;
        break;
    case SHORTCUT_TARGETS:
        show_targets(ui);
        break;
    case SHORTCUT_SPEC:
        ui_push(ui, (UiAction){.type = UI_SPEC, .spec = off ? SPEC_AUTO : SPEC_OFF});
        break;
    case SHORTCUT_EXPORT:
        push(ui, UI_EXPORT);
        break;
    case SHORTCUT_QUIT:
        push(ui, UI_QUIT);
        break;
    }
}

static void focus_next(Ui *ui)
{
    int focus = ui->frame.focus;
    if (focus == FOCUS_INPUT)
        set_focus(ui, 0); /* the first pane */
    else if (ui->layout.mode == LAYOUT_SMALL)
        set_focus(ui, FOCUS_INPUT);
    else
        set_focus(ui, focus + 1); /* after the last pane, the input */
}

static bool is_busy(const View *view)
{
    return view->state == VIEW_PREFILL || view->state == VIEW_GENERATING || view->switching;
}

/* Esc (outside panes and overlays) or Ctrl-C. */
static void stop_or_quit(Ui *ui, bool escape)
{
    size_t bytes, point;
    input_line(&bytes, &point);
    if (is_busy(ui->view)) {
        push(ui, UI_STOP);
    } else if (bytes > 0 && escape) {
        ui_notice(ui, "Ctrl-C clears the line");
    } else if (bytes > 0) {
        input_kill();
    } else if (ui->quit_armed) {
        push(ui, UI_QUIT);
    } else {
        ui->quit_armed = true;
        ui_notice(ui, escape ? "Esc once more quits" : "Ctrl-C once more quits");
    }
}

/* What is typed closes an overlay and goes where it would go without one. */
static bool is_typing(const Key *key)
{
    return key->code == KB_TEXT || key->code == KB_PASTE;
}

/* false = the overlay is closed and the key is still to be handled. */
static bool help_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    int page = ui->layout.height - 4;
    switch (key->code) {
    case KB_UP:
        frame->help_top--;
        break;
    case KB_DOWN:
        frame->help_top++;
        break;
    case KB_PAGE_UP:
        frame->help_top -= page;
        break;
    case KB_PAGE_DOWN:
        frame->help_top += page;
        break;
    default:
        frame->overlay = OVERLAY_NONE;
        return !is_typing(key);
    }
    int most = overlay_help_rows(frame) - page;
    if (frame->help_top > most)
        frame->help_top = most;
    if (frame->help_top < 0)
        frame->help_top = 0;
    return true;
}

/* As help_key. */
static bool targets_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    int n = ui->view->ready.n_targets, digit = key->code == KB_TEXT ? key->bytes[0] - '1' : -1;
    if (key->code == KB_UP || key->code == KB_DOWN) {
        frame->choice = n > 0 ? (frame->choice + (key->code == KB_UP ? n - 1 : 1)) % n : 0;
        return true;
    }
    frame->overlay = OVERLAY_NONE;
    if (digit >= 0 && digit < 9)
        choose_target(ui, digit);
    else if (key->code == KB_CTRL && (key->bytes[0] == '\r' || key->bytes[0] == '\n'))
        choose_target(ui, frame->choice);
    else
        return !is_typing(key);
    return true;
}

/* Keys that work wherever the focus is; true = it was one. */
static bool global_key(Ui *ui, const Key *key)
{
    View *view = ui->view;
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    int page = ui->layout.panes[PANE_CHAT].height - 1;
    if (key->code == KB_FUNCTION) {
        press_function(ui, key->number);
    } else if (key->code == KB_BACKTAB) {
        focus_next(ui);
    } else if (key->code == KB_ALT && ch >= '1' && ch <= '9') {
        choose_target(ui, ch - '1');
    } else if (key->code == KB_CTRL && ch == ('L' & 31)) {
        screen_redraw(ui->screen);
    } else if (key->code == KB_CTRL && ch == ('Z' & 31)) {
        push(ui, UI_SUSPEND);
    } else if (key->code == KB_CTRL && ch == ('X' & 31)) {
        ui->prefix = true;
    } else if (key->code == KB_CTRL && ch == ('C' & 31)) {
        stop_or_quit(ui, false);
    } else if (key->code == KB_PAGE_UP && ui->frame.focus == FOCUS_INPUT) {
        view->scroll += page;
        view->changes++;
    } else if (key->code == KB_PAGE_DOWN && ui->frame.focus == FOCUS_INPUT) {
        view->scroll = view->scroll > page ? view->scroll - page : 0;
        view->changes++;
    } else {
        return false;
    }
    return true;
}

/* What readline is told for a key that has no bytes of its own. */
static const char *sequence_of(KeyCode code)
{
    switch (code) {
    case KB_UP:
        return "\033[A";
    case KB_DOWN:
        return "\033[B";
    case KB_RIGHT:
        return "\033[C";
    case KB_LEFT:
        return "\033[D";
    case KB_WORD_LEFT:
        return "\033b";
    case KB_WORD_RIGHT:
        return "\033f";
    case KB_HOME:
        return "\033[H";
    case KB_END:
        return "\033[F";
    case KB_DELETE:
        return "\033[3~";
    default:
        return "";
    }
}

static void input_key(Ui *ui, const Key *key)
{
    size_t bytes, point;
    input_line(&bytes, &point);
    char ch = key->n > 0 ? key->bytes[0] : '\0', alt[10];
    bool searching = input_searching();
    if (key->code == KB_PASTE) {
        if (ui->keys.paste_bytes > 0 && !input_paste(ui->keys.paste, ui->keys.paste_bytes))
            ui_notice(ui, "not pasted: the line holds 1 MB at most");
        else if (ui->keys.truncated)
            ui_notice(ui, "the paste was cut: the line holds 1 MB at most");
        else if (ui->keys.unended)
            ui_notice(ui, "the paste had no end: what came of it is in the line");
    } else if (key->code == KB_CTRL && ch == ('D' & 31) && bytes == 0 && !searching) {
        push(ui, UI_QUIT);
    } else if (!searching && ((key->code == KB_CTRL && ch == '\n') ||
                              (key->code == KB_ALT && (ch == '\r' || ch == '\n')))) {
        input_insert("\n", 1);
    } else if ((key->code == KB_UP || key->code == KB_DOWN) && !searching &&
               input_vertical(key->code == KB_UP ? -1 : 1)) {
        /* moved within the text */
    } else if (key->code == KB_ALT) {
        snprintf(alt, sizeof alt, "\033%s", key->bytes);
        input_feed(alt, 1 + (size_t)key->n);
    } else if (key->n > 0) {
        input_feed(key->bytes, (size_t)key->n);
    } else {
        input_feed(sequence_of(key->code), strlen(sequence_of(key->code)));
    }
    char *line = input_take();
    if (line != NULL)
        ui_push(ui, (UiAction){.type = UI_SEND, .text = line});
    if (input_unkept())
        ui_notice(ui, "messages are not kept: the history file cannot be written");
}

static bool pane_key(Ui *ui, const Key *key)
{
    if (ui->frame.focus == FOCUS_INPUT)
        return false;
    UiAction action;
    const Pane *pane = pane_get((PaneId)ui->frame.focus);
    PaneKey taken = pane->key != NULL ? pane->key(ui->view, key, &action) : PANE_IGNORED;
    if (taken == PANE_ACTION)
        ui_push(ui, action);
    return taken != PANE_IGNORED;
}

static void escape_key(Ui *ui)
{
    if (ui->frame.overlay != OVERLAY_NONE)
        ui->frame.overlay = OVERLAY_NONE;
    else if (ui->frame.focus != FOCUS_INPUT)
        set_focus(ui, FOCUS_INPUT);
    else if (input_searching() || (input_vi_insert() && !is_busy(ui->view)))
        input_feed("\033", 1);
    else
        stop_or_quit(ui, true);
}

static void handle_key(Ui *ui, const Key *key)
{
    bool ends = key->code == KB_ESC || (key->code == KB_CTRL && key->bytes[0] == ('C' & 31));
    ui->dirty = true;
    ui->frame.notice[0] = '\0';
    if (!ends)
        ui->quit_armed = false;
    if (ui->prefix) {
        ui->prefix = false;
        if (key->code == KB_TEXT && key->bytes[0] >= '0' && key->bytes[0] <= '9') {
            press_function(ui, key->bytes[0] == '0' ? 10 : key->bytes[0] - '0');
            return;
        }
        input_feed("\030", 1); /* readline has keys behind Ctrl-X too */
        input_key(ui, key);
    } else if (key->code == KB_ESC) {
        escape_key(ui);
    } else if (ui->frame.overlay != OVERLAY_NONE && key->code == KB_ALT && key->n > 0 &&
               key->bytes[0] > ' ' && key->bytes[0] != '\177') {
        /* Esc, and typing so soon after it that the terminal's bytes read as Alt. */
        Key typed = *key;
        typed.code = KB_TEXT;
        ui->frame.overlay = OVERLAY_NONE;
        handle_key(ui, &typed);
    } else if (ui->frame.overlay == OVERLAY_HELP && help_key(ui, key)) {
        /* scrolled or closed */
    } else if (ui->frame.overlay == OVERLAY_TARGETS && targets_key(ui, key)) {
        /* moved, chosen or closed */
    } else if (input_searching() && key->code == KB_CTRL && key->bytes[0] == ('C' & 31)) {
        input_feed("\007", 1);
    } else if (!global_key(ui, key) && !pane_key(ui, key)) {
        if (ui->frame.play.shown) {
            if (ui->play_key != NULL)
                ui->play_key(ui->user, key);
            return;
        }
        /* Typing goes to the input line, wherever the focus was. */
        if (key->code == KB_TEXT || key->code == KB_PASTE)
            set_focus(ui, FOCUS_INPUT);
        if (ui->frame.focus == FOCUS_INPUT)
            input_key(ui, key);
    }
}

static void take_keys(Ui *ui, bool timed_out)
{
    Key key;
    while (keys_next(&ui->keys, &key, timed_out))
        handle_key(ui, &key);
}

void ui_feed(Ui *ui, const char *bytes, size_t n)
{
    keys_feed(&ui->keys, bytes, n);
    ui->keys_ms = ui_now_ms();
    take_keys(ui, false);
}

void ui_tick(Ui *ui)
{
    int silence = keys_wait_ms(&ui->keys);
    if (silence > 0 && ui_now_ms() - ui->keys_ms >= silence)
        take_keys(ui, true);
}
