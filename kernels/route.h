/* route.h - which experts the rows of a batch go through, and with what weight.
 *
 *   the router's logits -> the best of each row, softmax over them -> pairs (row, expert), all
 *   of an expert together
 *
 * A row's picks depend on its own logits alone. (Softmax over all, the best of it, and what they
 * are made to add up to 1 again: that is softmax over the best.)
 */
#ifndef S2D_KERNELS_ROUTE_H
#define S2D_KERNELS_ROUTE_H

#include "kernels/kernels.h"

/* Pairs are numbered by expert, then by row. */
typedef struct Route {
    int picks, pairs;                   /* of each row, of all */
    int active, expert[EXPERTS_MAX];    /* those that some row goes through, ascending */
    int first[EXPERTS_MAX + 1];         /* active one's first pair; then how many pairs there are */
    int row[ROWS_MAX * PICKS_MAX];      /* of a pair */
    float weight[ROWS_MAX * PICKS_MAX]; /* of a pair */
    int pair[ROWS_MAX * PICKS_MAX];     /* [row][picks] */
    int place[ROWS_MAX * PICKS_MAX];    /* [row][picks] which of the active experts */
} Route;

/* The `picks` largest of a row's logits, ties to the lowest number, as numbers of experts,
 * ascending, and softmax over them. A row that has a NaN gets NaN. */
void route_row(const float *logits, int experts, int picks, int *ids, float *weights);

/* logits: [n, experts] */
void route_rows(Route *route, const float *logits, int n, int experts, int picks);

#endif
