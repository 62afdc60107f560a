/* ngram.c - drafts without a model: what followed the last tokens when they were last seen in the
 * text; alone, or in one tree with a draft model's proposal.
 *
 * Prompt lookup decoding (Saxena 2023): looks for the longest earlier occurrence, 8 down to 2
 * tokens, of the text's end and proposes its continuation as a chain. Its probabilities are rough
 * starts; the cost model's calibration corrects them by what the target accepts.
 *
 * In a tree that is there already the chain goes along it as far as the tree says the same, and
 * branches off where it does not. Its nodes have gone through none of the model's layers, like
 * leaves: once accepted, the model reads them as it reads all text that it did not draft.
 */
#include "engine/draft/drafters.h"

#include <stdlib.h>

#include "kernels/common/clock.h"

enum { MATCH_MAX = 8, MATCH_MIN = 2, AUTO_DEPTH = 8 };

/* Start of the continuation of the latest earlier occurrence, or -1. Linear in the text's
 * length. */
static int find(const int *tokens, int n, int *matched)
{
    int best = -1;
    *matched = 0;
    for (int end = n - 1; end >= MATCH_MIN;
         end--) { /* tokens[end-1] is the last of the occurrence */
        int length = 0;
        while (length < MATCH_MAX && length < end &&
               tokens[end - 1 - length] == tokens[n - 1 - length])
            length++;
        if (length >= MATCH_MIN && length > *matched) {
            *matched = length;
            best = end;
            if (length == MATCH_MAX)
                break;
        }
    }
    return best;
}

/* Adds the chain to a tree of which spent_ms of drafting went before. Of an automatic shape it adds
 * what is forecast to pay; to a fixed one as many nodes as the shape is deep. Returns the
 * forecast's speed over plain decoding's; 0 = no chain, or no forecast. */
static double join_chain(const Proposal *in, Tree *tree, double spent_ms)
{
    int matched, from = find(in->tokens, in->n, &matched);
    if (from < 0)
        return 0;
    int depth = in->shape.automatic ? AUTO_DEPTH : in->shape.depth;
    if (!in->shape.automatic && in->shape.nodes < depth)
        depth = in->shape.nodes;
    depth = depth < in->max_depth ? depth : in->max_depth;
    float p = matched == MATCH_MAX ? 0.8f : matched >= 4 ? 0.65f : matched == 3 ? 0.55f : 0.45f;
    double tokens = 1, best;
    int keep = tree->n, slot = 0, node = 0;
    for (int i = 1; i < tree->n; i++) {
        tokens += tree->node[i].path;
        slot = tree->node[i].slot > slot ? tree->node[i].slot : slot;
    }
    best = cost_gain(in->cost, tokens, tree->n, spent_ms);
    for (int i = 0; i < depth && from + i < in->n; i++) {
        int token = in->tokens[from + i];
        int child = tree_child(tree, node, token);
        if (child >= 0) { /* proposed already */
            node = child;
            continue;
        }
        if (token >= in->vocab || tree->n > in->max_nodes || slot + 1 >= NODES_MAX)
            break;
        float path = tree->node[node].path * calibration_at(&in->cost->accept[EXITS_MAX], i + 1, p);
        slot++;
        tree->node[tree->n] = (TreeNode){
            .parent = node, .token = token, .depth = i + 1, .slot = slot, .p = p, .path = path};
        node = tree->n++;
        tokens += path;
        double gain = cost_gain(in->cost, tokens, tree->n, spent_ms);
        if (gain > best) {
            best = gain;
            keep = tree->n;
        }
    }
    if (in->shape.automatic && best > 0) /* 0: the costs are not known yet */
        tree->n = keep;
    return best;
}

static void start_tree(const Proposal *in, Tree *tree)
{
    tree->n = 1;
    tree->node[0] = (TreeNode){.parent = -1, .token = in->tokens[in->n - 1], .path = 1};
}

/* ---- alone ---- */

static int ngram_read(Drafter *d, const int *tokens, int n)
{
    (void)d, (void)tokens, (void)n;
    return 0;
}

static void ngram_propose(Drafter *d, const Proposal *in, Tree *tree)
{
    (void)d;
    start_tree(in, tree);
    join_chain(in, tree, 0);
}

static void ngram_accepted(Drafter *d, const Tree *tree, const int *path, int n)
{
    (void)d, (void)tree, (void)path, (void)n;
}

static void ngram_close(Drafter *d)
{
    free(d);
}

int ngram_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    (void)parts;
    Drafter *d = malloc(sizeof *d);
    if (d == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a drafter");
    *d = (Drafter){.behind = ngram_read,
                   .read = ngram_read,
                   .propose = ngram_propose,
                   .has_ngrams = true,
                   .accepted = ngram_accepted,
                   .close = ngram_close};
    *drafter = d;
    return 0;
}

/* ---- beside a model ---- */

typedef struct Joined {
    Drafter drafter; /* first member: the interface */
    Drafter *model;
    bool alone; /* the last tree is none of the model's */
} Joined;

static Drafter *model_of(Drafter *d)
{
    return ((Joined *)d)->model;
}

static int joined_behind(Drafter *d, const int *tokens, int n)
{
    int behind = model_of(d)->behind(model_of(d), tokens, n);
    return behind < 0 ? 0 : behind; /* there is the text itself, too */
}

static int joined_read(Drafter *d, const int *tokens, int n)
{
    return model_of(d)->read(model_of(d), tokens, n);
}

static void joined_measure(Drafter *d, int length, Curve *steps)
{
    model_of(d)->measure(model_of(d), length, steps);
}

/* Where the chain alone promises more than rounds have brought, the model is not even asked, nor
 * where that would take time and none is to be had. */
static void joined_propose(Drafter *d, const Proposal *in, Tree *tree)
{
    Joined *joined = (Joined *)d;
    double start = clock_ms();
    start_tree(in, tree);
    double gain = join_chain(in, tree, 0);
    joined->alone =
        in->ngrams_only || (in->shape.automatic && tree->n > 1 && gain > cost_speedup(in->cost));
    if (joined->alone)
        return;
    start_tree(in, tree);
    model_of(d)->propose(model_of(d), in, tree);
    d->no_number = model_of(d)->no_number;
    join_chain(in, tree, clock_ms() - start);
}

static void joined_accepted(Drafter *d, const Tree *tree, const int *path, int n)
{
    if (!((Joined *)d)->alone)
        model_of(d)->accepted(model_of(d), tree, path, n);
}

static void joined_close(Drafter *d)
{
    model_of(d)->close(model_of(d));
    free(d);
}

static int joined_trace(Drafter *d, const TraceRequest *in, ExitTrace *places)
{
    return model_of(d)->trace(model_of(d), in, places);
}

static void joined_trace_cost(Drafter *d, const TraceRequest *in, int times, ExitCost *cost)
{
    model_of(d)->trace_cost(model_of(d), in, times, cost);
}

int ngram_join(Drafter *model, Drafter **drafter, Err *err)
{
    Joined *joined = malloc(sizeof *joined);
    if (joined == NULL) {
        model->close(model);
        return err_set(err, EXIT_MEMORY, "no memory for a drafter");
    }
    *joined = (Joined){.drafter = {.behind = joined_behind,
                                   .read = joined_read,
                                   .measure = joined_measure,
                                   .propose = joined_propose,
                                   .accepted = joined_accepted,
                                   .close = joined_close,
                                   .has_ngrams = true,
                                   .trace = joined_trace,
                                   .trace_cost = joined_trace_cost},
                       .model = model};
    *drafter = &joined->drafter;
    return 0;
}

int ngram_nested_open(const DrafterParts *parts, Drafter **drafter, Err *err)
{
    Drafter *model;
    return nested_open(parts, &model, err) == 0 ? ngram_join(model, drafter, err) : -1;
}
