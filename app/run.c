/* run.c - `s2d run`: one prompt, one answer.
 *
 *   -p TEXT or stdin -> worker -> stdout: the answer's text as it comes (--json: the event lines)
 *                                 stderr: progress on a terminal, warnings, one line of figures
 *
 * A pipe gets the text byte by byte as the engine made it; a terminal gets it without control
 * characters and with a newline at the end. Ctrl-C ends the answer, what came stays, and the status
 * is 130.
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
#include "app/commands.h"
#include "app/figures.h"
#include "app/options.h"
#include "app/protocol/client.h"

enum {
    PROMPT_MAX = 32 << 20, /* bytes */
    STOP_MS = 1500,        /* for an answer to end once it was told to */
};

typedef struct Run {
    Options options;
    const char *asked; /* -p; NULL = the prompt is on stdin */
    bool raw, ignore_eos, json;
    Client *client;
    Request load;
    char *prompt;
    Figures figures;
    TextCleaner cleaner;
    bool out_terminal, err_terminal;
    bool said, done, stopped;
    bool progress_shown, line_open; /* on stderr; on stdout */
    int status;
} Run;

static const Option own_options[] = {
    {"-p", "TEXT", OPTION_TEXT, .field = offsetof(Run, asked)},
    {"--raw", NULL, OPTION_FLAG, .field = offsetof(Run, raw)},
    {"--ignore-eos", NULL, OPTION_FLAG, .field = offsetof(Run, ignore_eos)},
    {"--json", NULL, OPTION_FLAG, .field = offsetof(Run, json)},
    {0},
};

const CommandLine cmd_run_line = {
    .name = "run",
    .lists = {{own_options, 0},
              {length_options, offsetof(Run, options)},
              {model_options, offsetof(Run, options)},
              {drafting_options, offsetof(Run, options)},
              {sampling_options, offsetof(Run, options)},
              {stop_options, offsetof(Run, options)},
              {role_options, offsetof(Run, options)}},
    .words = "[< PROMPT]",
    .summary = "answer one prompt",
};

/* --- the prompt --- */

static char *read_stdin(size_t *bytes, Err *err)
{
    if (isatty(STDIN_FILENO)) {
        err_set(err, EXIT_USAGE, "what is the prompt? give it with -p TEXT or on stdin");
        return NULL;
    }
    char *text = NULL;
    size_t used = 0, room = 0, got;
    do {
        if (room - used < 4096) {
            room = room * 2 + 8192;
            char *grown = room <= 2 * (size_t)PROMPT_MAX + 8192 ? realloc(text, room) : NULL;
            if (!grown) {
                free(text);
                if (room > 2 * (size_t)PROMPT_MAX + 8192)
                    err_set(err, EXIT_DATA, "the prompt on stdin is longer than %d MiB",
                            PROMPT_MAX >> 20);
                else
                    err_set(err, EXIT_MEMORY, "out of memory for the prompt");
                return NULL;
            }
            text = grown;
        }
        got = fread(text + used, 1, room - used - 1, stdin);
        used += got;
    } while (got > 0);
    text[used] = '\0';
    if (ferror(stdin))
        err_set(err, EXIT_IO, "stdin: cannot be read");
    else if (memchr(text, '\0', used))
        err_set(err, EXIT_DATA, "the prompt on stdin holds a NUL byte: is it text?");
    *bytes = used;
    return text;
}

/* The prompt, from either place alike. To be freed; NULL = err says why, or memory is out. */
static char *take_prompt(const Run *run, Err *err)
{
    size_t bytes = run->asked ? strlen(run->asked) : 0;
    char *text = run->asked ? strdup(run->asked) : read_stdin(&bytes, err);
    if (!text)
        return NULL;
    if (!run->raw)
        bytes = plain_text(text, bytes);
    while (!run->raw && bytes > 0 && text[bytes - 1] == '\n')
        text[--bytes] = '\0';
    if (err->code == 0 && bytes == 0)
        err_set(err, EXIT_USAGE, "the prompt is empty; give it with -p TEXT or on stdin");
    if (err->code == 0)
        return text;
    free(text);
    return NULL;
}

/* --- what is shown --- */

static void progress(Run *run, const char *what, double fraction)
{
    if (!run->err_terminal || run->json)
        return;
    char clean[64];
    text_clean_line(what, clean, sizeof(clean));
    fprintf(stderr, "\r%s %3.0f %%\x1b[K", clean, fraction * 100);
    run->progress_shown = true;
}

static void progress_end(Run *run)
{
    if (run->progress_shown)
        fprintf(stderr, "\r\x1b[K");
    run->progress_shown = false;
}

/* A line on stderr, below what came on stdout. */
static void tell(Run *run, const char *prefix, const char *text)
{
    progress_end(run);
    if (run->line_open && run->out_terminal) {
        putchar('\n');
        fflush(stdout);
    }
    run->line_open = false;
    print_report(stderr, "%s%s\n", prefix, text);
}

static void print_piece(Run *run, const char *text, Err *err)
{
    progress_end(run);
    char last = print_text(stdout, &run->cleaner, text);
    run->line_open = last ? last != '\n' : run->line_open;
    stdout_flush(err);
}

/* --- events --- */

static void say(Run *run, Err *err)
{
    const Profile *profile = &run->load.u.load.profile;
    Message messages[2] = {{.role = ROLE_SYSTEM, .text = profile->system},
                           {.role = ROLE_USER, .text = run->prompt}};
    bool system = profile->system && !run->raw;
    Request request = {.type = REQUEST_SAY};
    request.u.say = (RequestSay){.messages = system ? messages : messages + 1,
                                 .n_messages = system ? 2 : 1,
                                 .raw = run->raw,
                                 .ignore_eos = run->ignore_eos,
                                 .max_tokens = profile->max_tokens,
                                 .seed = (uint32_t)profile->seed,
                                 .stops = profile->stops};
    run->said = client_send(run->client, &request, err) == 0;
}

static void on_done(Run *run, const Event *event)
{
    char line[512];
    const char *reason = event->u.done.reason;
    run->done = true;
    bool error = strcmp(reason, "error") == 0;
    if (error || (strcmp(reason, "stopped") == 0 && !run->stopped)) {
        if (run->status == 0) { /* else it was told */
            tell(run, "s2d run: ", "the worker ended the answer and did not say why");
            run->status = EXIT_INTERNAL;
        }
        return;
    }
    if (strcmp(reason, "context") == 0 && !run->figures.began) {
        tell(run,
             "s2d run: ", "the prompt alone fills the context; shorten it or give a larger --ctx");
        run->status = EXIT_DATA;
        return;
    }
    figures_line(&run->figures, event, line, sizeof(line));
    if (!run->json)
        tell(run, "", line);
}

static void on_event(Run *run, const Event *event, Err *err)
{
    figures_event(&run->figures, event);
    if (run->json) {
        puts(client_line(run->client));
        stdout_flush(err);
    }
    switch (event->type) {
    case EVENT_LOAD:
        progress(run, event->u.load.model, (double)event->u.load.fraction);
        break;
    case EVENT_READY:
        progress_end(run);
        if (!run->said)
            say(run, err);
        break;
    case EVENT_PREFILL:
        if (event->u.prefill.done < event->u.prefill.total)
            progress(run, "prompt", (double)event->u.prefill.done / event->u.prefill.total);
        else
            progress_end(run);
        break;
    case EVENT_TEXT:
        if (!run->json)
            print_piece(run, event->u.text.text, err);
        break;
    case EVENT_WARNING:
        tell(run, "s2d run: warning: ", event->u.warning.message);
        break;
    case EVENT_ERROR:
        tell(run, "s2d run: ", event->u.error.message);
        run->status = event->u.error.code;
        run->done = run->done || !run->said; /* a load that failed */
        break;
    case EVENT_DONE:
        on_done(run, event);
        break;
    default:
        break;
    }
}

/* Ctrl-C ends the answer, or, where there is none to end, the program. */
static void on_signal(Run *run, int signal)
{
    Request stop = {.type = REQUEST_STOP};
    run->status = signal == SIGINT ? EXIT_INTERRUPTED : 128 + signal;
    if (signal != SIGINT || run->stopped || !run->said ||
        client_send(run->client, &stop, NULL) != 0)
        run->done = true;
    run->stopped = true;
}

static void converse(Run *run, int signals, Err *err)
{
    while (!run->done && err->code == 0) {
        struct pollfd pollers[3] = {
            {.fd = client_fd(run->client), .events = client_poll_events(run->client)},
            {.fd = signals, .events = POLLIN},
            {.fd = STDOUT_FILENO}, /* a reader that goes away */
        };
        int n = poll(pollers, 3, run->stopped ? STOP_MS : -1);
        if (n == 0)
            return; /* stopped, and it does not end */
        if (n < 0 && errno != EINTR) {
            err_set(err, EXIT_IO, "the worker cannot be waited for: poll: %s", strerror(errno));
            return;
        }
        for (int signal = signals_next(signals); signal; signal = signals_next(signals))
            on_signal(run, signal);
        if (n > 0 && pollers[2].revents && !run->done && stdout_check(err) != 0)
            return;
        Event event;
        int got = 0;
        while (!run->done && err->code == 0 && (got = client_next(run->client, &event, err)) > 0) {
            on_event(run, &event, err);
            event_free(&event);
        }
        if (got < 0 && run->status != 0)
            err->code = 0; /* the worker has told already why it ends */
        if (got < 0)
            return;
    }
}

static int report(const Err *err)
{
    fprintf(stderr, "s2d run: %s\n", err->text);
    return err->code;
}

int cmd_run(int argc, char **argv)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, 0};
    Run run = {.out_terminal = isatty(STDOUT_FILENO), .err_terminal = isatty(STDERR_FILENO)};
    Err err = {0};
    int first = command_line_parse(&cmd_run_line, &run, argc, argv, &err);
    if (first < 0)
        return report(&err);
    if (first < argc) {
        err_set(&err, EXIT_USAGE, "\"%s\" is no option; a prompt is given as -p TEXT or on stdin",
                argv[first]);
        return report(&err);
    }
    run.prompt = take_prompt(&run, &err);
    if (!run.prompt) {
        err_set(&err, EXIT_MEMORY, "out of memory for the prompt"); /* unless it is said already */
        return report(&err);
    }
    if (options_request(&run.options, &run.load, &err) != 0) {
        free(run.prompt);
        return report(&err);
    }
    ClientOptions where = {.host = run.options.host};
    int signals = stdout_check(&err) == 0 ? signals_open(caught, &err) : -1;
    if (signals >= 0 && client_open(&run.client, &where, &err) == 0 &&
        client_send(run.client, &run.load, &err) == 0)
        converse(&run, signals, &err);
    progress_end(&run);
    if (run.line_open && run.out_terminal)
        putchar('\n');
    if (err.code != 0) {
        report(&err);
        run.status = err.code;
    }
    client_close(run.client);
    if (signals >= 0)
        signals_close(signals, caught);
    request_free(&run.load);
    free(run.prompt);
    return run.status;
}
