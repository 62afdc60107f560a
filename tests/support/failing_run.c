/* failing_run.c - see failing_run.h. */
#include "tests/support/failing_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANG_MS = 60000 }; /* without a word: it hangs */

void beside_this(const char *name, char path[PATH_MAX])
{
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    assert_true(n > 0);
    own[n] = '\0';
    snprintf(path, PATH_MAX, "%.4000s/%.80s", dirname(own), name);
}

static void set_up_child(const Failure *failure, const char *mark)
{
    char number[16], library[PATH_MAX];
    setpgid(0, 0); /* so that a hanging one goes with what it started */
    if (!failure)
        return;
    beside_this("fail.so", library);
    snprintf(number, sizeof number, "%d", failure->at);
    setenv("FAIL_CALL", failure->call, 1);
    setenv("FAIL_AT", number, 1);
    setenv("FAIL_WHO", failure->who, 1);
    setenv("FAIL_MARK", mark, 1);
    if (failure->kill)
        setenv("FAIL_KILL", "1", 1);
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

void failing_run(const Scene *scene, const Failure *failure, Run *run)
{
    int in[2], out[2], err[2], status;
    char mark[PATH_MAX], program[PATH_MAX];
    if (!scene->program)
        beside_this("../s2d", program);
    snprintf(mark, sizeof mark, "%s/mark", scene->folder);
    unlink(mark);
    memset(run, 0, sizeof *run);
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
        execv(scene->program ? scene->program : program, scene->words);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    assert_int_equal(write(in[1], scene->input, strlen(scene->input)), strlen(scene->input));
    close(in[1]);
    bool open[2] = {true, true};
    while (!run->hung && (open[0] || open[1])) {
        struct pollfd polled[2] = {{.fd = open[0] ? out[0] : -1, .events = POLLIN},
                                   {.fd = open[1] ? err[0] : -1, .events = POLLIN}};
        run->hung = poll(polled, 2, HANG_MS) == 0;
        if (polled[0].revents)
            open[0] = read_some(out[0], run->out, sizeof run->out);
        if (polled[1].revents)
            open[1] = read_some(err[0], run->err, sizeof run->err);
    }
    if (run->hung)
        kill(-pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close(out[0]);
    close(err[0]);
    struct stat marked;
    run->failed = stat(mark, &marked) == 0 && marked.st_size > 0;
    unlink(mark);
}

bool explained(const Run *run)
{
    for (const char *line = run->err; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "s2d", 3) == 0 || strncmp(line, "error: ", 7) == 0)
            return true;
    }
    return false;
}

static const char *verdict(const Scene *scene, const Run *run)
{
    if (run->hung)
        return "hangs";
    bool meant = scene->kill && run->status == 128 + SIGKILL;
    return run->status >= 128 && !meant ? "was killed" : scene->verdict(run, scene->user);
}

/* A thread cannot start under AddressSanitizer when an allocation of its own fails: that is its end, and
 * says nothing of s2d. */
static bool can_fail(const char *call)
{
#ifdef __SANITIZE_ADDRESS__
    return strcmp(call, "alloc") != 0;
#else
    (void)call;
    return true;
#endif
}

void fail_each(const Scene *scene)
{
    static const char *const all[] = {"read", "write", "open",   "fsync", "poll",
                                      "fork", "alloc", "rename", NULL};
    static Run run;
    int wrong = 0;
    for (const char *const *call = scene->calls ? scene->calls : all; *call; call++) {
        for (const char *const *who = scene->whose; *who && can_fail(*call); who++) {
            Failure failure = {*call, *who, 1, scene->kill};
            for (;; failure.at += 1 + failure.at / scene->every) {
                scene->begin(scene->user);
                failing_run(scene, &failure, &run);
                const char *what = verdict(scene, &run);
                if (what)
                    print_error("%s %s: %s %d of %s %s (status %d)\n%s\n", scene->words[1], what,
                                failure.call, failure.at, failure.who,
                                scene->kill ? "kills" : "fails", run.status, run.err);
                wrong += what != NULL;
                if (!run.failed)
                    break;
            }
        }
    }
    assert_int_equal(wrong, 0);
}
