/* trace.h - the event lines of this chat, kept so that they can be exported afterwards.
 *
 * They go to a file without a name in the state folder, which vanishes with the process however
 * that ends. It is begun anew, at an answer's end, when it has grown past TRACE_BYTES.
 */
#ifndef S2D_APP_CHAT_TRACE_H
#define S2D_APP_CHAT_TRACE_H

#include <stdio.h>

#include "app/protocol/client.h"

enum { TRACE_BYTES = 256 << 20 };

typedef struct Trace Trace;

/* From now on the client's events are kept. */
int trace_open(Trace **trace, Client *client, Err *err);
void trace_close(Trace *trace); /* before the client; NULL is fine */

/* Takes every event, before or after it is shown: a line of our own is dated by the last one. */
void trace_saw(Trace *trace, const Event *event);

/* A line for a question that goes out now. One too long for a line is left out. */
void trace_question(Trace *trace, const char *text);

/* To be called between answers. true = it was begun anew: have the worker say READY again, which a
 * replay starts with. */
bool trace_trim(Trace *trace);

/* The lines so far, into a new file. EXIT_IO also when not all of them could be kept. */
int trace_copy(const Trace *trace, const char *path, Err *err);

/* The lines so far, to be read from their beginning; NULL = EXIT_IO, or not all of them could be
 * kept. */
FILE *trace_reader(const Trace *trace, Err *err);

#endif
