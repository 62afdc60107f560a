/* live.h - a script that leads a chat with models: it asks, waits, switches and sets as a person would.
 *
 *   Script -> Live -> ChatLead -> chat_screen_led
 *
 * While a script holds, so does the View: the screen stands still and the worker goes on. When the
 * script is over, or cannot go on, the chat is the person's.
 */
#ifndef S2D_APP_DEMO_LIVE_H
#define S2D_APP_DEMO_LIVE_H

#include "app/chat/chat.h"
#include "app/play/script.h"

typedef struct Live {
    const Script *script;
    int step;   /* the one that runs */
    bool begun; /* it has been begun */
    bool over;  /* the script */
    bool held, skip, quit;
    double until_ms; /* of a step that takes time */
    double held_ms;  /* since when it is held */
    int rounds;      /* since a wait began */
    bool replied;    /* the worker has answered a switch or a set, or refused it */
    const char *caption;
} Live;

/* The lead for chat_screen_led; live outlives it, and the script live. */
ChatLead live_lead(Live *live, const Script *script);

#endif
