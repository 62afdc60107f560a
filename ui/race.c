/* race.c - see race.h. */
#include "ui/race.h"

double race_plain_ms(const EventStats *stats)
{
    if (stats->gain_low <= 0 || stats->tokens_per_s <= 0)
        return 0;
    return 1000.0 * (double)stats->gain_low / (double)stats->tokens_per_s;
}

static double spent_ms(const EventStats *stats)
{
    return stats->draft_ms + stats->verify_ms + stats->accept_ms + stats->other_ms +
           stats->draft_prefill_ms;
}

void race_stats(Race *race, const EventStats *stats)
{
    EventStats *before = &race->before;
    if (stats->rounds <= before->rounds) /* totals are those of the current target */
        *before = (EventStats){0};
    race->leg = (RaceLeg){.tokens = stats->tokens - before->tokens,
                          .drafted = stats->drafted - before->drafted,
                          .ms = spent_ms(stats) - spent_ms(before),
                          .plain_ms = race_plain_ms(stats)};
}

static double leg_saved_ms(const RaceLeg *leg)
{
    return leg->tokens * leg->plain_ms - leg->ms;
}

void race_switch(Race *race, const EventStats *stats)
{
    RaceLeg *leg = &race->leg;
    if (leg->tokens > 0) {
        race->legs++;
        race->closed.tokens += leg->tokens;
        race->closed.drafted += leg->drafted;
        race->closed.ms += leg->ms;
        race->unmeasured = race->unmeasured || leg->plain_ms <= 0;
        if (leg->plain_ms > 0) {
            race->closed_plain_tokens += leg->ms / leg->plain_ms;
            race->closed_saved_ms += leg_saved_ms(leg);
        }
    }
    race->before = *stats;
    *leg = (RaceLeg){0};
}

bool race_known(const Race *race)
{
    const RaceLeg *leg = &race->leg;
    return !race->unmeasured && (leg->tokens == 0 || leg->plain_ms > 0) &&
           leg->tokens + race->closed.tokens > 0 && leg->drafted + race->closed.drafted > 0;
}

int race_tokens(const Race *race)
{
    return race->closed.tokens + race->leg.tokens;
}

double race_ms(const Race *race)
{
    return race->closed.ms + race->leg.ms;
}

double race_plain_tokens(const Race *race)
{
    const RaceLeg *leg = &race->leg;
    return race->closed_plain_tokens + (leg->plain_ms > 0 ? leg->ms / leg->plain_ms : 0);
}

double race_saved_ms(const Race *race)
{
    return race->closed_saved_ms + (race->leg.tokens > 0 ? leg_saved_ms(&race->leg) : 0);
}

bool race_leg_saved_ms(const Race *race, double *ms)
{
    const RaceLeg *leg = &race->leg;
    *ms = leg_saved_ms(leg);
    return leg->tokens > 0 && leg->drafted > 0 && leg->plain_ms > 0;
}

double race_chat_ms(const Race *race, int *answers)
{
    bool known = race_known(race);
    *answers = race->answers + known;
    return race->chat_ms + (known ? race_saved_ms(race) : 0);
}

void race_begin(Race *race)
{
    int answers = race->answers, missed = race->missed;
    double ms = race->chat_ms;
    if (race_known(race)) {
        answers++;
        ms += race_saved_ms(race);
    } else if (race_tokens(race) > 0) {
        missed++;
    }
    *race = (Race){.answers = answers, .missed = missed, .chat_ms = ms};
}
