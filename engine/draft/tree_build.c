/* tree_build.c - the draft tree: who is expanded, and which nodes are worth verifying.
 *
 * One step takes the most probable leaves as a batch and makes what the drafter says of them
 * candidates. Which candidates become nodes is decided at the end: the best `nodes` of them by path
 * probability (a fixed shape), or the prefix of that order with the best forecast (automatic).
 * Ranking by path probability keeps parents before children.
 */
#include "engine/draft/tree_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/common/clock.h"

/* p: of this exit, the deepest that knows of it. */
static void rate(const TreeBuild *b, const Proposal *in, Candidate *c, float p, int exit)
{
    c->step = b->step;
    c->accept_prob = p;
    if (in->shape.automatic)
        c->accept_prob = fminf(calibration_at(&in->cost->accept[exit], c->depth, p), 1);
    c->path = b->grown.node[c->parent].path * c->accept_prob;
}

void tree_add(TreeBuild *b, const Proposal *in, int parent, int token, float p, int exit)
{
    if (b->n_candidates == CANDIDATES_MAX)
        return;
    Candidate *c = &b->candidate[b->n_candidates++];
    *c = (Candidate){.parent = parent,
                     .token = token,
                     .depth = b->grown.node[parent].depth + 1,
                     .slot = -1,
                     .exit = exit,
                     .p = p};
    rate(b, in, c, p, exit);
}

/* A deeper exit of a node that has candidates already: they are rated by it, and its own best ones
 * join them. What it does not name is at most as likely as the last that it does. */
void tree_rate_again(TreeBuild *b, const Proposal *in, int slot, int exit, const Prediction *o,
                     int width)
{
    bool known[RANKED_MAX] = {0};
    if (o->n == 0)
        return;
    for (int i = 0; i < b->n_candidates; i++) {
        Candidate *c = &b->candidate[i];
        if (c->parent == slot) {
            int at = 0;
            while (at < o->n - 1 && o->ids[at] != c->token)
                at++;
            known[at] = known[at] || o->ids[at] == c->token;
            rate(b, in, c, o->p[at], exit);
        } else { /* parents come before their children */
            c->path = b->grown.node[c->parent].path * c->accept_prob;
        }
        if (c->slot >= 0)
            b->grown.node[c->slot].path = c->path;
    }
    for (int i = 0; i < o->n && i < width; i++)
        if (!known[i])
            tree_add(b, in, slot, o->ids[i], o->p[i], exit);
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

static int rank_candidates(TreeBuild *b, Candidate **ranked)
{
    for (int i = 0; i < b->n_candidates; i++)
        ranked[i] = &b->candidate[i];
    qsort(ranked, (size_t)b->n_candidates, sizeof *ranked, by_path);
    return b->n_candidates;
}

/* The prefix of the ranking with the best forecast; extra: path probabilities of children that one
 * more step would bring, merged in. Returns the number of nodes, *gain the forecast. */
static int best_prefix(const TreeBuild *b, const Proposal *in, Candidate *const *ranked,
                       const float *extra, int n_extra, double draft_ms, double *gain)
{
    double tokens = 1, best = 0;
    int best_n = 0, i = 0, e = 0;
    for (int n = 1; n <= in->max_nodes; n++) {
        if (i < b->n_candidates && (e >= n_extra || ranked[i]->path >= extra[e]))
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
static int next_width(const TreeBuild *b, const Proposal *in, Candidate *const *ranked,
                      Candidate *const *open, int n_open, int fixed, double spent_ms)
{
    if (!in->shape.automatic)
        return n_open < fixed ? n_open : fixed;
    double stop, go, best = 0;
    best_prefix(b, in, ranked, NULL, 0, spent_ms, &stop);
    float child = n_open == 0 ? 0
                              : calibration_at(&in->cost->accept[b->forecast_exit],
                                               open[0]->depth + 1, 0.75f);
    float extra[EXPAND_MAX];
    int width = 0;
    for (int w = 1; w <= n_open && w <= fixed; w++) {
        extra[w - 1] = open[w - 1]->path * child;
        double step = curve_at(&in->cost->draft, w);
        best_prefix(b, in, ranked, extra, w, spent_ms + step, &go);
        if (go > stop && go > best) {
            best = go;
            width = w;
        }
    }
    return width;
}

void tree_finish(const TreeBuild *b, Candidate *const *ranked, int n, Tree *tree)
{
    int index_of_slot[NODES_MAX];
    tree->n = 1;
    tree->node[0] = b->grown.node[0];
    tree->node[0].n_visited = 0;
    index_of_slot[0] = 0;
    int next_slot = b->grown.n;
    for (int depth = 1; depth <= DEPTH_MAX; depth++)
        for (int i = 0; i < n; i++) {
            const Candidate *c = ranked[i];
            if (c->depth != depth || (c->slot < 0 && next_slot == NODES_MAX))
                continue;
            const TreeNode *asked = &b->grown.node[c->parent];
            TreeNode *node = &tree->node[tree->n];
            *node = (TreeNode){.parent = index_of_slot[c->parent],
                               .token = c->token,
                               .depth = depth,
                               .slot = c->slot >= 0 ? c->slot : next_slot++,
                               .p = c->p,
                               .path = c->path,
                               .exit = b->exit[c->exit],
                               .n_visited = asked->n_visited};
            memcpy(node->visited, asked->visited, sizeof node->visited);
            index_of_slot[node->slot] = tree->n++;
        }
}

void tree_begin(TreeBuild *b, const Proposal *in)
{
    b->n_candidates = b->step = 0;
    b->grown.n = 1;
    b->grown.node[0] = (TreeNode){.parent = -1, .token = in->tokens[in->n - 1], .path = 1};
}

int tree_grow(TreeBuild *b, Candidate *c)
{
    c->slot = b->grown.n++;
    b->grown.node[c->slot] = (TreeNode){.parent = c->parent,
                                        .token = c->token,
                                        .depth = c->depth,
                                        .slot = c->slot,
                                        .path = c->path};
    return c->slot;
}

void tree_build(TreeBuild *b, const Proposal *in, Tree *tree)
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
    const Kernels *k = b->kernels;
    double start = kernels_ms(k);

    tree_begin(b, in);
    int frontier[EXPAND_MAX] = {0}, n_frontier = 1;
    Candidate *ranked[CANDIDATES_MAX];
    for (int depth = 1;; depth++) {
        double before = kernels_ms(k);
        b->expand(b, in, frontier, n_frontier, width);
        curve_add(&in->cost->draft, n_frontier + (depth == 1 ? b->behind : 0),
                  kernels_ms(k) - before);
        if (depth == depth_max)
            break;
        Candidate *open[CANDIDATES_MAX];
        int n_open = 0, n = rank_candidates(b, ranked);
        for (int i = 0; i < n; i++)
            if (ranked[i]->step == b->step && ranked[i]->slot < 0 && ranked[i]->depth < depth_max)
                open[n_open++] = ranked[i];
        int room = EXPANDED_MAX - b->grown.n;
        n_open = n_open < room ? n_open : room;
        n_frontier = next_width(b, in, ranked, open, n_open, width, kernels_ms(k) - start);
        if (n_frontier == 0)
            break;
        for (int i = 0; i < n_frontier; i++)
            frontier[i] = tree_grow(b, open[i]);
    }
    int n = rank_candidates(b, ranked);
    if (automatic) {
        double gain;
        int best = best_prefix(b, in, ranked, NULL, 0, kernels_ms(k) - start, &gain);
        n = best > 0 ? best : n > 0;
    } else {
        n = n < nodes ? n : nodes;
    }
    tree_finish(b, ranked, n, tree);
}

void exit_time_add(const Proposal *in, int exit, double start)
{
    if (in->times == NULL)
        return;
    in->times[exit].passes++;
    in->times[exit].ms += clock_ms() - start;
}

void tree_time_steps(Kernels *k, void (*step)(void *user, int n), void *user, Curve *steps)
{
    /* The first pass touches memory for the first time. Of two, one may meet a busy moment or be
     * stopped: the faster one counts. */
    static const int COUNTS[] = {1, 1, 1, 4, 4};
    double first = 0;
    for (int i = 0; i < 5; i++) {
        double start = kernels_ms(k);
        step(user, COUNTS[i]);
        k->wait(k);
        double ms = kernels_ms(k) - start;
        if (i > 0 && i % 2 == 0)
            curve_add(steps, COUNTS[i], ms < first ? ms : first);
        first = ms;
    }
}
