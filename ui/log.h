/* log.h - what was said in passing, with the time: notices, notes, warnings, errors, commands.
 *
 * The status row forgets a notice at the next key, and the chat a note when it is cleared; here they
 * stay to be looked up. Bounded: the oldest go first.
 */
#ifndef S2D_UI_LOG_H
#define S2D_UI_LOG_H

#include <time.h>

#include "ui/scrollback.h"

enum { LOG_ENTRIES = 500, LOG_BYTES = 240 };

typedef struct LogEntry {
    time_t time;
    ItemKind kind;
    char text[LOG_BYTES]; /* one clean line */
} LogEntry;

typedef struct Log {
    LogEntry *entries; /* ring: the i-th ever at i % LOG_ENTRIES; NULL before the first */
    unsigned n;        /* ever written */
} Log;

void log_close(Log *log); /* an all-zero one is open and empty */
/* One entry for each line of the text that is not blank. What was said just before is not said
 * again: it gets the new time. Without memory nothing is kept. */
void log_add(Log *log, time_t now, ItemKind kind, const char *text);
int log_count(const Log *log);
/* The i-th of those that are kept, the oldest being 0. */
const LogEntry *log_at(const Log *log, int i);

#endif
