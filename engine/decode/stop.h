/* stop.h - texts that end an answer: found byte by byte, wherever tokens and rounds part them.
 *
 *   bytes of the answer -> stop_take -> bytes that can be shown; at the end of a stop string: ended
 *
 * What may still become a stop string is held back. The first one to be complete ends the text; of
 * several that end together the longest does. The same bytes end at the same place however they are
 * cut, so that an answer does not depend on what drafted it.
 */
#ifndef S2D_ENGINE_DECODE_STOP_H
#define S2D_ENGINE_DECODE_STOP_H

#include <stdbool.h>

#include "kernels/common/err.h"

enum {
    STOPS_MAX = 8,   /* strings of one answer */
    STOP_BYTES = 64, /* longest one and its terminator */
};

typedef struct Stops {
    int n;
    char text[STOPS_MAX][STOP_BYTES]; /* UTF-8, none of them empty */
} Stops;

/* Adds one, or does nothing where it is there. EXIT_USAGE when it is empty or too long, or there is
 * no room; what: names the place in the message. */
int stops_add(Stops *stops, const char *text, const char *what, Err *err);

/* Begun with all zero but for `stops`, which outlives it. */
typedef struct StopScan {
    const Stops *stops;
    char held[STOP_BYTES]; /* the beginning of a stop string; once ended, all of it */
    int n;                 /* bytes held */
    bool ended;
} StopScan;

/* Takes the next byte, and writes those that are of no stop string, from the first that was held
 * on, to out: [STOP_BYTES]. Returns how many. Once ended it takes nothing. */
int stop_take(StopScan *scan, char byte, char *out);

#endif
