/* demo.c - `s2d demo [FILE]`: a script shown on the chat's screen, with a recorded chat or a live one.
 *
 *   script, trace -> Timeline -> chat_replay      script -> Live -> chat_screen_led
 *
 * Without FILE it is the one that comes with s2d, which is recorded: no model is needed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/chat/chat.h"
#include "app/commands.h"
#include "app/demo/live.h"
#include "app/demo/shipped.h"
#include "app/play/cast.h"
#include "app/profile/profile_scan.h"

typedef struct DemoArguments {
    Options options;
    bool live;
    const char *cast;
    CastSize size;
} DemoArguments;

static int take_size(void *into, const char *text, Err *err)
{
    return cast_size(text, &((DemoArguments *)into)->size, err);
}

static const Option own_options[] = {
    {"--live", NULL, OPTION_FLAG, .field = offsetof(DemoArguments, live)},
    {"--cast", "FILE.cast", OPTION_TEXT, .field = offsetof(DemoArguments, cast)},
    {"--size", "COLUMNSxROWS", OPTION_TAKEN, .take = take_size},
    {0},
};

const CommandLine cmd_demo_line = {
    .name = "demo",
    .lists = {{own_options, 0},
              {model_options, offsetof(DemoArguments, options)},
              {drafting_options, offsetof(DemoArguments, options)}},
    .words = "[FILE.yaml]",
    .summary = "a chat that runs by itself, to show s2d",
    .mixed = true,
};

static int read_script(const char *path, Script *script, Err *err)
{
    size_t bytes;
    if (!path) {
        const char *text = shipped_script(&bytes);
        return script_parse(script, text, bytes, "demo.yaml", err);
    }
    char *text = read_file(path, "script", SCAN_BYTES_MAX, &bytes, err);
    if (!text)
        return -1;
    int status = script_parse(script, text, bytes, path, err);
    free(text);
    return status;
}

/* The trace that the script at `path` names lies beside it. */
static FILE *open_trace(const char *path, const Script *script, char name[PATH_BYTES], Err *err)
{
    FILE *file;
    if (!path) {
        size_t bytes;
        const char *text = shipped_trace(&bytes);
        snprintf(name, PATH_BYTES, "demo.jsonl");
        file = fmemopen((char *)text, bytes, "r");
    } else {
        const char *slash = strrchr(path, '/');
        int folder = slash && script->trace[0] != '/' ? (int)(slash + 1 - path) : 0;
        int n = snprintf(name, PATH_BYTES, "%.*s%s", folder, path, script->trace);
        errno = n < PATH_BYTES ? 0 : ENAMETOOLONG;
        file = n < PATH_BYTES ? fopen(name, "re") : NULL;
    }
    if (!file)
        err_set(err, path ? EXIT_NOINPUT : EXIT_MEMORY, "%.300s: %s", name, strerror(errno));
    return file;
}

static int show_recorded(const char *path, const Script *script, const DemoArguments *arguments,
                         Err *err)
{
    char name[PATH_BYTES];
    Timeline timeline;
    FILE *file = open_trace(path, script, name, err);
    if (!file || timeline_open(&timeline, file, name, script, err) != 0)
        return err->code;
    int code = 0;
    if (!arguments->cast)
        code = chat_replay(&timeline);
    else if (cast_save(arguments->cast, &timeline, arguments->size,
                       script->name ? script->name : "s2d", err) != 0)
        code = err->code;
    timeline_close(&timeline);
    return code;
}

static int show_live(const Script *script, DemoArguments *arguments, Err *err)
{
    Options *options = &arguments->options;
    ClientOptions client = {.host = options->host};
    Live live;
    if (arguments->cast)
        return err_set(err, EXIT_USAGE, "--cast shows what was recorded, and this demo is live"),
               err->code;
    if (!options->profile && !options->target)
        options->profile = script->profile;
    ChatLead lead = live_lead(&live, script);
    return chat_screen_led(options, &client, &lead);
}

int cmd_demo(int argc, char **argv)
{
    DemoArguments arguments = {.size = {CAST_WIDTH, CAST_HEIGHT}};
    Script script = {0};
    Err err = {0};
    int code = 0, first = command_line_parse(&cmd_demo_line, &arguments, argc, argv, &err);
    if (first >= 0 && first < argc - 1)
        err_set(&err, EXIT_USAGE, "one script at a time: s2d demo [FILE.yaml]");
    const char *path = first >= 0 && first < argc ? argv[first] : NULL;
    if (err.code == 0 && !arguments.cast && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
        err_set(&err, EXIT_USAGE,
                "needs a terminal on stdin and stdout; --cast FILE writes a recording instead");
    if (err.code == 0 && read_script(path, &script, &err) == 0) {
        bool recorded = !arguments.live && (!path || script.trace);
        code = recorded ? show_recorded(path, &script, &arguments, &err)
                        : show_live(&script, &arguments, &err);
    }
    script_close(&script);
    if (err.code != 0) {
        fprintf(stderr, "s2d demo: %s\n", err.text);
        return err.code;
    }
    return code;
}
