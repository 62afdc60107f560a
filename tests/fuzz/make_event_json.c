/* make_event_json.c - seeds for fuzz_event_json: one line of each event type.
 * usage: make_event_json FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

static Event sample(EventType type)
{
    Event event = {.type = type, .t_ms = 12.5, .turn = 1};
    switch (type) {
    case EVENT_READY:
        strcpy(event.u.ready.target, "coder");
        event.u.ready.n_targets = 1;
        event.u.ready.n_exits = 1;
        event.u.ready.exits[0] = 6;
        event.u.ready.thresholds[0] = 0.7f;
        break;
    case EVENT_ROUND:
        event.u.round.round = 1;
        event.u.round.n_exit_times = 2;
        event.u.round.exit_times[1] = (EventExitTime){12, 3, 1.5};
        event.u.round.n_nodes = 1;
        event.u.round.accepted = 1;
        event.u.round.nodes[0] = (EventNode){.id = 1,
                                             .depth = 1,
                                             .token = 42,
                                             .text = " the",
                                             .p = 0.5f,
                                             .exit = 6,
                                             .accepted = true,
                                             .n_visited = 1,
                                             .visited = {{6, 42, 0.5f}}};
        break;
    case EVENT_TEXT:
    case EVENT_OTHER_TEXT:
        event.u.text = (EventText){"text \xc3\xa9", 6};
        break;
    case EVENT_COMPARE:
        event.u.compare = (EventCompare){.pairs = 1, .checked = 32, .equal = true};
        strcpy(event.u.compare.sides[0].name, "s2d e6 0.70");
        strcpy(event.u.compare.sides[1].name, "plain");
        break;
    case EVENT_FORECAST:
        event.u.forecast = (EventForecast){.places = 96,
                                           .n_exits = 1,
                                           .thresholds = {0.7f},
                                           .speed = 20,
                                           .lower = {0.65f},
                                           .lower_speed = {21},
                                           .upper = {0.75f},
                                           .upper_speed = {19}};
        break;
    case EVENT_QUESTION:
        event.u.question = (EventQuestion){"why?\nhow"};
        break;
    default:
        break;
    }
    return event;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return EXIT_USAGE;
    for (int type = 0; type <= EVENT_QUESTION; type++) {
        Event event = sample((EventType)type);
        char *line = event_to_line(&event);
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], event_name(event.type));
        FILE *file = fopen(path, "w");
        if (!line || !file || fputs(line, file) == EOF || fclose(file) != 0) {
            perror(path);
            return EXIT_IO;
        }
        free(line);
    }
    return 0;
}
