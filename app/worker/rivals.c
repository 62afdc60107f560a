/* rivals.c - see rivals.h. */
#include "app/worker/rivals.h"

enum {
    ENOUGH = 192,  /* tokens to judge by; an answer or two */
    MEMORY = 4096, /* tokens after which both count half */
};

int rivals_choose(const Rivals *r)
{
    int other = 1 - r->current;
    if (r->tokens[r->current] < ENOUGH)
        return r->current;
    if (r->tokens[other] < ENOUGH)
        return other;
    double own = r->tokens[r->current] / r->ms[r->current];
    return r->tokens[other] / r->ms[other] > own ? other : r->current;
}

void rivals_note(Rivals *r, int tokens, double ms)
{
    if (tokens <= 0 || ms <= 0)
        return;
    r->tokens[r->current] += tokens;
    r->ms[r->current] += ms;
    if (r->tokens[r->current] < MEMORY)
        return;
    for (int i = 0; i < 2; i++) {
        r->tokens[i] /= 2;
        r->ms[i] /= 2;
    }
}
