/* chat_replay.c - a trace on the chat's own screen, at the pace it was recorded.
 *
 *   trace lines -> Event -> View -> screen
 *
 * The panes and their keys work as in the chat; q quits, blank holds and goes on. Pauses longer
 * than GAP_MS, when the person was thinking, are cut to that.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/plain_text.h"
#include "app/base/signals.h"
#include "app/chat/chat.h"
#include "app/chat/screen_signals.h"
#include "app/protocol/event_json.h"
#include "kernels/common/clock.h"
#include "ui/ui.h"

enum { GAP_MS = 1500 };

typedef struct Replay {
    FILE *file;
    char *line;
    size_t room;
    int number; /* of the line */
    View view;
    Ui *ui;
    Event next;
    bool has_next, at_end, held, quit;
    double last_t_ms; /* of the event before */
    double due_ms;    /* when the next one is to be shown, by our clock */
} Replay;

/* Reads the next event and decides when it is due. */
static int read_next(Replay *replay, const char *name, Err *err)
{
    Err wrong = {0};
    ssize_t n = getline(&replay->line, &replay->room, replay->file);
    if (n < 0) {
        replay->at_end = true;
        return 0;
    }
    size_t mark = replay->number++ == 0 ? plain_text_mark(replay->line, (size_t)n) : 0;
    if (event_from_line(&replay->next, replay->line + mark, (size_t)n - mark, &wrong) != 0)
        return err_set(err, EXIT_DATA, "%s: line %d: %s", name, replay->number, wrong.text);
    double gap = replay->next.t_ms - replay->last_t_ms;
    if (replay->number == 1 || gap < 0) /* a new worker's clock starts again */
        gap = 0;
    replay->due_ms += gap < GAP_MS ? gap : GAP_MS;
    replay->last_t_ms = replay->next.t_ms;
    replay->has_next = true;
    return 0;
}

/* Shows all that is due. */
static int show_due(Replay *replay, const char *name, Err *err)
{
    while (!replay->held && !replay->at_end) {
        if (!replay->has_next && read_next(replay, name, err) != 0)
            return -1;
        if (replay->at_end) {
            ui_notice(replay->ui, "the trace ends here; q quits");
            return 0;
        }
        if (replay->due_ms > clock_ms())
            return 0;
        view_event(&replay->view, &replay->next);
        if (replay->next.type == EVENT_COMPARE && replay->next.u.compare.checked == 0)
            ui_show_compare(replay->ui);
        event_free(&replay->next);
        replay->has_next = false;
    }
    return 0;
}

static void hold(Replay *replay)
{
    replay->held = !replay->held;
    if (!replay->held)
        replay->due_ms = clock_ms();
    ui_notice(replay->ui, replay->held ? "held; blank goes on" : "");
}

static void take_keys(Replay *replay)
{
    char bytes[4096];
    ssize_t n = read(ui_fd(replay->ui), bytes, sizeof(bytes));
    bool typing = ui_asking(replay->ui);
    if (!typing && n == 1 && bytes[0] == 'q')
        replay->quit = true;
    else if (!typing && n == 1 && bytes[0] == ' ' && replay->view.holding)
        view_go_on(&replay->view); /* . in a pane has held it */
    else if (!typing && n == 1 && bytes[0] == ' ')
        hold(replay);
    else if (n > 0)
        ui_feed(replay->ui, bytes, n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        replay->quit = true;
}

static void suspend(Replay *replay)
{
    ui_suspend(replay->ui);
    signals_stop_here();
    ui_resume(replay->ui);
}

static void act(Replay *replay, const UiAction *action)
{
    if (action->type == UI_QUIT || action->type == UI_STOP)
        replay->quit = true;
    else if (action->type == UI_SUSPEND)
        suspend(replay);
    else if (action->type != UI_FORECASTS) /* those that were asked for are in the trace */
        ui_notice(replay->ui, "this is a replay: nothing can be changed; q quits");
}

/* Returns an exit code, 0 = go on. */
static int on_signal(Replay *replay, int number)
{
    switch (number) {
    case SIGWINCH:
        ui_resize(replay->ui);
        return 0;
    case SIGCONT: /* see chat_screen.c */
        ui_suspend(replay->ui);
        ui_resume(replay->ui);
        return 0;
    case SIGTSTP:
        suspend(replay);
        return 0;
    default:
        return screen_signal_is_write(number) ? 0 : 128 + number;
    }
}

static int timeout_of(const Replay *replay)
{
    int timeout = ui_timeout_ms(replay->ui);
    if (replay->held || !replay->has_next)
        return timeout;
    double left = replay->due_ms - clock_ms();
    int due = left < 0 ? 0 : (int)left + 1;
    return timeout < 0 || due < timeout ? due : timeout;
}

static int run(Replay *replay, int signals, const char *name, Err *err)
{
    UiAction action;
    replay->due_ms = clock_ms();
    while (!replay->quit) {
        ui_tick(replay->ui);
        while (ui_next(replay->ui, &action))
            act(replay, &action);
        if (show_due(replay, name, err) != 0)
            return err->code;
        ui_draw(replay->ui);
        struct pollfd polled[] = {{.fd = signals, .events = POLLIN},
                                  {.fd = ui_fd(replay->ui), .events = POLLIN}};
        if (poll(polled, 2, timeout_of(replay)) < 0 && errno != EINTR)
            return err_set(err, EXIT_IO, "waiting failed: poll: %s", strerror(errno)), EXIT_IO;
        if (polled[1].revents)
            take_keys(replay);
        for (int number = signals_next(signals); number; number = signals_next(signals)) {
            int code = on_signal(replay, number);
            if (code != 0)
                return code;
        }
    }
    return 0;
}

int chat_replay(const char *file)
{
    Err err = {0};
    int code = 0;
    Replay *replay = calloc(1, sizeof(*replay));
    int signals = replay ? signals_open(screen_signals, &err) : -1;
    UiOptions options = {.view = replay ? &replay->view : NULL,
                         .commands = "q      quit the replay\nblank  hold, go on"};
    screen_signals_catch();
    if (!replay)
        err_set(&err, EXIT_MEMORY, "out of memory");
    else if (signals >= 0 && !(replay->file = fopen(file, "re")))
        err_set(&err, EXIT_NOINPUT, "%s: %s", file, strerror(errno));
    if (!err.code && view_open(&replay->view, &err) == 0 &&
        ui_open(&replay->ui, &options, &err) == 0)
        code = run(replay, signals, file, &err);
    if (replay) {
        ui_close(replay->ui);
        view_close(&replay->view);
        if (replay->has_next)
            event_free(&replay->next);
        if (replay->file)
            fclose(replay->file);
        free(replay->line);
    }
    if (signals >= 0)
        signals_close(signals, screen_signals);
    free(replay);
    if (err.code)
        fprintf(stderr, "s2d: %s\n", err.text);
    return err.code ? err.code : code;
}
