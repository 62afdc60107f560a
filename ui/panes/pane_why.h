/* pane_why.h - the tree pane's larger form: one round explained. See pane_why.c. */
#ifndef S2D_UI_PANES_PANE_WHY_H
#define S2D_UI_PANES_PANE_WHY_H

#include "ui/panes/pane.h"
#include "ui/why.h"

enum { WHY_ROWS = 25 }; /* that it would fill */

/* The round must be one that view_round gives. */
void why_draw(View *view, Cells *cells, Rect rect, const EventRound *round);

/* pane_why_parts.c: what stands below the tree. Each draws from row y on and returns the rows it
 * took. */
typedef struct WhyPart {
    Cells *cells;
    Rect rect;
    int y;
    const RoundFacts *facts;
    const WhyTree *tree;
    double plain_ms; /* 0 = not measured */
} WhyPart;

/* "e12", "eag"; facts as of the round. */
const char *why_exit_name(const RoundFacts *facts, int exit, char out[12]);
int why_exit_attr(const RoundFacts *facts, int exit);
void why_heading(const WhyPart *part, const char *text);

int why_time_rows(const EventRound *round); /* of why_draw_time */
enum { WHY_BRIEF_ROWS = 6 };
void why_draw_time(const WhyPart *part);
/* The same in less room: at most WHY_BRIEF_ROWS. */
void why_draw_time_brief(const WhyPart *part);
/* The same in a row. */
void why_draw_time_row(const WhyPart *part);
void why_draw_ifs(const WhyPart *part, const EventNode *node, int rows);

#endif
