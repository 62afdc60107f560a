/* figures.h - one answer in one line: what `run` and `replay` print below it. */
#ifndef S2D_APP_FIGURES_H
#define S2D_APP_FIGURES_H

#include <stddef.h>

#include "engine/decode/event.h"

typedef struct Figures {
    EventReady ready; /* the last one */
    bool has_ready;
    char target[64];         /* of the last round or switch */
    int turn;                /* of the answer */
    int prompt;              /* tokens that were read */
    double read_ms;          /* in that; complete with the totals' */
    bool began;              /* the answer's first token came: it is in no round */
    int spec, plain, probes; /* rounds of this answer by mode; of its current target */
    EventStats stats;        /* the last ones of this answer */
    char before[512];        /* what earlier targets wrote of it, "" = there was none */
} Figures;

/* Takes every event. */
void figures_event(Figures *figures, const Event *event);

/* "122 tokens, 64.0 t/s (plain 42.0, x1.52), MAT 2.91, prompt 45 tokens in 0.21 s, target T; draft D
 * by s2d: …". What an earlier target wrote of the answer stands before it, with its own figures. To be
 * called with the `done` event, after figures_event. */
void figures_line(const Figures *figures, const Event *done, char *text, size_t size);

#endif
