/* trace.h - the event lines of this chat, kept so that they can be exported afterwards.
 *
 * They go to a file without a name in the state folder, which vanishes with the process however
 * that ends. It is begun anew, at an answer's end, when it has grown past TRACE_BYTES.
 */
#ifndef S2D_APP_CHAT_TRACE_H
#define S2D_APP_CHAT_TRACE_H

#include "app/protocol/client.h"

enum { TRACE_BYTES = 256 << 20 };

typedef struct Trace Trace;

/* From now on the client's events are kept. */
int trace_open(Trace **trace, Client *client, Err *err);
void trace_close(Trace *trace); /* before the client; NULL is fine */

/* To be called between answers. true = it was begun anew: have the worker say READY again, which a
 * replay starts with. */
bool trace_trim(Trace *trace);

/* The lines so far, into a new file. EXIT_IO also when not all of them could be kept. */
int trace_copy(const Trace *trace, const char *path, Err *err);

#endif
