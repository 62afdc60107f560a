/* test_plain_text.c - text as other systems save it, and all that is read from files and stdin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/base/plain_text.h"
#include "app/bench/bench_questions.h"
#include "app/chat/session_file.h"
#include "app/profile/short_list.h"
#include "app/train/prompts.h"
#include "tests/support/temp.h"

#define MARK "\xef\xbb\xbf"

static char folder[TEMP_BYTES], path[64];

static int make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *plain;
    } cases[] = {
        {"", ""},
        {"a\nb\n", "a\nb\n"},
        {MARK, ""},
        {MARK "a\r\nb\r\n", "a\nb\n"},
        {"a\r\r\nb\rc\r", "a\n\nb\nc\n"},
        {"\r", "\n"},
        {"a" MARK "b", "a" MARK "b"}, /* there it is a character like any other */
        {MARK MARK, MARK},
        {"\xef\xbb", "\xef\xbb"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[32];
        strcpy(text, cases[i].text);
        assert_int_equal(plain_text(text, strlen(text)), strlen(cases[i].plain));
        assert_string_equal(text, cases[i].plain);
    }
}

static void test_prompts(void **state)
{
    (void)state;
    static const char *const files[] = {
        MARK "one\r\ntwo\r\n",
        MARK "{\"prompt\": \"" MARK "one\"}\r\n{\"turns\": [\"two\"]}\r\n",
    };
    for (int i = 0; i < 2; i++) {
        Prompts prompts;
        Err err = {0};
        file_write_text(path, files[i]);
        if (prompts_open(&prompts, path, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(prompts.n, 2);
        assert_string_equal(prompts.list[0], "one");
        assert_string_equal(prompts.list[1], "two");
        prompts_close(&prompts);
    }
}

static void test_questions(void **state)
{
    (void)state;
    Questions questions;
    Err err = {0};
    file_write_text(path,
                    MARK "{\"question_id\": 1, \"category\": \"x\", \"turns\": [\"a\\r\\nb\"]}\r\n"
                         "{\"question_id\": 2, \"category\": \"x\", \"turns\": [\"c\"]}\r\n");
    if (questions_open(&questions, path, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(questions.n, 2);
    assert_string_equal(questions.list[0].turns[0], "a\nb");
    questions_close(&questions);
}

static void test_sessions(void **state)
{
    (void)state;
    SavedChat chat;
    Err err = {0};
    file_write_text(path,
                    MARK "{\"version\": 1, \"profile\": \"p\", \"target\": \"t\",\r\n"
                         "\"draft\": \"\", \"vocab\": 3, \"settings\": {\"temperature\": 0.0,\r\n"
                         "\"top_k\": 0, \"top_p\": 1.0, \"seed\": 1, \"max_tokens\": 0},\r\n"
                         "\"system\": \"Be\\r\\ngood.\", \"messages\": [{\"role\": \"user\",\r\n"
                         "\"text\": \"" MARK "Say\\r\\nhi.\"}]}\r\n");
    if (session_load(path, &chat, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(chat.transcript.n, 1);
    assert_string_equal(chat.system, "Be\ngood.");
    assert_string_equal(chat.transcript.entries[0].text, "Say\nhi.");
    saved_close(&chat);
}

static void test_short_list(void **state)
{
    (void)state;
    ShortList list;
    Err err = {0};
    file_write_text(path, MARK "1-2\r\n5\r\n");
    if (short_list_open(&list, path, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(list.n, 3);
    short_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),      cmocka_unit_test(test_prompts),
        cmocka_unit_test(test_questions),  cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_short_list),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
