/* session.h - READ FIRST: one conversation, decoded by draft, verify and accept.
 *
 *   prompt ids -> prefill -> { draft: Drafter grows a Tree -> verify: forward() over root and nodes
 * on the target -> accept: walk the tree with the target's own tokens -> events } until the answer
 * ends
 *
 * Synchronous, single-threaded towards the caller, no I/O: it reports through `emit` and asks
 * `poll` between rounds whether to go on. From within `poll` (and between answers) the setters and
 * session_switch may be called; they act at once, that is, on the next round.
 *
 * Promise 1: the text depends on target, prompt, sampling and seed only; never on drafter, exits,
 * thresholds, tree or spec mode (decoding rules in sample.h and accept.h).
 */
#ifndef S2D_ENGINE_DECODE_SESSION_H
#define S2D_ENGINE_DECODE_SESSION_H

#include "engine/cost/calibration.h"
#include "engine/decode/event.h"
#include "engine/model/model.h"

typedef struct Session Session;

typedef enum DrafterKind {
    DRAFTER_PLAIN,        /* never drafts */
    DRAFTER_SD,           /* the whole draft */
    DRAFTER_EXIT,         /* one fixed exit of the draft */
    DRAFTER_S2D,          /* nested exits, each node takes the first it is confident at */
    DRAFTER_S2D_FRONTIER, /* the same with one exit for all nodes of a depth, as the paper's code
                             has it: a baseline */
    DRAFTER_SELF,         /* the target's own first layers, sharing weights and KV cache */
    DRAFTER_NGRAM,        /* looks the text's last tokens up in the text */
    DRAFTER_NGRAM_S2D,    /* both in one tree */
} DrafterKind;

/* What drafters are called; L is a layer. */
#define DRAFTER_NAMES "plain, sd, exit:L, s2d, s2d-frontier, self, ngram, ngram+s2d"
/* One of these names; layer is set for exit:L (else 0). -1 = unknown. */
int drafter_parse(const char *text, DrafterKind *kind, int *layer);
void drafter_name(DrafterKind kind, int layer, char *text, size_t size);

typedef struct TreeShape {
    bool automatic; /* depth, width and nodes from the cost model */
    int depth;      /* 1 … DEPTH_MAX */
    int width;      /* children per node at most; 1 = a chain */
    int nodes;      /* 1 … NODES_MAX - 1, the root not counted */
} TreeShape;

/* "auto", "off" (a chain of automatic length) or "DxWxN"; -1 = unknown or out of range. */
int tree_parse(const char *text, TreeShape *shape);

typedef struct Sampling {
    float temperature; /* 0 = greedy */
    int top_k;         /* 0 = all */
    float top_p;       /* 1 = all */
    uint32_t seed;
} Sampling;

typedef struct DraftConfig {
    DrafterKind kind;
    int fixed_exit; /* DRAFTER_EXIT: layer number */
    int layers;     /* of the draft model used; 0 = all */
    int n_exits;    /* 0 = one, after the last layer used */
    int exits[EXITS_MAX];
    int n_thresholds; /* 0 = built-in defaults; else one for each exit */
    float thresholds[EXITS_MAX];
    /* [n_exits] how often the target took what each exit said, counted earlier at temperature 0;
     * NULL = not known. Stays the caller's, for as long as this config is in use. */
    const Calibration *accept;
} DraftConfig;

typedef struct SessionConfig {
    Kernels *kernels;
    Model *target;
    Model *draft; /* NULL: only plain, self and ngram can be had; may be the target itself */
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
} AnswerOptions;

/* Bytes of KV caches and scratch that such a session would take, for planning before any weights
 * load. */
size_t session_bytes(Kernels *kernels, const ModelConfig *target, const ModelConfig *draft,
                     KvType kv, int ctx);

int session_open(Session **session, const SessionConfig *config, Err *err);
void session_close(Session *session); /* models and kernels stay the caller's */

/* Reads the prompt (only what differs from what the cache holds: the common token prefix is kept)
 * and answers it. Emits PREFILL, then ROUND, TEXT, STATS …, and DONE with its reason. -1: the
 * session is in error and can only be closed; the reason is in err. */
int session_answer(Session *session, const int *prompt, int n_prompt, const AnswerOptions *options,
                   Err *err);

/* Changes the target at this round's end; emits SWITCH prefill and done. The conversation so far is
 * read by the new target; the draft and its cache stay. On failure the old target goes on
 * unchanged. pair: what drafts for the new target, its thresholds and accept; layers and exits
 * stay. index: the target's place in the profile, for the event. */
int session_switch(Session *session, Model *target, int index, const DraftConfig *pair, Err *err);

/* Changes what drafts. -1 (and nothing changes) when it cannot be had, with the reason. */
int session_set_drafter(Session *session, const DraftConfig *drafting, Err *err);
/* By hand, which ends automatic ones. */
void session_set_thresholds(Session *session, const float *thresholds, int n);
/* Automatic thresholds, while the drafter has exits: see tuner.h. */
void session_set_auto(Session *session, bool on);
void session_set_tree(Session *session, TreeShape shape);
void session_set_sampling(Session *session, Sampling sampling);
void session_set_spec(Session *session, SpecMode spec);

/* Fills what the session knows: target, draft, drafter, exits, thresholds, auto_thresholds, vocab,
 * ctx, spec, verify_ms, quant. */
void session_describe(const Session *session, EventReady *ready);

Model *session_target(const Session *session);

/* What was counted so far of the current drafter's exits with this target: [n_exits]. */
const Calibration *session_accept(const Session *session);

/* Takes the target's times again, several passes each, where forecasts are to rest on them. */
void session_measure(Session *session);

/* What `s2d bench verify` times, in ms, once. Both forget the conversation and read made-up text.
 * verify: one target pass over n rows (1 … 64) after `context` tokens, as in a round's ms.verify:
 * the head is in it, acceptance is not. prefill: reading the first n tokens (1 … ctx), up to the
 * last one's logits. */
double session_time_verify(Session *session, int n, int context);
double session_time_prefill(Session *session, int n);

#endif
