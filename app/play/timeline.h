/* timeline.h - when what is shown: a trace, alone or with a script that goes with it.
 *
 *   trace lines, Script -> Timeline -> player.h
 *
 * A trace is paced as it was recorded, but for loading, which is passed over, and pauses, which are
 * cut to PAUSE_MS: the person was thinking, or the machine was busy with something else. A round
 * takes as long as its stages, as in all figures. A script's `hold` stops the trace; its other steps
 * let it go on as far as they say, and nothing of the trace is left out.
 */
#ifndef S2D_APP_PLAY_TIMELINE_H
#define S2D_APP_PLAY_TIMELINE_H

#include <stdio.h>

#include "app/play/script.h"
#include "engine/decode/event.h"

enum { PAUSE_MS = 1500, LOAD_MS = 5 /* of one event of a load */ };

typedef enum CueKind { CUE_EVENT, CUE_CAPTION, CUE_FOCUS, CUE_BROWSE } CueKind;

typedef struct Cue {
    double at_ms; /* from the beginning; never less than that of the cue before */
    CueKind kind;
    off_t line_at;      /* of an event: where its line begins */
    EventType event;    /* of an event */
    bool begins_answer; /* of an event: a question, or the first one of an answer without */
    int number;         /* the round of a ROUND; what to focus; by how much to browse */
    const char *text;   /* of a caption: the script's */
} Cue;

typedef struct Timeline {
    FILE *file;
    char *name; /* of the trace, for messages */
    Cue *cues;
    int n_cues, room;
    double end_ms;
    int answers;
    bool captions;
} Timeline;

/* Reads all of the trace. It takes the file over, also when it fails: EXIT_DATA with the trace's line
 * or the script's line and column. script: NULL, or it outlives the timeline. */
int timeline_open(Timeline *timeline, FILE *file, const char *name, const Script *script, Err *err);
void timeline_close(Timeline *timeline);

#endif
