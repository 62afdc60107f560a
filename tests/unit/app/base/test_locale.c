/* test_locale.c - characters are UTF-8's, whatever the environment says, in what is typed too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/locale.h"
#include "ui/input.h"

/* Types one character after another into the line editor. Returns 0 when they came through. */
static int type(void)
{
    static const char *const keys[] = {"a", "\u00e9", "\u65e5", "\U0001F642", "b", "\x7f"};
    static const UiOptions options;
    size_t bytes, point;
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return 1;
    if (input_open(&options, NULL) != 0)
        return 2;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        input_feed(keys[i], strlen(keys[i]));
    input_feed("\x7f", 1); /* a whole character */
    const char *line = input_line(&bytes, &point);
    return strcmp(line, "a\u00e9\u65e5") == 0 ? 0 : 3;
}

static void utf8_whatever_the_environment_says(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"LC_ALL", "C"}, {"LC_ALL", "POSIX"}, {"LC_CTYPE", "C"},     {"LANG", "C"},
        {"LANG", ""},    {"LANG", "xx_YY"},   {"LC_ALL", "C.UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            setenv("INPUTRC", "/dev/null", 1);
            unsetenv("LC_ALL");
            unsetenv("LC_CTYPE");
            unsetenv("LANG");
            setenv(cases[i][0], cases[i][1], 1);
            locale_open();
            _exit(type());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("%s=%s: status %d", cases[i][0], cases[i][1], WEXITSTATUS(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_whatever_the_environment_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
