/* test_compare.c - one prompt answered by two settings in turn, or by two targets: each text and cache are
 * those of plain decoding, whatever they are; what is told adds up; and the sessions are as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draft_case.h"

enum { LENGTH = 170 };

/* What the events told. */
typedef struct Told {
    Run run; /* first: events and polls know it */
    int compares, rounds, texts, polls, stop_at;
    int tokens[2]; /* of the blocks that count */
    bool added_up;
    EventCompare last;
    char text[2][8192]; /* that is kept, and the other */
} Told;

static void on_event(void *user, const Event *event)
{
    Told *told = user;
    run_event(&told->run, event);
    told->rounds += event->type == EVENT_ROUND || event->type == EVENT_STATS;
    told->texts += event->type == EVENT_TEXT;
    if (event->type == EVENT_TEXT || event->type == EVENT_OTHER_TEXT)
        strncat(told->text[event->type == EVENT_OTHER_TEXT], event->u.text.text,
                sizeof told->text[0] - strlen(told->text[0]) - 1);
    if (event->type != EVENT_COMPARE)
        return;
    const EventCompare *c = &event->u.compare;
    bool good = c->equal == (c->parted == 0) && c->checked >= told->last.checked;
    if (!c->two_texts)
        good = good && c->equal && c->pairs == (told->compares > 1 ? told->compares - 1 : 0);
    for (int side = 0; side < 2; side++) {
        const EventCompareSide *s = &c->sides[side];
        if (c->pairs > 0 && c->pairs > told->last.pairs)
            told->tokens[side] += s->block_tokens;
        good = good && s->tokens == told->tokens[side] && s->rounds <= s->tokens &&
               s->draft_ms + s->verify_ms <= s->ms + 1e-6;
    }
    told->added_up = (told->compares == 0 || told->added_up) && good;
    told->compares++;
    told->last = *c;
}

static bool on_poll(void *user)
{
    Told *told = user;
    told->polls++;
    return told->stop_at > 0 && told->polls >= told->stop_at;
}

typedef struct Fixture {
    Kernels *kernels;
    Model *model, *other; /* which says other things */
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    KernelsOptions options = {.device = "cpu", .threads = 1};
    TinyModel tiny = draft_case_model();
    *state = f;
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    f->model = tiny_model_open(&tiny, f->kernels, "model", NULL);
    tiny.perturb = 0.1f;
    f->other = tiny_model_open(&tiny, f->kernels, "other", NULL);
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->model);
    model_close(f->other);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

static void open_told_of(const Fixture *f, Told *told, Model *target, const char *drafter,
                         const Sampling *sampling)
{
    memset(told, 0, sizeof *told);
    SessionConfig config =
        draft_case_config(&told->run, f->kernels, target, f->model, drafter, "auto");
    config.emit = on_event;
    config.poll = on_poll;
    config.sampling = *sampling;
    run_open(&told->run, &config);
}

static void open_told(const Fixture *f, Told *told, const char *drafter, const Sampling *sampling)
{
    open_told_of(f, told, f->model, drafter, sampling);
}

/* The session's own setting, with another drafter and tree. */
static CompareSide side_of(const Session *s, const char *drafter, const char *tree)
{
    CompareSide side;
    session_side(s, &side);
    if (strcmp(drafter, "plain") == 0) {
        side.plain = true;
        return side;
    }
    side.plain = false;
    side.n_thresholds = 0;
    assert_int_equal(drafter_choose(drafter, &side.drafting), 0);
    side.drafting.n_exits = side.drafting.n_thresholds = EXITS;
    memcpy(side.drafting.exits, LAYERS, sizeof LAYERS);
    memcpy(side.drafting.thresholds, THRESHOLDS, sizeof THRESHOLDS);
    assert_int_equal(tree_parse(tree, &side.tree), 0);
    return side;
}

static int compare(Session *s, const CompareSide *a, const CompareSide *b, Err *err)
{
    CompareSide sides[2] = {*a, *b};
    AnswerOptions options = {.max_tokens = LENGTH, .ignore_eos = true, .seed = 5};
    return session_compare(s, PROMPT, PROMPT_N, &options, sides, err);
}

static void assert_same_setting(const EventReady *a, const EventReady *b)
{
    assert_string_equal(a->drafter, b->drafter);
    assert_int_equal(a->spec, b->spec);
    assert_int_equal(a->n_exits, b->n_exits);
    assert_memory_equal(a->thresholds, b->thresholds, sizeof a->thresholds);
}

static void test_the_text_is_plain_decodings(void **state)
{
    const Fixture *f = *state;
    static const char *const pairs[][2] = {{"s2d", "plain"},   {"s2d", "s2d"},
                                           {"plain", "plain"}, {"sd", "ngram"},
                                           {"self", "exit:4"}, {"ngram+s2d", "s2d-frontier"},
                                           {"self", "self"}};
    Told *plain = malloc(sizeof *plain), *told = malloc(sizeof *told);
    for (int t = 0; t < 4; t++) {
        open_told(f, plain, "plain", &TEMPERATURES[t]);
        run_ask(&plain->run, PROMPT, PROMPT_N, LENGTH);
        int n;
        const int *text = session_tokens(plain->run.session, &n);
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
            EventReady before = {0}, after = {0};
            Err err = {0};
            int n_told;
            open_told(f, told, "s2d", &TEMPERATURES[t]);
            Session *s = told->run.session;
            CompareSide a = side_of(s, pairs[p][0], TREES[p % 5]),
                        b = side_of(s, pairs[p][1], TREES[(p + t) % 5]);
            session_describe(s, &before);
            if (compare(s, &a, &b, &err) != 0)
                fail_msg("%s", err.text);
            session_describe(s, &after);
            assert_same_setting(&before, &after);
            const int *said = session_tokens(s, &n_told);
            assert_int_equal(n, n_told);
            assert_memory_equal(text, said, sizeof(int) * (size_t)n);
            assert_same_cache(plain->run.session, s);
            assert_string_equal(told->run.reason, "length");
            assert_true(told->added_up && told->last.equal);
            assert_int_equal(told->last.checked, LENGTH - 1); /* but for the prefill's */
            assert_in_range(told->last.pairs, 2, LENGTH / 16);
            assert_int_equal(told->rounds, 0);
            assert_int_equal(told->run.stats.rounds, 0);
            /* It goes on as it would have. */
            run_ask(&told->run, PROMPT, PROMPT_N, LENGTH);
            assert_same_answer(&plain->run, &told->run);
            session_close(s);
        }
        session_close(plain->run.session);
    }
    free(plain);
    free(told);
}

/* ---- two targets ---- */

/* What two targets say, each alone and plainly, and then in turn; the other one's session tells the same
 * listener. */
typedef struct Two {
    Told alone[2], told;
    Session *sessions[2];
} Two;

static Two *open_two(const Fixture *f, Model *other, int kept, const Sampling *sampling)
{
    Two *two = calloc(1, sizeof *two);
    for (int i = 0; i < 2; i++) {
        Model *target = i == kept ? f->model : other;
        open_told_of(f, &two->alone[i], target, "plain", sampling);
        run_ask(&two->alone[i].run, PROMPT, PROMPT_N, LENGTH);
        open_told_of(f, &two->told, target, i == kept ? "s2d" : "plain", sampling);
        two->sessions[i] = two->told.run.session;
        two->sessions[i]->config.user = &two->told;
    }
    two->told.run.session = two->sessions[kept];
    return two;
}

static void close_two(Two *two)
{
    for (int i = 0; i < 2; i++) {
        session_close(two->sessions[i]);
        session_close(two->alone[i].run.session);
    }
    free(two);
}

static int compare_two(Two *two, const CompareSide *a, const CompareSide *b, int kept, int length,
                       Err *err)
{
    CompareSide sides[2] = {*a, *b};
    ComparePrompt prompts[2] = {{PROMPT, PROMPT_N}, {PROMPT, PROMPT_N}};
    AnswerOptions options = {.max_tokens = length, .ignore_eos = true, .seed = 5};
    return session_compare_targets(two->sessions, prompts, &options, sides, kept, err);
}

/* The bytes that a session has answered, and which of its tokens each belongs to, 1 ... */
static int answered_bytes(const Session *s, char *out, int *token)
{
    int n, used = 0;
    const int *tokens = session_tokens(s, &n);
    for (int i = PROMPT_N; i < n; i++) {
        size_t bytes;
        const char *text = tokenizer_text(session_target(s)->tokenizer, tokens[i], false, &bytes);
        for (size_t k = 0; k < bytes; k++) {
            out[used] = text[k];
            token[used++] = i - PROMPT_N + 1;
        }
    }
    return used;
}

/* A's token at which the two texts part; 0 = they do not. */
static int parts_at(const Two *two)
{
    enum { MOST = 8192 };
    static char bytes[2][MOST];
    static int tokens[2][MOST];
    int n[2], same = 0;
    for (int i = 0; i < 2; i++)
        n[i] = answered_bytes(two->sessions[i], bytes[i], tokens[i]);
    while (same < n[0] && same < n[1] && bytes[0][same] == bytes[1][same])
        same++;
    return same < n[0] ? tokens[0][same] : same < n[1] ? LENGTH + 1 : 0;
}

static void test_each_target_says_its_own(void **state)
{
    const Fixture *f = *state;
    static const char *const pairs[][2] = {
        {"s2d", "s2d"}, {"s2d", "plain"}, {"plain", "ngram"}, {"self", "sd"}};
    for (int t = 0; t < 8; t++) {
        int kept = t % 2;
        Err err = {0};
        EventReady before = {0}, after = {0};
        Two *two = open_two(f, f->other, kept, &TEMPERATURES[t / 2]);
        CompareSide a = side_of(two->sessions[0], pairs[t / 2][kept], TREES[t % 5]),
                    b = side_of(two->sessions[1], pairs[t / 2][1 - kept], TREES[(t + 3) % 5]);
        session_describe(two->sessions[kept], &before);
        if (compare_two(two, &a, &b, kept, LENGTH, &err) != 0)
            fail_msg("%s", err.text);
        session_describe(two->sessions[kept], &after);
        assert_same_setting(&before, &after);
        for (int i = 0; i < 2; i++) {
            int n, m;
            const int *alone = session_tokens(two->alone[i].run.session, &n);
            const int *said = session_tokens(two->sessions[i], &m);
            assert_int_equal(n, m);
            assert_memory_equal(alone, said, sizeof(int) * (size_t)n);
            assert_same_cache(two->alone[i].run.session, two->sessions[i]);
            assert_string_equal(two->told.text[i != kept], two->alone[i].text[0]);
            assert_int_equal(two->told.last.sides[i].said, LENGTH);
            assert_true(two->told.last.sides[i].over);
        }
        const EventCompare *last = &two->told.last;
        assert_true(last->two_texts && two->told.added_up);
        assert_int_equal(last->kept, kept);
        assert_string_equal(last->sides[kept].target, "model");
        assert_string_equal(last->sides[1 - kept].target, "other");
        assert_int_equal(last->parted, parts_at(two));
        assert_true(last->parted > 0 && last->parted == last->checked + 1);
        assert_in_range(last->pairs, 2, LENGTH / 16);
        assert_string_equal(two->told.run.reason, "length");
        assert_int_equal(two->told.rounds, 0);
        assert_int_equal(two->told.run.stats.rounds, 0);
        run_ask(&two->told.run, PROMPT, PROMPT_N, LENGTH);
        assert_same_answer(&two->alone[kept].run, &two->told.run);
        close_two(two);
    }
}

/* A copy of the target in two sessions: the texts are one, and that is told. */
static void test_equal_targets_do_not_part(void **state)
{
    const Fixture *f = *state;
    Err err = {0};
    Two *two = open_two(f, f->model, 0, &TEMPERATURES[2]);
    CompareSide a = side_of(two->sessions[0], "s2d", "auto"),
                b = side_of(two->sessions[1], "plain", "auto");
    assert_int_equal(compare_two(two, &a, &b, 0, LENGTH, &err), 0);
    assert_int_equal(two->told.last.parted, 0);
    assert_true(two->told.last.equal);
    assert_int_equal(two->told.last.checked, LENGTH);
    assert_string_equal(two->told.text[0], two->told.text[1]);
    close_two(two);
}

static void test_a_stop_ends_both_targets(void **state)
{
    const Fixture *f = *state;
    for (int stop = 1; stop < 60; stop += 7) {
        Err err = {0};
        int n;
        Two *two = open_two(f, f->other, 1, &TEMPERATURES[0]);
        CompareSide a = side_of(two->sessions[0], "plain", "auto"),
                    b = side_of(two->sessions[1], "s2d", "auto");
        two->told.polls = 0;
        two->told.stop_at = stop;
        assert_int_equal(compare_two(two, &a, &b, 1, LENGTH, &err), 0);
        assert_string_equal(two->told.run.reason, "stopped");
        session_tokens(two->sessions[1], &n);
        if (two->told.compares > 0)
            assert_int_equal(n, PROMPT_N + two->told.last.sides[1].said);
        two->told.stop_at = 0;
        two->told.run.n = 0;
        run_ask(&two->told.run, PROMPT, PROMPT_N, LENGTH);
        assert_same_answer(&two->alone[1].run, &two->told.run);
        close_two(two);
    }
}

static void test_a_prompt_too_long_for_one(void **state)
{
    const Fixture *f = *state;
    Err err = {0};
    Two *two = open_two(f, f->other, 0, &TEMPERATURES[0]);
    CompareSide a = side_of(two->sessions[0], "s2d", "auto"),
                b = side_of(two->sessions[1], "plain", "auto");
    int ctx = two->sessions[1]->ctx;
    two->sessions[1]->ctx = PROMPT_N;
    assert_int_equal(compare_two(two, &a, &b, 0, LENGTH, &err), -1);
    assert_non_null(strstr(err.text, "other reads at most 12"));
    assert_int_equal(two->told.texts, 0);
    two->sessions[1]->ctx = ctx;
    close_two(two);
}

static void test_names_and_thresholds(void **state)
{
    const Fixture *f = *state;
    Told *told = malloc(sizeof *told);
    Err err = {0};
    open_told(f, told, "s2d", &TEMPERATURES[0]);
    CompareSide a, b;
    session_side(told->run.session, &a);
    b = a;
    b.thresholds[0] = 0.25f;
    strcpy(b.tree_text, "off");
    assert_int_equal(compare(told->run.session, &a, &b, &err), 0);
    assert_string_equal(told->last.sides[0].name, "s2d e2 0.50 e4 0.35 e6 0.00");
    assert_string_equal(told->last.sides[1].name, "s2d tree off e2 0.25 e4 0.35 e6 0.00");
    session_set_spec(told->run.session, SPEC_OFF); /* then what answers now is plain decoding */
    session_side(told->run.session, &a);
    assert_true(a.plain);
    session_close(told->run.session);
    free(told);
}

static void test_a_stop_leaves_whole_pairs(void **state)
{
    const Fixture *f = *state;
    Told *told = malloc(sizeof *told);
    for (int stop = 1; stop < 60; stop += 7) {
        Err err = {0};
        int n;
        open_told(f, told, "s2d", &TEMPERATURES[0]);
        told->stop_at = stop;
        CompareSide a = side_of(told->run.session, "s2d", "auto"),
                    b = side_of(told->run.session, "plain", "auto");
        assert_int_equal(compare(told->run.session, &a, &b, &err), 0);
        assert_string_equal(told->run.reason, "stopped");
        session_tokens(told->run.session, &n);
        if (told->run.first >= 0 && told->compares > 0)
            assert_int_equal(n, PROMPT_N + 1 + told->last.checked);
        told->stop_at = 0;
        told->run.n = 0;
        run_ask(&told->run, PROMPT, PROMPT_N, 40);
        session_close(told->run.session);
    }
    free(told);
}

static void test_what_cannot_be_had_is_refused(void **state)
{
    const Fixture *f = *state;
    Told *told = malloc(sizeof *told);
    Err err = {0};
    EventReady before = {0}, after = {0};
    open_told(f, told, "s2d", &TEMPERATURES[0]);
    session_describe(told->run.session, &before);
    CompareSide a = side_of(told->run.session, "s2d", "auto"),
                b = side_of(told->run.session, "exit:4", "auto");
    b.drafting.fixed_exit = 99;
    assert_int_equal(compare(told->run.session, &a, &b, &err), -1);
    assert_non_null(strstr(err.text, "exit:99"));
    assert_int_equal(told->texts, 0);
    session_describe(told->run.session, &after);
    assert_same_setting(&before, &after);
    run_ask(&told->run, PROMPT, PROMPT_N, 40);
    session_close(told->run.session);
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_text_is_plain_decodings),
        cmocka_unit_test(test_each_target_says_its_own),
        cmocka_unit_test(test_equal_targets_do_not_part),
        cmocka_unit_test(test_a_stop_ends_both_targets),
        cmocka_unit_test(test_a_prompt_too_long_for_one),
        cmocka_unit_test(test_names_and_thresholds),
        cmocka_unit_test(test_a_stop_leaves_whole_pairs),
        cmocka_unit_test(test_what_cannot_be_had_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
