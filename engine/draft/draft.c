/* draft.c - the nested-exits drafter: its layer ranges, their KV cache, and what waits between
 * them.
 *
 * S2D: Sorted Speculative Decoding (arXiv 2407.01955). Unlike the authors' code, which takes one
 * exit decision for a whole frontier, every node takes its own (tree_build.c), unless asked to do as they
 * do. Invariant between rounds: length[0] >= length[1] >= …, and pending[r] holds exactly the
 * residual streams of positions length[r] … length[r-1]-1.
 *
 * In the target's own cache (`self`) the committed text has its keys and values already. An exit's
 * own layer needs its residual stream again, so there too the draft reads what was committed, and
 * only leaves those keys and values as they are.
 */
#include "engine/draft/draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

static int range_start(const Draft *d, int r)
{
    return r == 0 ? 0 : d->exit[r - 1];
}

static size_t width(const Draft *d)
{
    return (size_t)d->context->model->config.hidden;
}

static int waiting(const Draft *d, int r)
{
    return r == 0 || !d->follows ? 0 : d->length[r - 1] - d->length[r];
}

bool draft_is_open(const Draft *d, int r)
{
    /* Where the whole vocabulary is scored, an exit that was trained on the list knows nothing. */
    bool foreign = d->trained[r] && d->context->model->short_head && !d->narrow;
    return r == d->ranges - 1 || (d->threshold[r] < 1.0f && !foreign);
}

bool draft_has_own(const Draft *d, int r)
{
    return d->trained[r] && d->trained[r]->own;
}

void draft_range(Draft *d, int r, const int *nodes, int n, const int *tokens, int n_tokens)
{
    Context *c = d->context;
    size_t H = width(d);
    int fresh = r == 0 && tokens ? n_tokens - d->length[0] : 0;
    int committed = r == 0 ? fresh : waiting(d, r);
    int total = committed + n;
    if (total == 0)
        return;
    assert(total <= ROWS_MAX);

    int slot[ROWS_MAX], prefix[ROWS_MAX], ids[ROWS_MAX];
    uint64_t mask[ROWS_MAX];
    Batch batch;
    tree_batch(&d->grown, nodes, n, d->base, slot + committed, prefix + committed, mask + committed,
               &batch);
    for (int i = 0; i < committed; i++) {
        slot[i] = d->length[r] + i;
        prefix[i] = slot[i] + 1;
        mask[i] = 0;
    }
    batch = (Batch){.n = total, .slot = slot, .prefix = prefix, .mask = mask, .base = d->base};
    if (r == 0) {
        for (int i = 0; i < committed; i++)
            ids[i] = tokens[d->length[0] + i];
        for (int i = 0; i < n; i++)
            ids[committed + i] = d->grown.node[nodes[i]].token;
    } else {
        hidden_copy(c, c->hidden, d->pending[r], committed);
        for (int i = 0; i < n; i++)
            hidden_copy(c, c->hidden + (committed + i) * H, d->hidden + nodes[i] * H, 1);
    }
    forward_kv_present(c, &batch, d->shared ? committed : 0, ids, range_start(d, r), d->exit[r]);

    if (d->follows && r + 1 < d->reach)
        hidden_copy(c, d->pending[r + 1] + waiting(d, r + 1) * H, c->hidden, committed);
    if (fresh > 0)
        memcpy(d->tokens + d->length[0], tokens + d->length[0], sizeof(int) * (size_t)fresh);
    d->length[r] += committed;
    for (int i = 0; i < n; i++) {
        hidden_copy(c, d->hidden + nodes[i] * H, c->hidden + (committed + i) * H, 1);
        d->done[nodes[i]] = r + 1;
    }
    if (!draft_has_own(d, r))
        return;
    /* Committed tokens are not asked, nor is anything where the exit is closed. */
    int kv_only = draft_is_open(d, r) ? committed : total;
    const Model *model = c->model;
    LayerPass pass = {.layer = d->trained[r]->own,
                      .kv = d->exit_kv,
                      .index = d->trained[r]->kv,
                      .kv_only = kv_only,
                      .next = d->narrow ? model->short_head : model->head};
    layer_forward(c, &pass, &batch);
    for (int i = 0; i < total - kv_only; i++)
        hidden_copy(c, d->said + nodes[i] * H, c->hidden + (committed + i) * H, 1);
}

/* How much of the cache is a prefix of the committed text still. tokens: [n] without the root. */
static int still_true(const Draft *d, const int *tokens, int n)
{
    int same = 0, known = d->length[0] < n ? d->length[0] : n;
    while (same < known && d->tokens[same] == tokens[same])
        same++;
    return same;
}

/* Forgets the rest. */
static void sync(Draft *d, const int *tokens, int n)
{
    int same = still_true(d, tokens, n);
    for (int r = 0; r < d->ranges; r++)
        if (d->length[r] > same)
            d->length[r] = same;
}

void draft_settle(Draft *d)
{
    int reach = drafter_reach(d->threshold, d->ranges);
    if (reach > d->reach) /* what was left out has to be read: again from where that begins */
        for (int r = 0; r < d->ranges; r++)
            d->length[r] = d->length[reach - 1];
    d->reach = reach;
}

/* One full batch through every range. */
static int draft_read(Drafter *drafter, const int *tokens, int n)
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

static int by_id(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Does the text keep to the short list? Each token that is not in it ends a path of the tree, so
 * where they are frequent (other languages, names) the whole head is worth its time. Special tokens
 * are the template's. */
static bool keeps_to_list(const Model *model, const int *tokens, int n)
{
    enum { RECENT = 64, STRAYS = RECENT / 8 };
    int strays = 0;
    for (int i = n > RECENT ? n - RECENT : 0; i < n; i++)
        strays += !bsearch(&tokens[i], model->short_ids, (size_t)model->n_short,
                           sizeof *model->short_ids, by_id) &&
                  !tokenizer_is_special(model->tokenizer, tokens[i]);
    return strays <= STRAYS;
}

void draft_begin(Draft *d, const int *tokens, int n)
{
    const Model *model = d->context->model;
    d->base = n - 1;
    memset(d->done, 0, sizeof d->done);
    draft_narrow(d, model->short_head && keeps_to_list(model, tokens, n));
}

void draft_narrow(Draft *d, bool narrow)
{
    const Model *model = d->context->model;
    d->narrow = narrow;
    d->sampler.tokens = d->narrow ? model->short_ids : NULL;
    d->sampler.device_tokens = d->narrow ? model->device_ids : NULL;
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

static int draft_behind(Drafter *drafter, const int *tokens, int n)
{
    Draft *d = (Draft *)drafter;
    if (!speaks(d, tokens, n))
        return -1;
    return d->follows ? n - 1 - still_true(d, tokens, n - 1) : 0;
}

void exit_logits(Draft *d, int r, const int *slots, int n)
{
    Context *c = d->context;
    size_t H = width(d);
    const float *stream = draft_has_own(d, r) ? d->said : d->hidden;
    for (int i = 0; i < n; i++)
        hidden_copy(c, c->hidden + i * H, stream + slots[i] * H, 1);
    head_of_exit(c, d->trained[r], d->narrow, c->hidden, n);
}

static void draft_propose(Drafter *drafter, const Proposal *in, Tree *tree)
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
            if (waiting(d, r) > PENDING_MAX - BEHIND_MAX)
                draft_range(d, r, NULL, 0, NULL, 0);
    }
    draft_grow(d, in, tree);
    uint64_t slots = 0; /* of what was expanded in vain: free, whoever adds to the tree */
    for (int i = 0; i < tree->n; i++)
        slots |= UINT64_C(1) << tree->node[i].slot;
    for (int slot = 0; slot < d->grown.n; slot++)
        if (!(slots >> slot & 1))
            d->done[slot] = 0;
    if (!d->shared)
        return;
    if (d->resume.hidden != d->hidden) /* verification goes on from its rows, in place */
        hidden_copy(d->context, d->resume.hidden, d->hidden, d->grown.n);
    for (int slot = 0; slot < NODES_MAX; slot++)
        d->resume.layer[slot] = d->done[slot] > 0 ? d->exit[d->done[slot] - 1] : 0;
}

static void draft_measure(Drafter *drafter, int length, Curve *steps)
{
    static const int COUNTS[] = {1, 1, 4}; /* the first pass touches memory for the first time */
    Draft *d = (Draft *)drafter;
    Context *c = d->context;
    draft_settle(d);
    d->base = d->shared ? length : d->length[0];
    for (int i = 0; i < 3; i++) {
        int n = COUNTS[i], slots[EXPAND_MAX];
        d->grown.n = n;
        for (int slot = 0; slot < n; slot++) {
            d->grown.node[slot] = (TreeNode){.parent = slot == 0 ? -1 : 0, .slot = slot};
            slots[slot] = slot;
        }
        double start = clock_ms();
        for (int r = 0; r < d->reach; r++)
            draft_range(d, r, slots, n, NULL, 0);
        head_of_exit(c, d->trained[d->reach - 1], c->model->short_head != NULL, c->hidden, n);
        c->model->kernels->wait(c->model->kernels);
        if (i > 0)
            curve_add(steps, n, clock_ms() - start);
    }
}

static void draft_accepted(Drafter *drafter, const Tree *tree, const int *path, int n)
{
    Draft *d = (Draft *)drafter;
    if (!d->follows)
        return;
    assert(d->length[0] == d->base);
    Kernels *k = d->context->model->kernels;
    size_t H = width(d);
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
            k->kv_move(k, d->context->kv, range_start(d, r), d->exit[r], from, count, d->base);
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

void draft_by_frontier(Drafter *drafter)
{
    ((Draft *)drafter)->by_frontier = true;
}

const Drafter draft_calls = {.behind = draft_behind,
                             .read = draft_read,
                             .measure = draft_measure,
                             .propose = draft_propose,
                             .accepted = draft_accepted,
                             .close = draft_close};
