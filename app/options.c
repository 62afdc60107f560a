/* options.c - see options.h. */
#include "app/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_drafter(void *into, const char *text, Err *err)
{
    (void)err;
    DrafterChoice choice;
    ((Options *)into)->drafter = text;
    return drafter_parse(text, &choice);
}

static int drafter_at(int index, char *text, size_t size)
{
    char names[DRAFTER_NAMES_BYTES];
    return word_at(drafter_names(", ", names), ", ", index, text, size);
}

static int take_tree(void *into, const char *text, Err *err)
{
    TreeShape shape;
    ((Options *)into)->tree = text;
    if (strlen(text) < sizeof(((RequestLoad *)0)->tree) && tree_parse(text, &shape) == 0)
        return 0;
    return err_set(
        err, EXIT_USAGE,
        "--tree: \"%s\" is none of auto, off, static, DxWxN (depth, width, nodes: 4x4x12)", text);
}

static int take_theme(void *into, const char *text, Err *err)
{
    Options *o = into;
    (void)err;
    o->has_theme = theme_find(text, &o->theme);
    return o->has_theme ? 0 : -1;
}

static int take_config(void *into, const char *text, Err *err)
{
    (void)into;
    return config_choose(text, err);
}

static int take_date(void *into, const char *text, Err *err)
{
    Options *options = into;
    struct tm date;
    if (template_date(&date, text) != 0)
        return err_set(err, EXIT_USAGE, "--date: \"%.40s\" is no date such as 2026-01-31", text);
    snprintf(options->date, sizeof(options->date), "%s", text);
    return 0;
}

static int take_stop(void *into, const char *text, Err *err)
{
    Options *options = into;
    options->has_stops = true;
    return options_stop(&options->stops, text, "--stop", err);
}

#define AT(field) offsetof(Options, field)

const Option model_options[] = {
    {"--config", "FILE.yaml", OPTION_TAKEN, .take = take_config},
    {"--profile", "PROFILE", OPTION_TEXT, .field = AT(profile)},
    {"--target", "MODEL", OPTION_TEXT, .field = AT(target), .alias = "-m"},
    {"--draft", "none|MODEL", OPTION_TEXT, .field = AT(draft)},
    {"--adapter", "none|FILE.gguf", OPTION_TEXT, .field = AT(adapter)},
    {"--tree", "auto|off|static|DxWxN", OPTION_TAKEN, .take = take_tree},
    {"--ctx", "N", OPTION_INTEGER, .field = AT(ctx), .high = 1 << 20, .has = AT(has_ctx)},
    {"--kv", "f16|q8", OPTION_CHOICE, .field = AT(kv), .has = AT(has_kv)},
    {"--threads", "N", OPTION_INTEGER, .field = AT(threads), .high = 1024, .has = AT(has_threads)},
    {"--device", "auto|cpu|cuda", OPTION_TEXT, .field = AT(device)},
    {"--isa", "auto|amx|avx512|avx2|scalar", OPTION_WORD, .field = AT(isa)},
    {"--act", "int8|f32", OPTION_SECOND, .field = AT(act_f32)},
    {0},
};

const Option drafting_options[] = {
    {"--drafter", NULL, OPTION_TAKEN, .take = take_drafter, .value_at = drafter_at},
    {"--spec", "auto|on|off", OPTION_CHOICE, .field = AT(spec)},
    {"--host", "HOST", OPTION_TEXT, .field = AT(host)},
    {0},
};

const Option sampling_options[] = {
    {"--temp", "T", OPTION_NUMBER, .field = AT(temperature), .high = 10,
     .has = AT(has_temperature)},
    {"--top-k", "K", OPTION_INTEGER, .field = AT(top_k), .high = INT_MAX, .has = AT(has_top_k)},
    {"--top-p", "P", OPTION_NUMBER, .field = AT(top_p), .high = 1, .has = AT(has_top_p)},
    {"--seed", "S", OPTION_INTEGER, .field = AT(seed), .high = INT_MAX, .has = AT(has_seed)},
    {0},
};

const Option length_options[] = {
    {"-n", "N", OPTION_INTEGER, .field = AT(max_tokens), .high = INT_MAX,
     .has = AT(has_max_tokens)},
    {0},
};

const Option screen_options[] = {
    {"--theme", THEME_NAMES, OPTION_TAKEN, .take = take_theme},
    {0},
};

const Option stop_options[] = {
    {"--stop", "TEXT", OPTION_TAKEN, .take = take_stop},
    {0},
};

const Option role_options[] = {
    {"--role", "ROLE", OPTION_TEXT, .field = AT(role)},
    {"--think", "auto|on|off", OPTION_CHOICE, .field = AT(think), .has = AT(has_think)},
    {"--date", "YYYY-MM-DD", OPTION_TAKEN, .take = take_date},
    {0},
};

/* The rows' choices are numbered as the enumerations are. */
_Static_assert(KV_F16 == 0 && KV_Q8 == 1, "--kv");
_Static_assert(SPEC_AUTO == 0 && SPEC_ON == 1 && SPEC_OFF == 2, "--spec");
_Static_assert(THINK_AUTO == 0 && THINK_ON == 1 && THINK_OFF == 2, "--think");

static int set_text(char **field, const char *text, Err *err)
{
    char *copy = strdup(text);
    if (!copy)
        return err_set(err, EXIT_MEMORY, "out of memory");
    free(*field);
    *field = copy;
    return 0;
}

/* Thresholds belong to exits, and both to what was trained: with another adapter they go, and so
 * does what was best to draft with. */
static void drop_adapter(Profile *profile)
{
    free(profile->draft_adapter);
    profile->draft_adapter = NULL;
    profile->draft_layers = profile->n_exits = 0;
    for (int i = 0; i < profile->n_targets; i++) {
        profile->targets[i].n_thresholds = 0;
        profile->targets[i].drafter[0] = '\0';
    }
}

/* And the short list belongs to a draft, as all of that does. */
static void drop_draft(Profile *profile)
{
    drop_adapter(profile);
    free(profile->draft_base);
    free(profile->draft_list);
    profile->draft_base = profile->draft_list = NULL;
    short_list_close(&profile->draft_ids);
}

/* And these words belong to its targets: another one has its template's own, and its own limit. */
static void drop_words(Profile *profile)
{
    free(profile->system);
    free(profile->template);
    profile->system = profile->template = NULL;
    profile->stops.n = 0;
    profile->context = 0;
}

/* Puts a model that the profile does not name in front of its targets. */
static int add_target(Profile *profile, const char *model, Err *err)
{
    ProfileTarget first = {0};
    if (set_text(&first.model, model, err) != 0)
        return -1;
    if (profile->n_targets == TARGETS_MAX)
        profile_close_target(&profile->targets[--profile->n_targets]);
    memmove(profile->targets + 1, profile->targets,
            sizeof(profile->targets[0]) * (size_t)profile->n_targets);
    profile->targets[0] = first;
    profile->n_targets++;
    return 0;
}

/* Does what was chosen to draft use a draft model? Where nothing was, it may. */
static bool wants_draft(const char *drafter)
{
    DrafterChoice choice;
    if (!drafter || drafter_parse(drafter, &choice) != 0)
        return true;
    return choice.kind && choice.kind->model == DRAFTER_MODEL_DRAFT;
}

static int choose_models(const Options *o, RequestLoad *load, Err *err)
{
    Profile *profile = &load->profile;
    if (o->target) {
        int i = 0;
        while (i < profile->n_targets && strcmp(profile->targets[i].model, o->target) != 0)
            i++;
        bool theirs = i < profile->n_targets;
        load->target_index = theirs ? i : 0;
        if (!theirs && add_target(profile, o->target, err) != 0)
            return -1;
        bool foreign = !theirs && !o->profile; /* nobody asked for this profile */
        if (foreign)
            drop_words(profile);
        if (foreign && !o->draft) {
            drop_draft(profile);
            load->pair = wants_draft(o->drafter);
        }
    }
    if (!o->draft || (profile->draft_base && strcmp(profile->draft_base, o->draft) == 0))
        return 0;
    drop_draft(profile);
    return strcmp(o->draft, "none") == 0 ? 0 : set_text(&profile->draft_base, o->draft, err);
}

static int choose_adapter(const Options *o, Profile *profile, Err *err)
{
    if (!o->adapter || (profile->draft_adapter && strcmp(profile->draft_adapter, o->adapter) == 0))
        return 0;
    drop_adapter(profile);
    if (strcmp(o->adapter, "none") == 0)
        return 0;
    if (!profile->draft_base)
        return err_set(err, EXIT_USAGE,
                       "--adapter: there is no draft that it could go with; name its base with "
                       "--draft");
    return set_text(&profile->draft_adapter, o->adapter, err);
}

static void override_numbers(const Options *o, Profile *profile)
{
    if (o->has_temperature)
        profile->temperature = o->temperature;
    if (o->has_top_k)
        profile->top_k = o->top_k;
    if (o->has_top_p)
        profile->top_p = o->top_p;
    if (o->has_seed)
        profile->seed = o->seed;
    if (o->has_ctx)
        profile->context = o->ctx;
    if (o->has_kv)
        profile->kv = o->kv;
    if (o->has_threads)
        profile->threads = o->threads;
    if (o->has_max_tokens)
        profile->max_tokens = o->max_tokens;
    if (o->has_stops)
        profile->stops = o->stops;
    if (o->has_think)
        profile->think = o->think;
    if (o->date[0])
        memcpy(profile->date, o->date, sizeof(profile->date));
}

static int choose_role(const Options *o, const Config *config, Profile *profile, Err *err)
{
    const ConfigRole *role = o->role ? config_role(config, o->role, err) : NULL;
    if (!o->role)
        return 0;
    return role ? set_text(&profile->system, role->system, err) : -1;
}

static int request_with(const Options *options, const Config *config, Request *request, Err *err)
{
    RequestLoad *load = &request->u.load;
    const char *profile = options->profile  ? options->profile
                          : config->profile ? config->profile
                                            : "coder";
    if (profile_open(&load->profile, profile, err) != 0) {
        request->type = REQUEST_STOP;
        return -1;
    }
    load->spec = options->spec;
    load->act_f32 = options->act_f32;
    snprintf(load->isa, sizeof(load->isa), "%s", options->isa ? options->isa : "auto");
    snprintf(load->drafter, sizeof(load->drafter), "%s", options->drafter ? options->drafter : "");
    snprintf(load->tree, sizeof(load->tree), "%s", options->tree ? options->tree : "");
    if (choose_models(options, load, err) != 0 ||
        choose_adapter(options, &load->profile, err) != 0 ||
        choose_role(options, config, &load->profile, err) != 0 ||
        (options->device && set_text(&load->profile.device, options->device, err) != 0)) {
        request_free(request);
        return -1;
    }
    config_lay_over(config, &load->profile);
    override_numbers(options, &load->profile);
    return 0;
}

int options_request(const Options *options, Request *request, Err *err)
{
    *request = (Request){.type = REQUEST_LOAD};
    if (options->config)
        return request_with(options, options->config, request, err);
    Config *config = malloc(sizeof *config);
    int status = -1;
    request->type = REQUEST_STOP;
    if (!config) {
        err_set(err, EXIT_MEMORY, "out of memory");
    } else if (config_open(config, err) == 0) {
        request->type = REQUEST_LOAD;
        status = request_with(options, config, request, err);
        config_close(config);
    }
    free(config);
    return status;
}
