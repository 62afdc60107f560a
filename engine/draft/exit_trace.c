/* exit_trace.c - what a draft's exits say of a text, see engine/decode/exit_trace.h. The text takes
 * the place of a tree: a chain of nodes, all of them right.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/draft/draft.h"

/* A chain of n tokens behind tokens[first - 1]; NULL = of any. */
static void make_chain(Draft *d, const int *tokens, int first, int n, int *slots)
{
    d->build.grown.n = n;
    for (int i = 0; i < n; i++) {
        d->build.grown.node[i] = (TreeNode){
            .parent = i - 1, .slot = i, .depth = i, .token = tokens ? tokens[first + i] : 0};
        slots[i] = i;
    }
}

static void trace_chain(Draft *d, const TraceRequest *in, int first, int n, ExitTrace *places)
{
    int slots[EXPAND_MAX];
    Prediction predictions[EXPAND_MAX];
    draft_begin(d, in->tokens, first + 1);
    make_chain(d, in->tokens, first, n, slots);
    for (int r = 0; r < d->ranges; r++) {
        draft_range(d, r, slots, n, NULL, 0);
        exit_logits(d, r, slots, n);
        exit_predict(d, in->sampling, in->vocab, slots, n, 1, predictions);
        for (int i = 0; i < n; i++) {
            places[i].p[r] = predictions[i].confidence;
            places[i].hit[r] =
                predictions[i].n > 0 && predictions[i].ids[0] == in->tokens[first + i + 1];
        }
    }
    draft_accepted(&d->drafter, &d->build.grown, slots, n);
}

int draft_trace(Drafter *drafter, const TraceRequest *in, ExitTrace *places)
{
    Draft *d = (Draft *)drafter;
    int first = in->first, last = in->n - 1;
    last = last - first < in->most ? last : first + in->most;
    if (last <= first)
        return 0;
    memset(places, 0, sizeof *places * (size_t)(last - first));
    d->asked = EXITS_ALL;
    while (draft_read(drafter, in->tokens, first + 1) > 0)
        ;
    for (int at = first; at < last; at += EXPAND_MAX) {
        int n = last - at < EXPAND_MAX ? last - at : EXPAND_MAX;
        trace_chain(d, in, at, n, places + (at - first));
    }
    d->asked = EXITS_BY_THRESHOLD;
    draft_settle(d);
    places[last - first - 1].end = true;
    return last - first;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Lower quartile: a busy machine only adds time. */
static double typical(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return values[n / 4];
}

/* Times of every range over n rows; ask NULL: with the exits closed, else with what asking
 * them takes. The first pass touches memory for the first time. */
static void time_ranges(Draft *d, const TraceRequest *in, int n, int times, double *ms, double *ask)
{
    Kernels *k = d->context->model->kernels;
    double time[2][EXITS_MAX][EXIT_TRACE_TIMES];
    const Model *model = d->context->model;
    int slots[EXIT_TRACE_ROWS];
    d->asked = ask ? EXITS_ALL : EXITS_NONE;
    draft_settle(d);
    for (int t = -1; t < times; t++) {
        draft_begin(d, in->tokens, d->follows ? d->length[0] + 1 : in->cached + 1);
        draft_narrow(d, model->short_head != NULL); /* as nearly all text has it */
        make_chain(d, NULL, 0, n, slots);
        int vocab = d->narrow ? model->n_short : model->config.vocab;
        for (int r = 0; r < d->ranges; r++) {
            double start = kernels_ms(k);
            draft_range(d, r, slots, n, NULL, 0);
            k->wait(k);
            double between = kernels_ms(k);
            int id;
            float top, log_sum;
            if (ask) {
                exit_logits(d, r, slots, n);
                k->top(k, d->context->logits, 1, vocab, 1, &id, &top, &log_sum);
            }
            if (t >= 0) {
                time[0][r][t] = between - start;
                time[1][r][t] = kernels_ms(k) - between;
            }
        }
    }
    d->asked = EXITS_BY_THRESHOLD;
    draft_settle(d);
    for (int r = 0; r < d->ranges; r++) {
        ms[r] = typical(time[0][r], times);
        if (ask)
            ask[r] = typical(time[1][r], times);
    }
}

void draft_trace_cost(Drafter *drafter, const TraceRequest *in, int times, ExitCost *cost)
{
    Draft *d = (Draft *)drafter;
    double one[EXITS_MAX], more[EXITS_MAX], open[EXITS_MAX], ask[EXITS_MAX];
    time_ranges(d, in, 1, times, one, NULL);
    time_ranges(d, in, EXIT_TRACE_ROWS, times, more, NULL);
    time_ranges(d, in, 1, times, open, ask);
    for (int r = 0; r < d->ranges; r++) {
        cost->layers[r][0] = one[r];
        cost->layers[r][1] = fmax(one[r], more[r]);
        cost->ask[r] = ask[r] + fmax(0, open[r] - one[r]);
    }
}
