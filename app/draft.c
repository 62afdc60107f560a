/* draft.c - `s2d draft merge`: what is asked for, and the files that it takes; see draft_merge.h.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/draft_merge.h"
#include "app/options.h"
#include "app/paths.h"
#include "app/profile/adapter_file.h"
#include "app/profile/catalog.h"
#include "app/save_file.h"

typedef struct Job {
    Options options;
    const char *out;
    int exit;
    const Gguf *base;
    const Adapter *adapter;
} Job;

static int parse(Job *job, int argc, char **argv, Err *err)
{
    static const struct option options[] = {{"profile", required_argument, NULL, 'p'},
                                            {"draft", required_argument, NULL, 'd'},
                                            {"adapter", required_argument, NULL, 'a'},
                                            {"exit", required_argument, NULL, 'e'},
                                            {0}};
    optind = 0;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "+o:", options, NULL)) != -1;) {
        switch (c) {
        case 'p':
            job->options.profile = optarg;
            break;
        case 'd':
            job->options.draft = optarg;
            break;
        case 'a':
            job->options.adapter = optarg;
            break;
        case 'e':
            if (options_integer(optarg, "--exit", 1, INT_MAX, &job->exit, err) != 0)
                return -1;
            break;
        case 'o':
            job->out = optarg;
            break;
        default:
            return err_set(err, EXIT_USAGE, "\"%s\" is not understood; see `s2d draft --help`",
                           argv[optind - 1]);
        }
    }
    if (optind < argc || job->exit == 0 || job->out == NULL)
        return err_set(err, EXIT_USAGE,
                       "usage: s2d draft merge [--profile P] [--draft M] [--adapter FILE] "
                       "--exit LAYER -o FILE");
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

int cmd_draft(int argc, char **argv)
{
    Job job = {0};
    Request request = {.type = REQUEST_STOP};
    Err err = {0};
    if (argc < 2 || strcmp(argv[1], "merge") != 0) {
        fprintf(stderr, "s2d draft: %s; see `s2d draft --help`\n",
                argc < 2 ? "what about it?" : "merge is all that it does");
        return EXIT_USAGE;
    }
    int result = parse(&job, argc - 1, argv + 1, &err);
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
