/* test_editor.c - a text in an editor: what it leaves is taken, and one that fails changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "app/chat/editor.h"
#include "tests/support/temp.h"

static char folder[TEMP_BYTES];

static bool go_on(void *user)
{
    ++*(int *)user;
    usleep(1000);
    return true;
}

/* Sets the editor to a shell command for the file "$1"; NULL = what is there. */
static char *edit(const char *editor, const char *text, Err *err)
{
    char *edited;
    int calls = 0;
    setenv("EDITOR", editor, 1);
    int status = editor_run(text, &edited, go_on, &calls, err);
    assert_true((status == 0) == (edited != NULL));
    return edited;
}

static void assert_edited(const char *editor, const char *text, const char *expected)
{
    Err err = {0};
    char *edited = edit(editor, text, &err);
    if (!edited)
        fail_msg("%s: %s", editor, err.text);
    assert_string_equal(edited, expected);
    free(edited);
}

static void assert_failed(const char *editor, const char *why)
{
    Err err = {0};
    assert_null(edit(editor, "text", &err));
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

static int files_left(void)
{
    int n = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open));)
        n += entry->d_name[0] != '.';
    closedir(open);
    return n;
}

/* $1 is behind the editor's own words. */
static void what_it_leaves_is_taken(void **state)
{
    (void)state;
    assert_edited("true", "two\nlines", "two\nlines");
    assert_edited("true", "", "");
    assert_edited("f() { tr a-z A-Z <\"$1\" >\"$1.x\" && mv \"$1.x\" \"$1\"; }; f", "some text",
                  "SOME TEXT");
    assert_edited("f() { printf 'more\\n\\n' >>\"$1\"; }; f", "text", "text\nmore");
    assert_edited("f() { test ! -s \"$1\" && printf /quit >\"$1\"; }; f", "", "/quit");
    assert_int_equal(files_left(), 0);
}

static void one_that_fails_changes_nothing(void **state)
{
    (void)state;
    assert_failed("f() { echo other >\"$1\"; return 3; }; f", "status 3");
    assert_failed("no-such-editor-here", "status 127");
    assert_failed("f() { rm \"$1\"; }; f", "no such file");
    assert_failed("f() { head -c 1100000 /dev/zero >\"$1\"; }; f", "too large");
    assert_failed("kill -9 $$;", "signal 9");
    assert_int_equal(files_left(), 0);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    assert_failed("true", "/nowhere/at/all");
    setenv("TMPDIR", folder, 1);
}

static void visual_goes_before_editor(void **state)
{
    (void)state;
    setenv("VISUAL", "f() { echo visual >\"$1\"; }; f", 1);
    assert_edited("false", "text", "visual");
    setenv("VISUAL", "", 1);
    assert_failed("false", "status 1");
    unsetenv("VISUAL");
}

static bool not_for_long(void *user)
{
    return ++*(int *)user < 3;
}

/* Who has to end while it is open takes it along. */
static void it_can_be_ended(void **state)
{
    (void)state;
    Err err = {0};
    char *edited;
    int calls = 0;
    setenv("EDITOR", "sleep 1000 #", 1);
    assert_int_equal(editor_run("text", &edited, not_for_long, &calls, &err), -1);
    assert_null(edited);
    assert_int_equal(calls, 3);
    assert_non_null(strstr(err.text, "signal 1"));
    assert_int_equal(files_left(), 0);
}

/* In a terminal it is the job in front, and afterwards this process is; the modes are as before,
 * whatever it did to them. */
static void the_terminal_is_handed_over_and_taken_back(void **state)
{
    (void)state;
    int master, slave, status;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct termios before, after;
        Err err = {0};
        int calls = 0;
        char *edited;
        close(master);
        login_tty(slave);
        memset(&before, 0, sizeof(before));
        memset(&after, 0, sizeof(after));
        sigset_t blocked;
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGINT);
        sigprocmask(SIG_BLOCK, &blocked, NULL); /* as the chat has it */
        tcgetattr(0, &before);
        /* Its own group in front: field 5 of its stat is field 8; and SIGINT is not blocked. */
        setenv("EDITOR",
               "f() { stty raw -echo; set -- \"$1\" $(cat /proc/$$/stat); "
               "test \"$6\" = \"$9\" && kill -INT 0; }; f",
               1);
        int code = editor_run("text", &edited, go_on, &calls, &err) == 0 ? 1 : 0;
        if (code == 0 && !strstr(err.text, "signal 2"))
            code = 2;
        tcgetattr(0, &after);
        if (memcmp(&before, &after, sizeof(before)) != 0)
            code = 3;
        if (tcgetpgrp(0) != getpgrp())
            code = 4;
        sigset_t pending;
        sigpending(&pending);
        if (sigismember(&pending, SIGINT))
            code = 5; /* its Ctrl-C is not ours */
        _exit(code);
    }
    close(slave);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(master);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    unsetenv("VISUAL");
    return setenv("TMPDIR", folder, 1);
}

static int remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_leaves_is_taken),
        cmocka_unit_test(one_that_fails_changes_nothing),
        cmocka_unit_test(visual_goes_before_editor),
        cmocka_unit_test(it_can_be_ended),
        cmocka_unit_test(the_terminal_is_handed_over_and_taken_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
