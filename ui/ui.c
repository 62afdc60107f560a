/* ui.c - see ui.h: the terminal, the time, the queue of actions; keys are ui_keys.c's. */
#include "ui/ui.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/input.h"
#include "ui/panes/pane.h"
#include "ui/ui_state.h"

enum {
    FRAME_MS = 33,
    GROUND_MS = 100, /* for the terminal to answer before the first frame */
};

long ui_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An answer that is soon there spares the first frame the wrong colours. What is typed meanwhile is
 * not lost. */
static void await_ground(Ui *ui)
{
    char bytes[256];
    long until = ui_now_ms() + GROUND_MS;
    while (screen_asks_ground(ui->screen) && !keys_hold_answer(&ui->keys)) {
        struct pollfd wait = {STDIN_FILENO, POLLIN, 0};
        long left = until - ui_now_ms();
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
            return;
        ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
        if (n <= 0)
            return;
        keys_feed(&ui->keys, bytes, (size_t)n);
        ui->keys_ms = ui_now_ms();
        ui->early = true;
    }
}

int ui_open(Ui **out, const UiOptions *options, Err *err)
{
    *out = NULL;
    Ui *ui = calloc(1, sizeof *ui);
    if (ui == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for the screen");
    ui->view = options->view;
    ui->frame = (Frame){.focus = FOCUS_INPUT,
                        .front = PANE_TREE,
                        .keys = options->keys,
                        .commands = options->commands};
    ui->play_key = options->play_key;
    ui->user = options->user;
    ui->dirty = true;
    if (screen_open(&ui->screen, options->theme, err) != 0 || input_open(options, err) != 0) {
        ui_close(ui);
        return -1;
    }
    ui_take_mouse(ui);
    ui->view->keys = options->keys;
    char note[200];
    if (screen_locale_note(ui->screen, note, sizeof note) != NULL)
        view_note(ui->view, ITEM_WARNING, note);
    await_ground(ui);
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
        free((char *)ui->actions[ui->first_action++ % UI_ACTIONS].text);
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
    long wait = -1, now = ui_now_ms();
    int silence = keys_wait_ms(&ui->keys);
    if (silence > 0)
        wait = ui->keys_ms + silence - now;
    if (needs_drawing(ui)) {
        long frame = ui->drawn_ms + FRAME_MS - now;
        wait = silence > 0 && wait < frame ? wait : frame;
    } else if (silence == 0) {
        return -1;
    }
    return wait > 0 ? (int)wait : 0;
}

void ui_notice(Ui *ui, const char *text)
{
    text_clean_line(text, ui->frame.notice, sizeof ui->frame.notice);
    log_add(&ui->view->log, time(NULL), ITEM_NOTE, text);
    ui->dirty = true;
}

void ui_set_theme(Ui *ui, ThemeChoice theme)
{
    screen_set_theme(ui->screen, theme);
    ui->dirty = true;
}

ThemeChoice ui_theme(const Ui *ui, ThemeChoice *shown)
{
    return screen_theme(ui->screen, shown);
}

void ui_set_play(Ui *ui, const PlayBar *bar)
{
    if (memcmp(&ui->frame.play, bar, sizeof *bar) == 0)
        return;
    ui->frame.play = *bar;
    ui->dirty = true;
}

void ui_set_input(Ui *ui, const char *text)
{
    input_set(text);
    ui->editing = 0;
    ui->dirty = true;
}

char *ui_input_text(const Ui *ui)
{
    (void)ui;
    size_t bytes, point;
    const char *line = input_line(&bytes, &point);
    return strndup(line, bytes);
}

bool ui_replace_input(Ui *ui, const char *text, size_t bytes)
{
    ui->dirty = true;
    return input_replace(text, bytes);
}

void ui_take_mouse(Ui *ui)
{
    screen_mouse(ui->screen, !ui->mouse_off && !ui->view->bare);
}

void ui_set_mouse(Ui *ui, bool on)
{
    ui->mouse_off = !on;
    ui_take_mouse(ui);
}

void ui_push(Ui *ui, UiAction action)
{
    if (action.type == UI_THRESHOLDS && ui->n_actions > 0) {
        UiAction *last = &ui->actions[(ui->first_action + ui->n_actions - 1) % UI_ACTIONS];
        if (last->type == UI_THRESHOLDS) {
            *last = action;
            return;
        }
    }
    if (ui->n_actions == UI_ACTIONS) {
        free((char *)action.text);
        return;
    }
    ui->actions[(ui->first_action + ui->n_actions++) % UI_ACTIONS] = action;
}

bool ui_next(Ui *ui, UiAction *action)
{
    free(ui->text);
    ui->text = NULL;
    if (ui->n_actions == 0)
        return false;
    *action = ui->actions[ui->first_action];
    ui->first_action = (ui->first_action + 1) % UI_ACTIONS;
    ui->n_actions--;
    ui->text = (char *)action->text;
    return true;
}

void ui_draw(Ui *ui)
{
    int width, height;
    long now = ui_now_ms();
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
    frame->prompt = ui->editing > 0 && !input_searching() ? ui->edit_prompt : input_prompt();
    if (frame->asking) {
        frame->line = ui->asked;
        frame->line_bytes = frame->point = strlen(ui->asked);
        frame->prompt = "/";
    }
    char *const *choices = input_choices(&frame->n_choices);
    for (int i = 0; i < frame->n_choices; i++)
        frame->choices[i] = choices[i];
    unsigned changes = ui->view->changes;
    frame_draw(frame, ui->view, &ui->cells, &ui->layout);
    bool small = ui->layout.mode == LAYOUT_SMALL || ui->layout.mode == LAYOUT_MESSAGE;
    if ((frame->focus < PANE_COUNT && !layout_shows(&ui->layout, (PaneId)frame->focus)) ||
        (frame->focus == FOCUS_PAGE && small)) {
        frame->focus = FOCUS_INPUT; /* the window became too small for that */
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
