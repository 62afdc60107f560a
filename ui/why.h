/* why.h - one round explained: what follows from its event, without drawing.
 *
 * A node's `visited` is what exits said of the place behind its parent. The parent left at the first
 * of them that was confident enough; deeper ones may have been asked after it, along with others.
 */
#ifndef S2D_UI_WHY_H
#define S2D_UI_WHY_H

#include "ui/rounds.h"

/* The round's tree in the order in which it is shown: depth first, the accepted path first. */
typedef struct WhyTree {
    const EventRound *round;
    int order[NODES_MAX]; /* indices of nodes */
    int n;
    int last;   /* id of the last accepted node, 0 = the root */
    int n_path; /* accepted nodes: they come first in `order` */
} WhyTree;

typedef enum WhyFate {
    WHY_ACCEPTED,
    WHY_REFUSED, /* the target said otherwise */
    WHY_END,     /* right, and the answer ended with it: it counts as the target's own */
    WHY_UNREAD,  /* its parent was not accepted */
} WhyFate;

void why_tree(WhyTree *tree, const EventRound *round);
WhyFate why_fate(const WhyTree *tree, const EventNode *node);

/* Layer of the exit at which the node's parent left; 0 = no model proposed the node. */
int why_left(const RoundFacts *facts, const EventRound *round, const EventNode *node);
/* What that exit said; NULL = it was not asked. */
const EventVisit *why_visit(const EventNode *node, int exit);
/* Text of a token that the round knows; NULL = it does not. */
const char *why_word(const EventRound *round, int token);

/* Time of a round in ms. */
typedef struct WhyTime {
    double sum;
    double drafting_rest; /* of draft_ms what no exit took; where no exit is timed, all of it */
    double rest;          /* accept and other */
    int tokens;           /* committed */
    double plain;         /* what plain decoding takes for these; 0 = not measured */
    double saved;         /* plain - sum; where nothing was drafted or plain is not known, 0 */
    bool gains;           /* there is something to set against plain */
} WhyTime;

WhyTime why_time(const EventRound *round, double plain_ms);

/* What had come of the round if a node's parent had left at another exit that was asked. */
typedef struct WhyIf {
    int exit;  /* layer; 0 = had nothing been proposed there */
    int token; /* that it had in mind; -1 = none */
    float p;
    bool right;    /* it is what the target said there */
    bool unread;   /* the target never came there: nothing else had come */
    int tokens;    /* that the round would have committed */
    bool at_least; /* perhaps more */
    bool exact;    /* else an estimate: another tree might have grown */
} WhyIf;

enum { WHY_IFS = EXITS_MAX + 1 };

/* Returns how many there are. Where tokens are drawn nothing is known: exits tell what they held
 * for likeliest, not what they would have drawn. */
int why_ifs(const RoundFacts *facts, const WhyTree *tree, const EventNode *node,
            WhyIf ifs[WHY_IFS]);

#endif
