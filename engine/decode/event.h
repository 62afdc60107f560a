/* event.h - everything that the engine tells the world, as plain structs.
 *
 * This one stream is what panes draw, `--json` prints, traces store and benchmarks add up. The header
 * includes nothing else of the engine, so that the screen can be built and tested without it. What
 * each field is called in JSON (one object a line) is in app/protocol/event_fields.c.
 */
#ifndef S2D_ENGINE_DECODE_EVENT_H
#define S2D_ENGINE_DECODE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/common/bounds.h"

enum {
    EVENT_VERSION = 1,
    TOKEN_TEXT = 32, /* bytes of a token's text shown, terminator included */
    WORDS_MAX = 64,  /* tokens that exits had in mind and no node carries */
};

typedef enum EventType {
    EVENT_READY,   /* models are loaded, the worker takes requests */
    EVENT_PREFILL, /* the prompt is being read */
    EVENT_WARNING,
    EVENT_LOAD,       /* a model file is being read */
    EVENT_ROUND,      /* one draft - verify - accept round is over */
    EVENT_TEXT,       /* text was committed */
    EVENT_OTHER_TEXT, /* the same by the side of a comparison that the chat does not keep */
    EVENT_SWITCH,     /* a change of target moved on */
    EVENT_STATS,      /* running totals of this answer */
    EVENT_COMPARE,    /* two settings took another turn at one answer */
    EVENT_FORECAST,   /* what other thresholds would bring */
    EVENT_DONE,       /* the answer is over */
    EVENT_COUNT,      /* how long a text is */
    EVENT_ERROR,
    EVENT_QUESTION, /* what the person asked: of traces alone, the worker says none */
} EventType;

typedef enum SpecMode { SPEC_AUTO, SPEC_ON, SPEC_OFF } SpecMode;

/* Where thresholds come from. */
typedef enum ThresholdsFrom {
    THRESHOLDS_PROFILE, /* or the built-in ones, where it gives none */
    THRESHOLDS_TUNED,   /* what `s2d tune` found */
    THRESHOLDS_HAND,
    THRESHOLDS_AUTO, /* they follow what is measured, or did until they were told to stay */
} ThresholdsFrom;

/* What a node's proposer saw at each exit on its way: the best token there and its probability. */
typedef struct EventVisit {
    int exit; /* layer number */
    int token;
    float p;
} EventVisit;

/* What one exit of the drafter took in a round: its layers, those from the exit before it on, and
 * asking it. Where a device computes, the exit that is waited for has the time of those before. */
typedef struct EventExitTime {
    int exit;   /* layer number */
    int passes; /* how often its layers ran */
    double ms;
} EventExitTime;

typedef struct EventWord {
    int token;
    char text[TOKEN_TEXT];
} EventWord;

typedef struct EventNode {
    int id;     /* 1 … ; the root, id 0, is the last committed token and is not listed */
    int parent; /* id */
    int depth;  /* 1 = child of the root */
    int token;
    char text[TOKEN_TEXT]; /* the token's text: may hold part of a character or control bytes */
    float p;               /* conditional probability under the exit that proposed it */
    int exit;              /* layer of the exit that proposed it; 0 = no model did (n-gram) */
    bool accepted;
    int n_visited;
    /* What exits said of its parent, shallow to deep; deeper ones than `exit` after it had. */
    EventVisit visited[EXITS_MAX];
} EventNode;

typedef struct EventReady {
    char version[16];
    char device[96];
    char target[64], draft[64];  /* names; draft is "" when there is none */
    char adapter[64];            /* file of the draft's trained exits; "" = none */
    char head[64];               /* file of the target's head that drafts; "" = none does */
    char drafter[24];            /* as drafter_parse takes it, without a head's file */
    bool drafts;                 /* false = that one never drafts */
    bool drafts_by_model;        /* the layers of `draft` do, alone or beside n-grams */
    bool exits_in_use;           /* tokens leave at exits: several, or one of the person's choice */
    char quant[16];              /* of the target's matrices, the commonest: "Q4_K" */
    char kv[8];                  /* what the KV caches hold: f16, q8, f32 */
    int n_targets, target_index; /* of the profile: index of the current one */
    char targets[8][64];
    int n_exits;
    int exits[EXITS_MAX];
    float thresholds[EXITS_MAX];
    bool auto_thresholds; /* they follow what is measured */
    ThresholdsFrom thresholds_from;
    char tree[16]; /* as tree_parse takes it */
    int n_profile; /* the profile's thresholds for these exits; 0 = nobody knows */
    float profile_thresholds[EXITS_MAX];
    int n_tuned; /* those kept for this draft and target; 0 = none are */
    float tuned_thresholds[EXITS_MAX];
    bool exits_trained;
    int vocab, ctx;
    int seed;
    float temperature, top_p;
    int top_k; /* 0 = all */
    SpecMode spec;
    char thinking[8]; /* "on" or "off" where the target's template has a switch, else "" */
    char date[12];    /* that the template tells, YYYY-MM-DD; "" = none */
    double load_ms;
    uint64_t memory_bytes; /* weights, KV and scratch of everything resident */
    float verify_ms[VERIFY_POINTS];
} EventReady;

typedef struct EventRound {
    int round; /* 1 … of this answer */
    char target[64];
    int n_nodes; /* nodes drafted and verified */
    EventNode nodes[NODES_MAX];
    int accepted;    /* nodes accepted; tokens committed = accepted + 1 */
    int bonus_token; /* the target's own token after the accepted path */
    char bonus_text[TOKEN_TEXT];
    /* Stages; their sum is the round's wall time, but for that in which the process was stopped. */
    double draft_ms, verify_ms, accept_ms, other_ms;
    int n_exit_times; /* exits that ran, shallow to deep; 0 = none did, or an older trace */
    EventExitTime exit_times[EXITS_MAX]; /* parts of draft_ms */
    int ctx_used;                        /* committed tokens, the bonus included */
    int n_thresholds;
    float thresholds[EXITS_MAX];
    char mode[12]; /* "spec", "plain" (nothing drafted), "probe" (plain, to measure it) */
    /* A plain round of this target here and then, kept from running as much as this one was: the median of
     * those measured, and bounds; and a pass over one row. All 0 = not measured, or an older trace. */
    double plain_ms, plain_low_ms, plain_high_ms, pass_ms;
    float predicted_gain; /* the cost model's speed of this round over plain; 0 = no forecast */
    int n_words;
    EventWord words[WORDS_MAX]; /* texts of tokens that `visited` names and that are neither a
                                   node's nor the bonus; none in an older trace */
} EventRound;

/* Text of one answer, whole UTF-8 characters (invalid bytes are U+FFFD already). */
typedef struct EventText {
    const char *text; /* terminated; valid during the callback or until the event is freed */
    int source;       /* exit layer that proposed it; 0 = the target's own token, -1 = no model's */
} EventText;

typedef struct EventQuestion {
    const char *text; /* as EventText.text */
} EventQuestion;

typedef enum SwitchStage {
    SWITCH_CHECK,
    SWITCH_LOAD,
    SWITCH_PREFILL,
    SWITCH_DONE,
    SWITCH_FAILED
} SwitchStage;

/* What would let a target in that was refused. */
typedef enum SwitchRoom {
    SWITCH_ROOM_NONE,
    SWITCH_ROOM_UNLOAD,  /* memory: models that nothing uses now go */
    SWITCH_ROOM_REPLACE, /* memory: the current target as well */
    SWITCH_ROOM_PAIR,    /* its vocabulary is another: a draft that fits it is looked for */
} SwitchRoom;

/* What a front says of the last of these; %s: the target. */
#define SWITCH_PAIRS \
    "%s has another vocabulary: it is loaded anew, with a draft that fits if one is here"

typedef struct EventSwitch {
    SwitchStage stage;
    char target[64];
    int target_index;
    float fraction;   /* 0 … 1 of the stage */
    char reason[256]; /* of a failure */
    SwitchRoom room;  /* of a failure: what the person may be asked for */
    bool draft_kv_kept;
    double ms;        /* done: from request to done */
    int n_thresholds; /* done: those of the new pair */
    float thresholds[EXITS_MAX];
} EventSwitch;

/* What thresholds would bring, by the forecast of engine/tune/forecast.h: speeds are tokens a second of
 * a chain at temperature 0, which say how settings compare and not what a tree will do. */
typedef struct EventForecast {
    int places; /* tokens of the answers that were surveyed for it */
    int n_exits;
    float thresholds[EXITS_MAX]; /* those that acted when it was made */
    float speed;                 /* with them */
    /* With one exit's a step lower or higher, the others as they are; speed 0 = there is no such step. */
    float lower[EXITS_MAX], upper[EXITS_MAX];
    float lower_speed[EXITS_MAX], upper_speed[EXITS_MAX];
    bool searched;                     /* automatic thresholds were searched: */
    float best[EXITS_MAX], best_speed; /* what was found */
    bool moved;                        /* and from now on acts */
} EventForecast;

/* One of two settings that are compared. */
typedef struct EventCompareSide {
    char target[64];
    char name[128];     /* "plain", or drafter, tree and thresholds */
    int tokens, rounds; /* of all blocks that count */
    double ms, draft_ms, verify_ms;
    int block_tokens, block_rounds; /* of its last block, 0 = it has had none, or is over */
    double block_ms;
    int said;  /* tokens of its text, with the one that the prefill gave; 0 = an older trace */
    bool over; /* its answer is */
} EventCompareSide;

/* Of one target both sides decode a block from the same place of the text; the next pair begins where
 * the shorter one ended. Two targets decode a text each, blocks in turn; what one says behind the end of
 * the other is in no pair. The first event of a comparison comes before any block. */
typedef struct EventCompare {
    int pairs;      /* that count; the first one warms up and does not, 0 = not one does yet */
    int first;      /* side that began the last pair */
    int checked;    /* tokens that both sides said, up to where their texts part */
    bool equal;     /* one text: and they were the same, as they must be; two: so far */
    int parted;     /* two texts: A's token at which they part, 1 ...; 0 = not yet */
    bool two_texts; /* by two targets */
    int kept;       /* side whose text is TEXT, and the chat's; the other's is OTHER_TEXT */
    int ctx_used;   /* committed tokens, of the kept side */
    EventCompareSide sides[2];
} EventCompare;

/* Totals of one answer; where its target was changed in the middle, of the rounds since. What stood
 * before is in the last one that came before the switch was done. */
typedef struct EventStats {
    int tokens; /* committed by rounds: accepted + rounds; the first token is not among them */
    int rounds;
    int drafted, accepted;
    float mat;          /* tokens / rounds */
    float tokens_per_s; /* tokens over the time of their rounds: the sum of the four stages */
    float
        plain_tokens_per_s; /* median of the last plain rounds here, had they been kept from running
                                 as much as this answer was; 0 = not measured yet */
    int plain_rounds;       /* how many plain rounds that figure rests on */
    int plain_age;          /* rounds since the last of these */
    /* Speed over plain decoding's, and between which bounds it lies; all 0 = not known: nothing was
     * drafted, or what was measured does not go together (engine/cost/gain.h). */
    float gain, gain_low, gain_high;
    int n_exits;
    int by_exit_drafted[EXITS_MAX], by_exit_accepted[EXITS_MAX];
    int reached[DEPTH_MAX]; /* rounds in which a node of depth d+1 was accepted; sum = accepted */
    double draft_ms, verify_ms, accept_ms, other_ms, prefill_ms, draft_prefill_ms;
    int back_copies; /* from a device to the host, each waited for; prompts' as well */
    uint64_t back_bytes;
} EventStats;

typedef struct Event {
    EventType type;
    double t_ms; /* since the worker started */
    int turn;    /* 1 … ; 0 before the first `say` */
    union {
        EventReady ready;
        struct {
            int done, total;
            double ms, draft_ms;
            int token; /* drawn from it: the answer's first one, which is in no round; -1 = not yet */
        } prefill;
        struct {
            char code[32];
            char message[512];
        } warning;
        struct {
            char model[64];
            float fraction;
        } load;
        EventRound round;
        EventText text;
        EventQuestion question;
        EventSwitch swap;
        EventStats stats;
        EventCompare compare;
        EventForecast forecast;
        struct {
            char reason[16]; /* eos, stop (a stop string), length, context, stopped, error */
            EventStats totals;
            int seed;
        } done;
        struct {
            int number; /* as the request has it */
            int tokens; /* of the text alone, for the current target; -1 = they cannot be counted */
        } count;
        struct {
            int code;
            char message[512];
            bool fatal;
            bool kept; /* a load failed, and what was loaded before is still there */
        } error;
    } u;
} Event;

#endif
