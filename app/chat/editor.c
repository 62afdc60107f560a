/* editor.c - see editor.h. */
#include "app/chat/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/base/signals.h"

enum { EDITED_BYTES = 1 << 20 };

static const char *editor_name(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    return visual && *visual ? visual : editor && *editor ? editor : "vi";
}

/* The process group that the terminal listens to. Whoever asks from behind is stopped by SIGTTOU,
 * unless that is blocked. */
static void give_terminal(pid_t group)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, &before);
    tcsetpgrp(STDIN_FILENO, group);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void run_command(const char *command, const char *path)
{
    sigset_t none;
    setpgid(0, 0);
    give_terminal(getpid());
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", command, "s2d", path, (char *)NULL);
    _exit(127);
}

/* Until it ends; its status as waitpid has it. */
static int wait_for_end(pid_t pid, bool (*meanwhile)(void *user), void *user)
{
    int status = 0;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG | WUNTRACED);
        if (got < 0 && errno != EINTR)
            return status;
        if (got == pid && !WIFSTOPPED(status))
            return status;
        if (got == pid) {
            give_terminal(getpgrp());
            signals_stop_here();
            give_terminal(pid);
            kill(-pid, SIGCONT);
        } else if (!meanwhile(user)) {
            kill(-pid, SIGHUP);
            kill(-pid, SIGCONT);
            meanwhile = NULL;
        }
        if (!meanwhile) {
            waitpid(pid, &status, 0);
            return status;
        }
    }
}

static int check_status(const char *editor, int status, Err *err)
{
    if (WIFSIGNALED(status))
        return err_set(err, EXIT_IO,
                       "the editor (%.60s) was ended by signal %d; nothing is changed", editor,
                       WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return err_set(err, EXIT_IO,
                       "the editor (%.60s) ended with status %d; nothing is changed%s", editor,
                       WEXITSTATUS(status), WEXITSTATUS(status) == 127 ? ": see EDITOR" : "");
    return 0;
}

static int edit_file(const char *path, bool (*meanwhile)(void *user), void *user, Err *err)
{
    struct termios modes;
    const char *editor = editor_name();
    char *command = NULL;
    bool has_modes = tcgetattr(STDIN_FILENO, &modes) == 0;
    if (asprintf(&command, "%s \"$1\"", editor) < 0)
        return err_set(err, EXIT_MEMORY, "out of memory");
    pid_t pid = fork();
    if (pid == 0)
        run_command(command, path);
    free(command);
    if (pid < 0)
        return err_set(err, EXIT_IO, "the editor cannot be started: %s", strerror(errno));
    setpgid(pid, pid); /* whoever of both is first */
    int status = wait_for_end(pid, meanwhile, user);
    give_terminal(getpgrp());
    if (has_modes)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
    return check_status(editor, status, err);
}

int editor_run(const char *text, char **edited, bool (*meanwhile)(void *user), void *user, Err *err)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_BYTES];
    size_t bytes = strlen(text);
    *edited = NULL;
    snprintf(path, sizeof(path), "%s/s2d-XXXXXX.md", folder && *folder ? folder : "/tmp");
    int fd = mkstemps(path, (int)strlen(".md"));
    if (fd < 0)
        return err_set(err, EXIT_IO, "%.200s: %s", path, strerror(errno));
    bool written = write_all(fd, text, bytes) == 0 && (!bytes || write_all(fd, "\n", 1) == 0);
    int status = 0;
    if (close(fd) != 0 || !written)
        status = err_set(err, EXIT_IO, "%.200s: %s", path, strerror(errno));
    else
        status = edit_file(path, meanwhile, user, err);
    if (status == 0) {
        *edited = read_file(path, "line of input", EDITED_BYTES, &bytes, err);
        status = *edited ? 0 : -1;
    }
    unlink(path);
    for (; status == 0 && bytes > 0 && (*edited)[bytes - 1] == '\n'; bytes--)
        (*edited)[bytes - 1] = '\0';
    return status;
}
