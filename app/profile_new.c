/* profile_new.c - `s2d profile new`: a target and what can draft for it, written down as a profile. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/print.h"
#include "app/base/save_file.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/profile/found_cache.h"
#include "app/profile/pair.h"
#include "kernels/kernels.h"

typedef struct Job {
    const char *target, *draft; /* as they were asked for; NULL = to be chosen */
    bool replace;
    char name[64];
    FoundList list;
    const FoundModel *targets[TARGETS_MAX];
    int n_targets;
    const FoundModel *base; /* NULL = no draft */
    Profile trained;        /* whose exits the base has; name NULL = it has none */
} Job;

static const Option options[] = {
    {"--target", "MODEL", OPTION_TEXT, .field = offsetof(Job, target), .alias = "-m"},
    {"--draft", "none|MODEL", OPTION_TEXT, .field = offsetof(Job, draft)},
    {"--replace", NULL, OPTION_FLAG, .field = offsetof(Job, replace)},
    {0},
};

const CommandLine cmd_profile_new_line = {
    .name = "profile new",
    .lists = {{options, 0}},
    .words = "[NAME]",
    .summary = "a profile of a target and what here can draft for it",
    .mixed = true,
};

/* ---- what is paired ---- */

static bool is_usable(const FoundModel *model)
{
    return !model->unread && !model->header.problem[0];
}

/* The model of the list that a name or path means. */
static const FoundModel *find(const Job *job, const char *name, Err *err)
{
    char path[PATH_BYTES];
    struct stat st;
    if (catalog_resolve(name, path, sizeof path, err) != 0)
        return NULL;
    for (int i = 0; i < job->list.n && stat(path, &st) == 0; i++) {
        const FoundModel *model = &job->list.models[i];
        if (model->device != st.st_dev || model->inode != st.st_ino)
            continue;
        if (!is_usable(model))
            err_set(err, EXIT_DATA, "%.100s: %s", model->name, model->header.problem);
        return is_usable(model) ? model : NULL;
    }
    err_set(err, EXIT_NOINPUT,
            "%.200s is in no folder where models are looked for; link it into one, or name its "
            "folder in s2d.yaml",
            name);
    return NULL;
}

static bool fits_memory(const FoundModel *model)
{
    return model->header.weight_bytes < kernels_host_memory();
}

/* The largest that fits into memory, one that something drafts for before all others. */
static const FoundModel *choose_target(const Job *job, Err *err)
{
    const FoundModel *best = NULL;
    bool best_paired = false;
    for (int i = 0; i < job->list.n; i++) {
        const FoundModel *model = &job->list.models[i];
        if (!is_usable(model) || !fits_memory(model))
            continue;
        bool paired = pair_next(&job->list, model, NULL) != NULL;
        if (!best || paired > best_paired ||
            (paired == best_paired && model->header.weight_bytes > best->header.weight_bytes)) {
            best = model;
            best_paired = paired;
        }
    }
    if (!best)
        err_set(err, EXIT_NOINPUT, "there is no model here yet; `s2d pull` fetches some");
    return best;
}

/* Behind the first target the others that this draft is for, the largest first. */
static void add_targets(Job *job)
{
    const FoundModel *last = NULL;
    while (job->base && job->n_targets < TARGETS_MAX) {
        const FoundModel *next = NULL;
        for (int i = 0; i < job->list.n; i++) {
            const FoundModel *model = &job->list.models[i];
            uint64_t bytes = model->header.weight_bytes;
            bool behind = !last || bytes < last->header.weight_bytes ||
                          (bytes == last->header.weight_bytes && model > last);
            if (is_usable(model) && fits_memory(model) && model != job->targets[0] && behind &&
                pair_fits(job->base, model) && (!next || bytes > next->header.weight_bytes))
                next = model;
        }
        if (!next)
            return;
        job->targets[job->n_targets++] = last = next;
    }
}

static int pair(Job *job, Err *err)
{
    const FoundModel *target = job->target ? find(job, job->target, err) : choose_target(job, err);
    if (!target)
        return -1;
    job->targets[job->n_targets++] = target;
    if (!job->draft)
        job->base = pair_next(&job->list, target, NULL);
    else if (strcmp(job->draft, "none") != 0 && !(job->base = find(job, job->draft, err)))
        return -1;
    if (job->base && job->base->header.vocabulary != target->header.vocabulary)
        return err_set(err, EXIT_DATA, "%.100s has another vocabulary than %.100s: it cannot draft",
                       job->base->name, target->name);
    if (job->base && !pair_trained(job->base, &job->trained))
        job->trained = (Profile){0};
    add_targets(job);
    return 0;
}

/* ---- what is written ---- */

/* As YAML reads it: JSON's strings are some of YAML's. */
static void print_string(FILE *out, const char *text)
{
    json_t *string = json_string(text);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    fprintf(out, "%s", quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(string);
}

static void print_draft(const Job *job, FILE *out)
{
    const Profile *trained = &job->trained;
    fprintf(out, "\ndraft:\n  base: ");
    print_string(out, job->base->name);
    if (trained->draft_layers > 0)
        fprintf(out, "\n  layers: %d", trained->draft_layers);
    for (int i = 0; i < trained->n_exits; i++)
        fprintf(out, "%s%d%s", i == 0 ? "\n  exits: [" : ", ", trained->exits[i],
                i + 1 == trained->n_exits ? "]" : "");
    if (trained->draft_list) {
        const char *slash = trained->draft_list[0] == '/' ? NULL : strrchr(trained->path, '/');
        char path[2 * PATH_BYTES];
        snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - trained->path) : 0,
                 trained->path, trained->draft_list);
        fprintf(out, "\n  short_list: ");
        print_string(out, path);
    }
    if (trained->draft_adapter) {
        fprintf(out, "\n  adapter: ");
        print_string(out, trained->draft_adapter);
    }
    fprintf(out, "\n");
}

static char *profile_text(const Job *job, size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    if (!out)
        return NULL;
    fprintf(out,
            "# Made by `s2d profile new`; s2d-profile(5) says what else may stand here.\nname: ");
    print_string(out, job->name);
    if (job->base)
        print_draft(job, out);
    fprintf(out, "\n%stargets:\n", job->base ? "" : "# Nothing here drafts for it but n-grams.\n");
    for (int i = 0; i < job->n_targets; i++) {
        fprintf(out, "  - model: ");
        print_string(out, job->targets[i]->name);
        fprintf(out, "\n");
    }
    return fclose(out) == 0 ? text : NULL;
}

/* Letters, digits and a few signs of the target's name. */
static void make_name(Job *job)
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    snprintf(job->name, sizeof job->name, "%.60s", job->targets[0]->name);
    for (char *c = job->name; *c; c++)
        if (!strchr(kept, *c))
            *c = '-';
    if (job->name[0] == '.')
        job->name[0] = '-';
}

static int take_name(Job *job, const char *name, Err *err)
{
    static const char wrong[] = "/\n";
    if (!name)
        return 0;
    if (!name[0] || name[0] == '.' || strpbrk(name, wrong) || strlen(name) >= sizeof job->name ||
        strcmp(name, "s2d") == 0)
        return err_set(err, EXIT_USAGE,
                       "\"%.60s\": a profile's name is a file's, without folder and .yaml", name);
    strcpy(job->name, name);
    return 0;
}

static int save(const Job *job, Err *err)
{
    char file[sizeof job->name + 8], path[PATH_BYTES];
    size_t bytes;
    struct stat st;
    Profile read;
    snprintf(file, sizeof file, "%s.yaml", job->name);
    if (paths_make(PLACE_CONFIG, err) != 0 ||
        paths_get(PLACE_CONFIG, file, path, sizeof path, err) != 0)
        return -1;
    if (!job->replace && stat(path, &st) == 0)
        return err_set(err, EXIT_DATA,
                       "%.300s exists already; another NAME, or --replace, which loses it", path);
    char *text = profile_text(job, &bytes);
    int status = text ? profile_parse(&read, text, bytes, path, err)
                      : err_set(err, EXIT_MEMORY, "out of memory");
    if (status == 0) {
        profile_close(&read);
        status = save_file(path, text, bytes, job->replace, err);
    }
    free(text);
    if (status != 0)
        return -1;
    print_report(stdout, "%s: %s drafts for", path, job->base ? job->base->name : "nothing");
    for (int i = 0; i < job->n_targets; i++)
        print_report(stdout, "%s %s", i > 0 ? "," : "", job->targets[i]->name);
    if (job->base)
        print_report(stdout, "%s%s",
                     job->trained.name ? "; exits as in profile " : "; no exits trained",
                     job->trained.name ? job->trained.name : "");
    print_report(stdout, "\n`s2d --profile %s` starts it.\n", job->name);
    return 0;
}

static int make_profile(Job *job, const char *name, Err *err)
{
    if (take_name(job, name, err) != 0)
        return -1;
    if (found_list(&job->list, err) != 0)
        return err_set(err, EXIT_MEMORY, "out of memory");
    if (err->code)
        return -1;
    found_read_all(&job->list, UINT64_MAX, NULL, NULL);
    if (pair(job, err) != 0)
        return -1;
    if (!name)
        make_name(job);
    return save(job, err);
}

static int new_command(int argc, char **argv)
{
    Job job = {0};
    Err err = {0};
    char usage[256];
    int first = command_line_parse(&cmd_profile_new_line, &job, argc, argv, &err);
    if (first >= 0 && first + 1 < argc)
        err_set(&err, EXIT_USAGE, "usage: %s",
                command_line_synopsis(&cmd_profile_new_line, usage, sizeof usage));
    int status = err.code ? -1 : make_profile(&job, first < argc ? argv[first] : NULL, &err);
    found_close(&job.list);
    if (job.trained.name)
        profile_close(&job.trained);
    if (status == 0)
        return 0;
    fprintf(stderr, "s2d profile new: %s\n", err.text);
    return err.code;
}

const CommandLine cmd_profile_line = {
    .name = "profile",
    .words = "new [ARGUMENTS]",
    .summary = "writes a profile of what is here",
};

int cmd_profile(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "new") != 0) {
        fprintf(stderr, "s2d profile: new is all that it does; see `s2d profile new --help`\n");
        return EXIT_USAGE;
    }
    if (argc == 3 && is_help(argv[2])) {
        command_line_usage(&cmd_profile_new_line, stdout);
        return 0;
    }
    return new_command(argc - 1, argv + 1);
}
