/* ui_keys.c - a key finds its way: to an overlay, a pane, the line editor or an action; see ui.h. */
#include <stdio.h>
#include <string.h>

#include "ui/input.h"
#include "ui/overlay.h"
#include "ui/pages/page.h"
#include "ui/panes/pane.h"
#include "ui/shortcuts.h"
#include "ui/sliders.h"
#include "ui/ui_state.h"

static void push(Ui *ui, UiActionType type)
{
    ui_push(ui, (UiAction){.type = type});
}

/* PAGE_NONE: the chat comes back. */
static void show_page(Ui *ui, PageId page)
{
    Frame *frame = &ui->frame;
    if (page != PAGE_NONE && ui->layout.mode == LAYOUT_SMALL) {
        ui_notice(ui, "pages need a window of 60x15");
        return;
    }
    bool watched = frame->page == PAGE_TUNE, watches = page == PAGE_TUNE;
    if (watched != watches)
        ui_push(ui, (UiAction){.type = UI_FORECASTS, .on = watches});
    sliders_end_typing(ui->view);
    frame->page = page;
    ui_focus(ui, page == PAGE_NONE ? FOCUS_INPUT : FOCUS_PAGE);
}

static void press_shortcut(Ui *ui, int number)
{
    PaneId pane;
    Frame *frame = &ui->frame;
    bool off = ui->view->ready.spec == SPEC_OFF;
    switch (shortcut_action(number, &pane)) {
    case SHORTCUT_NONE:
        break;
    case SHORTCUT_PANE:
        ui_focus(ui, pane);
        break;
    case SHORTCUT_HELP:
        frame->overlay = frame->overlay == OVERLAY_HELP ? OVERLAY_NONE : OVERLAY_HELP;
        frame->help_top =
            frame->play.recorded ? overlay_help_rows(frame) - (ui->layout.height - 4) : 0;
        if (frame->help_top < 0)
            frame->help_top = 0;
        break;
    case SHORTCUT_TARGETS:
        ui_show_targets(ui);
        break;
    case SHORTCUT_TUNE:
        if (frame->page == PAGE_TUNE && frame->focus == FOCUS_PAGE)
            show_page(ui, PAGE_NONE);
        else
            show_page(ui, PAGE_TUNE);
        break;
    case SHORTCUT_SPEC:
        ui_push(ui, (UiAction){.type = UI_SPEC, .spec = off ? SPEC_AUTO : SPEC_OFF});
        break;
    case SHORTCUT_EXPORT:
        push(ui, UI_EXPORT);
        break;
    case SHORTCUT_SESSIONS:
        push(ui, UI_SESSIONS);
        break;
    case SHORTCUT_QUIT:
        push(ui, UI_QUIT);
        break;
    default: /* keys of characters */
        break;
    }
}

static void focus_next(Ui *ui)
{
    int focus = ui->frame.focus;
    PaneWish wishes[PANE_COUNT];
    pane_wishes(ui->view, ui->layout.width, wishes);
    if (ui->frame.page != PAGE_NONE && ui->layout.mode != LAYOUT_SMALL) {
        ui_focus(ui, focus == FOCUS_INPUT ? FOCUS_PAGE : FOCUS_INPUT);
    } else if (focus == FOCUS_INPUT) {
        ui_focus(ui, 0); /* the first pane */
    } else if (ui->layout.mode == LAYOUT_SMALL) {
        ui_focus(ui, FOCUS_INPUT);
    } else {
        do
            focus++; /* after the last pane, the input */
        while (focus < PANE_COUNT && (ui_is_hidden(ui, focus) || !layout_offers(&wishes[focus])));
        ui_focus(ui, focus);
    }
}

void ui_show_compare(Ui *ui, bool shown)
{
    if (shown != (ui->frame.page == PAGE_COMPARE))
        show_page(ui, shown ? PAGE_COMPARE : PAGE_NONE);
    ui->dirty = true;
}

/* Esc outside panes and overlays: it stops, and never quits. */
static void stop(Ui *ui)
{
    size_t bytes, point;
    input_line(&bytes, &point);
    view_go_on(ui->view); /* what is held does not tell whether there is something to stop */
    if (ui_is_busy(ui->view))
        push(ui, UI_STOP);
    else
        ui_notice(ui, bytes > 0 ? "Ctrl-C clears the line" : "nothing to stop; F10 quits");
}

/* Ctrl-C. */
static void stop_or_quit(Ui *ui)
{
    size_t bytes, point;
    long now = ui_now_ms();
    input_line(&bytes, &point);
    view_go_on(ui->view);
    if (ui_is_busy(ui->view)) {
        push(ui, UI_STOP);
    } else if (bytes > 0) {
        input_kill();
        ui->editing = 0;
    } else if (ui->quit_ms > 0 && now - ui->quit_ms <= UI_AGAIN_MS) {
        push(ui, UI_QUIT);
    } else {
        ui->quit_ms = now;
        ui_notice(ui, "Ctrl-C once more, at once, quits");
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

/* Keys that work wherever the focus is; true = it was one. */
static bool global_key(Ui *ui, const Key *key)
{
    View *view = ui->view;
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    int page = ui->layout.panes[PANE_CHAT].height - 1;
    int shortcut = key_bindings_find(ui->frame.keys, key);
    if (key->code == KB_FUNCTION || shortcut != 0) {
        press_shortcut(ui, shortcut);
    } else if (key->code == KB_BACKTAB) {
        focus_next(ui);
    } else if (key->code == KB_ALT && ch >= '1' && ch <= '9') {
        ui_choose_target(ui, ch - '1');
    } else if (key->code == KB_CTRL && ch == ('L' & 31)) {
        screen_redraw(ui->screen);
    } else if (key->code == KB_CTRL && ch == ('Z' & 31)) {
        push(ui, UI_SUSPEND);
    } else if (key->code == KB_CTRL && ch == ('X' & 31)) {
        ui->prefix = true;
    } else if (key->code == KB_CTRL && ch == ('C' & 31)) {
        stop_or_quit(ui);
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
    if (line != NULL) {
        ui_push(ui, (UiAction){.type = UI_SEND, .text = line, .index = ui->editing});
        ui->editing = 0;
    }
    if (input_unkept())
        ui_notice(ui, "messages are not kept: the history file cannot be written");
}

/* A key of nobody else's: the input line's, or what stands there while something plays. */
static void last_key(Ui *ui, const Key *key)
{
    if (!ui->frame.play.shown) {
        /* Typing goes to the input line, wherever the focus was. */
        if (is_typing(key))
            ui_focus(ui, FOCUS_INPUT);
        if (ui->frame.focus == FOCUS_INPUT)
            input_key(ui, key);
    } else if (ui->play_key != NULL)
        ui->play_key(ui->user, key);
}

static bool page_key(Ui *ui, const Key *key)
{
    UiAction action;
    PageNotice notice = {0};
    const Page *page = page_get(ui->frame.page);
    if (page->key == NULL)
        return false;
    PaneKey taken = page->key(ui->view, key, &action, &notice);
    if (notice.text[0] != '\0')
        ui_notice(ui, notice.text);
    if (taken == PANE_ACTION)
        ui_push(ui, action);
    return taken != PANE_IGNORED;
}

/* Keys that hold and step belong to what plays, wherever the focus is. */
static bool plays(const Ui *ui, const Key *key)
{
    return ui->frame.play.shown && key->code == KB_TEXT && key->n == 1 &&
           strchr(" .,", key->bytes[0]) != NULL;
}

static bool pane_key(Ui *ui, const Key *key)
{
    if (ui->frame.focus == FOCUS_INPUT || plays(ui, key))
        return false;
    if (ui->frame.focus == PANE_CHAT && key->code == KB_TEXT) {
        ShortcutAction own = shortcut_in_chat(key->bytes[0]);
        ui_chat_action(ui, own);
        if (own != SHORTCUT_NONE)
            return true;
    }
    UiAction action;
    if (ui->frame.focus == FOCUS_PAGE)
        return page_key(ui, key);
    const Pane *pane = pane_get((PaneId)ui->frame.focus);
    PaneKey taken = pane->key != NULL ? pane->key(ui->view, key, &action) : PANE_IGNORED;
    if (taken == PANE_ACTION)
        ui_push(ui, action);
    char ch = key->code == KB_TEXT ? key->bytes[0] : '\0';
    if (taken != PANE_IGNORED || ui_looking_key(ui, key))
        return true;
    if (!ui_is_side(ui->frame.focus) || (ch != 'z' && ch != 'h'))
        return false;
    if (ch == 'z')
        ui_zoom_pane(ui, ui->frame.focus);
    else
        ui_hide_pane(ui, ui->frame.focus);
    return true;
}

static void escape_key(Ui *ui)
{
    if (ui->frame.overlay != OVERLAY_NONE)
        ui->frame.overlay = OVERLAY_NONE;
    else if (ui->frame.page != PAGE_NONE && !input_searching())
        show_page(ui, PAGE_NONE);
    else if (ui->frame.focus != FOCUS_INPUT)
        ui_focus(ui, FOCUS_INPUT);
    else if (input_searching() || (input_vi_insert() && !ui_is_busy(ui->view)))
        input_feed("\033", 1);
    else
        stop(ui);
}

static void handle_key(Ui *ui, const Key *key);

/* The wheel moves what has the rows: an overlay, as arrows would, else the chat. */
static bool mouse_key(Ui *ui, const Key *key)
{
    enum { WHEEL_ROWS = 3 };
    View *view = ui->view;
    Key arrow = {.code = key->code == KB_WHEEL_UP ? KB_UP : KB_DOWN};
    if (key->code == KB_CLICK) {
        ui_notice(ui, "with Shift the mouse selects; /set mouse off: always");
        return true;
    }
    if (key->code != KB_WHEEL_UP && key->code != KB_WHEEL_DOWN)
        return false;
    ui->dirty = true;
    if (ui->frame.overlay != OVERLAY_NONE) {
        for (int i = ui->frame.overlay == OVERLAY_TARGETS ? 1 : WHEEL_ROWS; i > 0; i--)
            handle_key(ui, &arrow);
        return true;
    }
    int scroll = view->scroll + (key->code == KB_WHEEL_UP ? WHEEL_ROWS : -WHEEL_ROWS);
    view->scroll = scroll > 0 ? scroll : 0;
    view->changes++;
    return true;
}

/* Esc out of an overlay or a pane, and typing so soon after it that the terminal's bytes read as
 * Alt. Alt with a digit is a key of its own in a pane. */
static bool is_late_escape(const Ui *ui, const Key *key)
{
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    if (key->code != KB_ALT || ch <= ' ' || ch == '\177')
        return false;
    return ui->frame.overlay != OVERLAY_NONE ||
           (ui->frame.focus != FOCUS_INPUT && (ch < '1' || ch > '9'));
}

/* The key after Ctrl-X; false = it is none of ours. */
static bool prefixed_key(Ui *ui, const Key *key)
{
    char ch = key->code == KB_TEXT || key->code == KB_CTRL ? key->bytes[0] : '\0';
    ShortcutAction action = shortcut_after_prefix(ch);
    if (key->code == KB_TEXT && ch >= '0' && ch <= '9')
        press_shortcut(ui, key_bindings_function(ui->frame.keys, ch == '0' ? 10 : ch - '0'));
    else if (action != SHORTCUT_NONE)
        ui_chat_action(ui, action);
    else
        return false;
    return true;
}

static void handle_key(Ui *ui, const Key *key)
{
    if (key->code == KB_GROUND) {
        screen_take_ground(ui->screen, (Ground){key->number >= 0, (uint32_t)key->number});
        ui->dirty = true;
        return;
    }
    if (mouse_key(ui, key))
        return;
    bool interrupts = key->code == KB_CTRL && key->bytes[0] == ('C' & 31);
    bool overlay = ui->frame.overlay != OVERLAY_NONE;
    ui->dirty = true;
    ui->frame.notice[0] = '\0';
    if (!interrupts)
        ui->quit_ms = 0;
    if (ui->prefix) {
        ui->prefix = false;
        if (prefixed_key(ui, key))
            return;
        ui->frame.overlay = OVERLAY_NONE;
        if (ui->frame.play.shown)
            return;
        input_feed("\030", 1); /* readline has keys behind Ctrl-X too */
        input_key(ui, key);
    } else if (ui->frame.asking && ui_search_key(ui, key)) {
        /* of the search line */
    } else if (key->code == KB_ESC) {
        escape_key(ui);
    } else if (is_late_escape(ui, key)) {
        Key typed = *key;
        typed.code = KB_TEXT;
        ui->frame.overlay = OVERLAY_NONE;
        ui_focus(ui, FOCUS_INPUT);
        handle_key(ui, &typed);
    } else if (overlay && key->code == KB_CTRL && key->bytes[0] == ('X' & 31)) {
        ui->prefix = true;
    } else if (ui->frame.overlay == OVERLAY_HELP && help_key(ui, key)) {
        /* scrolled or closed */
    } else if (ui->frame.overlay > OVERLAY_LOG && ui_list_key(ui, key)) {
        /* moved, chosen or closed */
    } else if (ui->frame.overlay == OVERLAY_LOG && ui_log_key(ui, key)) {
        /* scrolled or closed */
    } else if (overlay && is_typing(key)) {
        last_key(ui, key); /* what is typed over a pane is no key of it */
    } else if (input_searching() && key->code == KB_CTRL && key->bytes[0] == ('C' & 31)) {
        input_feed("\007", 1);
    } else if (!global_key(ui, key) && !pane_key(ui, key)) {
        last_key(ui, key);
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
    if (ui->early) {
        ui->early = false;
        take_keys(ui, false);
    }
    int silence = keys_wait_ms(&ui->keys);
    if (silence > 0 && ui_now_ms() - ui->keys_ms >= silence)
        take_keys(ui, true);
}
