/* head_draft.h - inside the drafters that are heads of a target (engine/model/head.h): what they share,
 * and the table of their nets.
 *
 *   head_inputs.c     what the nets read
 *   head_eagle.c      EAGLE and EAGLE-3: token after token, each by the feature before it
 *   head_branches.c   Medusa and Hydra: a branch for each depth
 *   head_draft.c      as the session sees it: reading, proposing
 *
 * A head with a layer has a KV cache of its own, with a row for each feature of the target: row i is
 * made of the feature of place i and, in EAGLE's, the token behind it. The root is the token behind
 * the last feature there is, so its row is `base`, and a node's lies behind by its slot. Rows of
 * accepted nodes are made again in the next round, from true features, as the authors do: keys and
 * values never move.
 */
#ifndef S2D_ENGINE_DRAFT_HEAD_DRAFT_H
#define S2D_ENGINE_DRAFT_HEAD_DRAFT_H

#include "engine/draft/drafters.h"
#include "engine/draft/tree_build.h"
#include "engine/model/head.h"

typedef struct HeadDraft HeadDraft;

/* One kind's arithmetic. */
typedef struct HeadNet {
    /* Rows d->length … n - 1 of the text, n - d->length <= ROWS_MAX, into its cache. tokens: the text,
     * [n + 1]. Only of heads with a layer. */
    void (*read)(HeadDraft *d, const int *tokens, int n);
    /* What comes behind nodes of d->build.grown, all of one depth: logits of each to d->logits. The
     * root alone comes first, when rows before `base` are read. Returns how many rows those are: n, or
     * 1 for all of them; 0 = it says nothing at this depth. */
    int (*say)(HeadDraft *d, const int *slots, int n);
} HeadNet;

extern const HeadNet head_eagle, head_eagle3, head_medusa, head_hydra;

struct HeadDraft {
    Drafter drafter; /* first member: the interface */
    TreeBuild build;
    const HeadNet *net;
    Head *head;             /* not owned */
    Context *target;        /* whose features it reads */
    Context own;            /* of head->net, where the head has a layer */
    const float *threshold; /* [1] the session's */
    int exit[1];            /* what its nodes are told to come from */
    Sampler sampler;
    const float *logits; /* [EXPAND_MAX, scored] of the last `say` */
    bool narrow;         /* the round's tokens come from the head's short list */

    int *tokens; /* [slots] of the rows in the cache: the token of each */
    int length;  /* rows in the cache that true features made */
    int base;    /* the root's row: the last place that the target has read */

    float *embedded; /* [ROWS_MAX, H] embeddings of a batch's tokens */
    float *feature;  /* [ROWS_MAX, H] the other input of a batch */
    float *said;     /* [NODES_MAX, H] by slot: what came out of it, its children's feature */
    float *whole;    /* [EXPAND_MAX, V] EAGLE with a short list: scores by the target's own head */
    /* Of branches: the feature that all of them read, and rows on the way. */
    float *first;        /* [H] */
    float *sum, *turned; /* [EXPAND_MAX, H] */
    float *scores;       /* [EXPAND_MAX, scored] */
};

/* head_inputs.c. The target's features of places first …, as they were left. */
const float *head_features(const HeadDraft *d, int tap, int first);
/* Ids that the target's table of embeddings knows. */
void head_embed(HeadDraft *d, const int *tokens, int n, float *out);
/* The token of a node. */
int head_token(const HeadDraft *d, int slot);
/* out = or += W f(x) + bias for n rows; bias NULL = none; norm: the target's that f is, or NULL. */
void head_apply(HeadDraft *d, const Matrix *matrix, const float *bias, const float *norm,
                LinearMode mode, const float *x, int n, float *out);
/* A batch of the head's cache: n committed rows from `first` on, as a prompt's. Arrays: [n]. */
void head_rows(int first, int n, int *slot, int *prefix, uint64_t *mask, Batch *batch);

#endif
