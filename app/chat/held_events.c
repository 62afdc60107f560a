/* held_events.c - see held_events.h. */
#include "app/chat/held_events.h"

#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

int held_events_add(HeldEvents *held, const Event *event)
{
    if (held->n == held->room) {
        int room = held->room ? 2 * held->room : 256;
        char **lines = realloc(held->lines, (size_t)room * sizeof(*lines));
        if (!lines)
            return -1;
        held->lines = lines;
        held->room = room;
    }
    char *line = event_to_line(event);
    if (line)
        held->lines[held->n++] = line;
    return line ? 0 : -1;
}

int held_events_next(HeldEvents *held, Event *event)
{
    int got = 0;
    while (!got && held->first < held->n) {
        char *line = held->lines[held->first++];
        got = event_from_line(event, line, strlen(line), NULL) == 0;
        free(line);
    }
    if (held->first == held->n)
        held->first = held->n = 0;
    return got;
}

void held_events_close(HeldEvents *held)
{
    while (held->first < held->n)
        free(held->lines[held->first++]);
    free(held->lines);
    *held = (HeldEvents){0};
}
