/* exit_walk.c - from exit to exit: at which of them each node of a step stops, and what it leaves
 * there as candidates (tree_build.h).
 */
#include <math.h>

#include "engine/draft/draft.h"
#include "kernels/common/clock.h"

static int undone_family(const Draft *d, uint64_t undecided, int r, int *slots)
{
    uint64_t family = 0;
    for (int slot = 0; slot < d->build.grown.n; slot++)
        if (undecided >> slot & 1)
            family |= tree_mask(&d->build.grown, slot);
    int n = 0;
    for (int slot = 0; slot < d->build.grown.n; slot++)
        if (family >> slot & 1 && d->done[slot] == r)
            slots[n++] = slot;
    return n;
}

/* Nodes that went through range r along with undecided ones, though they had left before: what the
 * exit says of them costs next to nothing now. Appends them to asked; returns how many there
 * are. */
static int also_asked(const Draft *d, const int *slots, int n, int *asked, int n_asked)
{
    int all = n_asked;
    for (int i = 0; i < n && all < EXPAND_MAX && !d->by_frontier; i++) {
        bool is_asked = false;
        for (int a = 0; a < n_asked; a++)
            is_asked = is_asked || asked[a] == slots[i];
        if (!is_asked)
            asked[all++] = slots[i];
    }
    return all;
}

/* What exit r says of the undecided nodes, and of those that went along: slots[n]. Returns which of the
 * former it was not sure of. */
static uint64_t ask_exit(TreeBuild *build, const Proposal *in, int r, const int *slots, int n,
                         uint64_t undecided, int width)
{
    Draft *d = build->user;
    bool last = r == d->reach - 1;
    int asked[EXPAND_MAX], n_asked = 0;
    for (int slot = 0; slot < d->build.grown.n; slot++)
        if (undecided >> slot & 1)
            asked[n_asked++] = slot;
    int all = also_asked(d, slots, n, asked, n_asked);
    /* Two, so that a second opinion says how much less likely a token is that is not first. */
    int best = all > n_asked && width < 2 ? 2 : width;
    Prediction predictions[EXPAND_MAX];
    exit_logits(d, r, asked, all);
    exit_predict(d, in->sampling, in->vocab, asked, all, best, predictions);
    float most = 0;
    for (int i = 0; i < all; i++) {
        const Prediction *o = &predictions[i];
        TreeNode *node = &d->build.grown.node[asked[i]];
        if (o->n == 0)
            continue;
        most = fmaxf(most, o->confidence);
        node->visited[node->n_visited++] = (EventVisit){d->exit[r], o->likeliest, o->confidence};
    }
    for (int i = 0; i < all; i++) {
        const Prediction *o = &predictions[i];
        bool sure = o->n > 0 && (d->by_frontier ? most : o->confidence) >= d->threshold[r];
        if (i >= n_asked) {
            tree_rate_again(&d->build, in, asked[i], r, o, width);
            continue;
        }
        if (!sure && !last)
            continue;
        undecided &= ~(UINT64_C(1) << asked[i]);
        for (int t = 0; t < o->n && t < width && (sure || asked[i] == 0); t++)
            tree_add(&d->build, in, asked[i], o->ids[t], o->p[t], r);
    }
    return undecided;
}

void draft_expand(TreeBuild *build, const Proposal *in, const int *frontier, int n_frontier,
                  int width)
{
    Draft *d = build->user;
    uint64_t undecided = 0;
    for (int i = 0; i < n_frontier; i++)
        undecided |= UINT64_C(1) << frontier[i];

    d->build.step++;
    for (int r = 0; r < d->reach && undecided; r++) {
        int slots[NODES_MAX];
        double start = clock_ms();
        int n = undone_family(d, undecided, r, slots);
        draft_range(d, r, slots, n, r == 0 && d->follows ? in->tokens : NULL, d->base);
        if (draft_is_open(d, r)) /* else its head is not even looked at */
            undecided = ask_exit(build, in, r, slots, n, undecided, width);
        exit_time_add(in, r, start);
        if (in->shape.automatic && !(undecided >> frontier[0] & 1))
            break;
    }
}
