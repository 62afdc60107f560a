/* session.h - READ FIRST: one conversation, decoded by draft, verify and accept.
 *
 *   prompt ids -> prefill -> { draft: a Drafter grows a Tree
 *                              -> verify: forward() over root and nodes on the target
 *                              -> accept: down the tree by the target's own tokens
 *                              -> events } until the answer ends
 *
 * Synchronous, single-threaded towards the caller, no I/O: it reports through `emit` and asks
 * `poll` between rounds whether to go on. From within `poll` (and between answers) the setters and
 * session_switch may be called; they act at once, that is, on the next round.
 *
 * Promise 1: the text depends on target, prompt, sampling and seed only; never on drafter, exits,
 * thresholds, tree or spec mode (decoding rules: engine/decode/sample.h, verify.h).
 */
#ifndef S2D_ENGINE_SESSION_SESSION_H
#define S2D_ENGINE_SESSION_SESSION_H

#include "engine/decode/event.h"
#include "engine/decode/stop.h"
#include "engine/draft/drafters.h"

typedef struct Session Session;

typedef struct SessionConfig {
    Kernels *kernels;
    Model *target;
    Model *draft; /* NULL: only kinds that need none can be had; may be the target itself */
    DraftConfig drafting;
    SpecMode spec;
    TreeShape tree;
    Sampling sampling;
    KvType kv; /* of the caches, the draft's too */
    int ctx;   /* slots: longest conversation in tokens; 0 = min(4096, the model's) */
    void (*emit)(void *user, const Event *event); /* t_ms and turn are the caller's to fill in */
    bool (*poll)(void *user);                     /* true = stop this answer */
    void *user;
} SessionConfig;

typedef struct AnswerOptions {
    int max_tokens; /* 0 = until the context is full */
    bool ignore_eos;
    uint32_t seed;
    const Stops *stops; /* the answer ends before the first of these; NULL = none */
} AnswerOptions;

/* Bytes of KV caches and scratch that such a session would take, for planning before any weights
 * load. draft, head: NULL = there is none. */
size_t session_bytes(Kernels *kernels, const ModelConfig *target, const ModelConfig *draft,
                     const HeadInfo *head, KvType kv, int ctx);

int session_open(Session **session, const SessionConfig *config, Err *err);
void session_close(Session *session); /* models and kernels stay the caller's */

/* Reads the prompt (only what differs from what the cache holds: the common token prefix is kept)
 * and answers it. Emits PREFILL, then ROUND, TEXT, STATS …, and DONE with its reason. -1, without
 * DONE: the target computed infinity or no number, and the answer ends after what it said before;
 * the session can go on, and session_totals has what DONE would have. A draft that does so only drafts nothing; WARNING says it once. */
int session_answer(Session *session, const int *prompt, int n_prompt, const AnswerOptions *options,
                   Err *err);
/* One of two settings that answer a prompt in turn. Thresholds and tree are those of `drafting` and
 * `tree`, whatever the session has set. */
typedef struct CompareSide {
    bool plain;           /* nothing is drafted; the rest says nothing then */
    DraftConfig drafting; /* as session_set_drafter takes it */
    int n_thresholds;     /* 0 = those of `drafting`; else one for each exit that it resolves to */
    float thresholds[EXITS_MAX];
    TreeShape tree;
    char tree_text[16]; /* as a person would type it; "" = as the session has it */
} CompareSide;

/* What answers now, as a side. */
void session_side(const Session *session, CompareSide *side);

/* Answers a prompt in two ways, in blocks of rounds that take turns from the same places of the one text,
 * so that load of the machine and hard passages meet both alike: see compare.c. Drafting is not given
 * up where it does not pay. Emits PREFILL, TEXT, COMPARE after each pair of blocks, and DONE as
 * session_answer does, whose totals have no rounds. What the session has set is as it was afterwards;
 * the setters must not be called meanwhile. -1: a side cannot be had, and nothing was said; or as
 * session_answer, or EXIT_INTERNAL where the two said different texts, which they never may. */
int session_compare(Session *session, const int *prompt, int n_prompt, const AnswerOptions *options,
                    const CompareSide sides[2], Err *err);

typedef struct ComparePrompt {
    const int *ids; /* [n] */
    int n;
} ComparePrompt;

/* The same by two targets, each with a session, a cache and a text of its own: see compare_targets.c. The
 * prompts are one in the tokens of each. kept: the side whose session tells of it, by PREFILL, TEXT, COMPARE
 * and DONE; the text of the other one is OTHER_TEXT. Both sessions keep what they said. */
int session_compare_targets(Session *const sessions[2], const ComparePrompt prompts[2],
                            const AnswerOptions *options, const CompareSide sides[2], int kept,
                            Err *err);
void session_totals(Session *session, EventStats *totals);

/* Changes the target at this round's end; emits SWITCH prefill and done. The conversation so far is
 * read by the new target; the draft and its cache stay. On failure the old target goes on
 * unchanged. pair: what drafts for the new target, its thresholds and accept; layers and exits
 * stay. index: the target's place in the profile, for the event. */
int session_switch(Session *session, Model *target, int index, const DraftConfig *pair, Err *err);

/* Changes what drafts. -1 (and nothing changes) when it cannot be had, with the reason. A head of the
 * target reads features of it: the first time the conversation is read again for them. */
int session_set_drafter(Session *session, const DraftConfig *drafting, Err *err);
/* By hand, which ends automatic ones. */
void session_set_thresholds(Session *session, const float *thresholds, int n);
/* Automatic thresholds, while the drafter has exits: see engine/tune/tuner.h. */
void session_set_auto(Session *session, bool on);
/* From now on FORECAST events say what one step of each threshold would bring: after each survey of the
 * answer under way, after each change, and now, of the last answer. */
void session_watch(Session *session, bool on);
/* What the drafter would make of a profile's n thresholds: [EXITS_MAX]. Returns how many exits there
 * are; 0 = it has none. */
int session_thresholds_of(const Session *session, const double *given, int n, float *thresholds);
void session_set_tree(Session *session, TreeShape shape);
void session_set_sampling(Session *session, Sampling sampling);
void session_set_spec(Session *session, SpecMode spec);

/* Fills what the session knows: target, draft, drafter, exits, thresholds, auto_thresholds, vocab,
 * ctx, spec, verify_ms, quant. */
void session_describe(const Session *session, EventReady *ready);

Model *session_target(const Session *session);

/* The conversation's ids, [*n], prompt and answers, as far as it was committed. They stay the
 * session's and hold until it is asked again. */
const int *session_tokens(const Session *session, int *n);

/* What was counted so far of the current drafter's exits with this target: [n_exits]. */
const Calibration *session_accept(const Session *session);

/* What `s2d tune` measures, between rounds or after an answer, for a drafter with exits: see
 * engine/decode/exit_trace.h. trace: of the last answer's tokens from number `first` >= 1 on; returns
 * how many places there are, at most `most`. cost: each figure from `times` <= EXIT_TRACE_TIMES passes. */
bool session_has_exits(const Session *session);
int session_trace_exits(Session *session, int first, ExitTrace *places, int most);
void session_trace_cost(Session *session, int times, ExitCost *cost);

/* Takes the target's times again, several passes each, where forecasts are to rest on them. */
void session_measure(Session *session);

/* What `s2d bench verify` times, in ms, once. Both forget the conversation and read made-up text.
 * verify: one target pass over n rows (1 … 64) after `context` tokens, as in a round's ms.verify:
 * the head is in it, acceptance is not. prefill: reading the first n tokens (1 … ctx), up to the
 * last one's logits. */
double session_time_verify(Session *session, int n, int context);
double session_time_prefill(Session *session, int n);

#endif
