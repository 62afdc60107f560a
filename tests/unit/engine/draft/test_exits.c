/* test_exits.c - trained exits, on tiny models: what an exit with a layer of its own says is, bit
 * by bit, what a model of just those layers says, however the text came about; and no exit changes
 * a word of the answer.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/draft/draft.h"
#include "tests/support/draft_case.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_adapter.h"

enum { DRAFT_LAYERS = 6 };
static const float SHALLOW_CLOSED[EXITS] = {1.0f, 0.35f, 0.0f};

/* A base with trained exits, and for each exit the model that it stands for. */
typedef struct Trained {
    TinyModel tiny;
    char path[TEMP_BYTES]; /* of the base's file */
    Model *draft;
    Model *says[EXITS];
} Trained;

typedef struct Fixture {
    Kernels *kernels;
    Model *target, *other;
    Trained other_base; /* a draft of its own */
    Trained same_base;  /* the target's file, for `self` */
} Fixture;

static Model *open_trained(Kernels *kernels, const char *base, const TinyAdapter *tiny)
{
    Err err = {0};
    Model *model;
    if (tiny_adapter_open(tiny, kernels, base, &model, &err))
        fail_msg("%s", err.text);
    return model;
}

static void make_trained(Fixture *f, Trained *t, const TinyModel *tiny)
{
    *t = (Trained){.tiny = *tiny};
    temp_file_make(t->path);
    assert_int_equal(tiny_model_write(tiny, t->path, NULL), 0);
    TinyAdapter adapter = tiny_adapter(tiny, DRAFT_LAYERS);
    t->draft = open_trained(f->kernels, t->path, &adapter);
    for (int e = 0; e < EXITS; e++) {
        TinyModel says = *tiny;
        says.layers = DRAFT_LAYERS;
        if (LAYERS[e] < DRAFT_LAYERS)
            says = tiny_exit_model(tiny, LAYERS[e]);
        t->says[e] = tiny_model_open(&says, f->kernels, "says", NULL);
    }
}

static void free_trained(Trained *t)
{
    model_close(t->draft);
    for (int e = 0; e < EXITS; e++)
        model_close(t->says[e]);
    unlink(t->path);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    KernelsOptions options = {.device = "cpu", .threads = 1};
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    TinyModel tiny = draft_case_model();
    make_trained(f, &f->same_base, &tiny);
    Err err = {0};
    if (model_open(&f->target, f->kernels, f->same_base.path, "tiny-8", NULL, NULL, &err))
        fail_msg("%s", err.text);
    tiny.perturb = 0.1f;
    tiny.layers = 10;
    f->other = tiny_model_open(&tiny, f->kernels, "tiny-10", NULL);
    tiny.perturb = 0.15f;
    tiny.layers = DRAFT_LAYERS;
    make_trained(f, &f->other_base, &tiny);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    model_close(f->other);
    free_trained(&f->other_base);
    free_trained(&f->same_base);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static SessionConfig config_of(const Fixture *f, Model *draft, Run *run, const char *drafter,
                               const char *tree)
{
    SessionConfig config = draft_case_config(run, f->kernels, f->target, draft, drafter, tree);
    config.drafting.layers = DRAFT_LAYERS;
    return config;
}

/* ---- what an exit says ---- */

/* The best token after a text and its probability, by a model that reads it anew. */
static void best_after(Model *model, const int *tokens, int n, int *token, float *p)
{
    Context c;
    Kernels *k = model->kernels;
    float top, log_sum;
    assert_int_equal(context_open(&c, model, KV_F16, model->config.layers, n, 1, NULL), 0);
    for (int first = 0, rows_n; first < n; first += rows_n) {
        int slot[ROWS_MAX], prefix[ROWS_MAX];
        uint64_t mask[ROWS_MAX] = {0};
        rows_n = n - first < ROWS_MAX ? n - first : ROWS_MAX;
        for (int i = 0; i < rows_n; i++) {
            slot[i] = first + i;
            prefix[i] = first + i + 1;
        }
        Batch batch = {.n = rows_n, .slot = slot, .prefix = prefix, .mask = mask};
        forward(&c, &batch, tokens + first, 0, model->config.layers);
        if (first + rows_n == n)
            head(&c, c.hidden + (size_t)(rows_n - 1) * (size_t)model->config.hidden, 1);
    }
    k->top(k, c.logits, 1, model->config.vocab, 1, token, &top, &log_sum);
    *p = expf(top - log_sum);
    context_close(&c);
}

static const Trained *checked; /* whose exits are drafting */
static int n_checked[EXITS];

/* In every round, each step of drafting is done again by the models that the exits stand for. */
static void check_visits(Run *run)
{
    const EventRound *r = &run->last;
    const Session *s = run->session;
    if (run->rounds == run->changed)
        return;
    run->changed = run->rounds;
    int text[TOKENS_MAX], n = s->n - 1 - r->accepted;
    memcpy(text, s->tokens, sizeof(int) * (size_t)n);
    for (int i = 0; i < r->n_nodes; i++) {
        const EventNode *node = &r->nodes[i];
        if (i > 0 && node->parent == r->nodes[i - 1].parent)
            continue; /* another child of the same step */
        int depth = node->depth - 1;
        for (int at = node->parent, d = depth; d > 0; d--) {
            text[n + d - 1] = r->nodes[at - 1].token;
            at = r->nodes[at - 1].parent;
        }
        for (int v = 0; v < node->n_visited; v++) {
            int e = node->visited[v].exit / 2 - 1, token;
            float p;
            best_after(checked->says[e], text, n + depth, &token, &p);
            assert_int_equal(node->visited[v].token, token);
            if (node->visited[v].p != p)
                fail_msg("exit %d, text of %d + %d: %.9g, its model says %.9g", LAYERS[e], n, depth,
                         (double)node->visited[v].p, (double)p);
            n_checked[e]++;
        }
    }
}

/* Exits close, open and always answer as it goes: what lay behind one of those is read later. */
static void check_and_change(Run *run)
{
    if (run->rounds == run->changed)
        return;
    check_visits(run);
    static const float thresholds[][EXITS] = {{0.5f, 0.35f, 0}, {1, 0.35f, 0}, {0, 0.35f, 0},
                                              {1, 1, 0},        {0.5f, 0, 0},  {0.5f, 1, 0}};
    if (run->rounds % 4 == 0)
        session_set_thresholds(run->session, thresholds[run->rounds / 4 % 6], EXITS);
}

/* By the draft's own cache and by the target's, with every tree; twice the same prompt, and one
 * with another end. */
static void test_visits(void **state)
{
    Fixture *f = *state;
    static const char *const drafters[] = {"s2d", "self", "exit:2", "exit:4"};
    Run *run = calloc(1, sizeof *run);
    memset(n_checked, 0, sizeof n_checked);
    for (size_t d = 0; d < 4; d++)
        for (size_t t = 0; t < 3; t++) {
            *run = (Run){.between = d < 2 && t > 0 ? check_and_change : check_visits};
            checked = d == 1 ? &f->same_base : &f->other_base;
            SessionConfig config = config_of(f, checked->draft, run, drafters[d], TREES[t]);
            config.sampling = TEMPERATURES[t];
            run_open(run, &config);
            run_ask(run, PROMPT, PROMPT_N, 40);
            run->rounds = run->changed = 0;
            int other[PROMPT_N + 10];
            memcpy(other, run->session->tokens, sizeof other);
            other[PROMPT_N + 9] ^= 1;
            run_ask(run, other, PROMPT_N + 10, 20);
            session_close(run->session);
        }
    print_message("%d, %d and %d visits checked\n", n_checked[0], n_checked[1], n_checked[2]);
    for (int e = 0; e < EXITS; e++)
        assert_true(n_checked[e] > 30);
    free(run);
}

/* The pieces: base layers, the exit's own, its norm. Byte by byte, and each row alone as in a
 * batch. */
static void test_logits(void **state)
{
    Fixture *f = *state;
    enum { N = 9 };
    const Trained *t = &f->other_base;
    Kernels *k = f->kernels;
    int slot[N], prefix[N], vocab = t->draft->config.vocab;
    uint64_t mask[N] = {0};
    for (int i = 0; i < N; i++) {
        slot[i] = i;
        prefix[i] = i + 1;
    }
    for (int e = 0; e < 2; e++) {
        const Exit *exit = model_exit(t->draft, LAYERS[e]);
        const ModelConfig *m = &t->draft->config;
        Context c, says;
        assert_true(exit && exit->own && exit->norm && exit->kv == e);
        KvCache *kv =
            k->kv_open(k, &(KvShape){KV_F16, m->exit_layers, m->kv_heads, m->head_dim, N, NULL, 0});
        assert_int_equal(context_open(&c, t->draft, KV_F16, LAYERS[e], N, N, NULL), 0);
        assert_int_equal(context_open(&says, t->says[e], KV_F16, LAYERS[e] + 1, N, N, NULL), 0);
        Batch batch = {.n = N, .slot = slot, .prefix = prefix, .mask = mask};
        forward(&says, &batch, PROMPT, 0, LAYERS[e] + 1);
        head(&says, says.hidden, N);
        for (int size = 1; size <= N; size += N - 1)
            for (int first = 0; first < N; first += size) {
                batch = (Batch){.n = size,
                                .slot = slot + first,
                                .prefix = prefix + first,
                                .mask = mask + first};
                forward(&c, &batch, PROMPT + first, 0, LAYERS[e]);
                layer_forward(&c, &(LayerPass){.layer = exit->own, .kv = kv, .index = exit->kv},
                              &batch);
                head_of_exit(&c, exit, false, c.hidden, size);
                assert_memory_equal(c.logits, says.logits + (size_t)first * (size_t)vocab,
                                    sizeof(float) * (size_t)size * (size_t)vocab);
            }
        k->kv_close(k, kv);
        context_close(&c);
        context_close(&says);
    }
    assert_null(model_exit(t->draft, 3));
    assert_null(model_exit(t->draft, DRAFT_LAYERS)); /* the base as it is */
}

/* ---- promise 1 ---- */

static void compare(const Fixture *f, Model *draft, const char *drafter, const char *tree,
                    Sampling sampling, Run *out)
{
    Run *plain = calloc(1, sizeof *plain);
    *out = (Run){0};
    Run *runs[] = {plain, out};
    for (int i = 0; i < 2; i++) {
        SessionConfig config = config_of(f, draft, runs[i], i ? drafter : "plain", tree);
        config.sampling = sampling;
        run_open(runs[i], &config);
        run_ask(runs[i], PROMPT, PROMPT_N, 120);
        run_ask(runs[i], PROMPT + 1, PROMPT_N - 1, 30);
    }
    assert_same_answer(plain, out);
    for (int i = 0; i < 2; i++)
        session_close(runs[i]->session);
    free(plain);
}

static void test_same_text(void **state)
{
    Fixture *f = *state;
    static const char *const drafters[] = {"sd",           "exit:2", "exit:4", "exit:6",   "s2d",
                                           "s2d-frontier", "self",   "ngram",  "ngram+s2d"};
    enum { DRAFTERS = sizeof drafters / sizeof *drafters };
    int accepted[DRAFTERS] = {0}, rejected[DRAFTERS] = {0}, by_exit[2][EXITS] = {0};
    Run *run = calloc(1, sizeof *run);
    for (size_t s = 0; s < 3; s++)
        for (size_t t = 0; t < 5; t++)
            for (size_t d = 0; d < DRAFTERS; d++) {
                bool same = t % 2 == 1 || strcmp(drafters[d], "self") == 0;
                compare(f, same ? f->same_base.draft : f->other_base.draft, drafters[d], TREES[t],
                        TEMPERATURES[s], run);
                accepted[d] += run->stats.accepted;
                rejected[d] += run->stats.drafted - run->stats.accepted;
                for (int e = 0; e < EXITS && (d == 4 || d == 5); e++)
                    by_exit[d - 4][e] += run->stats.by_exit_accepted[e];
            }
    for (int d = 0; d < DRAFTERS; d++)
        assert_true(accepted[d] > 0 && rejected[d] > 0);
    for (int e = 0; e < EXITS; e++)
        assert_true(by_exit[0][e] > 0 && by_exit[1][e] > 0);
    free(run);
}

/* Exits that were trained on a list say nothing of a text that leaves it: the last one drafts for
 * the whole vocabulary, or nobody where it does not read along. */
static void test_foreign_text(void **state)
{
    Fixture *f = *state;
    int ids[1000], n = 0;
    TinyAdapter adapter = tiny_adapter(&f->other_base.tiny, DRAFT_LAYERS);
    for (int id = 3; id < f->target->config.vocab; id += 8)
        ids[n++] = id;
    adapter.n_vocab = n;
    adapter.vocab = ids;
    Model *draft = open_trained(f->kernels, f->other_base.path, &adapter);
    Run *run = calloc(1, sizeof *run);
    for (size_t s = 0; s < 3; s++) {
        compare(f, draft, "s2d", "4x3x12", TEMPERATURES[s], run);
        assert_int_equal(run->stats.by_exit_drafted[0] + run->stats.by_exit_drafted[1], 0);
        assert_true(run->stats.by_exit_drafted[2] > 0);
    }
    *run = (Run){0};
    SessionConfig config = config_of(f, draft, run, "s2d", "4x3x12");
    config.drafting.thresholds[0] = 0;
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_int_equal(run->stats.drafted, 0);
    session_set_thresholds(run->session, THRESHOLDS, EXITS);
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_true(run->stats.by_exit_drafted[2] > 0);
    session_close(run->session);
    model_close(draft);
    free(run);
}

/* With all the time that it wants; and the target changes on the way, at a token that every run
 * stops at. */
static void tune_freely(Run *run)
{
    enum { CHANGE = 120 }; /* in the second answer */
    Session *session = run->session;
    session->tuner.spent_ms = 0;
    session_set_spec(session, run->n > CHANGE - DEPTH_MAX && run->n < CHANGE ? SPEC_OFF : SPEC_ON);
    Model *next = run->n == CHANGE ? run->next : NULL;
    if (!next)
        return;
    run->next = NULL;
    assert_int_equal(session_switch(session, next, 1, &session->config.drafting, NULL), 0);
}

static void test_automatic_thresholds(void **state)
{
    Fixture *f = *state;
    static const char *const drafters[] = {"plain", "s2d",          "self",
                                           "sd",    "s2d-frontier", "ngram+s2d"};
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    for (size_t s = 0; s < 2; s++)
        for (size_t d = 0; d < sizeof drafters / sizeof *drafters; d++) {
            Run *now = d == 0 ? plain : run;
            Model *draft = s == 0 ? f->same_base.draft : f->other_base.draft;
            SessionConfig config = config_of(f, draft, now, drafters[d], TREES[3 - s]);
            config.sampling = TEMPERATURES[s];
            *now = (Run){.between = tune_freely, .next = f->other};
            run_open(now, &config);
            session_set_auto(now->session, true);
            run_ask(now, PROMPT, PROMPT_N, 60);
            run_ask(now, PROMPT + 1, PROMPT_N - 1, 180);
            const Tuner *tuner = &now->session->tuner;
            EventReady ready = {0};
            session_describe(now->session, &ready);
            assert_int_equal(ready.auto_thresholds, d > 0);
            if (d == 0) {
                assert_int_equal(tuner->n, 0);
                continue;
            }
            assert_int_equal(now->switched, 1);
            assert_true(tuner->n >= TUNER_FRESH && tuner->timed);
            assert_same_answer(plain, now);
            session_set_thresholds(now->session, THRESHOLDS, EXITS);
            assert_false(tuner->on);
            session_close(now->session);
            if (d + 1 == sizeof drafters / sizeof *drafters)
                session_close(plain->session);
        }
    free(plain);
    free(run);
}

/* An exit's layer may be attention alone: as one whose feed-forward part adds nothing. */
static void test_attention_only(void **state)
{
    Fixture *f = *state;
    Run *runs[2];
    Model *drafts[2];
    for (int i = 0; i < 2; i++) {
        TinyAdapter adapter = tiny_adapter(&f->other_base.tiny, DRAFT_LAYERS);
        for (int e = 0; e < 2; e++)
            *(i ? &adapter.exits[e].no_ffn : &adapter.exits[e].mute_ffn) = true;
        drafts[i] = open_trained(f->kernels, f->other_base.path, &adapter);
        assert_true((model_exit(drafts[i], 4)->own->down == NULL) == i);
        runs[i] = calloc(1, sizeof **runs);
        SessionConfig config = config_of(f, drafts[i], runs[i], "s2d", "4x3x12");
        run_open(runs[i], &config);
        run_ask(runs[i], PROMPT, PROMPT_N, 80);
    }
    assert_same_answer(runs[0], runs[1]);
    assert_int_equal(runs[0]->rounds, runs[1]->rounds);
    assert_memory_equal(runs[0]->stats.by_exit_drafted, runs[1]->stats.by_exit_drafted,
                        sizeof runs[0]->stats.by_exit_drafted);
    assert_true(runs[0]->stats.by_exit_accepted[0] > 0);
    for (int i = 0; i < 2; i++) {
        session_close(runs[i]->session);
        model_close(drafts[i]);
        free(runs[i]);
    }
}

/* ---- caches ---- */

static void switch_after_10(Run *run)
{
    check_visits(run);
    if (run->n >= 10 && run->next) {
        Err err = {0};
        Model *next = run->next;
        run->next = NULL;
        const Draft *d = (const Draft *)run->session->drafter;
        int length = d->length[0];
        assert_true(length > 10);
        if (session_switch(run->session, next, 1, &run->session->config.drafting, &err))
            fail_msg("%s", err.text);
        assert_int_equal(d->length[0], length);
        assert_ptr_equal(run->session->drafter, d);
    }
}

static Model *home; /* the first target */

/* The new target has a drafter of its own, and it is the old one's again later. */
static void switch_drafters(Run *run)
{
    enum { THERE = 10, BACK = 30 };
    Session *session = run->session;
    DraftConfig pair = session->config.drafting;
    bool there = run->n >= THERE && run->next;
    if (!there && (run->next || run->n < BACK || pair.kind == drafter_find("s2d")))
        return;
    Model *next = there ? run->next : home;
    run->next = NULL;
    pair.kind = drafter_find(there ? "ngram" : "s2d");
    assert_int_equal(session_switch(session, next, there, &pair, NULL), 0);
    EventReady ready = {0};
    session_describe(session, &ready);
    assert_string_equal(ready.drafter, there ? "ngram" : "s2d");
    assert_int_equal(ready.n_exits, there ? 0 : EXITS);
}

static void test_switch_changes_the_drafter(void **state)
{
    Fixture *f = *state;
    Run *run = calloc(1, sizeof *run);
    run->between = switch_drafters;
    run->next = f->other;
    home = f->target;
    SessionConfig config = config_of(f, f->same_base.draft, run, "s2d", "4x3x12");
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_int_equal(run->switched, 2);
    assert_ptr_equal(session_target(run->session), home);
    session_close(run->session);
    free(run);
}

static void test_switch_keeps_the_draft(void **state)
{
    Fixture *f = *state;
    Run *run = calloc(1, sizeof *run);
    run->between = switch_after_10;
    run->next = f->other;
    checked = &f->other_base;
    SessionConfig config = config_of(f, f->other_base.draft, run, "s2d", "4x3x12");
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_int_equal(run->switched, 1);
    session_close(run->session);
    free(run);
}

/* Counts the rows that go through a matrix. */
static const Matrix *counted;
static int n_counted;
static void (*linear)(Kernels *k, const Linear *linear, const float *x, int n);

static void count_linear(Kernels *k, const Linear *what, const float *x, int n)
{
    n_counted += what->matrix[0] == counted ? n : 0;
    linear(k, what, x, n);
}

/* Of an exit's own layer a token that is only read needs its keys and values, and so does a node
 * while the exit is closed. Opened, it needs nothing to be read again. */
static void test_no_more_than_needed(void **state)
{
    Fixture *f = *state;
    const Exit *exit = model_exit(f->other_base.draft, LAYERS[0]);
    Run *run = calloc(1, sizeof *run);
    SessionConfig config = config_of(f, f->other_base.draft, run, "s2d", "3x1x3");
    memcpy(config.drafting.thresholds, SHALLOW_CLOSED, sizeof SHALLOW_CLOSED);
    run_open(run, &config);
    linear = f->kernels->linear;
    f->kernels->linear = count_linear;
    counted = exit->own->gate;
    n_counted = 0;
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_int_equal(n_counted, 0);
    assert_int_equal(run->stats.by_exit_drafted[0], 0);
    Session *s = run->session;
    session_set_thresholds(s, THRESHOLDS, EXITS);
    assert_true(s->drafter->behind(s->drafter, s->tokens, s->n) <= BEHIND_MAX);
    checked = &f->other_base;
    run->between = check_visits;
    run->rounds = run->changed = run->drafted = 0;
    run_ask(run, PROMPT, PROMPT_N, 60);
    assert_true(run->stats.by_exit_drafted[0] > 0);
    assert_true(n_counted > 0 && n_counted <= run->drafted);
    f->kernels->linear = linear;
    session_close(s);
    free(run);
}

static void test_memory(void **state)
{
    Fixture *f = *state;
    Kernels *k = f->kernels;
    const ModelConfig *trained = &f->other_base.draft->config, *target = &f->target->config;
    ModelConfig bare = *trained;
    bare.exit_layers = 0;
    assert_int_equal(trained->exit_layers, 2);
    size_t more = session_bytes(k, target, trained, NULL, KV_F16, 1000) -
                  session_bytes(k, target, &bare, NULL, KV_F16, 1000);
    size_t kv = k->kv_bytes(
        k, &(KvShape){KV_F16, 2, trained->kv_heads, trained->head_dim, 1000 + NODES_MAX, NULL, 0});
    assert_int_equal(more, kv + sizeof(float) * NODES_MAX * (size_t)trained->hidden);

    /* Their weights: as much as the same layers take in a model, less what those share. */
    unsigned char *data;
    size_t bytes, sums[2];
    Adapter *adapter;
    Gguf *gguf;
    TinyAdapter tiny = tiny_adapter(&f->other_base.tiny, DRAFT_LAYERS);
    assert_int_equal(gguf_open(&gguf, f->other_base.path, NULL), 0);
    assert_int_equal(tiny_adapter_bytes(&tiny, &data, &bytes, NULL), 0);
    assert_int_equal(adapter_open_memory(&adapter, data, bytes, "tiny", NULL), 0);
    uint64_t file[2];
    for (int i = 0; i < 2; i++) {
        ModelUse use = {.adapter = i ? adapter : NULL};
        ModelConfig config;
        assert_int_equal(model_config(&config, gguf, NULL), 0);
        assert_int_equal(model_narrow(&config, &use, "tiny", NULL), 0);
        sums[i] = model_bytes(k, gguf, &config, &use, &file[i]);
    }
    uint64_t tensors = 0;
    for (int i = 0; i < gguf_tensor_count(adapter->gguf); i++)
        tensors += gguf_tensor_at(adapter->gguf, i)->bytes;
    assert_int_equal(file[1] - file[0], tensors);
    assert_true(sums[1] - sums[0] >= tensors && sums[1] - sums[0] < 2 * tensors);
    adapter_close(adapter);
    gguf_close(gguf);
    free(data);
}

static void test_ready(void **state)
{
    Fixture *f = *state;
    Run *run = calloc(1, sizeof *run);
    EventReady *ready = calloc(1, sizeof *ready);
    static const struct {
        const char *drafter;
        bool same, trained;
        float first;
    } cases[] = {{"s2d", false, true, 0.5f},     {"exit:2", false, true, 0.2f},
                 {"exit:3", false, false, 0.2f}, {"sd", false, true, 0.2f},
                 {"self", false, false, 1.0f},   {"self", true, false, 0.5f}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Model *draft = cases[i].same ? f->same_base.draft : f->other_base.draft;
        SessionConfig config = config_of(f, draft, run, cases[i].drafter, "auto");
        config.drafting.n_thresholds = 0;
        *run = (Run){0};
        *ready = (EventReady){0};
        run_open(run, &config);
        session_describe(run->session, ready);
        assert_string_equal(ready->adapter, "tiny.gguf");
        assert_int_equal(ready->exits_trained, cases[i].trained);
        assert_true(ready->thresholds[0] == cases[i].first);
        session_close(run->session);
    }
    SessionConfig config = config_of(f, f->other_base.draft, run, "sd", "auto");
    config.drafting.n_exits = 0; /* the end alone, with a threshold of its own */
    config.drafting.n_thresholds = 1;
    config.drafting.thresholds[0] = 0.7f;
    *run = (Run){0};
    *ready = (EventReady){0};
    run_open(run, &config);
    session_describe(run->session, ready);
    assert_int_equal(ready->n_exits, 1);
    assert_true(ready->thresholds[0] == 0.7f);
    session_close(run->session);
    free(ready);
    free(run);
}

/* Of every exit by its layer, at temperature 0 only; and a pair that comes back has its own. */
static void test_counts_start_as_tuned(void **state)
{
    Fixture *f = *state;
    Run *run = calloc(1, sizeof *run);
    Calibration *tuned = calloc(2 * EXITS, sizeof *tuned), *other = tuned + EXITS;
    for (int e = 0; e < EXITS; e++) {
        tuned[e].all.tries[9] = 10 + (float)e;
        other[e].all.tries[9] = 20;
    }
    static const struct {
        const char *drafter;
        float temperature, first, last;
    } cases[] = {{"s2d", 0, 10, 12},
                 {"sd", 0, 12, 0},
                 {"s2d", 1, 0, 0},
                 {"self", 0, 0, 0},
                 {"plain", 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SessionConfig config = config_of(f, f->other_base.draft, run, cases[i].drafter, "auto");
        config.drafting.accept = tuned;
        config.sampling.temperature = cases[i].temperature;
        *run = (Run){0};
        run_open(run, &config);
        const Calibration *now = session_accept(run->session);
        assert_true(now[0].all.tries[9] == cases[i].first);
        assert_true(now[EXITS - 1].all.tries[9] == cases[i].last);
        if (i == 0) {
            DraftConfig pair = {.kind = config.drafting.kind, .accept = other};
            run_ask(run, PROMPT, PROMPT_N, 30);
            float before = now[EXITS - 1].at[0].tries[9];
            assert_int_equal(session_switch(run->session, f->other, 1, &pair, NULL), 0);
            assert_true(now[0].all.tries[9] == 20);
            pair.accept = tuned;
            assert_int_equal(session_switch(run->session, f->target, 0, &pair, NULL), 0);
            assert_true(now[EXITS - 1].at[0].tries[9] == before);
        }
        session_close(run->session);
    }
    free(tuned);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_visits),
        cmocka_unit_test(test_same_text),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_automatic_thresholds),
        cmocka_unit_test(test_attention_only),
        cmocka_unit_test(test_switch_keeps_the_draft),
        cmocka_unit_test(test_switch_changes_the_drafter),
        cmocka_unit_test(test_no_more_than_needed),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_counts_start_as_tuned),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
