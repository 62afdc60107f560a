/* client.h - a front's end of the worker: starts it, talks to it, tells how it died.
 *
 *   requests -> client_send -> socket pair -> `s2d worker` -> events -> client_next -> the front
 *
 * Nothing here blocks but client_close (under 2 s). The front polls client_fd for
 * client_poll_events and then calls client_next until it returns 0.
 */
#ifndef S2D_APP_PROTOCOL_CLIENT_H
#define S2D_APP_PROTOCOL_CLIENT_H

#include <sys/types.h>

#include "app/protocol/event_json.h"
#include "app/protocol/request.h"

typedef struct Client Client;

typedef struct ClientOptions {
    const char *program; /* the program to run as `program worker`; NULL = this one */
    const char *host;    /* NULL = here; else `ssh host s2d worker` */
} ClientOptions;

/* Starts a worker. options may be NULL. */
int client_open(Client **client, const ClientOptions *options, Err *err);
/* Asks the worker to end, then makes it. client may be NULL. */
void client_close(Client *client);

/* Queues a request and sends what can be sent now. -1, and nothing is sent, when the worker
 * is gone, memory is out or the request is longer than REQUEST_LINE_MAX (EXIT_DATA). */
int client_send(Client *client, const Request *request, Err *err);

/* For poll(): the descriptor, -1 when the worker is gone, and POLLIN, with POLLOUT while requests
 * wait. */
int client_fd(const Client *client);
short client_poll_events(const Client *client);

/* 1 = an event (event_free it), 0 = none now, -1 = the worker is gone: err says why, in words, with
 * an exit code. Every event that the worker had sent comes before that. */
int client_next(Client *client, Event *event, Err *err);

/* Waits at most timeout_ms (-1 = for ever) for the worker to say something: 1 = call client_next. A
 * signal ends the wait with 0. */
int client_wait(Client *client, int timeout_ms);

/* Starts a new worker in place of one that is gone (or ends it first). It knows nothing: send
 * `load`. */
int client_restart(Client *client, Err *err);

/* Writes every event line from now on, as received, to a file. path NULL = stop that; -1
 * then when the file is not complete. */
int client_trace(Client *client, const char *path, Err *err);
/* -1 = a line could not be written (EXIT_IO), and none was since. */
int client_trace_check(const Client *client, Err *err);

/* Writes a line of the caller's own, without its newline, to that file; nothing where there is none. */
void client_trace_line(Client *client, const char *line);

/* The last event line as received, without newline; "" before the first. For `--json`. */
const char *client_line(const Client *client);

pid_t client_pid(const Client *client); /* -1 = gone */

#endif
