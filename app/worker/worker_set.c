/* worker_set.c - `set`: drafter, thresholds, tree and sampling of the session that is loaded. */
#include <string.h>

#include "app/worker/worker.h"

void worker_keep_thresholds(Worker *worker, const float *thresholds, int n, ThresholdsFrom from)
{
    Profile *profile = &worker->load.profile;
    ProfileTarget *target = &profile->targets[worker->load.target_index];
    if (n != profile_thresholds(profile))
        return;
    target->n_thresholds = n;
    target->from = from;
    for (int i = 0; i < n; i++)
        target->thresholds[i] = (double)thresholds[i];
}

/* Those that act now; auto moved them, or they were kept. */
static void keep_as(Worker *worker, ThresholdsFrom from)
{
    EventReady now = {0};
    session_describe(worker->session, &now);
    if (from != THRESHOLDS_AUTO || now.auto_thresholds)
        worker_keep_thresholds(worker, now.thresholds, now.n_exits, from);
}

static int set_thresholds(Worker *worker, const RequestSet *set, Err *err)
{
    EventReady now = {0};
    session_describe(worker->session, &now);
    if (set->n_thresholds != now.n_exits && set->n_thresholds != worker->load.profile.n_exits)
        return err_set(err, EXIT_USAGE, "request: set: %d thresholds for %d exits",
                       set->n_thresholds, now.n_exits);
    session_set_thresholds(worker->session, set->thresholds, set->n_thresholds);
    worker_keep_thresholds(worker, set->thresholds, set->n_thresholds, THRESHOLDS_HAND);
    return 0;
}

void worker_set(Worker *worker, const RequestSet *set)
{
    Err err = {0};
    DraftConfig drafting;
    if (!worker->session) {
        err_set(&err, EXIT_USAGE, "request: set: nothing is loaded yet");
    } else if (set->keep && worker_keep(worker, &err) != 0) {
        /* told below */
    } else if (set->drafter[0]) {
        int index = worker->load.target_index;
        const Model *target = session_target(worker->session);
        if (worker_open_drafting(worker, &worker->load, set->drafter, index, target, &drafting,
                                 &err) == 0 &&
            session_set_drafter(worker->session, &drafting, &err) == 0) {
            strcpy(worker->load.drafter, set->drafter);
            worker_keep_head(worker, drafting.head);
        } else {
            head_close(drafting.head);
        }
    }
    if (err.code == 0 && set->n_thresholds > 0)
        set_thresholds(worker, set, &err);
    if (err.code != 0) {
        worker_error(worker, &err);
        return;
    }
    /* `load` keeps what is set, for a session that takes this one's place. */
    RequestLoad *load = &worker->load;
    TreeShape shape;
    if (set->tree[0] && tree_parse(set->tree, &shape) == 0) {
        session_set_tree(worker->session, shape);
        strcpy(load->tree, set->tree);
    }
    if (set->has_sampling) {
        session_set_sampling(worker->session, set->sampling);
        load->profile.temperature = (double)set->sampling.temperature;
        load->profile.top_k = set->sampling.top_k;
        load->profile.top_p = (double)set->sampling.top_p;
        load->profile.seed = (int)set->sampling.seed;
    }
    if (set->has_auto) {
        keep_as(worker, THRESHOLDS_AUTO); /* where they have got to, they stay */
        session_set_auto(worker->session, set->auto_thresholds);
    }
    if (set->keep)
        keep_as(worker, THRESHOLDS_TUNED);
    if (set->has_forecasts) {
        worker->watched = set->forecasts;
        session_watch(worker->session, set->forecasts);
    }
    if (set->date[0])
        memcpy(load->profile.date, set->date, sizeof(load->profile.date));
    if (set->has_think)
        load->profile.think = set->think;
    if (set->has_spec) {
        session_set_spec(worker->session, set->spec);
        load->spec = set->spec;
    }
    worker_ready(worker);
}
