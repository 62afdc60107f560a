/* test_tune.c - tuning, on tiny models and made-up surveys: what a survey says is, bit by bit, what
 * drafting said at the same places; forecasts follow the drafter's rules; the search finds what was
 * hidden; files of prompts and of tuned values are read back, and bad ones refused.
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

#include "app/train/prompts.h"
#include "app/worker/tuned.h"
#include "engine/tune/threshold_search.h"
#include "tests/support/draft_case.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_adapter.h"

/* ---- surveys ---- */

enum { ANSWER = 60 };

/* What a chain of rounds saw: [place][exit], p < 0 = it was not asked there. */
typedef struct Seen {
    Run run;
    float p[ANSWER][EXITS];
    int token[ANSWER][EXITS];
    int rounds;
} Seen;

/* Nodes whose forerunners were accepted stand at places of the text. */
static void note_visits(Run *run)
{
    Seen *seen = (Seen *)run;
    const EventRound *r = &run->last;
    if (run->rounds == seen->rounds)
        return;
    seen->rounds = run->rounds;
    int root = run->session->n - 2 - r->accepted;
    bool followed[NODES_MAX] = {true}; /* by id: is it what was said? */
    for (int i = 0; i < r->n_nodes; i++) {
        int place = root + r->nodes[i].depth - 1 - PROMPT_N;
        followed[r->nodes[i].id] = r->nodes[i].accepted;
        if (!followed[r->nodes[i].parent])
            continue;
        for (int v = 0; place < ANSWER && v < r->nodes[i].n_visited; v++) {
            int e = r->nodes[i].visited[v].exit / 2 - 1;
            seen->p[place][e] = r->nodes[i].visited[v].p;
            /* Drawn, it is known only of the exit that proposed the node. */
            bool proposed = r->nodes[i].exit == LAYERS[e];
            bool drawn = run->session->config.sampling.temperature > 0;
            seen->token[place][e] = proposed ? r->nodes[i].token
                                    : drawn  ? -1
                                             : r->nodes[i].visited[v].token;
        }
    }
}

static void open_seen(Seen *seen, Kernels *kernels, Model *target, Model *draft, const char *kind,
                      float temperature)
{
    SessionConfig config = {.kernels = kernels,
                            .target = target,
                            .draft = draft,
                            .spec = SPEC_ON,
                            .sampling = {.temperature = temperature, .top_p = 1},
                            .tree = {.depth = 4, .width = 1, .nodes = 4},
                            .drafting = {.kind = drafter_find(kind),
                                         .layers = 6,
                                         .n_exits = EXITS,
                                         .n_thresholds = EXITS,
                                         .thresholds = {0.5f, 0.35f, 0}},
                            .emit = run_event,
                            .poll = run_poll,
                            .user = &seen->run};
    memcpy(config.drafting.exits, LAYERS, sizeof LAYERS);
    *seen = (Seen){.run = {.between = note_visits}};
    for (int i = 0; i < ANSWER; i++)
        for (int e = 0; e < EXITS; e++)
            seen->p[i][e] = -1;
    run_open(&seen->run, &config);
}

/* The same again after a survey as before it: it leaves nothing behind that matters. */
static void check_survey(Seen *seen)
{
    static ExitTrace places[ANSWER];
    int checked[EXITS] = {0};
    run_ask(&seen->run, PROMPT, PROMPT_N, ANSWER);
    Session *s = seen->run.session;
    int n = session_trace_exits(s, PROMPT_N, places, ANSWER);
    assert_int_equal(n, ANSWER - 1);
    for (int i = 0; i < n; i++) {
        assert_int_equal(places[i].end, i == n - 1);
        for (int e = 0; e < EXITS; e++) {
            if (seen->p[i][e] < 0)
                continue;
            if (places[i].p[e] != seen->p[i][e])
                fail_msg("place %d, exit %d: %.9g, drafting said %.9g", i, LAYERS[e],
                         (double)places[i].p[e], (double)seen->p[i][e]);
            if (seen->token[i][e] < 0)
                continue;
            assert_int_equal(places[i].hit[e], seen->token[i][e] == s->tokens[PROMPT_N + i + 1]);
            checked[e]++;
        }
    }
    for (int e = 0; e < EXITS; e++)
        assert_true(checked[e] > 5);
    ExitCost cost;
    session_trace_cost(s, EXIT_TRACE_TIMES, &cost);
    for (int e = 0; e < EXITS; e++)
        assert_true(cost.layers[e][0] > 0 && cost.layers[e][1] >= cost.layers[e][0] &&
                    cost.ask[e] > 0);
    assert_true(cost_verify_ms(&cost.passes, 4) > 0);

    static int first[TOKENS_MAX];
    memcpy(first, seen->run.tokens, sizeof first);
    int before = seen->run.n;
    seen->run.between = NULL;
    run_ask(&seen->run, PROMPT, PROMPT_N, ANSWER);
    assert_int_equal(seen->run.n, 2 * before);
    assert_memory_equal(seen->run.tokens + before, first, sizeof(int) * (size_t)before);
}

static void surveys_say_what_drafting_says(void **state)
{
    (void)state;
    static Seen seen;
    Kernels *kernels;
    Model *target, *draft;
    char base[TEMP_BYTES];
    Err err = {0};
    KernelsOptions options = {.device = "cpu", .threads = 1};
    assert_int_equal(kernels_open(&kernels, &options, NULL), 0);
    TinyModel tiny = draft_case_model();
    temp_file_make(base);
    assert_int_equal(tiny_model_write(&tiny, base, &err), 0);
    assert_int_equal(model_open(&target, kernels, base, "target", NULL, NULL, &err), 0);
    TinyAdapter adapter = tiny_adapter(&tiny, 6);
    assert_int_equal(tiny_adapter_open(&adapter, kernels, base, &draft, &err), 0);

    static const char *const kinds[] = {"s2d", "self"};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 4; i++) {
            open_seen(&seen, kernels, target, i % 2 ? draft : target, kinds[k], i < 2 ? 0 : 0.8f);
            check_survey(&seen);
            session_close(seen.run.session);
        }
    model_close(draft);
    model_close(target);
    unlink(base);
    kernels->close(kernels);
}

/* ---- forecasts ---- */

enum { PLACES = 400 };

/* A pass over n rows takes 10 ms, a range 1 ms, asking nothing. Exit 0 is right where it is sure
 * (every other place), exit 1 always. */
static void make_survey(ExitTraces *traces, ExitTrace *places)
{
    *traces = (ExitTraces){.n_exits = 2, .places = places, .n = PLACES};
    for (int i = 0; i < PLACES; i++) {
        bool sure = i % 2 == 0;
        places[i] = (ExitTrace){
            .p = {sure ? 0.9f : 0.4f, 0.95f}, .hit = {sure, true}, .end = i % 100 == 99};
    }
    for (int e = 0; e < 2; e++)
        traces->cost.layers[e][0] = traces->cost.layers[e][1] = 1;
    for (int n = 1; n <= 64; n *= 2)
        curve_add(&traces->cost.passes.verify, n, 10);
    exit_traces_count(traces);
}

static void forecasts_play_rounds(void **state)
{
    (void)state;
    static ExitTrace places[PLACES];
    static const float settings[][2] = {{0, 0}, {1, 0}, {0.6f, 0}, {0.6f, 0.99f}};
    ExitTraces traces;
    Forecast f[4];
    make_survey(&traces, places);
    for (int i = 0; i < 4; i++) {
        f[i] = forecast(&traces, settings[i]);
        assert_int_equal(f[i].tokens, PLACES); /* every place once, whatever drafts */
        int accepted = 0, reached = 0;
        for (int d = 0; d < DEPTH_MAX; d++)
            reached += f[i].reached[d];
        for (int e = 0; e < 2; e++) {
            accepted += f[i].by_exit_accepted[e];
            assert_true(f[i].by_exit_accepted[e] <= f[i].by_exit_drafted[e]);
        }
        assert_int_equal(accepted, reached);
        assert_true(fabs(f[i].ms - f[i].draft_ms - 10 * f[i].rounds) < 1e-6);
    }
    /* Exit 0 alone is right half of the time; closed or confident only, nothing is wrong. */
    assert_int_equal(f[0].by_exit_drafted[1], 0);
    assert_int_equal(f[1].by_exit_drafted[0], 0);
    assert_int_equal(f[1].by_exit_accepted[1], f[1].by_exit_drafted[1]);
    assert_int_equal(f[2].by_exit_accepted[0], f[2].by_exit_drafted[0]);
    assert_true(f[2].by_exit_drafted[0] > 0 && f[2].by_exit_drafted[1] > 0);
    assert_true(f[0].rounds > 2 * f[2].rounds);
    assert_true(f[3].rounds > f[2].rounds); /* the last threshold ends drafting */
}

/* Exit 0 is sure and wrong at every tenth place, and at the next one unsure: exit 1, which is asked
 * there, corrects it in time. Alone, exit 0 ends a round with each such place. */
static void deeper_exits_correct(void **state)
{
    (void)state;
    static ExitTrace places[PLACES];
    static const float thresholds[2] = {0.6f, 0}, shallow[2] = {0, 0};
    ExitTraces traces;
    make_survey(&traces, places);
    for (int i = 0; i < PLACES; i++) {
        bool wrong = i % 10 == 4, unsure = i % 10 == 5;
        places[i].p[0] = unsure ? 0.3f : 0.9f;
        places[i].hit[0] = !wrong;
    }
    exit_traces_count(&traces);
    Forecast f = forecast(&traces, thresholds), alone = forecast(&traces, shallow);
    int wrong = f.by_exit_drafted[0] - f.by_exit_accepted[0];
    int wrong_alone = alone.by_exit_drafted[0] - alone.by_exit_accepted[0];
    assert_true(f.by_exit_drafted[0] > PLACES / 2);
    assert_true(wrong_alone >= PLACES / 10);
    assert_true(wrong < PLACES / 20 && f.rounds < alone.rounds);
    /* Nothing waits behind an exit that always answers. */
    assert_int_equal(alone.by_exit_drafted[1], 0);
    traces.cost.layers[1][0] = traces.cost.layers[1][1] = 1000;
    assert_true(forecast(&traces, shallow).draft_ms == alone.draft_ms);
}

/* With one range for both exits' tokens, what waits is read when it is gone deeper: each range is
 * gone through once for each token at most. */
static void what_waits_is_read_once(void **state)
{
    (void)state;
    static ExitTrace places[PLACES];
    static const float thresholds[2] = {0.6f, 0};
    ExitTraces traces;
    make_survey(&traces, places);
    traces.cost.layers[0][0] = traces.cost.layers[1][0] = 1;
    traces.cost.layers[0][1] = traces.cost.layers[1][1] = EXIT_TRACE_ROWS; /* a ms a row */
    Forecast f = forecast(&traces, thresholds);
    assert_true(f.draft_ms <= 2 * (PLACES + f.rounds));
    assert_true(f.draft_ms > PLACES);
}

static void the_search_finds_what_is_fast(void **state)
{
    (void)state;
    static ExitTrace places[PLACES];
    static const float now[2] = {1, 0.2f};
    ExitTraces traces;
    ThresholdPoint points[SEARCH_STARTS];
    ThresholdMap map;
    make_survey(&traces, places);
    int n = threshold_search(&traces, now, points);
    assert_true(n >= 1 && n <= SEARCH_STARTS);
    Forecast before = forecast(&traces, now);
    assert_true(points[0].speed > before.tokens / before.ms);
    assert_true(points[0].thresholds[0] > 0.4f && points[0].thresholds[0] <= 0.9f);
    assert_true(points[0].thresholds[1] <= 0.95f);
    for (int i = 1; i < n; i++)
        assert_true(points[i].speed <= points[i - 1].speed);
    threshold_map(&traces, &points[0], &map);
    assert_true(map.x == 0 && map.y == 1);
    for (int y = 0; y < MAP_STEPS; y++)
        for (int x = 0; x < MAP_STEPS; x++)
            assert_true(map.speed[y][x] > 0 && map.mat[y][x] >= 1 &&
                        map.speed[y][x] <= points[0].speed * 1.0001);
    traces.n_exits = 1;
    threshold_map(&traces, &points[0], &map);
    assert_true(map.x == 0 && map.y == -1);
}

/* ---- automatic thresholds ---- */

/* Pieces of a text in which exit 0 is sure at every other place: right as `right` says of them.
 * Exit 1 is always right; exit 2, as sure, never. */
static void feed(Tuner *tuner, int pieces, bool right)
{
    for (int p = 0; p < pieces; p++) {
        ExitTrace piece[TUNER_PIECE] = {0};
        for (int i = 0; i < TUNER_PIECE; i++)
            piece[i] = (ExitTrace){.p = {i % 2 ? 0.4f : 0.9f, 0.95f, 0.95f},
                                   .hit = {i % 2 == 0 && right, true, false}};
        tuner_add(tuner, piece);
    }
}

static void thresholds_follow_what_is_surveyed(void **state)
{
    (void)state;
    static Tuner tuner;
    float t[3] = {0.2f, 0.2f, 0.2f};
    tuner = (Tuner){0};
    for (int n = 1; n <= 64; n *= 2)
        curve_add(&tuner.cost.passes.verify, n, 10);
    for (int e = 0; e < 3; e++) {
        tuner.cost.layers[e][0] = tuner.cost.layers[e][1] = 1;
        tuner.cost.ask[e] = 0.2;
    }
    feed(&tuner, 5, false);
    assert_false(tuner_search(&tuner, 3, t, NULL)); /* too few */
    feed(&tuner, 1, false);
    EventForecast said = {0};
    assert_true(tuner_search(&tuner, 3, t, &said));
    assert_true(said.searched && said.moved);
    assert_memory_equal(said.best, t, sizeof t);
    assert_true(t[0] > 0.9f && t[1] <= 0.95f); /* an exit that is never right is closed */
    float before[3];
    memcpy(before, t, sizeof t);
    feed(&tuner, 6, false);
    said = (EventForecast){0};
    assert_false(tuner_search(&tuner, 3, t, &said)); /* as it was: nothing is clearly faster */
    assert_memory_equal(before, t, sizeof t);
    assert_true(said.searched && !said.moved);
    feed(&tuner, TUNER_PLACES / TUNER_PIECE, true); /* another text: the ring forgets the first */
    assert_int_equal(tuner.n, TUNER_PLACES);
    assert_true(tuner_search(&tuner, 3, t, NULL));
    assert_true(t[0] > 0.4f && t[0] <= 0.9f && t[1] <= 0.95f);
    for (int i = TUNER_PIECE - 1; i < TUNER_PLACES; i += TUNER_PIECE)
        assert_true(tuner.places[i].end && !tuner.places[i - 1].end);
}

/* A step is one of the sliders', and its forecast is the one of those thresholds. */
static void steps_are_forecast(void **state)
{
    (void)state;
    static Tuner tuner;
    float t[3] = {0.72f, 1, 0};
    tuner = (Tuner){0};
    for (int n = 1; n <= 64; n *= 2)
        curve_add(&tuner.cost.passes.verify, n, 10);
    for (int e = 0; e < 3; e++) {
        tuner.cost.layers[e][0] = tuner.cost.layers[e][1] = 1;
        tuner.cost.ask[e] = 0.2;
    }
    EventForecast said = {0}, other = {0};
    tuner_forecast(&tuner, 3, t, &said);
    assert_int_equal(said.places, 0);
    assert_true(said.speed == 0);
    feed(&tuner, 4, true);
    tuner_forecast(&tuner, 3, t, &said);
    assert_int_equal(said.places, 4 * TUNER_PIECE);
    assert_int_equal(said.n_exits, 3);
    assert_false(said.searched);
    assert_float_equal(said.lower[0], 0.65, 1e-6); /* 0.72 stands at 0.70 on the grid */
    assert_float_equal(said.upper[0], 0.75, 1e-6);
    assert_true(said.upper_speed[1] == 0 && said.lower_speed[1] > 0); /* nothing is above 1 */
    assert_true(said.lower_speed[2] == 0 && said.upper_speed[2] > 0); /* nor below 0 */
    t[0] = said.upper[0];
    tuner_forecast(&tuner, 3, t, &other);
    assert_true(other.speed == said.upper_speed[0]);
}

static void tuning_is_bounded(void **state)
{
    (void)state;
    static Tuner tuner;
    tuner = (Tuner){.on = true, .n = 3, .timed = true};
    tuner_reset(&tuner, 5000);
    assert_true(tuner.on && tuner.n == 0 && !tuner.timed);
    assert_true(tuner_may(&tuner, 5000, 20));
    tuner.spent_ms = 600;
    assert_false(tuner_may(&tuner, 5000, 20));
    assert_false(tuner_may(&tuner, 15000, 20));
    assert_true(tuner_may(&tuner, 5000 + 28001, 20)); /* a hundredth, and 16 plain rounds */
}

/* ---- files ---- */

static void prompts_are_lines_or_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int n;
        const char *first, *trouble;
    } cases[] = {
        {"one\n\ntwo \r\n  three", 3, "one", NULL},
        {"{\"prompt\":\"a b\"}\n{\"turns\":[\"c\",\"d\"],\"category\":\"x\"}\n", 2, "a b", NULL},
        {"text\n{not json}", 2, "text", NULL},
        {"", 0, NULL, "no prompts"},
        {" \n\n", 0, NULL, "no prompts"},
        {"{\"prompt\":\"a\"}\nplain", 0, NULL, "line 2: not JSON"},
        {"{\"prompt\":3}", 0, NULL, "line 1: it has neither"},
        {"{\"turns\":[]}", 0, NULL, "line 1: it has neither"},
        {"{\"prompt\":\"\"}", 0, NULL, "line 1: it has neither"},
    };
    Prompts prompts;
    Err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err = (Err){0};
        int status = prompts_parse(&prompts, cases[i].text, strlen(cases[i].text), "p", &err);
        if (cases[i].trouble) {
            assert_int_equal(status, -1);
            assert_int_equal(err.code, EXIT_DATA);
            assert_non_null(strstr(err.text, cases[i].trouble));
            continue;
        }
        assert_int_equal(status, 0);
        assert_int_equal(prompts.n, cases[i].n);
        assert_string_equal(prompts.list[0], cases[i].first);
        prompts_close(&prompts);
    }
    assert_int_equal(prompts_parse(&prompts, "a\0b", 3, "p", &err), -1);
    assert_int_equal(prompts_parse(&prompts, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 20, "p", &err), 0);
    prompts_choose(&prompts, 4);
    assert_int_equal(prompts.n, 4);
    static const char *const kept[] = {"0", "2", "5", "7"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(prompts.list[i], kept[i]);
    prompts_close(&prompts);
}

static TunedPair pair_of(const char *target, double threshold)
{
    TunedPair pair = {.draft = "small",
                      .layers = 12,
                      .n_exits = 2,
                      .exits = {6, 12},
                      .thresholds = {threshold, 0.25},
                      .tokens_per_s = 50.5,
                      .plain_tokens_per_s = 40,
                      .day = "2026-01-02"};
    snprintf(pair.target, sizeof pair.target, "%s", target);
    return pair;
}

static void tuned_values_come_back(void **state)
{
    (void)state;
    static Tuned tuned, again;
    Err err = {0};
    TunedPair a = pair_of("big", 0.75), b = pair_of("huge", 0.5), c = pair_of("big", 0.9);
    memset(c.adapter, 'a', SHA256_TEXT - 1);
    tuned.n = 0;
    tuned_put(&tuned, &a);
    tuned_put(&tuned, &b);
    tuned_put(&tuned, &c);
    a.thresholds[0] = 0.8;
    a.has_accept = true;
    for (int i = 0; i < 90; i++)
        calibration_add(&a.accept[1], i % 4 + 1, (float)(i % 10) / 10, i % 3 == 0);
    tuned_put(&tuned, &a); /* in the place of the first */
    assert_int_equal(tuned.n, 3);
    char *text = tuned_text(&tuned);
    assert_non_null(text);
    assert_int_equal(tuned_parse(&again, text, strlen(text), "t", &err), 0);
    assert_int_equal(again.n, 3);
    assert_true(tuned_find(&again, &a, "/models/big.gguf")->thresholds[0] == 0.8);
    assert_true(tuned_find(&again, &c, "big")->thresholds[0] == 0.9);
    assert_true(tuned_find(&again, &a, "big")->has_accept);
    assert_memory_equal(tuned_find(&again, &a, "big")->accept, a.accept, sizeof a.accept);
    assert_false(tuned_find(&again, &c, "big")->has_accept);
    assert_true(tuned_find(&again, &b, "huge")->thresholds[1] == 0.25);
    b.exits[0] = 5;
    assert_null(tuned_find(&again, &b, "huge"));
    assert_null(tuned_find(&again, &a, "other"));
    assert_true(tuned_remove(&again, &a, "big"));
    assert_false(tuned_remove(&again, &a, "big"));
    assert_int_equal(again.n, 2);
    free(text);
    for (int i = 0; i < TUNED_MAX + 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        TunedPair pair = pair_of(name, 0.1);
        tuned_put(&tuned, &pair);
    }
    assert_int_equal(tuned.n, TUNED_MAX);
    assert_null(tuned_find(&tuned, &a, "t4"));
    assert_non_null(tuned_find(&tuned, &a, "t5"));
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *trouble;
    } cases[] = {
        {"\"version\": 1", "\"version\": 2", "version 1"},
        {"\"version\"", "\"vision\"", "no tuned values"},
        {"\"layers\": 12", "\"layers\": 11", "ascend"},
        {"\"layers\": 12", "\"layers\": 0", "layers"},
        {"0.75", "1.75", "thresholds"},
        {"0.75", "\"a\"", "thresholds"},
        {"0.75,", "", "same 1 to"},
        {"\"adapter\": \"\"", "\"adapter\": \"abc\"", "SHA-256"},
        {"\"day\"", "\"night\"", "day"},
        {"\"draft\": \"small\"", "\"draft\": 1", "draft"},
        {"40.0", "-1", "plain_tokens_per_s"},
        {"40.0", "1e999", "line"},
        {"]", "", "line"},
        {"\"calibration\"", "\"celebration\"", "9 values"},
        {"\"tries\"", "\"trials\"", "at 4 depths"},
        {"[[400,", "[[401,", "\"tries\" are not whole numbers within 0 ... 400"},
        {"[[400,", "[[4.5,", "\"tries\" are not whole numbers"},
        {"[[400,", "[[200,", "\"hits\" are not whole numbers within 0 ... 200"},
        {"[[400,", "[[400, 1,", "lists of 10"},
        {"[[300,", "[[-1,", "\"hits\" are not"},
        {"[[300,", "[[1], [300,", "at 4 depths"},
    };
    static Tuned tuned;
    TunedPair pair = pair_of("big", 0.75);
    tuned.n = 0;
    pair.has_accept = true;
    pair.accept[0].at[0] = (Tally){.tries = {400}, .hits = {300}};
    tuned_put(&tuned, &pair);
    char *text = tuned_text(&tuned);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bad[2048];
        Err err = {0};
        const char *at = strstr(text, cases[i].from);
        assert_non_null(at);
        snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - text), text, cases[i].to,
                 at + strlen(cases[i].from));
        if (tuned_parse(&tuned, bad, strlen(bad), "t", &err) != -1)
            fail_msg("%s -> %s was taken", cases[i].from, cases[i].to);
        assert_int_equal(err.code, EXIT_DATA);
        assert_int_equal(tuned.n, 0);
        if (!strstr(err.text, cases[i].trouble) || strchr(err.text, '\n'))
            fail_msg("%s: %s", cases[i].trouble, err.text);
    }
    free(text);
}

/* Two that began with the same file, each with a pair of its own. */
static void tunings_at_once_keep_each_others_pairs(void **state)
{
    (void)state;
    static Tuned mine, theirs, after;
    char folder[TEMP_BYTES];
    Err err = {0};
    TunedPair a = pair_of("big", 0.5), b = pair_of("bigger", 0.25);
    temp_folder_make(folder);
    assert_int_equal(setenv("XDG_STATE_HOME", folder, 1), 0);
    assert_int_equal(tuned_open(&mine, &err), 0);
    int lock = tuned_begin(&theirs, &err);
    assert_true(lock >= 0);
    tuned_put(&theirs, &a);
    assert_int_equal(tuned_end(&theirs, lock, &err), 0);
    lock = tuned_begin(&mine, &err);
    assert_true(lock >= 0);
    tuned_put(&mine, &b);
    assert_int_equal(tuned_end(&mine, lock, &err), 0);
    assert_int_equal(tuned_open(&after, &err), 0);
    assert_int_equal(after.n, 2);
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surveys_say_what_drafting_says),
        cmocka_unit_test(forecasts_play_rounds),
        cmocka_unit_test(deeper_exits_correct),
        cmocka_unit_test(what_waits_is_read_once),
        cmocka_unit_test(the_search_finds_what_is_fast),
        cmocka_unit_test(thresholds_follow_what_is_surveyed),
        cmocka_unit_test(tuning_is_bounded),
        cmocka_unit_test(steps_are_forecast),
        cmocka_unit_test(prompts_are_lines_or_json),
        cmocka_unit_test(tuned_values_come_back),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(tunings_at_once_keep_each_others_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
