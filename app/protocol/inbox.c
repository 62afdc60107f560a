/* inbox.c - see inbox.h. */
#include "app/protocol/inbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };

/* Reads what is there. 1 = go on, 0 = there is no more, -1 = failed. */
static int fill(Inbox *inbox, Err *err)
{
    if (inbox->at > 0) {
        memmove(inbox->data, inbox->data + inbox->at, inbox->used - inbox->at);
        inbox->used -= inbox->at;
        inbox->scanned -= inbox->at;
        inbox->at = 0;
    }
    if (inbox->room - inbox->used < READ_BYTES) {
        size_t room = inbox->used + READ_BYTES + inbox->room / 2;
        char *data = realloc(inbox->data, room);
        if (!data)
            return err_set(err, EXIT_MEMORY, "out of memory for a request");
        inbox->data = data;
        inbox->room = room;
    }
    ssize_t n = read(inbox->fd, inbox->data + inbox->used, READ_BYTES);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 1;
    if (n < 0)
        return err_set(err, EXIT_IO, "requests cannot be read: %s", strerror(errno));
    inbox->used += (size_t)n;
    return n > 0;
}

/* 1 = there is something to read (or the end), 0 = not within the time, -1 = failed. */
static int wait_input(const Inbox *inbox, int timeout_ms, Err *err)
{
    struct pollfd poller = {.fd = inbox->fd, .events = POLLIN};
    int n;
    do
        n = poll(&poller, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(err, EXIT_IO, "requests cannot be waited for: poll: %s", strerror(errno));
    return n;
}

static InboxResult too_long(Request *request, Err *err)
{
    *request = (Request){.type = REQUEST_STOP};
    err_set(err, EXIT_DATA, "request: longer than %d MiB; shorten it", REQUEST_LINE_MAX >> 20);
    return INBOX_WRONG;
}

InboxResult inbox_next(Inbox *inbox, int timeout_ms, Request *request, Err *err)
{
    for (;;) {
        size_t left = inbox->used - inbox->scanned;
        char *newline = left > 0 ? memchr(inbox->data + inbox->scanned, '\n', left) : NULL;
        if (newline) {
            char *from = inbox->data + inbox->at;
            size_t bytes = (size_t)(newline - from);
            bool skipped = inbox->skipping;
            inbox->at += bytes + 1;
            inbox->scanned = inbox->at;
            inbox->skipping = false;
            if (bytes == 0 || skipped)
                continue; /* an empty line, from a person at a keyboard */
            if (bytes > REQUEST_LINE_MAX)
                return too_long(request, err);
            return request_from_line(request, from, bytes, err) == 0 ? INBOX_REQUEST : INBOX_WRONG;
        }
        inbox->scanned = inbox->used;
        if (inbox->skipping)
            inbox->at = inbox->used;
        if (inbox->used - inbox->at > REQUEST_LINE_MAX) {
            inbox->skipping = true;
            return too_long(request, err);
        }
        if (inbox->ended)
            return INBOX_END;
        int waited = wait_input(inbox, timeout_ms, err);
        if (waited == 0)
            return INBOX_NONE;
        int filled = waited > 0 ? fill(inbox, err) : -1;
        if (filled < 0)
            return INBOX_FAILED;
        inbox->ended = filled == 0;
    }
}

void inbox_close(Inbox *inbox)
{
    free(inbox->data);
    *inbox = (Inbox){.fd = -1};
}
