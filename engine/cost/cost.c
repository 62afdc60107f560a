/* cost.c - see cost.h. */
#include "engine/cost/cost.h"

#include <math.h>

enum {
    FIRST_PLAIN = 2,  /* plain rounds at the start of everything: what drafting is compared with */
    TRIAL = 6,        /* drafting rounds before they are judged */
    RETRY = 3,        /* drafting rounds of a later trial */
    PROBE_EVERY = 48, /* drafting rounds between two plain ones */
    PROBE_FIRST = 8,  /* and before an answer's first */
    PROBE_AGAIN = 8,  /* where plain's time is in doubt */
    PROBES_MAX = RECENT, /* in a row, until they agree */
    CREDIT = 8,          /* plain rounds that may be lost once, on top of that share */
};

static const double RISK = 0.01; /* share of the time that trying may cost */

/* A first time, with none to compare it with, is believed up to this many plain rounds. Hardly a
 * drafting round takes longer. */
static const double FIRST_MOST = 4;

/* Times that differ by more are of two machines, or of one that was disturbed. */
static const double ODD = 1.25;

/* What drafting brings where it was not tried yet: seven of ten tokens are right. */
static const double LIKELY_HIT = 0.7;

void cost_reset_draft(Cost *cost)
{
    *cost = (Cost){.verify = cost->verify,
                   .context_ms = cost->context_ms,
                   .context = cost->context,
                   .prefill = cost->prefill,
                   .plain = cost->plain,
                   .plain_pass = cost->plain_pass,
                   .plain_rounds = cost->plain_rounds,
                   .plain_age = cost->plain_age,
                   .plain_odd = cost->plain_odd,
                   .plain_curve = cost->plain_curve,
                   .total_ms = cost->total_ms,
                   .trial = TRIAL};
}

void cost_try_again(Cost *cost)
{
    cost->judged = false;
    cost->trial = TRIAL;
    cost->spec_tokens = cost->spec_ms = 0;
}

void cost_begin_answer(Cost *cost)
{
    cost->answer_spec = 0;
}

/* ---- times ---- */

static double context_ms(const Cost *cost, int rows)
{
    return (double)cost->context_ms * rows * cost->context;
}

/* The same pass or round without context. */
static double bare_ms(const Cost *cost, int rows, double ms)
{
    return fmax(ms - context_ms(cost, rows), 0.1 * ms);
}

double cost_verify_ms(const Cost *cost, int rows)
{
    double ms = curve_at(&cost->verify, rows);
    return ms > 0 ? ms + context_ms(cost, rows) : 0;
}

double cost_plain_ms(const Cost *cost)
{
    double ms = recent_median(&cost->plain);
    return ms > 0 ? ms + context_ms(cost, 1) : cost_verify_ms(cost, 1);
}

void cost_verify(Cost *cost, int rows, double ms)
{
    double expected = cost_verify_ms(cost, rows);
    cost->rows = rows;
    cost->pass_ms = bare_ms(cost, rows, ms);
    cost->slow = expected > 0 && ms > ODD * expected;
    curve_add(&cost->verify, rows, cost->pass_ms);
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

static bool is_odd(double a, double b)
{
    return a > ODD * b || b > ODD * a;
}

/* Passes like the last one take another time than they did when plain was measured, or less than
 * those of one row in plain rounds, which cannot be. */
static bool has_moved(const Cost *cost)
{
    if (cost->rows == 0)
        return false;
    double then = curve_at(&cost->plain_curve, cost->rows);
    double now = curve_at(&cost->verify, cost->rows);
    return (then > 0 && is_odd(now, then)) || recent_median(&cost->plain_pass) > ODD * now;
}

/* Is it time to measure plain rounds? What drafting is judged by must be true of now. */
static bool wants_plain(const Cost *cost)
{
    if (cost->plain_rounds < FIRST_PLAIN)
        return true;
    if (cost->spec_rounds == 0)
        return cost->plain_odd && cost->plain_in_row < PROBES_MAX;
    bool doubt = cost->plain_odd || has_moved(cost);
    if (cost->answer_spec >= PROBE_FIRST)
        return true;
    return cost->spec_rounds >= (doubt ? PROBE_AGAIN : PROBE_EVERY);
}

RoundMode cost_next(const Cost *cost)
{
    if (wants_plain(cost))
        return ROUND_PROBE;
    if (cost->trial > 0)
        return ROUND_SPEC;
    if (!cost->pays)
        return within_risk(cost, trial_loss(cost)) ? ROUND_SPEC : ROUND_PLAIN;
    return ROUND_SPEC;
}

bool cost_may_try_ngram(const Cost *cost)
{
    return cost->plain_rounds >= FIRST_PLAIN && !has_moved(cost) && within_risk(cost, 0);
}

bool cost_may_read(const Cost *cost, int tokens, double expected)
{
    double ms = tokens * cost->read_ms;
    double won = expected * cost_plain_ms(cost) * (1 - 1 / cost_speedup(cost));
    /* Half, for how long an answer becomes is not known. */
    return 0.5 * won >= ms || within_risk(cost, ms + (cost->judged ? trial_loss(cost) : 0));
}

/* ---- what was done ---- */

void cost_prefill(Cost *cost, int tokens, double ms)
{
    enum { ENOUGH = 16 }; /* tokens, for a speed of reading to show */
    double plain = cost_plain_ms(cost);
    if (tokens >= ENOUGH) /* alone, a token would take as long as a plain round */
        ms = tokens * recent_add(&cost->prefill, ms / tokens, plain);
    else if (plain > 0)
        ms = fmin(ms, FIRST_MOST * tokens * plain);
    cost->total_ms += ms;
}

void cost_read(Cost *cost, int tokens, double ms)
{
    double most = cost->read_ms > 0 ? cost->read_ms : cost_plain_ms(cost);
    ms = tokens * recent_add(&cost->read, ms / tokens, FIRST_MOST * most);
    cost->read_ms = recent_median(&cost->read);
    cost->total_ms += ms;
    cost->debt_ms += ms;
}

static double add_plain(Cost *cost, double ms)
{
    double before = recent_median(&cost->plain), bare = bare_ms(cost, 1, ms);
    double most = FIRST_MOST * curve_at(&cost->verify, 1);
    if (cost->rows == 1)
        recent_add(&cost->plain_pass, cost->pass_ms, most);
    ms += recent_add(&cost->plain, bare, most) - bare;
    cost->total_ms += ms;
    double now = recent_median(&cost->plain);
    if (before > 0) /* drafting is as much faster or slower since */
        cost->spec_ms *= now / before;
    cost->plain_odd = cost->slow || is_odd(bare, now);
    cost->plain_curve = cost->verify;
    cost->plain_rounds++;
    cost->plain_in_row++;
    cost->spec_rounds = cost->plain_age = 0;
    cost->answer_spec = -1;
    return ms;
}

static void judge(Cost *cost)
{
    cost->judged = true;
    cost->pays = cost->spec_tokens * cost_plain_ms(cost) >= cost->spec_ms;
}

double cost_round(Cost *cost, RoundMode mode, int tokens, double ms)
{
    static const double DECAY = 0.95;
    if (!round_drafts(mode))
        return add_plain(cost, ms);
    double plain = cost_plain_ms(cost);
    cost->plain_age++;
    ms = recent_add(&cost->spec, ms, FIRST_MOST * plain);
    cost->total_ms += ms;
    cost->debt_ms = fmax(0, cost->debt_ms + ms - tokens * plain);
    if (mode == ROUND_NGRAM)
        return ms;
    if (cost->trial == 0 && !cost->pays) { /* the first round of a later trial */
        cost->trial = RETRY;
        cost->spec_tokens = cost->spec_ms = 0;
    }
    cost->spec_tokens = DECAY * cost->spec_tokens + tokens;
    cost->spec_ms = DECAY * cost->spec_ms + ms;
    cost->spec_rounds++;
    cost->answer_spec += cost->answer_spec >= 0;
    cost->plain_in_row = 0;
    if (cost->trial > 0)
        cost->trial--;
    if (!can_pay(cost)) {
        judge(cost);
        cost->pays = false;
        cost->trial = 0;
    } else if (cost->trial == 0) {
        judge(cost);
    }
    return ms;
}
