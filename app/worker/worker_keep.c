/* worker_keep.c - thresholds that a person found by hand become those that this machine starts with.
 *
 * They take the place of what `s2d tune` kept for the pair; what that counted of the exits stays, for
 * acceptance is counted by stated confidence, whatever the thresholds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/worker/tuned.h"
#include "app/worker/worker.h"

static int describe(const Worker *worker, TunedPair *pair, Err *err)
{
    const Profile *profile = &worker->load.profile;
    const Model *draft = worker->draft;
    EventReady now = {0};
    time_t today = time(NULL);
    struct tm day;
    session_describe(worker->session, &now);
    if (!draft || now.n_exits == 0 || now.n_exits != profile->n_exits ||
        memcmp(now.exits, profile->exits, sizeof(int) * (size_t)now.n_exits) != 0)
        return err_set(err, EXIT_USAGE,
                       "nothing to keep: these are not the thresholds of the profile's exits");
    if (tuned_key(pair, profile, draft->name, draft->config.layers, draft->adapter, err) != 0)
        return -1;
    memcpy(pair->target, now.target, sizeof pair->target);
    for (int i = 0; i < now.n_exits; i++)
        pair->thresholds[i] = round((double)now.thresholds[i] * 1e4) / 1e4;
    strftime(pair->day, sizeof pair->day, "%Y-%m-%d", gmtime_r(&today, &day));
    return 0;
}

static int put(const TunedPair *pair, Tuned *tuned, Err *err)
{
    TunedPair kept = *pair;
    int lock = tuned_begin(tuned, err);
    if (lock < 0)
        return -1;
    const TunedPair *before = tuned_find(tuned, pair, pair->target);
    if (before) {
        kept.has_accept = before->has_accept;
        memcpy(kept.accept, before->accept, sizeof kept.accept);
    }
    tuned_put(tuned, &kept);
    return tuned_end(tuned, lock, err);
}

int worker_keep(Worker *worker, Err *err)
{
    ProfileTarget *target = &worker->load.profile.targets[worker->load.target_index];
    TunedPair *pair = calloc(1, sizeof *pair);
    Tuned *tuned = malloc(sizeof *tuned);
    int status =
        pair && tuned ? describe(worker, pair, err) : err_set(err, EXIT_MEMORY, "out of memory");
    if (status == 0)
        status = put(pair, tuned, err);
    if (status == 0) {
        target->n_tuned = pair->n_exits;
        memcpy(target->tuned, pair->thresholds, sizeof target->tuned);
    }
    free(pair);
    free(tuned);
    return status;
}
