/* pane.h - what a pane is: a place, a title, a drawing, keys. One file each: pane_<name>.c; which
 * there are says pane_list.h.
 *
 * A pane draws a View into a rectangle of Cells and may turn a key into an action. It keeps no
 * state of its own.
 */
#ifndef S2D_UI_PANES_PANE_H
#define S2D_UI_PANES_PANE_H

#include "ui/cells.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/ui.h"

typedef enum PaneKey {
    PANE_IGNORED, /* not a key of this pane */
    PANE_TAKEN,
    PANE_ACTION, /* and *action is to be handed to the app */
} PaneKey;

/* A key F1 ... F12, as the footer and the help show it. */
typedef struct FunctionKey {
    int number;        /* 0 = none */
    const char *label; /* in the footer */
    const char *help;  /* NULL = not in the help */
} FunctionKey;

typedef struct Pane {
    PaneWish wish;
    int (*rows)(const View *view, int columns); /* in place of wish.rows; NULL = those */
    int (*most)(const View *view, int columns); /* the same of wish.most */
    int (*wanted)(const View *view);            /* in place of wish.wanted; NULL = that */
    FunctionKey function;                       /* moves the focus to the pane */
    const char *tab;                            /* short name */
    /* A name and, after two blanks, a remark; one that begins with "!" is a warning. */
    void (*title)(const View *view, char *out, size_t bytes);
    void (*draw)(View *view, Cells *cells, Rect rect, bool focused);
    PaneKey (*key)(View *view, const Key *key, UiAction *action); /* NULL = has no keys */
} Pane;

#define PANE_DECLARE(NAME, name) extern const Pane pane_##name;
PANE_LIST(PANE_DECLARE)
#undef PANE_DECLARE

const Pane *pane_get(PaneId id);
/* What all panes want in a window of this width. */
void pane_wishes(const View *view, int width, PaneWish wishes[PANE_COUNT]);

/* The rows around the panes: who speaks (top), what happens (bottom), and both in one row for small
 * windows. */
void status_header(const View *view, Cells *cells, Rect rect);
/* speed: tokens a round and a second too, for they are nowhere else. */
void status_line(const View *view, Cells *cells, Rect rect, const char *notice, bool speed);
void status_figures(const View *view, Cells *cells, Rect rect, const char *notice);

/* pane_share.c. Colour of a token by who proposed it (EventText.source). */
int pane_source_attr(const View *view, int source);
/* One character for a token in the exit strip, and its colour. */
char pane_token_mark(StripToken token, int *attr);
/* What proposed a token, in at most three columns: "e6", "ng" (exit 0: the n-gram lookup), "eag" (a head
 * of the target). */
const char *pane_exit_name(const View *view, int exit, char out[12]);
/* ".91", "1.0" */
const char *pane_fraction(double p, char out[8]);

#endif
