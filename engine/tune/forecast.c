/* forecast.c - see forecast.h. */
#include "engine/tune/forecast.h"

#include <math.h>
#include <string.h>

#include "engine/draft/drafters.h"

/* The draft between rounds: rows of committed text that wait for each range. */
typedef struct Play {
    const ExitTraces *traces;
    const float *thresholds;
    int reach; /* ranges in use: behind an exit of threshold 0 nothing is read */
    int waiting[EXITS_MAX];
} Play;

/* What one round drafts. */
typedef struct Chain {
    int n; /* tokens */
    int exit[DEPTH_MAX];
    float path[DEPTH_MAX];
    const ExitTrace *places; /* of its tokens */
    int asked;               /* nodes that went through the draft, the root first */
    int done[DEPTH_MAX];     /* ranges that each of them went through */
    double ms;
} Chain;

void exit_traces_count(ExitTraces *traces)
{
    memset(traces->accept, 0, sizeof traces->accept);
    for (int i = 0; i < traces->n; i++)
        for (int r = 0; r < traces->n_exits; r++)
            calibration_add(&traces->accept[r], 1, traces->places[i].p[r],
                            traces->places[i].hit[r]);
}

/* Everything that is at range r's door goes through it. Returns the first node of the chain that
 * did. */
static int run_range(Play *play, Chain *chain, int r)
{
    const double *ms = play->traces->cost.layers[r];
    int rows = play->waiting[r];
    if (r + 1 < play->reach)
        play->waiting[r + 1] += rows;
    play->waiting[r] = 0;
    int first = chain->asked;
    for (int i = chain->asked - 1; i >= 0; i--)
        if (chain->done[i] == r) {
            chain->done[i]++;
            rows++;
            first = i;
        }
    chain->ms += ms[0] + (rows - 1) * (ms[1] - ms[0]) / (EXIT_TRACE_ROWS - 1);
    return first;
}

static float rated(const Play *play, int r, int depth, const ExitTrace *place)
{
    return fminf(1, calibration_at(&play->traces->accept[r], depth, place->p[r]));
}

/* Exit r is asked of tokens that shallower ones had proposed, from `first` on. Where it would have
 * said another one, that one takes its place and the chain ends there: returns true. A survey does
 * not say of two wrong tokens whether they were the same, nor does it matter. */
static bool predict_again(const Play *play, Chain *chain, int first, int r)
{
    for (int i = first; i < chain->n; i++) {
        const ExitTrace *place = &chain->places[i];
        float path = i > 0 ? chain->path[i - 1] : 1;
        bool other = place->hit[r] != place->hit[chain->exit[i]];
        chain->path[i] = path * (other ? 1 - place->p[r] : rated(play, r, i + 1, place));
        if (other && place->p[r] > 0.5f) {
            chain->path[i] = path * rated(play, r, i + 1, place);
            chain->exit[i] = r;
            chain->n = i + 1;
            chain->asked = i + 1;
            return true;
        }
    }
    return false;
}

/* The chain's prefix with the best speed, `child` > 0: one token longer and `step` ms later. */
static int best_prefix(const Play *play, const Chain *chain, float child, double step, double *best)
{
    double tokens = 1;
    int best_n = 0;
    *best = 0;
    for (int n = 1; n <= chain->n + (child > 0); n++) {
        tokens += n <= chain->n ? chain->path[n - 1] : child;
        double gain = cost_gain(&play->traces->cost.passes, tokens, n + 1, chain->ms + step);
        if (gain > *best) {
            *best = gain;
            best_n = n;
        }
    }
    return best_n;
}

/* One more token of the chain. Returns whether there may be a further one. */
static bool draft_token(Play *play, Chain *chain)
{
    const ExitTraces *traces = play->traces;
    const ExitTrace *place = &chain->places[chain->n];
    int last = traces->n_exits - 1, r;
    chain->done[chain->asked++] = 0;
    for (r = 0;; r++) {
        int first = run_range(play, chain, r);
        if (r < last && play->thresholds[r] >= 1)
            continue;
        chain->ms += traces->cost.ask[r];
        if (predict_again(play, chain, first, r))
            return true;
        if (r == last || place->p[r] >= play->thresholds[r])
            break;
    }
    if (place->p[r] < play->thresholds[r] && chain->n > 0)
        return false;
    int depth = chain->n + 1;
    float path = chain->n > 0 ? chain->path[chain->n - 1] : 1;
    path *= rated(play, r, depth, place);
    chain->exit[chain->n] = r;
    chain->path[chain->n++] = path;
    if (depth == DEPTH_MAX || place->p[r] < play->thresholds[r])
        return false;
    double stop, go, step = chain->ms / chain->asked;
    best_prefix(play, chain, 0, 0, &stop);
    best_prefix(play, chain, path * calibration_at(&traces->accept[last], depth + 1, 0.75f), step,
                &go);
    return go > stop;
}

/* More than the draft lets wait are read before the round. */
static void flush(Play *play, Chain *chain)
{
    enum { MOST = 8 };
    for (int r = 1; r < play->reach; r++)
        if (play->waiting[r] > MOST)
            run_range(play, chain, r);
}

/* A round at places[0 … left-1] of an answer. Returns how many of them it is through with. */
static int play_round(Play *play, const ExitTrace *places, int left, Forecast *f)
{
    Chain chain = {.places = places};
    double gain;
    flush(play, &chain);
    while (chain.n < left && draft_token(play, &chain))
        ;
    int n = best_prefix(play, &chain, 0, 0, &gain), accepted = 0;
    n = n > 0 ? n : 1;
    while (accepted < n && places[accepted].hit[chain.exit[accepted]])
        f->reached[accepted++]++;
    for (int i = 0; i < n; i++) {
        f->by_exit_drafted[chain.exit[i]]++;
        f->by_exit_accepted[chain.exit[i]] += i < accepted;
    }
    /* The root and the accepted tokens are text now. */
    for (int i = 0; i <= accepted; i++) {
        int done = i < chain.asked ? chain.done[i] : 0;
        if (done < play->reach)
            play->waiting[done]++;
    }
    int through = accepted < left ? accepted + 1 : accepted;
    f->rounds++;
    f->tokens += through;
    f->draft_ms += chain.ms;
    f->ms += chain.ms + cost_verify_ms(&play->traces->cost.passes, n + 1);
    return through;
}

Forecast forecast(const ExitTraces *traces, const float *thresholds)
{
    Forecast f = {0};
    Play play = {.traces = traces,
                 .thresholds = thresholds,
                 .reach = drafter_reach(thresholds, traces->n_exits)};
    for (int start = 0; start < traces->n;) {
        int end = start;
        while (end < traces->n - 1 && !traces->places[end].end)
            end++;
        memset(play.waiting, 0, sizeof play.waiting);
        for (int at = start; at <= end;)
            at += play_round(&play, traces->places + at, end + 1 - at, &f);
        start = end + 1;
    }
    return f;
}
