/* screen_sessions.h - sessions on the screen: one that is gone on with, and those there are. */
#ifndef S2D_APP_CHAT_SCREEN_SESSIONS_H
#define S2D_APP_CHAT_SCREEN_SESSIONS_H

#include "app/chat/chat.h"
#include "ui/view.h"

/* The whole chat anew: what was said, and the rounds in which it came about, as if they happened now.
 * Before the first READY, which says what their exits are, the rounds are left out. */
void screen_show_transcript(View *view, const Transcript *transcript);

/* Gives the view the list of sessions. */
void screen_list_sessions(View *view, const Chat *chat);

/* The last sessions, as a note in an empty chat; nothing where there are none. */
void screen_greet(View *view, const Chat *chat);

#endif
