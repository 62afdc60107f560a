/* draft.h - inside the nested-exits drafter: shared by draft.c (cache and layers), exit_head.c
 * (what exits say) and tree_build.c (the tree).
 *
 * The draft's layers are cut into ranges at its exits: range r is [exit[r-1], exit[r]). A token
 * that left at an exit has no keys and values in deeper ranges; its residual stream waits at the
 * door of the next range, and goes through it in one batch with the first later token that does
 * (at most PENDING_MAX rows).
 *
 * An exit may have a decoder layer of its own, trained for it: a branch, for what comes out of it
 * is only scored, and the next range takes the residual stream as it was. Every row that goes
 * through the exit's range leaves keys and values there too, in a cache of the draft's own, so the
 * two are always there for the same rows. The rest of that layer is computed for those rows only
 * that may be asked: nodes, and only while the exit is open (its threshold is below 1).
 */
#ifndef S2D_ENGINE_DRAFT_DRAFT_H
#define S2D_ENGINE_DRAFT_DRAFT_H

#include "engine/draft/drafters.h"
#include "engine/draft/tree_build.h"
#include "engine/draft/words.h"

enum { PENDING_MAX = 16 }; /* committed rows that may wait at one door */

/* Which exits are asked: a trace asks all of them, or none, for a while. */
typedef enum ExitsAsked { EXITS_BY_THRESHOLD, EXITS_ALL, EXITS_NONE } ExitsAsked;

typedef struct Draft {
    Drafter drafter; /* first member: the interface */
    Context own;     /* unused when shared */
    Context *context;
    bool shared;      /* the context is the target's, with keys and values of all committed text */
    bool by_frontier; /* one exit decision for a whole frontier */
    bool follows; /* reads committed text: always, but where the target's cache is all it needs */
    int ranges;
    int reach; /* of these are in use: behind an exit of threshold 0 nothing is ever read */
    int exit[EXITS_MAX];
    const Exit *trained[EXITS_MAX]; /* what was trained for each exit; NULL = nothing */
    const float *threshold;         /* [ranges] the session's, which changes them between rounds */
    ExitsAsked asked;
    KvCache *exit_kv; /* of the exits' own layers; NULL = there are none */

    int *tokens;               /* [slots] what the cache of range 0 holds */
    int length[EXITS_MAX];     /* committed tokens in the cache of each range; never increasing */
    float *pending[EXITS_MAX]; /* [PENDING_MAX + NODES_MAX, H] rows length[r] … length[r-1]-1, r >=
                                  1 */

    TreeBuild build;     /* the round's tree while it grows */
    int base;            /* committed tokens below it */
    int done[NODES_MAX]; /* by slot: ranges that the node went through */
    float *hidden;       /* [NODES_MAX, H] by slot: residual stream after those */
    float *said;         /* [NODES_MAX, H] by slot: the last one's own layer made this of it */
    bool narrow;         /* the round's tokens come from the model's short list */
    Words *words;        /* the target has another vocabulary (translated.c); NULL = the same one */
    int shift;           /* of the target's places against those that it reads */
    Sampler sampler;
    Resume resume;
} Draft;

/* translated.c: makes the draft one for a target with another vocabulary. On failure it is closed. */
int draft_translate(Draft *draft, Drafter **drafter, Err *err);

/* draft.c: what Drafter's functions of these names do. */
int draft_behind(Drafter *drafter, const int *tokens, int n);
int draft_read(Drafter *drafter, const int *tokens, int n);
void draft_measure(Drafter *drafter, int length, Curve *steps);
void draft_propose(Drafter *drafter, const Proposal *in, Tree *tree);
void draft_accepted(Drafter *drafter, const Tree *tree, const int *path, int n);

/* draft_layers.c: the layer that range r begins with, floats of a row, and rows at r's door. */
int draft_start(const Draft *d, int r);
size_t draft_width(const Draft *d);
int draft_waiting(const Draft *d, int r);

/* Runs nodes of d->build.grown (slots, ascending) and whatever waits at its door through range r. For
 * range 0, `tokens` names committed tokens length[0] … n_tokens-1 that go along. */
void draft_range(Draft *d, int r, const int *nodes, int n, const int *tokens, int n_tokens);

/* Before a round's first range: its nodes lie behind tokens[n - 1], the root. */
void draft_begin(Draft *d, const int *tokens, int n);

/* Whether the short list's tokens only are scored; draft_begin decides that by the text. */
void draft_narrow(Draft *d, bool narrow);

/* Takes the thresholds as they are now. Where they reach deeper than before, the draft is
 * behind. */
void draft_settle(Draft *d);

/* What exit r says of nodes that went through range r, n <= EXPAND_MAX: d->context->logits, of the
 * short list's tokens if d->narrow. */
void exit_logits(Draft *d, int r, const int *slots, int n);

/* Is the exit ever asked, and has it a layer of its own? */
bool draft_is_open(const Draft *d, int r);
bool draft_has_own(const Draft *d, int r);

/* exit_head.c: of the nodes that exit_logits was called for, at most `count` <= RANKED_MAX tokens each,
 * with ids below `limit`. */
void exit_predict(Draft *d, const Sampling *sampling, int limit, const int *slots, int n, int count,
                  Prediction *predictions);

/* exit_trace.c: a draft's part of the interface. */
int draft_trace(Drafter *drafter, const TraceRequest *in, ExitTrace *places);
void draft_trace_cost(Drafter *drafter, const TraceRequest *in, int times, ExitCost *cost);

/* exit_walk.c: what TreeBuild calls. Runs the frontier from exit to exit; every node stops at the first
 * one where it is confident and leaves its candidates: the root always, others only above the
 * threshold of their exit. By the frontier rule they all stop together, with the most confident of
 * them. The frontier's best node comes first: in an automatic tree the others go deeper only along
 * with it. */
void draft_expand(TreeBuild *build, const Proposal *in, const int *frontier, int n_frontier,
                  int width);

#endif
