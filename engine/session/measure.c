/* measure.c - what passes cost here: T(n) and the draft's steps at load, what was learnt with
 * earlier pairs when they come back, and the passes that `bench verify` asks for.
 */
#include "engine/session/session_state.h"

#include <assert.h>
#include <string.h>

/* Row i's, from all over the vocabulary: in a mixture of experts rows of one token would go through
 * the same ones, and many would seem to cost hardly more than one. */
static int strange_token(const Session *s, int i)
{
    uint32_t mixed = ((uint32_t)i + 1) * 2654435769u; /* 2^32 by the golden ratio */
    uint64_t vocab = (uint64_t)tokenizer_vocab(s->config.target->tokenizer);
    return (int)(mixed * vocab >> 32);
}

/* One target pass over n rows behind `context` tokens; what it writes lies behind the text. */
static void run_pass(Session *s, int n, int context)
{
    Tree *tree = &s->tree;
    tree->n = n;
    for (int i = 0; i < n; i++)
        tree->node[i] =
            (TreeNode){.token = strange_token(s, i), .parent = i - 1, .slot = i, .depth = i};
    verify(&s->target, tree, context, NULL);
}

static double time_pass(Session *s, int n, int context)
{
    double start = kernels_ms(s->config.kernels);
    run_pass(s, n, context);
    return kernels_ms(s->config.kernels) - start;
}

/* The faster of two: one may meet a busy moment, or be stopped. */
static double time_undisturbed(Session *s, int n, int context)
{
    double ms = time_pass(s, n, context), again = time_pass(s, n, context);
    return again < ms ? again : ms;
}

static void measure_target(Session *s)
{
    static const double BUDGET_MS = 400; /* of the wait before the first prompt */
    enum { ROWS = 8, FAR = 1024 };       /* where the price of context is measured */
    double spent = 0;                    /* but for what disturbed */
    run_pass(s, 1, s->cached);           /* the first pass touches memory for the first time */
    for (int n = 1; n <= 32; n *= 2) {
        double ms = time_undisturbed(s, n, s->cached);
        curve_add(&s->cost.verify, n, ms);
        spent += 2 * ms;
        if (n >= 4 && spent + 4 * ms > BUDGET_MS)
            break;
    }
    int far = s->ctx < FAR ? s->ctx : FAR;
    if (far <= s->cached)
        return;
    double more = time_undisturbed(s, ROWS, far) - curve_at(&s->cost.verify, ROWS);
    if (more > 0)
        s->cost.context_ms = (float)(more / (ROWS * (far - s->cached)));
}

void session_measure(Session *s)
{
    enum { TIMES = 5 }; /* one pass may meet a busy moment; the curve leans to the faster ones */
    for (int i = 0; i < TIMES; i++)
        measure_target(s);
}

/* ---- what was learnt, by pair ---- */

static CostKey current_key(const Session *s)
{
    CostKey key = {.bytes = s->config.target->config.weight_bytes,
                   .kind = s->drafting.kind,
                   .exit = s->drafting.fixed_exit,
                   .depth = drafters_depth(&s->drafting),
                   .noisy = s->config.sampling.temperature > 0};
    memcpy(key.target, s->config.target->name, sizeof key.target);
    if (drafter_is_head(s->drafting.kind))
        memcpy(key.head, s->drafting.head->name, sizeof key.head);
    return key;
}

static bool same_target(const CostKey *a, const CostKey *b)
{
    return a->bytes == b->bytes && strcmp(a->target, b->target) == 0;
}

static bool same_drafter(const CostKey *a, const CostKey *b)
{
    return a->kind == b->kind && a->exit == b->exit && a->depth == b->depth &&
           strcmp(a->head, b->head) == 0;
}

static bool same_pair(const CostKey *a, const CostKey *b)
{
    return same_target(a, b) && same_drafter(a, b) && a->noisy == b->noisy;
}

/* A pair that this session has not seen begins with what others counted of its exits. */
static void start_counts(Session *s)
{
    const DraftConfig *asked = &s->config.drafting;
    const DrafterKind *kind = s->drafting.kind;
    if (!asked->accept || s->key.noisy || !kind || drafter_is_self(kind) || drafter_is_head(kind))
        return; /* those: other layers than those that were asked */
    for (int e = 0; e < s->drafting.n_exits; e++)
        for (int i = 0; i < asked->n_exits; i++)
            if (asked->exits[i] == s->drafting.exits[e])
                calibration_start(&s->cost.accept[e], &asked->accept[i]);
}

void session_learn(Session *s)
{
    bool known = false;
    CostKey key = current_key(s);
    Cost old = s->cost;
    if (!same_pair(&s->key, &key))
        tuner_reset(&s->tuner, old.total_ms);
    if (s->key.bytes > 0) { /* put away under its key, or over the oldest */
        int at = 0;
        while (at < PAIRS_SEEN - 1 && s->seen[at].key.bytes > 0 &&
               !same_pair(&s->seen[at].key, &s->key))
            at++;
        memmove(&s->seen[1], &s->seen[0], sizeof s->seen[0] * (size_t)at);
        s->seen[0].key = s->key;
        s->seen[0].cost = old;
    }
    s->cost = (Cost){0};
    cost_reset_draft(&s->cost);
    s->cost.total_ms = old.total_ms;
    s->cost.context = old.context;
    for (int i = PAIRS_SEEN - 1; i >= 0; i--) { /* the newest last */
        const Cost *seen = &s->seen[i].cost;
        if (s->seen[i].key.bytes == 0)
            continue;
        if (same_drafter(&s->seen[i].key, &key)) {
            s->cost.draft = seen->draft;
            s->cost.read_ms = seen->read_ms;
            s->cost.read = seen->read;
        }
        if (same_target(&s->seen[i].key, &key)) {
            s->cost.verify = seen->verify;
            s->cost.context_ms = seen->context_ms;
            s->cost.prefill = seen->prefill;
            s->cost.plain = seen->plain;
            s->cost.plain_pass = seen->plain_pass;
            s->cost.plain_rounds = seen->plain_rounds;
            s->cost.plain_age = seen->plain_age;
            s->cost.plain_odd = seen->plain_odd;
            s->cost.plain_curve = seen->plain_curve;
        }
    }
    for (int i = 0; i < PAIRS_SEEN; i++)
        if (same_pair(&s->seen[i].key, &key)) {
            s->cost = s->seen[i].cost;
            known = true;
        }
    s->key = key;
    if (!known)
        start_counts(s);
    if (curve_at(&s->cost.verify, 1) == 0)
        measure_target(s);
    if (s->drafter && s->drafter->measure && curve_at(&s->cost.draft, 1) == 0)
        s->drafter->measure(s->drafter, s->cached, &s->cost.draft);
}

/* ---- what exits say, and cost ---- */

bool session_has_exits(const Session *s)
{
    return s->drafter && s->drafter->trace;
}

static TraceRequest trace_request(const Session *s, Sampling *sampling)
{
    *sampling = s->config.sampling;
    sampling->seed = s->answer.seed;
    return (TraceRequest){.tokens = s->tokens,
                          .n = s->n,
                          .sampling = sampling,
                          .vocab = tokenizer_vocab(s->config.target->tokenizer),
                          .cached = s->cached};
}

int session_trace_exits(Session *s, int first, ExitTrace *places, int most)
{
    assert(session_has_exits(s));
    Sampling sampling;
    TraceRequest in = trace_request(s, &sampling);
    in.first = first;
    in.most = most;
    return s->drafter->trace(s->drafter, &in, places);
}

void session_trace_cost(Session *s, int times, ExitCost *cost)
{
    assert(session_has_exits(s));
    Sampling sampling;
    TraceRequest in = trace_request(s, &sampling);
    *cost = (ExitCost){.passes = s->cost};
    cost->passes.context = s->cached;
    s->drafter->trace_cost(s->drafter, &in, times, cost);
}

/* ---- for the benchmark ---- */

/* The text becomes 0, 1, 2 …; what the cache holds of it already stays. */
static void make_up_text(Session *s, int n)
{
    int vocab = tokenizer_vocab(s->config.target->tokenizer);
    for (int i = 0; i < n; i++) {
        if (i < s->cached && s->tokens[i] != i % vocab)
            s->cached = i;
        s->tokens[i] = i % vocab;
    }
}

double session_time_verify(Session *s, int n, int context)
{
    assert(n >= 1 && n <= NODES_MAX && context >= 1 && context <= s->ctx);
    make_up_text(s, context);
    if (s->cached > context)
        s->cached = context;
    session_prefill(s, context, true);
    double start = clock_ms();
    run_pass(s, n, s->cached);
    return clock_ms() - start;
}

double session_time_prefill(Session *s, int n)
{
    assert(n >= 1 && n <= s->ctx);
    make_up_text(s, n);
    int held = s->cached;
    s->cached = 0;
    double start = clock_ms();
    session_prefill(s, n, true);
    double ms = clock_ms() - start;
    if (held > n && context_holds(&s->target, held))
        s->cached = held; /* the same text again: what was read behind it still holds */
    return ms;
}
