/* client.c - see client.h. One socket pair carries requests and events; the worker's stderr goes to
 * a file in memory, whose last line is part of the reason when the worker dies.
 */
#include "app/protocol/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_BYTES = 1 << 16,
    END_MS = 1000, /* for a worker to end when asked to, */
    TERM_MS = 300, /* and when told to */
};

typedef struct Bytes {
    char *data;
    size_t used, room;
} Bytes;

struct Client {
    char *program, *host;
    int fd;  /* -1 = the worker is gone */
    int log; /* its stderr */
    pid_t pid;
    Err gone; /* why */
    Bytes in, out;
    size_t in_at;      /* the lines before this are done with */
    size_t in_scanned; /* no newline from in_at to here */
    size_t out_sent;
    const char *line; /* in `in` */
    FILE *trace;
    int trace_errno; /* why the trace is not complete; 0 = it is */
};

static int bytes_reserve(Bytes *bytes, size_t more)
{
    if (bytes->room - bytes->used >= more)
        return 0;
    size_t room = bytes->used + more + bytes->room / 2;
    char *data = realloc(bytes->data, room);
    if (!data)
        return -1;
    bytes->data = data;
    bytes->room = room;
    return 0;
}

/* In the child. Only async-signal-safe calls. */
static _Noreturn void become_worker(const Client *client, int fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    static const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCHLD};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0); /* it died before that */
    if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(client->log, 2) < 0)
        _exit(EXIT_INTERNAL);
    const char *program = client->program ? client->program : "/proc/self/exe";
    if (client->host) {
        program = "ssh";
        execlp(program, program, "-o", "BatchMode=yes", "--", client->host, "s2d", "worker",
               (char *)NULL);
    } else {
        execl(program, "s2d", "worker", (char *)NULL);
    }
    const char *why = strerror(errno);
    if (write(2, program, strlen(program)) < 0 || write(2, ": ", 2) < 0 ||
        write(2, why, strlen(why)) < 0)
        _exit(EXIT_INTERNAL);
    _exit(EXIT_INTERNAL);
}

static int start(Client *client, Err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, EXIT_INTERNAL, "cannot talk to a worker: socketpair: %s",
                       strerror(errno));
    client->log = memfd_create("s2d worker stderr", MFD_CLOEXEC);
    signal(SIGCHLD, SIG_DFL); /* where it is ignored, nobody learns how a child ended */
    pid_t parent = getpid();
    client->pid = client->log < 0 ? -1 : fork();
    if (client->pid == 0)
        become_worker(client, pair[1], parent);
    int why = errno;
    close(pair[1]);
    if (client->pid < 0) {
        close(pair[0]);
        if (client->log >= 0)
            close(client->log);
        return err_set(err, EXIT_MEMORY, "cannot start the worker: %s", strerror(why));
    }
    client->fd = pair[0];
    client->gone = (Err){0};
    client->in.used = client->in_at = client->in_scanned = 0;
    client->out.used = client->out_sent = 0;
    client->line = "";
    return 0;
}

/* Waits for the worker's end; 0 = it ended. */
static int wait_end(Client *client, int ms, int *status)
{
    for (;;) {
        pid_t got = waitpid(client->pid, status, WNOHANG);
        if (got == client->pid || (got < 0 && errno != EINTR))
            return 0;
        if (ms <= 0)
            return -1;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        ms -= 5;
    }
}

/* Closes the connection, which asks the worker to end; makes it end; returns its wait status. */
static int end_worker(Client *client)
{
    int status = 0;
    close(client->fd);
    client->fd = -1;
    if (wait_end(client, END_MS, &status) != 0) {
        kill(client->pid, SIGTERM);
        if (wait_end(client, TERM_MS, &status) != 0) {
            kill(client->pid, SIGKILL);
            while (waitpid(client->pid, &status, 0) < 0 && errno == EINTR)
                ;
        }
    }
    client->pid = -1;
    return status;
}

/* The last line that the worker wrote to stderr. */
static void last_words(const Client *client, char *text, size_t size)
{
    text[0] = '\0';
    off_t end = lseek(client->log, 0, SEEK_END);
    off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
    ssize_t got = pread(client->log, text, size - 1, from);
    if (got <= 0)
        return;
    while (got > 0 && text[got - 1] == '\n')
        got--;
    text[got] = '\0';
    char *newline = strrchr(text, '\n');
    if (newline)
        memmove(text, newline + 1, strlen(newline + 1) + 1);
}

/* The worker is gone, or it must go because of `broken`, a reason that is not its own; code: what is
 * wrong then, EXIT_INTERNAL = the protocol. */
static void bury(Client *client, int code, const char *broken)
{
    char words[256];
    int status = end_worker(client);
    last_words(client, words, sizeof(words));
    close(client->log);
    const char *colon = words[0] ? ": " : "";
    Err *gone = &client->gone;
    if (broken && code != EXIT_INTERNAL) {
        err_set(gone, code, "%s", broken);
    } else if (broken) {
        err_set(gone, EXIT_INTERNAL, "the worker broke the protocol: %s", broken);
    } else if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        err_set(gone, EXIT_INTERNAL, "the worker was killed by signal %d (%s)%s%s", number,
                number == SIGKILL  ? "out of memory?"
                : number == SIGBUS ? "a file that it was reading shrank?"
                : number == SIGSYS
                    ? "it asked the kernel for what its sandbox forbids: please report this"
                    : strsignal(number),
                colon, words);
    } else {
        int code = WEXITSTATUS(status);
        bool known = code >= EXIT_USAGE && code <= EXIT_MEMORY;
        err_set(gone, known ? code : EXIT_INTERNAL, "the worker ended with status %d%s%s", code,
                colon, words);
    }
}

int client_open(Client **out, const ClientOptions *options, Err *err)
{
    Client *client = calloc(1, sizeof(*client));
    if (!client)
        return err_set(err, EXIT_MEMORY, "out of memory");
    client->fd = -1;
    client->pid = -1;
    client->line = "";
    bool good = true;
    if (options && options->program)
        good = (client->program = strdup(options->program)) != NULL;
    if (good && options && options->host)
        good = (client->host = strdup(options->host)) != NULL;
    if (!good)
        err_set(err, EXIT_MEMORY, "out of memory");
    if (!good || start(client, err) != 0) {
        client_close(client);
        return -1;
    }
    *out = client;
    return 0;
}

void client_close(Client *client)
{
    if (!client)
        return;
    if (client->fd >= 0) {
        end_worker(client);
        close(client->log);
    }
    if (client->trace)
        fclose(client->trace);
    free(client->in.data);
    free(client->out.data);
    free(client->program);
    free(client->host);
    free(client);
}

int client_restart(Client *client, Err *err)
{
    if (client->fd >= 0) {
        end_worker(client);
        close(client->log);
    }
    return start(client, err);
}

/* Sends what can be sent now. A worker that is gone shows when it is read from. */
static void flush(Client *client)
{
    while (client->fd >= 0 && client->out_sent < client->out.used) {
        ssize_t n = send(client->fd, client->out.data + client->out_sent,
                         client->out.used - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        client->out_sent += (size_t)n;
    }
    client->out.used = client->out_sent = 0;
}

int client_send(Client *client, const Request *request, Err *err)
{
    if (client->fd < 0)
        return err_set(err, client->gone.code, "%s", client->gone.text);
    char *line = request_to_line(request);
    size_t bytes = line ? strlen(line) : 0;
    if (bytes > REQUEST_LINE_MAX) {
        free(line);
        return err_set(err, EXIT_DATA,
                       "the text is too long: %zu MiB as a request, %d are the most", bytes >> 20,
                       REQUEST_LINE_MAX >> 20);
    }
    if (!line || bytes_reserve(&client->out, bytes + 1) != 0) {
        free(line);
        return err_set(err, EXIT_MEMORY, "out of memory for a request");
    }
    memcpy(client->out.data + client->out.used, line, bytes);
    client->out.data[client->out.used + bytes] = '\n';
    client->out.used += bytes + 1;
    free(line);
    flush(client);
    return 0;
}

int client_fd(const Client *client)
{
    return client->fd;
}

short client_poll_events(const Client *client)
{
    return client->out_sent < client->out.used ? POLLIN | POLLOUT : POLLIN;
}

pid_t client_pid(const Client *client)
{
    return client->pid;
}

const char *client_line(const Client *client)
{
    return client->line;
}

/* A whole line out of `in`, terminated in place; NULL = there is none. */
static char *next_line(Client *client, size_t *bytes)
{
    if (client->in_at == client->in.used)
        return NULL;
    char *from = client->in.data + client->in_at;
    size_t done = client->in_scanned - client->in_at;
    size_t left = client->in.used - client->in_scanned;
    char *newline = left > 0 ? memchr(from + done, '\n', left) : NULL;
    client->in_scanned = client->in.used;
    if (!newline)
        return NULL;
    *newline = '\0';
    *bytes = (size_t)(newline - from);
    client->in_at += *bytes + 1;
    client->in_scanned = client->in_at;
    return from;
}

/* 1 = got some bytes, 0 = none now, -1 = no more will come, -2 = no room for more, -3 = failed. */
static int fill(Client *client)
{
    if (client->in_at > 0) {
        memmove(client->in.data, client->in.data + client->in_at, client->in.used - client->in_at);
        client->in.used -= client->in_at;
        client->in_scanned -= client->in_at;
        client->in_at = 0;
    }
    client->line = "";
    if (bytes_reserve(&client->in, READ_BYTES) != 0)
        return -2;
    ssize_t n;
    do
        n = recv(client->fd, client->in.data + client->in.used, READ_BYTES, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno == ECONNRESET ? -1 : -3;
    client->in.used += (size_t)n;
    return n > 0 ? 1 : -1;
}

void client_trace_line(Client *client, const char *line)
{
    if (client->trace && client->trace_errno == 0 && fprintf(client->trace, "%s\n", line) < 0)
        client->trace_errno = errno ? errno : EIO;
}

int client_next(Client *client, Event *event, Err *err)
{
    while (client->fd >= 0) {
        size_t bytes;
        flush(client);
        char *line = next_line(client, &bytes);
        if (line) {
            Err wrong = {0};
            client->line = line;
            if (event_from_line(event, line, bytes, &wrong) == 0) {
                client_trace_line(client, line);
                return 1;
            }
            bury(client, wrong.code == EXIT_MEMORY ? EXIT_MEMORY : EXIT_INTERNAL, wrong.text);
        } else if (client->in.used - client->in_at > EVENT_LINE_MAX) {
            bury(client, EXIT_INTERNAL, "a line without end");
        } else {
            int got = fill(client);
            if (got == 0)
                return 0;
            char why[96];
            snprintf(why, sizeof why, "events cannot be read: %s", strerror(errno));
            if (got == -1)
                bury(client, EXIT_INTERNAL, NULL);
            if (got == -2)
                bury(client, EXIT_MEMORY, "out of memory for the worker's events");
            if (got == -3)
                bury(client, EXIT_IO, why);
        }
    }
    return err_set(err, client->gone.code, "%s", client->gone.text);
}

int client_wait(Client *client, int timeout_ms)
{
    if (client->fd < 0 || client->in_scanned < client->in.used)
        return 1;
    struct pollfd poller = {.fd = client->fd, .events = client_poll_events(client)};
    int n = poll(&poller, 1, timeout_ms);
    return n > 0 || (n < 0 && errno != EINTR); /* client_next says what there is */
}

int client_trace_check(const Client *client, Err *err)
{
    if (client->trace_errno == 0)
        return 0;
    return err_set(err, EXIT_IO, "the trace is not complete: %s", strerror(client->trace_errno));
}

int client_trace(Client *client, const char *path, Err *err)
{
    if (client->trace && fclose(client->trace) != 0 && client->trace_errno == 0)
        client->trace_errno = errno;
    int status = path ? 0 : client_trace_check(client, err);
    client->trace = path ? fopen(path, "we") : NULL;
    client->trace_errno = path && !client->trace ? errno : 0;
    if (client->trace)
        setvbuf(client->trace, NULL, _IOLBF, 0);
    else if (path)
        status = err_set(err, EXIT_IO, "%s: cannot write a trace there: %s", path, strerror(errno));
    return status;
}
