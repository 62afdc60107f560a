/* models_cache.c - see models_cache.h. */
#include "models_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"

void models_name(const char *name_or_path, char *name, size_t size)
{
    const char *slash = strrchr(name_or_path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : name_or_path);
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".gguf") == 0)
        name[length - 5] = '\0';
}

static int find(const ModelsCache *cache, const char *path)
{
    for (int i = 0; i < cache->n; i++)
        if (strcmp(cache->models[i]->path, path) == 0)
            return i;
    return -1;
}

/* Matrices as the backend keeps them, vectors as floats. */
static size_t weight_bytes(Kernels *kernels, const Gguf *gguf)
{
    size_t bytes = 0;
    for (int i = 0; i < gguf_tensor_count(gguf); i++) {
        const GgufTensor *tensor = gguf_tensor_at(gguf, i);
        if (tensor->n_dims == 2)
            bytes += kernels->matrix_bytes(kernels, tensor->type, (int)tensor->dims[1],
                                           (int)tensor->dims[0]);
        else
            bytes += (size_t)tensor->dims[0] * sizeof(float);
    }
    return bytes;
}

int models_plan(const ModelsCache *cache, const char *name_or_path, ModelPlan *plan, Err *err)
{
    char path[PATH_MAX];
    *plan = (ModelPlan){0};
    models_name(name_or_path, plan->name, sizeof(plan->name));
    if (catalog_resolve(name_or_path, path, sizeof(path), err) != 0)
        return -1;
    if (!realpath(path, plan->path))
        return err_set(err, EXIT_NOINPUT, "%s: %s", path, strerror(errno));
    int held = find(cache, plan->path);
    if (held >= 0) {
        plan->config = cache->models[held]->config;
        plan->tokenizer = cache->models[held]->tokenizer;
        return 0;
    }
    Gguf *gguf;
    if (gguf_open(&gguf, plan->path, err) != 0)
        return -1;
    int status = model_config(&plan->config, gguf, err);
    if (status == 0)
        status = tokenizer_open(&plan->tokenizer, gguf, err);
    if (status == 0) {
        plan->owns_tokenizer = true;
        plan->weight_bytes = weight_bytes(cache->kernels, gguf);
    }
    gguf_close(gguf);
    return status;
}

void models_plan_close(ModelPlan *plan)
{
    if (plan->owns_tokenizer)
        tokenizer_close(plan->tokenizer);
    *plan = (ModelPlan){0};
}

int models_load(ModelsCache *cache, const ModelPlan *plan, ModelProgress progress, void *user,
                Model **model, Err *err)
{
    int held = find(cache, plan->path);
    if (held >= 0) {
        *model = cache->models[held];
        return 0;
    }
    if (cache->n == MODELS_MAX)
        return err_set(err, EXIT_MEMORY, "%d models are loaded already; start again to load others",
                       MODELS_MAX);
    if (model_open(model, cache->kernels, plan->path, plan->name, progress, user, err) != 0)
        return -1;
    cache->models[cache->n] = *model;
    cache->bytes[cache->n++] = plan->weight_bytes;
    return 0;
}

void models_trim(ModelsCache *cache, const Model *keep, const Model *keep_too)
{
    int n = 0;
    for (int i = 0; i < cache->n; i++) {
        if (cache->models[i] != keep && cache->models[i] != keep_too) {
            model_close(cache->models[i]);
            continue;
        }
        cache->models[n] = cache->models[i];
        cache->bytes[n++] = cache->bytes[i];
    }
    cache->n = n;
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
