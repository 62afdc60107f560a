/* trials.c - see trials.h. */
#include "ui/trials.h"

#include <math.h>
#include <string.h>

#include "ui/text.h"

/* Was drafting tried? A round in which no exit had anything to say took its time, too, and counts for
 * the thresholds that it was made with. */
static bool has_drafted(const EventRound *round, double ms)
{
    static const double SHARE = 0.02; /* what deciding not to draft does not take */
    return strcmp(round->mode, "spec") == 0 ||
           (strcmp(round->mode, "plain") == 0 && round->draft_ms > SHARE * ms);
}

static bool same(const Trial *a, const Trial *b)
{
    if (a->plain != b->plain || strcmp(a->target, b->target) != 0)
        return false;
    return a->plain || (strcmp(a->drafter, b->drafter) == 0 && a->n_exits == b->n_exits &&
                        memcmp(a->exits, b->exits, sizeof a->exits) == 0 &&
                        memcmp(a->thresholds, b->thresholds, sizeof a->thresholds) == 0);
}

static Trial *find(Trials *trials, const Trial *wanted)
{
    for (int i = 0; i < trials->n; i++)
        if (same(&trials->list[i], wanted))
            return &trials->list[i];
    return NULL;
}

static Trial *make(Trials *trials, const Trial *wanted)
{
    if (trials->n == TRIALS_MAX) {
        int oldest = 0;
        for (int i = 1; i < trials->n; i++)
            if (trials->list[i].last_use < trials->list[oldest].last_use)
                oldest = i;
        trials->n--;
        memmove(&trials->list[oldest], &trials->list[oldest + 1],
                sizeof *trials->list * (size_t)(trials->n - oldest));
    }
    Trial *trial = &trials->list[trials->n++];
    *trial = *wanted;
    trial->number = ++trials->made;
    return trial;
}

static void add_against(Trial *trial, const EventRound *round, double ms)
{
    int tokens = round->accepted + 1;
    if (round->plain_ms <= 0)
        return;
    trial->against.tokens += tokens;
    trial->against.rounds++;
    trial->against.ms += ms;
    trial->against.passes_ms += round->draft_ms + round->verify_ms;
    trial->against.verify_ms += round->verify_ms;
    trial->against.plain_ms += tokens * round->plain_ms;
    trial->against.low_ms += tokens * round->plain_low_ms;
    trial->against.high_ms += tokens * round->plain_high_ms;
    trial->against.pass_ms += round->pass_ms;
}

int trials_add(Trials *trials, const EventReady *ready, const EventRound *round)
{
    Trial wanted = {0};
    double ms = round->draft_ms + round->verify_ms + round->accept_ms + round->other_ms;
    wanted.plain = !has_drafted(round, ms);
    text_clean_line(round->target, wanted.target, sizeof wanted.target);
    if (!wanted.plain) {
        memcpy(wanted.drafter, ready->drafter, sizeof wanted.drafter);
        wanted.n_exits = round->n_thresholds == ready->n_exits ? ready->n_exits : 0;
        for (int i = 0; i < wanted.n_exits; i++) {
            wanted.exits[i] = ready->exits[i];
            wanted.thresholds[i] = round->thresholds[i];
        }
    }
    Trial *trial = find(trials, &wanted);
    if (trial == NULL)
        trial = make(trials, &wanted);
    rate_add(&trial->rate, round->accepted + 1, ms);
    trial->draft_ms += round->draft_ms;
    trial->verify_ms += round->verify_ms;
    trial->all_ms += ms;
    add_against(trial, round, ms);
    trial->last_use = ++trials->rounds;
    trials->now = trial->number;
    return trial->number;
}

Speedup trial_gain(const Trial *trial)
{
    double ms = trial->against.ms, rounds = trial->against.rounds;
    if (trial->plain || !rate_known(&trial->rate) || ms <= 0 || trial->against.passes_ms <= 0)
        return (Speedup){0};
    double one = fmin(trial->against.pass_ms, trial->against.verify_ms) / rounds;
    double most = trial->against.tokens * one / trial->against.passes_ms;
    double half = rate_half(&trial->rate) / rate_per_s(&trial->rate);
    return speedup_within(trial->against.plain_ms / ms, (1 - half) * trial->against.low_ms / ms,
                          (1 + half) * trial->against.high_ms / ms, most);
}

bool trial_is_of(const Trial *trial, const EventReady *ready)
{
    if (strcmp(trial->target, ready->target) != 0)
        return false;
    return trial->plain ||
           (strcmp(trial->drafter, ready->drafter) == 0 && trial->n_exits == ready->n_exits &&
            memcmp(trial->exits, ready->exits, sizeof *trial->exits * (size_t)trial->n_exits) == 0);
}

const Trial *trials_base(const Trials *trials, const EventReady *ready)
{
    for (int i = 0; i < trials->n; i++) {
        const Trial *trial = &trials->list[i];
        if (!trial->plain && rate_known(&trial->rate) && trial_is_of(trial, ready))
            return trial;
    }
    return NULL;
}
