/* test_memory.c - memory that is out is said so, whoever asked for it: each allocation in turn is
 * one that fails, ours and those of the libraries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/profile/profile.h"
#include "app/protocol/event_json.h"
#include "app/protocol/request.h"
#include "kernels/common/memory.h"
#include "ui/input.h"

/* How many allocations succeed yet; -1 = all. Those of one's own process are replaced by defining
 * their functions, which a sanitizer does itself. */
static long left = -1;

#ifdef __SANITIZE_ADDRESS__
enum { CAN_FAIL = 0 };
#else
enum { CAN_FAIL = 1 };

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static bool fails(void)
{
    if (left < 0)
        return false;
    if (left > 0) {
        left--;
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __libc_realloc(old, bytes);
}
#endif

static void need_failures(void)
{
    if (!CAN_FAIL)
        skip();
}

/* Calls fn with ever more allocations that succeed, until it needs no more. It returns 0, or the code
 * of an error. */
static void expect_memory_errors(int (*fn)(void))
{
    enum { MOST = 100000 };
    int failed = 0, code = -1;
    for (long n = 0; n < MOST && code != 0; n++) {
        left = n;
        code = fn();
        left = -1;
        failed += code != 0;
        if (code != 0 && code != EXIT_MEMORY)
            fail_msg("code %d where allocation %ld failed", code, n);
    }
    assert_int_equal(code, 0);
    assert_true(failed > 0);
}

static int read_profile(void)
{
    static const char yaml[] = "name: tiny\n"
                               "draft: {base: draft.gguf, layers: 4, exits: [2, 4]}\n"
                               "targets:\n"
                               "  - {model: target.gguf, thresholds: [0.3, 0.1]}\n"
                               "system: Be brief.\n";
    Profile profile;
    Err err = {0};
    if (profile_parse(&profile, yaml, sizeof yaml - 1, "tiny.yaml", &err) != 0)
        return err.code;
    profile_close(&profile);
    return 0;
}

static void profiles_that_lack_memory_are_yaml(void **state)
{
    (void)state;
    need_failures();
    expect_memory_errors(read_profile);
}

/* --- what ends the process --- */

typedef struct End {
    int status; /* as wait has it */
    char words[256];
} End;

static void before_end(void)
{
    static const char words[] = "restored; ";
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
        _exit(1);
}

/* Runs fn in a process of its own, where n allocations succeed. */
static End end_of(void (*fn)(void), long n)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        json_set_alloc_funcs(memory_take, free);
        memory_before_end(before_end);
        left = n;
        fn();
        _exit(0);
    }
    close(ends[1]);
    End end = {0};
    size_t used = 0;
    ssize_t got;
    while ((got = read(ends[0], end.words + used, sizeof end.words - 1 - used)) > 0)
        used += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &end.status, 0), child);
    return end;
}

static void expect_clean_ends(void (*fn)(void))
{
    enum { MOST = 10000 };
    for (long n = 0; n < MOST; n++) {
        End end = end_of(fn, n);
        if (end.status == 0) {
            assert_true(n > 0);
            return;
        }
        if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != EXIT_MEMORY)
            fail_msg("status %x where allocation %ld failed: %s", end.status, n, end.words);
        if (strcmp(end.words, "restored; s2d: out of memory\n") != 0 && end.words[0] != '\0')
            fail_msg("\"%s\" where allocation %ld failed", end.words, n);
    }
    fail_msg("it never had enough");
}

/* An error of the reader's own is the caller's to tell: it says nothing. */
static void read_event(void)
{
    static const char line[] = "{\"v\":1,\"event\":\"text\",\"t_ms\":1.5,\"bytes\":\"hello\","
                               "\"text\":\"hello\",\"source\":0,\"many\":[1,2,3,{\"a\":[]}]}";
    Event event;
    Err err = {0};
    if (event_from_line(&event, line, sizeof line - 1, &err) == 0)
        event_free(&event);
    if (err.code == EXIT_MEMORY)
        _exit(EXIT_MEMORY);
}

static void write_request(void)
{
    Request request = {.type = REQUEST_SET}, back;
    Err err = {0};
    char *line = request_to_line(&request);
    if (line == NULL)
        _exit(EXIT_MEMORY);
    if (request_from_line(&back, line, strlen(line), &err) != 0)
        _exit(err.code);
    request_free(&back);
    free(line);
}

static void json_lines_end_cleanly(void **state)
{
    (void)state;
    need_failures();
    expect_clean_ends(read_event);
    expect_clean_ends(write_request);
}

static void type_a_line(void)
{
    static const UiOptions options = {0};
    Err err = {0};
    if (input_open(&options, &err) != 0)
        _exit(err.code);
    input_feed("hello\r", 6);
    input_feed("world", 5);
    input_close();
}

/* readline's own way out is status 2. Its start alone makes more than a thousand allocations. */
static void line_editor_ends_cleanly(void **state)
{
    (void)state;
    need_failures();
    int ended = 0;
    for (long n = 0; n < 1000; n += 7) {
        End end = end_of(type_a_line, n);
        ended += end.status != 0;
        if (end.status != 0 && (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != EXIT_MEMORY))
            fail_msg("status %x where allocation %ld failed: %s", end.status, n, end.words);
    }
    assert_true(ended > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_that_lack_memory_are_yaml),
        cmocka_unit_test(json_lines_end_cleanly),
        cmocka_unit_test(line_editor_ends_cleanly),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
