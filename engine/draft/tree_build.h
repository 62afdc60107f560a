/* tree_build.h - grows a draft tree step by step, whatever says which tokens come next.
 *
 *   tree_build -> expand (the drafter: what it says of some nodes, by tree_add) -> … -> Tree
 */
#ifndef S2D_ENGINE_DRAFT_TREE_BUILD_H
#define S2D_ENGINE_DRAFT_TREE_BUILD_H

#include "engine/decode/drafter.h"
#include "engine/draft/predict.h"

enum {
    EXPAND_MAX = 16, /* nodes that one drafting step looks at */
    CANDIDATES_MAX = 256,
};

/* No tree may want more of a node than is ranked. */
_Static_assert((int)TREE_WIDTH_MAX <= (int)RANKED_MAX, "children of a node");

/* A token that could become a node: not expanded unless it has a slot. */
typedef struct Candidate {
    int parent; /* slot of the expanded parent */
    int token;
    int depth;
    int slot; /* -1 = not expanded */
    int exit; /* index of the one that proposed it, and said p */
    int step; /* of growing, in which it came or was rated anew: what can be expanded next */
    float p, accept_prob, path;
} Candidate;

typedef struct TreeBuild TreeBuild;
struct TreeBuild {
    /* Calls tree_add for what is proposed under each node of the frontier (slots of `grown`, the
     * most probable first), at most `width` tokens each, the best first. */
    void (*expand)(TreeBuild *build, const Proposal *in, const int *frontier, int n, int width);
    void *user;
    const Kernels *kernels;   /* whose time it is */
    const int *exit;          /* by index of an exit: what nodes call it */
    const char *const *paths; /* of a published tree (tree_static.h); NULL = there is none */
    int forecast_exit;        /* index of the one whose acceptance forecasts a further step */
    int behind;               /* rows of committed text that go along with the first step */

    Tree grown; /* node index = slot, expanded nodes only */
    int step;
    Candidate candidate[CANDIDATES_MAX];
    int n_candidates;
};

/* Fills `tree` from the root on. */
void tree_build(TreeBuild *build, const Proposal *in, Tree *tree);

/* From the candidates that are worth it, parents before children, to the tree that is verified. */
void tree_finish(const TreeBuild *build, Candidate *const *chosen, int n, Tree *tree);

/* The root alone, nothing said yet. */
void tree_begin(TreeBuild *build, const Proposal *in);
/* The candidate becomes a node that can be expanded. Returns its slot. */
int tree_grow(TreeBuild *build, Candidate *candidate);

/* A token under node `parent` (its slot), of which exit `exit` said p. */
void tree_add(TreeBuild *build, const Proposal *in, int parent, int token, float p, int exit);

/* A deeper exit of a node that has candidates already. */
void tree_rate_again(TreeBuild *build, const Proposal *in, int slot, int exit,
                     const Prediction *prediction, int width);

/* Notes that exit `exit`, by index, ran from start (clock_ms) until now. */
void exit_time_add(const Proposal *in, int exit, double start);

/* What Drafter.measure tells: the time of steps over 1 and over 4 nodes. */
void tree_time_steps(Kernels *kernels, void (*step)(void *user, int n), void *user, Curve *steps);

#endif
