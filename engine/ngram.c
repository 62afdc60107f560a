/* ngram.c - drafts without a model: what followed the last tokens when they were last seen in the
 * text.
 *
 * Prompt lookup decoding (Saxena 2023): looks for the longest earlier occurrence, 4 down to 2
 * tokens, of the text's end and proposes its continuation as a chain. Its probabilities are rough
 * starts; the cost model's calibration corrects them by what the target accepts.
 */
#include "drafter.h"

#include <stdlib.h>

enum { MATCH_MAX = 4, MATCH_MIN = 2, AUTO_DEPTH = 8 };

/* Start of the continuation of the latest earlier occurrence, or -1. Linear in the text's length.
 */
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

static int ngram_read(Drafter *d, const int *tokens, int n)
{
    (void)d, (void)tokens, (void)n;
    return 0;
}

static void ngram_propose(Drafter *d, const Proposal *in, Tree *tree)
{
    (void)d;
    int matched;
    int from = find(in->tokens, in->n, &matched);
    int depth = in->shape.automatic ? AUTO_DEPTH : in->shape.depth;
    int most = in->max_nodes;
    if (!in->shape.automatic && in->shape.nodes < most)
        most = in->shape.nodes;
    depth = depth < in->max_depth ? depth : in->max_depth;
    depth = depth < most ? depth : most;
    tree->n = 1;
    tree->node[0] = (TreeNode){.parent = -1, .token = in->tokens[in->n - 1], .path = 1};
    if (from < 0)
        return;
    float p = matched == MATCH_MAX ? 0.75f : matched == 3 ? 0.55f : 0.35f;
    float path = 1;
    double tokens = 1, best = 0;
    int keep = 0;
    for (int i = 0; i < depth && from + i < in->n; i++) {
        int token = in->tokens[from + i];
        if (token >= in->vocab)
            break;
        path *= calibration_at(&in->cost->accept[EXITS_MAX], i + 1, p);
        tree->node[tree->n] = (TreeNode){
            .parent = i, .token = token, .depth = i + 1, .slot = i + 1, .p = p, .path = path};
        tree->n++;
        tokens += path;
        double gain = cost_gain(in->cost, tokens, tree->n, 0);
        if (gain > best) {
            best = gain;
            keep = tree->n;
        }
    }
    if (in->shape.automatic && keep > 1)
        tree->n = keep;
}

static void ngram_accepted(Drafter *d, const Tree *tree, const int *path, int n)
{
    (void)d, (void)tree, (void)path, (void)n;
}

static void ngram_close(Drafter *d)
{
    free(d);
}

int ngram_open(Drafter **drafter, Err *err)
{
    Drafter *d = malloc(sizeof *d);
    if (d == NULL)
        return err_set(err, EXIT_MEMORY, "no memory for a drafter");
    *d = (Drafter){.behind = ngram_read,
                   .read = ngram_read,
                   .propose = ngram_propose,
                   .accepted = ngram_accepted,
                   .close = ngram_close};
    *drafter = d;
    return 0;
}
