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

#include "app/base/paths.h"
#include "app/base/signals.h"
#include "app/chat/chat.h"
#include "app/chat/editor.h"
#include "app/chat/screen_sessions.h"
#include "app/chat/screen_signals.h"
#include "app/chat/slash.h"
#include "ui/ui.h"

typedef struct ScreenChat {
    Chat chat;
    View view;
    Ui *ui; /* NULL = not started yet */
    UiOptions ui_options;
    const ChatLead *lead; /* NULL = the person */
    char *help;
    char history[PATH_BYTES]; /* "" = none can be kept */
    bool heard;               /* the worker has said something */
    bool ready;               /* and what it has loaded */
    bool compares;            /* the page of what is compared is still to be shown */
    bool hung_up;             /* the terminal is gone */
    int signals;              /* descriptor */
    int ended_by;             /* signal that came while an editor had the terminal */
} ScreenChat;

/* What the chat says. */

static void front_changed(void *user);

static void front_event(void *user, const Event *event)
{
    ScreenChat *screen = user;
    screen->heard = true;
    if (event->type == EVENT_LOAD && screen->view.state == VIEW_LOST)
        screen->view.state = VIEW_STARTING; /* a new worker */
    view_event(&screen->view, event);
    if (event->type == EVENT_READY && !screen->ready) { /* rounds can be shown from now on */
        screen->ready = true;
        if (screen->chat.restore.due)
            front_changed(screen);
    }
    if (event->type == EVENT_COMPARE && event->u.compare.checked == 0)
        screen->compares = true;
    if (screen->lead)
        screen->lead->event(screen->lead->user, event);
}

/* Once what it is about is no longer held. */
static void show_compare(ScreenChat *screen)
{
    if (!screen->compares || screen->view.holding)
        return;
    ui_show_compare(screen->ui, true);
    screen->compares = false;
}

static void front_said(void *user, const char *text)
{
    ScreenChat *screen = user;
    view_user(&screen->view, text);
}

static void front_queued(void *user, const char *text)
{
    ScreenChat *screen = user;
    char *line = NULL;
    if (asprintf(&line, "queued: %s", text) < 0)
        return;
    view_queued(&screen->view, line);
    free(line);
}

static void front_unqueued(void *user)
{
    ScreenChat *screen = user;
    view_unqueue(&screen->view);
}

static void front_note(void *user, NoteKind kind, const char *text)
{
    ScreenChat *screen = user;
    view_note(&screen->view,
              kind == NOTE_ERROR     ? ITEM_ERROR
              : kind == NOTE_WARNING ? ITEM_WARNING
                                     : ITEM_NOTE,
              text);
}

static void front_notice(void *user, const char *text)
{
    ScreenChat *screen = user;
    if (screen->ui)
        ui_notice(screen->ui, text);
}

static void front_taken_back(void *user, const char *text)
{
    ScreenChat *screen = user;
    view_undo(&screen->view);
    ui_set_input(screen->ui, text);
}

static void front_answer_dropped(void *user)
{
    ScreenChat *screen = user;
    view_drop_answer(&screen->view);
}

static void front_renamed(void *user)
{
    ScreenChat *screen = user;
    view_set_session(&screen->view, screen->chat.session);
}

static void front_changed(void *user)
{
    ScreenChat *screen = user;
    screen_show_transcript(&screen->view, &screen->chat.transcript);
    front_renamed(user);
}

static void front_asked(void *user)
{
    ScreenChat *screen = user;
    view_asked(&screen->view);
}

static void front_stopping(void *user)
{
    ScreenChat *screen = user;
    view_stop_asked(&screen->view);
}

static int front_theme(void *user, const char *name, Err *err)
{
    ScreenChat *screen = user;
    ThemeChoice wanted, shown;
    if (name[0] != '\0') {
        if (!theme_find(name, &wanted))
            return err_set(err, EXIT_USAGE,
                           "/theme: \"%.40s\" is none of auto, dark, light, contrast, none", name);
        ui_set_theme(screen->ui, wanted);
    }
    wanted = ui_theme(screen->ui, &shown);
    chat_notice(&screen->chat, wanted == shown ? "theme %s" : "theme %s, which is %s here",
                theme_name(wanted), theme_name(shown));
    return 0;
}

static void front_dropped(void *user, int questions)
{
    ScreenChat *screen = user;
    for (int i = 0; i < questions; i++)
        view_undo(&screen->view);
}

static void front_edit(void *user, int question, const char *text)
{
    ScreenChat *screen = user;
    ui_edit(screen->ui, question, text);
}

static int front_copy(void *user, int number, Err *err)
{
    ScreenChat *screen = user;
    return ui_copy(screen->ui, number, err);
}

static void front_search(void *user, const char *text)
{
    ScreenChat *screen = user;
    ui_search(screen->ui, text);
}

static void front_mouse(void *user, bool on)
{
    ScreenChat *screen = user;
    ui_set_mouse(screen->ui, on);
}

static void front_goes_on(void *user)
{
    ScreenChat *screen = user;
    view_continue(&screen->view);
}

static void front_sessions(void *user)
{
    ScreenChat *screen = user;
    if (!screen->ui)
        return;
    screen_list_sessions(&screen->view, &screen->chat);
    ui_show_sessions(screen->ui);
}

static const ChatFront front = {
    .event = front_event,
    .said = front_said,
    .queued = front_queued,
    .unqueued = front_unqueued,
    .note = front_note,
    .notice = front_notice,
    .taken_back = front_taken_back,
    .answer_dropped = front_answer_dropped,
    .changed = front_changed,
    .renamed = front_renamed,
    .asked = front_asked,
    .stopping = front_stopping,
    .theme = front_theme,
    .dropped = front_dropped,
    .edit = front_edit,
    .copy = front_copy,
    .search = front_search,
    .mouse = front_mouse,
    .goes_on = front_goes_on,
    .sessions = front_sessions,
};

/* What the person does. */

static char *complete(void *user, const char *line, int start, const char *word, int index)
{
    ScreenChat *screen = user;
    return slash_complete(&screen->chat, line, start, word, index);
}

static void send(ScreenChat *screen, const char *line, int question)
{
    if (slash_is_command(line))
        view_command(&screen->view, line);
    else if (question > 0) {
        chat_ask_instead(&screen->chat, question, slash_message(line));
        return;
    }
    chat_line(&screen->chat, line);
}

/* While an editor has the terminal the answer goes on; false = this process is to end. */
static bool while_editing(void *user)
{
    ScreenChat *screen = user;
    enum { MOMENT_MS = 50 };
    struct pollfd polled[] = {
        {.fd = screen->signals, .events = POLLIN},
        {.fd = client_fd(screen->chat.client), .events = client_poll_events(screen->chat.client)},
    };
    poll(polled, 2, MOMENT_MS);
    for (int number = signals_next(screen->signals); number;
         number = signals_next(screen->signals)) {
        if (number == SIGTERM || number == SIGHUP || number == SIGQUIT)
            screen->ended_by = number;
    }
    return screen->ended_by == 0 && chat_pump(&screen->chat) == 0;
}

static void edit_input(ScreenChat *screen)
{
    Err err = {0};
    char *text = ui_input_text(screen->ui), *edited = NULL;
    if (!text)
        return;
    ui_suspend(screen->ui);
    int status = editor_run(text, &edited, while_editing, screen, &err);
    ui_resume(screen->ui);
    if (status == 0 && strcmp(text, edited) != 0 &&
        !ui_replace_input(screen->ui, edited, strlen(edited)))
        status = err_set(&err, EXIT_USAGE, "the line holds 1 MB at most; nothing is changed");
    if (status != 0)
        ui_notice(screen->ui, err.text);
    free(edited);
    free(text);
}

static void play_key(void *user, const Key *key)
{
    const ScreenChat *screen = user;
    if (screen->lead)
        screen->lead->key(screen->lead->user, key);
}

static void act(ScreenChat *screen, const UiAction *action)
{
    Chat *chat = &screen->chat;
    Err err = {0};
    RequestSet set = {0};
    switch (action->type) {
    case UI_SEND:
        send(screen, action->text, action->index);
        break;
    case UI_EDITOR:
        edit_input(screen);
        break;
    case UI_STOP:
        chat_stop(chat);
        break;
    case UI_QUIT:
        chat->quit = true;
        break;
    case UI_SUSPEND:
        ui_suspend(screen->ui);
        signals_stop_here();
        ui_resume(screen->ui);
        break;
    case UI_TARGET:
        chat_switch(chat, action->index, NULL, &err);
        break;
    case UI_THRESHOLDS:
        set.n_thresholds = action->n_thresholds;
        memcpy(set.thresholds, action->thresholds, sizeof(set.thresholds));
        chat_set(chat, &set, &err);
        break;
    case UI_AUTO:
        set.has_auto = true;
        set.auto_thresholds = action->on;
        chat_set(chat, &set, &err);
        break;
    case UI_FORECASTS:
        chat_watch(chat, action->on);
        break;
    case UI_KEEP:
        set.keep = true;
        chat_set(chat, &set, &err);
        break;
    case UI_SPEC:
        set.has_spec = true;
        set.spec = action->spec;
        chat_set(chat, &set, &err);
        break;
    case UI_SESSIONS:
        front_sessions(screen);
        break;
    case UI_OPEN:
        chat_load(chat, action->text, &err);
        break;
    case UI_DELETE:
        chat_delete(chat, action->text, &err);
        front_sessions(screen);
        break;
    case UI_EXPORT:
        chat_export(chat, "md", NULL, &err);
        break;
    }
    if (err.code)
        chat_note(chat, NOTE_ERROR, "%s", err.text);
}

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
            act(screen, &(UiAction){.type = UI_SUSPEND});
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

/* Waits for something to do. timeout in ms, -1 = for ever. Returns an exit code, 0 = go on. */
static int wait_for_more(ScreenChat *screen, int signals, int timeout)
{
    const Client *client = screen->chat.client;
    struct pollfd polled[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = client_fd(client), .events = client_poll_events(client)},
        {.fd = screen->ui ? ui_fd(screen->ui) : -1, .events = POLLIN},
    };
    if (poll(polled, 3, timeout) < 0 && errno != EINTR) {
        err_set(&screen->chat.failure, EXIT_IO, "waiting failed: poll: %s", strerror(errno));
        return EXIT_IO;
    }
    if (polled[2].revents)
        take_keys(screen);
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

static int run(ScreenChat *screen, int signals)
{
    Chat *chat = &screen->chat;
    UiAction action;
    for (;;) {
        ui_tick(screen->ui);
        while (!chat->quit && ui_next(screen->ui, &action))
            act(screen, &action);
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
                           .complete = complete,
                           .play_key = play_key,
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
        chat_open(chat, &front, screen, options, client_options, err) != 0)
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
    screen->lead = lead;
    screen_signals_catch();
    int code = hold(screen, signals, options, client_options, &err);
    ui_close(screen->ui);
    if (err.code)
        fprintf(stderr, "s2d: %s\n", err.text);
    chat_close(&screen->chat);
    view_close(&screen->view);
    signals_close(signals, screen_signals);
    free(screen->help);
    free(screen);
    return code;
}
