/* chat_replay.c - a timeline on the chat's own screen: a trace, or a demo that was recorded.
 *
 *   Timeline -> Player -> View -> screen
 *
 * The panes and their keys work as in the chat. In place of the input line stands a bar (play_bar.h);
 * the keys that would go to that line move about in the timeline.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/signals.h"
#include "app/chat/chat.h"
#include "app/chat/screen_signals.h"
#include "app/play/player.h"
#include "kernels/common/clock.h"
#include "ui/ui.h"

enum { SEEK_MS = 5000 };

typedef struct Replay {
    Player player;
    Ui *ui;
    int focus;     /* as the player had it last, */
    bool compares; /* and this */
    bool quit;
    Err err; /* of a key */
} Replay;

static const char help[] = "Space          hold, go on\n"
                           ". ,            one round on, back\n"
                           "+ -            faster, slower: x0.25 to x16\n"
                           "Left, Right    5 seconds back, on\n"
                           "Up, Down       to the answer before, the next one\n"
                           "Home, End      to the beginning, the end\n"
                           "q              quit";

static void press(Replay *replay, char key)
{
    Player *player = &replay->player;
    switch (key) {
    case 'q':
        replay->quit = true;
        break;
    case ' ':
        player_hold(player);
        break;
    case '.':
        player_step(player, 1, &replay->err);
        break;
    case ',':
        player_step(player, -1, &replay->err);
        break;
    case '+':
    case '=':
        player_pace(player, 1);
        break;
    case '-':
        player_pace(player, -1);
        break;
    default:
        break;
    }
}

static void play_key(void *user, const Key *key)
{
    Replay *replay = user;
    Player *player = &replay->player;
    double at_ms = player->at_ms;
    switch (key->code) {
    case KB_TEXT:
        press(replay, key->bytes[0]);
        break;
    case KB_CTRL:
        replay->quit = key->bytes[0] == ('D' & 31);
        break;
    case KB_LEFT:
    case KB_RIGHT:
        player_go(player, at_ms + (key->code == KB_LEFT ? -SEEK_MS : SEEK_MS), &replay->err);
        break;
    case KB_UP:
    case KB_DOWN:
        player_answer(player, key->code == KB_UP ? -1 : 1, &replay->err);
        break;
    case KB_HOME:
        player_go(player, 0, &replay->err);
        break;
    case KB_END:
        player_go(player, player->timeline->end_ms, &replay->err);
        break;
    default:
        break;
    }
}

static void take_keys(Replay *replay)
{
    char bytes[4096];
    ssize_t n = read(ui_fd(replay->ui), bytes, sizeof(bytes));
    if (n > 0)
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
    if (action->type == UI_QUIT)
        replay->quit = true;
    else if (action->type == UI_SUSPEND)
        suspend(replay);
    else if (action->type == UI_STOP)
        ui_notice(replay->ui, "Space holds, q quits");
    else if (action->type != UI_FORECASTS) /* those that were asked for are in the trace */
        ui_notice(replay->ui, "this was recorded: nothing can be changed; q quits");
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
    int timeout = ui_timeout_ms(replay->ui), due = player_wait_ms(&replay->player);
    return timeout < 0 || (due >= 0 && due < timeout) ? due : timeout;
}

/* Shows what is due and where that is. */
static int show(Replay *replay, Err *err)
{
    PlayBar bar;
    Player *player = &replay->player;
    if (player_tick(player, clock_ms(), err) != 0)
        return -1;
    if (player->focus != replay->focus && player->focus >= 0)
        ui_focus(replay->ui, player->focus);
    replay->focus = player->focus;
    if (player->compares != replay->compares)
        ui_show_compare(replay->ui, player->compares);
    replay->compares = player->compares;
    player_bar(player, &bar);
    ui_set_play(replay->ui, &bar);
    ui_draw(replay->ui);
    return 0;
}

static int run(Replay *replay, int signals, Err *err)
{
    UiAction action;
    while (!replay->quit) {
        ui_tick(replay->ui);
        while (ui_next(replay->ui, &action))
            act(replay, &action);
        if (replay->err.code != 0)
            return err_set(err, replay->err.code, "%s", replay->err.text), err->code;
        if (show(replay, err) != 0)
            return err->code;
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

int chat_replay(Timeline *timeline)
{
    Err err = {0};
    int code = 0;
    Replay *replay = calloc(1, sizeof(*replay));
    int signals = replay ? signals_open(screen_signals, &err) : -1;
    UiOptions options = {.view = replay ? &replay->player.view : NULL,
                         .commands = help,
                         .play_key = play_key,
                         .user = replay};
    screen_signals_catch();
    if (!replay)
        err_set(&err, EXIT_MEMORY, "out of memory");
    if (!err.code && player_open(&replay->player, timeline, &err) == 0 &&
        ui_open(&replay->ui, &options, &err) == 0) {
        replay->focus = -1;
        code = run(replay, signals, &err);
    }
    if (replay) {
        ui_close(replay->ui);
        player_close(&replay->player);
    }
    if (signals >= 0)
        signals_close(signals, screen_signals);
    free(replay);
    if (err.code)
        fprintf(stderr, "s2d: %s\n", err.text);
    return err.code ? err.code : code;
}
