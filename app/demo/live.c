/* live.c - see live.h. */
#include "app/demo/live.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"
#include "ui/ui.h"

/* What a step works with, for one turn. */
typedef struct Turn {
    Live *live;
    Chat *chat;
    View *view;
    Ui *ui;
    double now_ms;
} Turn;

enum { NEWEST = 1000000000 /* rounds to browse, to get to the newest */ };

/* How a step begins: 1 = begun, 0 = not yet, -1 = it cannot, and the chat has said why. */

static int begin_say(Turn *turn, const Step *step)
{
    if (turn->chat->state != CHAT_IDLE)
        return 0;
    ui_notice(turn->ui, ""); /* of what was set before */
    ui_show_compare(turn->ui, false);
    return chat_ask(turn->chat, step->text) == 0 ? 1 : -1;
}

static int begin_wait(Turn *turn, const Step *step)
{
    turn->live->rounds = 0;
    turn->live->until_ms = turn->now_ms + step->number * 1000;
    return 1;
}

static int begin_hold(Turn *turn, const Step *step)
{
    return begin_wait(turn, step);
}

static int run_command(Turn *turn, const Step *step)
{
    turn->live->replied = false;
    char *line = step_command(step);
    int status = line && chat_line(turn->chat, line) == 0 ? 1 : -1;
    free(line);
    return status;
}

static int begin_switch(Turn *turn, const Step *step)
{
    return turn->chat->state == CHAT_LOADING ? 0 : run_command(turn, step);
}

static int begin_set(Turn *turn, const Step *step)
{
    return begin_switch(turn, step);
}

static int begin_ab(Turn *turn, const Step *step)
{
    return turn->chat->state != CHAT_IDLE ? 0 : run_command(turn, step);
}

static int begin_caption(Turn *turn, const Step *step)
{
    turn->live->caption = step->text;
    return 1;
}

static int begin_focus(Turn *turn, const Step *step)
{
    ui_focus(turn->ui, step->focus);
    return 1;
}

static int begin_browse(Turn *turn, const Step *step)
{
    view_browse(turn->view, step->number != 0 ? (int)step->number : NEWEST);
    return 1;
}

/* Whether a step that has begun is over. */

static bool is_over_wait(const Turn *turn, const Step *step)
{
    if (step->wait_for == WAIT_SECONDS)
        return turn->now_ms >= turn->live->until_ms;
    return turn->chat->state != CHAT_ANSWERING ||
           (step->wait_for == WAIT_ROUNDS && turn->live->rounds >= (int)step->number);
}

static bool is_over_hold(const Turn *turn, const Step *step)
{
    (void)step;
    return turn->now_ms >= turn->live->until_ms;
}

static bool is_over_switch(const Turn *turn, const Step *step)
{
    (void)step;
    return turn->live->replied;
}

static bool is_over_set(const Turn *turn, const Step *step)
{
    return turn->live->replied || step_set_is_quiet(step);
}

static bool is_over_say(const Turn *turn, const Step *step)
{
    (void)turn;
    (void)step;
    return true;
}

#define is_over_ab is_over_say
#define is_over_caption is_over_say
#define is_over_focus is_over_say
#define is_over_browse is_over_say

static const struct {
    int (*begin)(Turn *turn, const Step *step);
    bool (*is_over)(const Turn *turn, const Step *step);
} rows[] = {
#define STEP_LIVE(NAME, name, reader) [STEP_##NAME] = {begin_##name, is_over_##name},
    STEP_LIST(STEP_LIVE)
#undef STEP_LIVE
};

static const Step *current(const Live *live)
{
    return live->over ? NULL : &live->script->steps[live->step];
}

static void on_event(void *user, const Event *event)
{
    Live *live = user;
    const Step *step = current(live);
    bool ended = event->type == EVENT_SWITCH &&
                 (event->u.swap.stage == SWITCH_DONE || event->u.swap.stage == SWITCH_FAILED);
    if (event->type == EVENT_STATS) /* a round, its words with it, is told */
        live->rounds++;
    if (ended || event->type == EVENT_ERROR ||
        (event->type == EVENT_READY && step && step->kind == STEP_SET))
        live->replied = true;
}

static void on_key(void *user, const Key *key)
{
    Live *live = user;
    bool text = key->code == KB_TEXT;
    if ((text && key->bytes[0] == 'q') || (key->code == KB_CTRL && key->bytes[0] == ('D' & 31)))
        live->quit = true;
    else if (text && key->bytes[0] == '.')
        live->skip = true;
    else if (text && key->bytes[0] == ' ' && !live->held)
        live->held_ms = clock_ms();
    else if (text && key->bytes[0] == ' ')
        live->until_ms += clock_ms() - live->held_ms;
    if (text && key->bytes[0] == ' ')
        live->held = !live->held;
}

static bool holds(const Live *live)
{
    const Step *step = current(live);
    return step && (live->held || (live->begun && step->kind == STEP_HOLD));
}

/* What was held is shown when the hold ends, before the step after it. */
static void hold_view(const Live *live, View *view)
{
    bool held = holds(live);
    view->led = !live->over;
    if (held && !view->holding)
        view_hold(view);
    else if (!held && view->holding)
        view_go_on(view);
}

/* Runs what can be run now, as far as the end of a hold. 1 = there is more,
 * 0 = a step takes its time, -1 = the script cannot go on. */
static int run_steps(Turn *turn)
{
    Live *live = turn->live;
    while (live->step < live->script->n_steps) {
        const Step *step = &live->script->steps[live->step];
        if (!live->begun) {
            int begun = turn->chat->state == CHAT_LOST ? -1 : rows[step->kind].begin(turn, step);
            if (begun <= 0)
                return begun;
            live->begun = true;
        }
        if (!live->skip && !rows[step->kind].is_over(turn, step))
            return 0;
        live->skip = live->begun = false;
        live->step++;
        if (step->kind == STEP_HOLD)
            return 1;
    }
    live->over = true;
    return 0;
}

static void show_bar(const Live *live, Ui *ui)
{
    PlayBar bar;
    memset(&bar, 0, sizeof(bar)); /* the padding too: bars are compared */
    bar.shown = !live->over;
    bar.held = live->held;
    bar.captions = script_has_captions(live->script);
    bar.step = live->step + 1;
    bar.steps = live->script->n_steps;
    bar.keys = "Space holds  . next step  q quits";
    text_clean_line(live->caption, bar.caption, sizeof(bar.caption));
    ui_set_play(ui, &bar);
}

/* In how many ms a step that takes its time wants to be looked at. */
static int wait_of(const Live *live, double now_ms)
{
    const Step *step = current(live);
    bool timed =
        step && !live->held && live->begun &&
        (step->kind == STEP_HOLD || (step->kind == STEP_WAIT && step->wait_for == WAIT_SECONDS));
    double left = live->until_ms - now_ms;
    return !timed ? -1 : left > 0 ? (int)left + 1 : 0;
}

static int on_turn(void *user, Chat *chat, View *view, Ui *ui)
{
    Live *live = user;
    Turn turn = {live, chat, view, ui, clock_ms()};
    if (live->over)
        return -1;
    if (live->quit)
        chat->quit = true;
    int status = live->held ? 0 : run_steps(&turn);
    if (status < 0) {
        live->over = true;
        ui_notice(ui, "the script cannot go on; the chat is yours");
    } else if (live->over) {
        ui_notice(ui, "the script ends here; the chat is yours");
    }
    hold_view(live, view);
    show_bar(live, ui);
    return status > 0 ? 0 : wait_of(live, turn.now_ms);
}

ChatLead live_lead(Live *live, const Script *script)
{
    *live = (Live){.script = script, .caption = ""};
    return (ChatLead){.user = live, .event = on_event, .turn = on_turn, .key = on_key};
}
