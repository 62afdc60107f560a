/* worker_load.c - `load`: from a profile to models and a session. The switch is worker_switch.c.
 *
 * The headers are looked at first: weights, KV caches and scratch must fit into the memory that is free,
 * before a byte of weights is read.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/worker/confine.h"
#include "app/worker/tuned.h"
#include "app/worker/worker.h"
#include "engine/text/translate.h"
#include "kernels/common/clock.h"

bool worker_on_progress(void *user, float fraction)
{
    LoadProgress *progress = user;
    Worker *worker = progress->worker;
    worker_pump(worker, 0);
    if (fraction - progress->shown >= 0.01f || (fraction >= 1 && progress->shown < 1)) {
        Event event = {.type = EVENT_LOAD};
        progress->shown = fraction;
        event.u.load.fraction = fraction;
        snprintf(event.u.load.model, sizeof(event.u.load.model), "%s", progress->model);
        if (progress->target_index >= 0) {
            event = (Event){.type = EVENT_SWITCH};
            event.u.swap = (EventSwitch){.stage = SWITCH_LOAD,
                                         .target_index = progress->target_index,
                                         .fraction = fraction,
                                         .draft_kv_kept = true};
            snprintf(event.u.swap.target, sizeof(event.u.swap.target), "%s", progress->model);
        }
        worker_emit(worker, &event);
    }
    return worker->quit || (worker->stop && progress->may_stop);
}

void worker_take_tuned(Worker *worker, Profile *profile, int first, const char *base, int layers,
                       const char *adapter)
{
    Err err = {0};
    for (int i = first; i < profile->n_targets; i++) {
        ProfileTarget *target = &profile->targets[i];
        target->n_own = target->n_thresholds;
        memcpy(target->own, target->thresholds, sizeof target->own);
    }
    if (profile->n_exits > 0 && tuned_apply(profile, first, base, layers, adapter, &err) != 0)
        worker_warn(worker, "tuned", err.text);
}

TreeShape worker_tree(const RequestLoad *load)
{
    const Profile *profile = &load->profile;
    TreeShape shape = {.automatic = true};
    if (load->tree[0])
        tree_parse(load->tree, &shape);
    else if (!profile->tree_auto)
        shape = (TreeShape){.depth = profile->tree_depth,
                            .width = profile->tree_width,
                            .nodes = profile->tree_nodes};
    return shape;
}

/* Thresholds that the session does not act by, for its exits; none where they are for others. */
static void describe_others(const Worker *worker, EventReady *ready)
{
    const ProfileTarget *target = &worker->load.profile.targets[worker->load.target_index];
    const Session *session = worker->session;
    if (!session_has_exits(session))
        return;
    ready->n_profile =
        session_thresholds_of(session, target->own, target->n_own, ready->profile_thresholds);
    if (target->n_tuned > 0)
        ready->n_tuned =
            session_thresholds_of(session, target->tuned, target->n_tuned, ready->tuned_thresholds);
}

void worker_ready(Worker *worker)
{
    Event event = {.type = EVENT_READY};
    EventReady *ready = &event.u.ready;
    const Profile *profile = &worker->load.profile;
    session_describe(worker->session, ready);
    describe_others(worker, ready);
    worker_describe_template(worker, ready);
    snprintf(ready->version, sizeof(ready->version), "%s", S2D_VERSION);
    ready->n_targets = profile->n_targets;
    ready->target_index = worker->load.target_index;
    for (int i = 0; i < profile->n_targets; i++)
        catalog_short_name(profile->targets[i].model, ready->targets[i], sizeof(ready->targets[i]));
    ready->load_ms = worker->load_ms;
    const ModelConfig *draft = worker->draft ? &worker->draft->config : NULL;
    ready->memory_bytes =
        models_bytes(&worker->models) +
        session_bytes(worker->kernels, &session_target(worker->session)->config, draft,
                      worker->head ? &worker->head->info : NULL, profile->kv, profile->context);
    ready->thresholds_from =
        ready->auto_thresholds ? THRESHOLDS_AUTO : profile->targets[worker->load.target_index].from;
    worker_emit(worker, &event);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The kernels that a load asks for: those that are open when they fit, else new ones, for which
 * everything made with the old ones has to go. */
static int open_kernels(Worker *worker, const RequestLoad *load, Err *err)
{
    const RequestLoad *old = &worker->load;
    if (worker->kernels && same_text(old->profile.device, load->profile.device) &&
        old->profile.threads == load->profile.threads && strcmp(old->isa, load->isa) == 0 &&
        old->act_f32 == load->act_f32)
        return 0;
    worker_close(worker);
    KernelsOptions options = {.device = load->profile.device,
                              .isa = load->isa,
                              .threads = load->profile.threads,
                              .act_f32 = load->act_f32};
    char line[160];
    bool fewer = kernels_cap_threads(&options, line, sizeof line);
    if (kernels_open(&worker->kernels, &options, err) != 0)
        return -1;
    if (fewer && strcmp(worker->kernels->device, "cpu") == 0) /* a device has no use for them */
        worker_warn(worker, "threads", line);
    worker->models = (ModelsCache){.kernels = worker->kernels};
    return 0;
}

int worker_load_model(Worker *worker, const ModelPlan *plan, bool may_stop, Model **model, Err *err)
{
    LoadProgress progress = {.worker = worker,
                             .model = plan->name,
                             .target_index = -1,
                             .may_stop = may_stop,
                             .shown = -1};
    return models_load(&worker->models, plan, worker_on_progress, &progress, model, err);
}

/* draft: NULL when there is none. */
static int check_plans(Worker *worker, const RequestLoad *load, const ModelPlan *target,
                       const ModelPlan *draft, Err *err)
{
    size_t weights = target->weight_bytes;
    if (draft && !models_plan_shared(target, draft))
        weights += draft->weight_bytes;
    TemplateKind kind;
    char names[TEMPLATE_NAMES_BYTES];
    if (load->profile.template && template_by_name(&kind, load->profile.template) != 0)
        return err_set(err, EXIT_DATA, "template: \"%s\" is none of %s", load->profile.template,
                       template_names(", ", names, sizeof names));
    return worker_check_memory(worker, target->name, weights,
                               session_bytes(worker->kernels, &target->config,
                                             draft ? &draft->config : NULL, NULL, load->profile.kv,
                                             load->profile.context),
                               err);
}

/* That the draft has another vocabulary, which costs some of what it drafts. */
static void tell_vocabulary(Worker *worker, const DrafterKind *kind, const Model *target,
                            const Model *draft)
{
    Translation between;
    char text[320];
    if (!kind || kind->model != DRAFTER_MODEL_DRAFT ||
        tokenizer_compatible(draft->tokenizer, target->tokenizer, NULL) == 0 ||
        translation_open(&between, draft->tokenizer, target->tokenizer, NULL) != 0)
        return;
    snprintf(text, sizeof text,
             "%.60s has another vocabulary than %.60s: it knows %.1f %% of its tokens and drafts "
             "those; expect fewer to be accepted",
             draft->name, target->name, (double)translation_overlap(&between) * 100);
    worker_warn(worker, "vocabulary", text);
    translation_close(&between);
}

int worker_open_session(Worker *worker, const RequestLoad *load, Model *target, Model *draft,
                        Session **session, Head **head, Err *err)
{
    const Profile *profile = &load->profile;
    SessionConfig config = {.kernels = worker->kernels,
                            .target = target,
                            .draft = draft,
                            .spec = load->spec,
                            .tree = worker_tree(load),
                            .sampling = {.temperature = (float)profile->temperature,
                                         .top_k = profile->top_k,
                                         .top_p = (float)profile->top_p,
                                         .seed = (uint32_t)profile->seed},
                            .kv = profile->kv,
                            .ctx = profile->context,
                            .emit = worker_on_event,
                            .poll = worker->poll,
                            .user = worker};
    bool again = worker->session != NULL && load->target_index != worker->load.target_index;
    int result =
        again ? worker_open_pair(worker, load, load->target_index, target, &config.drafting, err)
              : worker_open_drafting(worker, load, load->drafter, load->target_index, target,
                                     &config.drafting, err);
    if (result != 0)
        return -1;
    *head = config.drafting.head;
    if (session_open(session, &config, err) == 0) {
        tell_vocabulary(worker, config.drafting.kind, target, draft);
        return 0;
    }
    head_close(*head);
    return -1;
}

static int load_models(Worker *worker, RequestLoad *load, Model **target, Model **draft, Err *err)
{
    Profile *profile = &load->profile;
    ModelPlan target_plan = {0}, draft_plan = {0};
    *draft = NULL;
    int status =
        models_plan(&worker->models, profile->targets[load->target_index].model, &target_plan, err);
    if (status == 0 && load->pair && !profile->draft_base)
        status = worker_pair(worker, load, &target_plan, err);
    const char *draft_base = profile->draft_base;
    if (status == 0 && draft_base)
        status = models_plan_draft(&worker->models, profile, &draft_plan, err);
    if (status == 0)
        status = check_plans(worker, load, &target_plan, draft_base ? &draft_plan : NULL, err);
    if (status == 0 && draft_base)
        worker_take_tuned(worker, profile, 0, draft_plan.name, draft_plan.config.layers,
                          draft_plan.adapter ? gguf_path(draft_plan.adapter->gguf) : NULL);
    if (status == 0)
        status = worker_load_model(worker, &target_plan, false, target, err);
    if (status == 0 && draft_base)
        status = worker_load_model(worker, &draft_plan, false, draft, err);
    models_plan_close(&target_plan);
    models_plan_close(&draft_plan);
    return status;
}

/* Models and session, or nothing new. */
static int load_all(Worker *worker, RequestLoad *load, Session **session, Model **draft,
                    Head **head, Err *err)
{
    Model *target;
    if (load_models(worker, load, &target, draft, err) == 0 &&
        worker_open_session(worker, load, target, *draft, session, head, err) == 0)
        return 0;
    models_trim(&worker->models, worker->session ? session_target(worker->session) : NULL,
                worker->draft);
    return -1;
}

static void drop_session(Worker *worker)
{
    session_close(worker->session);
    worker->session = NULL;
    worker->draft = NULL;
    worker_keep_head(worker, NULL);
    answers_clear(&worker->answers);
}

static void warn_context(Worker *worker)
{
    const Model *target = session_target(worker->session);
    int asked = worker->load.profile.context, most = target->config.context;
    if (asked <= most || most == 0)
        return;
    char text[160];
    snprintf(text, sizeof(text), "%s was trained for %d tokens: the context is that, not %d",
             target->name, most, asked);
    worker_warn(worker, "context", text);
}

void worker_load(Worker *worker, RequestLoad *load)
{
    double start = clock_ms();
    Err err = {0};
    Model *draft;
    Head *head;
    Session *session;
    int status = open_kernels(worker, load, &err);
    if (status == 0 && !worker->confined) {
        confine_calls(access("/dev/nvidiactl", F_OK) == 0);
        worker->confined = true;
    }
    if (status == 0)
        status = load_all(worker, load, &session, &draft, &head, &err);
    if (status != 0 && err.code == EXIT_MEMORY && worker->session) {
        /* Not beside what was loaded before: in its place, then. */
        err = (Err){0};
        drop_session(worker);
        models_trim(&worker->models, NULL, NULL);
        status = load_all(worker, load, &session, &draft, &head, &err);
    }
    if (status != 0) {
        if (!worker->quit)
            worker_load_error(worker, &err);
        return;
    }
    drop_session(worker);
    worker->session = session;
    worker->draft = draft;
    worker->head = head;
    models_trim(&worker->models, session_target(session), draft);
    profile_close(&worker->load.profile);
    worker->load = *load;
    memset(&load->profile, 0, sizeof(load->profile));
    session_watch(session, worker->watched);
    worker->load_ms = clock_ms() - start;
    warn_context(worker);
    worker_start_rivals(worker);
    worker_ready(worker);
}

void worker_close(Worker *worker)
{
    drop_session(worker);
    models_close(&worker->models);
    if (worker->kernels)
        worker->kernels->close(worker->kernels);
    worker->kernels = NULL;
    profile_close(&worker->load.profile);
    worker->load = (RequestLoad){0};
}
