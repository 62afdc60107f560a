/* ui_panes.c - which of the panes are seen: zoomed, hidden, and the way back. */
#include <stdio.h>

#include "ui/panes/pane.h"
#include "ui/ui_state.h"

bool ui_is_hidden(const Ui *ui, int focus)
{
    return focus < PANE_COUNT && (ui->frame.hidden >> focus & 1) != 0;
}

bool ui_is_side(int focus)
{
    return focus < PANE_COUNT && pane_get((PaneId)focus)->wish.place == PLACE_RIGHT;
}

/* A pane that was hidden or behind a zoomed one is seen again. */
void ui_focus(Ui *ui, int focus)
{
    bool right = ui_is_side(focus);
    if (right && ui->layout.mode == LAYOUT_SMALL) {
        ui_notice(ui, "panes need a window of 60x15");
        return;
    }
    ui->dirty = true;
    ui->frame.focus = focus;
    if (focus != PANE_CHAT)
        ui->view->search.shown = false;
    if (ui->frame.alone && focus < PANE_COUNT && focus != (int)ui->frame.only) {
        ui->frame.alone = ui->view->bare = false;
        ui_take_mouse(ui);
    }
    if (right) {
        ui->frame.front = (PaneId)focus;
        ui->frame.hidden &= ~(1U << focus);
        if (ui->frame.zoom != PANE_CHAT)
            ui->frame.zoom = (PaneId)focus;
    }
}

void ui_zoom_pane(Ui *ui, int pane)
{
    Frame *frame = &ui->frame;
    if (!ui_is_side(pane) || ui_is_hidden(ui, pane))
        ui_notice(ui, "no pane to zoom: Ctrl-X h shows them again");
    else
        frame->zoom = frame->zoom == PANE_CHAT ? (PaneId)pane : PANE_CHAT;
}

void ui_hide_panes(Ui *ui)
{
    Frame *frame = &ui->frame;
    bool show = frame->hidden != 0;
    frame->hidden = 0;
    frame->zoom = PANE_CHAT;
    for (int pane = 0; pane < PANE_COUNT && !show; pane++)
        frame->hidden |= ui_is_side(pane) ? 1U << pane : 0;
    if (!show && ui_is_side(frame->focus))
        ui->frame.focus = FOCUS_INPUT;
    if (!show)
        ui_notice(ui, "Ctrl-X h shows the panes again");
}

void ui_hide_pane(Ui *ui, int pane)
{
    char notice[80];
    ui->frame.hidden |= 1U << pane;
    ui->frame.zoom = PANE_CHAT;
    ui->frame.focus = FOCUS_INPUT;
    snprintf(notice, sizeof notice, "%s is hidden; Ctrl-X h shows all panes again",
             pane_get((PaneId)pane)->tab);
    ui_notice(ui, notice);
}
