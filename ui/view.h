/* view.h - everything the panes show, derived from events and from what the person said.
 *
 *   Event -> view_event -> scrollback, rounds, counters, histories -> panes
 *
 * Every figure comes from events alone: tokens = accepted + rounds, MAT = tokens / rounds,
 * reached-by-depth sums to MAT - 1. Text kept here is cleaned for display (text.h); the transcript
 * that is sent to the model or saved is the app's. All memory is bounded: oldest items, rounds and
 * history columns go first.
 */
#ifndef S2D_UI_VIEW_H
#define S2D_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/err.h"
#include "ui/scrollback.h"

enum {
    VIEW_ROUNDS = 128,  /* rounds kept for browsing */
    VIEW_HISTORY = 512, /* rounds kept for sparklines */
    VIEW_STRIP = 4096,  /* tokens kept for the exit strip */
    VIEW_FULL = 85,     /* percent of the context from which on it is nearly full */
};

typedef enum ViewState {
    VIEW_STARTING,   /* no READY yet */
    VIEW_IDLE,       /* waits for the person */
    VIEW_PREFILL,    /* reads the prompt */
    VIEW_GENERATING, /* rounds run */
    VIEW_LOST,       /* the worker is gone */
} ViewState;

typedef struct SpeedPoint {
    float tokens;       /* of one round */
    float tokens_per_s; /* of one round */
} SpeedPoint;

/* A session file, as the list of them shows it. */
typedef struct ViewSession {
    char when[20], name[64], first[96], target[64];
    bool named; /* by the person: the name is shown */
    int tokens;
    bool now; /* the chat that goes on */
} ViewSession;

typedef struct View {
    unsigned changes; /* goes up with every change that may be seen */
    ViewState state;
    bool stop_asked;
    char session[64]; /* name shown in the chat's title, "" = none */
    EventReady ready; /* target, target_index, thresholds kept current by later events */
    bool draft_kept;  /* said by the last switch */
    char loading[64]; /* model being read, "" = none */
    float load_fraction;
    int prefill_done, prefill_total;
    EventSwitch swap; /* progress of a switch while `switching` */
    bool switching;

    Scrollback scrollback;
    int scroll;                 /* lines above the scrollback's end; 0 = follow */
    int chat_lines, chat_width; /* as last drawn, so that a scrolled text stands still */

    EventRound *rounds; /* ring of VIEW_ROUNDS of the current answer: number r at r % VIEW_ROUNDS */
    int last_round;     /* number of the newest, 0 = none */
    int turn;           /* the answer it belongs to */
    int browsed;        /* number of the one the tree pane shows, 0 = newest */
    int tree_cursor;    /* row */
    int ctx_used;

    /* Counted from the rounds of the current answer. */
    int n_rounds, drafted, accepted;
    int reached[DEPTH_MAX];
    int accepted_by[EXITS_MAX + 1]; /* per exit of ready.exits; the last: by no model */
    double draft_ms, verify_ms, accept_ms, other_ms;
    EventStats stats; /* the engine's own latest totals */
    bool has_stats;
    char mode[12]; /* of the last round that was no probe, "" = none */
    float predicted_gain;

    short strip[VIEW_STRIP]; /* ring: sources of tokens, as EventText.source */
    unsigned n_strip;        /* ever written */
    SpeedPoint history[VIEW_HISTORY];
    unsigned n_history;

    float wanted[EXITS_MAX]; /* sliders as the person set them; READY and ROUND tell what acts */
    bool adjusted;           /* wanted differs from what acts */
    int slider;              /* the one selected */

    ViewSession *sessions; /* [n_sessions] newest first, clean */
    int n_sessions;
} View;

int view_open(View *view, Err *err);
void view_close(View *view);

/* Takes any event. A fatal ERROR closes the open answer and sets VIEW_LOST until the next READY.
 * READY may come again (new worker, after a switch or a set): it describes the session anew. */
void view_event(View *view, const Event *event);

void view_user(View *view, const char *text);
/* An answer of a loaded session; figures: the line below it, "" = none. Who proposed it is not
 * known. */
void view_answer(View *view, const char *text, const char *figures);
/* kind: ITEM_NOTE, ITEM_WARNING or ITEM_ERROR; text may have several lines. */
void view_note(View *view, ItemKind kind, const char *text);
void view_queued(View *view, const char *text); /* a note on what waits to be said */
void view_unqueue(View *view);                  /* removes the oldest of those */
void view_undo(View *view);        /* the last thing the person said and all after it */
void view_drop_answer(View *view); /* all after the last thing the person said, for /regen */
void view_clear(View *view);       /* scrollback and rounds; settings stay */

void view_asked(View *view);      /* an answer was requested: Esc stops from now on */
void view_stop_asked(View *view); /* a stop was sent; shown until DONE */
void view_set_session(View *view, const char *name);
/* Copies and cleans them. */
void view_set_sessions(View *view, const ViewSession *sessions, int n);
/* A note that stands in an empty chat, until something is said or the chat changes. */
void view_greet(View *view, const char *text);
/* The answer to come continues the one before it, on the screen as well. */
void view_go_on(View *view);
/* What is shown between the two comes from the past: it changes no state, no settings. */
typedef struct ViewPresent {
    ViewState state;
    EventReady ready;
    float wanted[EXITS_MAX];
    bool adjusted, draft_kept;
    char mode[12];
    float predicted_gain;
} ViewPresent;
void view_past_begin(const View *view, ViewPresent *present);
void view_past_end(View *view, const ViewPresent *present);
/* The line below the newest answer. */
void view_set_figures(View *view, const char *figures);
/* Tokens per round so far; 0 before the first round. */
double view_mat(const View *view);
/* The round the tree pane shows; NULL before the first. */
const EventRound *view_round(const View *view);
/* Moves the browsed round by `by` rounds, -1 = older. */
void view_browse(View *view, int by);
/* Position of an exit layer in ready.exits; -1 = none. */
int view_exit_index(const View *view, int layer);
bool view_nearly_full(const View *view); /* the context */
/* "ON", "ON: ...", "OFF: ..." or "AUTO": whether speculation works now and if not, why. */
void view_spec_text(const View *view, char *out, size_t bytes);

#endif
