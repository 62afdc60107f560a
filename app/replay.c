/* replay.c - `s2d replay FILE`: a trace is checked, every line of it, and shown again.
 *
 * On a terminal as the chat's screen shows it, at the pace it was recorded; on a pipe the texts and
 * a line of figures after each answer. FILE "-" is stdin (on a pipe only). A trace is what `/export
 * trace` and `s2d run --json` write.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/plain_text.h"
#include "app/base/print.h"
#include "app/base/std_streams.h"
#include "app/chat/chat.h"
#include "app/commands.h"
#include "app/figures.h"
#include "app/protocol/event_json.h"

static void show(Figures *figures, TextCleaner *cleaner, const Event *event)
{
    char line[512];
    figures_event(figures, event);
    switch (event->type) {
    case EVENT_QUESTION:
        print_report(stdout, "> %s\n\n", event->u.question.text);
        break;
    case EVENT_TEXT:
        print_text(stdout, cleaner, event->u.text.text);
        break;
    case EVENT_DONE:
        figures_line(figures, event, line, sizeof(line));
        print_report(stdout, "\n[%s]\n", line);
        *cleaner = (TextCleaner){0};
        break;
    case EVENT_SWITCH:
        if (event->u.swap.stage == SWITCH_DONE)
            print_report(stdout, "\n[target %s in %.2f s]\n", event->u.swap.target,
                         event->u.swap.ms / 1e3);
        if (event->u.swap.stage == SWITCH_FAILED)
            print_report(stdout, "\n[target %s failed: %s]\n", event->u.swap.target,
                         event->u.swap.reason);
        break;
    case EVENT_WARNING:
        print_report(stdout, "[warning: %s]\n", event->u.warning.message);
        break;
    case EVENT_ERROR:
        print_report(stdout, "[error: %s]\n", event->u.error.message);
        break;
    default:
        break;
    }
}

/* Reads every line, and prints them when `print`. */
static int read_trace(FILE *file, const char *name, bool print, Err *err)
{
    Figures figures = {0};
    TextCleaner cleaner = {0};
    char *line = malloc(EVENT_LINE_MAX + 2);
    int number = 0, status = 0;
    if (!line)
        return err_set(err, EXIT_MEMORY, "out of memory");
    while (status == 0 && fgets(line, EVENT_LINE_MAX + 2, file)) {
        Event event;
        Err wrong = {0};
        const char *text = line + (number++ == 0 ? plain_text_mark(line, strlen(line)) : 0);
        if (event_from_line(&event, text, strlen(text), &wrong) != 0) {
            status = err_set(err, EXIT_DATA, "%s: line %d: %s", name, number, wrong.text);
            break;
        }
        if (print) {
            show(&figures, &cleaner, &event);
            status = ferror(stdout) ? stdout_flush(err) : 0;
        }
        event_free(&event);
    }
    free(line);
    if (status == 0 && ferror(file))
        return err_set(err, EXIT_IO, "%s: %s", name, strerror(errno));
    if (status == 0 && number == 0)
        return err_set(err, EXIT_DATA, "%s: no events in it; is it a trace?", name);
    return status;
}

const CommandLine cmd_replay_line = {
    .name = "replay",
    .words = "FILE",
    .summary = "show a trace again",
};

int cmd_replay(int argc, char **argv)
{
    if (argc != 2 || (argv[1][0] == '-' && argv[1][1])) {
        fprintf(stderr, "s2d replay: wants one trace: s2d replay FILE\n");
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    bool is_stdin = strcmp(name, "-") == 0;
    bool screen = isatty(STDOUT_FILENO) && !is_stdin;
    Err err = {0};
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    if (!file) {
        print_report(stderr, "s2d replay: %s: %s\n", name, strerror(errno));
        return EXIT_NOINPUT;
    }
    read_trace(file, name, !screen, &err);
    if (!is_stdin)
        fclose(file);
    if (err.code != 0) {
        fprintf(stderr, "s2d replay: %s\n", err.text);
        return err.code;
    }
    return screen ? chat_replay(name) : 0;
}
