/* ui.c - see ui.h: keys find their way here, to an overlay, a pane, the line editor or an action.
 */
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/frame.h"
#include "ui/input.h"
#include "ui/keys.h"
#include "ui/overlay.h"
#include "ui/panes/pane.h"
#include "ui/screen.h"

enum { FRAME_MS = 33, ACTIONS = 32 };

struct Ui {
    View *view;
    Screen *screen;
    Cells cells;
    Layout layout;
    Frame frame;
    KeyParser keys;
    long keys_ms;     /* when the last bytes came */
    bool prefix;      /* Ctrl-X was pressed */
    bool quit_armed;  /* Esc or Ctrl-C when idle: once more quits */
    bool dirty;       /* something but the view changed */
    unsigned changes; /* of the view, as last drawn */
    long drawn_ms;
    UiAction actions[ACTIONS]; /* [first … first + n) modulo ACTIONS; text is owned */
    int first_action, n_actions;
    char *text; /* of the action handed out last */
};

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ui_open(Ui **out, const UiOptions *options, Err *err)
{
    *out = NULL;
    Ui *ui = calloc(1, sizeof *ui);
    if (ui == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the screen");
    ui->view = options->view;
    ui->frame = (Frame){.focus = FOCUS_INPUT, .front = PANE_TREE, .commands = options->commands};
    ui->dirty = true;
    if (screen_open(&ui->screen, err) != 0 || input_open(options, err) != 0) {
        ui_close(ui);
        return -1;
    }
    char note[200];
    if (screen_locale_note(ui->screen, note, sizeof note) != NULL)
        view_note(ui->view, ITEM_WARNING, note);
    *out = ui;
    return 0;
}

void ui_close(Ui *ui)
{
    if (ui == NULL)
        return;
    input_close();
    screen_close(ui->screen);
    keys_close(&ui->keys);
    cells_close(&ui->cells);
    for (; ui->n_actions > 0; ui->n_actions--)
        free((char *)ui->actions[ui->first_action++ % ACTIONS].text);
    free(ui->text);
    free(ui);
}

int ui_fd(const Ui *ui)
{
    (void)ui;
    return STDIN_FILENO;
}

static bool needs_drawing(const Ui *ui)
{
    return ui->dirty || ui->changes != ui->view->changes;
}

int ui_timeout_ms(const Ui *ui)
{
    long wait = -1, now = now_ms();
    if (keys_waits(&ui->keys))
        wait = ui->keys_ms + KEYS_ESC_MS - now;
    if (needs_drawing(ui)) {
        long frame = ui->drawn_ms + FRAME_MS - now;
        wait = keys_waits(&ui->keys) && wait < frame ? wait : frame;
    } else if (!keys_waits(&ui->keys)) {
        return -1;
    }
    return wait > 0 ? (int)wait : 0;
}

void ui_notice(Ui *ui, const char *text)
{
    text_clean_line(text, ui->frame.notice, sizeof ui->frame.notice);
    ui->dirty = true;
}

void ui_set_input(Ui *ui, const char *text)
{
    input_set(text);
    ui->dirty = true;
}

/* text is taken over. A slider moved twice before the app looked is one action. */
static void push_action(Ui *ui, UiAction action)
{
    if (action.type == UI_THRESHOLDS && ui->n_actions > 0) {
        UiAction *last = &ui->actions[(ui->first_action + ui->n_actions - 1) % ACTIONS];
        if (last->type == UI_THRESHOLDS) {
            *last = action;
            return;
        }
    }
    if (ui->n_actions == ACTIONS) {
        free((char *)action.text);
        return;
    }
    ui->actions[(ui->first_action + ui->n_actions++) % ACTIONS] = action;
}

static void push(Ui *ui, UiActionType type)
{
    push_action(ui, (UiAction){.type = type});
}

bool ui_next(Ui *ui, UiAction *action)
{
    free(ui->text);
    ui->text = NULL;
    if (ui->n_actions == 0)
        return false;
    *action = ui->actions[ui->first_action];
    ui->first_action = (ui->first_action + 1) % ACTIONS;
    ui->n_actions--;
    ui->text = (char *)action->text;
    return true;
}

static void choose_target(Ui *ui, int index)
{
    char notice[80];
    int n = ui->view->ready.n_targets;
    if (n == 0) {
        ui_notice(ui, "no targets yet: the models are being loaded");
    } else if (index < n) {
        push_action(ui, (UiAction){.type = UI_TARGET, .index = index});
    } else {
        snprintf(notice, sizeof notice, "there is no target %d: the profile has %d", index + 1, n);
        ui_notice(ui, notice);
    }
}

static void focus_on(Ui *ui, int focus)
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

static void focus_next(Ui *ui)
{
    int focus = ui->frame.focus;
    if (ui->layout.mode == LAYOUT_SMALL)
        focus_on(ui, focus == FOCUS_INPUT ? (int)PANE_CHAT : FOCUS_INPUT);
    else
        focus_on(ui,
                 focus == FOCUS_INPUT ? (int)PANE_CHAT : focus + 1); /* the last + 1 is the input */
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

static void function_key(Ui *ui, int number)
{
    Frame *frame = &ui->frame;
    switch (number) {
    case 1:
        frame->overlay = frame->overlay == OVERLAY_HELP ? OVERLAY_NONE : OVERLAY_HELP;
        frame->help_top = 0;
        break;
    case 2:
        if (ui->view->ready.n_targets > 0)
            frame->overlay = OVERLAY_TARGETS;
        else
            choose_target(ui, 0);
        frame->choice = ui->view->ready.target_index;
        break;
    case 3:
        focus_on(ui, PANE_TREE);
        break;
    case 4:
        focus_on(ui, PANE_EXITS);
        break;
    case 5:
        focus_on(ui, PANE_THRESHOLDS);
        break;
    case 6:
        push_action(ui,
                    (UiAction){.type = UI_SPEC,
                               .spec = ui->view->ready.spec == SPEC_OFF ? SPEC_AUTO : SPEC_OFF});
        break;
    case 8:
        push(ui, UI_EXPORT);
        break;
    case 10:
        push(ui, UI_QUIT);
        break;
    }
}

static void help_key(Ui *ui, const Key *key)
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
    }
    int most = overlay_help_rows(frame) - page;
    if (frame->help_top > most)
        frame->help_top = most;
    if (frame->help_top < 0)
        frame->help_top = 0;
}

static void targets_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    int n = ui->view->ready.n_targets, digit = key->code == KB_TEXT ? key->bytes[0] - '1' : -1;
    if (key->code == KB_UP || key->code == KB_DOWN) {
        frame->choice = n > 0 ? (frame->choice + (key->code == KB_UP ? n - 1 : 1)) % n : 0;
        return;
    }
    frame->overlay = OVERLAY_NONE;
    if (digit >= 0 && digit < 9)
        choose_target(ui, digit);
    else if (key->code == KB_CTRL && (key->bytes[0] == '\r' || key->bytes[0] == '\n'))
        choose_target(ui, frame->choice);
}

/* Keys that work wherever the focus is; true = it was one. */
static bool global_key(Ui *ui, const Key *key)
{
    View *view = ui->view;
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    int page = ui->layout.panes[PANE_CHAT].height - 1;
    if (key->code == KB_FUNCTION) {
        function_key(ui, key->number);
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
        if (!input_insert(ui->keys.paste, ui->keys.paste_bytes))
            ui_notice(ui, "not pasted: the line holds 1 MB at most");
        else if (ui->keys.truncated)
            ui_notice(ui, "the paste was cut: the line holds 1 MB at most");
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
        push_action(ui, (UiAction){.type = UI_SEND, .text = line});
}

static bool pane_key(Ui *ui, const Key *key)
{
    if (ui->frame.focus == FOCUS_INPUT)
        return false;
    UiAction action;
    const Pane *pane = pane_get((PaneId)ui->frame.focus);
    PaneKey taken = pane->key != NULL ? pane->key(ui->view, key, &action) : PANE_IGNORED;
    if (taken == PANE_ACTION)
        push_action(ui, action);
    return taken != PANE_IGNORED;
}

static void escape_key(Ui *ui)
{
    if (ui->frame.overlay != OVERLAY_NONE)
        ui->frame.overlay = OVERLAY_NONE;
    else if (ui->frame.focus != FOCUS_INPUT)
        focus_on(ui, FOCUS_INPUT);
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
            function_key(ui, key->bytes[0] == '0' ? 10 : key->bytes[0] - '0');
            return;
        }
        input_feed("\030", 1); /* readline has keys behind Ctrl-X too */
        input_key(ui, key);
    } else if (key->code == KB_ESC) {
        escape_key(ui);
    } else if (ui->frame.overlay == OVERLAY_HELP) {
        help_key(ui, key);
    } else if (ui->frame.overlay == OVERLAY_TARGETS) {
        targets_key(ui, key);
    } else if (input_searching() && key->code == KB_CTRL && key->bytes[0] == ('C' & 31)) {
        input_feed("\007", 1);
    } else if (!global_key(ui, key) && !pane_key(ui, key)) {
        /* Typing goes to the input line, wherever the focus was. */
        if (key->code == KB_TEXT || key->code == KB_PASTE)
            focus_on(ui, FOCUS_INPUT);
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
    ui->keys_ms = now_ms();
    take_keys(ui, false);
}

void ui_tick(Ui *ui)
{
    if (keys_waits(&ui->keys) && now_ms() - ui->keys_ms >= KEYS_ESC_MS)
        take_keys(ui, true);
}

void ui_draw(Ui *ui)
{
    int width, height;
    long now = now_ms();
    if (!needs_drawing(ui) || now - ui->drawn_ms < FRAME_MS)
        return;
    screen_size(ui->screen, &width, &height);
    if (ui->cells.cells == NULL || ui->cells.width != width || ui->cells.height != height) {
        cells_close(&ui->cells);
        if (cells_open(&ui->cells, width, height, screen_unicode(ui->screen)) != 0)
            return;
    }
    Frame *frame = &ui->frame;
    frame->line = input_line(&frame->line_bytes, &frame->point);
    frame->prompt = input_prompt();
    char *const *choices = input_choices(&frame->n_choices);
    for (int i = 0; i < frame->n_choices; i++)
        frame->choices[i] = choices[i];
    unsigned changes = ui->view->changes;
    frame_draw(frame, ui->view, &ui->cells, &ui->layout);
    if (frame->focus < PANE_COUNT && !layout_shows(&ui->layout, (PaneId)frame->focus)) {
        frame->focus = FOCUS_INPUT; /* the window became too small for that pane */
        frame_draw(frame, ui->view, &ui->cells, &ui->layout);
    }
    screen_draw(ui->screen, &ui->cells);
    ui->changes = changes;
    ui->dirty = false;
    ui->drawn_ms = now;
}

void ui_resize(Ui *ui)
{
    screen_resize(ui->screen);
    ui->dirty = true;
}

void ui_suspend(Ui *ui)
{
    screen_suspend(ui->screen);
}

void ui_resume(Ui *ui)
{
    screen_resume(ui->screen);
    ui->dirty = true;
}

void ui_emergency(void)
{
    screen_emergency();
}
