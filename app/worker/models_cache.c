/* models_cache.c - see models_cache.h. */
#include "app/worker/models_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile/adapter_file.h"
#include "app/profile/catalog.h"

static bool same_ids(const Model *model, const ModelUse *use)
{
    if (!use->ids || !model->short_ids)
        return !use->ids && !model->short_ids;
    return model->n_short == use->n_ids &&
           memcmp(model->short_ids, use->ids, (size_t)use->n_ids * sizeof *use->ids) == 0;
}

static bool same_adapter(const Model *model, const ModelUse *use)
{
    if (!use->adapter || !model->adapter)
        return !use->adapter && !model->adapter;
    return strcmp(gguf_path(use->adapter->gguf), model->adapter) == 0;
}

/* The place of a model that can be used so: one with more layers than that will do. */
static int find(const ModelsCache *cache, const ModelPlan *plan)
{
    for (int i = 0; i < cache->n; i++) {
        const Model *model = cache->models[i];
        int layers = plan->use.layers > 0 ? plan->use.layers : model->config.layers;
        if (strcmp(model->path, plan->path) == 0 && model->config.loaded >= layers &&
            model->requantised == plan->use.requantise && same_ids(model, &plan->use) &&
            same_adapter(model, &plan->use))
            return i;
    }
    return -1;
}

/* The short list becomes the plan's own, and gets the tokens that end an answer. */
static int complete_list(ModelPlan *plan, const ShortList *list, Err *err)
{
    plan->list.ids = malloc((size_t)list->n * sizeof *list->ids);
    if (!plan->list.ids)
        return err_set(err, EXIT_MEMORY, "no memory for %d token ids", list->n);
    memcpy(plan->list.ids, list->ids, (size_t)list->n * sizeof *list->ids);
    plan->list.n = list->n;
    for (int id = 0; id < tokenizer_vocab(plan->tokenizer); id++)
        if (tokenizer_is_end(plan->tokenizer, id) && short_list_add(&plan->list, id, err) != 0)
            return -1;
    plan->use.ids = plan->list.ids;
    plan->use.n_ids = plan->list.n;
    return 0;
}

/* From what is held or, if that is another use of the file, from its header. */
static int plan_file(const ModelsCache *cache, const Gguf *gguf, const ShortList *list,
                     ModelPlan *plan, Err *err)
{
    if (model_config(&plan->config, gguf, err) != 0 ||
        tokenizer_open(&plan->tokenizer, gguf, err) != 0)
        return -1;
    plan->owns_tokenizer = true;
    if ((list->n > 0 && complete_list(plan, list, err) != 0) ||
        model_narrow(&plan->config, &plan->use, plan->name, err) != 0)
        return -1;
    if (find(cache, plan) < 0)
        plan->weight_bytes = model_bytes(cache->kernels, gguf, &plan->config, &plan->use, NULL);
    return 0;
}

/* The parts of a model are found by their names, which a link's target may not have: only the folder is
 * followed. */
static int real_part(const char *path, char real[PATH_MAX], Err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (!realpath(folder, real))
        return err_set(err, EXIT_NOINPUT, "%.300s: %s", folder, strerror(errno));
    size_t length = strlen(real);
    if (snprintf(real + length, PATH_MAX - length, "%s%s", real[length - 1] == '/' ? "" : "/",
                 name) >= (int)(PATH_MAX - length))
        return err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long", path);
    return 0;
}

static int find_model(const char *name_or_path, ModelPlan *plan, Err *err)
{
    char path[PATH_MAX];
    catalog_short_name(name_or_path, plan->name, sizeof(plan->name));
    if (catalog_resolve(name_or_path, path, sizeof(path), err) != 0)
        return -1;
    if (gguf_part_of(path, NULL) > 0)
        return real_part(path, plan->path, err);
    if (!realpath(path, plan->path))
        return err_set(err, EXIT_NOINPUT, "%.300s: %s", path, strerror(errno));
    return 0;
}

/* The file is found, and plan->use is given, all but its ids. */
static int make_plan(const ModelsCache *cache, const ShortList *list, ModelPlan *plan, Err *err)
{
    int held = list->n > 0 || plan->adapter ? -1 : find(cache, plan);
    if (held >= 0) {
        plan->config = cache->models[held]->config;
        plan->tokenizer = cache->models[held]->tokenizer;
        return 0;
    }
    Gguf *gguf;
    if (gguf_open(&gguf, plan->path, err) != 0)
        return -1;
    int status = plan_file(cache, gguf, list, plan, err);
    gguf_close(gguf);
    return status;
}

int models_plan(const ModelsCache *cache, const char *name_or_path, ModelPlan *plan, Err *err)
{
    *plan = (ModelPlan){0};
    if (find_model(name_or_path, plan, err) == 0 &&
        make_plan(cache, &(ShortList){0}, plan, err) == 0)
        return 0;
    models_plan_close(plan);
    return -1;
}

static int open_adapter(Profile *profile, ModelPlan *plan, Err *err)
{
    if (adapter_open_for(&plan->adapter, profile->draft_adapter, profile->draft_base, plan->path,
                         err) != 0)
        return -1;
    const AdapterInfo *info = &plan->adapter->info;
    if (profile->draft_layers == 0)
        profile->draft_layers = info->layers;
    if (profile->n_exits == 0) {
        profile->n_exits = info->n_exits;
        memcpy(profile->exits, info->exits, sizeof(info->exits));
    }
    plan->use.adapter = plan->adapter;
    return 0;
}

int models_plan_draft(const ModelsCache *cache, Profile *profile, ModelPlan *plan, Err *err)
{
    *plan = (ModelPlan){0};
    ShortList list = profile->draft_ids;
    bool target = false;
    for (int i = 0; i < profile->n_targets; i++)
        target = target || strcmp(profile->targets[i].model, profile->draft_base) == 0;
    int status = find_model(profile->draft_base, plan, err);
    if (status == 0 && profile->draft_adapter)
        status = open_adapter(profile, plan, err);
    if (plan->adapter && plan->adapter->info.n_vocab > 0) /* what its exits were trained to score */
        list = (ShortList){(int *)plan->adapter->info.vocab, plan->adapter->info.n_vocab};
    bool own = list.n > 0 || plan->adapter;
    plan->use.layers = profile->draft_layers;
    plan->use.requantise = !profile->draft_exact && (own || !target);
    if (status == 0 && make_plan(cache, &list, plan, err) == 0)
        return 0;
    models_plan_close(plan);
    return -1;
}

bool models_plan_shared(const ModelPlan *target, const ModelPlan *draft)
{
    return strcmp(target->path, draft->path) == 0 && !draft->use.ids && !draft->use.requantise &&
           !draft->adapter;
}

void models_plan_close(ModelPlan *plan)
{
    if (plan->owns_tokenizer)
        tokenizer_close(plan->tokenizer);
    short_list_close(&plan->list);
    adapter_close(plan->adapter);
    *plan = (ModelPlan){0};
}

Model *models_held(const ModelsCache *cache, const ModelPlan *plan)
{
    int held = find(cache, plan);
    return held >= 0 ? cache->models[held] : NULL;
}

/* The model becomes the most recently used. */
static void touch(ModelsCache *cache, int place)
{
    Model *model = cache->models[place];
    size_t bytes = cache->bytes[place];
    for (int i = place; i + 1 < cache->n; i++) {
        cache->models[i] = cache->models[i + 1];
        cache->bytes[i] = cache->bytes[i + 1];
    }
    cache->models[cache->n - 1] = model;
    cache->bytes[cache->n - 1] = bytes;
}

int models_load(ModelsCache *cache, const ModelPlan *plan, ModelProgress progress, void *user,
                Model **model, Err *err)
{
    int held = find(cache, plan);
    if (held >= 0) {
        *model = cache->models[held];
        touch(cache, held);
        return 0;
    }
    if (cache->n == MODELS_MAX)
        return err_set(err, EXIT_MEMORY, "%d models are loaded already; start again to load others",
                       MODELS_MAX);
    if (model_open_draft(model, cache->kernels, plan->path, plan->name, &plan->use, progress, user,
                         err) != 0)
        return -1;
    cache->models[cache->n] = *model;
    cache->bytes[cache->n++] = plan->weight_bytes;
    return 0;
}

static bool is_kept(const ModelsKeep *keep, const Model *model)
{
    for (int i = 0; i < KEEP_MAX; i++)
        if (keep->model[i] == model)
            return true;
    return false;
}

size_t models_idle(const ModelsCache *cache, const ModelsKeep *keep, size_t wanted, char *names,
                   size_t size)
{
    size_t bytes = 0, used = 0;
    names[0] = '\0';
    for (int i = 0; i < cache->n && bytes < wanted; i++) {
        if (is_kept(keep, cache->models[i]))
            continue;
        bytes += cache->bytes[i];
        if (used < size)
            used += (size_t)snprintf(names + used, size - used, "%s%s", used ? ", " : "",
                                     cache->models[i]->name);
    }
    return bytes;
}

void models_unload(ModelsCache *cache, const ModelsKeep *keep, size_t wanted)
{
    size_t bytes = 0;
    int n = 0;
    for (int i = 0; i < cache->n; i++) {
        if (!is_kept(keep, cache->models[i]) && bytes < wanted) {
            bytes += cache->bytes[i];
            model_close(cache->models[i]);
            continue;
        }
        cache->models[n] = cache->models[i];
        cache->bytes[n++] = cache->bytes[i];
    }
    cache->n = n;
}

void models_trim(ModelsCache *cache, const Model *keep, const Model *keep_too)
{
    models_unload(cache, &(ModelsKeep){{keep, keep_too}}, SIZE_MAX);
}

size_t models_bytes_of(const ModelsCache *cache, const Model *model)
{
    for (int i = 0; i < cache->n; i++)
        if (cache->models[i] == model)
            return cache->bytes[i];
    return 0;
}

size_t models_bytes(const ModelsCache *cache)
{
    size_t bytes = 0;
    for (int i = 0; i < cache->n; i++)
        bytes += cache->bytes[i];
    return bytes;
}

void models_close(ModelsCache *cache)
{
    models_trim(cache, NULL, NULL);
}
