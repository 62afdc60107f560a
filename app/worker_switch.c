/* worker_switch.c - another target takes over, between answers or in the middle of one.
 *
 * check (header: vocabulary, memory) -> load (beside the old target, requests are looked at) -> the
 * session reads the conversation -> done. Whatever fails before that, the old target goes on
 * unchanged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

static void emit_switch(Worker *worker, SwitchStage stage, const char *target, int index,
                        const char *reason)
{
    Event event = {.type = EVENT_SWITCH};
    EventSwitch *swap = &event.u.swap;
    swap->stage = stage;
    swap->target_index = index;
    swap->fraction = stage == SWITCH_DONE;
    swap->draft_kv_kept = true;
    snprintf(swap->target, sizeof(swap->target), "%s", target);
    snprintf(swap->reason, sizeof(swap->reason), "%s", reason);
    worker_emit(worker, &event);
}

/* The place of a target that is asked for by name: its name or path in the profile. -1 = not there.
 */
static int find_target(const Profile *profile, const char *asked)
{
    for (int i = 0; i < profile->n_targets; i++) {
        char name[64];
        models_name(profile->targets[i].model, name, sizeof(name));
        if (strcmp(profile->targets[i].model, asked) == 0 || strcmp(name, asked) == 0)
            return i;
    }
    return -1;
}

/* Header first; what no longer is used goes before memory is refused. */
static int load_target(Worker *worker, const char *name, int index, Model **target, Err *err)
{
    ModelPlan plan;
    LoadProgress progress = {
        .worker = worker, .model = plan.name, .target_index = index, .shown = -1};
    int status = models_plan(&worker->models, name, &plan, err);
    if (status == 0 && worker->draft)
        status = tokenizer_compatible(worker->draft->tokenizer, plan.tokenizer, err);
    if (status == 0) {
        size_t session =
            session_bytes(worker->kernels, &plan.config, NULL, worker->load.profile.context);
        Err first = {0};
        if (worker_check_memory(worker, plan.name, plan.weight_bytes, session, &first) != 0 &&
            plan.weight_bytes > 0) {
            models_trim(&worker->models, session_target(worker->session), worker->draft);
            status = worker_check_memory(worker, plan.name, plan.weight_bytes, session, err);
        } else if (first.code != 0) {
            status = err_set(err, first.code, "%s", first.text);
        }
    }
    if (status == 0)
        status = models_load(&worker->models, &plan, worker_on_progress, &progress, target, err);
    models_plan_close(&plan);
    return status;
}

/* A model that the profile does not name becomes one more of its targets. */
static int append_target(Profile *profile, const char *name, Err *err)
{
    if (profile->n_targets == TARGETS_MAX)
        return err_set(err, EXIT_USAGE, "there are %d targets already; choose one of them",
                       TARGETS_MAX);
    char *copy = strdup(name);
    if (!copy)
        return err_set(err, EXIT_MEMORY, "out of memory");
    profile->targets[profile->n_targets++] = (ProfileTarget){.model = copy};
    return 0;
}

static int change_target(Worker *worker, int index, const Model *old, Err *err)
{
    Profile *profile = &worker->load.profile;
    const ProfileTarget *pair = &profile->targets[index];
    float thresholds[EXITS_MAX];
    Model *target;
    for (int i = 0; i < pair->n_thresholds; i++)
        thresholds[i] = (float)pair->thresholds[i];
    if (load_target(worker, pair->model, index, &target, err) != 0 ||
        session_switch(worker->session, target, index, thresholds, pair->n_thresholds, err) != 0)
        return -1;
    worker->load.target_index = index;
    if (tokenizer_compatible(old->tokenizer, target->tokenizer, NULL) != 0 &&
        tokenizer_compatible(target->tokenizer, old->tokenizer, NULL) != 0)
        answers_clear(&worker->answers);
    return 0;
}

void worker_switch(Worker *worker, const RequestSwitch *swap, bool cancelled)
{
    Err err = {0};
    Profile *profile = &worker->load.profile;
    int n_targets = profile->n_targets;
    int index = swap->name ? find_target(profile, swap->name) : swap->index;
    char name[64] = "";
    bool was_busy = worker->busy;
    worker->switch_ms = worker_clock_ms();
    if (swap->name)
        models_name(swap->name, name, sizeof(name));
    else if (index < n_targets)
        models_name(profile->targets[index].model, name, sizeof(name));
    emit_switch(worker, SWITCH_CHECK, name, index, "");
    if (cancelled)
        err_set(&err, EXIT_INTERRUPTED, "stopped");
    else if (!worker->session)
        err_set(&err, EXIT_USAGE, "nothing is loaded yet");
    else if (index >= n_targets)
        err_set(&err, EXIT_USAGE, "there is no target %d, the profile has %d", index + 1,
                n_targets);
    else if (index < 0 && append_target(profile, swap->name, &err) == 0)
        index = n_targets;
    if (err.code == 0 && index == worker->load.target_index) {
        emit_switch(worker, SWITCH_DONE, name, index, "");
        worker_ready(worker);
        return;
    }
    worker->busy = true;
    if (!was_busy)
        worker->stop = false;
    if (err.code == 0 && change_target(worker, index, session_target(worker->session), &err) == 0) {
        worker_ready(worker);
    } else {
        if (profile->n_targets > n_targets)
            free(profile->targets[--profile->n_targets].model);
        emit_switch(worker, SWITCH_FAILED, name, index < n_targets ? index : -1,
                    worker->stop ? "stopped" : err.text);
    }
    worker->busy = was_busy;
    if (!was_busy)
        worker->stop = false;
}
