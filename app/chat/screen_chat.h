/* screen_chat.h - between the files of the chat on the whole screen: screen_front.c hears what the chat
 * says, screen_act.c does what the person wants, chat_screen.c waits for both.
 */
#ifndef S2D_APP_CHAT_SCREEN_CHAT_H
#define S2D_APP_CHAT_SCREEN_CHAT_H

#include "app/base/paths.h"
#include "app/chat/chat.h"
#include "app/chat/screen_found.h"
#include "ui/ui.h"

typedef struct ScreenChat {
    Chat chat;
    View view;
    Ui *ui; /* NULL = not started yet */
    UiOptions ui_options;
    FoundReader found;
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

extern const ChatFront screen_front;
/* The sessions that there are, as a list over the panes. */
void screen_sessions(void *user);

void screen_act(ScreenChat *screen, const UiAction *action);
/* As UiOptions.complete and .play_key; user is the ScreenChat. */
char *screen_complete(void *user, const char *line, int start, const char *word, int index);
void screen_play_key(void *user, const Key *key);

#endif
