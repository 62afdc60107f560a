/* test_short_list.c - lists of token ids: what they hold, and what is refused with its line. */
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

#include "app/profile/profile.h"
#include "tests/support/temp.h"

static int parse(ShortList *list, const char *text, Err *err)
{
    *err = (Err){0};
    return short_list_parse(list, text, strlen(text), "l.ids", err);
}

static void test_what_it_holds(void **state)
{
    (void)state;
    static const struct {
        const char *text, *holds; /* as short_list_text says it */
    } cases[] = {
        {"7", "7"},
        {"0-2", "0-2"},
        {"5 3\t4\r\n", "3-5"},
        {"# a recipe: 1 2 3\n9 # and why\n\n  8-8\n", "8-9"},
        {"10-12 11 12-14 10", "10-14"}, /* twice counts once */
        {"3#7", "3"},
        {"007", "7"},
        {"1048575 0", "0 1048575"},
        {"#\n4", "4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ShortList list;
        Err err;
        if (parse(&list, cases[i].text, &err) != 0)
            fail_msg("<%s>: %s", cases[i].text, err.text);
        char *text = short_list_text(&list);
        assert_string_equal(text, cases[i].holds);
        free(text);
        for (int k = 1; k < list.n; k++)
            assert_true(list.ids[k] > list.ids[k - 1]);
        short_list_close(&list);
        assert_int_equal(list.n, 0);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "l.ids: no token ids"},
        {"# 1 2 3\n", "l.ids: no token ids"},
        {"1 2\n3 x4\n", "l.ids:2: \"x4\" is no token id"},
        {"1\n\n-3", "l.ids:3: \"-3\" is no token id"},
        {"3-", "l.ids:1: \"3-\" is no token id"},
        {"3 - 5", "l.ids:1: \"-\" is no token id"},
        {"3-x", "l.ids:1: \"3-x\" is no token id"},
        {"3-5-7", "l.ids:1: \"3-5-7\" is no token id"},
        {"3,5", "l.ids:1: \"3,5\" is no token id"},
        {"1.5", "l.ids:1: \"1.5\" is no token id"},
        {"0x10", "l.ids:1: \"0x10\" is no token id"},
        {"9-3", "l.ids:1: \"9-3\" is a range that ends before it starts"},
        {"1048576", "l.ids:1: \"1048576\" is beyond any vocabulary"},
        {"0-99999999999999999999", "l.ids:1: \"0-99999999999999999999\" is beyond"},
        {"\xc3\xa9", "l.ids:1: \"\" is no token id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ShortList list;
        Err err;
        assert_int_equal(parse(&list, cases[i].text, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("<%s>: got <%s>, wanted <%s>", cases[i].text, err.text, cases[i].message);
        assert_null(list.ids);
    }
    ShortList list;
    Err err = {0};
    assert_int_equal(short_list_parse(&list, "1 \0 2", 5, "l.ids", &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
}

static void test_add(void **state)
{
    (void)state;
    ShortList list;
    Err err;
    assert_int_equal(parse(&list, "2 4", &err), 0);
    static const int added[] = {3, 9, 0, 4, 9};
    for (int i = 0; i < 5; i++)
        assert_int_equal(short_list_add(&list, added[i], &err), 0);
    char *text = short_list_text(&list);
    assert_string_equal(text, "0 2-4 9");
    free(text);
    short_list_close(&list);
}

/* Beside its profile, whatever folder s2d runs in. */
static void test_beside_a_profile(void **state)
{
    (void)state;
    char folder[TEMP_BYTES], path[128], ids[128];
    temp_folder_make(folder);
    snprintf(path, sizeof path, "%s/p.yaml", folder);
    snprintf(ids, sizeof ids, "%s/l.ids", folder);
    file_write_text(path, "name: a\ndraft: {base: b, short_list: l.ids}\ntargets:\n"
                          "  - model: x\n");
    Profile p;
    Err err = {0};
    assert_int_equal(profile_open(&p, path, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_non_null(strstr(err.text, ids));
    assert_null(p.name);

    file_write_text(ids, "# some\n5 0-2\n");
    err = (Err){0};
    assert_int_equal(profile_open(&p, path, &err), 0);
    assert_string_equal(p.draft_list, "l.ids");
    assert_int_equal(p.draft_ids.n, 4);
    assert_memory_equal(p.draft_ids.ids, ((int[]){0, 1, 2, 5}), 4 * sizeof(int));
    assert_false(p.draft_exact);
    profile_close(&p);

    file_write_text(ids, "5\nnone\n");
    assert_int_equal(profile_open(&p, path, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "/l.ids:2: \"none\" is no token id"));

    assert_int_equal(unlink(ids), 0);
    assert_int_equal(mkdir(ids, 0700), 0); /* not even a file */
    err = (Err){0};
    assert_int_equal(profile_open(&p, path, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_holds),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_beside_a_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
