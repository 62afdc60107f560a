/* tune_measure.c - see tune_measure.h. */
#include "app/tune/tune_measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/print.h"

enum { KEEP_EACH = 3, WARM_TOKENS = 16 };

static void tell(const TuneMeasure *m, const char *what, int done, int total)
{
    if (m->terminal) {
        fputc('\r', stderr);
        print_report(stderr, "%s: %s %d of %d", m->result->target, what, done, total);
        fputs("\x1b[K", stderr);
    }
    if (m->terminal && done == total)
        fprintf(stderr, "\r\x1b[K");
}

/* ---- one answer ---- */

static uint64_t hash(uint64_t h, const void *bytes, size_t n) /* FNV-1a */
{
    for (const unsigned char *c = bytes; n > 0; c++, n--)
        h = (h ^ *c) * UINT64_C(1099511628211);
    return h;
}

static const uint64_t hash_start = UINT64_C(14695981039346656037);

static uint64_t hash_round(uint64_t h, const EventRound *round)
{
    h = hash(h, &round->accepted, sizeof round->accepted);
    for (int i = 0; i < round->n_nodes; i++) {
        const EventNode *node = &round->nodes[i];
        int what[] = {node->id, node->parent, node->token, node->exit};
        h = hash(h, what, sizeof what);
    }
    return h;
}

void tune_on_event(void *user, const Event *event)
{
    TuneMeasure *m = user;
    if (event->type == EVENT_DONE)
        m->totals = event->u.done.totals;
    if (event->type == EVENT_TEXT)
        m->text = hash(m->text, event->u.text.text, strlen(event->u.text.text));
    if (event->type == EVENT_ROUND)
        m->acts = hash_round(m->acts, &event->u.round);
}

/* Answers a prompt; *n_prompt: its tokens. */
static int ask(TuneMeasure *m, const char *prompt, int max_tokens, int *n_prompt, Err *err)
{
    const Profile *profile = m->profile;
    const Model *target = session_target(m->session);
    const char *system = profile->system;
    TemplateForm form = target->template;
    int *ids = NULL;
    if (profile->template) {
        TemplateKind kind;
        if (template_by_name(&kind, profile->template) != 0)
            return err_set(err, EXIT_DATA, "template: \"%s\" is not known", profile->template);
        form = template_plain(kind);
    }
    if (!profile->template && !target->has_template)
        return err_set(err, target->template_err.code, "%s", target->template_err.text);
    Message messages[2] = {{.role = ROLE_SYSTEM, .text = system},
                           {.role = ROLE_USER, .text = prompt}};
    AnswerOptions how = {.max_tokens = max_tokens, .seed = 1};
    m->text = m->acts = hash_start;
    int status =
        template_encode(&form, form.thinks, target->tokenizer, system ? messages : messages + 1,
                        system ? 2 : 1, &ids, n_prompt, err);
    if (status == 0)
        status = session_answer(m->session, ids, *n_prompt, &how, err);
    free(ids);
    return status;
}

/* ---- survey ---- */

/* The places of one answer go behind those of the others. */
static int survey_answer(TuneMeasure *m, int n_prompt, Err *err)
{
    ExitTraces *traces = &m->result->traces;
    int most = m->result->max_tokens;
    ExitTrace *grown = realloc(traces->places, sizeof *grown * ((size_t)traces->n + (size_t)most));
    if (!grown)
        return err_set(err, EXIT_MEMORY, "no memory for %d places", traces->n + most);
    traces->places = grown;
    int n = session_trace_exits(m->session, n_prompt, grown + traces->n, most);
    traces->n += n;
    m->result->answers += n > 0;
    return 0;
}

static bool is_kept(const TuneMeasure *m, int prompt)
{
    return m->prompts->n == 1 || prompt % KEEP_EACH == KEEP_EACH - 1 ||
           (m->prompts->n == 2 && prompt == 1);
}

int tune_survey(TuneMeasure *m, Err *err)
{
    ExitTraces *traces = &m->result->traces;
    session_set_spec(m->session, SPEC_OFF);
    for (int i = 0; i < m->prompts->n; i++) {
        int n_prompt;
        if (is_kept(m, i) && m->prompts->n > 1)
            continue;
        tell(m, "survey, prompt", i + 1, m->prompts->n + 1);
        if (ask(m, m->prompts->list[i], m->result->max_tokens, &n_prompt, err) != 0 ||
            survey_answer(m, n_prompt, err) != 0)
            return -1;
    }
    if (traces->n == 0)
        return err_set(err, EXIT_DATA, "%s: the answers to these prompts are empty",
                       m->result->target);
    session_measure(m->session);
    session_trace_cost(m->session, EXIT_TRACE_TIMES, &traces->cost);
    exit_traces_count(traces);
    return 0;
}

/* ---- search, and real runs ---- */

static void add_run(TuneResult *result, const char *name, const float *thresholds)
{
    TuneRun *run = &result->runs[result->n_runs++];
    snprintf(run->name, sizeof run->name, "%s", name);
    if (!thresholds)
        return;
    memcpy(run->thresholds, thresholds, sizeof run->thresholds);
    Forecast f = run->played = forecast(&result->traces, thresholds);
    run->forecast = f.ms > 0 ? f.tokens / f.ms : 0;
}

/* Would these thresholds do the same at every place that was surveyed as those of a run before? */
static bool plays_as_another(const TuneResult *result, const float *thresholds)
{
    Forecast f = forecast(&result->traces, thresholds);
    for (int i = 1; i < result->n_runs; i++) {
        const Forecast *other = &result->runs[i].played;
        if (f.rounds == other->rounds && f.ms == other->ms && f.draft_ms == other->draft_ms &&
            memcmp(f.by_exit_drafted, other->by_exit_drafted, sizeof f.by_exit_drafted) == 0 &&
            memcmp(f.by_exit_accepted, other->by_exit_accepted, sizeof f.by_exit_accepted) == 0)
            return true;
    }
    return false;
}

static void choose_runs(TuneResult *result, const float *now)
{
    static const char *const names[] = {"best", "next"};
    ThresholdPoint points[SEARCH_STARTS];
    int n = threshold_search(&result->traces, now, points);
    threshold_map(&result->traces, &points[0], &result->map);
    add_run(result, "plain", NULL);
    add_run(result, "now", now);
    for (int i = 0, found = 0; i < n && found < 2 && result->n_runs < TUNE_RUNS; i++)
        if (!plays_as_another(result, points[i].thresholds))
            add_run(result, names[found++], points[i].thresholds);
}

/* prompt: number `at` of those that were kept. */
static int answer_with(TuneMeasure *m, TuneRun *run, const char *prompt, int at, bool count,
                       Err *err)
{
    TuneResult *result = m->result;
    const EventStats *t = &m->totals;
    bool plain = run == &result->runs[0];
    int n_prompt, most = count ? result->max_tokens : WARM_TOKENS;
    session_set_spec(m->session, plain ? SPEC_OFF : SPEC_ON);
    if (!plain)
        session_set_thresholds(m->session, run->thresholds, result->traces.n_exits);
    if (ask(m, prompt, most, &n_prompt, err) != 0)
        return -1;
    double ms = t->draft_ms + t->verify_ms + t->accept_ms + t->other_ms;
    if (t->tokens > 0) /* no answer in which the process was stopped decides */
        ms = t->tokens * recent_add(&run->answers, ms / t->tokens, 0);
    if (!count)
        return 0;
    run->tokens += t->tokens;
    run->rounds += t->rounds;
    run->ms += ms;
    run->each_tokens[at] += t->tokens;
    run->each_ms[at] += ms;
    run->acts = hash(run->acts, &m->acts, sizeof m->acts);
    for (int i = 0; i < EXITS_MAX; i++) {
        run->by_exit_drafted[i] += t->by_exit_drafted[i];
        run->by_exit_accepted[i] += t->by_exit_accepted[i];
    }
    for (int i = 0; i < DEPTH_MAX; i++)
        run->reached[i] += t->reached[i];
    return 0;
}

/* All runs answer a prompt before the next one; who begins goes round. */
static int run_prompt(TuneMeasure *m, const char *prompt, int at, int first, bool count, Err *err)
{
    TuneResult *result = m->result;
    uint64_t text = 0;
    for (int i = 0; i < result->n_runs; i++) {
        TuneRun *run = &result->runs[(first + i) % result->n_runs];
        if (answer_with(m, run, prompt, at, count, err) != 0)
            return -1;
        if (i > 0 && m->text != text)
            return err_set(err, EXIT_INTERNAL,
                           "%s: the text depends on what drafts, which it never may; please report "
                           "this",
                           result->target);
        text = m->text;
    }
    return 0;
}

/* Room for what each run does with each prompt that was kept. */
static int make_room(TuneMeasure *m, Err *err)
{
    TuneResult *result = m->result;
    for (int i = 0; i < m->prompts->n; i++)
        result->kept += is_kept(m, i);
    for (int i = 0; i < result->n_runs; i++) {
        TuneRun *run = &result->runs[i];
        run->acts = hash_start;
        run->each_tokens = calloc((size_t)result->kept, sizeof *run->each_tokens);
        run->each_ms = calloc((size_t)result->kept, sizeof *run->each_ms);
        if (!run->each_tokens || !run->each_ms)
            return err_set(err, EXIT_MEMORY, "no memory for %d prompts", result->kept);
    }
    return 0;
}

int tune_runs(TuneMeasure *m, const float *now, Err *err)
{
    TuneResult *result = m->result;
    int first = 0;
    choose_runs(result, now);
    if (make_room(m, err) != 0)
        return -1;
    for (int turn = -1; turn < m->repeats; turn++)
        for (int i = 0, at = 0; i < m->prompts->n; i++) {
            if (!is_kept(m, i))
                continue;
            tell(m, "runs, prompt", i + 1, m->prompts->n + 1);
            if (run_prompt(m, m->prompts->list[i], at++, first++, turn >= 0, err) != 0)
                return -1;
            if (turn < 0)
                break; /* one, to warm up */
        }
    tell(m, "", 1, 1);
    static const double clearly = 1.01; /* a change is not made for less */
    result->chosen = 1;
    for (int i = 2; i < result->n_runs; i++) {
        const TuneRun *run = &result->runs[i], *best = &result->runs[result->chosen];
        if (run->ms > 0 && run->tokens * best->ms > clearly * best->tokens * run->ms)
            result->chosen = i;
    }
    return 0;
}
