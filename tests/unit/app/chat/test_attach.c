/* test_attach.c - files of a question: what is read, and that they are found again in its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/chat/attach.h"
#include "tests/support/temp.h"

static char root[TEMP_BYTES];

static int make_root(void **state)
{
    (void)state;
    temp_folder_make(root);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

static const char *file(const char *name, const char *text, size_t bytes)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (text)
        file_write(path, text, bytes);
    return path;
}

static void text_is_read_as_it_is_said(void **state)
{
    (void)state;
    Attachments files = {0};
    Err err = {0};
    const char windows[] = "\xef\xbb\xbfone\r\ntwo\r\n\r\n";
    assert_int_equal(attach_add(&files, file("w.txt", windows, sizeof windows - 1), &err), 0);
    assert_string_equal(files.list[0].text, "one\ntwo");
    assert_int_equal(files.list[0].bytes, 7);
    assert_int_equal(files.list[0].tokens, -1);
    assert_int_equal(attach_add(&files, file("w.txt", NULL, 0), &err), -1); /* it is there */
    assert_int_equal(files.n, 1);
    attach_clear(&files);
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t bytes;
        int code;
        const char *message;
    } cases[] = {
        {"nul", "a\0b", 3, EXIT_DATA, "nul: there are NUL bytes in it: no text file"},
        {"latin", "caf\xe9", 4, EXIT_DATA, "latin: no UTF-8; convert it, or it is no text"},
        {"cut", "caf\xc3", 4, EXIT_DATA, "cut: no UTF-8"},
        {"empty", "", 0, EXIT_DATA, "empty: there is nothing in it"},
        {"lines", "\r\n\n", 3, EXIT_DATA, "lines: there is nothing in it"},
        {"absent", NULL, 0, EXIT_NOINPUT, "absent: there is no such file"},
        {"", NULL, 0, EXIT_DATA, ": a folder; name its files"},
    };
    Attachments files = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        const char *path = file(cases[i].name, cases[i].text, cases[i].bytes);
        assert_int_equal(attach_add(&files, path, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        if (!strstr(err.text, cases[i].message))
            fail_msg("<%s> lacks <%s>", err.text, cases[i].message);
    }
    Err err = {0};
    const char *large = file("large", "x", 1);
    assert_int_equal(truncate(large, ATTACH_BYTES_MAX + 1), 0);
    assert_int_equal(attach_add(&files, large, &err), -1);
    assert_non_null(strstr(err.text, "large: 1.0 MB are too large; 1 MiB are the most"));
    err = (Err){0};
    assert_int_equal(mkfifo(file("pipe", NULL, 0), 0600), 0);
    assert_int_equal(attach_add(&files, file("pipe", NULL, 0), &err), -1); /* and does not wait */
    assert_int_equal(files.n, 0);
    for (int i = 0; i < ATTACH_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(attach_add(&files, file(name, "x", 1), NULL), 0);
    }
    assert_int_equal(attach_add(&files, file("more", "x", 1), NULL), -1);
    attach_clear(&files);
}

static void the_text_is_parted_where_it_was_joined(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "int x;", "a\n</file>\nb", "\n\n<file name=\"z\" bytes=\"1\">\nz\n</file>", "\xc3\xa9\n"};
    static const char *const questions[] = {"Why?", "",
                                            "two\nlines\n\n<file name=\"a\" bytes=\"9\">",
                                            "\n\n<file name=\"a\" bytes=\"1\">\nx\n</file> and"};
    Attachments files = {0};
    for (int i = 0; i < 4; i++) {
        Attachment *now = &files.list[files.n++];
        snprintf(now->name, sizeof now->name, "dir/f %d.c", i);
        now->text = strdup(texts[i]);
        now->bytes = strlen(texts[i]);
        now->tokens = i - 1;
    }
    for (int q = 0; q < 4; q++) {
        Attachments back = {0};
        size_t question;
        char *text = attach_text(&files, questions[q]);
        assert_int_equal(attach_part(text, &question, &back), 4);
        assert_int_equal(question, strlen(questions[q]));
        for (int i = 0; i < 4; i++) {
            assert_string_equal(back.list[i].name, files.list[i].name);
            assert_string_equal(back.list[i].text, files.list[i].text);
            assert_int_equal(back.list[i].tokens, files.list[i].tokens);
        }
        attach_clear(&back);
        free(text);
    }
    char *text = attach_text(&files, "Why?"), *shown = attach_shown(text);
    assert_string_equal(shown, "Why?\n[dir/f 0.c  0.0 kB]\n[dir/f 1.c  0 tokens]\n"
                               "[dir/f 2.c  1 token]\n[dir/f 3.c  2 tokens]");
    free(shown);
    free(text);
    attach_clear(&files);
}

static void what_only_looks_like_a_file_is_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "plain",
        "a\n\n<file name=\"x\" bytes=\"3\">\nab\n</file>",
        "a\n\n<file name=\"x\" bytes=\"2\">\nab\n</file>\n",
        "a\n\n<file name=\"x\" bytes=\"2\" tokens=\"\">\nab\n</file>",
        "a\n\n<file name=\"x\" bytes=\"-1\">\nab\n</file>",
        "a\n\n<file name=\"x\" bytes=\"99999999999\">\nab\n</file>",
        "a\n\n<file name=\"x",
        "a\n<file name=\"x\" bytes=\"2\">\nab\n</file>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t question;
        assert_int_equal(attach_part(texts[i], &question, NULL), 0);
        assert_int_equal(question, strlen(texts[i]));
        char *shown = attach_shown(texts[i]);
        assert_string_equal(shown, texts[i]);
        free(shown);
    }
}

static void a_name_cannot_end_itself(void **state)
{
    (void)state;
    Attachments files = {0}, back = {0};
    size_t question;
    assert_int_equal(attach_add(&files, file("a\"b\nc", "x", 1), NULL), 0);
    char *text = attach_text(&files, "q");
    assert_int_equal(attach_part(text, &question, &back), 1);
    assert_non_null(strstr(back.list[0].name, "/a_b_c"));
    free(text);
    attach_clear(&files);
    attach_clear(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_as_it_is_said),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(the_text_is_parted_where_it_was_joined),
        cmocka_unit_test(what_only_looks_like_a_file_is_text),
        cmocka_unit_test(a_name_cannot_end_itself),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
