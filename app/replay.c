/* replay.c - `s2d replay FILE`: a trace is checked, every line of it, and shown again.
 *
 * On a terminal as the chat's screen shows it, with keys to move about in it; on a pipe the texts and
 * a line of figures after each answer; with --cast as a recording of that screen. FILE "-" is stdin
 * (on a pipe only). A trace is what `/export trace` and `s2d run --json` write.
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
#include "app/play/cast.h"
#include "app/protocol/event_json.h"
#include "ui/comparison.h"

static void show(Figures *figures, TextCleaner *cleaner, Comparison *comparison, const Event *event)
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
        if (comparison->any) {
            comparison_verdict(comparison, line, sizeof(line));
            print_report(stdout, "[A/B: %s]\n", line);
            comparison_equality(comparison, line, sizeof(line));
            print_report(stdout, "[A/B: %s]\n", line);
        }
        comparison->any = false;
        break;
    case EVENT_COMPARE:
        comparison_add(comparison, &event->u.compare);
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

/* Reads every line and prints it. */
static int print_trace(FILE *file, const char *name, Err *err)
{
    Figures figures = {0};
    TextCleaner cleaner = {0};
    Comparison comparison = {0};
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
        show(&figures, &cleaner, &comparison, &event);
        status = ferror(stdout) ? stdout_flush(err) : 0;
        event_free(&event);
    }
    free(line);
    if (status == 0 && ferror(file))
        return err_set(err, EXIT_IO, "%s: %s", name, strerror(errno));
    if (status == 0 && number == 0)
        return err_set(err, EXIT_DATA, "%s: no events in it; is it a trace?", name);
    return status;
}

typedef struct ReplayArguments {
    const char *cast;
    CastSize size;
} ReplayArguments;

static int take_size(void *into, const char *text, Err *err)
{
    return cast_size(text, &((ReplayArguments *)into)->size, err);
}

static const Option own_options[] = {
    {"--cast", "FILE.cast", OPTION_TEXT, .field = offsetof(ReplayArguments, cast)},
    {"--size", "COLUMNSxROWS", OPTION_TAKEN, .take = take_size},
    {0},
};

const CommandLine cmd_replay_line = {
    .name = "replay",
    .lists = {{own_options, 0}},
    .words = "FILE",
    .summary = "show a trace again",
    .mixed = true,
};

/* What needs all of the trace at once. Takes the file over. */
static int play(FILE *file, const char *name, const ReplayArguments *arguments, Err *err)
{
    Timeline timeline;
    if (timeline_open(&timeline, file, name, NULL, err) != 0)
        return err->code;
    int code = 0;
    if (!arguments->cast)
        code = chat_replay(&timeline);
    else if (cast_save(arguments->cast, &timeline, arguments->size, "s2d", err) != 0)
        code = err->code;
    timeline_close(&timeline);
    return code;
}

int cmd_replay(int argc, char **argv)
{
    ReplayArguments arguments = {.size = {CAST_WIDTH, CAST_HEIGHT}};
    Err err = {0};
    int first = command_line_parse(&cmd_replay_line, &arguments, argc, argv, &err);
    if (first < 0) {
        fprintf(stderr, "s2d replay: %s\n", err.text);
        return err.code;
    }
    if (first != argc - 1) {
        fprintf(stderr, "s2d replay: wants one trace: s2d replay FILE\n");
        return EXIT_USAGE;
    }
    const char *name = argv[first];
    bool is_stdin = strcmp(name, "-") == 0;
    if (is_stdin && arguments.cast) {
        fprintf(stderr, "s2d replay: --cast reads a file twice, so it cannot be standard input\n");
        return EXIT_USAGE;
    }
    bool whole = arguments.cast || (isatty(STDOUT_FILENO) && !is_stdin);
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    if (!file) {
        print_report(stderr, "s2d replay: %s: %s\n", name, strerror(errno));
        return EXIT_NOINPUT;
    }
    int code = 0;
    if (whole)
        code = play(file, name, &arguments, &err);
    else if (print_trace(file, name, &err) != 0)
        code = err.code;
    if (!whole && !is_stdin)
        fclose(file);
    if (err.code != 0)
        fprintf(stderr, "s2d replay: %s\n", err.text);
    return code;
}
