/* screen_act.c - what the person does on the screen: lines, keys that ask for something, an editor for the
 * input. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/signals.h"
#include "app/chat/editor.h"
#include "app/chat/screen_chat.h"
#include "app/chat/slash.h"

char *screen_complete(void *user, const char *line, int start, const char *word, int index)
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

void screen_play_key(void *user, const Key *key)
{
    const ScreenChat *screen = user;
    if (screen->lead)
        screen->lead->key(screen->lead->user, key);
}

void screen_act(ScreenChat *screen, const UiAction *action)
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
        chat_switch(chat, action->index, action->text, &err);
        break;
    case UI_FIND:
        if (!chat->options.host) /* there are other models there */
            found_start(&screen->found);
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
        screen_sessions(screen);
        break;
    case UI_OPEN:
        chat_load(chat, action->text, &err);
        break;
    case UI_DELETE:
        chat_delete(chat, action->text, &err);
        screen_sessions(screen);
        break;
    case UI_EXPORT:
        chat_export(chat, "md", NULL, &err);
        break;
    }
    if (err.code)
        chat_note(chat, NOTE_ERROR, "%s", err.text);
}
