/* worker_compare.c - two settings answer one prompt in turn: what a request says of them becomes what the
 * session takes. */
#include <string.h>

#include "app/worker/worker.h"

/* head: read for this side, and the caller's to close; NULL = none was. */
static int open_side(Worker *worker, const RequestSet *set, CompareSide *side, Head **head,
                     Err *err)
{
    *head = NULL;
    session_side(worker->session, side);
    strcpy(side->tree_text, set->tree);
    if (set->tree[0])
        tree_parse(set->tree, &side->tree);
    if (set->drafter[0]) {
        if (worker_open_drafting(worker, &worker->load, set->drafter, worker->load.target_index,
                                 session_target(worker->session), &side->drafting, err) != 0)
            return -1;
        *head = side->drafting.head;
        side->n_thresholds = 0;
        side->plain = false;
    }
    if (set->n_thresholds > 0) {
        side->n_thresholds = set->n_thresholds;
        memcpy(side->thresholds, set->thresholds, sizeof side->thresholds);
    }
    if (set->has_spec)
        side->plain = set->spec == SPEC_OFF;
    return 0;
}

int worker_compare(Worker *worker, const RequestSay *say, const int *ids, int n,
                   const AnswerOptions *options, Err *err)
{
    CompareSide sides[2];
    Head *heads[2] = {NULL, NULL};
    int status = open_side(worker, &say->sides[0], &sides[0], &heads[0], err);
    if (status == 0)
        status = open_side(worker, &say->sides[1], &sides[1], &heads[1], err);
    worker->comparing = true;
    if (status == 0)
        status = session_compare(worker->session, ids, n, options, sides, err);
    worker->comparing = false;
    head_close(heads[0]);
    head_close(heads[1]);
    return status;
}
