/* cost.h - what passes cost on this machine, what drafting brings, and so whether to draft.
 *
 * Times are measured at load and kept current, and are those in which the caller ran (kernels_ms):
 * what a stopped process or a busy machine adds is not what anything costs. Undisturbed, rounds of
 * `coder` and of `smollm2` ran for 0.99 to 1.00 of their time (2 cores, 2 threads); among ten busy
 * programs for a third, and yet a plain round of the 1.5B ran 38.6 ms of its 118, against 35.1 of 35.1
 * alone. Where a device does the work nobody can tell, and other threads may be kept waiting
 * besides: so no single time is trusted (recent.h). Acceptance is counted from what the
 * target really did. From both follow the tree worth drafting, whether to draft at all, and
 * whether it is worth it that the draft reads a prompt (promise 2). Nothing here can change the
 * text.
 *
 * The rule against losing is a ledger: what drafting and its reading took beyond plain decoding's
 * time is a debt that later gains pay off, and while drafting does not pay it is only tried again
 * when the debt, the trial's own expected loss included, is within 1 % of all the time that the
 * answers took.
 */
#ifndef S2D_ENGINE_COST_COST_H
#define S2D_ENGINE_COST_COST_H

#include <stdbool.h>

#include "engine/cost/calibration.h"
#include "engine/cost/curve.h"
#include "engine/cost/recent.h"
#include "kernels/common/bounds.h"

typedef struct Cost {
    Curve verify;     /* a target pass over n rows with an empty context, the head included */
    float context_ms; /* what each row of it takes more for each token of context */
    int context;      /* tokens of it now */
    Curve draft;      /* one drafting step over n nodes */
    double read_ms;   /* the draft's reading of a token of the text; 0 = not known */
    Recent read;      /* the same, as it went */
    Recent prefill;   /* the target's reading of a token of a prompt, in large batches */
    Calibration accept[EXITS_MAX + 1]; /* by index of the exit, last = proposed by no model */

    Recent plain;      /* rounds, at an empty context */
    Recent plain_pass; /* the passes in them */
    int plain_rounds;  /* of these there were */
    int plain_in_row;  /* since the last drafting one */
    int plain_age;     /* rounds since the last one */
    bool plain_odd;    /* the last did not agree with those before, or with T(1) */
    Curve plain_curve; /* verify, when the last one was measured */
    int rows;          /* of the last pass; */
    double pass_ms;    /* what it took, without context; */
    bool slow;         /* and was that far more than T(n)? */
    Recent spec;       /* drafting rounds */
    /* They as they really went, decayed. */
    double spec_tokens, spec_ms;
    int spec_rounds; /* since the last plain one */
    int answer_spec; /* of this answer, while it has no plain one; -1 = it has */
    int trial;       /* drafting rounds left before they are judged */
    bool judged, pays;
    double total_ms; /* of all answers */
    double debt_ms;  /* what drafting lost against plain and has not won back */
} Cost;

/* Another drafter, or a pair of models that nothing is known of. The target's times stay. */
void cost_reset_draft(Cost *cost);
/* Another tree or other thresholds: drafting is tried anew. */
void cost_try_again(Cost *cost);

typedef enum RoundMode {
    ROUND_PLAIN,
    ROUND_SPEC,
    ROUND_NGRAM, /* plain, but for guesses from the text itself, which take no time */
    ROUND_PROBE,
} RoundMode;

static inline bool round_drafts(RoundMode mode)
{
    return mode == ROUND_SPEC || mode == ROUND_NGRAM;
}

/* An answer begins: what it gains is judged by plain rounds of its own, if it is long enough. */
void cost_begin_answer(Cost *cost);

/* What the next round should be under `--spec auto`. */
RoundMode cost_next(const Cost *cost);
/* May a plain round try n-grams? What such rounds lose is in the ledger, too. */
bool cost_may_try_ngram(const Cost *cost);
/* May the draft read `tokens` tokens now, in an answer of which about `expected` more will come? */
bool cost_may_read(const Cost *cost, int tokens, double expected);

/* What was done, and how long it took: so many tokens of a prompt read by the target, and of the
 * text by the draft; a round that committed so many; its pass over `rows` rows, told first.
 * cost_round returns what it believes of the time. */
void cost_prefill(Cost *cost, int tokens, double ms);
void cost_read(Cost *cost, int tokens, double ms);
double cost_round(Cost *cost, RoundMode mode, int tokens, double ms);
void cost_verify(Cost *cost, int rows, double ms);

/* A target pass over n rows, and a plain round, at the current context; 0 = not known. */
double cost_verify_ms(const Cost *cost, int rows);
double cost_plain_ms(const Cost *cost);

/* Speed of drafting over plain decoding's, as it went or, before it was tried, as it may go. */
double cost_speedup(const Cost *cost);

/* Forecast of tokens per ms over plain decoding's for a round that expects `tokens` tokens from
 * `rows` rows after `draft_ms` of drafting; 0 = no forecast. */
double cost_gain(const Cost *cost, double tokens, int rows, double draft_ms);

#endif
