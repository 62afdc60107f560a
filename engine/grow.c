/* grow.c - the draft tree: who is expanded, at which exit each node stops, and which nodes are
 * worth verifying.
 *
 * One step takes the most probable leaves as a batch, runs them exit by exit until each is
 * confident, and makes their best tokens candidates. Which candidates become nodes is decided at
 * the end: the best `nodes` of them by path probability (a fixed shape), or the prefix of that
 * order with the best forecast (automatic). Ranking by path probability keeps parents before
 * children.
 */
#include "draft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* The children of one decided node: the draft ranks them with the target's own noise. */
static void add_candidates(Draft *d, const Proposal *in, int slot, const Draws *draws, int row,
                           const int *top_ids, const float *top, float log_sum, int width)
{
    int ids[RANKED_MAX], n = width;
    float p[RANKED_MAX];
    const TreeNode *parent = &d->grown.node[slot];
    if (in->sampling->temperature <= 0) {
        for (int i = 0; i < n; i++) {
            ids[i] = top_ids[i];
            p[i] = expf(top[i] - log_sum);
        }
    } else {
        /* How far the winner is ahead says how surely another model with the same noise picks it.
         */
        n = draws_row(draws, row, ids, p);
        float best = p[0], sum = 0;
        for (int i = 0; i < n; i++)
            sum += p[i] = expf(p[i] - best);
        for (int i = 0; i < n; i++)
            p[i] /= sum;
        n = n < width ? n : width;
    }
    int exit = d->eval_exit[slot];
    for (int i = 0; i < n && d->n_candidates < CANDIDATES_MAX; i++) {
        float rank = in->shape.automatic
                         ? calibration_at(&in->cost->accept[exit], parent->depth + 1, p[i])
                         : p[i];
        rank = rank < 1.0f ? rank : 1.0f;
        d->candidate[d->n_candidates++] = (Candidate){.parent = slot,
                                                      .token = ids[i],
                                                      .depth = parent->depth + 1,
                                                      .slot = -1,
                                                      .p = p[i],
                                                      .path = parent->path * rank};
    }
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

/* What an exit says of one node. */
typedef struct Opinion {
    int ids[RANKED_MAX];
    float top[RANKED_MAX], log_sum, confidence;
} Opinion;

/* Runs the frontier from exit to exit; every node stops at the first one where it is confident and
 * leaves its candidates: the root always, others only above the threshold of their exit. By the
 * frontier rule they all stop together, with the most confident of them. */
static void evaluate(Draft *d, const Proposal *in, const int *frontier, int n_frontier, int width)
{
    Context *c = d->context;
    Kernels *k = c->model->kernels;
    int stride = d->narrow ? c->model->n_short : c->model->config.vocab;
    int vocab = sampler_places(&d->sampler, stride, in->vocab);
    const int *tokens = d->sampler.tokens;
    width = width < vocab ? width : vocab;
    int best = in->sampling->temperature > 0 ? 1 : width; /* else candidates are drawn */
    Draws draws;
    DrawRows rows = {.logits = c->logits, .stride = stride, .vocab = vocab, .count = RANKED_MAX};
    uint64_t undecided = 0;
    for (int i = 0; i < n_frontier; i++)
        undecided |= UINT64_C(1) << frontier[i];

    for (int r = 0; r < d->ranges && undecided; r++) {
        int slots[NODES_MAX];
        int n = undone_family(d, undecided, r, slots);
        draft_range(d, r, slots, n, r == 0 && d->follows ? in->tokens : NULL, d->base);
        bool last = r == d->ranges - 1;
        if (!draft_is_open(d, r))
            continue; /* its head is not even looked at */

        int asked[EXPAND_MAX], n_asked = 0;
        for (int slot = 0; slot < d->grown.n; slot++)
            if (undecided >> slot & 1) {
                rows.position[n_asked] = in->n + d->grown.node[slot].depth;
                asked[n_asked++] = slot;
            }
        rows.n = n_asked;
        draft_ask(d, r, asked, n_asked);
        draws_open(&draws, &d->sampler, k, &rows, in->sampling);
        Opinion opinion[EXPAND_MAX];
        float most = 0;
        for (int i = 0; i < n_asked; i++) {
            Opinion *o = &opinion[i];
            TreeNode *node = &d->grown.node[asked[i]];
            k->top(k, c->logits + (size_t)i * stride, 1, vocab, best, o->ids, o->top, &o->log_sum);
            for (int t = 0; tokens && t < best; t++)
                o->ids[t] = tokens[o->ids[t]];
            o->confidence = expf(o->top[0] - o->log_sum);
            most = fmaxf(most, o->confidence);
            node->visited[node->n_visited++] = (EventVisit){d->exit[r], o->ids[0], o->confidence};
        }
        for (int i = 0; i < n_asked; i++) {
            const Opinion *o = &opinion[i];
            bool sure = (d->by_frontier ? most : o->confidence) >= d->threshold[r];
            if (!sure && !last)
                continue;
            undecided &= ~(UINT64_C(1) << asked[i]);
            d->eval_exit[asked[i]] = r;
            if (sure || asked[i] == 0)
                add_candidates(d, in, asked[i], &draws, i, o->ids, o->top, o->log_sum, width);
        }
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

/* How many of the deepest candidates to expand next; 0 = stop drafting. `open` are they, best
 * first. */
static int next_width(const Draft *d, const Proposal *in, Candidate *const *ranked,
                      Candidate *const *open, int n_open, int fixed, double spent_ms)
{
    if (!in->shape.automatic)
        return n_open < fixed ? n_open : fixed;
    double stop, go, best = 0;
    best_prefix(d, in, ranked, NULL, 0, spent_ms, &stop);
    float child = n_open == 0
                      ? 0
                      : calibration_at(&in->cost->accept[d->ranges - 1], open[0]->depth + 1, 0.75f);
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
                               .exit = d->exit[d->eval_exit[c->parent]],
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

    d->n_candidates = 0;
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
            if (ranked[i]->depth == depth)
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
                                                     .depth = depth,
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
