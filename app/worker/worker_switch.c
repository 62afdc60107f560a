/* worker_switch.c - another target takes over, between answers or in the middle of one.
 *
 * check (header: vocabulary, memory) -> load (beside the old target, requests are looked at) -> the
 * session reads the conversation -> done. Whatever fails before that, the old target goes on
 * unchanged. Nothing is unloaded for a target unless the request says that it may be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile/catalog.h"
#include "app/worker/worker.h"
#include "kernels/common/clock.h"

typedef struct SwitchTerms {
    bool in_answer;
    bool unload; /* models that nothing uses may go */
} SwitchTerms;

/* reason, room: of a failure */
static void emit_switch(Worker *worker, SwitchStage stage, const char *target, int index,
                        const char *reason, SwitchRoom room, bool kept)
{
    Event event = {.type = EVENT_SWITCH};
    EventSwitch *swap = &event.u.swap;
    swap->stage = stage;
    swap->target_index = index;
    swap->fraction = stage == SWITCH_DONE;
    swap->draft_kv_kept = kept;
    swap->room = room;
    snprintf(swap->target, sizeof(swap->target), "%s", target);
    snprintf(swap->reason, sizeof(swap->reason), "%s", reason);
    worker_emit(worker, &event);
}

/* The place of a target that is asked for by name: its name or path in the profile. -1 = not
 * there. */
static int find_target(const Profile *profile, const char *asked)
{
    for (int i = 0; i < profile->n_targets; i++) {
        char name[64];
        catalog_short_name(profile->targets[i].model, name, sizeof(name));
        if (strcmp(profile->targets[i].model, asked) == 0 || strcmp(name, asked) == 0)
            return i;
    }
    return -1;
}

bool worker_same_vocabulary(const Tokenizer *a, const Tokenizer *b, Err *err)
{
    return tokenizer_compatible(b, a, NULL) == 0 || tokenizer_compatible(a, b, err) == 0;
}

/* Memory for a target beside the current one. unload: models that nothing uses may go for it. When
 * it is refused, *room says what would help. */
static int find_room(Worker *worker, const ModelPlan *plan, bool unload, SwitchRoom *room, Err *err)
{
    ModelsCache *cache = &worker->models;
    Kernels *k = worker->kernels;
    const Profile *profile = &worker->load.profile;
    const Model *target = session_target(worker->session);
    ModelsKeep keep = {{target, worker->draft, models_held(cache, plan)}};
    size_t session = session_bytes(k, &plan->config, NULL, NULL, profile->kv, profile->context);
    size_t need = plan->weight_bytes + session, have = k->memory_free(k);
    Err refused = {0};
    if (worker_check_memory(worker, plan->name, plan->weight_bytes, session, &refused) == 0)
        return 0;
    char names[96], size[16];
    size_t missing = need > have ? need - have : 1;
    size_t idle = models_idle(cache, &keep, missing, names, sizeof(names));
    size_t own = session_bytes(k, &target->config, NULL, NULL, profile->kv, profile->context) +
                 (target == worker->draft ? 0 : models_bytes_of(cache, target));
    if (idle >= missing && unload) {
        models_unload(cache, &keep, missing);
        return worker_check_memory(worker, plan->name, plan->weight_bytes, session, err);
    }
    int length = (int)strcspn(refused.text, ";"); /* without its advice */
    catalog_size_text(idle, size, sizeof(size));
    *room = idle >= missing         ? SWITCH_ROOM_UNLOAD
            : idle + own >= missing ? SWITCH_ROOM_REPLACE
                                    : SWITCH_ROOM_NONE;
    if (*room == SWITCH_ROOM_UNLOAD)
        return err_set(err, EXIT_MEMORY, "%.*s; unloading %s brings %s", length, refused.text,
                       names, size);
    if (*room == SWITCH_ROOM_REPLACE)
        return err_set(err, EXIT_MEMORY, "%.*s; it fits in the place of %s, not beside it", length,
                       refused.text, target->name);
    return err_set(err, EXIT_MEMORY, "%s", refused.text);
}

/* Header first. same: the vocabulary is the one of the conversation, which an answer cannot change
 * under way. */
static int load_target(Worker *worker, const char *name, int index, const SwitchTerms *terms,
                       bool *same, SwitchRoom *room, Model **target, Err *err)
{
    ModelPlan plan;
    LoadProgress progress = {
        .worker = worker, .model = plan.name, .target_index = index, .may_stop = true, .shown = -1};
    int status = models_plan(&worker->models, name, &plan, err);
    if (status == 0 && worker->load.pair && worker->draft && /* nobody chose the draft */
        tokenizer_compatible(worker->draft->tokenizer, plan.tokenizer, err) != 0) {
        *room = terms->in_answer ? SWITCH_ROOM_NONE : SWITCH_ROOM_PAIR;
        status = -1;
    }
    if (status == 0) {
        Err difference = {0};
        *same = worker_same_vocabulary(session_target(worker->session)->tokenizer, plan.tokenizer,
                                       &difference);
        if (!*same && terms->in_answer)
            status = err_set(err, EXIT_DATA, "another vocabulary cannot go on with this answer: %s",
                             difference.text);
    }
    if (status == 0 && !*same && worker->load.pair && !worker->draft) {
        *room =
            SWITCH_ROOM_PAIR; /* nothing here drafted for the old one; for this one something may */
        status = err_set(err, EXIT_DATA, "another vocabulary");
    }
    if (status == 0)
        status = find_room(worker, &plan, terms->unload, room, err);
    if (status == 0)
        status = models_load(&worker->models, &plan, worker_on_progress, &progress, target, err);
    models_plan_close(&plan);
    return status;
}

/* A model that the profile does not name becomes one more of its targets. */
static int append_target(Worker *worker, const char *name, Err *err)
{
    Profile *profile = &worker->load.profile;
    const Model *draft = worker->draft;
    if (profile->n_targets == TARGETS_MAX)
        return err_set(err, EXIT_USAGE, "there are %d targets already; choose one of them",
                       TARGETS_MAX);
    char *copy = strdup(name);
    if (!copy)
        return err_set(err, EXIT_MEMORY, "out of memory");
    profile->targets[profile->n_targets++] = (ProfileTarget){.model = copy};
    if (draft)
        worker_take_tuned(worker, profile, profile->n_targets - 1, draft->name,
                          draft->config.layers, draft->adapter);
    return 0;
}

/* Another vocabulary: nothing of the caches fits, so a new session takes the place of the old
 * one. */
static int replace_session(Worker *worker, Model *target, int index, Err *err)
{
    RequestLoad load = worker->load; /* shares its texts */
    Session *session;
    Head *head;
    EventReady now = {0};
    session_describe(worker->session, &now);
    load.target_index = index;
    if (worker_open_session(worker, &load, target, worker->draft, &session, &head, err) != 0)
        return -1;
    session_set_auto(session, now.auto_thresholds);
    session_watch(session, worker->watched);
    session_close(worker->session);
    worker->session = session;
    worker_keep_head(worker, head);
    answers_clear(&worker->answers);
    emit_switch(worker, SWITCH_DONE, target->name, index, "", SWITCH_ROOM_NONE, false);
    return 0;
}

static int change_target(Worker *worker, int index, const SwitchTerms *terms, SwitchRoom *room,
                         Err *err)
{
    const RequestLoad *load = &worker->load;
    DraftConfig pair;
    EventReady now = {0};
    Model *target;
    bool same;
    if (load_target(worker, load->profile.targets[index].model, index, terms, &same, room, &target,
                    err) != 0)
        return -1;
    session_describe(worker->session, &now);
    if (now.auto_thresholds)
        worker_keep_thresholds(worker, now.thresholds, now.n_exits, THRESHOLDS_AUTO);
    int status;
    if (!same) {
        status = replace_session(worker, target, index, err);
    } else {
        status = worker_open_pair(worker, load, index, target, &pair, err);
        if (status == 0 &&
            (status = session_switch(worker->session, target, index, &pair, err)) == 0)
            worker_keep_head(worker, pair.head);
        else
            head_close(pair.head);
    }
    if (status == 0) {
        worker->load.target_index = index;
        worker_start_rivals(worker);
    }
    return status;
}

void worker_switch(Worker *worker, const RequestSwitch *swap, bool cancelled)
{
    Err err = {0};
    Profile *profile = &worker->load.profile;
    int n_targets = profile->n_targets;
    int index = swap->name ? find_target(profile, swap->name) : swap->index;
    char name[64] = "";
    bool was_busy = worker->busy;
    worker->switch_ms = clock_ms();
    if (swap->name)
        catalog_short_name(swap->name, name, sizeof(name));
    else if (index < n_targets)
        catalog_short_name(profile->targets[index].model, name, sizeof(name));
    emit_switch(worker, SWITCH_CHECK, name, index, "", SWITCH_ROOM_NONE, true);
    if (cancelled)
        err_set(&err, EXIT_INTERRUPTED, "stopped");
    else if (!worker->session)
        err_set(&err, EXIT_USAGE, "nothing is loaded yet");
    else if (index >= n_targets)
        err_set(&err, EXIT_USAGE, "there is no target %d, the profile has %d", index + 1,
                n_targets);
    else if (index < 0 && append_target(worker, swap->name, &err) == 0)
        index = n_targets;
    if (err.code == 0 && index == worker->load.target_index) {
        emit_switch(worker, SWITCH_DONE, name, index, "", SWITCH_ROOM_NONE, true);
        worker_ready(worker);
        return;
    }
    worker->busy = true;
    if (!was_busy)
        worker->stop = false;
    SwitchTerms terms = {.in_answer = was_busy, .unload = swap->unload};
    SwitchRoom room = SWITCH_ROOM_NONE;
    if (err.code == 0 && change_target(worker, index, &terms, &room, &err) == 0) {
        worker_ready(worker);
    } else {
        if (profile->n_targets > n_targets)
            profile_close_target(&profile->targets[--profile->n_targets]);
        emit_switch(worker, SWITCH_FAILED, name, index < n_targets ? index : -1,
                    worker->stop ? "stopped" : err.text, room, true);
    }
    worker->busy = was_busy;
    if (!was_busy)
        worker->stop = false;
}
