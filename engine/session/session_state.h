/* session_state.h - inside a session: the conversation's state, and what its files offer each other. Each
 * calls those before it only: report.c (events), prefill.c, measure.c (costs), session.c (set-up and
 * changes), auto_thresholds.c, switch.c, decode.c (an answer). */
#ifndef S2D_ENGINE_SESSION_SESSION_STATE_H
#define S2D_ENGINE_SESSION_SESSION_STATE_H

#include "engine/decode/verify.h"
#include "engine/session/session.h"
#include "engine/text/utf8.h"
#include "engine/tune/tuner.h"
#include "kernels/common/clock.h"

enum { PAIRS_SEEN = 16 };

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

    /* the answer under way */
    Tree tree;
    ExitTime exit_times[EXITS_MAX]; /* of the round under way, by exit of `drafting` */
    Acceptance acceptance;
    Utf8 utf8;
    uint32_t seed;
    bool warned;     /* that what drafts computes no numbers */
    int first_token; /* drawn from the prefill; -1 = not yet */
    EventStats stats;
    uint64_t back_copies, back_bytes; /* of the kernels, when it began */
    double rounds_start_ms;           /* later by what the process was stopped since */
    double lost_ms;     /* of the time since then: what it was otherwise kept from running */
    int answered;       /* tokens of it so far */
    double answer_mean; /* tokens of an answer, decayed over the session's answers */
    double reported_ms; /* what events and tuner took since: counted as the next round's `other` */
    bool answering;
    Event event; /* scratch: too large for the stack of a deep call */
};

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

/* report.c */
/* Which of the drafter's exits is after so many layers; -1 = none. */
int exit_index(const Session *s, int exit);
void report_prefill(Session *s, int done, int total, double ms, double draft_ms);
void report_round(Session *s, RoundMode mode, const double ms[4], double gain);
void report_text(Session *s, int token, int source);
void report_text_end(Session *s);
void report_stats(Session *s);
void report_warning(Session *s, const char *code, const char *message);
void report_done(Session *s, const char *reason);
void report_switch(Session *s, SwitchStage stage, int index, double fraction, const char *reason,
                   bool kept, double ms);

#endif
