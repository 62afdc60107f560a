/* test_key_bindings.c - other keys for shortcuts: what a press is, what footer and help then say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ui/shortcuts.h"

enum { HELP = 1, TARGET = 2, PLAIN = 6, QUIT = 10 }; /* as the table has them */

static Key ctrl(char letter)
{
    return (Key){.code = KB_CTRL, .n = 1, .bytes = {(char)(letter & 31)}};
}

static Key alt(char letter)
{
    return (Key){.code = KB_ALT, .n = 1, .bytes = {letter}};
}

static void keys_are_what_the_table_says_unless_bound(void **state)
{
    (void)state;
    KeyBindings keys = {0};
    Key key = alt('t');
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        assert_int_equal(key_bindings_function(NULL, number), number);
        assert_int_equal(key_bindings_function(&keys, number), number);
    }
    assert_int_equal(key_bindings_find(&keys, &key), 0);
    assert_int_equal(key_bindings_add(&keys, HELP, "F12", NULL), 0);
    assert_int_equal(key_bindings_add(&keys, TARGET, "alt-T", NULL), 0);
    assert_int_equal(key_bindings_add(&keys, QUIT, "Ctrl-q", NULL), 0);
    assert_int_equal(key_bindings_add(&keys, PLAIN, "none", NULL), 0);
    assert_int_equal(key_bindings_function(&keys, 12), HELP);
    assert_int_equal(key_bindings_function(&keys, HELP), 0); /* it has left its own */
    assert_int_equal(key_bindings_function(&keys, PLAIN), 0);
    assert_int_equal(key_bindings_function(&keys, 3), 3);
    assert_int_equal(key_bindings_find(&keys, &key), TARGET);
    key = ctrl('q');
    assert_int_equal(key_bindings_find(&keys, &key), QUIT);
    key = ctrl('w');
    assert_int_equal(key_bindings_find(&keys, &key), 0);
    char text[BINDING_TEXT];
    assert_string_equal(key_bindings_text(&keys, HELP, text), "F12");
    assert_string_equal(key_bindings_text(&keys, TARGET, text), "Alt-t");
    assert_string_equal(key_bindings_text(&keys, QUIT, text), "Ctrl-Q");
    assert_string_equal(key_bindings_text(&keys, PLAIN, text), "");
    assert_string_equal(key_bindings_text(&keys, 3, text), "F3");
}

static void keys_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"F0",     "F13", "F1x",    "f",      "Ctrl-",  "Ctrl-1",
                                       "Ctrl-C", "x",   "Ctrl-M", "Alt-12", "ctrl-z", ""};
    KeyBindings bound = {0};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(key_bindings_add(&bound, HELP, keys[i], NULL), -1);
    assert_int_equal(bound.n, 0);
    assert_int_equal(key_bindings_add(&bound, HELP, "Ctrl-T", NULL), 0);
    assert_int_equal(key_bindings_add(&bound, QUIT, "ctrl-t", NULL), -1);
}

static void a_key_is_one_shortcuts(void **state)
{
    (void)state;
    KeyBindings keys = {0};
    Err err = {0};
    int number = 0;
    assert_int_equal(shortcuts_check(&keys, &number, &err), 0);
    key_bindings_add(&keys, HELP, "F10", NULL);
    assert_int_equal(shortcuts_check(&keys, &number, &err), -1);
    assert_int_equal(number, HELP);
    assert_string_equal(err.text, "F10 is the key of \"quit\", which needs another one, or none");
    key_bindings_add(&keys, QUIT, "F1", NULL); /* they change places */
    assert_int_equal(shortcuts_check(&keys, &number, NULL), 0);
}

static void footer_and_help_say_where_it_is(void **state)
{
    (void)state;
    KeyBindings keys = {0};
    View view = {.keys = &keys};
    char line[160], all[4096] = "";
    assert_string_equal(shortcut_label(HELP, &view), "Help");
    assert_null(shortcut_label(12, &view));
    key_bindings_add(&keys, HELP, "F12", NULL);
    key_bindings_add(&keys, QUIT, "Ctrl-Q", NULL);
    key_bindings_add(&keys, PLAIN, "none", NULL);
    assert_null(shortcut_label(HELP, &view));
    assert_string_equal(shortcut_label(12, &view), "Help");
    assert_null(shortcut_label(QUIT, &view));
    for (int i = 0; i < shortcut_lines(); i++) {
        shortcut_line(&keys, i, line, sizeof line);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s\n", line);
    }
    assert_non_null(strstr(all, "  Ctrl-Q, Ctrl-D    quit\n"));
    assert_non_null(strstr(all, "  (no key)          speculation off and on\n"));
    assert_non_null(strstr(all, "  F2                choose the target\n"));
}

/* By these they are bound. */
static void every_shortcut_has_a_name_of_its_own(void **state)
{
    (void)state;
    char name[SHORTCUT_NAME], other[SHORTCUT_NAME];
    int n = 0;
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        shortcut_name(number, name);
        assert_int_equal(*name != '\0', shortcut_key(number) != NULL);
        n += *name != '\0';
        for (int before = 1; before < number && *name; before++)
            assert_string_not_equal(shortcut_name(before, other), name);
    }
    assert_true(n >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_what_the_table_says_unless_bound),
        cmocka_unit_test(keys_that_cannot_be_are_refused),
        cmocka_unit_test(a_key_is_one_shortcuts),
        cmocka_unit_test(footer_and_help_say_where_it_is),
        cmocka_unit_test(every_shortcut_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
