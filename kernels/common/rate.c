/* rate.c - see rate.h. */
#include "kernels/common/rate.h"

#include <math.h>

#include "kernels/common/student.h"

/* ---- one speed ---- */

static void halve(Rate *rate)
{
    for (int i = 0; i < RATE_PARTS / 2; i++) {
        rate->tokens[i] = rate->tokens[2 * i] + rate->tokens[2 * i + 1];
        rate->ms[i] = rate->ms[2 * i] + rate->ms[2 * i + 1];
    }
    rate->parts = RATE_PARTS / 2;
    rate->doubled++;
}

void rate_add(Rate *rate, double tokens, double ms)
{
    if (rate->under_way == 0 && rate->parts == RATE_PARTS)
        halve(rate);
    int at = rate->parts;
    if (rate->under_way == 0)
        rate->tokens[at] = rate->ms[at] = 0;
    rate->tokens[at] += (float)tokens;
    rate->ms[at] += (float)ms;
    rate->all_tokens += tokens;
    rate->all_ms += ms;
    rate->rounds++;
    if (++rate->under_way == RATE_EACH << rate->doubled) {
        rate->under_way = 0;
        rate->parts++;
    }
}

double rate_per_s(const Rate *rate)
{
    return rate->all_ms > 0 ? 1e3 * rate->all_tokens / rate->all_ms : 0;
}

bool rate_known(const Rate *rate)
{
    return rate->parts >= RATE_KNOWN;
}

/* The standard error of the speed; parts >= 2. */
static double error_of(const Rate *rate)
{
    double tokens = 0, ms = 0, squares = 0;
    int n = rate->parts;
    for (int i = 0; i < n; i++) {
        tokens += (double)rate->tokens[i];
        ms += (double)rate->ms[i];
    }
    if (ms <= 0)
        return 0;
    for (int i = 0; i < n; i++) {
        double residual = (double)rate->tokens[i] - tokens / ms * (double)rate->ms[i];
        squares += residual * residual;
    }
    return 1e3 * sqrt(squares / (n - 1) / n) / (ms / n);
}

double rate_half(const Rate *rate)
{
    return rate_known(rate) ? student_95(rate->parts - 1) * error_of(rate) : 0;
}

RateVerdict rate_compare(const Rate *own, const Rate *base)
{
    if (!rate_known(own) || !rate_known(base))
        return RATE_TOO_FEW;
    double a = error_of(own), b = error_of(base), both = a * a + b * b;
    double difference = rate_per_s(own) - rate_per_s(base);
    int degrees = own->parts + base->parts - 2;
    if (both > 0) { /* Welch: the variances need not be equal */
        double parts = a * a * a * a / (own->parts - 1) + b * b * b * b / (base->parts - 1);
        degrees = (int)(both * both / parts);
    }
    if (fabs(difference) <= student_95(degrees < 1 ? 1 : degrees) * sqrt(both))
        return RATE_SAME;
    return difference > 0 ? RATE_FASTER : RATE_SLOWER;
}

/* ---- two in turn ---- */

static void halve_pairs(Duel *duel)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < DUEL_PAIRS / 2; i++) {
            float *tokens = duel->tokens[side], *ms = duel->ms[side];
            tokens[i] = tokens[2 * i] + tokens[2 * i + 1];
            ms[i] = ms[2 * i] + ms[2 * i + 1];
        }
    duel->pairs = DUEL_PAIRS / 2;
    duel->doubled++;
}

int duel_first(int pair)
{
    int first = 0; /* the Thue-Morse sequence */
    for (; pair > 0; pair >>= 1)
        first ^= pair & 1;
    return first;
}

void duel_add(Duel *duel, const double tokens[2], const double ms[2])
{
    for (int side = 0; side < 2; side++) {
        duel->part_tokens[side] += (float)tokens[side];
        duel->part_ms[side] += (float)ms[side];
    }
    if (++duel->under_way < 1 << duel->doubled)
        return;
    if (duel->pairs == DUEL_PAIRS) {
        halve_pairs(duel);
        if (duel->under_way < 1 << duel->doubled)
            return;
    }
    for (int side = 0; side < 2; side++) {
        duel->tokens[side][duel->pairs] = duel->part_tokens[side];
        duel->ms[side][duel->pairs] = duel->part_ms[side];
        duel->part_tokens[side] = duel->part_ms[side] = 0;
    }
    duel->under_way = 0;
    duel->pairs++;
}

/* The logarithm of the ratio is linearised: what a pair adds to it is how far its tokens and times
 * stand from their means, and the interval is that of these sums. */
DuelResult duel_result(const Duel *duel)
{
    DuelResult result = {.verdict = RATE_TOO_FEW};
    double tokens[2] = {0}, ms[2] = {0}, squares = 0;
    int n = duel->pairs;
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++) {
            tokens[side] += (double)duel->tokens[side][i] / n;
            ms[side] += (double)duel->ms[side][i] / n;
        }
    if (n == 0 || tokens[0] <= 0 || tokens[1] <= 0 || ms[0] <= 0 || ms[1] <= 0)
        return result;
    result.ratio = tokens[0] / ms[0] * ms[1] / tokens[1];
    if (n < RATE_KNOWN)
        return result;
    for (int i = 0; i < n; i++) {
        double moves[2];
        for (int side = 0; side < 2; side++)
            moves[side] =
                (double)duel->tokens[side][i] / tokens[side] - (double)duel->ms[side][i] / ms[side];
        squares += (moves[0] - moves[1]) * (moves[0] - moves[1]);
    }
    double half = student_99(n - 1) * sqrt(squares / (n - 1) / n);
    result.low = result.ratio * exp(-half);
    result.high = result.ratio * exp(half);
    result.verdict = result.low > 1 ? RATE_FASTER : result.high < 1 ? RATE_SLOWER : RATE_SAME;
    return result;
}
