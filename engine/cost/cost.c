/* cost.c - see cost.h. */
#include "engine/cost/cost.h"

#include <math.h>

enum {
    FIRST_PLAIN = 2,  /* plain rounds at the start of everything: what drafting is compared with */
    TRIAL = 6,        /* drafting rounds before they are judged */
    RETRY = 3,        /* drafting rounds of a later trial */
    PROBE_EVERY = 96, /* drafting rounds between two plain ones */
    CREDIT = 8,       /* plain rounds that may be lost once, on top of that share */
};

static const double RISK = 0.01; /* share of the time that trying may cost */

/* What drafting brings where it was not tried yet: seven of ten tokens are right. */
static const double LIKELY_HIT = 0.7;

void cost_reset_draft(Cost *cost)
{
    *cost = (Cost){.verify = cost->verify,
                   .context_ms = cost->context_ms,
                   .context = cost->context,
                   .plain_ms = cost->plain_ms,
                   .plain_rounds = cost->plain_rounds,
                   .total_ms = cost->total_ms,
                   .trial = TRIAL};
}

void cost_try_again(Cost *cost)
{
    cost->judged = false;
    cost->trial = TRIAL;
    cost->spec_tokens = cost->spec_ms = 0;
}

/* ---- times ---- */

static double context_ms(const Cost *cost, int rows)
{
    return (double)cost->context_ms * rows * cost->context;
}

double cost_verify_ms(const Cost *cost, int rows)
{
    double ms = curve_at(&cost->verify, rows);
    return ms > 0 ? ms + context_ms(cost, rows) : 0;
}

double cost_plain_ms(const Cost *cost)
{
    return cost->plain_ms > 0 ? cost->plain_ms + context_ms(cost, 1) : cost_verify_ms(cost, 1);
}

void cost_verify(Cost *cost, int rows, double ms)
{
    double bare = ms - context_ms(cost, rows);
    curve_add(&cost->verify, rows, bare > 0.1 * ms ? bare : 0.1 * ms);
}

double cost_gain(const Cost *cost, double tokens, int rows, double draft_ms)
{
    double verify = cost_verify_ms(cost, rows), plain = cost_plain_ms(cost);
    return verify > 0 && plain > 0 ? tokens / (draft_ms + verify) * plain : 0;
}

/* The best speed over plain's of a chain, were each token right with probability `hit`; 0 = not
 * known. */
static double chain_gain(const Cost *cost, double hit)
{
    enum { DEEPEST = 8 };
    double step = curve_at(&cost->draft, 1), tokens = 1, chain = 1, best = 0;
    if (step <= 0)
        return 0;
    for (int depth = 1; depth <= DEEPEST; depth++) {
        tokens += chain *= hit;
        best = fmax(best, cost_gain(cost, tokens, depth + 1, depth * step));
    }
    return best;
}

double cost_speedup(const Cost *cost)
{
    if (cost->judged)
        return cost->spec_tokens * cost_plain_ms(cost) / cost->spec_ms;
    double likely = chain_gain(cost, LIKELY_HIT);
    return likely > 0 ? likely : 1;
}

/* ---- decisions ---- */

/* Could drafting pay at all, at the measured costs, if nine of ten guesses were right? A draft as
 * slow as its target could not, and needs no long trial. */
static bool can_pay(const Cost *cost)
{
    double gain = chain_gain(cost, 0.9);
    return gain == 0 || gain > 1;
}

/* What a short trial would lose if drafting still went as it did. */
static double trial_loss(const Cost *cost)
{
    double slower = 1 / cost_speedup(cost) - 1; /* by token, in plain rounds */
    return RETRY * cost_plain_ms(cost) * fmax(slower, 0.25);
}

static bool within_risk(const Cost *cost, double more_ms)
{
    double credit = can_pay(cost) ? CREDIT * cost_plain_ms(cost) : 0;
    return cost->debt_ms + more_ms <= RISK * cost->total_ms + credit;
}

RoundMode cost_next(const Cost *cost)
{
    if (cost->plain_rounds < FIRST_PLAIN)
        return ROUND_PROBE;
    if (cost->trial > 0)
        return ROUND_SPEC;
    if (!cost->pays)
        return within_risk(cost, trial_loss(cost)) ? ROUND_SPEC : ROUND_PLAIN;
    return cost->spec_rounds < PROBE_EVERY ? ROUND_SPEC : ROUND_PROBE;
}

bool cost_may_try_ngram(const Cost *cost)
{
    return cost->plain_rounds >= FIRST_PLAIN && within_risk(cost, 0);
}

bool cost_may_read(const Cost *cost, int tokens, double expected)
{
    double ms = tokens * cost->read_ms;
    double won = expected * cost_plain_ms(cost) * (1 - 1 / cost_speedup(cost));
    /* Half, for how long an answer becomes is not known. */
    return 0.5 * won >= ms || within_risk(cost, ms + (cost->judged ? trial_loss(cost) : 0));
}

/* ---- what was done ---- */

void cost_prefill(Cost *cost, double ms)
{
    cost->total_ms += ms;
}

void cost_read(Cost *cost, int tokens, double ms)
{
    double each = ms / tokens;
    cost->read_ms = cost->read_ms == 0 ? each : 0.7 * cost->read_ms + 0.3 * each;
    cost->total_ms += ms;
    cost->debt_ms += ms;
}

static void judge(Cost *cost)
{
    cost->judged = true;
    cost->pays = cost->spec_tokens * cost_plain_ms(cost) >= cost->spec_ms;
}

void cost_round(Cost *cost, RoundMode mode, int tokens, double ms)
{
    static const double DECAY = 0.95;
    cost->total_ms += ms;
    if (!round_drafts(mode)) {
        double bare = ms - context_ms(cost, 1);
        cost->plain_ms = cost->plain_ms == 0 ? bare : 0.8 * cost->plain_ms + 0.2 * bare;
        cost->plain_rounds++;
        cost->spec_rounds = 0;
        return;
    }
    double plain = cost_plain_ms(cost);
    cost->debt_ms = fmax(0, cost->debt_ms + ms - tokens * plain);
    if (mode == ROUND_NGRAM)
        return;
    if (cost->trial == 0 && !cost->pays) { /* the first round of a later trial */
        cost->trial = RETRY;
        cost->spec_tokens = cost->spec_ms = 0;
    }
    cost->spec_tokens = DECAY * cost->spec_tokens + tokens;
    cost->spec_ms = DECAY * cost->spec_ms + ms;
    cost->spec_rounds++;
    if (cost->trial > 0)
        cost->trial--;
    if (!can_pay(cost)) {
        judge(cost);
        cost->pays = false;
        cost->trial = 0;
    } else if (cost->trial == 0) {
        judge(cost);
    }
}
