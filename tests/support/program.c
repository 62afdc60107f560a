/* program.c - see program.h. */
#include "tests/support/program.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/patience.h"

static void read_some(int fd, char *text, size_t size, bool *open)
{
    size_t used = strlen(text);
    ssize_t got = read(fd, text + used, size - used - 1);
    *open = got > 0;
    if (got > 0)
        text[used + (size_t)got] = '\0';
}

void program_run(Result *result, const char *input, bool interrupt, char *const words[])
{
    int in[2], out[2], err[2];
    memset(result, 0, sizeof(*result));
    assert_true(pipe(in) == 0 && pipe(out) == 0 && pipe(err) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
            close(err[i]);
        }
        execv("/proc/self/exe", words);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    if (input)
        assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
    close(in[1]);
    bool open[2] = {true, true};
    while (open[0] || open[1]) {
        struct pollfd pollers[2] = {{.fd = open[0] ? out[0] : -1, .events = POLLIN},
                                    {.fd = open[1] ? err[0] : -1, .events = POLLIN}};
        if (poll(pollers, 2, PATIENCE_MS) <= 0)
            fail_msg("s2d %s hangs", words[1]);
        if (pollers[0].revents)
            read_some(out[0], result->out, sizeof(result->out), &open[0]);
        if (pollers[1].revents)
            read_some(err[0], result->err, sizeof(result->err), &open[1]);
        if (interrupt && result->out[0]) {
            kill(pid, SIGINT);
            interrupt = false;
        }
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close(out[0]);
    close(err[0]);
}

void program_line(Result *result, const ModelFolder *folder, const char *input, const char *line)
{
    static char copy[1024], paths[8][256];
    char *words[48] = {"s2d"};
    int n = 1, n_paths = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        if (strcmp(word, "P") == 0)
            word = model_folder_file(folder, "tiny.yaml", paths[n_paths++]);
        else if (strncmp(word, "F/", 2) == 0)
            word = model_folder_file(folder, word + 2, paths[n_paths++]);
        words[n++] = word;
    }
    program_run(result, input, false, words);
}

const char *program_stop(const char *answer, char *typed)
{
    char stop[24] = "";
    size_t from = 30, n = 0;
    while ((answer[from] & 0xC0) == 0x80)
        from++;
    while (n < 12 || (answer[from + n] & 0xC0) == 0x80)
        n++;
    memcpy(stop, answer + from, n);
    for (const char *c = stop; *c; c++) {
        if (*c == '\\' || *c == '\n' || *c == '\t')
            *typed++ = '\\';
        *typed++ = *c == '\n' ? 'n' : *c == '\t' ? 't' : *c;
    }
    *typed = '\0';
    return strstr(answer, stop);
}
