/* worker_pair.c - a target that nobody chose a draft for: one is looked for among the models that are
 * here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/profile/found_cache.h"
#include "app/profile/pair.h"
#include "app/worker/worker.h"

/* The target as a found model: its header is read. */
static bool describe(FoundModel *model, const ModelPlan *target)
{
    struct stat st;
    if (stat(target->path, &st) != 0)
        return false;
    *model = (FoundModel){
        .path = (char *)target->path, .place = "", .device = st.st_dev, .inode = st.st_ino};
    found_read(model);
    return true;
}

/* Does the draft load, understand the target's tokens, and fit into memory beside it? */
static bool can_draft(Worker *worker, const RequestLoad *load, const ModelPlan *target,
                      const FoundModel *draft)
{
    ModelPlan plan;
    if (models_plan(&worker->models, draft->path, &plan, NULL) != 0)
        return false;
    size_t session = session_bytes(worker->kernels, &target->config, &plan.config, NULL,
                                   load->profile.kv, load->profile.context);
    bool can = tokenizer_compatible(plan.tokenizer, target->tokenizer, NULL) == 0 &&
               worker_check_memory(worker, plan.name, target->weight_bytes + plan.weight_bytes,
                                   session, NULL) == 0;
    models_plan_close(&plan);
    return can;
}

static void *moved(void *field)
{
    void *value = *(void **)field;
    *(void **)field = NULL;
    return value;
}

/* The draft of a profile that trained its exits becomes the other's. */
static void take_draft(Profile *to, Profile *from)
{
    to->draft_base = moved(&from->draft_base);
    to->draft_list = moved(&from->draft_list);
    to->draft_adapter = moved(&from->draft_adapter);
    to->draft_ids = from->draft_ids;
    from->draft_ids = (ShortList){0};
    to->draft_layers = from->draft_layers;
    to->draft_exact = from->draft_exact;
    to->n_exits = from->n_exits;
    memcpy(to->exits, from->exits, sizeof to->exits);
}

static int take(Worker *worker, Profile *profile, const FoundModel *draft, Err *err)
{
    char text[400];
    Profile *trained = malloc(sizeof *trained);
    if (!trained)
        return err_set(err, EXIT_MEMORY, "out of memory");
    if (pair_trained(draft, trained)) {
        take_draft(profile, trained);
        snprintf(
            text, sizeof text,
            "no profile names this target: %s drafts, with the exits trained for profile %.60s",
            draft->name, trained->name);
        profile_close(trained);
    } else {
        profile->draft_base = strdup(draft->path);
        snprintf(text, sizeof text,
                 "no profile names this target: %s drafts, which shares its vocabulary (no exits "
                 "of it are trained)",
                 draft->name);
    }
    free(trained);
    if (!profile->draft_base)
        return err_set(err, EXIT_MEMORY, "out of memory");
    worker_warn(worker, "paired", text);
    return 0;
}

int worker_pair(Worker *worker, RequestLoad *load, const ModelPlan *target, Err *err)
{
    FoundList list;
    FoundModel model;
    if (found_list(&list, NULL) != 0)
        return err_set(err, EXIT_MEMORY, "out of memory");
    const FoundModel *draft = NULL;
    if (describe(&model, target)) {
        /* Headers of smaller files only. */
        found_read_all(&list, model.header.weight_bytes, NULL, NULL);
        do
            draft = pair_next(&list, &model, draft);
        while (draft && !can_draft(worker, load, target, draft));
    }
    int status = 0;
    if (draft)
        status = take(worker, &load->profile, draft, err);
    else
        worker_warn(worker, "paired",
                    "no profile names this target, and no smaller model that is here shares its "
                    "vocabulary: n-grams draft (or its own first layers: drafter self)");
    found_close(&list);
    return status;
}
