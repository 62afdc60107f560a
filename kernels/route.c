/* route.c - see route.h. */
#include "kernels/route.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void route_row(const float *logits, int experts, int picks, int *ids, float *weights)
{
    int held = 0;
    float sum = 0;
    for (int e = 0; e < experts; e++) {
        float v = isnan(logits[e]) ? -INFINITY : logits[e];
        if (held == picks && !(v > weights[held - 1]))
            continue;
        int at = held < picks ? held++ : held - 1;
        for (; at > 0 && weights[at - 1] < v; at--) {
            ids[at] = ids[at - 1];
            weights[at] = weights[at - 1];
        }
        ids[at] = e;
        weights[at] = v;
    }
    float best = weights[0];
    for (int r = 0; r < picks; r++)
        sum += weights[r] = expf(weights[r] - best);
    for (int r = 0; r < picks; r++)
        weights[r] /= sum;
    for (int r = 1; r < picks; r++) { /* by number */
        int id = ids[r], at = r;
        float weight = weights[r];
        for (; at > 0 && ids[at - 1] > id; at--) {
            ids[at] = ids[at - 1];
            weights[at] = weights[at - 1];
        }
        ids[at] = id;
        weights[at] = weight;
    }
}

void route_rows(Route *route, const float *logits, int n, int experts, int picks)
{
    int ids[ROWS_MAX * PICKS_MAX], count[EXPERTS_MAX] = {0}, place[EXPERTS_MAX];
    float weights[ROWS_MAX * PICKS_MAX];
    assert(n <= ROWS_MAX && picks <= PICKS_MAX && picks <= experts && experts <= EXPERTS_MAX);
    route->picks = picks;
    route->pairs = n * picks;
    for (int i = 0; i < n; i++)
        route_row(logits + (size_t)i * (size_t)experts, experts, picks, ids + i * picks,
                  weights + i * picks);
    for (int i = 0; i < route->pairs; i++)
        count[ids[i]]++;
    route->active = 0;
    for (int e = 0, first = 0; e < experts; e++) {
        if (count[e] == 0)
            continue;
        place[e] = route->active;
        route->expert[route->active] = e;
        route->first[route->active++] = first;
        first += count[e];
    }
    route->first[route->active] = route->pairs;
    memset(count, 0, sizeof count);
    for (int i = 0; i < route->pairs; i++) {
        int e = ids[i], pair = route->first[place[e]] + count[e]++;
        route->row[pair] = i / picks;
        route->weight[pair] = weights[i];
        route->pair[i] = pair;
        route->place[i] = place[e];
    }
}
