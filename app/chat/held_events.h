/* held_events.h - events that wait to be shown while the screen stands still. The worker is read from
 * all the while: were it not, it would have to wait, and its times would be wrong.
 */
#ifndef S2D_APP_CHAT_HELD_EVENTS_H
#define S2D_APP_CHAT_HELD_EVENTS_H

#include "engine/decode/event.h"

/* All zero is empty. */
typedef struct HeldEvents {
    char **lines; /* as JSON: an Event is large */
    int first, n, room;
} HeldEvents;

/* -1 = out of memory. */
int held_events_add(HeldEvents *held, const Event *event);
/* The oldest one: event_free it. 0 = there is none. */
int held_events_next(HeldEvents *held, Event *event);
void held_events_close(HeldEvents *held);

#endif
