/* test_exact.c - promise 1 on tiny models: the same tokens, and the same bytes in the KV cache, as
 * plain decoding, for every drafter, tree and temperature; with exits planted so that every one of
 * them is taken.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/draft/draft.h"
#include "tests/support/draft_case.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *target, *other, *draft, *stranger;
    KvType kv;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    KernelsOptions options = {.device = "cpu", .threads = 1};
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    TinyModel tiny = draft_case_model();
    tiny.logit_gain = 3;
    f->target = tiny_model_open(&tiny, f->kernels, "tiny-8", NULL);
    tiny.perturb = 0.15f;
    tiny.layers = 6;
    f->draft = tiny_model_open(&tiny, f->kernels, "tiny-6", NULL);
    tiny.perturb = 0.1f;
    tiny.layers = 10;
    f->other = tiny_model_open(&tiny, f->kernels, "tiny-10", NULL);
    tiny.seed = 77; /* agrees with nobody */
    f->stranger = tiny_model_open(&tiny, f->kernels, "stranger", NULL);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    model_close(f->other);
    model_close(f->draft);
    model_close(f->stranger);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static SessionConfig config_of(const Fixture *f, Run *run, const char *drafter, const char *tree)
{
    SessionConfig config = draft_case_config(run, f->kernels, f->target, f->draft, drafter, tree);
    config.kv = f->kv;
    return config;
}

/* One answer in a session of its own, which stays open. */
static void decode(const Fixture *f, const char *drafter, const char *tree, Sampling sampling,
                   const int *prompt, int n_prompt, int tokens, Run *run)
{
    *run = (Run){0};
    SessionConfig config = config_of(f, run, drafter, tree);
    config.sampling = sampling;
    run_open(run, &config);
    run_ask(run, prompt, n_prompt, tokens);
}

/* Plain decoding and one drafter, same prompt: everything must be equal. */
static void compare(const Fixture *f, const char *drafter, const char *tree, Sampling sampling,
                    int tokens, Run *out)
{
    Run *plain = calloc(1, sizeof *plain);
    decode(f, "plain", "auto", sampling, PROMPT, PROMPT_N, tokens, plain);
    decode(f, drafter, tree, sampling, PROMPT, PROMPT_N, tokens, out);
    assert_same_answer(plain, out);
    session_close(plain->session);
    session_close(out->session);
    free(plain);
}

/* 20 prompts, 200 tokens each, three temperatures, every drafter, the trees in turn. The test must
 * have seen acceptances and rejections when the drafter is one that can have both. */
static void test_every_drafter(void **state)
{
    enum { PROMPTS = 20, LENGTH = 200, DRAFTERS = 8 };
    static const char *const drafters[DRAFTERS] = {"sd",           "exit:2", "exit:4", "s2d",
                                                   "s2d-frontier", "self",   "ngram",  "ngram+s2d"};
    int accepted[DRAFTERS][DEPTHS] = {0}, rejected[DRAFTERS][DEPTHS] = {0};
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    for (int p = 0; p < PROMPTS; p++) {
        int prompt[PROMPT_N + PROMPTS];
        for (int i = 0; i < PROMPT_N + p; i++)
            prompt[i] = (PROMPT[i % PROMPT_N] + 31 * p + i / PROMPT_N) % 256;
        for (int s = 0; s < 3; s++) {
            decode(*state, "plain", "auto", TEMPERATURES[s], prompt, PROMPT_N + p, LENGTH + 1,
                   plain);
            assert_int_equal(plain->n, LENGTH);
            for (int d = 0; d < DRAFTERS; d++) {
                const char *tree = TREES[(p + s + d) % (int)(sizeof TREES / sizeof *TREES)];
                decode(*state, drafters[d], tree, TEMPERATURES[s], prompt, PROMPT_N + p, LENGTH + 1,
                       run);
                assert_same_answer(plain, run);
                assert_int_equal(run->stats.accepted + run->stats.rounds, run->stats.tokens);
                for (int i = 0; i < DEPTHS; i++) {
                    accepted[d][i] += run->accepted[i];
                    rejected[d][i] += run->rejected[i];
                }
                session_close(run->session);
            }
            session_close(plain->session);
        }
    }
    for (int d = 0; d < DRAFTERS; d++) {
        print_message("%-12s accepted %d %d %d, rejected %d %d %d at depths 1 2 3\n", drafters[d],
                      accepted[d][0], accepted[d][1], accepted[d][2], rejected[d][0],
                      rejected[d][1], rejected[d][2]);
        for (int i = 0; i < DEPTHS && strcmp(drafters[d], "ngram") != 0; i++)
            assert_true(accepted[d][i] > 0 && rejected[d][i] > 0);
    }
    free(plain);
    free(run);
}

/* Settings as small, as large and as narrow as they can be asked for. */
static void test_extreme_settings(void **state)
{
    static const float temperatures[] = {0x1p-149f, 1e-38f, 1e-30f, 1e-7f, 1e-3f, 10};
    static const float masses[] = {0, 0x1p-149f, 1e-7f, 0.5f, 0.99999994f, 1};
    static const int counts[] = {0, 1, 3, INT_MAX};
    static const char *const drafters[] = {"sd", "s2d", "s2d-frontier", "self", "ngram+s2d"};
    Run *run = calloc(1, sizeof *run);
    uint64_t random = 9;
    for (int i = 0; i < 60; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t bits = (uint32_t)(random >> 33);
        Sampling sampling = {.temperature = temperatures[i % 6],
                             .top_p = masses[bits % 6],
                             .top_k = counts[bits / 6 % 4]};
        compare(*state, drafters[bits / 24 % 5], TREES[bits / 120 % 5], sampling, 60, run);
    }
    free(run);
}

/* Every architecture that there is. */
static void test_architectures(void **state)
{
    const Fixture *own = *state;
    for (int arch = 0; arch < ARCH_COUNT; arch++) {
        Run *run = calloc(1, sizeof *run);
        Fixture f = {.kernels = own->kernels};
        TinyModel tiny = draft_case_model();
        tiny.arch = (Arch)arch;
        tiny.tied = arch % 2;
        f.target = tiny_model_open(&tiny, f.kernels, "tiny-8", NULL);
        tiny.perturb = 0.15f;
        tiny.layers = 6;
        f.draft = tiny_model_open(&tiny, f.kernels, "tiny-6", NULL);
        for (int s = 0; s < 2; s++) {
            compare(&f, "s2d", "4x3x12", TEMPERATURES[s], 120, run);
            compare(&f, "self", "5x4x40", TEMPERATURES[s], 120, run);
        }
        model_close(f.target);
        model_close(f.draft);
        free(run);
    }
}

static void test_every_exit_is_taken(void **state)
{
    Run *run = calloc(1, sizeof *run);
    int drafted[3] = {0}, accepted[3] = {0};
    for (size_t s = 0; s < 4; s++)
        for (int self = 0; self < 2; self++) {
            compare(*state, self ? "self" : "s2d", "4x3x12", TEMPERATURES[s], 200, run);
            for (int e = 0; e < 3; e++) {
                drafted[e] += run->stats.by_exit_drafted[e];
                accepted[e] += run->stats.by_exit_accepted[e];
            }
        }
    for (int e = 0; e < 3; e++) {
        print_message("exit %d: drafted %d, accepted %d\n", 2 * (e + 1), drafted[e], accepted[e]);
        assert_true(drafted[e] > accepted[e] && accepted[e] > 0);
    }
    free(run);
}

/* Rounds, and those in which nodes of one depth came from more than one exit. */
typedef struct Mixed {
    Run run; /* first: a Run * is a Mixed * */
    int rounds, mixed;
} Mixed;

static void count_mixed(Run *run)
{
    Mixed *counts = (Mixed *)run;
    const EventRound *round = &run->last;
    bool mixed = false;
    for (int i = 0; i < round->n_nodes; i++)
        for (int j = 0; j < i; j++)
            mixed = mixed || (round->nodes[i].depth == round->nodes[j].depth &&
                              round->nodes[i].exit != round->nodes[j].exit);
    counts->rounds += round->n_nodes > 0;
    counts->mixed += mixed;
}

/* By the rule of the paper's code a frontier has one exit; by ours each node has its own. */
static void test_frontier_rule(void **state)
{
    static const char *const drafters[] = {"s2d", "s2d-frontier"};
    for (int d = 0; d < 2; d++) {
        Mixed *mixed = calloc(1, sizeof *mixed);
        SessionConfig config = config_of(*state, &mixed->run, drafters[d], "4x3x12");
        run_open(&mixed->run, &config);
        mixed->run.between = count_mixed;
        run_ask(&mixed->run, PROMPT, PROMPT_N, 200);
        const EventStats *stats = &mixed->run.stats;
        print_message("%-12s %d of %d rounds mix exits; drafted at them %d %d %d\n", drafters[d],
                      mixed->mixed, mixed->rounds, stats->by_exit_drafted[0],
                      stats->by_exit_drafted[1], stats->by_exit_drafted[2]);
        assert_true(mixed->rounds > 20 && (d == 0 ? mixed->mixed > 0 : mixed->mixed == 0));
        assert_true(stats->by_exit_drafted[0] > 0 && stats->by_exit_drafted[1] > 0);
        session_close(mixed->run.session);
        free(mixed);
    }
}

static void test_thousand_tokens(void **state)
{
    Run *run = calloc(1, sizeof *run);
    compare(*state, "s2d", "4x3x12", TEMPERATURES[2], 1001, run);
    assert_int_equal(run->n, 1000);
    free(run);
}

/* A draft that is the target itself, and one that has nothing to do with it. */
static void test_perfect_and_adversarial(void **state)
{
    Fixture f = *(Fixture *)*state;
    Run *run = calloc(1, sizeof *run);
    for (size_t s = 0; s < 3; s++) {
        Fixture perfect = f;
        perfect.draft = f.target;
        compare(&perfect, "sd", "4x1x4", TEMPERATURES[s], 101, run);
        assert_int_equal(run->stats.accepted,
                         run->stats.drafted); /* shared noise: no miss, at any T */
        assert_true(run->stats.mat == 5.0f);
        Fixture bad = f;
        bad.draft = f.stranger;
        compare(&bad, "sd", "4x2x8", TEMPERATURES[s], 60, run);
        assert_true(run->stats.accepted < run->stats.drafted / 4);
    }
    free(run);
}

/* Two turns, the second one after part of the first was taken back: the cache's prefix is used and
 * right. */
static void test_turns(void **state)
{
    Fixture *f = *state;
    Run *runs[2];
    for (int i = 0; i < 2; i++) {
        runs[i] = calloc(1, sizeof **runs);
        SessionConfig config = config_of(f, runs[i], i ? "s2d" : "plain", "4x3x12");
        run_open(runs[i], &config);
        run_ask(runs[i], PROMPT, PROMPT_N, 40);
        int second[PROMPT_N + 22];
        memcpy(second, PROMPT, sizeof PROMPT);
        second[PROMPT_N] = 64; /* not what was answered: most of the answer is forgotten */
        memcpy(second + PROMPT_N + 1, runs[i]->tokens, 21 * sizeof(int));
        run_ask(runs[i], second, PROMPT_N + 22, 40);
        run_ask(runs[i], second, PROMPT_N + 22, 40); /* again: /regen with the same seed */
    }
    assert_int_equal(runs[0]->n, 3 * 39);
    assert_memory_equal(runs[0]->tokens, runs[1]->tokens, sizeof(int) * (size_t)runs[0]->n);
    assert_memory_equal(runs[1]->tokens + 39, runs[1]->tokens + 78, sizeof(int) * 39);
    assert_same_cache(runs[0]->session, runs[1]->session);
    for (int i = 0; i < 2; i++) {
        session_close(runs[i]->session);
        free(runs[i]);
    }
}

/* Most tokens: in a text of them the draft goes to and fro between its list and the whole head. */
static bool is_listed(int id)
{
    return id % 8 != 3;
}

static int short_list(int *ids, int vocab)
{
    int n = 0;
    for (int id = 0; id < vocab; id++)
        if (is_listed(id))
            ids[n++] = id;
    return n;
}

/* By place in the answer: the draft's first guess there, -1 = none was drafted; and whether it came
 * from the list. */
typedef struct Guesses {
    int token[TOKENS_MAX];
    bool narrow[TOKENS_MAX];
} Guesses;
static Guesses guesses[2], *noted;

static void note_guess(Run *run)
{
    if (run->rounds == run->changed)
        return;
    run->changed = run->rounds;
    const EventRound *r = &run->last;
    int at = run->n - 1 - r->accepted;
    if (r->n_nodes > 0)
        noted->token[at] = r->nodes[0].token;
    noted->narrow[at] = ((const Draft *)run->session->drafter)->narrow;
}

/* A draft with a short list guesses as one without does, wherever that guess is in the list; where
 * it is not, it names another one of the list, unless the text has left the list. */
static void test_short_list(void **state)
{
    Fixture f = *(Fixture *)*state;
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q8_0);
    tiny.layers = 6;
    tiny.settle = 2;
    tiny.settle_scale = 0.35f;
    tiny.perturb = 0.15f;
    int ids[1000], n_ids = short_list(ids, f.draft->config.vocab), same = 0, other = 0, wide = 0;
    ModelUse use = {.ids = ids, .n_ids = n_ids};
    Fixture with[2] = {f, f};
    with[0].draft = tiny_model_open(&tiny, f.kernels, "all", NULL);
    with[1].draft = tiny_model_open(&tiny, f.kernels, "short", &use);
    Run *runs[2];
    for (int s = 0; s < 3; s += 2) { /* top-p cuts a short list elsewhere */
        for (int i = 0; i < 2; i++) {
            runs[i] = calloc(1, sizeof *runs[i]);
            SessionConfig config = config_of(&with[i], runs[i], "sd", "1x1x1");
            config.sampling = TEMPERATURES[s];
            noted = &guesses[i];
            memset(noted, -1, sizeof *noted);
            runs[i]->between = note_guess;
            run_open(runs[i], &config);
            run_ask(runs[i], PROMPT, PROMPT_N, 400);
        }
        assert_same_answer(runs[0], runs[1]);
        for (int at = 0; at < TOKENS_MAX; at++) {
            int full = guesses[0].token[at], some = guesses[1].token[at];
            if (full < 0 || some < 0)
                continue;
            assert_false(guesses[0].narrow[at]);
            assert_true(is_listed(some) || !guesses[1].narrow[at]);
            if (guesses[1].narrow[at] && !is_listed(full)) {
                other++;
                continue;
            }
            assert_int_equal(full, some);
            *(guesses[1].narrow[at] ? &same : &wide) += 1;
        }
        for (int i = 0; i < 2; i++) {
            session_close(runs[i]->session);
            free(runs[i]);
        }
    }
    print_message("%d guesses were in the list, %d were not, %d came from the whole head\n", same,
                  other, wide);
    assert_true(same > 50 && other > 0 && wide > 50);
    model_close(with[0].draft);
    model_close(with[1].draft);
}

/* The text does not depend on how little is left of the draft, and something is still accepted. */
static void test_lesser_draft(void **state)
{
    Fixture f = *(Fixture *)*state;
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q8_0);
    tiny.layers = 8;
    tiny.settle = 2;
    tiny.settle_scale = 0.35f;
    int ids[1000], n_ids = short_list(ids, f.draft->config.vocab);
    ModelUse use = {.ids = ids, .n_ids = n_ids, .layers = 6, .requantise = true};
    static const char *const drafters[] = {"sd", "exit:4", "s2d"};
    f.draft = tiny_model_open(&tiny, f.kernels, "less", &use);
    Run *run = calloc(1, sizeof *run);
    for (size_t s = 0; s < 4; s++)
        for (size_t d = 0; d < 3; d++) {
            compare(&f, drafters[d], TREES[(s + d) % 5], TEMPERATURES[s], 120, run);
            assert_true(run->stats.accepted > 0 && run->stats.accepted < run->stats.drafted);
        }
    free(run);
    model_close(f.draft);
}

/* A draft with fewer padding tokens than the target, and one with more: the target says ids that the
 * draft has no row for, and the draft would say some that the target has none for. */
static void test_other_padding(void **state)
{
    enum { TARGET_PADS = 20 };
    static const int pads[] = {0, TARGET_PADS, 2 * TARGET_PADS};
    static const char *const drafters[] = {"sd", "s2d", "ngram+s2d"};
    Fixture f = *(Fixture *)*state;
    TinyModel tiny = draft_case_model();
    tiny.logit_gain = 3;
    tiny.pads = TARGET_PADS;
    f.target = tiny_model_open(&tiny, f.kernels, "padded-8", NULL);
    int known = tokenizer_vocab(f.target->tokenizer), said = 0;
    Run *run = calloc(1, sizeof *run);
    tiny.layers = 6;
    for (int p = 0; p < 3; p++) {
        tiny.pads = pads[p];
        f.draft = tiny_model_open(&tiny, f.kernels, "padded-6", NULL);
        for (int d = 0; d < 3; d++) {
            compare(&f, drafters[d], TREES[d], TEMPERATURES[2], 200, run);
            for (int i = 0; i < run->n; i++) {
                assert_true(run->tokens[i] < known);
                said += run->tokens[i] >= known - TARGET_PADS;
            }
        }
        model_close(f.draft);
    }
    assert_true(said > 0);
    free(run);
    model_close(f.target);
}

static void switch_after_10(Run *run)
{
    if (run->n >= 10 && run->next) {
        Err err = {0};
        Model *next = run->next;
        run->next = NULL;
        if (session_switch(run->session, next, 1, &run->session->config.drafting, &err))
            print_error("%s\n", err.text);
    }
}

/* In the middle of an answer: what follows is what the new target says to the text so far. */
static void test_switch(void **state)
{
    Fixture *f = *state;
    static const char *const drafters[] = {"plain", "s2d", "self"};
    Run *runs[3];
    for (int i = 0; i < 3; i++) {
        runs[i] = calloc(1, sizeof **runs);
        SessionConfig config = config_of(f, runs[i], drafters[i], "1x1x1");
        runs[i]->next = f->other;
        runs[i]->between = switch_after_10;
        run_open(runs[i], &config);
        run_ask(runs[i], PROMPT, PROMPT_N, 60);
        assert_int_equal(runs[i]->switched, 1);
        assert_ptr_equal(session_target(runs[i]->session), f->other);
        /* Each target is credited with its own rounds, but they are numbered through. */
        const EventStats *stats = &runs[i]->stats;
        int before = runs[i]->n - stats->tokens;
        assert_true(before >= 10 && before < 10 + 8);
        assert_int_equal(stats->accepted + stats->rounds, stats->tokens);
        assert_true(runs[i]->last.round > stats->rounds);
        double ms = stats->draft_ms + stats->verify_ms + stats->accept_ms + stats->other_ms;
        assert_float_equal(stats->tokens_per_s * ms / (1e3 * stats->tokens), 1, 1e-4);
    }
    /* The switch came after 10 tokens or 11, by round; then each continues as a fresh session
     * would. */
    for (int i = 0; i < 3; i++) {
        int at = 10;
        if (i > 0 && runs[i]->tokens[10] != runs[0]->tokens[10])
            at = 11;
        Run *fresh = calloc(1, sizeof *fresh);
        SessionConfig config = config_of(f, fresh, "plain", "auto");
        config.target = f->other;
        run_open(fresh, &config);
        int text[TOKENS_MAX];
        memcpy(text, runs[i]->session->tokens, sizeof(int) * (size_t)runs[i]->session->n);
        int n = PROMPT_N + 1 + at + 1;
        run_ask(fresh, text, n, runs[i]->session->n - n);
        assert_memory_equal(fresh->tokens, text + n + 1, sizeof(int) * (size_t)fresh->n);
        session_close(fresh->session);
        free(fresh);
    }
    /* The draft kept its cache: its next tree is that of a fresh session which reads the same
     * text. */
    Run *fresh = calloc(1, sizeof *fresh);
    SessionConfig config = config_of(f, fresh, "s2d", "3x3x9");
    config.target = f->other;
    run_open(fresh, &config);
    session_set_tree(runs[1]->session, config.tree);
    int text[TOKENS_MAX], n = runs[1]->session->n;
    memcpy(text, runs[1]->session->tokens, sizeof(int) * (size_t)n);
    runs[1]->stop_after = fresh->stop_after = 1;
    runs[1]->rounds = 0;
    run_ask(runs[1], text, n, 30);
    run_ask(fresh, text, n, 30);
    assert_int_equal(runs[1]->last.n_nodes, 9);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(runs[1]->last.nodes[i].token, fresh->last.nodes[i].token);
        assert_true(runs[1]->last.nodes[i].p == fresh->last.nodes[i].p);
        assert_int_equal(runs[1]->last.nodes[i].exit, fresh->last.nodes[i].exit);
    }
    session_close(fresh->session);
    free(fresh);
    for (int i = 0; i < 3; i++) {
        session_close(runs[i]->session);
        free(runs[i]);
    }
}

static void change_everything(Run *run)
{
    static const char *const drafters[] = {"s2d",   "self", "ngram",        "exit:4",
                                           "plain", "sd",   "s2d-frontier", "ngram+s2d"};
    static const char *const trees[] = {"3x1x3", "auto", "4x4x20"};
    if (run->rounds == run->changed)
        return; /* once a round: poll is also called while the draft reads */
    run->changed = run->rounds;
    Err err = {0};
    DraftConfig drafting = run->session->config.drafting;
    assert_int_equal(drafter_choose(drafters[run->rounds % 8], &drafting), 0);
    if (run->rounds % 3 == 0 && session_set_drafter(run->session, &drafting, &err))
        print_error("%s\n", err.text);
    TreeShape tree;
    assert_int_equal(tree_parse(trees[run->rounds % 3], &tree), 0);
    session_set_tree(run->session, tree);
    float thresholds[3] = {(float)(run->rounds % 4) / 4, 0.3f, 0.1f};
    session_set_thresholds(run->session, thresholds, 3);
    session_set_spec(run->session, run->rounds % 5 == 4 ? SPEC_AUTO : SPEC_ON);
}

static void test_changes_while_it_answers(void **state)
{
    Fixture *f = *state;
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    SessionConfig config = config_of(f, plain, "plain", "auto");
    config.sampling = TEMPERATURES[1];
    run_open(plain, &config);
    run_ask(plain, PROMPT, PROMPT_N, 300);
    config = config_of(f, run, "s2d", "4x3x12");
    config.sampling = TEMPERATURES[1];
    run->between = change_everything;
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 300);
    assert_int_equal(plain->n, run->n);
    assert_memory_equal(plain->tokens, run->tokens, sizeof(int) * (size_t)plain->n);
    assert_same_cache(plain->session, run->session);
    session_close(plain->session);
    session_close(run->session);
    free(plain);
    free(run);
}

/* Under auto a long prompt may stay unread by the draft, which then comes to read it later. */
static void test_long_prompt(void **state)
{
    enum { LONG = 500 };
    Fixture *f = *state;
    int prompt[LONG];
    for (int i = 0; i < LONG; i++)
        prompt[i] = (7 * i + i / 13) % 256;
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    decode(f, "plain", "auto", TEMPERATURES[1], prompt, LONG, 150, plain);
    SessionConfig config = config_of(f, run, "s2d", "4x3x12");
    config.sampling = TEMPERATURES[1];
    config.spec = SPEC_AUTO;
    run_open(run, &config);
    run_ask(run, prompt, LONG, 150);
    assert_same_answer(plain, run);
    int drafted = run->stats.drafted;
    run->n = plain->n =
        0; /* again, now with all of the prompt known to the draft, then a shorter one */
    session_set_spec(run->session, SPEC_ON);
    run_ask(plain, prompt, LONG, 150);
    run_ask(run, prompt, LONG, 150);
    assert_same_answer(plain, run);
    assert_true(run->stats.drafted > drafted);
    run->n = plain->n = 0;
    run_ask(plain, prompt + 1, 20, 60);
    run_ask(run, prompt + 1, 20, 60);
    assert_same_answer(plain, run);
    session_close(plain->session);
    session_close(run->session);
    free(plain);
    free(run);
}

/* A cache of 8 bits rounds each row by itself, so it changes what is said but not by whom. */
static void test_eight_bit_cache(void **state)
{
    static const char *const drafters[] = {"sd", "exit:4", "s2d", "self", "ngram"};
    Fixture f = *(Fixture *)*state;
    Run *run = calloc(1, sizeof *run);
    int accepted = 0, rejected = 0;
    f.kv = KV_Q8;
    for (size_t d = 0; d < sizeof drafters / sizeof *drafters; d++) {
        for (size_t t = 0; t < 3; t++) {
            compare(&f, drafters[d], TREES[t], TEMPERATURES[t], 150, run);
            accepted += run->stats.accepted;
            rejected += run->stats.drafted - run->stats.accepted;
        }
    }
    assert_true(accepted > 100 && rejected > 100);

    EventReady *ready = calloc(1, sizeof *ready);
    SessionConfig config = config_of(&f, run, "plain", "auto");
    *run = (Run){0};
    run_open(run, &config);
    session_describe(run->session, ready);
    assert_string_equal(ready->kv, "q8");
    session_close(run->session);
    const ModelConfig *target = &f.target->config, *draft = &f.draft->config;
    assert_true(session_bytes(f.kernels, target, draft, NULL, KV_Q8, 2000) <
                session_bytes(f.kernels, target, draft, NULL, KV_F16, 2000));
    free(ready);
    free(run);
}

static void test_context_full(void **state)
{
    Fixture *f = *state;
    Run *run = calloc(1, sizeof *run);
    SessionConfig config = config_of(f, run, "s2d", "4x3x12");
    config.ctx = 50;
    run_open(run, &config);
    run_ask(run, PROMPT, PROMPT_N, 0);
    assert_string_equal(run->reason, "context");
    assert_int_equal(run->n, 50 - PROMPT_N - 1);
    int prompt[50] = {1};
    run_ask(run, prompt, 50, 5);
    assert_string_equal(run->reason, "context");
    session_close(run->session);
    free(run);
}

static void test_ngram_proposal(void **state)
{
    Fixture *f = *state;
    Drafter *drafter;
    DraftConfig drafting = {.kind = drafter_find("ngram")};
    DrafterParts parts = {.drafting = &drafting};
    assert_int_equal(drafters_open(&parts, &drafter, NULL), 0);
    static const int text[] = {9, 1, 2, 3, 4, 5, 7, 1, 2, 3};
    Cost cost = {0};
    Tree *tree = calloc(1, sizeof *tree);
    Sampling sampling = {.top_p = 1};
    Proposal in = {.tokens = text,
                   .n = 10,
                   .shape = {.depth = 4, .width = 1, .nodes = 4},
                   .max_depth = 3,
                   .max_nodes = 63,
                   .vocab = tokenizer_vocab(f->target->tokenizer),
                   .sampling = &sampling,
                   .cost = &cost};
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 4); /* the root and what followed 1 2 3, as deep as there is room */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tree->node[i].token, text[3 + i]);
        assert_int_equal(tree->node[i].parent, i - 1);
        assert_int_equal(tree->node[i].exit, 0);
    }
    in.n = 7; /* nothing is known to follow 5 7 */
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 1);
    drafter->close(drafter);
    free(tree);
}

/* A model's proposal, as it was planned: 3 with 9 under it, and 8. */
static void propose_planned(Drafter *d, const Proposal *in, Tree *tree)
{
    (void)d;
    tree->n = 4;
    tree->node[0] = (TreeNode){.parent = -1, .token = in->tokens[in->n - 1], .path = 1};
    tree->node[1] = (TreeNode){
        .parent = 0, .token = 3, .depth = 1, .slot = 1, .p = 0.6f, .path = 0.6f, .exit = 2};
    tree->node[2] = (TreeNode){
        .parent = 0, .token = 8, .depth = 1, .slot = 2, .p = 0.3f, .path = 0.3f, .exit = 2};
    tree->node[3] = (TreeNode){
        .parent = 1, .token = 9, .depth = 2, .slot = 3, .p = 0.5f, .path = 0.3f, .exit = 4};
}

static void close_planned(Drafter *d)
{
    (void)d;
}

static void test_ngram_joins_a_tree(void **state)
{
    Fixture *f = *state;
    Drafter planned = {.propose = propose_planned, .close = close_planned}, *drafter;
    assert_int_equal(ngram_join(&planned, &drafter, NULL), 0);
    static const int text[] = {9, 1, 2, 3, 4, 5, 7, 1, 2};
    Cost cost = {0};
    Tree *tree = calloc(1, sizeof *tree);
    Sampling sampling = {.top_p = 1};
    Proposal in = {.tokens = text,
                   .n = 9,
                   .shape = {.depth = 3, .width = 2, .nodes = 3},
                   .max_depth = 8,
                   .max_nodes = 63,
                   .vocab = tokenizer_vocab(f->target->tokenizer),
                   .sampling = &sampling,
                   .cost = &cost};
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 6); /* 3 is there; 4 and 5 go on from it, as deep as the shape */
    assert_true(tree->node[4].token == 4 && tree->node[4].parent == 1 && tree->node[4].slot == 4);
    assert_true(tree->node[5].token == 5 && tree->node[5].parent == 4 && tree->node[5].slot == 5);
    assert_true(tree->node[5].depth == 3 && tree->node[5].exit == 0 && tree->node[1].exit == 2);
    in.max_nodes = 4; /* root, three and one more */
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 5);

    /* An automatic tree takes of it what is forecast to pay: here rows cost little, there much. */
    in.max_nodes = 32;
    in.shape = (TreeShape){.automatic = true};
    recent_add(&cost.plain, 10, 0);
    cost.judged = true; /* rounds have brought twenty times plain's speed */
    cost.spec_tokens = 20;
    cost.spec_ms = 10;
    for (int i = 0; i < CURVE_POINTS; i++)
        cost.verify.ms[i] = 10;
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 4 + 5); /* 4 5 7 1 2 */
    for (int i = 0; i < CURVE_POINTS; i++)
        cost.verify.ms[i] = 10.0f * (float)(1 << i);
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 4);

    /* Where it promises more than rounds have brought, the model is not asked, nor told. */
    cost.spec_tokens = 1.5;
    for (int i = 0; i < CURVE_POINTS; i++)
        cost.verify.ms[i] = 10;
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 1 + 6); /* 3 4 5 7 1 2 */
    for (int i = 1; i < tree->n; i++)
        assert_true(tree->node[i].token == text[2 + i] && tree->node[i].exit == 0);
    drafter->accepted(drafter, tree, (int[]){0, 1}, 2); /* the planned one has no such function */
    cost.spec_tokens = 20;
    in.ngrams_only = true; /* the model would take time */
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 1 + 6);
    for (int i = 0; i < CURVE_POINTS; i++)
        cost.verify.ms[i] = 10.0f * (float)(1 << i);
    drafter->propose(drafter, &in, tree);
    assert_int_equal(tree->n, 1); /* every row is a plain round's time */
    drafter->close(drafter);
    free(tree);
}

typedef struct Joined {
    Run run; /* first: a Run * is a Joined * */
    int both, looked_up, missed;
} Joined;

static void count_joined(Run *run)
{
    Joined *counts = (Joined *)run;
    const EventRound *round = &run->last;
    bool model = false, text = false;
    for (int i = 0; i < round->n_nodes; i++) {
        const EventNode *node = &round->nodes[i];
        model = model || node->exit > 0;
        text = text || node->exit == 0;
        counts->looked_up += node->exit == 0 && node->accepted;
        counts->missed += node->exit > 0 && node->depth == 1 && !node->accepted;
    }
    counts->both += model && text;
}

/* With a draft that is the target itself: its own first guess is right in every round, so also
 * after rounds whose tokens came from the text and were in no cache of the draft. */
static void test_ngram_beside_a_perfect_draft(void **state)
{
    const Fixture *f = *state;
    Joined *joined = calloc(1, sizeof *joined);
    SessionConfig config = config_of(f, &joined->run, "ngram+s2d", "5x1x5");
    config.draft = f->target;
    config.drafting.n_exits = config.drafting.n_thresholds = 2;
    memcpy(config.drafting.exits, (int[]){4, 8}, 2 * sizeof(int));
    memcpy(config.drafting.thresholds, (float[]){1, 0.9f}, 2 * sizeof(float));
    run_open(&joined->run, &config);
    joined->run.between = count_joined;
    int prompt[4 * PROMPT_N];
    for (int i = 0; i < 4 * PROMPT_N; i++)
        prompt[i] = PROMPT[i % PROMPT_N];
    run_ask(&joined->run, prompt, 4 * PROMPT_N, 600);
    print_message("%d rounds with both, %d looked up and accepted, %d guesses wrong\n",
                  joined->both, joined->looked_up, joined->missed);
    assert_true(joined->both > 0 && joined->looked_up > 0);
    assert_int_equal(joined->missed, 0);
    session_close(joined->run.session);
    free(joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_drafter),
        cmocka_unit_test(test_extreme_settings),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_every_exit_is_taken),
        cmocka_unit_test(test_frontier_rule),
        cmocka_unit_test(test_thousand_tokens),
        cmocka_unit_test(test_perfect_and_adversarial),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_short_list),
        cmocka_unit_test(test_lesser_draft),
        cmocka_unit_test(test_other_padding),
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_changes_while_it_answers),
        cmocka_unit_test(test_long_prompt),
        cmocka_unit_test(test_eight_bit_cache),
        cmocka_unit_test(test_context_full),
        cmocka_unit_test(test_ngram_proposal),
        cmocka_unit_test(test_ngram_joins_a_tree),
        cmocka_unit_test(test_ngram_beside_a_perfect_draft),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
