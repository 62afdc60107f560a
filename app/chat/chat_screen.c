/* chat_screen.c - the chat on the whole screen: one poll() over keys, signals, the worker and the
 * next frame.
 *
 * The screen starts once the worker has found its models: a missing one is a line on stderr, not a
 * flash of a screen. However this ends, the terminal is as it was.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/signals.h"
#include "app/chat/screen_chat.h"
#include "app/chat/screen_sessions.h"
#include "app/chat/screen_signals.h"
#include "app/chat/slash.h"

/* Returns an exit code, 0 = go on. */
static int on_signal(ScreenChat *screen, int number)
{
    switch (number) {
    case SIGWINCH:
        if (screen->ui)
            ui_resize(screen->ui);
        return 0;
    /* After a stop that gave no time to leave the screen, or again after one that did. */
    case SIGCONT:
        if (screen->ui) {
            ui_suspend(screen->ui);
            ui_resume(screen->ui);
        }
        return 0;
    case SIGTSTP:
        if (screen->ui)
            screen_act(screen, &(UiAction){.type = UI_SUSPEND});
        else
            signals_stop_here();
        return 0;
    case SIGINT:
        if (chat_stop(&screen->chat))
            return 0;
        return EXIT_INTERRUPTED;
    default: /* TERM, HUP, QUIT */
        return screen_signal_is_write(number) ? 0 : 128 + number;
    }
}

static int take_signals(ScreenChat *screen, int signals)
{
    int code = 0;
    for (int number = signals_next(signals); number; number = signals_next(signals)) {
        int now = on_signal(screen, number);
        code = code ? code : now;
    }
    return code;
}

static void take_keys(ScreenChat *screen)
{
    char bytes[4096];
    ssize_t n = read(ui_fd(screen->ui), bytes, sizeof(bytes));
    if (n > 0)
        ui_feed(screen->ui, bytes, n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        screen->hung_up = true;
}

/* The memory that is free, and what the models hold that another one may take the place of. */
static void show_found(ScreenChat *screen)
{
    const EventReady *ready = &screen->chat.ready;
    bool here = strncmp(ready->device, "cpu", 3) == 0; /* a device has memory of its own */
    found_show(&screen->found, &screen->view, ready->draft,
               here ? kernels_host_memory() + (uint64_t)ready->memory_bytes : 0);
}

/* Waits for something to do. timeout in ms, -1 = for ever. Returns an exit code, 0 = go on. */
static int wait_for_more(ScreenChat *screen, int signals, int timeout)
{
    const Client *client = screen->chat.client;
    struct pollfd polled[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = client_fd(client), .events = client_poll_events(client)},
        {.fd = screen->ui ? ui_fd(screen->ui) : -1, .events = POLLIN},
        {.fd = screen->found.fd, .events = POLLIN},
    };
    if (poll(polled, 4, timeout) < 0 && errno != EINTR) {
        err_set(&screen->chat.failure, EXIT_IO, "waiting failed: poll: %s", strerror(errno));
        return EXIT_IO;
    }
    if (polled[2].revents)
        take_keys(screen);
    if (polled[3].revents && found_take(&screen->found))
        show_found(screen);
    return take_signals(screen, signals);
}

/* Until the worker has found its models, or has been silent for long. */
static int wait_for_worker(ScreenChat *screen, int signals)
{
    for (int i = 0; i < 20 && !screen->heard; i++) {
        int code = wait_for_more(screen, signals, 50);
        if (code != 0)
            return code;
        if (chat_pump(&screen->chat) != 0)
            return screen->chat.failure.code;
    }
    return 0;
}

/* Once what it is about is no longer held. */
static void show_compare(ScreenChat *screen)
{
    if (!screen->compares || screen->view.holding)
        return;
    ui_show_compare(screen->ui, true);
    screen->compares = false;
}

static int run(ScreenChat *screen, int signals)
{
    Chat *chat = &screen->chat;
    UiAction action;
    for (;;) {
        ui_tick(screen->ui);
        while (!chat->quit && ui_next(screen->ui, &action))
            screen_act(screen, &action);
        if (chat_pump(chat) != 0 || chat->failure.code)
            return chat->failure.code;
        show_compare(screen);
        int timeout = -1;
        if (screen->lead)
            timeout = screen->lead->turn(screen->lead->user, chat, &screen->view, screen->ui);
        if (chat->quit)
            return 0;
        if (screen->ended_by)
            return 128 + screen->ended_by;
        if (screen->hung_up)
            return 128 + SIGHUP;
        ui_draw(screen->ui);
        int frame = ui_timeout_ms(screen->ui);
        if (timeout < 0 || (frame >= 0 && frame < timeout))
            timeout = frame;
        int code = wait_for_more(screen, signals, timeout);
        if (code != 0)
            return code;
    }
}

static int start_ui(ScreenChat *screen, Err *err)
{
    UiOptions *options = &screen->ui_options;
    const Config *config = screen->chat.options.config;
    *options = (UiOptions){.view = &screen->view,
                           .theme = screen->chat.options.theme,
                           .complete = screen_complete,
                           .play_key = screen_play_key,
                           .user = screen};
    if (config)
        options->keys = &config->keys;
    if (config && !screen->chat.options.has_theme)
        options->theme = config->theme;
    screen->help = slash_help();
    if (!screen->help)
        return err_set(err, EXIT_MEMORY, "out of memory");
    options->commands = screen->help;
    if (paths_make(PLACE_STATE, NULL) == 0 &&
        paths_get(PLACE_STATE, "history", screen->history, sizeof(screen->history), NULL) == 0)
        options->history = screen->history;
    if (ui_open(&screen->ui, options, err) != 0)
        return -1;
    if (config && !config->mouse) {
        screen->chat.mouse_off = true;
        ui_set_mouse(screen->ui, false);
    }
    return 0;
}

static int hold(ScreenChat *screen, int signals, const Options *options,
                const ClientOptions *client_options, Err *err)
{
    Chat *chat = &screen->chat;
    if (view_open(&screen->view, err) != 0 ||
        chat_open(chat, &screen_front, screen, options, client_options, err) != 0)
        return err->code;
    if (chat->transcript.n == 0)
        screen_greet(&screen->view, chat);
    int code = wait_for_worker(screen, signals);
    if (code == 0 && start_ui(screen, err) != 0)
        return err->code;
    if (code == 0)
        code = run(screen, signals);
    if (chat->failure.code)
        err_set(err, chat->failure.code, "%s", chat->failure.text);
    if (chat_keep(chat, true, err) != 0 && code == 0)
        code = err->code;
    return code;
}

int chat_screen(const Options *options, const ClientOptions *client_options)
{
    return chat_screen_led(options, client_options, NULL);
}

int chat_screen_led(const Options *options, const ClientOptions *client_options,
                    const ChatLead *lead)
{
    Err err = {0};
    ScreenChat *screen = calloc(1, sizeof(*screen));
    int signals = screen ? signals_open(screen_signals, &err) : -1;
    if (signals < 0) {
        free(screen);
        fprintf(stderr, "s2d: %s\n", err.code ? err.text : "out of memory");
        return err.code ? err.code : EXIT_MEMORY;
    }
    screen->signals = signals;
    screen->found.fd = -1;
    screen->lead = lead;
    screen_signals_catch();
    int code = hold(screen, signals, options, client_options, &err);
    ui_close(screen->ui);
    found_stop(&screen->found);
    if (err.code)
        fprintf(stderr, "s2d: %s\n", err.text);
    chat_close(&screen->chat);
    view_close(&screen->view);
    signals_close(signals, screen_signals);
    free(screen->help);
    free(screen);
    return code;
}
