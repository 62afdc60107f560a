/* test_screen_sessions.c - a session that is gone on with stands on the screen as it did, rounds
 * included, and changes nothing of the present. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/screen_sessions.h"
#include "app/protocol/event_json.h"
#include "tests/support/scene.h"

static void add_round(Transcript *transcript, int number, const char *drafted, const char *bonus)
{
    Event event = {.type = EVENT_ROUND, .turn = 7};
    EventRound *round = &event.u.round;
    round->round = number;
    round->n_nodes = round->accepted = 1;
    round->nodes[0] = (EventNode){.id = 1, .depth = 1, .p = 0.5f, .exit = 6, .accepted = true};
    snprintf(round->nodes[0].text, TOKEN_TEXT, "%s", drafted);
    snprintf(round->bonus_text, TOKEN_TEXT, "%s", bonus);
    strcpy(round->mode, "spec");
    round->verify_ms = 10;
    round->ctx_used = 100 + number;
    round->n_thresholds = 4;
    for (int i = 0; i < 4; i++)
        round->thresholds[i] = 0.9f;
    char *line = event_to_line(&event);
    assert_int_equal(transcript_add_round(transcript, line), 0);
    free(line);
    assert_int_equal(transcript_append(transcript, drafted, 6), 0);
    assert_int_equal(transcript_append(transcript, bonus, 0), 0);
}

static Transcript past(void)
{
    Transcript transcript = {0};
    transcript_add(&transcript, ENTRY_USER, "why");
    Entry *answer = transcript_add(&transcript, ENTRY_ANSWER, "");
    transcript_append(&transcript, "first", 0);
    strcpy(answer->reason, "context");
    strcpy(answer->target, "some-target");
    answer->totals = (EventStats){.rounds = 2, .tokens = 4, .mat = 2, .tokens_per_s = 50};
    add_round(&transcript, 1, " a", " b");
    add_round(&transcript, 2, " c", " d");
    transcript_put_round(&transcript, answer, answer->bytes, "no round", 8);
    transcript_add(&transcript, ENTRY_NOTE, "a note");
    answer = transcript_add(&transcript, ENTRY_ANSWER, "");
    strcpy(answer->reason, "eos");
    transcript_append(&transcript, " rest", -1);
    return transcript;
}

static void the_past_is_shown_and_changes_nothing(void **state)
{
    (void)state;
    Scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    scene_open(scene);
    scene_ready(scene);
    View *view = &scene->view;
    Transcript transcript = past();
    EventReady ready = view->ready;
    screen_show_transcript(view, &transcript);
    assert_memory_equal(&view->ready, &ready, sizeof ready);
    assert_int_equal(view->state, VIEW_IDLE);
    assert_false(view->adjusted);
    const Scrollback *scrollback = &view->scrollback;
    assert_int_equal(scrollback->n_items, 4);
    const Item *answer = &scrollback->items[1], *rest = &scrollback->items[3];
    assert_string_equal(answer->text, "first a b c d");
    assert_int_equal(answer->n_spans, 5);
    assert_int_equal(answer->spans[1].source, 6);
    assert_non_null(strstr(answer->figures, "some-target"));
    assert_false(answer->open || answer->continued || rest->open);
    assert_true(rest->continued);
    assert_string_equal(rest->text, " rest");
    assert_int_equal(view->ctx_used, 102);
    assert_string_equal(view_round(view)->bonus_text, " d");
    view_browse(view, -1);
    assert_string_equal(view_round(view)->bonus_text, " b");
    /* What is said next goes on below, in rounds of its own. */
    static const char *const words[] = {" new", " words"};
    scene_say(scene, "how");
    scene_round(scene, words, 2, 0);
    assert_int_equal(view->n_rounds, 1);
    transcript_close(&transcript);
    scene_close(scene);
    free(scene);
}

static void add_answer(Transcript *transcript, const EventStats *totals)
{
    Entry *answer = transcript_add(transcript, ENTRY_ANSWER, "");
    transcript_append(transcript, "words", 0);
    strcpy(answer->reason, "eos");
    answer->totals = *totals;
}

/* What a chat has saved is known again when it is shown anew: by the totals of its answers, also of those
 * whose rounds are no longer kept, and each answer once, however many targets wrote it. */
static void the_race_of_the_past_is_kept(void **state)
{
    (void)state;
    static const EventStats totals = {.tokens = 100,
                                      .rounds = 40,
                                      .drafted = 120,
                                      .accepted = 60,
                                      .mat = 2.5f,
                                      .tokens_per_s = 50,
                                      .draft_ms = 500,
                                      .verify_ms = 1500,
                                      .gain = 1.6f,
                                      .gain_low = 1.5f,
                                      .gain_high = 1.7f};
    static const EventStats unknown = {.tokens = 10, .rounds = 10, .verify_ms = 300};
    Scene *scene = malloc(sizeof *scene);
    scene_open(scene);
    scene_ready(scene);
    Transcript transcript = {0};
    transcript_add(&transcript, ENTRY_USER, "one");
    add_answer(&transcript, &totals);
    transcript_add(&transcript, ENTRY_USER, "two");
    add_answer(&transcript, &totals);
    transcript_add(&transcript, ENTRY_NOTE, "another target");
    add_answer(&transcript, &totals);
    transcript_add(&transcript, ENTRY_USER, "three");
    add_answer(&transcript, &unknown);
    int answers;
    for (int again = 0; again < 2; again++) { /* 100 plain tokens took 3 s, these 2 s */
        screen_show_transcript(&scene->view, &transcript);
        assert_float_equal(race_chat_ms(&scene->view.race, &answers), 3000, 0.1);
        assert_int_equal(answers, 2);
        assert_non_null(strstr(scene->view.scrollback.items[1].figures, "saved 1.0 s"));
        assert_int_equal(transcript_drop_oldest(&transcript), again == 0 ? 0 : 2);
    }
    static const char *const words[] = {" new", " words"};
    scene_say(scene, "how");
    for (int i = 0; i < 20; i++)
        scene_round(scene, words, 2, 1);
    assert_true(race_known(&scene->view.race));
    assert_float_equal(race_chat_ms(&scene->view.race, &answers),
                       3000 + race_saved_ms(&scene->view.race), 0.1);
    assert_int_equal(answers, 3);
    assert_int_equal(scene->view.race.missed, 1);
    transcript_close(&transcript);
    scene_close(scene);
    free(scene);
}

static void a_greeting_goes_with_the_first_word(void **state)
{
    (void)state;
    View view;
    Err err = {0};
    assert_int_equal(view_open(&view, &err), 0);
    view_greet(&view, "your last chats");
    view_note(&view, ITEM_WARNING, "stays");
    view_user(&view, "hello");
    assert_int_equal(view.scrollback.n_items, 2);
    assert_string_equal(view.scrollback.items[0].text, "stays");
    view_close(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_past_is_shown_and_changes_nothing),
        cmocka_unit_test(the_race_of_the_past_is_kept),
        cmocka_unit_test(a_greeting_goes_with_the_first_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
