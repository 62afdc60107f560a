/* test_failures.c - whatever call fails between the engine and what a person gets, once: the program
 * ends, by itself, and either all is there or it says what is not.
 *
 * The program runs on tiny models with fail.so, which makes the Nth call of a kind fail; N goes up,
 * in growing steps, until a run has no such call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "tests/support/model_folder.h"

enum {
    HANG_MS = 60000, /* without a word: it hangs */
    STEPS = 4,       /* N goes up by 1 + N / STEPS */
};

static ModelFolder folder;
static char program[PATH_MAX], library[PATH_MAX];

typedef struct Result {
    char out[1 << 16], err[1 << 14];
    int status;  /* exit code; 128 + signal */
    bool hung;   /* and was killed */
    bool failed; /* a call was made to fail */
} Result;

/* The call that is to fail, as fail.c says. */
typedef struct Failure {
    const char *call, *who;
    int at;
} Failure;

static char *place(const char *name)
{
    static char path[256];
    return model_folder_file(&folder, name, path);
}

static void set_up_child(const Failure *failure, const char *mark)
{
    char number[16];
    setpgid(0, 0); /* so that a hanging one goes with its worker */
    setenv("S2D_MODELS", folder.path, 1);
    setenv("XDG_DATA_HOME", folder.path, 1);
    if (!failure)
        return;
    snprintf(number, sizeof number, "%d", failure->at);
    setenv("FAIL_CALL", failure->call, 1);
    setenv("FAIL_AT", number, 1);
    setenv("FAIL_WHO", failure->who, 1);
    setenv("FAIL_MARK", mark, 1);
    setenv("LD_PRELOAD", library, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
}

/* false = it is closed. */
static bool read_some(int fd, char *text, size_t size)
{
    char rest[4096];
    size_t used = strlen(text);
    bool full = size - used < 2;
    ssize_t got = full ? read(fd, rest, sizeof rest) : read(fd, text + used, size - used - 1);
    if (got > 0 && !full)
        text[used + (size_t)got] = '\0';
    return got > 0;
}

/* failure NULL = none. */
static void run(Result *result, const Failure *failure, const char *input, char *const words[])
{
    int in[2], out[2], err[2], status;
    char mark[256];
    model_folder_file(&folder, "mark", mark);
    unlink(mark);
    memset(result, 0, sizeof *result);
    assert_true(pipe(in) == 0 && pipe(out) == 0 && pipe(err) == 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
            close(err[i]);
        }
        set_up_child(failure, mark);
        execv(program, words);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
    close(in[1]);
    bool open[2] = {true, true};
    while (!result->hung && (open[0] || open[1])) {
        struct pollfd polled[2] = {{.fd = open[0] ? out[0] : -1, .events = POLLIN},
                                   {.fd = open[1] ? err[0] : -1, .events = POLLIN}};
        result->hung = poll(polled, 2, HANG_MS) == 0;
        if (polled[0].revents)
            open[0] = read_some(out[0], result->out, sizeof result->out);
        if (polled[1].revents)
            open[1] = read_some(err[0], result->err, sizeof result->err);
    }
    if (result->hung)
        kill(-pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close(out[0]);
    close(err[0]);
    struct stat marked;
    result->failed = stat(mark, &marked) == 0 && marked.st_size > 0;
}

/* --- what a run leaves --- */

static char *text_of(const char *name)
{
    size_t bytes;
    return read_file(place(name), "file", 1 << 20, &bytes, NULL);
}

/* The lines but those of figures, which differ from run to run. */
static char *without_figures(const char *name)
{
    char *text = text_of(name), *to = text;
    for (char *from = text; text && *from;) {
        size_t line = strcspn(from, "\n");
        line += from[line] == '\n';
        if (from[0] != '*' || from[1] == '*') {
            memmove(to, from, line);
            to += line;
        }
        from += line;
    }
    if (text)
        *to = '\0';
    return text;
}

/* What was said, one after the other, in a saved chat that is whole. */
static char *saved_texts(const char *name)
{
    json_t *chat = json_load_file(place(name), 0, NULL);
    json_t *messages = json_object_get(chat, "messages"), *message;
    size_t i, bytes;
    char *all = NULL;
    FILE *out = chat ? open_memstream(&all, &bytes) : NULL;
    json_array_foreach(messages, i, message)
        fprintf(out, "%s\n", json_string_value(json_object_get(message, "text")));
    if (out)
        fclose(out);
    json_decref(chat);
    return all;
}

/* What was said, of a trace whose every line is whole. */
static char *traced_texts(const char *name)
{
    char *text = text_of(name), *all = NULL;
    size_t bytes;
    bool whole = text && *text;
    FILE *out = whole ? open_memstream(&all, &bytes) : NULL;
    for (char *line = text, *end; whole && *line; line = end + 1) {
        end = strchr(line, '\n');
        json_t *event = end ? json_loadb(line, (size_t)(end - line), 0, NULL) : NULL;
        json_t *pieces = json_object_get(event, "pieces"), *piece;
        size_t i;
        whole = event != NULL;
        json_array_foreach(pieces, i, piece)
            fputs(json_string_value(json_object_get(piece, "text")), out);
        json_decref(event);
        if (!end)
            break;
    }
    if (out)
        fclose(out);
    free(text);
    if (whole)
        return all;
    free(all);
    return NULL;
}

/* The files of a chat, and how each is read for comparison. */
static const struct {
    const char *name;
    char *(*read)(const char *name);
} files[] = {
    {"s2d/one.json", saved_texts},
    {"out.json", saved_texts},
    {"out.md", without_figures},
    {"out.jsonl", traced_texts},
};
enum { FILES = sizeof files / sizeof *files };

static void remove_files(void)
{
    for (int i = 0; i < FILES; i++)
        unlink(place(files[i].name));
}

/* --- one scene, and every failure in it --- */

typedef struct Scene {
    char *const *words;
    const char *input;
    bool chat; /* leaves files */
    Result clean;
    char *left[FILES];
} Scene;

static void open_scene(Scene *scene)
{
    remove_files();
    run(&scene->clean, NULL, scene->input, scene->words);
    if (scene->clean.status != 0)
        fail_msg("status %d: %s", scene->clean.status, scene->clean.err);
    for (int i = 0; scene->chat && i < FILES; i++) {
        scene->left[i] = files[i].read(files[i].name);
        if (!scene->left[i])
            fail_msg("%s is not there, or not whole: %s", files[i].name, scene->clean.err);
    }
}

static void close_scene(Scene *scene)
{
    for (int i = 0; i < FILES; i++)
        free(scene->left[i]);
    free(scene);
}

/* A line that says who speaks. */
static bool explained(const char *err)
{
    for (const char *line = err; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "s2d", 3) == 0 || strncmp(line, "error: ", 7) == 0)
            return true;
    }
    return false;
}

/* What is wrong with how it ended; NULL = nothing. */
static const char *verdict(const Scene *scene, const Result *result)
{
    if (result->hung)
        return "hangs";
    if (result->status >= 128)
        return "was killed";
    if (result->status != 0 && !explained(result->err))
        return "does not say why it failed";
    if (result->status == 0 && strcmp(result->out, scene->clean.out) != 0)
        return "says that all is well, and stdout is not whole";
    for (int i = 0; scene->chat && i < FILES; i++) {
        bool there = access(place(files[i].name), F_OK) == 0;
        char *left = files[i].read(files[i].name);
        bool whole = left && strcmp(left, scene->left[i]) == 0;
        free(left);
        if (result->status == 0 && !whole)
            return "says that all is well, and a file is not whole";
        if (there && !left)
            return "leaves half a file";
    }
    return NULL;
}

static void fail_each(Scene *scene)
{
    static const char *const calls[] = {"read", "write", "open", "fsync", "poll", "fork", "rename",
#ifndef __SANITIZE_ADDRESS__ /* whose allocator cannot be made to fail */
                                        "alloc"
#endif
    };
    static const char *const whose[] = {"front", "worker"};
    static Result result;
    int wrong = 0;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (int w = 0; w < 2; w++) {
            Failure failure = {calls[c], whose[w], 1};
            for (;; failure.at += 1 + failure.at / STEPS) {
                remove_files();
                run(&result, &failure, scene->input, scene->words);
                const char *what = verdict(scene, &result);
                if (what)
                    print_error("%s %s: %s %d of the %s fails (status %d)\n%s\n", scene->words[1],
                                what, failure.call, failure.at, failure.who, result.status,
                                result.err);
                wrong += what != NULL;
                if (!result.failed)
                    break;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static void an_answer_is_whole_or_the_status_is_not_0(void **state)
{
    (void)state;
    char profile[256];
    char *words[] = {
        "s2d",          "run",   "--profile", model_folder_file(&folder, "tiny.yaml", profile),
        "-p",           "hello", "-n",        "12",
        "--ignore-eos", NULL};
    Scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    *scene = (Scene){.words = words, .input = ""};
    open_scene(scene);
    fail_each(scene);
    close_scene(scene);
}

static void a_chat_is_whole_or_the_status_is_not_0(void **state)
{
    (void)state;
    char profile[256], input[1024];
    char *words[] = {
        "s2d", "chat", "--plain", "--profile", model_folder_file(&folder, "tiny.yaml", profile),
        NULL};
    snprintf(input, sizeof input,
             "/set max_tokens 12\nwhy\nhow\n/save one\n/export md %s/out.md\n/export json "
             "%s/out.json\n/export trace %s/out.jsonl\n",
             folder.path, folder.path, folder.path);
    Scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    *scene = (Scene){.words = words, .input = input, .chat = true};
    open_scene(scene);
    fail_each(scene);
    close_scene(scene);
}

static int setup(void **state)
{
    (void)state;
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n < 0 || model_folder_make(&folder) != 0)
        return -1;
    own[n] = '\0';
    const char *tests = dirname(own);
    snprintf(library, sizeof library, "%.4000s/fail.so", tests);
    snprintf(program, sizeof program, "%.4000s/../s2d", tests);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_whole_or_the_status_is_not_0),
        cmocka_unit_test(a_chat_is_whole_or_the_status_is_not_0),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
