/* test_save_file.c - files are saved whole or not at all, and nothing else is left beside them. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/base/save_file.h"
#include "tests/support/temp.h"

static char folder[TEMP_BYTES], path[TEMP_BYTES + 16];

static int setup(void **state)
{
    (void)state;
    temp_folder_make(folder);
    snprintf(path, sizeof path, "%s/kept", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

/* How many files there are. */
static int files(void)
{
    int n = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(entries);
    return n;
}

static void assert_holds(const char *text)
{
    char found[64];
    ssize_t n = read_start(path, found, sizeof found);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(found, text, strlen(text));
    assert_int_equal(files(), 1);
}

static int write_words(FILE *stream, void *user, Err *err)
{
    (void)err;
    return fputs(user, stream) < 0 ? -1 : 0;
}

static int write_half(FILE *stream, void *user, Err *err)
{
    fputs(user, stream);
    return err_set(err, EXIT_DATA, "no more");
}

static int be_killed(FILE *stream, void *user, Err *err)
{
    write_half(stream, user, err);
    fflush(stream);
    kill(getpid(), SIGKILL);
    return 0;
}

static void there_is_the_old_or_the_new(void **state)
{
    (void)state;
    struct stat status;
    Err err = {0};
    assert_int_equal(save_file(path, "one", 3, false, &err), 0);
    assert_holds("one");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(save_file(path, "two", 3, false, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_holds("one");
    err = (Err){0};
    assert_int_equal(save_file(path, "three", 5, true, &err), 0);
    assert_holds("three");
    assert_int_equal(save_stream(path, write_words, "four", &err), 0);
    assert_holds("four");
    assert_int_equal(save_stream(path, write_half, "five", &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_holds("four");
}

/* What another process left under the name that is tried first takes no save away. */
static void a_name_that_is_taken_is_left(void **state)
{
    (void)state;
    char other[sizeof path + 32];
    Err err = {0};
    snprintf(other, sizeof other, "%s.%d-0", path, (int)getpid());
    file_write_text(other, "not mine");
    assert_int_equal(save_file(path, "five", 4, true, &err), 0);
    assert_int_equal(files(), 2);
    assert_int_equal(unlink(other), 0);
    assert_holds("five");
}

static void a_killed_process_leaves_nothing(void **state)
{
    (void)state;
    int status, nameless = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (nameless < 0) {
        print_message("this filesystem has no files without names\n");
        skip();
    }
    close(nameless);
    assert_int_equal(save_file(path, "six", 3, true, NULL), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(save_stream(path, be_killed, "seven", NULL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_holds("six");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_the_old_or_the_new),
        cmocka_unit_test(a_name_that_is_taken_is_left),
        cmocka_unit_test(a_killed_process_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
