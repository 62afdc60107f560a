/* ui_mouse.c - the wheel scrolls; what is selected is the terminal's; see ui_state.h. */
#include "ui/ui_state.h"

void ui_take_mouse(Ui *ui)
{
    screen_mouse(ui->screen, !ui->mouse_off && !ui->view->bare);
}

void ui_set_mouse(Ui *ui, bool on)
{
    ui->mouse_off = !on;
    ui_take_mouse(ui);
}

/* The wheel moves what has the rows: an overlay, as arrows would, else the chat. */
bool ui_mouse_key(Ui *ui, const Key *key)
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
            ui_key(ui, &arrow);
        return true;
    }
    int scroll = view->scroll + (key->code == KB_WHEEL_UP ? WHEEL_ROWS : -WHEEL_ROWS);
    view->scroll = scroll > 0 ? scroll : 0;
    view->changes++;
    return true;
}
