/* options.c - see options.h. One table says which word is which option, for whom, and where it
 * goes. */
#include "app/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum OptionId {
    OPT_PROFILE = 256, /* behind every short option's character */
    OPT_TARGET,
    OPT_DRAFT,
    OPT_ADAPTER,
    OPT_DRAFTER,
    OPT_SPEC,
    OPT_TREE,
    OPT_CTX,
    OPT_KV,
    OPT_THREADS,
    OPT_DEVICE,
    OPT_ISA,
    OPT_ACT,
    OPT_HOST,
    OPT_TEMP,
    OPT_TOP_K,
    OPT_TOP_P,
    OPT_SEED,
    OPT_RAW,
    OPT_IGNORE_EOS,
    OPT_JSON,
    OPT_PLAIN,
    OPT_REPEATS,
    OPT_QUESTIONS,
    OPT_SAMPLE,
    OPT_CATEGORIES,
    OPT_METHODS,
    OPT_CSV,
    OPT_PROMPTS,
    OPT_FORGET,
} OptionId;

typedef struct OptionRow {
    const char *name;
    int id;
    int has_argument;
    int groups; /* those that take it */
} OptionRow;

static const OptionRow rows[] = {
    {"profile", OPT_PROFILE, 1, OPTIONS_MODEL},
    {"target", OPT_TARGET, 1, OPTIONS_MODEL},
    {"draft", OPT_DRAFT, 1, OPTIONS_MODEL},
    {"adapter", OPT_ADAPTER, 1, OPTIONS_MODEL},
    {"drafter", OPT_DRAFTER, 1, OPTIONS_MODEL},
    {"spec", OPT_SPEC, 1, OPTIONS_MODEL},
    {"tree", OPT_TREE, 1, OPTIONS_MODEL},
    {"ctx", OPT_CTX, 1, OPTIONS_MODEL},
    {"kv", OPT_KV, 1, OPTIONS_MODEL},
    {"threads", OPT_THREADS, 1, OPTIONS_MODEL},
    {"device", OPT_DEVICE, 1, OPTIONS_MODEL},
    {"isa", OPT_ISA, 1, OPTIONS_MODEL},
    {"act", OPT_ACT, 1, OPTIONS_MODEL},
    {"host", OPT_HOST, 1, OPTIONS_MODEL},
    {"temp", OPT_TEMP, 1, OPTIONS_SAMPLING},
    {"top-k", OPT_TOP_K, 1, OPTIONS_SAMPLING},
    {"top-p", OPT_TOP_P, 1, OPTIONS_SAMPLING},
    {"seed", OPT_SEED, 1, OPTIONS_SAMPLING},
    {"raw", OPT_RAW, 0, OPTIONS_RUN},
    {"ignore-eos", OPT_IGNORE_EOS, 0, OPTIONS_RUN},
    {"json", OPT_JSON, 0, OPTIONS_RUN | OPTIONS_BENCH | OPTIONS_TUNE},
    {"plain", OPT_PLAIN, 0, OPTIONS_CHAT},
    {"repeats", OPT_REPEATS, 1, OPTIONS_BENCH | OPTIONS_TUNE},
    {"questions", OPT_QUESTIONS, 1, OPTIONS_QUESTIONS},
    {"sample", OPT_SAMPLE, 1, OPTIONS_QUESTIONS | OPTIONS_TUNE},
    {"categories", OPT_CATEGORIES, 1, OPTIONS_QUESTIONS},
    {"methods", OPT_METHODS, 1, OPTIONS_QUESTIONS},
    {"csv", OPT_CSV, 0, OPTIONS_QUESTIONS | OPTIONS_TUNE},
    {"prompts", OPT_PROMPTS, 1, OPTIONS_TUNE},
    {"forget", OPT_FORGET, 0, OPTIONS_TUNE},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

int options_integer(const char *text, const char *what, long low, long high, int *value, Err *err)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || isspace((unsigned char)text[0]) || errno || number < low ||
        number > high)
        return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a whole number from %ld to %ld", what,
                       text, low, high);
    *value = (int)number;
    return 0;
}

int options_number(const char *text, const char *what, double low, double high, double *value,
                   Err *err)
{
    /* Digits, a point, an exponent: no hexadecimal, no words, no blanks. */
    size_t plain = strspn(text, "0123456789.eE+-");
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || text[plain] || !isfinite(number) || number < low || number > high)
        return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a number from %g to %g", what, text, low,
                       high);
    *value = number;
    return 0;
}

static int choice(const char *text, const char *what, const char *const *words, const char *list,
                  Err *err)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return err_set(err, EXIT_USAGE, "%s: \"%s\" is none of %s", what, text, list);
}

static int take_model_option(Options *o, int id, const char *text, Err *err)
{
    static const char *const isas[] = {"auto", "amx", "avx512", "avx2", "scalar", NULL};
    static const char *const acts[] = {"int8", "f32", NULL};
    const DrafterKind *kind;
    char names[DRAFTER_NAMES_BYTES];
    TreeShape shape;
    int layer, act;
    switch (id) {
    case OPT_PROFILE:
        o->profile = text;
        return 0;
    case 'm':
    case OPT_TARGET:
        o->target = text;
        return 0;
    case OPT_DRAFT:
        o->draft = text;
        return 0;
    case OPT_ADAPTER:
        o->adapter = text;
        return 0;
    case OPT_HOST:
        o->host = text;
        return 0;
    case OPT_DEVICE:
        o->device = text;
        return 0;
    case OPT_DRAFTER:
        o->drafter = text;
        if (strlen(text) < sizeof(((RequestLoad *)0)->drafter) &&
            drafter_parse(text, &kind, &layer) == 0)
            return 0;
        return err_set(err, EXIT_USAGE, "--drafter: \"%s\" is none of %s", text,
                       drafter_names(", ", names));
    case OPT_SPEC:
        o->has_spec = true;
        if (spec_parse(text, &o->spec) == 0)
            return 0;
        return err_set(err, EXIT_USAGE, "--spec: \"%s\" is none of auto, on, off", text);
    case OPT_TREE:
        o->tree = text;
        if (strlen(text) < sizeof(((RequestLoad *)0)->tree) && tree_parse(text, &shape) == 0)
            return 0;
        return err_set(err, EXIT_USAGE,
                       "--tree: \"%s\" is none of auto, off, DxWxN (depth, width, nodes: 4x4x12)",
                       text);
    case OPT_CTX:
        o->has_ctx = true;
        return options_integer(text, "--ctx", 0, 1 << 20, &o->ctx, err);
    case OPT_KV:
        o->has_kv = true;
        if (kv_type_parse(text, &o->kv) == 0)
            return 0;
        return err_set(err, EXIT_USAGE, "--kv: \"%s\" is none of f16, q8", text);
    case OPT_THREADS:
        o->has_threads = true;
        return options_integer(text, "--threads", 0, 1024, &o->threads, err);
    case OPT_ISA:
        o->isa = text;
        return choice(text, "--isa", isas, "auto, amx, avx512, avx2, scalar", err) < 0 ? -1 : 0;
    default: /* OPT_ACT */
        act = choice(text, "--act", acts, "int8, f32", err);
        o->act_f32 = act == 1;
        return act < 0 ? -1 : 0;
    }
}

static int take_option(Options *o, int id, const char *text, Err *err)
{
    switch (id) {
    case 'p':
        o->prompt = text;
        return 0;
    case 'n':
        o->has_max_tokens = true;
        return options_integer(text, "-n", 0, INT_MAX, &o->max_tokens, err);
    case OPT_TEMP:
        o->has_temperature = true;
        return options_number(text, "--temp", 0, 10, &o->temperature, err);
    case OPT_TOP_K:
        o->has_top_k = true;
        return options_integer(text, "--top-k", 0, INT_MAX, &o->top_k, err);
    case OPT_TOP_P:
        o->has_top_p = true;
        return options_number(text, "--top-p", 0, 1, &o->top_p, err);
    case OPT_SEED:
        o->has_seed = true;
        return options_integer(text, "--seed", 0, INT_MAX, &o->seed, err);
    case OPT_RAW:
        o->raw = true;
        return 0;
    case OPT_IGNORE_EOS:
        o->ignore_eos = true;
        return 0;
    case OPT_JSON:
        o->json = true;
        return 0;
    case OPT_PLAIN:
        o->plain = true;
        return 0;
    case OPT_REPEATS:
        return options_integer(text, "--repeats", 1, 99, &o->repeats, err);
    case OPT_SAMPLE:
        return options_integer(text, "--sample", 1, 1000000, &o->sample, err);
    case OPT_QUESTIONS:
        o->questions = text;
        return 0;
    case OPT_CATEGORIES:
        o->categories = text;
        return 0;
    case OPT_METHODS:
        o->methods = text;
        return 0;
    case OPT_CSV:
        o->csv = true;
        return 0;
    case OPT_PROMPTS:
        o->prompts = text;
        return 0;
    case OPT_FORGET:
        o->forget = true;
        return 0;
    default:
        return take_model_option(o, id, text, err);
    }
}

int options_parse(Options *options, int argc, char **argv, int accepted, Err *err)
{
    struct option known[N_ROWS + 1] = {{0}};
    int n = 0;
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].groups & accepted)
            known[n++] = (struct option){rows[i].name, rows[i].has_argument, NULL, rows[i].id};
    char letters[16] = "+:"; /* stop at the first word that is no option; ':' for a missing value */
    if (accepted & OPTIONS_MODEL)
        strcat(letters, "m:");
    if (accepted & OPTIONS_RUN)
        strcat(letters, "p:");
    if (accepted & (OPTIONS_RUN | OPTIONS_QUESTIONS | OPTIONS_TUNE))
        strcat(letters, "n:");
    *options = (Options){.spec = SPEC_AUTO};
    opterr = 0;
    optind = 0; /* getopt starts afresh */
    for (;;) {
        const char *word = optind > 0 && optind < argc ? argv[optind] : argc > 1 ? argv[1] : "";
        int id = getopt_long(argc, argv, letters, known, NULL);
        if (id == -1)
            break;
        if (id == ':')
            return err_set(err, EXIT_USAGE, "%s wants a value; `s2d --help` lists the commands",
                           word);
        if (id == '?')
            return err_set(err, EXIT_USAGE, "there is no option %s here; see `s2d %s%s --help`",
                           word, accepted & OPTIONS_BENCH ? "bench " : "",
                           accepted & OPTIONS_CHAT ? "chat" : argv[0]);
        if (take_option(options, id, optarg, err) != 0)
            return -1;
    }
    options->first_argument = optind;
    return 0;
}

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
        if (!theirs && !o->draft && !o->profile)
            drop_draft(profile);
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
}

int options_request(const Options *options, Request *request, Err *err)
{
    *request = (Request){.type = REQUEST_LOAD};
    RequestLoad *load = &request->u.load;
    if (profile_open(&load->profile, options->profile ? options->profile : "coder", err) != 0) {
        request->type = REQUEST_STOP;
        return -1;
    }
    override_numbers(options, &load->profile);
    load->spec = options->spec;
    load->act_f32 = options->act_f32;
    snprintf(load->isa, sizeof(load->isa), "%s", options->isa ? options->isa : "auto");
    snprintf(load->drafter, sizeof(load->drafter), "%s", options->drafter ? options->drafter : "");
    snprintf(load->tree, sizeof(load->tree), "%s", options->tree ? options->tree : "");
    if (choose_models(options, load, err) != 0 ||
        choose_adapter(options, &load->profile, err) != 0 ||
        (options->device && set_text(&load->profile.device, options->device, err) != 0)) {
        request_free(request);
        return -1;
    }
    return 0;
}
