/* worker_compare.c - two settings answer one prompt in turn: what a request says of them becomes what the
 * session takes. A side with another target gets a session of its own beside it, for this answer; its
 * model stays, as after a switch.
 */
#include <stdlib.h>
#include <string.h>

#include "app/worker/worker.h"

typedef struct Comparing {
    Worker *worker;
    const RequestSay *say;
    CompareSide sides[2];
    Head *heads[2];   /* read for these sides, or NULL */
    int other;        /* side with another target; -1 = none */
    Session *session; /* its own, */
    Head *head;       /* and what that would draft by */
} Comparing;

/* What a request may change of any side. */
static void set_side(const RequestSet *set, CompareSide *side)
{
    strcpy(side->tree_text, set->tree);
    if (set->tree[0])
        tree_parse(set->tree, &side->tree);
    if (set->n_thresholds > 0) {
        side->n_thresholds = set->n_thresholds;
        memcpy(side->thresholds, set->thresholds, sizeof side->thresholds);
    }
    if (set->has_spec)
        side->plain = set->spec == SPEC_OFF;
}

static int open_side(Comparing *c, int which, Err *err)
{
    Worker *worker = c->worker;
    const RequestSet *set = &c->say->sides[which];
    CompareSide *side = &c->sides[which];
    session_side(worker->session, side);
    if (set->drafter[0]) {
        if (worker_open_drafting(worker, &worker->load, set->drafter, worker->load.target_index,
                                 session_target(worker->session), &side->drafting, err) != 0)
            return -1;
        c->heads[which] = side->drafting.head;
        side->n_thresholds = 0;
        side->plain = false;
    }
    set_side(set, side);
    return 0;
}

/* ---- another target ---- */

static int check_memory(Worker *worker, const ModelPlan *plan, bool plain, Err *err)
{
    Kernels *k = worker->kernels;
    const Profile *profile = &worker->load.profile;
    const ModelConfig *own = &session_target(worker->session)->config;
    const ModelConfig *draft = worker->draft ? &worker->draft->config : NULL;
    size_t bytes =
        session_bytes(k, &plan->config, plain ? NULL : draft, NULL, profile->kv, profile->context);
    /* The side of the session's own target has a drafter of its own, too. */
    bytes += session_bytes(k, own, draft, NULL, profile->kv, profile->context) -
             session_bytes(k, own, NULL, NULL, profile->kv, profile->context);
    Err refused = {0};
    if (worker_check_memory(worker, plan->name, plan->weight_bytes, bytes, &refused) == 0)
        return 0;
    return err_set(err, EXIT_MEMORY, "both targets have to fit at once, and %s", refused.text);
}

static int load_target(Worker *worker, int index, bool plain, Model **target, Err *err)
{
    ModelPlan plan;
    int status =
        models_plan(&worker->models, worker->load.profile.targets[index].model, &plan, err);
    if (status != 0)
        return -1;
    if (!plain && worker->draft)
        status = tokenizer_compatible(worker->draft->tokenizer, plan.tokenizer, err);
    if (status == 0)
        status = check_memory(worker, &plan, plain, err);
    if (status == 0)
        status = worker_load_model(worker, &plan, true, target, err);
    models_plan_close(&plan);
    return status;
}

/* Its session drafts nothing by itself: the side does. */
static int open_session(Comparing *c, int index, Model *target, bool plain, Err *err)
{
    Worker *worker = c->worker;
    RequestLoad load = worker->load; /* shares its texts */
    load.target_index = index;
    strcpy(load.drafter, "plain");
    return worker_open_session(worker, &load, target, plain ? NULL : worker->draft, &c->session,
                               &c->head, err);
}

static int open_other(Comparing *c, Err *err)
{
    Worker *worker = c->worker;
    const RequestSet *set = &c->say->sides[c->other];
    CompareSide *side = &c->sides[c->other];
    RequestLoad load = worker->load;
    CompareSide now;
    Model *target;
    session_side(worker->session, &now);
    *side = (CompareSide){.plain = set->drafter[0] ? false : now.plain, .tree = now.tree};
    set_side(set, side);
    load.target_index = set->target;
    if (load_target(worker, set->target, side->plain, &target, err) != 0 ||
        open_session(c, set->target, target, side->plain, err) != 0)
        return -1;
    if (side->plain)
        return 0;
    int status = set->drafter[0]
                     ? worker_open_drafting(worker, &load, set->drafter, set->target, target,
                                            &side->drafting, err)
                     : worker_open_pair(worker, &load, set->target, target, &side->drafting, err);
    if (status == 0)
        c->heads[c->other] = side->drafting.head;
    return status;
}

static int answer_by_two(Comparing *c, const int *ids, int n, const AnswerOptions *options,
                         Err *err)
{
    Worker *worker = c->worker;
    Model *target = session_target(c->session);
    bool same =
        worker_same_vocabulary(session_target(worker->session)->tokenizer, target->tokenizer, NULL);
    int *other_ids = NULL, n_other = 0, n_prompt, kept = 1 - c->other;
    int status = worker_encode(worker, c->say, target, same, &other_ids, &n_other, &n_prompt, err);
    if (status == 0 && n_other == 0)
        status = err_set(err, EXIT_DATA, "nothing to answer: the prompt has no tokens");
    if (status == 0) {
        Session *sessions[2];
        ComparePrompt prompts[2];
        sessions[kept] = worker->session;
        sessions[c->other] = c->session;
        prompts[kept] = (ComparePrompt){ids, n};
        prompts[c->other] = (ComparePrompt){other_ids, n_other};
        status = session_compare_targets(sessions, prompts, options, c->sides, kept, err);
    }
    free(other_ids);
    return status;
}

/* ---- the whole ---- */

/* Which side has another target; -1 = none. */
static int find_other(const Worker *worker, const RequestSay *say, int *other, Err *err)
{
    int n = 0;
    *other = -1;
    for (int i = 0; i < 2; i++) {
        const RequestSet *set = &say->sides[i];
        if (!set->has_target || set->target == worker->load.target_index)
            continue;
        if (set->target >= worker->load.profile.n_targets)
            return err_set(err, EXIT_USAGE, "there is no target %d, the profile has %d",
                           set->target + 1, worker->load.profile.n_targets);
        *other = i;
        n++;
    }
    if (n == 2)
        return err_set(
            err, EXIT_USAGE,
            "one of two sides has to have the target that is loaded; /target changes it");
    return 0;
}

int worker_compare(Worker *worker, const RequestSay *say, const int *ids, int n,
                   const AnswerOptions *options, Err *err)
{
    Comparing c = {.worker = worker, .say = say};
    worker->comparing = true;
    int status = find_other(worker, say, &c.other, err);
    for (int i = 0; i < 2 && status == 0; i++)
        status = i == c.other ? open_other(&c, err) : open_side(&c, i, err);
    if (status == 0 && c.other >= 0)
        status = answer_by_two(&c, ids, n, options, err);
    else if (status == 0)
        status = session_compare(worker->session, ids, n, options, c.sides, err);
    worker->comparing = false;
    session_close(c.session);
    head_close(c.head);
    head_close(c.heads[0]);
    head_close(c.heads[1]);
    return status;
}
