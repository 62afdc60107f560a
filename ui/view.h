/* view.h - everything the panes show, derived from events and from what the person said.
 *
 *   Event -> view_event -> scrollback, rounds, counters, histories -> panes
 *
 * Every figure comes from events alone: tokens = accepted + rounds, MAT = tokens / rounds,
 * reached-by-depth sums to MAT - 1; an answer by two targets has them for each.
 * Text kept here is cleaned for display (text.h); the transcript that is sent to the model or saved
 * is the app's. All memory is bounded: oldest items, rounds and history columns go first.
 */
#ifndef S2D_UI_VIEW_H
#define S2D_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/decode/event.h"
#include "kernels/common/err.h"
#include "ui/comparison.h"
#include "ui/evidence.h"
#include "ui/held.h"
#include "ui/key_bindings.h"
#include "ui/log.h"
#include "ui/race.h"
#include "ui/rounds.h"
#include "ui/scrollback.h"
#include "ui/search.h"
#include "ui/trials.h"

enum {
    VIEW_HISTORY = 512, /* rounds kept for sparklines */
    VIEW_STRIP = 4096,  /* tokens kept for the exit strip */
    VIEW_BLOCKS = 256,  /* of two settings in turn, for sparklines */
    VIEW_UNDO = 32,     /* thresholds that can be gone back to */
    VIEW_TYPED = 3,     /* digits of a threshold */
    VIEW_FULL = 85,     /* percent of the context from which on it is nearly full */
};

typedef enum ViewState {
    VIEW_STARTING,   /* no READY yet */
    VIEW_IDLE,       /* waits for the person */
    VIEW_PREFILL,    /* reads the prompt */
    VIEW_GENERATING, /* rounds run */
    VIEW_LOST,       /* the worker is gone */
} ViewState;

/* What the colours of an answer tell. */
typedef enum ViewColours {
    COLOURS_BY_EXIT, /* who proposed each token */
    COLOURS_BY_CODE, /* the parts of code in fences */
} ViewColours;

typedef struct SpeedPoint {
    float tokens;       /* of one round */
    float tokens_per_s; /* of one round */
    int trial;          /* number of the setting that it was made with */
} SpeedPoint;

/* Beside those of ready.exits: who proposed a token. */
enum {
    VIEW_BY_NO_MODEL = EXITS_MAX, /* n-grams */
    VIEW_BY_ANOTHER,              /* exits of a drafter that was changed for this one */
};

typedef struct StripToken {
    short source;     /* as EventText.source */
    signed char exit; /* which of the exits there were then; -1 = none */
} StripToken;
/* Bytes of the scrollback that the chat marks as it draws them. */
typedef struct TextMarks {
    unsigned long item; /* Item.id of a round's words, 0 = none */
    int from, to;
    unsigned long ghost_item; /* 0 = none */
    int ghost_at;
} TextMarks;
/* A session file, as the list of them shows it. */
typedef struct ViewSession {
    char when[20], name[64], first[96], target[64];
    bool named; /* by the person: the name is shown */
    int tokens;
    bool now; /* the chat that goes on */
} ViewSession;

/* A model that was found on this machine, as the list of targets shows it. */
typedef struct ViewFound {
    char name[160];   /* what --target takes, clean where it is shown */
    char about[48];   /* "qwen2 1.8B Q4_K 1.1 GB" */
    bool too_large;   /* for the memory there is */
    bool other_words; /* another vocabulary than the draft's */
} ViewFound;

typedef struct View {
    const KeyBindings *keys; /* the person's own, for the key bar; NULL = none */
    unsigned changes;        /* goes up with every change that may be seen */
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

    ViewColours colours;
    bool folded;        /* thoughts are one line each */
    int thought_tokens; /* of the answer that comes, so far; 0 = they have ended */
    int thoughts_took;  /* when they had; 0 = they have not */
    Scrollback scrollback;
    int scroll;                 /* lines above the scrollback's end; 0 = follow */
    int chat_lines, chat_width; /* as last drawn, so that a scrolled text stands still */
    int chat_rows;
    int code_in_reach; /* number of the block that `y` copies, the last one in sight; 0 = none is */
    unsigned long answer_in_reach; /* Item.id of the last answer in sight; 0 = none is */
    bool bare;                     /* the chat as text alone, for the selection of the terminal */
    Search search;
    Log log;
    TextMarks marks;

    RoundLog kept;         /* rounds of all answers */
    EventRound *shown;     /* one of them, unpacked */
    unsigned long browsed; /* serial of the one the tree pane shows, 0 = newest */
    int last_round;        /* number of the newest of the current answer, 0 = none */
    int turn;              /* the answer it belongs to */
    int answer;            /* the same as RoundFacts.answer */
    bool words_follow;     /* the next texts are the newest round's words */
    int tree_cursor;       /* row */
    bool explaining;       /* the tree pane tells why, and the round's words are marked */
    bool to_words;         /* the chat is to show the round's words */
    bool from_words;       /* the chat was scrolled: the round of what is in sight is wanted */
    int ctx_used; /* tokens; 0 = none, or not known: a chat that was loaded was not read yet */

    bool holding; /* events wait in `held` */
    bool led;     /* a script holds and goes on, and its bar says so */
    Held held;
    Race race;
    bool race_off; /* the person does not want to see it */

    /* Counted from the rounds of the current answer; after a change of target in the middle of it,
     * from those of the current target. */
    int n_rounds, drafted, accepted;
    int reached[DEPTH_MAX];
    int accepted_by[VIEW_BY_ANOTHER + 1]; /* per exit of ready.exits, then VIEW_BY_… */
    double draft_ms, verify_ms, accept_ms, other_ms;
    EventStats stats; /* the engine's own latest totals */
    bool has_stats;
    char mode[12]; /* of the last round that was no probe, "" = none */
    float predicted_gain;

    StripToken strip[VIEW_STRIP]; /* ring */
    unsigned n_strip;             /* ever written */
    SpeedPoint history[VIEW_HISTORY];
    unsigned n_history;

    float wanted[EXITS_MAX]; /* sliders as the person set them; READY and ROUND tell what acts */
    bool adjusted;           /* wanted differs from what acts */
    int slider;              /* the one selected */
    char typed[VIEW_TYPED];  /* digits for it, as far as they were typed */
    int n_typed;
    float before[VIEW_UNDO][EXITS_MAX]; /* what acted before changes, the latest last */
    int n_before;

    Evidence evidence[EXITS_MAX]; /* of this draft and target, by index of the exit */
    Trials trials;
    EventForecast forecast; /* the latest of this draft and target; places 0 = none */
    EventForecast found;    /* the latest that came of a search; searched false = none */
    int found_round;        /* of the answer: where that was */

    Comparison comparison; /* of the answer that two settings gave last */
    unsigned n_blocks;
    float blocks[2][VIEW_BLOCKS]; /* ring: t/s of the sides' blocks */

    ViewFound *models; /* [n_models] those that the profile does not name too */
    int n_models;
    ViewSession *sessions; /* [n_sessions] newest first, clean */
    int n_sessions;
} View;

int view_open(View *view, Err *err);
void view_close(View *view);

/* Takes any event. A fatal ERROR closes the open answer and sets VIEW_LOST until the next READY.
 * READY may come again (new worker, after a switch or a set): it describes the session anew. */
void view_event(View *view, const Event *event);

void view_user(View *view, const char *text);
/* An answer of a loaded session; figures: the line below it, "" = none; continued: it goes on with the
 * one before. Who proposed it is not known. */
void view_answer(View *view, const char *text, const char *figures, bool continued);
/* kind: ITEM_NOTE, ITEM_WARNING or ITEM_ERROR; text may have several lines. */
void view_note(View *view, ItemKind kind, const char *text);
void view_command(View *view, const char *line); /* what was typed, before what it brings */
/* A note of a session that was loaded: said once already. */
void view_old_note(View *view, const char *text);
void view_queued(View *view, const char *text); /* a note on what waits to be said */
void view_unqueue(View *view);                  /* removes the oldest of those */
void view_undo(View *view);        /* the last thing the person said and all after it */
void view_drop_answer(View *view); /* all after the last thing the person said, for /regen */
void view_clear(View *view);       /* scrollback and rounds; settings stay */

void view_asked(View *view);        /* an answer was requested: Esc stops from now on */
void view_stop_asked(View *view);   /* a stop was sent; shown until DONE */
void view_next_colours(View *view); /* the other meaning of colours */
void view_fold(View *view);         /* thoughts to a line each, or back */
void view_set_session(View *view, const char *name);
/* Copies and cleans them. */
void view_set_sessions(View *view, const ViewSession *sessions, int n);
/* Copies them. */
void view_set_found(View *view, const ViewFound *found, int n);
/* What is known of a target of the profile, by its name; NULL = nothing. */
const ViewFound *view_found(const View *view, const char *name);
/* Does the profile name it? */
bool view_is_target(const View *view, const char *name);
/* A note that stands in an empty chat, until something is said or the chat changes. */
void view_greet(View *view, const char *text);
/* The answer to come continues the one before it, on the screen as well. */
void view_continue(View *view);
/* What is shown between the two comes from the past: it changes no state, no settings. Its race is the
 * chat's, and whoever shows it tells it. */
typedef struct ViewPresent {
    ViewState state;
    EventReady ready;
    float wanted[EXITS_MAX];
    bool adjusted, draft_kept;
    char mode[12];
    float predicted_gain;
    Trials trials;
    Evidence evidence[EXITS_MAX];
} ViewPresent;
void view_past_begin(const View *view, ViewPresent *present);
void view_past_end(View *view, const ViewPresent *present);
/* The line below the newest answer; what the race knows of it is added. */
void view_set_figures(View *view, const char *figures);
/* Tokens per round so far; 0 before the first round. */
double view_mat(const View *view);
/* The round the tree pane shows; NULL before the first. Valid until the next call. */
const EventRound *view_round(const View *view);
/* Its serial in `kept`; 0 before the first. */
unsigned long view_round_serial(const View *view);
/* Moves the browsed round by `by` rounds, -1 = older; over the answers, too. */
void view_browse(View *view, int by);
void view_browse_to(View *view, unsigned long serial);
/* ms that a plain token took when that round was run, or later in the same leg of its answer; 0 = not
 * measured. */
double view_plain_ms(const View *view, unsigned long serial);

/* From now on events wait, the screen stays as it is. What the person says or takes back ends it. */
void view_hold(View *view);
void view_go_on(View *view); /* shows all that waited */
/* Shows the next round that waited, with its words. false = none is there yet; what came behind the
 * last one, the answer's end, is shown then. */
bool view_step(View *view);

/* Where plain decoding would be in the current answer: a byte of an item. false = not known, or it
 * would not be behind. */
bool view_ghost(const View *view, unsigned long *item, int *at);
/* Position of an exit layer in ready.exits; -1 = none. */
int view_exit_index(const View *view, int layer);
bool view_nearly_full(const View *view); /* the context */
/* "auto", before it was tried, "auto: on", "auto: off, ...", "on", "on, ..." or "off": whether
 * speculation works now and if not, why. */
void view_spec_text(const View *view, char *out, size_t bytes);

#endif
