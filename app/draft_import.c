/* draft_import.c - see draft_import.h: what is asked for, the target's header, what is said of it. */
#include "app/draft_import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/base/quant_option.h"
#include "app/base/save_file.h"
#include "app/commands.h"
#include "app/import/head_import.h"
#include "app/profile/catalog.h"
#include "engine/draft/drafters.h"

typedef struct Job {
    HeadAsk ask;
    const char *out;
} Job;

static int take_type(void *into, const char *text, Err *err)
{
    (void)err;
    return quant_option(text, &((Job *)into)->ask.type);
}

/* Whether they fit the target, head_import_open says. */
static int take_taps(void *into, const char *text, Err *err)
{
    HeadAsk *ask = &((Job *)into)->ask;
    return options_layers(text, "--taps", 0, FEATURES_MAX, ask->taps, &ask->n_taps, err);
}

#define AT(field) offsetof(Job, field)
static const Option options[] = {
    {"-m", "MODEL", OPTION_TEXT, .field = AT(ask.target_name), .required = true},
    {"-o", "FILE", OPTION_TEXT, .field = AT(out), .required = true},
    {"--config", "FILE.json", OPTION_TEXT, .field = AT(ask.config)},
    {"--type", NULL, OPTION_TAKEN, .take = take_type, .value_at = quant_option_at},
    {"--heads", "N", OPTION_INTEGER, .field = AT(ask.branches), .low = 1, .high = BRANCHES_MAX},
    {"--taps", "L,L,L", OPTION_TAKEN, .take = take_taps},
    {0},
};

const CommandLine cmd_draft_import_line = {
    .name = "draft import",
    .lists = {{options, 0}},
    .words = "FILE",
    .summary = "a published EAGLE, EAGLE-3, Medusa or Hydra head as a file of s2d's",
    .mixed = true,
};

static int parse(Job *job, int argc, char **argv, Err *err)
{
    int first = command_line_parse(&cmd_draft_import_line, job, argc, argv, err);
    char usage[512];
    if (first < 0)
        return -1;
    if (argc - first != 1 || job->ask.target_name == NULL || job->out == NULL)
        return err_set(err, EXIT_USAGE, "usage: %s",
                       command_line_synopsis(&cmd_draft_import_line, usage, sizeof usage));
    job->ask.path = argv[first];
    return 0;
}

static int read_target(const char *name, ModelConfig *config, Err *err)
{
    char path[PATH_BYTES];
    Gguf *gguf = NULL;
    if (catalog_resolve(name, path, sizeof path, err) != 0 || gguf_open(&gguf, path, err) != 0)
        return -1;
    int result = model_config(config, gguf, err);
    gguf_close(gguf);
    return result;
}

/* ---- what was found ---- */

static void print_found(const HeadImport *import)
{
    const HeadInfo *info = head_import_info(import);
    print_report(stdout, "found      %s%s%s", drafter_find(head_kind_name(info->kind))->title,
                 info->kind == HEAD_HYDRA && info->has_layer ? "++" : "",
                 info->base_name[0] ? " of " : "");
    print_report(stdout, "%s in %s, %s\n", info->base_name, head_import_path(import),
                 head_import_from(import));
    if (info->branches > 0)
        print_report(stdout, "branches   %d", info->branches);
    if (info->blocks == 1)
        print_report(stdout, ", each with a block that is applied once");
    else if (info->blocks > 1)
        print_report(stdout, ", each with a block that is applied %d times", info->blocks);
    if (info->branches > 0)
        print_report(stdout, "\n");
    for (int i = 0; info->kind == HEAD_EAGLE3 && i < info->n_taps; i++)
        print_report(stdout, "%s%d%s", i == 0 ? "reads      what " : ", ", info->taps[i],
                     i == info->n_taps - 1 ? " layers have left\n" : "");
}

static void print_shape(const HeadInfo *info, const char *target)
{
    const ModelConfig *l = &info->layer;
    if (info->has_layer)
        print_report(
            stdout,
            "layer      feed-forward %d, %d heads of %d over %d key/value heads, rope base "
            "%g, norm epsilon %g\n",
            l->ffn, l->heads, l->head_dim, l->kv_heads, (double)l->rope.base, (double)l->norm_eps);
    print_report(stdout, "fits       %s: %d layers of %d\n", target, info->layers, info->hidden);
    print_report(stdout, "scores     %d of %d tokens%s\n", l->vocab, info->vocab,
                 info->kind == HEAD_EAGLE ? ", with the target's own head" : "");
}

static void print_report_of(const HeadImport *import, const Job *job)
{
    struct stat status = {0};
    print_found(import);
    print_shape(head_import_info(import), job->ask.target_name);
    for (int i = 0; head_import_note(import, i); i++)
        print_report(stdout, "note       %s\n", head_import_note(import, i));
    if (stat(job->out, &status) == 0)
        print_report(stdout, "wrote      %s: %d tensors, %.1f MB as %s\n", job->out,
                     head_import_tensors(import), (double)status.st_size / 1e6,
                     quant_info(job->ask.type)->name);
}

int draft_import(int argc, char **argv)
{
    Job job = {.ask = {.type = QUANT_F16}};
    ModelConfig target;
    HeadImport *import = NULL;
    Err err = {0};
    int result = parse(&job, argc, argv, &err);
    if (result == 0)
        result = read_target(job.ask.target_name, &target, &err);
    job.ask.target = &target;
    if (result == 0)
        result = head_import_open(&import, &job.ask, &err);
    if (result == 0)
        result = save_stream(job.out, head_import_write, import, &err);
    if (result == 0)
        print_report_of(import, &job);
    head_import_close(import);
    if (result == 0)
        return 0;
    fprintf(stderr, "s2d draft import: %s\n", err.text);
    return err.code;
}
