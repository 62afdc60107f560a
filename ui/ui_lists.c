/* ui_lists.c - the lists over the panes: how they are brought up, and what choosing a row does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/input.h"
#include "ui/list.h"
#include "ui/ui_state.h"

void ui_choose_target(Ui *ui, int index)
{
    char notice[80];
    int n = ui->view->ready.n_targets;
    const char *name = index >= n ? list_target(ui->view, index) : NULL;
    if (n == 0) {
        ui_notice(ui, "no targets yet: the models are being loaded");
    } else if (index < n) {
        ui_push(ui, (UiAction){.type = UI_TARGET, .index = index});
    } else if (name) {
        char *copy = strdup(name);
        if (copy)
            ui_push(ui, (UiAction){.type = UI_TARGET, .index = -1, .text = copy});
    } else {
        snprintf(notice, sizeof notice, "there is no target %d: the profile has %d", index + 1, n);
        ui_notice(ui, notice);
    }
}

static void show(Ui *ui, Overlay overlay, int choice)
{
    ui->frame.overlay = overlay;
    ui->frame.choice = choice;
    ui->frame.deleting = false;
    ui->frame.filter[0] = '\0';
    ui->dirty = true;
}

void ui_show_targets(Ui *ui)
{
    if (ui->view->ready.n_targets > 0) {
        show(ui, OVERLAY_TARGETS, ui->view->ready.target_index);
        ui_push(ui, (UiAction){.type = UI_FIND});
    } else {
        ui_choose_target(ui, 0);
    }
}

void ui_show_sessions(Ui *ui)
{
    const View *view = ui->view;
    int choice = ui->frame.overlay == OVERLAY_SESSIONS ? ui->frame.choice : 0;
    if (view->n_sessions == 0) {
        show(ui, OVERLAY_NONE, 0);
        ui_notice(ui, "there is no session yet: the first question begins one");
    } else {
        show(ui, OVERLAY_SESSIONS, choice < view->n_sessions ? choice : view->n_sessions - 1);
    }
}

/* An action about the chosen session. */
static void push_session(Ui *ui, UiActionType type)
{
    char *name = strdup(ui->view->sessions[ui->frame.choice].name);
    if (name)
        ui_push(ui, (UiAction){.type = type, .text = name});
}

/* The command is put into the line, where the new name is typed. */
static void rename_session(Ui *ui)
{
    char line[100];
    snprintf(line, sizeof line, "/rename %s ", ui->view->sessions[ui->frame.choice].name);
    input_kill();
    input_insert(line, strlen(line));
}

static void choose(Ui *ui, const List *list, Overlay overlay)
{
    if (overlay == OVERLAY_TARGETS)
        ui_choose_target(ui, list_place(list, ui->frame.choice));
    else
        push_session(ui, UI_OPEN);
}

/* What is typed narrows the list of targets down, and Backspace widens it again. */
static bool filter_key(Frame *frame, const Key *key)
{
    size_t length = strlen(frame->filter);
    bool back = key->code == KB_CTRL && (key->bytes[0] == '\177' || key->bytes[0] == '\b');
    if (back && length > 0)
        frame->filter[length - 1] = '\0';
    else if (key->code == KB_TEXT && key->n == 1 && length + 1 < sizeof frame->filter &&
             (length > 0 || key->bytes[0] != '/')) /* which begins a command */
        snprintf(frame->filter + length, sizeof frame->filter - length, "%c", key->bytes[0]);
    else
        return false;
    frame->choice = 0;
    return true;
}

/* Keys of one list alone; true = it was one. */
static bool own_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    char ch = key->n > 0 ? key->bytes[0] : '\0';
    bool digit = key->code == KB_TEXT && ch >= '1' && ch <= '9';
    if (frame->overlay == OVERLAY_TARGETS && digit && !frame->filter[0]) {
        frame->overlay = OVERLAY_NONE;
        ui_choose_target(ui, ch - '1');
    } else if (frame->overlay == OVERLAY_SESSIONS && key->code == KB_DELETE) {
        if (ui->view->sessions[frame->choice].now)
            ui_notice(ui, "this one is the chat that goes on: /clear begins another one first");
        else
            frame->deleting = true;
    } else if (frame->overlay == OVERLAY_SESSIONS && key->code == KB_CTRL && ch == ('R' & 31)) {
        frame->overlay = OVERLAY_NONE;
        rename_session(ui);
    } else {
        return frame->overlay == OVERLAY_TARGETS && ui->view->n_models > 0 &&
               filter_key(frame, key);
    }
    return true;
}

bool ui_list_key(Ui *ui, const Key *key)
{
    Frame *frame = &ui->frame;
    Overlay overlay = frame->overlay;
    List list;
    list_make(&list, overlay, frame->filter, ui->view);
    if (list.all == 0) { /* there was something when it came up */
        frame->overlay = OVERLAY_NONE;
        return false;
    }
    if (frame->choice >= list.n)
        frame->choice = list.n > 0 ? list.n - 1 : 0;
    if (frame->deleting) {
        frame->deleting = false;
        if (key->code == KB_TEXT && (key->bytes[0] == 'y' || key->bytes[0] == 'Y'))
            push_session(ui, UI_DELETE);
        return true; /* all else is a no */
    }
    int moved = list_move(&list, key, frame->choice, ui->layout.height - 4);
    if (moved >= 0) {
        frame->choice = moved;
        return true;
    }
    if (own_key(ui, key))
        return true;
    frame->overlay = OVERLAY_NONE;
    if (key->code == KB_CTRL && (key->bytes[0] == '\r' || key->bytes[0] == '\n'))
        list.n > 0 ? choose(ui, &list, overlay) : ui_notice(ui, "no model is called so");
    else
        return key->code != KB_TEXT && key->code != KB_PASTE;
    return true;
}
