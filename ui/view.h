/* view.h - everything the panes show, derived from events and from what the person said.
 *
 *   Event -> view_event -> transcript, rounds, counters, histories -> panes
 *
 * Every figure comes from events alone: tokens = accepted + rounds, MAT = tokens / rounds,
 * reached-by-depth sums to MAT - 1. Text kept here is cleaned for display (text.h); the transcript
 * that is sent to the model or saved is the app's. All memory is bounded: oldest items, rounds and
 * history columns go first.
 */
#ifndef S2D_VIEW_H
#define S2D_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "../engine/event.h"
#include "../kernels/err.h"
#include "text.h"

enum {
    VIEW_ROUNDS = 128,          /* rounds kept for browsing */
    VIEW_HISTORY = 512,         /* rounds kept for sparklines */
    VIEW_STRIP = 4096,          /* tokens kept for the exit strip */
    VIEW_TEXT_BYTES = 16 << 20, /* transcript kept for scrolling */
    SOURCE_TARGET = 0,          /* of a Span, else an exit layer, as in EventText */
    SOURCE_MODEL_FREE = -1,
};

typedef enum ItemKind {
    ITEM_USER,
    ITEM_ANSWER,
    ITEM_NOTE,
    ITEM_WARNING,
    ITEM_ERROR,
    ITEM_SWITCH
} ItemKind;

/* From byte `start` on, up to the next span, the text was proposed by `source`. */
typedef struct Span {
    int start;
    int source;
} Span;

typedef struct Item {
    ItemKind kind;
    bool open; /* an answer that still grows */
    char *text;
    size_t bytes, room;
    Span *spans;
    int n_spans, spans_room;
    char figures[160];      /* an answer's one line of figures, "" before it is done */
    int wrap_width, height; /* the chat pane's cache; wrap_width 0 = stale */
} Item;

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

    Item *items;
    int n_items, items_room;
    size_t text_bytes;
    int scroll; /* lines above the transcript's end; 0 = follow */
    TextCleaner cleaner;

    EventRound *rounds; /* ring of VIEW_ROUNDS of the current answer: number r at r % VIEW_ROUNDS */
    int last_round;     /* number of the newest, 0 = none */
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

    signed char strip[VIEW_STRIP]; /* ring: exit index, -1 = target, -2 = by no model */
    unsigned n_strip;              /* ever written */
    SpeedPoint history[VIEW_HISTORY];
    unsigned n_history;

    float wanted[EXITS_MAX]; /* sliders as the person set them; rounds tell what acts */
    bool adjusted;           /* wanted differs from what acts */
    int slider;
} View;

int view_open(View *view, Err *err);
void view_close(View *view);

/* Takes any event. A fatal ERROR closes the open answer and sets VIEW_LOST until the next READY.
 * READY may come again (new worker, after a switch or a set) and describes the session anew. */
void view_event(View *view, const Event *event);

void view_user(View *view, const char *text);
void view_answer(View *view,
                 const char *text); /* one from a loaded session: nobody knows its sources */
/* kind: ITEM_NOTE, ITEM_WARNING or ITEM_ERROR; text may have several lines. */
void view_note(View *view, ItemKind kind, const char *text);
void view_undo(View *view);        /* the last thing the person said and all after it */
void view_drop_answer(View *view); /* all after the last thing the person said, for /regen */
void view_clear(View *view);       /* transcript and rounds; settings stay */

void view_stop_asked(View *view); /* a stop was sent; shown until DONE */
void view_set_session(View *view, const char *name);
/* What was set by a request that no event answers. */
void view_set_spec(View *view, SpecMode spec);
void view_set_temperature(View *view, float temperature);
void view_set_thresholds(View *view, const float *thresholds, int n);

/* Tokens per round so far; 0 before the first round. */
double view_mat(const View *view);
/* The round the tree pane shows; NULL before the first. */
const EventRound *view_round(const View *view);
/* Moves the browsed round by `by` rounds, -1 = older. */
void view_browse(View *view, int by);
/* Position of an exit layer in ready.exits; -1 = none. */
int view_exit_index(const View *view, int layer);
/* "ON", "OFF: ..." or "auto": whether speculation works now and if not, why. */
void view_spec_text(const View *view, char *out, size_t bytes);

#endif
