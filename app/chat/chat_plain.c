/* chat_plain.c - the chat line by line: for screen readers, pipes and terminals without a screen.
 *
 *   stdin: messages and /commands, one a line  ->  stdout: answers;  stderr: all else
 *
 * The next line is read when the answer to the last one is over, so a file of lines is a script.
 * Ctrl-C stops the answer; when idle, twice within a second ends the program.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/plain_text.h"
#include "app/base/print.h"
#include "app/base/signals.h"
#include "app/base/std_streams.h"
#include "app/chat/chat.h"
#include "app/chat/export.h"
#include "kernels/common/clock.h"
#include "ui/clip.h"
#include "ui/comparison.h"
#include "ui/text.h"
#include "ui/ui.h"

typedef struct Plain {
    Chat chat;
    bool terminal;         /* someone types: prompts, and trouble is no exit code */
    bool prompted;         /* the prompt stands there */
    bool in_line;          /* stdout is in the middle of a line */
    double interrupted_ms; /* when Ctrl-C came, when idle; 0 = it did not */
    bool at_end;           /* of stdin */
    char *input;
    size_t used, room;
    char loading[64];
    TextCleaner cleaner;
    Comparison comparison; /* of the answer that comes; none = one setting answers */
    int code;              /* of the last trouble */
} Plain;

static void end_line(Plain *plain)
{
    if (plain->in_line)
        putchar('\n');
    stdout_flush(&plain->chat.failure);
    if (plain->prompted)
        fputc('\n', stderr);
    plain->in_line = plain->prompted = false;
}

/* Text of several lines to stderr. */
static void say(Plain *plain, const char *mark, const char *text)
{
    TextCleaner cleaner = {0};
    end_line(plain);
    fputs(mark, stderr);
    print_text(stderr, &cleaner, text);
    fputc('\n', stderr);
}

static void on_text(Plain *plain, const char *text)
{
    char last = print_text(stdout, &plain->cleaner, text);
    stdout_flush(&plain->chat.failure);
    if (last)
        plain->in_line = last != '\n';
}

static void on_switch(Plain *plain, const EventSwitch *swap)
{
    char line[512];
    const Chat *chat = &plain->chat;
    const Entry *answer = transcript_answer(&chat->transcript);
    if (swap->stage == SWITCH_DONE && chat->state == CHAT_ANSWERING && answer &&
        answer->totals.rounds > 0) {
        answer_line(&answer->totals, chat->ready.target, "switched", line, sizeof(line));
        say(plain, "-- ", line);
    }
    if (swap->stage == SWITCH_DONE)
        snprintf(line, sizeof(line), "target %s (%.1f s), draft %s", swap->target, swap->ms / 1000,
                 swap->draft_kv_kept ? "kept" : "read anew");
    else if (swap->stage == SWITCH_FAILED && swap->room == SWITCH_ROOM_PAIR)
        snprintf(line, sizeof(line), SWITCH_PAIRS, swap->target);
    else if (swap->stage == SWITCH_FAILED)
        snprintf(line, sizeof(line), "the target stays: %s", swap->reason);
    else
        return;
    say(plain, "-- ", line);
}

static void on_ready(Plain *plain, const EventReady *ready)
{
    char line[512];
    snprintf(line, sizeof(line), "target %s, draft %s, drafter %s, speculation %s, context %d",
             ready->target, ready->draft[0] ? ready->draft : "none", ready->drafter,
             spec_name(ready->spec), ready->ctx);
    say(plain, "-- ", line);
}

/* What two settings that answered in turn came to. */
static void on_compared(Plain *plain)
{
    Comparison *c = &plain->comparison;
    char line[320];
    if (!c->any)
        return;
    for (int side = 0; side < 2; side++) {
        const EventCompareSide *s = &c->last.sides[side];
        snprintf(line, sizeof line, "%c: %s%s%s: %.1f tokens/s, %d tokens in %d rounds", 'A' + side,
                 c->last.two_texts ? s->target : "", c->last.two_texts ? ", " : "", s->name,
                 s->ms > 0 ? 1e3 * s->tokens / s->ms : 0, s->tokens, s->rounds);
        say(plain, "-- ", line);
    }
    comparison_verdict(c, line, sizeof line);
    say(plain, "-- ", line);
    comparison_equality(c, line, sizeof line);
    say(plain, "-- ", line);
    c->any = false;
}

static void front_event(void *user, const Event *event)
{
    Plain *plain = user;
    char figures[256];
    if (plain->chat.failure.code) /* nobody hears what comes behind it */
        return;
    switch (event->type) {
    case EVENT_READY:
        on_ready(plain, &event->u.ready);
        break;
    case EVENT_LOAD:
        if (strcmp(plain->loading, event->u.load.model) != 0) {
            memcpy(plain->loading, event->u.load.model, sizeof(plain->loading));
            say(plain, "-- loading ", event->u.load.model);
        }
        break;
    case EVENT_TEXT:
        on_text(plain, event->u.text.text);
        break;
    case EVENT_SWITCH:
        on_switch(plain, &event->u.swap);
        break;
    case EVENT_WARNING:
        say(plain, "warning: ", event->u.warning.message);
        break;
    case EVENT_ERROR:
        plain->code = event->u.error.code ? event->u.error.code : EXIT_INTERNAL;
        say(plain, "error: ", event->u.error.message);
        break;
    case EVENT_DONE:
        answer_line(&event->u.done.totals, plain->chat.ready.target, event->u.done.reason, figures,
                    sizeof(figures));
        say(plain, "-- ", figures);
        on_compared(plain);
        plain->cleaner = (TextCleaner){0};
        break;
    case EVENT_PREFILL:
    case EVENT_ROUND:
    case EVENT_STATS:
    case EVENT_COUNT:
    case EVENT_FORECAST:
    case EVENT_QUESTION:
    case EVENT_OTHER_TEXT: /* one text can be read line by line; the figures tell of the other */
        break;
    case EVENT_COMPARE:
        comparison_add(&plain->comparison, &event->u.compare);
        break;
    }
}

static void front_note(void *user, NoteKind kind, const char *text)
{
    Plain *plain = user;
    say(plain, kind == NOTE_ERROR ? "error: " : kind == NOTE_WARNING ? "warning: " : "", text);
}

static void front_notice(void *user, const char *text)
{
    say(user, "-- ", text);
}

static void front_taken_back(void *user, const char *text)
{
    say(user, "-- taken back: ", text);
}

static void front_changed(void *user)
{
    Plain *plain = user;
    const Transcript *transcript = &plain->chat.transcript;
    char line[96];
    int questions = 0;
    for (int i = 0; i < transcript->n; i++)
        questions += transcript->entries[i].kind == ENTRY_USER;
    snprintf(line, sizeof(line), "this chat has %d question%s", questions,
             questions == 1 ? "" : "s");
    say(plain, "-- ", questions > 0 ? line : "a new chat");
}

/* What the person sees anyway, having typed it. */
static void front_said(void *user, const char *text)
{
    (void)user;
    (void)text;
}

static void front_nothing(void *user)
{
    (void)user;
}

/* The answers, cleaned as for a terminal: what is pasted may be read by one. */
static char **clean_answers(const Transcript *transcript, int *n)
{
    char **answers = calloc((size_t)transcript->n + 1, sizeof(*answers));
    *n = 0;
    for (int i = 0; answers && i < transcript->n; i++) {
        const Entry *entry = &transcript->entries[i];
        TextCleaner cleaner = {0};
        if (entry->kind != ENTRY_ANSWER)
            continue;
        answers[*n] = malloc(3 * (entry->bytes + 3) + 1);
        if (answers[*n])
            text_clean(&cleaner, entry->text, entry->bytes, answers[(*n)++]);
    }
    return answers;
}

static int front_copy(void *user, int number, Err *err)
{
    Plain *plain = user;
    const char *term = getenv("TERM");
    FILE *terminal = isatty(STDOUT_FILENO) ? stdout : isatty(STDERR_FILENO) ? stderr : NULL;
    Clip clip;
    int n;
    if (!terminal || !term || !*term || strcmp(term, "dumb") == 0)
        return err_set(err, EXIT_USAGE, "there is no terminal to copy to");
    char **answers = clean_answers(&plain->chat.transcript, &n);
    if (!answers)
        return err_set(err, EXIT_MEMORY, "out of memory");
    int status = clip_pick((const char *const *)answers, n, 0, number, &clip, err);
    for (int i = 0; i < n; i++)
        free(answers[i]);
    free(answers);
    if (status != 0)
        return -1;
    clip_write(terminal, clip.text, clip.bytes);
    free(clip.text);
    chat_notice(&plain->chat, "to the terminal's clipboard: %s, %zu byte%s", clip.what, clip.bytes,
                clip.bytes == 1 ? "" : "s");
    return 0;
}

static void front_sessions(void *user)
{
    Plain *plain = user;
    StoredSession *list;
    Err err = {0};
    int n = chat_sessions(&plain->chat, &list, &err);
    if (n <= 0)
        say(plain, n < 0 ? "error: " : "-- ", n < 0 ? err.text : "there is no session yet");
    for (int i = 0; i < n; i++) {
        const SessionSummary *summary = &list[i].summary;
        char line[400], when[20], first[sizeof(summary->first)];
        session_when(summary->time, when);
        text_clean_line(summary->first, first, sizeof(first));
        snprintf(line, sizeof(line), "%s  %s: %s (%s, %d tokens)%s", when, list[i].name, first,
                 summary->target, summary->tokens,
                 strcmp(list[i].name, plain->chat.keep.store.name) == 0 ? "  this chat" : "");
        say(plain, "-- ", line);
    }
    free(list);
}

static const ChatFront front = {
    .event = front_event,
    .said = front_said,
    .queued = front_said,
    .unqueued = front_nothing,
    .note = front_note,
    .notice = front_notice,
    .taken_back = front_taken_back,
    .answer_dropped = front_nothing,
    .changed = front_changed,
    .renamed = front_nothing,
    .asked = front_nothing,
    .stopping = front_nothing,
    .copy = front_copy,
    .goes_on = front_nothing,
    .sessions = front_sessions,
};

/* -1 = reading failed or memory is out. */
static int read_input(Plain *plain)
{
    if (plain->room - plain->used < 4096) {
        char *larger = realloc(plain->input, plain->room + 65536);
        if (!larger)
            return err_set(&plain->chat.failure, EXIT_MEMORY, "out of memory for a line of input");
        plain->input = larger;
        plain->room += 65536;
    }
    ssize_t n = read(0, plain->input + plain->used, plain->room - plain->used - 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n < 0 && !(errno == EIO && plain->terminal)) /* EIO: the terminal is gone */
        return err_set(&plain->chat.failure, EXIT_IO, "stdin: %s", strerror(errno));
    if (n <= 0)
        plain->at_end = true;
    else
        plain->used += n;
    return 0;
}

/* Takes one line of the input. false = there is no whole one. */
static bool take_line(Plain *plain)
{
    char *end = plain->used ? memchr(plain->input, '\n', plain->used) : NULL;
    size_t length = end ? (size_t)(end - plain->input) : plain->used;
    if (!end && (!plain->at_end || plain->used == 0))
        return false;
    char *line = strndup(plain->input, length);
    size_t taken = length + (end != NULL);
    plain->used -= taken;
    memmove(plain->input, plain->input + taken, plain->used);
    if (!line) {
        plain->code = EXIT_MEMORY;
        say(plain, "error: ", "out of memory: a line of the input was not taken");
        return true;
    }
    length = strlen(line); /* less where there is a NUL in it */
    if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    plain_text(line, length);
    plain->prompted = false;
    plain->interrupted_ms = 0;
    int code = line[strspn(line, " \t")] != '\0' ? chat_line(&plain->chat, line) : 0;
    plain->code = code ? code : plain->code;
    free(line);
    return true;
}

/* Returns an exit code, 0 = go on. */
static int on_signal(Plain *plain, int number)
{
    if (number == SIGINT) {
        if (chat_stop(&plain->chat))
            return 0;
        double now = clock_ms();
        bool again = plain->interrupted_ms > 0 && now - plain->interrupted_ms <= UI_AGAIN_MS;
        if (again || !plain->terminal) {
            end_line(plain);
            return EXIT_INTERRUPTED;
        }
        plain->interrupted_ms = now;
        say(plain, "-- ", "Ctrl-C again quits");
        return 0;
    }
    end_line(plain);
    return 128 + number;
}

static bool takes_input(const Plain *plain)
{
    return (plain->chat.state == CHAT_IDLE || plain->chat.state == CHAT_LOST) &&
           !files_await_counts(&plain->chat);
}

/* Waits for input, events or signals. Returns an exit code, 0 = go on. */
static int wait_for_more(Plain *plain, int signals)
{
    Chat *chat = &plain->chat;
    struct pollfd polled[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = client_fd(chat->client), .events = client_poll_events(chat->client)},
        {.fd = takes_input(plain) && !plain->at_end ? 0 : -1, .events = POLLIN},
        {.fd = STDOUT_FILENO}, /* a reader that goes away */
    };
    if (poll(polled, 4, -1) < 0 && errno != EINTR) {
        err_set(&chat->failure, EXIT_IO, "waiting failed: poll: %s", strerror(errno));
        end_line(plain);
        return chat->failure.code;
    }
    for (int number = signals_next(signals); number; number = signals_next(signals)) {
        int code = on_signal(plain, number);
        if (code != 0)
            return code;
    }
    if (polled[3].revents && stdout_check(&plain->chat.failure) != 0)
        return plain->chat.failure.code;
    if (polled[2].revents && read_input(plain) != 0)
        return plain->chat.failure.code;
    return 0;
}

static int run(Plain *plain, int signals)
{
    Chat *chat = &plain->chat;
    for (;;) {
        if (chat_pump(chat) != 0 || chat->failure.code) {
            end_line(plain);
            return chat->failure.code;
        }
        if (takes_input(plain) && take_line(plain)) {
            if (chat->quit)
                return plain->terminal ? 0 : plain->code;
            continue;
        }
        if (takes_input(plain) && plain->at_end) {
            end_line(plain);
            return plain->terminal ? 0 : plain->code;
        }
        if (takes_input(plain) && plain->terminal && !plain->prompted) {
            end_line(plain);
            fputs("you> ", stderr);
            plain->prompted = true;
        }
        int code = wait_for_more(plain, signals);
        if (code != 0)
            return code;
    }
}

int chat_plain(const Options *options, const ClientOptions *client_options)
{
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP, 0};
    Err err = {0};
    int code;
    Plain *plain = calloc(1, sizeof(*plain));
    int signals = plain ? signals_open(watched, &err) : -1;
    if (signals < 0) {
        free(plain);
        fprintf(stderr, "s2d: %s\n", err.code ? err.text : "out of memory");
        return err.code ? err.code : EXIT_MEMORY;
    }
    plain->terminal = isatty(0);
    signal(SIGPIPE, SIG_IGN); /* a reader that is gone ends the chat, but the chat is kept */
    if (stdout_check(&err) != 0 ||
        chat_open(&plain->chat, &front, plain, options, client_options, &err) != 0) {
        fprintf(stderr, "s2d: %s\n", err.text);
        code = err.code;
    } else {
        code = run(plain, signals);
        if (plain->chat.failure.code) {
            fprintf(stderr, "s2d: %s\n", plain->chat.failure.text);
            code = plain->chat.failure.code;
        }
        if (chat_keep(&plain->chat, true, &err) != 0) {
            fprintf(stderr, "s2d: this chat cannot be kept: %s\n", err.text);
            code = code ? code : err.code;
        }
    }
    chat_close(&plain->chat);
    signals_close(signals, watched);
    free(plain->input);
    free(plain);
    return code;
}
