/* tune.c - `s2d tune`: the thresholds that are fastest here, for a draft and each of its targets.
 *
 *   prompts -> the target's plain answers -> what every exit says of them (engine/decode/exit_trace.h)
 *           -> a search by forecast -> real answers to other prompts, in turn -> tuned.json
 *
 * In this process, without a worker: the models are read, measured and left. Temperature 0.
 */
#include "app/tune/tune_measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/base/command_kernels.h"
#include "app/base/std_streams.h"
#include "app/commands.h"
#include "app/options.h"
#include "app/profile/catalog.h"
#include "app/worker/models_cache.h"
#include "app/worker/tuned.h"

enum { SAMPLE = 24, MAX_TOKENS = 96 };

typedef struct Tune {
    Options options;
    const char *prompts_file;
    int sample, repeats; /* 0 = not given */
    bool json, csv, forget;
    Request load;
    Kernels *kernels;
    ModelsCache models;
    Model *draft;
    Prompts prompts;
    TunedPair key; /* without a target */
    Tuned tuned;
    bool header_done;
    TuneResult result; /* of the target that is being tuned */
    TuneMeasure measure;
} Tune;

static const Option own_options[] = {
    {"--prompts", "FILE", OPTION_TEXT, .field = offsetof(Tune, prompts_file), .required = true},
    {"--sample", "N", OPTION_INTEGER, .field = offsetof(Tune, sample), .low = 1, .high = 1000000},
    {"--repeats", "N", OPTION_INTEGER, .field = offsetof(Tune, repeats), .low = 1, .high = 99},
    {"--json", NULL, OPTION_FLAG, .field = offsetof(Tune, json)},
    {"--csv", NULL, OPTION_FLAG, .field = offsetof(Tune, csv)},
    {"--forget", NULL, OPTION_FLAG, .field = offsetof(Tune, forget)},
    {"--host", .kind = OPTION_REFUSED,
     .value = "what is fast is another machine's matter; run `s2d tune` there"},
    {"--drafter", .kind = OPTION_REFUSED,
     .value = "it is nested exits that are tuned, drafting always"},
    {"--spec", .kind = OPTION_REFUSED,
     .value = "it is nested exits that are tuned, drafting always"},
    {0},
};

const CommandLine cmd_tune_line = {
    .name = "tune",
    .lists = {{own_options, 0},
              {length_options, offsetof(Tune, options)},
              {model_options, offsetof(Tune, options)}},
    .forms = "       s2d tune --forget [OPTIONS]",
    .summary = "the thresholds that are fastest here, for each target",
};

static Profile *profile_of(Tune *tune)
{
    return &tune->load.u.load.profile;
}

/* Of the first guess of a round the survey knows most, where every exit was asked everywhere; of
 * deeper ones what the runs did. */
static void keep_accept(TunedPair *pair, const ExitTraces *traces, const Calibration *runs)
{
    pair->has_accept = true;
    for (int e = 0; e < pair->n_exits; e++) {
        pair->accept[e] = runs[e];
        pair->accept[e].at[0] = traces->accept[e].at[0];
    }
}

static int keep(Tune *tune, Err *err)
{
    const TuneResult *result = &tune->result;
    const TuneRun *run = &result->runs[result->chosen], *plain = &result->runs[0];
    TunedPair pair = tune->key;
    time_t now = time(NULL);
    struct tm day;
    snprintf(pair.target, sizeof pair.target, "%s", result->target);
    for (int i = 0; i < pair.n_exits; i++)
        pair.thresholds[i] = (int)(run->thresholds[i] * 1e4 + 0.5) / 1e4;
    pair.tokens_per_s = run->ms > 0 ? 1e3 * run->tokens / run->ms : 0;
    pair.plain_tokens_per_s = plain->ms > 0 ? 1e3 * plain->tokens / plain->ms : 0;
    strftime(pair.day, sizeof pair.day, "%Y-%m-%d", gmtime_r(&now, &day));
    keep_accept(&pair, &result->traces, session_accept(tune->measure.session));
    /* Measuring took long: what is in the file now stays, but for this pair. */
    int lock = tuned_begin(&tune->tuned, err);
    if (lock < 0)
        return -1;
    tuned_put(&tune->tuned, &pair);
    return tuned_end(&tune->tuned, lock, err);
}

/* ---- targets ---- */

static int check_memory(Tune *tune, const char *name, size_t need, Err *err)
{
    size_t have = tune->kernels->memory_free(tune->kernels);
    char needed[16], left[16];
    if (need <= have)
        return 0;
    return err_set(err, EXIT_MEMORY, "%s needs %s and %s are free; try a smaller --ctx", name,
                   catalog_size_text(need, needed, sizeof needed),
                   catalog_size_text(have, left, sizeof left));
}

static int open_target(Tune *tune, int index, Model **target, Err *err)
{
    const Profile *profile = profile_of(tune);
    ModelPlan plan;
    if (models_plan(&tune->models, profile->targets[index].model, &plan, err) != 0)
        return -1;
    size_t session = session_bytes(tune->kernels, &plan.config, &tune->draft->config, NULL,
                                   profile->kv, profile->context);
    int status = check_memory(tune, plan.name, plan.weight_bytes + session, err);
    if (status == 0)
        status = models_load(&tune->models, &plan, NULL, NULL, target, err);
    models_plan_close(&plan);
    return status;
}

static int open_session(Tune *tune, int index, Model *target, Err *err)
{
    const RequestLoad *load = &tune->load.u.load;
    const Profile *profile = &load->profile;
    const ProfileTarget *pair = &profile->targets[index];
    SessionConfig config = {.kernels = tune->kernels,
                            .target = target,
                            .draft = tune->draft,
                            .drafting = {.kind = drafter_find("s2d"),
                                         .layers = profile->draft_layers,
                                         .n_exits = profile->n_exits,
                                         .n_thresholds = pair->n_thresholds},
                            .tree = {.automatic = true},
                            .sampling = {.top_p = 1},
                            .kv = profile->kv,
                            .ctx = profile->context,
                            .emit = tune_on_event,
                            .user = &tune->measure};
    memcpy(config.drafting.exits, profile->exits, sizeof profile->exits);
    for (int i = 0; i < pair->n_thresholds; i++)
        config.drafting.thresholds[i] = (float)pair->thresholds[i];
    if (load->tree[0])
        tree_parse(load->tree, &config.tree);
    else if (!profile->tree_auto)
        config.tree = (TreeShape){.depth = profile->tree_depth,
                                  .width = profile->tree_width,
                                  .nodes = profile->tree_nodes};
    return session_open(&tune->measure.session, &config, err);
}

static int tune_target(Tune *tune, int index, Err *err)
{
    TuneResult *result = &tune->result;
    const Options *o = &tune->options;
    Model *target;
    EventReady ready = {0};
    *result = (TuneResult){.max_tokens = o->max_tokens > 0 ? o->max_tokens : MAX_TOKENS};
    tune->measure = (TuneMeasure){.profile = profile_of(tune),
                                  .prompts = &tune->prompts,
                                  .repeats = tune->repeats ? tune->repeats : 1,
                                  .terminal = isatty(STDERR_FILENO),
                                  .result = result};
    if (open_target(tune, index, &target, err) != 0 || open_session(tune, index, target, err) != 0)
        return -1;
    session_describe(tune->measure.session, &ready);
    memcpy(result->target, ready.target, sizeof result->target);
    memcpy(result->draft, ready.draft, sizeof result->draft);
    memcpy(result->adapter, ready.adapter, sizeof result->adapter);
    memcpy(result->device, ready.device, sizeof result->device);
    memcpy(result->exits, ready.exits, sizeof result->exits);
    result->traces.n_exits = ready.n_exits;
    result->max_tokens = result->max_tokens < ready.ctx ? result->max_tokens : ready.ctx;
    if (tune_survey(&tune->measure, err) != 0 ||
        tune_runs(&tune->measure, ready.thresholds, err) != 0 || keep(tune, err) != 0)
        return -1;
    if (tune->json)
        tune_print_json(result);
    else if (tune->csv)
        tune_print_csv(result, !tune->header_done);
    else
        tune_print(result, isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR")));
    tune->header_done = true;
    return stdout_flush(err);
}

static bool is_asked(Tune *tune, int index)
{
    return !tune->options.target || index == tune->load.u.load.target_index;
}

static int tune_targets(Tune *tune, Err *err)
{
    for (int i = 0; i < profile_of(tune)->n_targets; i++) {
        int status = is_asked(tune, i) ? tune_target(tune, i, err) : 0;
        session_close(tune->measure.session);
        tune->measure.session = NULL;
        tune_result_close(&tune->result);
        models_trim(&tune->models, tune->draft, NULL);
        if (status != 0)
            return -1;
    }
    return 0;
}

static int forget(Tune *tune, Err *err)
{
    int gone = 0, lock = tuned_begin(&tune->tuned, err);
    if (lock < 0)
        return -1;
    for (int i = 0; i < profile_of(tune)->n_targets; i++)
        if (is_asked(tune, i))
            gone += tuned_remove(&tune->tuned, &tune->key, profile_of(tune)->targets[i].model);
    if (tuned_end(&tune->tuned, lock, err) != 0)
        return -1;
    printf("%d forgotten\n", gone);
    return 0;
}

/* ---- the command ---- */

/* The draft as planned: its exits become the profile's, and what tuned values it has are taken. */
static int take_draft(Tune *tune, ModelPlan *plan, Err *err)
{
    Profile *profile = profile_of(tune);
    const char *adapter = plan->adapter ? gguf_path(plan->adapter->gguf) : NULL;
    if (profile->n_exits == 0)
        return err_set(err, EXIT_USAGE, "profile %s names no exits: there is nothing to tune",
                       profile->name);
    if (tuned_key(&tune->key, profile, plan->name, plan->config.layers, adapter, err) != 0 ||
        tuned_open(&tune->tuned, err) != 0)
        return -1;
    if (tune->forget)
        return forget(tune, err);
    if (tuned_apply(profile, 0, plan->name, plan->config.layers, adapter, err) != 0 ||
        check_memory(tune, plan->name, plan->weight_bytes, err) != 0 ||
        models_load(&tune->models, plan, NULL, NULL, &tune->draft, err) != 0)
        return -1;
    return tune_targets(tune, err);
}

static int run(Tune *tune, Err *err)
{
    const Options *o = &tune->options;
    if (!tune->prompts_file && !tune->forget)
        return err_set(err, EXIT_USAGE,
                       "--prompts FILE is needed: a prompt a line, or JSON lines with \"prompt\"");
    if (stdout_check(err) != 0 || options_request(o, &tune->load, err) != 0 ||
        (!tune->forget && prompts_open(&tune->prompts, tune->prompts_file, err) != 0))
        return -1;
    const RequestLoad *load = &tune->load.u.load;
    Profile *profile = profile_of(tune);
    KernelsOptions wanted = {.device = profile->device,
                             .isa = load->isa,
                             .threads = profile->threads,
                             .act_f32 = load->act_f32};
    ModelPlan plan;
    prompts_choose(&tune->prompts, tune->sample > 0 ? tune->sample : SAMPLE);
    if (!profile->draft_base)
        return err_set(err, EXIT_USAGE, "profile %s has no draft; name one with --draft",
                       profile->name);
    if (command_kernels_open(&tune->kernels, &wanted, err) != 0)
        return -1;
    tune->models.kernels = tune->kernels;
    if (models_plan_draft(&tune->models, profile, &plan, err) != 0)
        return -1;
    int status = take_draft(tune, &plan, err);
    models_plan_close(&plan);
    return status;
}

int cmd_tune(int argc, char **argv)
{
    Tune *tune = calloc(1, sizeof *tune);
    Err err = {0};
    if (!tune) {
        fprintf(stderr, "s2d tune: out of memory\n");
        return EXIT_MEMORY;
    }
    tune->load.type = REQUEST_STOP;
    int first = command_line_parse(&cmd_tune_line, tune, argc, argv, &err);
    if (first >= 0 && first < argc)
        err_set(&err, EXIT_USAGE, "\"%s\" is no option", argv[first]);
    if (err.code == 0)
        run(tune, &err);
    if (err.code != 0)
        fprintf(stderr, "s2d tune: %s\n", err.text);
    session_close(tune->measure.session);
    tune_result_close(&tune->result);
    prompts_close(&tune->prompts);
    if (tune->kernels) {
        models_close(&tune->models);
        tune->kernels->close(tune->kernels);
    }
    request_free(&tune->load);
    free(tune);
    return err.code;
}
