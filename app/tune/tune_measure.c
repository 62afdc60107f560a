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

void tune_on_event(void *user, const Event *event)
{
    TuneMeasure *m = user;
    if (event->type == EVENT_DONE)
        m->totals = event->u.done.totals;
    for (const char *c = event->type == EVENT_TEXT ? event->u.text.text : ""; *c; c++)
        m->text = (m->text ^ (unsigned char)*c) * UINT64_C(1099511628211); /* FNV-1a */
}

/* Answers a prompt; *n_prompt: its tokens. */
static int ask(TuneMeasure *m, const char *prompt, int max_tokens, int *n_prompt, Err *err)
{
    const Profile *profile = m->profile;
    const Model *target = session_target(m->session);
    const char *system = profile->system;
    TemplateKind kind = target->template;
    int *ids = NULL;
    if (profile->template && template_by_name(&kind, profile->template) != 0)
        return err_set(err, EXIT_DATA, "template: \"%s\" is not known", profile->template);
    if (!profile->template && !target->has_template)
        return err_set(err, target->template_err.code, "%s", target->template_err.text);
    if (!system && target->default_system[0])
        system = target->default_system;
    Message messages[2] = {{.role = ROLE_SYSTEM, .text = system},
                           {.role = ROLE_USER, .text = prompt}};
    AnswerOptions how = {.max_tokens = max_tokens, .seed = 1};
    m->text = UINT64_C(14695981039346656037);
    int status = template_encode(kind, target->tokenizer, system ? messages : messages + 1,
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
    Forecast f = forecast(&result->traces, thresholds);
    run->forecast = f.ms > 0 ? f.tokens / f.ms : 0;
}

static void choose_runs(TuneResult *result, const float *now)
{
    static const char *const names[] = {"best", "next"};
    ThresholdPoint points[SEARCH_STARTS];
    int n = threshold_search(&result->traces, now, points);
    threshold_map(&result->traces, &points[0], &result->map);
    add_run(result, "plain", NULL);
    add_run(result, "now", now);
    for (int i = 0; i < n && i < 2 && result->n_runs < TUNE_RUNS; i++)
        if (memcmp(points[i].thresholds, now, sizeof *now * (size_t)result->traces.n_exits) != 0)
            add_run(result, names[i], points[i].thresholds);
}

static int answer_with(TuneMeasure *m, TuneRun *run, const char *prompt, bool count, Err *err)
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
    for (int i = 0; i < EXITS_MAX; i++) {
        run->by_exit_drafted[i] += t->by_exit_drafted[i];
        run->by_exit_accepted[i] += t->by_exit_accepted[i];
    }
    for (int i = 0; i < DEPTH_MAX; i++)
        run->reached[i] += t->reached[i];
    return 0;
}

/* All runs answer a prompt before the next one; who begins goes round. */
static int run_prompt(TuneMeasure *m, const char *prompt, int first, bool count, Err *err)
{
    TuneResult *result = m->result;
    uint64_t text = 0;
    for (int i = 0; i < result->n_runs; i++) {
        TuneRun *run = &result->runs[(first + i) % result->n_runs];
        if (answer_with(m, run, prompt, count, err) != 0)
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

int tune_runs(TuneMeasure *m, const float *now, Err *err)
{
    TuneResult *result = m->result;
    int first = 0;
    choose_runs(result, now);
    for (int turn = -1; turn < m->repeats; turn++)
        for (int i = 0; i < m->prompts->n; i++) {
            if (!is_kept(m, i))
                continue;
            tell(m, "runs, prompt", i + 1, m->prompts->n + 1);
            if (run_prompt(m, m->prompts->list[i], first++, turn >= 0, err) != 0)
                return -1;
            result->kept += turn == 0;
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
