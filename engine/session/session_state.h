/* session_state.h - inside a session: the conversation's state, and what its files offer each other. Each
 * calls those before it only: stop_text.c, report.c (events), prefill.c, measure.c (costs), session.c (set-up
 * and changes), auto_thresholds.c, switch.c, decode.c (an answer), compare_sides.c, compare.c (one in two
 * ways), compare_targets.c. */
#ifndef S2D_ENGINE_SESSION_SESSION_STATE_H
#define S2D_ENGINE_SESSION_SESSION_STATE_H

#include "engine/decode/verify.h"
#include "engine/session/session.h"
#include "engine/text/utf8.h"
#include "engine/tune/tuner.h"
#include "kernels/common/clock.h"

enum { PAIRS_SEEN = 16 };

/* An answer's tokens looked through for stop strings. */
typedef struct StopText {
    const Tokenizer *tokenizer;
    Utf8 utf8;
    StopScan scan; /* no `stops` = nothing ends it */
} StopText;

/* What a Cost is true of. */
typedef struct CostKey {
    char target[sizeof((Model *)0)->name];
    uint64_t bytes; /* of the target's weights; 0 = no key */
    const DrafterKind *kind;
    int exit;
    int depth;                          /* layers of the draft that read the text */
    char head[sizeof((Head *)0)->name]; /* that drafts; "" = none does */
    bool noisy;                         /* acceptance differs where tokens are drawn */
} CostKey;

/* The answer under way, or the last one: what a round adds to, but for the conversation and what was
 * learnt. */
typedef struct AnswerState {
    Utf8 utf8;
    StopText stopping;           /* by acceptance, a round ahead of what is shown */
    StopScan shown;              /* what the shown text holds back, */
    short held_from[STOP_BYTES]; /* and who proposed each byte of it */
    uint32_t seed;
    int first_token; /* drawn from the prefill; -1 = not yet */
    int answered;    /* tokens so far */
    EventStats stats;
    uint64_t back_copies, back_bytes; /* of the kernels, when it began */
    int rounds;                       /* stats counts those of the current target */
    double lost_ms;     /* of these rounds' time: what the process was kept from running */
    double told_ms;     /* of it: reported_ms of all of them */
    double context_sum; /* of these rounds: tokens before each */
    double reported_ms; /* what events and tuner took since: counted as the next round's `other` */
} AnswerState;

/* In a comparison, where rounds are tried out, or are those of two texts. */
typedef enum SessionSays {
    SESSION_SAYS_ALL,
    SESSION_SAYS_TEXT, /* and what a person is to be warned of */
    SESSION_SAYS_NOTHING,
} SessionSays;

struct Session {
    SessionConfig config; /* config.target is the current one */
    int ctx;              /* longest conversation in tokens */
    Context target;
    Drafter *drafter;     /* NULL = plain */
    DraftConfig drafting; /* as resolved: layers, exits and thresholds of the active drafter */
    CostKey key;
    Cost cost;
    struct {
        CostKey key;
        Cost cost;
    } seen[PAIRS_SEEN]; /* what was learnt with earlier pairs, the latest first */
    Tuner tuner;
    Sampler sampler;

    int *tokens; /* [ctx + 1] the conversation; while answering the last one is the root */
    int n;
    int cached; /* tokens whose keys and values the target's cache holds */

    AnswerState answer;
    Tree tree;                      /* of the round under way */
    ExitTime exit_times[EXITS_MAX]; /* of it, by exit of `drafting` */
    Acceptance acceptance;
    bool warned;        /* that what drafts computes no numbers */
    double answer_mean; /* tokens of an answer, decayed over the session's answers */
    bool answering;
    SessionSays says;        /* which events are sent */
    bool side_text;          /* text is that of the side of a comparison that is not kept */
    struct Compare *compare; /* the one that the answer under way is of; NULL = of none */
    Event event;             /* scratch: too large for the stack of a deep call */
};

/* stop_text.c: as AcceptRules.ends; user is the StopText. */
bool stop_text_ends(void *user, int token);

/* prefill.c: does the caller want this answer to end? */
bool session_asked_to_stop(Session *s);
/* prefill.c: what of the cache is still this prompt's stays, the rest is to be read. */
void session_take_prompt(Session *s, const int *prompt, int n);

/* prefill.c: reads tokens[cached … upto-1] into the target's cache. 1 = poll said stop. */
int session_prefill(Session *s, int upto, bool in_switch);

/* session.c: from now on the context leaves what the drafter reads of the target. 1 = what its cache
 * holds has to be read again for that, 0 = no, -1 = no memory, and nothing has changed. */
int session_take_features(const DraftConfig *resolved, Context *context, Err *err);

/* prefill.c: reads again what the target's cache holds. */
void session_read_again(Session *s);

/* session.c: the context length that a session with this target gets. */
int session_ctx(int asked, const ModelConfig *target);

/* session.c: as session_set_thresholds, but not by hand. */
void session_move_thresholds(Session *s, const float *thresholds, int n);

/* measure.c: to be called after every change of target, drafter or sampling: takes out what was
 * learnt with these, and measures what is not known yet. */
void session_learn(Session *s);

/* session.c: the drafter for a resolved configuration. context: the target's, which `self` shares. */
int session_open_drafter(Session *s, const DraftConfig *resolved, Model *target, Context *context,
                         Drafter **drafter, Err *err);

/* auto_thresholds.c: between two rounds of an answer, traces, searches and changes thresholds as
 * time allows. */
void session_tune(Session *s);

/* decode.c: a prompt is read and answered by `rounds`, which says why it ended ("length": nothing is
 * left); NULL: err says. */
typedef const char *SessionRounds(Session *s, const AnswerOptions *options, int left, Err *err);
int session_answer_by(Session *s, const int *prompt, int n_prompt, const AnswerOptions *options,
                      SessionRounds *rounds, Err *err);
/* decode.c: one round. 1 = the answer goes on, 0 = it is over, -1 = err says why it cannot. */
enum { SESSION_STOPPED = 2 };
int session_round(Session *s, const AnswerOptions *options, int *left, Err *err);

/* report.c */
void report_compare(Session *s, const EventCompare *compare);
/* Which of the drafter's exits is after so many layers; -1 = none. */
int exit_index(const Session *s, int exit);
void report_prefill(Session *s, int done, int total, double ms, double draft_ms);
/* ms: of the four stages; lost_ms: of it, what the process was kept from running. */
void report_round(Session *s, RoundMode mode, const double ms[4], double lost_ms, double gain);
void report_text(Session *s, int token, int source);
void report_text_end(Session *s);
void report_stats(Session *s);
/* What is counted begins anew: with an answer, and with another target in the middle of one. */
void report_begin(Session *s);
/* What would be, and `found` by a search; nothing where nothing was surveyed. */
void report_forecast(Session *s, const EventForecast *found);
void report_warning(Session *s, const char *code, const char *message);
void report_done(Session *s, const char *reason);
void report_switch(Session *s, SwitchStage stage, int index, double fraction, const char *reason,
                   bool kept, double ms);

#endif
