/* compare_state.h - inside a comparison: its two sides, for compare_sides.c (opens, swaps and closes them),
 * compare.c (one text by two settings) and compare_targets.c (a text for each of two targets).
 */
#ifndef S2D_ENGINE_SESSION_COMPARE_STATE_H
#define S2D_ENGINE_SESSION_COMPARE_STATE_H

#include "engine/session/session_state.h"

enum { BLOCK_TOKENS = 16 }; /* of a block, at least */

/* What a session answers by. */
typedef struct Setting {
    Drafter *drafter; /* NULL = plain */
    DraftConfig asked, drafting;
    TreeShape tree;
    Cost cost;
} Setting;

typedef struct Side {
    Session *session; /* both sides' where they have one target */
    Setting setting;
    Setting own; /* what the session had before, its mode and tuner with it */
    SpecMode spec;
    Tuner tuner;
    int left;                             /* tokens that its answer may still get */
    int tokens[BLOCK_TOKENS + NODES_MAX]; /* of the last block, of one text */
    int n;
    bool over; /* the answer ended in it */
} Side;

typedef struct Compare {
    Side sides[2];
    int pairs; /* with the one that warms up */
    EventCompare said;
    const int *other_prompt; /* [n_other_prompt] of the side that is not kept */
    int n_other_prompt;
    int matched[2]; /* where the two texts are alike up to: a token of each answer, */
    int bytes[2];   /* and a byte of it */
    bool stopped;
} Compare;

/* A comparison with side `which` answered by `session`, as it is now. -1 = the side cannot be had;
 * compare_close all the same. */
int compare_open_side(Compare *c, int which, Session *session, const CompareSide *asked, Err *err);
/* What is known of the pairs is taken out: to be called when both are open. */
void compare_learn(Compare *c);
/* Both sessions have back what they had, and the comparison is freed. */
void compare_close(Compare *c);

/* The side's setting is the session's from now on, and back. */
void compare_put_on(Side *side);
void compare_take_cost(Side *side);

/* Its block is counted, from what the session's totals were before. */
void compare_count(Compare *c, int which, const EventStats *before);

#endif
