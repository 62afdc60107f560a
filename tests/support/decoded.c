/* decoded.c - see decoded.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/decoded.h"

/* The exits' times are parts of drafting's, and every exit that proposed something has one. */
static void check_exit_times(const EventRound *r)
{
    double sum = 0;
    for (int e = 0; e < r->n_exit_times; e++) {
        const EventExitTime *time = &r->exit_times[e];
        assert_true(time->passes > 0 && time->ms >= 0);
        assert_true(e == 0 || time->exit > r->exit_times[e - 1].exit);
        sum += time->ms;
    }
    assert_true(sum <= r->draft_ms + 1e-6);
    for (int i = 0; i < r->n_nodes; i++) {
        bool timed = r->nodes[i].exit == 0; /* the text itself proposed it */
        for (int e = 0; e < r->n_exit_times; e++)
            timed = timed || r->exit_times[e].exit == r->nodes[i].exit;
        assert_true(timed);
    }
}

/* What an exit had in mind has a text: its own, a node's or the bonus's. */
static void check_words(const EventRound *r)
{
    for (int i = 0; i < r->n_nodes && r->n_words < WORDS_MAX; i++)
        for (int v = 0; v < r->nodes[i].n_visited; v++) {
            int token = r->nodes[i].visited[v].token, found = token == r->bonus_token;
            for (int n = 0; n < r->n_nodes; n++)
                found += r->nodes[n].token == token;
            for (int w = 0; w < r->n_words; w++)
                found += r->words[w].token == token;
            assert_true(found);
        }
}

static void on_round(Run *run, const EventRound *r)
{
    check_words(r);
    check_exit_times(r);
    bool accepted[NODES_MAX] = {true};
    for (int i = 0; i < r->n_nodes; i++)
        accepted[r->nodes[i].id] = r->nodes[i].accepted;
    int at = run->n;
    for (int i = 0; i < r->n_nodes; i++) {
        const EventNode *node = &r->nodes[i];
        if (accepted[node->parent] && node->depth <= DEPTHS)
            (node->accepted ? run->accepted : run->rejected)[node->depth - 1]++;
        if (node->accepted)
            run->tokens[at + node->depth - 1] = node->token;
    }
    run->n = at + r->accepted;
    run->tokens[run->n++] = r->bonus_token;
    run->rounds = r->round;
    run->drafted += r->n_nodes;
    run->last = *r;
}

void run_event(void *user, const Event *event)
{
    Run *run = user;
    if (event->type == EVENT_PREFILL)
        run->first = event->u.prefill.token;
    if (event->type == EVENT_ROUND)
        on_round(run, &event->u.round);
    run->warnings += event->type == EVENT_WARNING;
    if (event->type == EVENT_SWITCH && event->u.swap.stage == SWITCH_DONE)
        run->switched++;
    if (event->type == EVENT_DONE) {
        run->stats = event->u.done.totals;
        snprintf(run->reason, sizeof run->reason, "%s", event->u.done.reason);
    }
}

bool run_poll(void *user)
{
    Run *run = user;
    if (run->between)
        run->between(run);
    return run->stop_after > 0 && run->rounds >= run->stop_after;
}

void run_open(Run *run, const SessionConfig *config)
{
    Err err = {0};
    if (session_open(&run->session, config, &err))
        fail_msg("%s", err.text);
}

void run_ask(Run *run, const int *prompt, int n_prompt, int max_tokens)
{
    AnswerOptions options = {.max_tokens = max_tokens, .ignore_eos = true, .seed = 5};
    Err err = {0};
    int before = run->n, n;
    if (session_answer(run->session, prompt, n_prompt, &options, &err))
        fail_msg("%s", err.text);
    /* The events tell every token of the answer: the prefill's, then the rounds'. */
    const int *text = session_tokens(run->session, &n);
    if (strcmp(run->reason, "context") == 0 && run->n == before)
        return;
    assert_int_equal(n - n_prompt, run->first < 0 ? 0 : 1 + run->n - before);
    for (int i = n_prompt; i < n; i++)
        assert_int_equal(text[i],
                         i == n_prompt ? run->first : run->tokens[before + i - n_prompt - 1]);
}

void assert_same_cache(const Session *a, const Session *b)
{
    const ModelConfig *m = &a->config.target->config;
    Kernels *k = a->config.kernels;
    size_t size = (size_t)m->kv_heads * m->head_dim;
    float *buffer = malloc(4 * size * sizeof(float));
    assert_int_equal(a->cached, b->cached);
    for (int layer = 0; layer < m->layers; layer++)
        for (int slot = 0; slot < a->cached; slot++) {
            k->kv_read(k, a->target.kv, layer, slot, buffer, buffer + size);
            k->kv_read(k, b->target.kv, layer, slot, buffer + 2 * size, buffer + 3 * size);
            assert_memory_equal(buffer, buffer + 2 * size, 2 * size * sizeof(float));
        }
    free(buffer);
}

void assert_same_answer(const Run *plain, const Run *run)
{
    assert_int_equal(plain->n, run->n);
    assert_memory_equal(plain->tokens, run->tokens, sizeof(int) * (size_t)plain->n);
    assert_string_equal(plain->reason, run->reason);
    assert_same_cache(plain->session, run->session);
}
