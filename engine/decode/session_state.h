/* session_state.h - inside a session: shared by session.c (set-up and changes), decode.c (prefill
 * and rounds) and report.c (events). */
#ifndef S2D_ENGINE_DECODE_SESSION_STATE_H
#define S2D_ENGINE_DECODE_SESSION_STATE_H

#include "engine/decode/session.h"
#include "engine/decode/verify.h"
#include "engine/text/utf8.h"
#include "engine/tune/tuner.h"
#include "kernels/common/clock.h"

enum { PAIRS_SEEN = 16 };

/* What a Cost is true of. */
typedef struct CostKey {
    char target[sizeof((Model *)0)->name];
    uint64_t bytes; /* of the target's weights; 0 = no key */
    DrafterKind kind;
    int exit;
    int depth;  /* layers of the draft that read the text */
    bool noisy; /* acceptance differs where tokens are drawn */
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
    Acceptance acceptance;
    Utf8 utf8;
    uint32_t seed;
    EventStats stats;
    uint64_t back_copies, back_bytes; /* of the kernels, when it began */
    double rounds_start_ms;
    int answered;       /* tokens of it so far */
    double answer_mean; /* tokens of an answer, decayed over the session's answers */
    double reported_ms; /* what events and tuner took since: counted as the next round's `other` */
    bool answering;
    Event event; /* scratch: too large for the stack of a deep call */
};

/* decode.c: reads tokens[cached … upto-1] into the target's cache. 1 = poll said stop. */
int session_prefill(Session *s, int upto, bool in_switch);

/* session.c: the context length that a session with this target gets. */
int session_ctx(int asked, const ModelConfig *target);

/* session.c: as session_set_thresholds, but not by hand. */
void session_move_thresholds(Session *s, const float *thresholds, int n);

/* measure.c: to be called after every change of target, drafter or sampling: takes out what was
 * learnt with these, and measures what is not known yet. */
void session_learn(Session *s);

/* drafters.c: how many thresholds such a draft has: without named exits that of its end. */
int drafting_thresholds(const DraftConfig *in);
/* The model whose trained exits such a drafter takes; NULL = it has none. */
const Model *drafting_trained(DrafterKind kind, const Model *target, const Model *draft);

/* `in` with everything filled in that the drafter needs for these models; and the
 * drafter itself (NULL for plain), whose thresholds are s->drafting's. context: the target's, which
 * `self` shares. */
int drafting_resolve(const DraftConfig *in, const Model *target, const Model *draft,
                     DraftConfig *out, Err *err);
/* The layers of it that read the text: behind an exit of threshold 0 none does. 0 = no draft. */
int drafting_depth(const DraftConfig *resolved);
int drafting_open(Session *s, const DraftConfig *resolved, Model *target, Context *context,
                  Drafter **drafter, Err *err);

/* report.c */
/* Which of the drafter's exits is after so many layers; -1 = none. */
int exit_index(const Session *s, int exit);
void report_prefill(Session *s, int done, int total, double ms, double draft_ms);
void report_round(Session *s, RoundMode mode, const double ms[4], double gain);
void report_text(Session *s, int token, int source);
void report_text_end(Session *s);
void report_stats(Session *s);
void report_done(Session *s, const char *reason);
void report_switch(Session *s, SwitchStage stage, int index, double fraction, const char *reason,
                   bool kept, double ms);

#endif
