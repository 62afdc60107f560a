/* inbox.c - see inbox.h. */
#include "app/protocol/inbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };

/* Reads what is there; false = there is no more, or it cannot be kept. */
static bool fill(Inbox *inbox)
{
    if (inbox->at > 0) {
        memmove(inbox->data, inbox->data + inbox->at, inbox->used - inbox->at);
        inbox->used -= inbox->at;
        inbox->scanned -= inbox->at;
        inbox->at = 0;
    }
    if (inbox->room - inbox->used < READ_BYTES) {
        size_t room = inbox->used + READ_BYTES + inbox->room / 2;
        char *data = room <= REQUEST_LINE_MAX + 2 * (size_t)READ_BYTES + inbox->room / 2
                         ? realloc(inbox->data, room)
                         : NULL;
        if (!data)
            return false;
        inbox->data = data;
        inbox->room = room;
    }
    ssize_t n = read(inbox->fd, inbox->data + inbox->used, READ_BYTES);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false;
    inbox->used += (size_t)n;
    return inbox->used <= REQUEST_LINE_MAX;
}

/* 1 = there is something to read (or the end), 0 = not within the time. */
static bool wait_input(const Inbox *inbox, int timeout_ms)
{
    struct pollfd poller = {.fd = inbox->fd, .events = POLLIN};
    int n;
    do
        n = poll(&poller, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n != 0;
}

InboxResult inbox_next(Inbox *inbox, int timeout_ms, Request *request, Err *err)
{
    for (;;) {
        size_t left = inbox->used - inbox->scanned;
        char *newline = left > 0 ? memchr(inbox->data + inbox->scanned, '\n', left) : NULL;
        if (newline) {
            char *from = inbox->data + inbox->at;
            size_t bytes = (size_t)(newline - from);
            inbox->at += bytes + 1;
            inbox->scanned = inbox->at;
            if (bytes == 0)
                continue; /* an empty line, from a person at a keyboard */
            return request_from_line(request, from, bytes, err) == 0 ? INBOX_REQUEST : INBOX_WRONG;
        }
        inbox->scanned = inbox->used;
        if (inbox->ended)
            return INBOX_END;
        if (!wait_input(inbox, timeout_ms))
            return INBOX_NONE;
        inbox->ended = !fill(inbox);
    }
}

void inbox_close(Inbox *inbox)
{
    free(inbox->data);
    *inbox = (Inbox){.fd = -1};
}
