/* decode.c - one answer: prefill, then rounds of draft, verify and accept until it ends. */
#include "engine/session/session_state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Counts of the exit after so many layers; of what no model proposed, those after the last. */
static Calibration *accept_of(Session *s, int layer)
{
    int exit = exit_index(s, layer);
    return &s->cost.accept[exit < 0 ? EXITS_MAX : exit];
}

/* What exits said of the place behind an accepted node, and which token came there. */
static void count_visits(Session *s, const TreeNode *child, int token)
{
    for (int v = 0; v < child->n_visited; v++) {
        const EventVisit *visit = &child->visited[v];
        calibration_add(accept_of(s, visit->exit), child->depth, visit->p, visit->token == token);
    }
}

static bool was_best(const TreeNode *node)
{
    for (int v = 0; v < node->n_visited; v++)
        if (node->visited[v].exit == node->exit)
            return node->visited[v].token == node->token;
    return false;
}

static void count_acceptance(Session *s)
{
    /* A node was put to the test when its parent was accepted. Of greedy tokens it is known besides
     * what each exit held for best, also where a deeper one knew better and it is in no tree. */
    bool greedy = s->config.sampling.temperature <= 0;
    bool on_path[NODES_MAX] = {0}, counted[NODES_MAX] = {0};
    int next[NODES_MAX]; /* the token behind each accepted node: right is right, also where it ended
                            the answer */
    for (int i = 0; i < s->acceptance.n; i++) {
        int node = s->acceptance.path[i];
        on_path[node] = true;
        next[node] = i + 1 < s->acceptance.n ? s->tree.node[s->acceptance.path[i + 1]].token
                                             : s->acceptance.bonus;
    }
    for (int i = 1; i < s->tree.n; i++) {
        const TreeNode *node = &s->tree.node[i];
        if (!on_path[node->parent])
            continue;
        int token = next[node->parent];
        if (greedy && !counted[node->parent])
            count_visits(s, node, token);
        counted[node->parent] = true;
        if (!greedy || !was_best(node))
            calibration_add(accept_of(s, node->exit), node->depth, node->p, node->token == token);
    }
}

/* What the answer may still come to: as long as the session's answers were, and one that is longer
 * already goes on for as long again. */
static double tokens_to_come(const Session *s, int left)
{
    double more = s->answer_mean - s->answer.answered;
    more = more > s->answer.answered ? more : s->answer.answered;
    return more < left ? more : left;
}

/* Multiplications for one token in so many layers, but for attention over what was before. */
static double work(const ModelConfig *m, int layers)
{
    double attention = 2.0 * (m->heads + m->kv_heads) * m->head_dim;
    double ffn = m->experts > 0 ? (double)m->picks * m->expert_ffn : m->ffn;
    return layers * (attention + 3 * ffn) * m->hidden;
}

/* The draft reads as the target did, by what there is to multiply; 0 = who knows. */
static double guess_read_ms(const Session *s)
{
    const ModelConfig *target = &s->config.target->config;
    const Model *draft = s->config.draft;
    if (drafter_is_head(s->drafting.kind))
        return recent_median(&s->cost.prefill) * work(&s->drafting.head->info.layer, 1) /
               work(target, target->layers);
    if (draft == NULL)
        return 0;
    double share =
        work(&draft->config, drafters_depth(&s->drafting)) / work(target, target->layers);
    return recent_median(&s->cost.prefill) * share;
}

/* What the next round is to be, and before one that drafts: the drafter reads what it has not read
 * of the text, if that is worth it: all or nothing, for a draft that knows only the end of a long
 * prompt is seldom right (profiles/RESULTS.md). Returns true when somebody asked to stop. */
static bool prepare(Session *s, int left, RoundMode *mode)
{
    const Drafter *asked = NULL;
    for (bool decided = false;;) {
        Drafter *d = s->drafter;
        bool automatic = s->config.spec == SPEC_AUTO;
        bool anew = !decided || d != asked; /* a poll may change it */
        if (anew)
            *mode = !d || s->config.spec == SPEC_OFF || left <= 1 ? ROUND_PLAIN
                    : automatic                                   ? cost_next(&s->cost)
                                                                  : ROUND_SPEC;
        int behind = *mode == ROUND_SPEC ? d->behind(d, s->tokens, s->n) : 0;
        if (behind < 0)
            *mode = ROUND_PLAIN;
        if (behind <= BEHIND_MAX)
            return false;
        if (anew && automatic && !cost_may_read(&s->cost, behind, tokens_to_come(s, left))) {
            *mode = ROUND_PLAIN;
            return false;
        }
        decided = true;
        asked = d;
        const Kernels *k = s->config.kernels;
        double start = clock_ms(), ran = kernels_ms(k);
        int rows = d->read(d, s->tokens, s->n);
        double ms = clock_ms() - start;
        ran = kernels_ms(k) - ran;
        cost_read(&s->cost, rows, ran);
        s->answer.stats.draft_prefill_ms += ms;
        report_prefill(s, s->n - 1, s->n - 1, s->answer.stats.prefill_ms,
                       s->answer.stats.draft_prefill_ms);
        if (session_asked_to_stop(s))
            return true;
    }
}

/* What a plain round becomes where guesses can be had that take no time. */
static RoundMode try_ngram(const Session *s, RoundMode mode, int left)
{
    bool wanted = mode == ROUND_PLAIN && s->config.spec == SPEC_AUTO && left > 1;
    return wanted && s->drafter && s->drafter->has_ngrams && cost_may_try_ngram(&s->cost)
               ? ROUND_NGRAM
               : mode;
}

/* The root, and under it what the drafter proposes. */
static void grow_tree(Session *s, int left, RoundMode mode)
{
    s->tree.n = 1;
    s->tree.node[0] = (TreeNode){.parent = -1, .token = s->tokens[s->n - 1], .path = 1};
    memset(s->exit_times, 0, sizeof s->exit_times);
    if (!round_drafts(mode))
        return;
    int depth = left - 1 < DEPTH_MAX ? left - 1 : DEPTH_MAX;
    Sampling sampling = s->config.sampling;
    sampling.seed = s->answer.seed;
    TreeShape shape = s->config.tree;
    if (shape.published && !drafter_is_head(s->drafting.kind))
        shape = (TreeShape){.automatic = true}; /* nobody published one */
    Proposal in = {.tokens = s->tokens,
                   .n = s->n,
                   .shape = shape,
                   .max_depth = depth,
                   .max_nodes = shape.automatic ? 32 : NODES_MAX - 1,
                   .vocab = tokenizer_vocab(s->config.target->tokenizer),
                   .sampling = &sampling,
                   .cost = &s->cost,
                   .times = s->exit_times,
                   .ngrams_only = mode == ROUND_NGRAM};
    s->drafter->propose(s->drafter, &in, &s->tree);
}

static int no_number(const Session *s, Err *err)
{
    return err_set(err, EXIT_DATA,
                   "%s: the model computes infinity or no number (NaN) for the next token; its "
                   "file may be damaged: load another one, or try --act f32",
                   s->config.target->name);
}

static void warn_of_draft(Session *s)
{
    const Model *model = s->config.draft ? s->config.draft : s->config.target;
    const char *name = drafter_is_head(s->drafting.kind) ? s->drafting.head->name : model->name;
    char text[256];
    if (!s->drafter->no_number || s->warned)
        return;
    s->warned = true;
    snprintf(text, sizeof text,
             "%.100s: the draft computes infinity or no number (NaN), and drafts nothing where it "
             "does; the text stays the same",
             name);
    report_warning(s, "draft-no-number", text);
}

/* A round that took so much longer than any is believed to: the process was stopped in it, and that
 * is no time of the answer. Returns the share of its time that is. */
static double leave_out_stops(Session *s, double ms, double ran, double believed)
{
    if (ms > 10 * believed)
        return believed / ms;
    s->answer.lost_ms += ms - ran;
    return 1;
}

/* One round; returns 0 when the answer is over, -1 when the target has no token. */
static int round_run(Session *s, const AnswerOptions *options, RoundMode mode, int *left, Err *err)
{
    const Kernels *k = s->config.kernels;
    double t0 = clock_ms(), ran0 = kernels_ms(k); /* what is shown, and what it is priced by */
    s->cost.context = s->cached;
    grow_tree(s, *left, mode);
    double t1 = clock_ms(), ran1 = kernels_ms(k);
    if (round_drafts(mode))
        warn_of_draft(s);
    if (mode == ROUND_NGRAM && s->tree.n == 1)
        mode = ROUND_PLAIN;
    bool drafted = round_drafts(mode);
    const Resume *resume = drafted ? s->drafter->resume : NULL;
    verify(&s->target, &s->tree, s->cached, resume);
    double t2 = clock_ms(), ran2 = kernels_ms(k);
    Sampling sampling = s->config.sampling;
    sampling.seed = s->answer.seed;
    const Tokenizer *tokenizer = s->config.target->tokenizer;
    AcceptRules rules = {.sampling = &sampling,
                         .position = s->n,
                         .max_tokens = *left,
                         .stop = options->ignore_eos ? NULL : tokenizer,
                         .ends = stop_text_ends,
                         .user = &s->answer.stopping};
    s->answer.stopping.tokenizer = tokenizer;
    if (accept_path(&s->target, &s->sampler, &s->tree, &rules, &s->acceptance) != 0)
        return no_number(s, err);
    keep_path(&s->target, &s->tree, &s->acceptance, s->cached);
    double t3 = clock_ms();

    if (drafted) {
        s->drafter->accepted(s->drafter, &s->tree, s->acceptance.path, s->acceptance.n);
        count_acceptance(s);
    }
    s->cached += s->acceptance.n;
    for (int i = 1; i < s->acceptance.n; i++)
        s->tokens[s->n++] = s->tree.node[s->acceptance.path[i]].token;
    s->tokens[s->n++] = s->acceptance.bonus;
    *left -= s->acceptance.n;
    s->answer.answered += s->acceptance.n;
    double gain = drafted ? cost_gain(&s->cost, s->acceptance.n, s->tree.n, ran1 - ran0) : 0;
    cost_verify(&s->cost, s->tree.n, ran2 - ran1);
    double t4 = clock_ms(), ran = kernels_ms(k) - ran0;
    double lost = s->answer.lost_ms;
    double share =
        leave_out_stops(s, t4 - t0, ran, cost_round(&s->cost, mode, s->acceptance.n, ran));

    if (s->tree.n == 1 && mode == ROUND_SPEC)
        mode = ROUND_PLAIN; /* nothing was worth drafting */
    double ms[] = {share * (t1 - t0), share * (t2 - t1), share * (t3 - t2),
                   share * (t4 - t3) + s->answer.reported_ms};
    for (int e = 0; e < EXITS_MAX; e++)
        s->exit_times[e].ms *= share;
    report_round(s, mode, ms, s->answer.lost_ms - lost, gain);
    for (int i = 1; i < s->acceptance.n; i++) {
        const TreeNode *node = &s->tree.node[s->acceptance.path[i]];
        report_text(s, node->token, node->exit > 0 ? node->exit : -1);
    }
    report_text(s, s->acceptance.bonus, 0);
    report_stats(s);
    s->answer.reported_ms = clock_ms() - t4;
    return !s->answer.stopping.scan.ended &&
           (options->ignore_eos || !tokenizer_is_end(tokenizer, s->acceptance.bonus));
}

int session_round(Session *s, const AnswerOptions *options, int *left, Err *err)
{
    RoundMode mode;
    if (session_asked_to_stop(s) || prepare(s, *left, &mode))
        return SESSION_STOPPED;
    return round_run(s, options, try_ngram(s, mode, *left), left, err);
}

static const char *one_by_one(Session *s, const AnswerOptions *options, int left, Err *err)
{
    while (left > 0) {
        session_tune(s);
        int goes_on = session_round(s, options, &left, err);
        if (goes_on == SESSION_STOPPED)
            return "stopped";
        if (goes_on <= 0)
            return goes_on < 0 ? NULL : s->answer.stopping.scan.ended ? "stop" : "eos";
    }
    return "length";
}

/* Why it ended; NULL: err says. */
static const char *answer(Session *s, const AnswerOptions *options, SessionRounds *rounds, Err *err)
{
    int room = s->ctx - s->n;
    if (room < 1)
        return "context";
    int left = options->max_tokens > 0 && options->max_tokens < room ? options->max_tokens : room;
    const char *full = left == room ? "context" : "length";

    double start = clock_ms();
    int read = s->n - s->cached;
    if (session_prefill(s, s->n, false))
        return "stopped";
    s->answer.stats.prefill_ms = clock_ms() - start;
    if (s->cost.read.n == 0)
        s->cost.read_ms = guess_read_ms(s);
    Sampling sampling = s->config.sampling;
    sampling.seed = s->answer.seed;
    const Model *target = s->config.target;
    int first = sample_token(&s->sampler, s->config.kernels, s->target.logits, target->config.vocab,
                             tokenizer_vocab(target->tokenizer), &sampling, s->n);
    if (first >= 0)
        s->answer.first_token = s->tokens[s->n++] = first;
    report_prefill(s, read, read, s->answer.stats.prefill_ms, 0);
    if (first < 0) {
        no_number(s, err);
        return NULL;
    }
    left--;
    s->answer.reported_ms = 0;
    report_text(s, first, 0);
    s->answer.stopping.tokenizer = target->tokenizer;
    if (stop_text_ends(&s->answer.stopping, first))
        return "stop";
    if (!options->ignore_eos && tokenizer_is_end(s->config.target->tokenizer, first))
        return "eos";

    const char *reason = rounds(s, options, left, err);
    return reason && strcmp(reason, "length") == 0 ? full : reason;
}

int session_answer(Session *s, const int *prompt, int n_prompt, const AnswerOptions *options,
                   Err *err)
{
    return session_answer_by(s, prompt, n_prompt, options, one_by_one, err);
}

int session_answer_by(Session *s, const int *prompt, int n_prompt, const AnswerOptions *options,
                      SessionRounds *rounds, Err *err)
{
    if (n_prompt < 1)
        return err_set(err, EXIT_DATA, "nothing to answer: the prompt has no tokens");
    report_begin(s);
    cost_begin_answer(&s->cost);
    s->answer.rounds = 0;
    s->answer.utf8 = (Utf8){0};
    const Stops *stops = options->stops && options->stops->n > 0 ? options->stops : NULL;
    s->answer.stopping = (StopText){.scan.stops = stops};
    s->answer.shown = (StopScan){.stops = stops};
    s->answer.seed = options->seed;
    s->answer.answered = 0;
    s->answer.first_token = -1;
    s->tuner.upto = 0;
    if (n_prompt >= s->ctx) {
        report_done(s, "context");
        return 0;
    }
    session_take_prompt(s, prompt, n_prompt);
    s->answering = true;
    const char *reason = answer(s, options, rounds, err);
    s->answering = false;
    if (!reason) {
        report_text_end(s);
        return -1;
    }
    /* One that was cut short says only that answers may be as long as that. */
    bool cut = strcmp(reason, "eos") != 0 && strcmp(reason, "stop") != 0;
    if (!cut || s->answer.answered > s->answer_mean)
        s->answer_mean += 0.3 * (s->answer.answered - s->answer_mean);
    report_text_end(s);
    report_done(s, reason);
    return 0;
}
