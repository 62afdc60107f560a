/* ui_look.c - keys for looking at rounds: hold the screen, step, go between a round and its words. */
#include "ui/panes/pane.h"
#include "ui/ui_state.h"

bool ui_is_busy(const View *view)
{
    return view->state == VIEW_PREFILL || view->state == VIEW_GENERATING || view->switching;
}

/* Between a round and its words. */
static void jump(Ui *ui)
{
    View *view = ui->view;
    if (view_round_serial(view) == 0) {
        ui_notice(ui, "no round yet");
    } else if (ui->frame.focus == PANE_CHAT) {
        ui_focus(ui, PANE_TREE);
    } else {
        view->explaining = true;
        view->to_words = true;
        ui_focus(ui, PANE_CHAT);
    }
}

/* One round further: of those that wait, or of those that were. */
static void step(Ui *ui)
{
    View *view = ui->view;
    if (view_step(view))
        return;
    if (view->holding && !ui_is_busy(view))
        view_go_on(view);
    if (view->browsed > 0)
        view_browse(view, 1);
    else if (view->holding)
        ui_notice(ui, "no further round yet");
    else if (ui_is_busy(view))
        view_hold(view);
    else
        ui_notice(ui, "this is the last round");
}

bool ui_looking_key(Ui *ui, const Key *key)
{
    View *view = ui->view;
    int focus = ui->frame.focus;
    char ch = key->code == KB_TEXT && key->n == 1 ? key->bytes[0] : '\0';
    if (ch == ' ' && view->holding)
        view_go_on(view);
    else if (ch == ' ' && ui_is_busy(view))
        view_hold(view);
    else if (ch == ' ')
        ui_notice(ui, "nothing goes on that could be held");
    else if (ch == '.')
        step(ui);
    else if (ch == 't' && (focus == PANE_CHAT || focus == PANE_TREE))
        jump(ui);
    else if (ch == 'r' && !ui->frame.play.shown &&
             (focus == PANE_CHAT || focus == PANE_TREE || focus == PANE_RACE))
        view->race_off = !view->race_off;
    else
        return false;
    view->changes++;
    return true;
}
