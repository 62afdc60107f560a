/* test_export.c - the transcript's bookkeeping, and what others get to read of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/export.h"
#include "app/figures.h"

static Entry *answer_of(Transcript *transcript, const char *text, int tokens, int rounds)
{
    Entry *entry = transcript_add(transcript, ENTRY_ANSWER, "");
    assert_non_null(entry);
    strcpy(entry->target, "big");
    strcpy(entry->reason, "eos");
    entry->totals.tokens = tokens;
    entry->totals.rounds = rounds;
    entry->totals.accepted = tokens - rounds;
    entry->totals.mat = (float)tokens / (float)rounds;
    entry->totals.tokens_per_s = 10;
    entry->totals.verify_ms = 100.0 * tokens;
    assert_int_equal(transcript_append(transcript, text, 0), 0);
    return transcript_answer(transcript);
}

static void test_runs(void **state)
{
    (void)state;
    Transcript transcript = {0};
    assert_int_equal(transcript_append(&transcript, "nowhere", 0), -1);
    transcript_add(&transcript, ENTRY_ANSWER, "");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(transcript_append(&transcript, "ab", i / 2 % 3), 0);
    const Entry *entry = transcript_answer(&transcript);
    assert_int_equal(entry->bytes, 2000);
    assert_int_equal(strlen(entry->text), 2000);
    assert_int_equal(entry->n_runs, 500); /* two and two from one source */
    for (int i = 0; i < entry->n_runs; i++) {
        assert_int_equal(entry->runs[i].bytes, 4);
        assert_int_equal(entry->runs[i].source, i % 3);
    }
    transcript_close(&transcript);
}

static void assert_message(const Message *message, Role role, const char *text)
{
    assert_int_equal(message->role, role);
    assert_string_equal(message->text, text);
}

static void test_messages(void **state)
{
    (void)state;
    Transcript transcript = {0};
    Message *messages;
    transcript_add(&transcript, ENTRY_USER, "one");
    answer_of(&transcript, "fi", 4, 2);
    assert_int_equal(transcript_switch(&transcript, "another target goes on"), 0);
    assert_int_equal(transcript_append(&transcript, "rst", 0), 0);
    transcript_add(&transcript, ENTRY_NOTE, "nothing for a model");
    transcript_add(&transcript, ENTRY_USER, "two");
    answer_of(&transcript, "", 1, 1);
    transcript_add(&transcript, ENTRY_USER, "three");
    int n = transcript_messages(&transcript, "system", &messages);
    assert_int_equal(n, 4);
    assert_message(&messages[0], ROLE_SYSTEM, "system");
    assert_message(&messages[1], ROLE_USER, "one");
    assert_message(&messages[2], ROLE_ASSISTANT, "first");
    assert_message(&messages[3], ROLE_USER, "two\n\nthree");
    transcript_messages_free(messages, n);
    assert_int_equal(transcript_drop_oldest(&transcript), 0);
    n = transcript_messages(&transcript, NULL, &messages);
    assert_int_equal(n, 1);
    transcript_messages_free(messages, n);
    assert_int_equal(transcript_drop_oldest(&transcript), 5);
    assert_int_equal(transcript_drop_oldest(&transcript), -1);
    n = transcript_messages(&transcript, NULL, &messages);
    assert_int_equal(n, 1);
    assert_message(&messages[0], ROLE_USER, "three");
    transcript_messages_free(messages, n);
    /* What continues an answer is the same message, notes between them or not. */
    answer_of(&transcript, "be", 1, 1);
    transcript_add(&transcript, ENTRY_NOTE, "the context was full");
    answer_of(&transcript, "gun", 1, 1);
    assert_true(transcript_continues(&transcript, transcript.n - 1));
    assert_false(transcript_continues(&transcript, transcript.n - 3));
    n = transcript_messages(&transcript, NULL, &messages);
    assert_int_equal(n, 2);
    assert_message(&messages[1], ROLE_ASSISTANT, "begun");
    transcript_messages_free(messages, n);
    transcript_close(&transcript);
}

static void test_totals(void **state)
{
    (void)state;
    Transcript transcript = {0};
    EventStats totals;
    int answers;
    answer_of(&transcript, "a", 6, 3);
    answer_of(&transcript, "b", 12, 3)->totals.verify_ms = 600;
    transcript_add(&transcript, ENTRY_ANSWER, "")->totals.tokens = 100; /* not over: not counted */
    transcript_totals(&transcript, &totals, &answers);
    assert_int_equal(answers, 2);
    assert_int_equal(totals.tokens, 18);
    assert_int_equal(totals.rounds, 6);
    assert_float_equal(totals.mat, 3, 1e-6f);
    /* 6 tokens in 0.6 s and 12 in 0.6 s. */
    assert_float_equal(totals.tokens_per_s, 15, 1e-3f);
    transcript_close(&transcript);
}

static void sums_do_not_overflow(void **state)
{
    (void)state;
    Transcript transcript = {0};
    EventStats totals;
    int answers;
    for (int i = 0; i < 2; i++) {
        EventStats *stats = &answer_of(&transcript, "a", 1, 1)->totals;
        stats->tokens = stats->rounds = stats->drafted = stats->accepted = INT_MAX;
        stats->back_copies = INT_MAX;
        stats->tokens_per_s = 1;
    }
    transcript_totals(&transcript, &totals, &answers);
    assert_int_equal(totals.tokens, INT_MAX);
    assert_int_equal(totals.rounds, INT_MAX);
    assert_int_equal(totals.drafted, INT_MAX);
    assert_int_equal(totals.accepted, INT_MAX);
    assert_int_equal(totals.back_copies, INT_MAX);
    assert_true(totals.tokens_per_s > 0);
    transcript_close(&transcript);
    /* And the one more token that an answer has. */
    Figures figures = {0};
    Event done = {.type = EVENT_DONE};
    char text[512];
    done.u.done.totals.tokens = done.u.done.totals.rounds = INT_MAX;
    figures_event(&figures, &done);
    figures_line(&figures, &done, text, sizeof(text));
    assert_non_null(strstr(text, "2147483648 tokens"));
}

static void test_markdown(void **state)
{
    (void)state;
    SavedChat chat = {.profile = "p",
                      .target = "bi\x1b]0;g",
                      .draft = "",
                      .system = "Be brief.",
                      .settings = {.seed = 3}};
    transcript_add(&chat.transcript, ENTRY_USER, "line one\n\nline two");
    Entry *entry = answer_of(&chat.transcript, "an answer\n", 4, 2);
    entry->totals.plain_tokens_per_s = 5;
    entry->totals.gain = entry->totals.gain_low = entry->totals.gain_high = 2;
    assert_int_equal(transcript_switch(&chat.transcript, "target big > small"), 0);
    entry = transcript_answer(&chat.transcript);
    transcript_append(&chat.transcript, "goes on", 0);
    entry = transcript_answer(&chat.transcript);
    strcpy(entry->target, "small");
    strcpy(entry->reason, "context");
    entry->totals = (EventStats){.tokens = 3, .rounds = 1, .accepted = 2, .mat = 3};
    char *text = export_markdown(&chat);
    assert_non_null(text);
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "> Be brief.\n"));
    assert_non_null(strstr(text, "**you**\n\n> line one\n>\n> line two\n"));
    assert_non_null(strstr(text, "**s2d**\n\nan answer\n\n\n"
                                 "*MAT 2.00  10.0 t/s x2.00  4 tok / 2 rounds  target big*\n\n"
                                 "*target big > small*\n\ngoes on\n\n"
                                 "*MAT 3.00  3 tok / 1 round  target small  context full*\n"));
    assert_null(strstr(strstr(text, "**s2d**") + 1, "**s2d**"));
    free(text);
    transcript_close(&chat.transcript);
}

static char *exported(const char *question, const char *answer)
{
    SavedChat chat = {.profile = "p", .target = "big", .draft = ""};
    transcript_add(&chat.transcript, ENTRY_USER, question);
    answer_of(&chat.transcript, answer, 4, 2);
    char *text = export_markdown(&chat);
    assert_non_null(text);
    transcript_close(&chat.transcript);
    return text;
}

static void test_markdown_alters_no_text(void **state)
{
    (void)state;
    char *text = exported("\U0001F468\u200d\U0001F469 a\u00adb\u2028c \x1b[31m",
                          "\u2764\ufe0f \u0645\u06cc\u200c\u062e \U0001FACD \u202e\x1b[2J");
    assert_non_null(strstr(text, "> \U0001F468\u200d\U0001F469 a\u00adb\u2028c \x1b[31m\n"));
    assert_non_null(
        strstr(text, "\n\u2764\ufe0f \u0645\u06cc\u200c\u062e \U0001FACD \u202e\x1b[2J\n"));
    free(text);
}

/* Thoughts are quoted, apart from the answer; marks that say there were none go. */
static void thoughts_are_quoted(void **state)
{
    (void)state;
    char *text = exported("Why?", "<think>\nHm.\n\nSo.\n</think>\n\nBecause.");
    assert_non_null(strstr(text, "**s2d**\n\n> *thoughts*\n>\n> Hm.\n>\n> So.\n\nBecause.\n"));
    free(text);
    text = exported("Why?", "<think>\n\n</think>\n\nBecause.");
    assert_non_null(strstr(text, "**s2d**\n\nBecause.\n"));
    free(text);
}

/* What another target goes on with in code is code, too. */
static void code_goes_on_behind_a_switch(void **state)
{
    (void)state;
    SavedChat chat = {.profile = "p", .target = "big", .draft = ""};
    answer_of(&chat.transcript, "see\n```c\nint i", 4, 2);
    assert_int_equal(transcript_switch(&chat.transcript, "another"), 0);
    transcript_append(&chat.transcript, " = 1;\n```\nend", 0);
    char *text = export_markdown(&chat);
    assert_non_null(strstr(text, "```c\nint i\n```\n"));
    assert_non_null(strstr(text, "```\n = 1;\n```\nend\n"));
    free(text);
    transcript_close(&chat.transcript);
}

/* Files that joined a question are code in it. */
static void test_files_are_code(void **state)
{
    (void)state;
    char *text =
        exported("why?\n\n<file name=\"a.md\" bytes=\"7\" tokens=\"3\">\n````\nx\n\n</file>", "so");
    assert_non_null(strstr(text, "> why?\n>\n> a.md\n>\n> `````\n> ````\n> x\n>\n> `````\n"));
    free(text);
}

/* Or all that follows a cut answer is code. */
static void test_open_fences_are_closed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"see\n```c\nint", "see\n```c\nint\n```\n\n*"},
        {"```\n", "```\n```\n\n*"},
        {"~~~~\n```\n~~~\n", "~~~~\n```\n~~~\n~~~~\n\n*"},
        {"````md\n```\nx\n```\n", "````md\n```\nx\n```\n````\n\n*"},
        {"```c\nint\n```", "```c\nint\n```\n\n*"},
        {"a ```` ``` ```` b", "a ```` ``` ```` b\n\n*"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = exported("q", cases[i][0]);
        if (!strstr(text, cases[i][1]))
            fail_msg("\"%s\" is not in:\n%s", cases[i][1], text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_markdown_alters_no_text),
        cmocka_unit_test(thoughts_are_quoted),
        cmocka_unit_test(test_open_fences_are_closed),
        cmocka_unit_test(code_goes_on_behind_a_switch),
        cmocka_unit_test(test_files_are_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
