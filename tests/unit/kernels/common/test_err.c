/* test_err.c - an error is safe to print, whatever was in the file that it speaks of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernels/common/err.h"

static void nothing_in_it_commands_a_terminal(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a\033[2Jb\x7f\n", "a?[2Jb??"},
        {"a\302\23331mb\302\235c", "a?31mb?c"}, /* C1, as UTF-8 */
        {"a\2332Jb", "a?2Jb"},                  /* and as a byte */
        {"\u202egpj.exe\u2066\u200f\u061c", "?gpj.exe???"} /* bidi */,
        {"a\u2028b\u2029c", "a?b?c"},
        {"a\U000E0041b", "a?b"},
        {"\xe6\x97 \xff \xc0\x80", "?? ? ??"},
        /* Text stays. */
        {"gr\u00fc\u00dfe \u65e5\u672c \U0001F468\u200d\U0001F469 \U0001FACD",
         "gr\u00fc\u00dfe \u65e5\u672c \U0001F468\u200d\U0001F469 \U0001FACD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Err err = {0};
        assert_int_equal(err_set(&err, EXIT_DATA, "%s", cases[i][0]), -1);
        assert_string_equal(err.text, cases[i][1]);
    }
}

/* What does not fit is cut; half a character at the end is none. */
static void a_long_one_is_cut(void **state)
{
    (void)state;
    char name[600] = "x";
    Err err = {0};
    while (strlen(name) + 3 < sizeof name)
        strcat(name, "\u00e4");
    err_set(&err, EXIT_DATA, "%s", name);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    err = (Err){0};
    err_set(&err, EXIT_DATA, "%s", name + 1);
    assert_int_equal(err.text[sizeof err.text - 2], '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_it_commands_a_terminal),
        cmocka_unit_test(a_long_one_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
