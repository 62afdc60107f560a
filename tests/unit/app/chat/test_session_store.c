/* test_session_store.c - the files of sessions: what fails leaves what was whole, and no two chats have
 * one file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/chat/session_store.h"
#include "tests/support/temp.h"

/* Stand in the way of the library's calls: the n-th one fails; 0 = none does. Before a write fails,
 * `short_writes` of them take a byte alone. */
static int fsync_fails, rename_fails, write_fails, short_writes;

static bool counts_down(int *n)
{
    return *n > 0 && --*n == 0;
}

int fsync(int fd)
{
    if (counts_down(&fsync_fails)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    if (counts_down(&rename_fails)) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    if (short_writes > 0) {
        short_writes--;
        return syscall(SYS_write, fd, data, bytes > 0 ? 1 : 0);
    }
    if (counts_down(&write_fails)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, data, bytes);
}

static char folder[TEMP_BYTES];

static char *text_of(const char *name)
{
    char path[256];
    size_t bytes;
    Err err = {0};
    assert_int_equal(session_path(name, path, sizeof(path), &err), 0);
    return read_file(path, "session", 1 << 20, &bytes, &err);
}

static void assert_text(const char *name, const char *text)
{
    char *there = text_of(name);
    assert_non_null(there);
    assert_string_equal(there, text);
    free(there);
}

static void appends_or_leaves_what_was(void **state)
{
    (void)state;
    int *const faults[] = {&write_fails, &fsync_fails, &write_fails};
    SessionStore store = {0};
    Err err = {0};
    assert_int_equal(stored_create(&store, "a", "one\n", &err), 0);
    short_writes = 2;
    assert_int_equal(stored_append(&store, "two\n", &err), 0);
    assert_text("a", "one\ntwo\n");
    for (int i = 0; i < 3; i++) {
        Err trouble = {0};
        short_writes = i == 2 ? 2 : 0; /* a part of it is written */
        *faults[i] = 1;
        assert_int_equal(stored_append(&store, "three\n", &trouble), -1);
        assert_int_equal(trouble.code, EXIT_IO);
        assert_text("a", "one\ntwo\n");
    }
    assert_int_equal(stored_append(&store, "three\n", &err), 0);
    assert_text("a", "one\ntwo\nthree\n");
    stored_close(&store);
}

static void rewrites_whole_or_not_at_all(void **state)
{
    (void)state;
    int *const faults[] = {&write_fails, &fsync_fails, &rename_fails};
    SessionStore store = {0}, other = {0};
    Err err = {0};
    assert_int_equal(stored_create(&store, "b", "old\n", &err), 0);
    for (int i = 0; i < 3; i++) {
        Err trouble = {0};
        *faults[i] = 1;
        assert_int_equal(stored_rewrite(&store, "new\n", &trouble), -1);
        assert_text("b", "old\n");
    }
    assert_int_equal(stored_rewrite(&store, "new\n", &err), 0);
    assert_int_equal(stored_append(&store, "more\n", &err), 0);
    assert_text("b", "new\nmore\n");
    assert_int_equal(stored_open(&other, "b", &err),
                     1); /* the new file is locked as the old one was */
    /* Somebody removed it: an append is refused, and written anew it is there again. */
    char path[256];
    Err gone = {0};
    assert_int_equal(session_path("b", path, sizeof(path), &err), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(stored_append(&store, "x\n", &gone), -1);
    assert_int_equal(stored_rewrite(&store, "again\n", &err), 0);
    assert_text("b", "again\n");
    stored_close(&store);
}

/* Asked in another process: a lock is its holder's. */
static int open_elsewhere(const char *name)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        SessionStore store = {0};
        Err err = {0};
        _exit(stored_open(&store, name, &err) + 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status) - 1;
}

static void one_chat_has_a_file(void **state)
{
    (void)state;
    SessionStore store = {0}, again = {0};
    Err err = {0}, taken = {0}, exists = {0}, busy = {0};
    assert_int_equal(stored_create(&store, "c", "text\n", &err), 0);
    assert_int_equal(stored_create(&again, "c", "text\n", &exists), -1);
    assert_int_equal(exists.code, EXIT_DATA);
    assert_int_equal(open_elsewhere("c"), 1);
    assert_int_equal(stored_remove("c", &taken), -1);
    assert_non_null(strstr(taken.text, "open in another chat"));
    assert_int_equal(stored_rename("c", "d", &busy), -1);
    assert_non_null(strstr(busy.text, "open in another chat"));
    assert_int_equal(stored_rename_own(&store, "d", &err), 0);
    assert_int_equal(open_elsewhere("d"), 1);
    assert_int_equal(stored_append(&store, "more\n", &err), 0);
    assert_text("d", "text\nmore\n");
    stored_close(&store);
    assert_int_equal(open_elsewhere("d"), 0);
    assert_int_equal(stored_rename("d", "e", &err), 0);
    assert_int_equal(stored_remove("e", &err), 0);
    assert_null(text_of("e"));
}

/* Two of one minute get names of their own. */
static void dated_names_differ(void **state)
{
    (void)state;
    SessionStore stores[3] = {0};
    Err err = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stored_create(&stores[i], NULL, "text\n", &err), 0);
        assert_true(stored_is_dated(stores[i].name));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(stores[k].name, stores[i].name);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(stored_remove_own(&stores[i], &err), 0);
    assert_false(stored_is_dated("mine"));
}

/* A full disk, as near as it can be had without one: no file may grow past 4 KB. */
static void disk_full(void **state)
{
    (void)state;
    SessionStore store = {0};
    Err err = {0};
    int status;
    assert_int_equal(stored_create(&store, "f", "whole\n", &err), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *large = malloc(1 << 16);
        struct rlimit limit = {4096, 4096};
        memset(large, 'a', (1 << 16) - 1);
        large[(1 << 16) - 1] = '\0';
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(stored_append(&store, large, &err) == -1 && stored_rewrite(&store, large, &err) == -1
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_text("f", "whole\n");
    stored_close(&store);
}

static void lists_newest_first(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int time;
        const char *first;
    } made[] = {{"old", 100, "the old one"}, {"new", 300, "the new one"}, {"mid", 200, "another"}};
    StoredSession *list;
    Err err = {0};
    for (int i = 0; i < 3; i++) {
        SavedChat chat = {.profile = "p", .target = "big", .draft = "", .time = made[i].time};
        SessionStore store = {0};
        transcript_add(&chat.transcript, ENTRY_USER, made[i].first);
        char *text = session_to_lines(&chat);
        text[strlen(text) - (i == 2 ? 9 : 0)] = '\0'; /* the last state is cut off: all is read */
        assert_int_equal(stored_create(&store, made[i].name, text, &err), 0);
        stored_close(&store);
        free(text);
        transcript_close(&chat.transcript);
    }
    char path[256];
    assert_int_equal(session_path("broken", path, sizeof(path), &err), 0);
    file_write_text(path, "no session");
    int n = stored_list(&list, &err), seen = 0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++) {
            if (strcmp(list[i].name, made[k].name) != 0)
                continue;
            assert_string_equal(list[i].summary.first, made[k].first);
            seen++;
        }
        assert_string_not_equal(list[i].name, "broken");
        assert_true(i == 0 || list[i - 1].summary.time >= list[i].summary.time);
    }
    assert_int_equal(seen, 3);
    free(list);
}

static int make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    return setenv("XDG_DATA_HOME", folder, 1);
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
        cmocka_unit_test(appends_or_leaves_what_was),
        cmocka_unit_test(rewrites_whole_or_not_at_all),
        cmocka_unit_test(one_chat_has_a_file),
        cmocka_unit_test(dated_names_differ),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(lists_newest_first),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
