/* inbox.h - the worker's requests as they come in, without ever waiting for half a line. */
#ifndef S2D_APP_PROTOCOL_INBOX_H
#define S2D_APP_PROTOCOL_INBOX_H

#include "app/protocol/request.h"

typedef struct Inbox {
    int fd;
    char *data;
    size_t at, used, room; /* unread: [at, used) */
    size_t scanned;        /* no newline in [at, scanned) */
    bool ended;            /* the end of the input was seen */
    bool skipping;         /* inside a line that is too long, which is dropped */
} Inbox;

typedef enum InboxResult {
    INBOX_REQUEST, /* request_free it */
    INBOX_WRONG,   /* a line that is no request, as request_from_line leaves it: err says why */
    INBOX_NONE,    /* none within the time */
    INBOX_END,     /* no more will come; half a line is dropped */
    INBOX_FAILED,  /* no more can be read: err says why (EXIT_IO, EXIT_MEMORY) */
} InboxResult;

/* timeout_ms: 0 = do not wait, -1 = for ever. */
InboxResult inbox_next(Inbox *inbox, int timeout_ms, Request *request, Err *err);
void inbox_close(Inbox *inbox);

#endif
