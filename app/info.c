/* info.c - `s2d info [MODEL | PROFILE]`: what this machine, a model's header or a profile amounts
 * to.
 *
 * Reads headers only, never weights. What is said of a profile is what the worker will do with it:
 * the same plan of files, the same check of vocabularies, the same sum of memory.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/command_kernels.h"
#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/base/sha256.h"
#include "app/commands.h"
#include "app/info_head.h"
#include "app/profile/catalog.h"
#include "app/profile/config.h"
#include "app/profile/profile.h"
#include "app/worker/confine.h"
#include "app/worker/models_cache.h"
#include "app/worker/tuned.h"
#include "engine/session/session.h"
#include "engine/text/translate.h"

enum { CONTEXT_DEFAULT = 4096 };

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int report(const Err *err)
{
    fprintf(stderr, "s2d info: %s\n", err->text);
    return err->code;
}

/* "AMD EPYC 9654" or "". */
static void cpu_name(char *name, size_t size)
{
    char line[256];
    name[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return;
    while (name[0] == '\0' && fgets(line, sizeof line, file)) {
        const char *colon = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (colon)
            snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    }
    fclose(file);
}

static void print_machine(const Kernels *kernels)
{
    char cpu[128], part[16] = "";
    cpu_name(cpu, sizeof cpu);
    double total = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    int ours = kernels_processors();
    if (ours < all) /* a container, or taskset */
        snprintf(part, sizeof part, "%d of ", ours);
    print_report(stdout, "s2d        " S2D_VERSION "\n");
    print_report(stdout, "machine    %s, %s%ld processors, %.1f GB of memory, %.1f GB to be had\n",
                 cpu[0] ? cpu : "processor without a name", part, all, total / 1e9,
                 (double)kernels_host_memory() / 1e9);
    print_report(stdout, "backend    %s: %s\n", kernels->device, kernels->description);
    char cuda[256];
    kernels_cuda_state(cuda, sizeof cuda);
    print_report(stdout, "cuda       %s\n", cuda);
    char sandbox[64];
    confine_state(sandbox, sizeof sandbox);
    print_report(stdout, "sandbox    %s\n", sandbox);
}

/* --- profiles in a list --- */

static int is_profile(const struct dirent *entry)
{
    return ends_with(entry->d_name, ".yaml") && strcmp(entry->d_name, "s2d.yaml") != 0;
}

static void print_profiles_in(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_profile, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES + 256];
        Profile profile;
        Err err = {0};
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (profile_open(&profile, path, &err) != 0) {
            print_report(stdout, "profile    %s\n", err.text);
            continue;
        }
        print_report(stdout, "profile    %-10s %s drafts for", profile.name,
                     profile.draft_base ? profile.draft_base : "nothing");
        for (int t = 0; t < profile.n_targets; t++)
            print_report(stdout, "%s %s", t > 0 ? "," : "", profile.targets[t].model);
        print_report(stdout, "\n");
        profile_close(&profile);
    }
    if (count >= 0)
        free(entries);
}

/* Which file it is, and what it says or what is wrong with it. */
static void print_config(void)
{
    char path[PATH_BYTES], roles[256];
    bool named;
    Err err = {0};
    Config *config = malloc(sizeof *config);
    if (!config || config_path(path, &named, &err) != 0 || config_open(config, &err) != 0) {
        print_report(stdout, "config     %s\n", err.code ? err.text : "out of memory");
        free(config);
        return;
    }
    if (!config->path)
        print_report(stdout, "config     none; %s would be read\n", path);
    else
        print_report(stdout, "config     %s: theme %s, profile %s\n", config->path,
                     theme_name(config->theme), config->profile ? config->profile : "coder");
    for (int i = 0; i < config->n_folders; i++)
        print_report(stdout, "           models in %s\n", config->folders[i]);
    if (config->n_roles > 0)
        print_report(stdout, "           roles %s\n",
                     config_roles_text(config, roles, sizeof roles));
    config_close(config);
    free(config);
}

static int info_machine(Kernels *kernels)
{
    char folder[PATH_BYTES];
    print_machine(kernels);
    print_config();
    if (paths_get(PLACE_CONFIG, NULL, folder, sizeof folder, NULL) == 0)
        print_profiles_in(folder);
    if (paths_shipped_profiles(folder, sizeof folder, NULL) == 0)
        print_profiles_in(folder);
    print_report(
        stdout,
        "\n`s2d info PROFILE` and `s2d info MODEL` tell more; `s2d models` lists the catalog.\n");
    return 0;
}

/* --- one model --- */

static void print_template(const char *path)
{
    Gguf *gguf;
    GgufString jinja;
    TemplateForm form = {0};
    time_t now = time(NULL);
    struct tm today = {0};
    Err err = {0};
    if (gguf_open(&gguf, path, &err) != 0)
        return;
    int found = gguf_get_string(gguf, "tokenizer.chat_template", &jinja, &err);
    if (found == 1 &&
        template_read(&form, jinja.data, jinja.length, localtime_r(&now, &today), &err) == 0)
        print_report(stdout, "template   %s%s%s\n", template_name(form.kind),
                     form.has_switch
                         ? form.thinks ? ", thinks (--think off)" : ", can think (--think on)"
                         : "",
                     form.dated ? ", tells the date" : "");
    else
        print_report(stdout, "template   %s\n",
                     found == 0 ? "none in the file; name one in a profile" : err.text);
    print_report(stdout, "file       %s, %.1f MB", path, (double)gguf_file_bytes(gguf) / 1e6);
    if (gguf_parts(gguf) > 1)
        print_report(stdout, " in %d parts", gguf_parts(gguf));
    print_report(stdout, "\n");
    template_close(&form);
    gguf_close(gguf);
}

static int info_model(Kernels *kernels, const char *name)
{
    ModelsCache cache = {.kernels = kernels};
    ModelPlan plan;
    Err err = {0};
    if (models_plan(&cache, name, &plan, &err) != 0)
        return report(&err);
    const ModelConfig *c = &plan.config;
    print_report(stdout, "model      %s\n", plan.name);
    print_report(stdout, "kind       %s, %s weights, %.1f MB of them\n", arch_info(c->arch)->name,
                 c->quant, (double)c->weight_bytes / 1e6);
    print_report(
        stdout,
        "shape      %d layers of %d, feed-forward %d, %d heads of %d over %d key/value heads\n",
        c->layers, c->hidden, c->ffn, c->heads, c->head_dim, c->kv_heads);
    if (c->experts > 0)
        print_report(stdout,
                     "experts    %d of feed-forward %d in each layer, %d for a token, which reads "
                     "%.1f MB\n",
                     c->experts, c->expert_ffn, c->picks, (double)c->token_bytes / 1e6);
    print_report(stdout, "vocabulary %d tokens, %d rows in the head\n",
                 tokenizer_vocab(plan.tokenizer), c->vocab);
    print_report(stdout, "context    %d tokens\n", c->context);
    print_template(plan.path);
    int context = c->context < CONTEXT_DEFAULT ? c->context : CONTEXT_DEFAULT;
    print_report(
        stdout,
        "memory     %.1f MB: weights %.1f, and %.1f for a chat of %d tokens; %.1f MB free\n",
        (double)(plan.weight_bytes + session_bytes(kernels, c, NULL, NULL, KV_F16, context)) / 1e6,
        (double)plan.weight_bytes / 1e6,
        (double)session_bytes(kernels, c, NULL, NULL, KV_F16, context) / 1e6, context,
        (double)kernels->memory_free(kernels) / 1e6);
    models_plan_close(&plan);
    return 0;
}

/* --- one profile --- */

/* pair: what was tuned for it; NULL = nothing. */
static void print_drafting(const Profile *profile, const ProfileTarget *target,
                           const TunedPair *pair)
{
    int n = pair ? pair->n_exits : target->n_thresholds;
    if (target->drafter[0])
        print_report(stdout, ", drafter %s", target->drafter);
    if (!profile->draft_base)
        return;
    if (n == 0)
        print_report(stdout, ", built-in thresholds");
    for (int i = 0; i < n; i++)
        print_report(stdout, "%s%g", i == 0 ? ", thresholds " : " ",
                     pair ? pair->thresholds[i] : target->thresholds[i]);
    if (pair)
        print_report(stdout, " (tuned %s)", pair->day);
}

/* What was tuned for the draft's pairs; none where it cannot be read, which is said. */
static void open_tuned(Tuned *tuned, TunedPair *key, const Profile *profile, const ModelPlan *draft)
{
    Err err = {0};
    const char *adapter = draft->adapter ? gguf_path(draft->adapter->gguf) : NULL;
    if (tuned_open(tuned, &err) == 0 &&
        tuned_key(key, profile, draft->name, draft->config.layers, adapter, &err) == 0)
        return;
    tuned->n = 0;
    print_report(stdout, "tuned      %s\n", err.text);
}

/* What an exit has of its own. */
static const char *trained(const Adapter *adapter, int exit, int whole)
{
    for (int i = 0; adapter && i < adapter->info.n_exits; i++) {
        if (adapter->info.exits[i] != exit)
            continue;
        if (adapter_has_layer(adapter, i))
            return adapter_has_norm(adapter, i) ? " (layer, norm)" : " (layer)";
        if (adapter_has_norm(adapter, i))
            return " (norm)";
        if (adapter_changes_base(adapter))
            return " (trained)";
    }
    return exit == whole ? "" : " (untrained)";
}

static void print_adapter(const Adapter *adapter)
{
    char hash[SHA256_TEXT], alone[32] = "";
    Err err = {0};
    const char *path = gguf_path(adapter->gguf);
    if (sha256_file(path, hash, NULL, NULL, &err) != 0)
        snprintf(hash, sizeof hash, "not readable");
    if (adapter_changes_base(adapter))
        snprintf(alone, sizeof alone, ", changes the base");
    print_report(stdout, "adapter    %s, %.1f MB%s\n           SHA-256 %s\n", path,
                 (double)gguf_file_bytes(adapter->gguf) / 1e6, alone, hash);
}

/* Returns whether the draft can be used. */
static bool plan_draft(const ModelsCache *cache, Profile *profile, ModelPlan *draft)
{
    Err err = {0};
    if (!profile->draft_base) {
        print_report(stdout, "draft      none\n");
        return false;
    }
    if (models_plan_draft(cache, profile, draft, &err) != 0) {
        print_report(stdout, "draft      %s\n", err.text);
        return false;
    }
    const ModelConfig *c = &draft->config;
    const Adapter *adapter = draft->adapter;
    print_report(stdout, "draft      %s, %d of %d layers%s\n", draft->name, c->loaded, c->layers,
                 draft->use.requantise ? ", rounded to smaller types" : "");
    if (adapter)
        print_adapter(adapter);
    if (draft->use.ids)
        print_report(stdout, "short list %d of %d tokens, %s\n", draft->list.n, c->vocab,
                     adapter && adapter->info.n_vocab > 0 ? "the adapter's" : profile->draft_list);
    print_report(stdout, "exits     ");
    for (int i = 0; i < profile->n_exits; i++)
        print_report(stdout, " %d%s", profile->exits[i],
                     trained(adapter, profile->exits[i], c->layers));
    print_report(stdout, profile->n_exits > 0 ? "\n" : " %d\n", c->loaded);
    return true;
}

static void print_token(const Tokenizer *tokenizer, int id)
{
    enum { SHOWN_MAX = 40 };
    GgufString piece = tokenizer_piece(tokenizer, id);
    if (id >= tokenizer_vocab(tokenizer)) {
        printf("none");
        return;
    }
    putchar('\'');
    for (size_t i = 0; i < piece.length && i < SHOWN_MAX; i++)
        putchar(piece.data[i] < 0x20 || piece.data[i] > 0x7e ? '?' : piece.data[i]);
    putchar('\'');
}

/* Of two that are not compatible: the draft translates. */
static void print_overlap(const Tokenizer *draft, const Tokenizer *target)
{
    Translation between;
    Err err = {0};
    if (translation_open(&between, draft, target, &err) != 0) {
        print_report(stdout, "%s, ", err.text);
        return;
    }
    print_report(stdout,
                 "another vocabulary than the draft, which knows %.1f %% of its tokens and drafts "
                 "those, ",
                 (double)translation_overlap(&between) * 100);
    translation_close(&between);
}

/* Of two that are compatible. */
static void print_vocabulary(const Tokenizer *draft, const Tokenizer *target)
{
    int first, n = tokenizer_differences(draft, target, &first);
    print_report(stdout, "same vocabulary as the draft");
    if (n > 0) {
        print_report(stdout, " but for %d token%s: %d is ", n, n == 1 ? "" : "s", first);
        print_token(draft, first);
        print_report(stdout, " there and ");
        print_token(target, first);
        print_report(stdout, " here");
    }
    print_report(stdout, ", ");
}

/* Adds up memory; *most: with this target and the draft. */
static void plan_target(Kernels *kernels, const ModelsCache *cache, const Profile *profile,
                        int index, const ModelPlan *draft, size_t draft_bytes,
                        const TunedPair *pair)
{
    const ProfileTarget *target = &profile->targets[index];
    ModelPlan plan;
    Err err = {0};
    if (models_plan(cache, target->model, &plan, &err) != 0) {
        print_report(stdout, "target     %s\n", err.text);
        return;
    }
    int context = profile->context > 0 ? profile->context : CONTEXT_DEFAULT;
    context = context < plan.config.context ? context : plan.config.context;
    bool shared = draft && models_plan_shared(&plan, draft);
    size_t caches = session_bytes(kernels, &plan.config, draft ? &draft->config : NULL, NULL,
                                  profile->kv, context);
    size_t total = plan.weight_bytes + caches + (shared ? 0 : draft_bytes);
    size_t have = kernels->memory_free(kernels);

    print_report(stdout, "target     %s", plan.name);
    print_drafting(profile, target, pair);
    print_report(stdout, "\n           ");
    if (!draft)
        print_report(stdout, "no draft, ");
    else if (tokenizer_compatible(draft->tokenizer, plan.tokenizer, &err) == 0)
        print_vocabulary(draft->tokenizer, plan.tokenizer);
    else
        print_overlap(draft->tokenizer, plan.tokenizer);
    print_report(stdout, "%.2f GB with %sa chat of %d tokens in %s%s\n", (double)total / 1e9,
                 draft ? "the draft and " : "", context, kv_type_name(profile->kv),
                 total > have ? ": MORE THAN IS FREE" : "");
    if (target->head)
        info_head_line(target->head, &plan.config, plan.name);
    models_plan_close(&plan);
}

static int info_profile(const KernelsOptions *options, Profile *profile)
{
    Kernels *kernels;
    Err err = {0};
    if (command_kernels_open(&kernels, options, &err) != 0)
        return report(&err);
    ModelsCache cache = {.kernels = kernels};
    ModelPlan draft;
    print_report(stdout, "profile    %s, %s\n", profile->name, profile->path);
    bool has_draft = plan_draft(&cache, profile, &draft);
    size_t draft_bytes = has_draft ? draft.weight_bytes : 0;
    static Tuned tuned;
    TunedPair key;
    if (has_draft)
        open_tuned(&tuned, &key, profile, &draft);
    for (int i = 0; i < profile->n_targets; i++)
        plan_target(kernels, &cache, profile, i, has_draft ? &draft : NULL, draft_bytes,
                    has_draft ? tuned_find(&tuned, &key, profile->targets[i].model) : NULL);
    if (profile->tree_auto)
        print_report(stdout, "tree       automatic\n");
    else
        print_report(stdout, "tree       depth %d, width %d, %d nodes\n", profile->tree_depth,
                     profile->tree_width, profile->tree_nodes);
    print_report(stdout, "sampling   temperature %g, top-k %d, top-p %g, seed %d\n",
                 profile->temperature, profile->top_k, profile->top_p, profile->seed);
    print_report(stdout, "backend    %s: %s, %.2f GB free\n", kernels->device, kernels->description,
                 (double)kernels->memory_free(kernels) / 1e9);
    if (has_draft)
        models_plan_close(&draft);
    kernels->close(kernels);
    return 0;
}

/* What an argument means: a name of the catalog or a file is a model, unless it ends in .yaml; what is no
 * profile either may be the name of a model that was found. */
static bool is_model(const char *name)
{
    return catalog_find(name) || ends_with(name, ".gguf") ||
           (strchr(name, '/') && !ends_with(name, ".yaml"));
}

const CommandLine cmd_info_line = {
    .name = "info",
    .words = "[MODEL | PROFILE]",
    .summary = "this machine, a model's or a head's header, or a profile's plan",
};

int cmd_info(int argc, char **argv)
{
    Err err = {0};
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: s2d info [MODEL | PROFILE]\n");
        return EXIT_USAGE;
    }
    char path[PATH_BYTES];
    Profile profile;
    bool model = argc == 2 && is_model(argv[1]);
    if (argc == 2 && !model && profile_open(&profile, argv[1], &err) != 0) {
        model = catalog_resolve(argv[1], path, sizeof path, NULL) == 0; /* one that was found */
        if (!model)
            return report(&err);
        err = (Err){0};
    } else if (argc == 2 && !model) {
        int code = info_profile(
            &(KernelsOptions){.device = profile.device, .threads = profile.threads}, &profile);
        profile_close(&profile);
        return code;
    }
    if (argc == 2 && info_is_head(argv[1]))
        return info_head(argv[1], &err) == 0 ? 0 : report(&err);
    Kernels *kernels;
    if (command_kernels_open(&kernels, &(KernelsOptions){0}, &err) != 0)
        return report(&err);
    int code = argc == 2 ? info_model(kernels, argv[1]) : info_machine(kernels);
    kernels->close(kernels);
    return code;
}
