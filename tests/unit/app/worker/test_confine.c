/* test_confine.c - what a confined process may still do, and what kills it or is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/worker/confine.h"

static char writable[] = "/tmp/s2d-confine-XXXXXX";

enum { DONE = 0, REFUSED = 7, FAILED = 9 };

/* What becomes of a confined process that does this: its exit status, or -signal. */
static int confined(int (*act)(void), bool device)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        confine_files(writable);
        confine_calls(device);
        _exit(act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int of_call(long result)
{
    return result >= 0 ? DONE : errno == EPERM || errno == EACCES ? REFUSED : FAILED;
}

static int by_socket(void)
{
    return of_call(socket(AF_INET, SOCK_STREAM, 0));
}

static int by_execve(void)
{
    char *const argv[] = {"true", NULL};
    return of_call(execve("/bin/true", argv, NULL));
}

static int by_fork(void)
{
    return of_call(fork());
}

static int by_ptrace(void)
{
    return of_call(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int by_kill(void)
{
    return of_call(kill(getppid(), 0));
}

static int by_io_uring(void)
{
    return of_call(syscall(425, 1, NULL)); /* io_uring_setup */
}

static int by_pidfd_getfd(void)
{
    return of_call(syscall(438, 0, 0, 0));
}

#if defined(__x86_64__)
/* getpid of i386, whose number is another call's here. */
static int by_foreign_arch(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result > 0 ? DONE : REFUSED;
}

static int by_x32(void)
{
    return of_call(syscall(0x40000000 + __NR_getpid));
}
#endif

static int by_writing_elsewhere(void)
{
    return of_call(open("/tmp/s2d-confine-elsewhere", O_WRONLY | O_CREAT, 0600));
}

static int by_removing_elsewhere(void)
{
    return of_call(unlink("/tmp/s2d-confine-other"));
}

static void *half(void *arg)
{
    int *value = arg;
    *value *= 2;
    return NULL;
}

/* What the worker needs: files to read, memory, threads, a file of its own. */
static int by_working(void)
{
    pthread_t thread;
    int value = 21;
    char byte, path[64];
    int in = open("/proc/self/exe", O_RDONLY);
    if (in < 0 || pread(in, &byte, 1, 0) != 1 || close(in) != 0)
        return FAILED;
    void *memory = malloc(64 << 20);
    if (memory == NULL)
        return FAILED;
    memset(memory, 1, 64 << 20);
    free(memory);
    if (pthread_create(&thread, NULL, half, &value) != 0 || pthread_join(thread, NULL) != 0 ||
        value != 42)
        return FAILED;
    snprintf(path, sizeof path, "%s/hashes", writable);
    int out = open(path, O_WRONLY | O_CREAT, 0600);
    if (out < 0 || write(out, "x", 1) != 1 || close(out) != 0)
        return FAILED;
    return save_file(path, "y", 1, true, NULL) == 0 && unlink(path) == 0 ? DONE : FAILED;
}

static int by_raise(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

static bool offered(const char *what)
{
    char text[64];
    confine_state(text, sizeof text);
    return strncmp(text, "no ", 3) != 0 ? strstr(text, what) != NULL && !strstr(text, "no Landlock")
                                        : false;
}

static void work_goes_on(void **state)
{
    (void)state;
    assert_int_equal(confined(by_working, false), DONE);
    assert_int_equal(confined(by_working, true), DONE);
    assert_int_equal(confined(by_raise, false), -SIGABRT);
}

static void system_calls_are_a_list(void **state)
{
    (void)state;
    static int (*const acts[])(void) = {by_socket, by_execve,   by_fork,       by_ptrace,
                                        by_kill,   by_io_uring, by_pidfd_getfd};
#if defined(__SANITIZE_ADDRESS__)
    print_message("sanitisers need calls that the filter kills for: not confined\n");
    skip();
#endif
    if (!offered("seccomp")) {
        print_message("this kernel offers no seccomp\n");
        skip();
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        assert_int_equal(confined(acts[i], false), -SIGSYS);
        assert_int_equal(confined(acts[i], true), REFUSED); /* a driver may have asked */
    }
#if defined(__x86_64__)
    for (int device = 0; device < 2; device++) {
        assert_int_equal(confined(by_foreign_arch, device), -SIGSYS);
        assert_int_equal(confined(by_x32, device), -SIGSYS);
    }
#endif
}

static void files_are_to_be_read(void **state)
{
    (void)state;
    if (!offered("Landlock")) {
        print_message("this kernel offers no Landlock\n");
        skip();
    }
    int other = open("/tmp/s2d-confine-other", O_WRONLY | O_CREAT, 0600);
    assert_true(other >= 0);
    close(other);
    assert_int_equal(confined(by_writing_elsewhere, false), REFUSED);
    assert_int_equal(confined(by_removing_elsewhere, false), REFUSED);
    assert_int_equal(unlink("/tmp/s2d-confine-other"), 0);
    assert_int_equal(access("/tmp/s2d-confine-elsewhere", F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_goes_on),
        cmocka_unit_test(system_calls_are_a_list),
        cmocka_unit_test(files_are_to_be_read),
    };
    if (!mkdtemp(writable))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(writable);
    return failed;
}
