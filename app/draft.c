/* draft.c - `s2d draft NAME …`: merge or import; of merge, what is asked for, and the files that it
 * takes, see draft_merge.h.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/commands.h"
#include "app/draft_import.h"
#include "app/draft_merge.h"
#include "app/options.h"
#include "app/profile/adapter_file.h"
#include "app/profile/catalog.h"

typedef struct Job {
    Options options;
    const char *out;
    int exit;
    const Gguf *base;
    const Adapter *adapter;
} Job;

static const Option options[] = {
    {"--profile", "PROFILE", OPTION_TEXT, .field = offsetof(Job, options.profile)},
    {"--draft", "MODEL", OPTION_TEXT, .field = offsetof(Job, options.draft)},
    {"--adapter", "FILE.gguf", OPTION_TEXT, .field = offsetof(Job, options.adapter)},
    {"--exit", "LAYER", OPTION_INTEGER, .field = offsetof(Job, exit), .low = 1, .high = INT_MAX,
     .required = true},
    {"-o", "FILE", OPTION_TEXT, .field = offsetof(Job, out), .required = true},
    {0},
};

const CommandLine cmd_draft_merge_line = {
    .name = "draft merge",
    .lists = {{options, 0}},
    .summary = "one trained exit as a model of its own, for other programs",
};

static int parse(Job *job, int argc, char **argv, Err *err)
{
    int first = command_line_parse(&cmd_draft_merge_line, job, argc, argv, err);
    char usage[256];
    if (first < 0)
        return -1;
    if (first < argc || job->exit == 0 || job->out == NULL)
        return err_set(err, EXIT_USAGE, "usage: %s",
                       command_line_synopsis(&cmd_draft_merge_line, usage, sizeof usage));
    return 0;
}

static int write_merged(FILE *stream, void *user, Err *err)
{
    const Job *job = user;
    return draft_merge(job->base, job->adapter, job->exit, stream, err);
}

static int merge(Job *job, const Profile *profile, Err *err)
{
    char path[PATH_BYTES];
    if (!profile->draft_base || !profile->draft_adapter)
        return err_set(err, EXIT_USAGE,
                       "profile %s has no adapter; name one with --adapter, and its base with "
                       "--draft",
                       profile->name);
    Gguf *base = NULL;
    Adapter *adapter = NULL;
    ModelConfig config;
    int result = catalog_resolve(profile->draft_base, path, sizeof path, err);
    if (result == 0)
        result = gguf_open(&base, path, err);
    if (result == 0)
        result = adapter_open_for(&adapter, profile->draft_adapter, profile->draft_base, path, err);
    if (result == 0 &&
        (model_config(&config, base, err) != 0 || adapter_check(adapter, &config, err) != 0 ||
         draft_merge_check(adapter, job->exit, err) != 0))
        result = -1;
    job->base = base;
    job->adapter = adapter;
    if (result == 0)
        result = save_stream(job->out, write_merged, job, err);
    adapter_close(adapter);
    gguf_close(base);
    return result;
}

static int merge_command(int argc, char **argv)
{
    Job job = {0};
    Request request = {.type = REQUEST_STOP};
    Err err = {0};
    int result = parse(&job, argc, argv, &err);
    if (result == 0)
        result = options_request(&job.options, &request, &err);
    if (result == 0)
        result = merge(&job, &request.u.load.profile, &err);
    request_free(&request);
    if (result == 0)
        return 0;
    fprintf(stderr, "s2d draft merge: %s\n", err.text);
    return err.code;
}

/* ---- which of them ---- */

const CommandLine cmd_draft_line = {
    .name = "draft",
    .words = "merge | import [ARGUMENTS]",
    .forms = "       s2d draft NAME --help shows the options of one",
    .summary = "a trained exit as a model, or a published head as a draft",
};

int cmd_draft(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const CommandLine *line;
    } all[] = {{"merge", merge_command, &cmd_draft_merge_line},
               {"import", draft_import, &cmd_draft_import_line}};
    for (size_t i = 0; argc > 1 && i < sizeof all / sizeof *all; i++) {
        if (strcmp(argv[1], all[i].name) != 0)
            continue;
        if (argc == 3 && is_help(argv[2])) {
            command_line_usage(all[i].line, stdout);
            return 0;
        }
        return all[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "s2d draft: %s; see `s2d draft --help`\n",
            argc < 2 ? "what about it?" : "merge and import are all that it does");
    return EXIT_USAGE;
}
