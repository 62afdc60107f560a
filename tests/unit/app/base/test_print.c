/* test_print.c - a terminal is told nothing that it would obey; a pipe gets the bytes that came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "app/base/print.h"
#include "app/commands.h"
#include "tests/support/temp.h"

static const char text[] =
    "a\033[2Jb\302\23331mc\u202ed\033]52;c;aGk=\007e \u2764\ufe0f x\u00ady z\u200bz";
static const char clean[] = "abcde \u2764\ufe0f x\u00ady z\u200bz";

typedef void Printing(const void *user);

/* What arrives at the other end of a child's stdout. */
static char *printed(bool terminal, Printing *print, const void *user)
{
    enum { BYTES = 1 << 14 };
    int ends[2], status;
    struct termios raw;
    char *out = calloc(1, BYTES);
    assert_non_null(out);
    memset(&raw, 0, sizeof raw); /* a newline stays one */
    assert_int_equal(terminal ? openpty(&ends[0], &ends[1], NULL, &raw, NULL) : pipe(ends), 0);
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        print(user);
        fflush(stdout);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid); /* all of it fits a pipe */
    assert_int_equal(status, 0);
    ssize_t n = read(ends[0], out, BYTES - 1);
    assert_true(n >= 0);
    close(ends[0]);
    close(ends[1]);
    return out;
}

static void assert_printed(bool terminal, Printing *print, const void *user, const char *expected)
{
    char *out = printed(terminal, print, user);
    assert_string_equal(out, expected);
    free(out);
}

/* In two pieces, cut where the first says. */
static void print_pieces(const void *user)
{
    size_t cut = *(const size_t *)user;
    TextCleaner cleaner = {0};
    char *first = strndup(text, cut);
    print_text(stdout, &cleaner, first);
    print_text(stdout, &cleaner, text + cut);
    free(first);
}

static void a_text_is_cleaned_for_a_terminal_only(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof text; cut += 5) {
        assert_printed(true, print_pieces, &cut, clean);
        assert_printed(false, print_pieces, &cut, text);
    }
}

static void print_a_report(const void *user)
{
    print_report(stdout, "%d  %s\n", 7, (const char *)user);
}

static void a_report_is_clean_everywhere(void **state)
{
    (void)state;
    char expected[128];
    snprintf(expected, sizeof expected, "7  %s\n", clean);
    assert_printed(true, print_a_report, text, expected);
    assert_printed(false, print_a_report, text, expected);
}

static void replay_stdin(const void *user)
{
    if (!freopen(user, "r", stdin))
        _exit(1);
    char *words[] = {"replay", "-", NULL};
    if (cmd_replay(2, words) != 0)
        _exit(2);
}

/* A trace is somebody else's file. */
static void a_trace_on_stdin_is_cleaned_for_a_terminal(void **state)
{
    (void)state;
    static const char trace[] =
        "{\"v\":1,\"event\":\"text\",\"t_ms\":1,\"turn\":1,\"pieces\":"
        "[{\"text\":\"a\\u001b[2Jb\\u009b31mc\",\"source\":0}]}\n"
        "{\"v\":1,\"event\":\"warning\",\"t_ms\":1,\"turn\":1,\"code\":\"x\","
        "\"message\":\"d\\u001b]0;t\\u0007e\"}\n"
        "{\"v\":1,\"event\":\"error\",\"t_ms\":1,\"turn\":1,\"code\":70,"
        "\"message\":\"f\\u202eg\\u001b]52;c;aGk=\\u0007h\",\"fatal\":false}\n";
    char path[TEMP_BYTES];
    temp_file_make(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(trace, file);
    fclose(file);
    assert_printed(true, replay_stdin, path, "abc[warning: de]\n[error: fgh]\n");
    assert_printed(false, replay_stdin, path, "a\033[2Jb\302\23331mc[warning: de]\n[error: fgh]\n");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cleaned_for_a_terminal_only),
        cmocka_unit_test(a_report_is_clean_everywhere),
        cmocka_unit_test(a_trace_on_stdin_is_cleaned_for_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
