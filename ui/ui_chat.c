/* ui_chat.c - what keys do with the text of the chat: search in it, copy from it, show it alone; see
 * ui_state.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/clip.h"
#include "ui/overlay.h"
#include "ui/panes/chat_items.h"
#include "ui/ui_state.h"

/* Marks the hits and goes to one; says so where there is none. */
static void look_for(Ui *ui, int by, int scroll)
{
    char notice[SEARCH_BYTES + 32];
    bool around;
    View *view = ui->view;
    if (chat_search(view, by, scroll, &around) == 0) {
        snprintf(notice, sizeof notice, "\"%s\" is not in the chat", view->search.pattern);
        view->changes++;
        text_clean_line(notice, ui->frame.notice, sizeof ui->frame.notice);
    } else if (around) {
        snprintf(ui->frame.notice, sizeof ui->frame.notice, "the search goes on at the %s",
                 by < 0 ? "end of the chat" : "beginning of the chat");
    }
}

static void search_begin(Ui *ui)
{
    Frame *frame = &ui->frame;
    frame->overlay = OVERLAY_NONE;
    ui_focus(ui, PANE_CHAT);
    frame->asking = true;
    ui->asked[0] = '\0';
    strcpy(ui->asked_before, ui->view->search.pattern);
    ui->asked_scroll = ui->view->scroll;
}

/* The pattern has changed: its last hit above where the chat stood, as it is typed. */
static void search_typed(Ui *ui)
{
    View *view = ui->view;
    strcpy(view->search.pattern, ui->asked);
    view->search.hit = -1;
    view->search.shown = false;
    view->scroll = ui->asked_scroll;
    view->changes++;
    if (ui->asked[0] != '\0')
        look_for(ui, -1, ui->asked_scroll);
}

static void search_cancel(Ui *ui)
{
    View *view = ui->view;
    ui->frame.asking = false;
    strcpy(view->search.pattern, ui->asked_before);
    view->search.hit = -1;
    view->search.shown = false;
    view->scroll = ui->asked_scroll;
    view->changes++;
}

static void search_done(Ui *ui)
{
    ui->frame.asking = false;
    if (ui->asked[0] != '\0')
        return; /* its hit is shown already */
    if (ui->asked_before[0] == '\0') {
        search_cancel(ui);
        return;
    }
    strcpy(ui->asked, ui->asked_before);
    search_typed(ui);
}

/* Appends what fits, up to a newline. */
static void search_append(Ui *ui, const char *text)
{
    char clean[SEARCH_BYTES], line[SEARCH_BYTES];
    size_t n = strcspn(text, "\r\n"), used = strlen(ui->asked);
    snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), text);
    text_clean_line(line, clean, sizeof clean);
    if (used + strlen(clean) >= sizeof ui->asked)
        return;
    strcpy(ui->asked + used, clean);
    search_typed(ui);
}

static void search_backspace(Ui *ui)
{
    size_t n = strlen(ui->asked);
    if (n == 0) {
        search_cancel(ui);
        return;
    }
    do
        n--;
    while (n > 0 && ((unsigned char)ui->asked[n] & 0xC0) == 0x80);
    ui->asked[n] = '\0';
    search_typed(ui);
}

bool ui_search_key(Ui *ui, const Key *key)
{
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    switch (key->code) {
    case KB_TEXT:
        search_append(ui, key->bytes);
        return true;
    case KB_PASTE:
        search_append(ui, ui->keys.paste_bytes > 0 ? ui->keys.paste : "");
        return true;
    case KB_UP:
    case KB_DOWN:
        if (ui->asked[0] != '\0')
            look_for(ui, key->code == KB_UP ? -1 : 1, ui->view->scroll);
        return true;
    case KB_ESC:
        search_cancel(ui);
        return true;
    case KB_CTRL:
        if (ch == '\r' || ch == '\n')
            search_done(ui);
        else if (ch == 127 || ch == ('H' & 31))
            search_backspace(ui);
        else if (ch == ('C' & 31) || ch == ('G' & 31))
            search_cancel(ui);
        else if (ch == ('U' & 31))
            ui->asked[0] = '\0', search_typed(ui);
        else
            break;
        return true;
    default:
        break;
    }
    search_done(ui);
    return false;
}

static void search_next(Ui *ui, int by)
{
    Search *search = &ui->view->search;
    if (search->pattern[0] == '\0') {
        search_begin(ui);
        return;
    }
    if (!search->shown)
        search->hit = -1;
    look_for(ui, by, ui->view->scroll);
}

void ui_search(Ui *ui, const char *text)
{
    search_begin(ui);
    if (*text == '\0')
        return;
    search_append(ui, text);
    search_done(ui);
    ui->dirty = true;
}

/* last: as of clip_pick_shown. */
static int copy_shown(Ui *ui, unsigned last, int number, Err *err)
{
    const char *term = getenv("TERM");
    bool inside = getenv("TMUX") != NULL || (term != NULL && strncmp(term, "tmux", 4) == 0);
    char notice[160];
    Clip clip;
    if (clip_pick_shown(&ui->view->scrollback, last, number, &clip, err) != 0)
        return -1;
    int status = screen_copy(ui->screen, clip.text, clip.bytes);
    free(clip.text);
    if (status != 0)
        return err_set(err, EXIT_IO, "there is no terminal to copy to");
    snprintf(notice, sizeof notice, "to the terminal's clipboard: %s, %zu byte%s%s", clip.what,
             clip.bytes, clip.bytes == 1 ? "" : "s", inside ? " (tmux: set-clipboard on)" : "");
    ui_notice(ui, notice);
    return 0;
}

int ui_copy(Ui *ui, int number, Err *err)
{
    return copy_shown(ui, 0, number, err);
}

/* A block of code, or the answer that is in sight. */
static void copy(Ui *ui, int number)
{
    Err err = {0};
    if (copy_shown(ui, number == CLIP_ANSWER ? ui->view->answer_in_reach : 0, number, &err) != 0)
        ui_notice(ui, err.text);
}

bool ui_log_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    int page, most = overlay_log_most(ui->view, ui->layout.width, ui->layout.height, &page);
    switch (key->code) {
    case KB_UP:
        frame->log_up++;
        break;
    case KB_DOWN:
        frame->log_up--;
        break;
    case KB_PAGE_UP:
        frame->log_up += page;
        break;
    case KB_PAGE_DOWN:
        frame->log_up -= page;
        break;
    case KB_HOME:
        frame->log_up = most;
        break;
    case KB_END:
        frame->log_up = 0;
        break;
    default:
        frame->overlay = OVERLAY_NONE;
        return key->code != KB_TEXT && key->code != KB_PASTE;
    }
    frame->log_up = frame->log_up > most ? most : frame->log_up < 0 ? 0 : frame->log_up;
    return true;
}

static void toggle_alone(Ui *ui)
{
    Frame *frame = &ui->frame;
    frame->alone = !frame->alone;
    frame->only = PANE_CHAT;
    frame->overlay = OVERLAY_NONE;
    ui->view->bare = frame->alone;
    ui->view->changes++;
    ui_take_mouse(ui);
    if (frame->alone) {
        if (frame->focus != FOCUS_INPUT)
            ui_focus(ui, PANE_CHAT);
        ui_notice(ui, "the chat alone: z or Ctrl-X z brings the rest back");
    }
}

void ui_edit(Ui *ui, int question, const char *text)
{
    ui_set_input(ui, text);
    ui->editing = question;
    snprintf(ui->edit_prompt, sizeof ui->edit_prompt, "edit %d> ", question);
    ui_focus(ui, FOCUS_INPUT);
}

void ui_chat_action(Ui *ui, ShortcutAction action)
{
    Frame *frame = &ui->frame;
    switch (action) {
    case SHORTCUT_SEARCH:
        search_begin(ui);
        break;
    case SHORTCUT_OLDER:
        search_next(ui, -1);
        break;
    case SHORTCUT_NEWER:
        search_next(ui, 1);
        break;
    case SHORTCUT_COPY:
        copy(ui, ui->view->code_in_reach > 0 ? ui->view->code_in_reach : CLIP_ANSWER);
        break;
    case SHORTCUT_COPY_ANSWER:
        copy(ui, CLIP_ANSWER);
        break;
    case SHORTCUT_ALONE:
        toggle_alone(ui);
        break;
    case SHORTCUT_COLOURS:
        view_next_colours(ui->view);
        break;
    case SHORTCUT_FOLD:
        view_fold(ui->view);
        break;
    case SHORTCUT_PANES:
        ui_hide_panes(ui);
        break;
    case SHORTCUT_LOG:
        frame->overlay = frame->overlay == OVERLAY_LOG ? OVERLAY_NONE : OVERLAY_LOG;
        frame->log_up = 0;
        break;
    case SHORTCUT_EDITOR:
        ui_push(ui, (UiAction){.type = UI_EDITOR});
        break;
    default:
        break;
    }
}
