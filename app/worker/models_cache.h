/* models_cache.h - the models that a worker holds, by file: each is read once, however often it is
 * used.
 *
 *   name -> models_plan (header only: shapes, vocabulary, sizes) -> models_load (weights)
 *
 * What was loaded stays until the cache closes or it is unloaded to make room, so that switching
 * back to a target is quick, and a draft and a target of one file share their weights, unless the
 * draft has a short list, an adapter or weights of its own.
 */
#ifndef S2D_APP_WORKER_MODELS_CACHE_H
#define S2D_APP_WORKER_MODELS_CACHE_H

#include <limits.h>

#include "app/profile/profile.h"
#include "engine/model/adapter.h"

enum { MODELS_MAX = 16 };

typedef struct ModelsCache {
    Kernels *kernels;          /* not owned */
    Model *models[MODELS_MAX]; /* the least recently used first */
    size_t bytes[MODELS_MAX];  /* memory that each one's weights take */
    int n;
} ModelsCache;

/* What a file's header tells. */
typedef struct ModelPlan {
    char path[PATH_MAX]; /* real path: the model's identity */
    char name[64];
    ModelConfig config;  /* narrowed by what it is used for */
    ModelUse use;        /* its ids are list's */
    ShortList list;      /* with the tokens that end an answer */
    Adapter *adapter;    /* use's; NULL = none */
    size_t weight_bytes; /* memory that its weights will take; 0 when it is held already */
    Tokenizer *tokenizer;
    bool owns_tokenizer;
} ModelPlan;

/* EXIT_NOINPUT, EXIT_DATA; on success models_plan_close. */
int models_plan(const ModelsCache *cache, const char *name_or_path, ModelPlan *plan, Err *err);
/* The same of a profile's draft: cut to its layers, with its short list and its adapter. Layers and
 * exits that the profile leaves open become the adapter's. Its weights are rounded where that is
 * faster unless the profile says no, or they can be those of one of its targets. */
int models_plan_draft(const ModelsCache *cache, Profile *profile, ModelPlan *plan, Err *err);
void models_plan_close(ModelPlan *plan);

/* Will both be one model in memory? */
bool models_plan_shared(const ModelPlan *target, const ModelPlan *draft);

/* The planned model, read unless it is held. It stays the cache's. */
int models_load(ModelsCache *cache, const ModelPlan *plan, ModelProgress progress, void *user,
                Model **model, Err *err);

/* The planned model where it is held, else NULL. */
Model *models_held(const ModelsCache *cache, const ModelPlan *plan);

/* Models that must stay; NULL = none. */
enum { KEEP_MAX = 3 };
typedef struct ModelsKeep {
    const Model *model[KEEP_MAX];
} ModelsKeep;

/* What would have to go for so many bytes more: the least recently used first, and as few as will
 * do. names: "a, b". Returns the bytes that this brings. */
size_t models_idle(const ModelsCache *cache, const ModelsKeep *keep, size_t wanted, char *names,
                   size_t size);
/* Closes them. */
void models_unload(ModelsCache *cache, const ModelsKeep *keep, size_t wanted);
/* Closes every model but these two (which may be NULL). */
void models_trim(ModelsCache *cache, const Model *keep, const Model *keep_too);
size_t models_bytes(const ModelsCache *cache);
size_t models_bytes_of(const ModelsCache *cache, const Model *model);
void models_close(ModelsCache *cache);

#endif
