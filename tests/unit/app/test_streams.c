/* test_streams.c - whole commands whose stdin, stdout or disk is closed, full or gone. This program
 * stands in for s2d. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/base/std_streams.h"
#include "app/chat/session_store.h"
#include "app/commands.h"
#include "tests/support/model_folder.h"
#include "tests/support/patience.h"

enum { CLOSED = -1, ARGUMENTS_MAX = 16 };

static ModelFolder folder;
static char profile[256], target[256];

/* How a command ended, and what it said on stderr. */
typedef struct Result {
    int status; /* exit code; 128 + signal */
    int lines;  /* on stderr */
    char err[4096];
} Result;

static char *file_in(const char *name)
{
    static char path[256];
    return model_folder_file(&folder, name, path);
}

static _Noreturn void become(int in, int out, rlim_t file_bytes, char *const words[])
{
    int err = open(file_in("err"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct rlimit limit = {file_bytes, file_bytes};
    if (err < 0 || dup2(err, 2) < 0 || (in >= 0 && dup2(in, 0) < 0) ||
        (out >= 0 && dup2(out, 1) < 0) || (file_bytes && setrlimit(RLIMIT_FSIZE, &limit) != 0))
        _exit(127);
    if (in == CLOSED)
        close(0);
    if (out == CLOSED)
        close(1);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_DFL); /* as a shell leaves it */
    alarm(PATIENCE_MS / 1000);
    execv("/proc/self/exe", words);
    _exit(127);
}

/* line: the words behind "s2d"; "P" stands for the profile's path, "M" for a model's. file_bytes: how
 * long a file may become, 0 = as long as it likes. */
static void run_limited(Result *result, int in, int out, rlim_t file_bytes, const char *line)
{
    char copy[256], *words[ARGUMENTS_MAX] = {"s2d"};
    int n = 1, status;
    size_t bytes;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[n++] = strcmp(word, "P") == 0 ? profile : strcmp(word, "M") == 0 ? target : word;
    pid_t pid = fork();
    if (pid == 0)
        become(in, out, file_bytes, words);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    char *err = read_file(file_in("err"), "file", sizeof result->err - 1, &bytes, NULL);
    assert_non_null(err);
    *result = (Result){.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
    for (const char *c = err; *c; c++)
        result->lines += *c == '\n';
    strcpy(result->err, err);
    free(err);
}

static void run_with(Result *result, int in, int out, const char *line)
{
    run_limited(result, in, out, 0, line);
}

static void assert_says_in_one_line(const Result *result, const char *line)
{
    if (result->status != EXIT_IO || result->lines != 1 || !strstr(result->err, "stdout"))
        fail_msg("%s: status %d: %s", line, result->status, result->err);
}

/* A pipe to read from that holds the text. */
static int pipe_of(const char *text)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    return ends[0];
}

static void nothing_takes_the_place_of_a_closed_descriptor(void **state)
{
    (void)state;
    static const char line[] = "run --profile P -p hello -n 60 --ignore-eos";
    Result result;
    run_with(&result, CLOSED, CLOSED, line);
    assert_says_in_one_line(&result, line);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    run_with(&result, CLOSED, null, line); /* nothing is read, so nothing is missing */
    assert_int_equal(result.status, 0);
    run_with(&result, CLOSED, null, "chat --plain --profile P"); /* ends, as with an empty file */
    assert_int_equal(result.status, 0);
    run_with(&result, CLOSED, null, "run --profile P");
    assert_int_equal(result.status, EXIT_USAGE);
    close(null);
}

static void whatever_prints_says_that_it_could_not(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--help",
        "--version",
        "models",
        "info",
        "info P",
        "info M",
        "run --help",
        "bench --help",
        "bench verify --help",
        "draft merge --help",
        "draft import --help",
        "complete ru",
        "tokenize -m M hello",
        "tune --profile P --forget",
        "replay -",
        "run --profile P -p hello -n 60 --ignore-eos",
        "run --profile P -p hello -n 60 --ignore-eos --json",
    };
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        Result result;
        int in = pipe_of("{\"v\":1,\"event\":\"warning\",\"t_ms\":1,\"turn\":0,\"code\":\"x\","
                         "\"message\":\"hello\"}\n");
        run_with(&result, in, full, lines[i]);
        close(in);
        assert_says_in_one_line(&result, lines[i]);
    }
    close(full);
}

static void a_reader_that_is_gone_ends_it_at_once(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "run --profile P -p hello -n 60 --ignore-eos",
        "chat --plain --profile P",
        "bench spec --profile P --questions none",
        "tune --profile P --prompts none",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        Result result;
        int ends[2], in = pipe_of("hello\n");
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        run_with(&result, in, ends[1], lines[i]);
        close(ends[1]);
        close(in);
        assert_says_in_one_line(&result, lines[i]); /* and nothing of models that were loaded */
    }
}

static void a_chat_tells_that_its_answers_are_lost(void **state)
{
    (void)state;
    Result result;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), in = pipe_of("hello\nhello again\n");
    run_with(&result, in, full, "chat --plain --profile P");
    close(in);
    close(full);
    assert_int_equal(result.status, EXIT_IO);
    assert_non_null(strstr(result.err, "stdout cannot be written"));
    assert_null(strstr(result.err, "-- MAT")); /* no answer was waited for */
}

static int count_sessions(void)
{
    StoredSession *list;
    int n = stored_list(&list, NULL);
    free(list);
    return n;
}

static void the_end_of_a_plain_chat_keeps_it(void **state)
{
    (void)state;
    static const char *const inputs[] = {"hello\n/quit\n", "hello\n"};
    Result result;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        int in = pipe_of(inputs[i]), before = count_sessions();
        run_with(&result, in, null, "chat --plain --profile P");
        close(in);
        assert_int_equal(result.status, 0);
        assert_int_equal(count_sessions(), before + 1);
    }
    close(null);
}

static void a_torn_trace_is_not_exported(void **state)
{
    (void)state;
    char line[256];
    Result result;
    snprintf(line, sizeof line, "hello\n/export trace %s\n", file_in("trace.jsonl"));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), in = pipe_of(line);
    run_limited(&result, in, null, 3000, "chat --plain --profile P");
    close(in);
    close(null);
    assert_int_equal(result.status, EXIT_IO);
    assert_non_null(strstr(result.err, "the trace is not complete"));
    assert_int_equal(access(file_in("trace.jsonl"), F_OK), -1);
}

static int make_models(void **state)
{
    (void)state;
    if (model_folder_make(&folder) != 0 || setenv("XDG_DATA_HOME", folder.path, 1) != 0 ||
        setenv("XDG_CONFIG_HOME", folder.path, 1) != 0)
        return -1;
    model_folder_file(&folder, "tiny.yaml", profile);
    model_folder_file(&folder, "target.gguf", target);
    return 0;
}

static int remove_models(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(int argc, char **argv)
{
    Err err = {0};
    if (argc > 1) {
        if (std_streams_open(&err) != 0)
            return err.code;
        setlocale(LC_CTYPE, "");
        return std_streams_close(dispatch(argc, argv));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_takes_the_place_of_a_closed_descriptor),
        cmocka_unit_test(whatever_prints_says_that_it_could_not),
        cmocka_unit_test(a_reader_that_is_gone_ends_it_at_once),
        cmocka_unit_test(a_chat_tells_that_its_answers_are_lost),
        cmocka_unit_test(the_end_of_a_plain_chat_keeps_it),
        cmocka_unit_test(a_torn_trace_is_not_exported),
    };
    return cmocka_run_group_tests(tests, make_models, remove_models);
}
