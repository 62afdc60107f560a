/* screen_front.c - what the chat says, on the screen: the View takes it. */
#include <stdio.h>
#include <stdlib.h>

#include "app/chat/screen_chat.h"
#include "app/chat/screen_sessions.h"

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
    if (event->type == EVENT_COMPARE && comparison_begins(&event->u.compare))
        screen->compares = true;
    if (screen->lead)
        screen->lead->event(screen->lead->user, event);
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

void screen_sessions(void *user)
{
    ScreenChat *screen = user;
    if (!screen->ui)
        return;
    screen_list_sessions(&screen->view, &screen->chat);
    ui_show_sessions(screen->ui);
}

const ChatFront screen_front = {
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
    .sessions = screen_sessions,
};
