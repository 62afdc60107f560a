/* test_stop.c - stop strings: where they end a text, and that no drafter moves that place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draft_case.h"

enum { TOKENS = 120, TEXT_ROOM = 8192 };

/* Bytes of the text before the stop string that is complete first, the longest of those; the text's
 * own length where there is none. */
static size_t end_of(const char *text, const Stops *stops)
{
    size_t n = strlen(text);
    for (size_t end = 1; end <= n; end++) {
        size_t longest = 0;
        for (int i = 0; i < stops->n; i++) {
            size_t length = strlen(stops->text[i]);
            if (length <= end && length > longest &&
                memcmp(text + end - length, stops->text[i], length) == 0)
                longest = length;
        }
        if (longest > 0)
            return end - longest;
    }
    return n;
}

static void the_first_to_be_complete_ends_the_text(void **state)
{
    (void)state;
    uint32_t random = 7;
    int ended = 0, whole = 0;
    for (int run = 0; run < 4000; run++) {
        char text[25] = "", shown[64 + STOP_BYTES];
        Stops stops = {0};
        for (int i = 0; i < 24; i++, random = random * 1664525u + 1013904223u)
            text[i] = (char)('a' + (random >> 24) % 3);
        for (int s = 0; s < 1 + run % 3; s++) {
            char stop[8] = "";
            for (int i = 0; i < 1 + run % 6; i++, random = random * 1664525u + 1013904223u)
                stop[i] = (char)('a' + (random >> 24) % 3);
            assert_int_equal(stops_add(&stops, stop + s % 2, stop[s % 2] ? "x" : "", NULL),
                             stop[s % 2] ? 0 : -1);
        }
        if (stops.n == 0)
            continue;
        StopScan scan = {.stops = &stops};
        size_t n = 0;
        for (const char *c = text; *c; c++)
            n += (size_t)stop_take(&scan, *c, shown + n);
        if (!scan.ended) {
            memcpy(shown + n, scan.held, (size_t)scan.n);
            n += (size_t)scan.n;
        }
        assert_int_equal(n, end_of(text, &stops));
        assert_memory_equal(shown, text, n);
        *(scan.ended ? &ended : &whole) += 1;
    }
    assert_true(ended > 500 && whole > 500);
}

static void what_is_no_stop_string_is_refused(void **state)
{
    (void)state;
    Stops stops = {0};
    char text[STOP_BYTES + 1] = "";
    memset(text, 'x', STOP_BYTES);
    assert_int_equal(stops_add(&stops, text, "it", NULL), -1);
    assert_int_equal(stops_add(&stops, text + 1, "it", NULL), 0);
    for (int i = 1; i < STOPS_MAX; i++)
        assert_int_equal(stops_add(&stops, text + 1 + i, "it", NULL), 0);
    assert_int_equal(stops_add(&stops, text + 1, "it", NULL), 0); /* it is there */
    assert_int_equal(stops_add(&stops, "y", "it", NULL), -1);
    assert_int_equal(stops.n, STOPS_MAX);
}

typedef struct Fixture {
    Kernels *kernels;
    Model *target, *draft;
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
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    model_close(f->draft);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

typedef struct Said {
    Run run; /* first: a Run * is a Said * */
    char text[TEXT_ROOM];
    int by_model; /* bytes that a model proposed */
} Said;

static void on_event(void *user, const Event *event)
{
    Said *said = user;
    if (event->type == EVENT_TEXT) {
        assert_true(strlen(said->text) + strlen(event->u.text.text) < TEXT_ROOM);
        assert_true(event->u.text.text[0] != '\0');
        said->by_model += event->u.text.source > 0 ? (int)strlen(event->u.text.text) : 0;
        strcat(said->text, event->u.text.text);
    }
    run_event(user, event);
}

static void answer(const Fixture *f, const char *drafter, Sampling sampling, const Stops *stops,
                   Said *said)
{
    *said = (Said){0};
    SessionConfig config =
        draft_case_config(&said->run, f->kernels, f->target, f->draft, drafter, "4x3x12");
    config.sampling = sampling;
    config.emit = on_event;
    run_open(&said->run, &config);
    AnswerOptions options = {.max_tokens = TOKENS, .ignore_eos = true, .seed = 5, .stops = stops};
    assert_int_equal(session_answer(said->run.session, PROMPT, PROMPT_N, &options, NULL), 0);
}

static bool begins_character(char byte)
{
    return (byte & 0xC0) != 0x80;
}

/* Bytes from the from-th character on, so many characters. */
static void cut_stop(Stops *stops, const char *text, size_t from, size_t bytes)
{
    char stop[STOP_BYTES] = "";
    while (!begins_character(text[from]))
        from++;
    while (text[from + bytes] != '\0' && !begins_character(text[from + bytes]))
        bytes++;
    assert_true(bytes < sizeof stop);
    memcpy(stop, text + from, bytes);
    assert_int_equal(stops_add(stops, stop, "it", NULL), 0);
}

/* Pieces of the text itself, from one character to more than a token and a round bring, here and
 * there in it; with a second one that is nowhere. */
static void no_drafter_moves_the_end(void **state)
{
    static const char *const drafters[] = {"sd",           "exit:2", "exit:4", "s2d",
                                           "s2d-frontier", "self",   "ngram",  "ngram+s2d"};
    static const size_t sizes[] = {1, 2, 7, 20, 45};
    Said *whole = calloc(1, sizeof *whole), *plain = calloc(1, sizeof *plain),
         *said = calloc(1, sizeof *said);
    int cut_rounds = 0, by_model = 0;
    for (int t = 0; t < 2; t++) {
        answer(*state, "plain", TEMPERATURES[t], NULL, whole);
        assert_string_equal(whole->run.reason, "length");
        size_t n = strlen(whole->text);
        assert_true(n > 200);
        for (size_t i = 0; i < 10; i++) {
            Stops stops = {0};
            size_t bytes = sizes[i % 5];
            cut_stop(&stops, whole->text, i * (n - 60) / 10, bytes);
            assert_int_equal(stops_add(&stops, "never \xe2\x80\x94 said", "it", NULL), 0);
            answer(*state, "plain", TEMPERATURES[t], &stops, plain);
            size_t end = end_of(whole->text, &stops);
            assert_true(end < n);
            assert_string_equal(plain->run.reason, "stop");
            assert_int_equal(strlen(plain->text), end);
            assert_memory_equal(plain->text, whole->text, end);
            for (size_t d = i % 2; d < sizeof drafters / sizeof *drafters; d += 2) {
                answer(*state, drafters[d], TEMPERATURES[t], &stops, said);
                assert_string_equal(said->text, plain->text);
                assert_same_answer(&plain->run, &said->run);
                cut_rounds += said->run.last.accepted > 0;
                by_model += said->by_model;
                session_close(said->run.session);
            }
            session_close(plain->run.session);
        }
        session_close(whole->run.session);
    }
    assert_true(cut_rounds > 0 && by_model > 0);
    free(whole);
    free(plain);
    free(said);
}

/* What was held back to the end is shown when the end is another. */
static void what_is_held_back_is_shown_in_the_end(void **state)
{
    Said *whole = calloc(1, sizeof *whole), *said = calloc(1, sizeof *said);
    Stops stops = {0};
    answer(*state, "plain", TEMPERATURES[0], NULL, whole);
    size_t n = strlen(whole->text), from = n - 12;
    while (!begins_character(whole->text[from]))
        from++;
    char stop[STOP_BYTES];
    snprintf(stop, sizeof stop, "%s!", whole->text + from);
    assert_int_equal(stops_add(&stops, stop, "it", NULL), 0);
    answer(*state, "s2d", TEMPERATURES[0], &stops, said);
    assert_string_equal(said->text, whole->text);
    assert_string_equal(said->run.reason, "length");
    session_close(whole->run.session);
    session_close(said->run.session);
    free(whole);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_to_be_complete_ends_the_text),
        cmocka_unit_test(what_is_no_stop_string_is_refused),
        cmocka_unit_test(no_drafter_moves_the_end),
        cmocka_unit_test(what_is_held_back_is_shown_in_the_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
