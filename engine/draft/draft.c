/* draft.c - the nested-exits drafter as the session sees it: reading, proposing, taking note.
 *
 * S2D: Sorted Speculative Decoding (arXiv 2407.01955). Unlike the authors' code, which takes one
 * exit decision for a whole frontier, every node takes its own (tree_build.c), unless asked to do
 * as they do.
 */
#include "engine/draft/draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How much of the cache is a prefix of the committed text still. tokens: [n] without the root. */
static int still_true(const Draft *d, const int *tokens, int n)
{
    int same = 0, known = d->length[0] < n ? d->length[0] : n;
    while (same < known && d->tokens[same] == tokens[same])
        same++;
    return d->shared || context_holds(d->context, same) ? same : 0;
}

/* Forgets the rest. */
static void sync(Draft *d, const int *tokens, int n)
{
    int same = still_true(d, tokens, n);
    for (int r = 0; r < d->ranges; r++)
        if (d->length[r] > same)
            d->length[r] = same;
}

/* One full batch through every range. */
int draft_read(Drafter *drafter, const int *tokens, int n)
{
    Draft *d = (Draft *)drafter;
    if (!d->follows)
        return 0;
    draft_settle(d);
    sync(d, tokens, n - 1);
    int first = d->length[0], end = n - 1;
    if (first >= end)
        return 0;
    for (int r = 1; r < d->reach; r++)
        draft_range(d, r, NULL, 0, NULL, 0);
    int last = first + PENDING_MAX + NODES_MAX; /* what fits at the doors */
    last = last < end ? last : end;
    for (int r = 0; r < d->reach; r++)
        draft_range(d, r, NULL, 0, tokens, last);
    Kernels *k = d->context->model->kernels;
    k->wait(k); /* whoever reads takes the time */
    return last - first;
}

/* Has it an exit that may be asked in this text? */
static bool speaks(Draft *d, const int *tokens, int n)
{
    draft_settle(d);
    draft_begin(d, tokens, n);
    for (int r = 0; r < d->reach; r++)
        if (draft_is_open(d, r))
            return true;
    return false;
}

int draft_behind(Drafter *drafter, const int *tokens, int n)
{
    Draft *d = (Draft *)drafter;
    if (!speaks(d, tokens, n))
        return -1;
    return d->follows ? n - 1 - still_true(d, tokens, n - 1) : 0;
}

void draft_propose(Drafter *drafter, const Proposal *in, Tree *tree)
{
    Draft *d = (Draft *)drafter;
    if (!speaks(d, in->tokens, in->n)) {
        d->base = d->length[0]; /* this round's text is read when it drafts again */
        return;
    }
    if (d->follows) {
        sync(d, in->tokens, in->n - 1);
        assert(in->n - 1 - d->length[0] <= BEHIND_MAX);
        for (int r = 1; r < d->reach; r++)
            if (draft_waiting(d, r) > PENDING_MAX - BEHIND_MAX)
                draft_range(d, r, NULL, 0, NULL, 0);
    }
    d->build.forecast_exit = d->reach - 1;
    d->build.behind = d->follows ? d->base - d->length[0] : 0;
    tree_build(&d->build, in, tree);
    uint64_t slots = 0; /* of what was expanded in vain: free, whoever adds to the tree */
    for (int i = 0; i < tree->n; i++)
        slots |= UINT64_C(1) << tree->node[i].slot;
    for (int slot = 0; slot < d->build.grown.n; slot++)
        if (!(slots >> slot & 1))
            d->done[slot] = 0;
    if (!d->shared)
        return;
    if (d->resume.hidden != d->hidden) /* verification goes on from its rows, in place */
        hidden_copy(d->context, d->resume.hidden, d->hidden, d->build.grown.n);
    for (int slot = 0; slot < NODES_MAX; slot++)
        d->resume.layer[slot] = d->done[slot] > 0 ? d->exit[d->done[slot] - 1] : 0;
}

/* A step over n nodes, the last of them n - 1 children of the first, down to the deepest exit. */
static void step_once(void *user, int n)
{
    Draft *d = user;
    Context *c = d->context;
    int slots[EXPAND_MAX];
    d->build.grown.n = n;
    for (int slot = 0; slot < n; slot++) {
        d->build.grown.node[slot] = (TreeNode){.parent = slot == 0 ? -1 : 0, .slot = slot};
        slots[slot] = slot;
    }
    for (int r = 0; r < d->reach; r++)
        draft_range(d, r, slots, n, NULL, 0);
    head_of_exit(c, d->trained[d->reach - 1], c->model->short_head != NULL, c->hidden, n);
}

void draft_measure(Drafter *drafter, int length, Curve *steps)
{
    Draft *d = (Draft *)drafter;
    draft_settle(d);
    d->base = d->shared ? length : d->length[0];
    tree_time_steps(d->context->model->kernels, step_once, d, steps);
}

void draft_accepted(Drafter *drafter, const Tree *tree, const int *path, int n)
{
    Draft *d = (Draft *)drafter;
    if (!d->follows)
        return;
    assert(d->length[0] == d->base);
    Kernels *k = d->context->model->kernels;
    size_t H = draft_width(d);
    int from[NODES_MAX], before[EXITS_MAX];
    memcpy(before, d->length, sizeof before);
    for (int r = 0; r < d->reach; r++) {
        int count = 0; /* ancestors went at least as deep: the nodes that have range r come first */
        while (count < n && d->done[tree->node[path[count]].slot] > r) {
            from[count] = d->base + tree->node[path[count]].slot;
            count++;
        }
        if (count == 0)
            break;
        if (!d->shared) /* the target's cache has moved */
            k->kv_move(k, d->context->kv, draft_start(d, r), d->exit[r], from, count, d->base);
        d->length[r] = d->base + count;
        if (draft_has_own(d, r))
            k->kv_move(k, d->exit_kv, d->trained[r]->kv, d->trained[r]->kv + 1, from, count,
                       d->base);
        for (int i = 0; r == 0 && i < count; i++)
            d->tokens[d->base + i] = tree->node[path[i]].token;
    }
    for (int r = 1; r < d->reach; r++) {
        int row = before[r - 1] -
                  before[r]; /* 0 where any node went through: the waiting ones went along */
        for (int i = 0; i < n; i++) {
            int slot = tree->node[path[i]].slot;
            if (d->done[slot] == r)
                hidden_copy(d->context, d->pending[r] + row++ * H, d->hidden + slot * H, 1);
        }
    }
}
