/* tree_build.c - the draft tree: who is expanded, at which exit each node stops, and which nodes are
 * worth verifying.
 *
 * One step takes the most probable leaves as a batch, runs them exit by exit until each is
 * confident, and makes their best tokens candidates. Which candidates become nodes is decided at
 * the end: the best `nodes` of them by path probability (a fixed shape), or the prefix of that
 * order with the best forecast (automatic). Ranking by path probability keeps parents before
 * children.
 */
#include "engine/draft/draft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

/* p: of this exit, the deepest that knows of it. */
static void rate(const Draft *d, const Proposal *in, Candidate *c, float p, int exit)
{
    c->step = d->step;
    c->accept_prob = p;
    if (in->shape.automatic)
        c->accept_prob = fminf(calibration_at(&in->cost->accept[exit], c->depth, p), 1);
    c->path = d->grown.node[c->parent].path * c->accept_prob;
}

static void add_candidate(Draft *d, const Proposal *in, int parent, int token, float p, int exit)
{
    if (d->n_candidates == CANDIDATES_MAX)
        return;
    Candidate *c = &d->candidate[d->n_candidates++];
    *c = (Candidate){.parent = parent,
                     .token = token,
                     .depth = d->grown.node[parent].depth + 1,
                     .slot = -1,
                     .exit = exit,
                     .p = p};
    rate(d, in, c, p, exit);
}

/* A deeper exit of a node that has candidates already: they are rated by it, and its own best ones
 * join them. What it does not name is at most as likely as the last that it does. */
static void predict_again(Draft *d, const Proposal *in, int slot, int exit, const ExitPrediction *o,
                          int width)
{
    bool known[RANKED_MAX] = {0};
    if (o->n == 0)
        return;
    for (int i = 0; i < d->n_candidates; i++) {
        Candidate *c = &d->candidate[i];
        if (c->parent == slot) {
            int at = 0;
            while (at < o->n - 1 && o->ids[at] != c->token)
                at++;
            known[at] = known[at] || o->ids[at] == c->token;
            rate(d, in, c, o->p[at], exit);
        } else { /* parents come before their children */
            c->path = d->grown.node[c->parent].path * c->accept_prob;
        }
        if (c->slot >= 0)
            d->grown.node[c->slot].path = c->path;
    }
    for (int i = 0; i < o->n && i < width; i++)
        if (!known[i])
            add_candidate(d, in, slot, o->ids[i], o->p[i], exit);
}

static int undone_family(const Draft *d, uint64_t undecided, int r, int *slots)
{
    uint64_t family = 0;
    for (int slot = 0; slot < d->grown.n; slot++)
        if (undecided >> slot & 1)
            family |= tree_mask(&d->grown, slot);
    int n = 0;
    for (int slot = 0; slot < d->grown.n; slot++)
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

/* Runs the frontier from exit to exit; every node stops at the first one where it is confident and
 * leaves its candidates: the root always, others only above the threshold of their exit. By the
 * frontier rule they all stop together, with the most confident of them. The frontier's best node
 * comes first: in an automatic tree the others go deeper only along with it. */
static void evaluate(Draft *d, const Proposal *in, const int *frontier, int n_frontier, int width)
{
    uint64_t undecided = 0;
    for (int i = 0; i < n_frontier; i++)
        undecided |= UINT64_C(1) << frontier[i];

    d->step++;
    for (int r = 0; r < d->reach && undecided; r++) {
        int slots[NODES_MAX];
        int n = undone_family(d, undecided, r, slots);
        draft_range(d, r, slots, n, r == 0 && d->follows ? in->tokens : NULL, d->base);
        bool last = r == d->reach - 1;
        if (!draft_is_open(d, r))
            continue; /* its head is not even looked at */

        int asked[EXPAND_MAX], n_asked = 0;
        for (int slot = 0; slot < d->grown.n; slot++)
            if (undecided >> slot & 1)
                asked[n_asked++] = slot;
        int all = also_asked(d, slots, n, asked, n_asked);
        /* Two, so that a second opinion says how much less likely a token is that is not first. */
        int best = all > n_asked && width < 2 ? 2 : width;
        ExitPrediction predictions[EXPAND_MAX];
        exit_logits(d, r, asked, all);
        exit_predict(d, in->sampling, in->vocab, asked, all, best, predictions);
        float most = 0;
        for (int i = 0; i < all; i++) {
            const ExitPrediction *o = &predictions[i];
            TreeNode *node = &d->grown.node[asked[i]];
            if (o->n == 0)
                continue;
            most = fmaxf(most, o->confidence);
            node->visited[node->n_visited++] =
                (EventVisit){d->exit[r], o->likeliest, o->confidence};
        }
        for (int i = 0; i < all; i++) {
            const ExitPrediction *o = &predictions[i];
            bool sure = o->n > 0 && (d->by_frontier ? most : o->confidence) >= d->threshold[r];
            if (i >= n_asked) {
                predict_again(d, in, asked[i], r, o, width);
                continue;
            }
            if (!sure && !last)
                continue;
            undecided &= ~(UINT64_C(1) << asked[i]);
            for (int t = 0; t < o->n && t < width && (sure || asked[i] == 0); t++)
                add_candidate(d, in, asked[i], o->ids[t], o->p[t], r);
        }
        if (in->shape.automatic && !(undecided >> frontier[0] & 1))
            break;
    }
}

static int by_path(const void *a, const void *b)
{
    const Candidate *x = *(Candidate *const *)a, *y = *(Candidate *const *)b;
    if (x->path != y->path)
        return x->path > y->path ? -1 : 1;
    if (x->depth != y->depth)
        return x->depth - y->depth;
    return x < y ? -1 : 1;
}

static int rank_candidates(Draft *d, Candidate **ranked)
{
    for (int i = 0; i < d->n_candidates; i++)
        ranked[i] = &d->candidate[i];
    qsort(ranked, (size_t)d->n_candidates, sizeof *ranked, by_path);
    return d->n_candidates;
}

/* The prefix of the ranking with the best forecast; extra: path probabilities of children that one
 * more step would bring, merged in. Returns the number of nodes, *gain the forecast. */
static int best_prefix(const Draft *d, const Proposal *in, Candidate *const *ranked,
                       const float *extra, int n_extra, double draft_ms, double *gain)
{
    double tokens = 1, best = 0;
    int best_n = 0, i = 0, e = 0;
    for (int n = 1; n <= in->max_nodes; n++) {
        if (i < d->n_candidates && (e >= n_extra || ranked[i]->path >= extra[e]))
            tokens += ranked[i++]->path;
        else if (e < n_extra)
            tokens += extra[e++];
        else
            break;
        double g = cost_gain(in->cost, tokens, n + 1, draft_ms);
        if (g > best) {
            best = g;
            best_n = n;
        }
    }
    *gain = best;
    return best_n;
}

/* How many candidates to expand next; 0 = stop drafting. `open` are those that the last step
 * brought, best first. */
static int next_width(const Draft *d, const Proposal *in, Candidate *const *ranked,
                      Candidate *const *open, int n_open, int fixed, double spent_ms)
{
    if (!in->shape.automatic)
        return n_open < fixed ? n_open : fixed;
    double stop, go, best = 0;
    best_prefix(d, in, ranked, NULL, 0, spent_ms, &stop);
    float child = n_open == 0
                      ? 0
                      : calibration_at(&in->cost->accept[d->reach - 1], open[0]->depth + 1, 0.75f);
    float extra[EXPAND_MAX];
    int width = 0;
    for (int w = 1; w <= n_open && w <= fixed; w++) {
        extra[w - 1] = open[w - 1]->path * child;
        double step = curve_at(&in->cost->draft, w);
        best_prefix(d, in, ranked, extra, w, spent_ms + step, &go);
        if (go > stop && go > best) {
            best = go;
            width = w;
        }
    }
    return width;
}

static void build_tree(const Draft *d, Candidate **ranked, int n, Tree *tree)
{
    int index_of_slot[NODES_MAX];
    tree->n = 1;
    tree->node[0] = d->grown.node[0];
    tree->node[0].n_visited = 0;
    index_of_slot[0] = 0;
    int next_slot = d->grown.n;
    for (int depth = 1; depth <= DEPTH_MAX; depth++)
        for (int i = 0; i < n; i++) {
            const Candidate *c = ranked[i];
            if (c->depth != depth || (c->slot < 0 && next_slot == NODES_MAX))
                continue;
            const TreeNode *asked = &d->grown.node[c->parent];
            TreeNode *node = &tree->node[tree->n];
            *node = (TreeNode){.parent = index_of_slot[c->parent],
                               .token = c->token,
                               .depth = depth,
                               .slot = c->slot >= 0 ? c->slot : next_slot++,
                               .p = c->p,
                               .path = c->path,
                               .exit = d->exit[c->exit],
                               .n_visited = asked->n_visited};
            memcpy(node->visited, asked->visited, sizeof node->visited);
            index_of_slot[node->slot] = tree->n++;
        }
}

void draft_grow(Draft *d, const Proposal *in, Tree *tree)
{
    enum {
        AUTO_WIDTH = 4,
        EXPANDED_MAX = NODES_MAX / 2, /* the leaves of the final tree need slots too */
    };
    bool automatic = in->shape.automatic;
    int width = automatic && in->shape.width != 1 ? AUTO_WIDTH : in->shape.width;
    int depth_max = automatic || in->shape.depth > in->max_depth ? in->max_depth : in->shape.depth;
    int nodes = automatic || in->shape.nodes > in->max_nodes ? in->max_nodes : in->shape.nodes;
    width = width < EXPAND_MAX ? width : EXPAND_MAX;
    double start = clock_ms();

    d->n_candidates = d->step = 0;
    d->grown.n = 1;
    d->grown.node[0] = (TreeNode){.parent = -1, .token = in->tokens[in->n - 1], .path = 1};
    int frontier[EXPAND_MAX] = {0}, n_frontier = 1;
    Candidate *ranked[CANDIDATES_MAX];
    for (int depth = 1;; depth++) {
        double before = clock_ms();
        int behind = depth == 1 && d->follows ? d->base - d->length[0] : 0;
        evaluate(d, in, frontier, n_frontier, width);
        curve_add(&in->cost->draft, n_frontier + behind, clock_ms() - before);
        if (depth == depth_max)
            break;
        Candidate *open[CANDIDATES_MAX];
        int n_open = 0, n = rank_candidates(d, ranked);
        for (int i = 0; i < n; i++)
            if (ranked[i]->step == d->step && ranked[i]->slot < 0 && ranked[i]->depth < depth_max)
                open[n_open++] = ranked[i];
        int room = EXPANDED_MAX - d->grown.n;
        n_open = n_open < room ? n_open : room;
        n_frontier = next_width(d, in, ranked, open, n_open, width, clock_ms() - start);
        if (n_frontier == 0)
            break;
        for (int i = 0; i < n_frontier; i++) {
            open[i]->slot = d->grown.n;
            frontier[i] = d->grown.n;
            d->grown.node[d->grown.n++] = (TreeNode){.parent = open[i]->parent,
                                                     .token = open[i]->token,
                                                     .depth = open[i]->depth,
                                                     .slot = open[i]->slot,
                                                     .path = open[i]->path};
        }
    }
    int n = rank_candidates(d, ranked);
    if (automatic) {
        double gain;
        int best = best_prefix(d, in, ranked, NULL, 0, clock_ms() - start, &gain);
        n = best > 0 ? best : n > 0;
    } else {
        n = n < nodes ? n : nodes;
    }
    build_tree(d, ranked, n, tree);
}
