/* test_terminal.c - the whole chat, worker and tiny models included, in a real terminal: tmux types
 * and looks at the screen. This program stands in for s2d.
 *
 * What is checked everywhere: however the chat ends, the terminal is as it was before (stty -g).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/save_file.h"
#include "app/commands.h"
#include "engine/gguf/gguf.h"
#include "tests/support/model_folder.h"
#include "tests/support/patience.h"
#include "tests/support/tiny_model.h"

enum { SCREEN_BYTES = 1 << 16 };

static ModelFolder folder;
static char program[256];
static bool have_tmux;

/* Runs a tmux command of our own server; what it prints goes to out when that is not NULL. */
static int tmux(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int tmux(char *out, const char *format, ...)
{
    char command[2048];
    int used = snprintf(command, sizeof(command), "tmux -L s2d-test-%d -f /dev/null ", getpid());
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command + used, sizeof(command) - used, format, arguments);
    va_end(arguments);
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return -1;
    char nowhere[256];
    size_t n = 0, got;
    while ((got = out ? fread(out + n, 1, SCREEN_BYTES - 1 - n, pipe)
                      : fread(nowhere, 1, sizeof(nowhere), pipe)) > 0)
        n += got;
    if (out)
        out[n] = '\0';
    return pclose(pipe);
}

static void type(const char *keys)
{
    assert_int_equal(tmux(NULL, "send-keys -t s2d %s", keys), 0);
}

static void enter(const char *line)
{
    assert_int_equal(tmux(NULL, "send-keys -t s2d -l '%s'", line), 0);
    type("Enter");
}

static const char *screen(void)
{
    static char text[SCREEN_BYTES];
    assert_int_equal(tmux(text, "capture-pane -p -t s2d"), 0);
    return text;
}

static void wait_for(const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        if (strstr(screen(), text))
            return;
        usleep(50000);
    }
    fail_msg("\"%s\" did not come up:\n%s", text, screen());
}

/* Until the screen shows something else than it did. */
static void wait_for_change(const char *before)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        if (strcmp(screen(), before) != 0)
            return;
        usleep(50000);
    }
    fail_msg("nothing changes:\n%s", before);
}

static void wait_for_no(const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        if (!strstr(screen(), text))
            return;
        usleep(50000);
    }
    fail_msg("\"%s\" does not go:\n%s", text, screen());
}

/* Pages upwards until this line is there: an answer may be of any length. */
static void page_up_to(const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        if (strstr(screen(), text))
            return;
        type("PPage");
        usleep(50000);
    }
    fail_msg("\"%s\" is on no page:\n%s", text, screen());
}

/* Until this round of an answer is shown, or a later one. */
static void wait_for_round(int round)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        const char *shown = strstr(screen(), "ROUND ");
        if (shown && atoi(shown + strlen("ROUND ")) >= round)
            return;
        usleep(50000);
    }
    fail_msg("round %d does not come:\n%s", round, screen());
}

/* Until something stands below the line with this text. */
static void wait_for_text_below(const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        const char *at = strstr(screen(), text);
        if (at && at[strlen(text) + strspn(at + strlen(text), " \n")] != '\0')
            return;
        usleep(50000);
    }
    fail_msg("nothing came after \"%s\":\n%s", text, screen());
}

static char *file_text(const char *name)
{
    char path[256];
    size_t bytes;
    return read_file(model_folder_file(&folder, name, path), "file", 64 << 20, &bytes, NULL);
}

/* The path of a session there is, "" = none. */
static const char *session_there(void)
{
    static char path[512];
    char pattern[300];
    glob_t found;
    path[0] = '\0';
    snprintf(pattern, sizeof(pattern), "%s/s2d/*.json", folder.path);
    if (glob(pattern, 0, NULL, &found) == 0)
        snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static void remove_sessions(void)
{
    while (*session_there())
        assert_int_equal(unlink(session_there()), 0);
}

static bool is_kept(const char *words)
{
    size_t bytes;
    const char *path = session_there();
    char *text = *path ? read_file(path, "session", 64 << 20, &bytes, NULL) : NULL;
    bool found = text && strstr(text, words);
    free(text);
    return found;
}

/* A number that the shell writes into a file. */
static pid_t number_in(const char *name)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        char *text = file_text(name);
        int number = text ? atoi(text) : 0;
        free(text);
        if (number > 0)
            return number;
        usleep(50000);
    }
    fail_msg("%s was not written", name);
    return -1;
}

/* The chat's worker. */
static pid_t worker_of(pid_t chat)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", chat, chat);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof(text), file))
        fail_msg("the chat has no worker");
    fclose(file);
    return atoi(text);
}

static void wait_for_end_of(pid_t pid)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 20) {
        if (kill(pid, 0) != 0 && errno == ESRCH)
            return;
        usleep(20000);
    }
    fail_msg("process %d does not end", pid);
}

/* A shell in a new window that runs `s2d chat ARGUMENTS`, and notes the terminal's state around
 * it. */
static void start(const char *arguments)
{
    char path[256];
    unlink(model_folder_file(&folder, "pid", path));
    unlink(model_folder_file(&folder, "after", path));
    tmux(NULL, "kill-session -t s2d 2>/dev/null");
    assert_int_equal(tmux(NULL,
                          "new-session -d -s s2d -x 100 -y 30 env LC_ALL=C.UTF-8 PS1=shell: "
                          "XDG_DATA_HOME=%s XDG_STATE_HOME=%s XDG_CONFIG_HOME=%s sh -i",
                          folder.path, folder.path, folder.path),
                     0);
    wait_for("shell:");
    char line[1024];
    snprintf(line, sizeof(line),
             "cd %s; clear; stty -g >before; sh -c \"echo \\$\\$ >pid; exec %s chat %s\"; "
             "echo status=$?; stty -g >after",
             folder.path, program, arguments);
    enter(line);
}

static void start_chat(void)
{
    start("--profile ./slow.yaml");
    wait_for("READY");
}

/* The shell is back, and so is its terminal. */
static void assert_left(const char *status)
{
    wait_for(status);
    char *before = file_text("before"), *after = NULL;
    for (int ms = 0; ms < PATIENCE_MS && !(after && *after); ms += 50) {
        free(after);
        after = file_text("after");
        usleep(50000);
    }
    assert_non_null(before);
    if (!(after && *after))
        fail_msg("the shell did not note its terminal's state:\n%s", screen());
    assert_string_equal(before, after);
    free(before);
    free(after);
    enter("echo ty\"\"ping works");
    wait_for("typing works");
}

static void begin_answer(void)
{
    enter("Tell me all.");
    wait_for("GENERATING");
}

static void skip_without_tmux(void)
{
    if (!have_tmux) {
        print_message("tmux is not installed: the chat is not tried in a terminal\n");
        skip();
    }
}

static void test_live_and_resized(void **state)
{
    (void)state;
    static char before[SCREEN_BYTES];
    skip_without_tmux();
    start_chat();
    begin_answer();
    strcpy(before, screen());
    wait_for_change(before);
    static const int sizes[][2] = {{60, 15}, {40, 8}, {1, 1}, {200, 60}, {80, 24}, {100, 30}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tmux(NULL, "resize-window -t s2d -x %d -y %d", sizes[i][0], sizes[i][1]);
        usleep(200000); /* to draw in; whether that is enough is not asked */
    }
    wait_for("EXIT per token");
    type("Escape");
    wait_for("stopped");
    wait_for("READY");
    type("C-d");
    assert_left("status=0");
}

/* Does the screen have colours? */
static bool is_coloured(void)
{
    static char text[SCREEN_BYTES];
    assert_int_equal(tmux(text, "capture-pane -p -e -t s2d"), 0);
    const char *at = text; /* "39" is the terminal's own colour */
    while ((at = strstr(at, "\033[3")) != NULL && at[3] == '9')
        at++;
    return at != NULL;
}

/* Themes, the two meanings of colours, three columns, panes that zoom and hide. */
static void test_looks(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    enter("/theme none");
    wait_for("theme none");
    for (int ms = 0; ms < PATIENCE_MS && is_coloured(); ms += 50)
        usleep(50000);
    assert_false(is_coloured());
    enter("/theme bogus");
    wait_for("is none of");
    enter("/theme contrast");
    wait_for("theme contrast");
    for (int ms = 0; ms < PATIENCE_MS && !is_coloured(); ms += 50)
        usleep(50000);
    assert_true(is_coloured());
    wait_for(" BY EXIT ");
    type("C-x c");
    wait_for(" CODE keyword string comment number ");
    type("F4 z");
    wait_for_no("REACHED BY DEPTH");
    type("z");
    wait_for("REACHED BY DEPTH");
    type("F3 h");
    wait_for("WHY is hidden");
    type("C-x h");
    wait_for("DRAFT TREE");
    type("C-x h");
    wait_for_no("DRAFT TREE");
    type("C-x h");
    wait_for("DRAFT TREE");
    wait_for_no("ROUNDS ");
    tmux(NULL, "resize-window -t s2d -x 160 -y 45");
    wait_for("ROUNDS ");
    enter("/quit");
    assert_left("status=0");
}

/* The number behind that text on the screen; -1 = it is not there. */
static int number_behind(const char *text)
{
    const char *at = strstr(screen(), text);
    return at ? atoi(at + strlen(text)) : -1;
}

static int number_of(const json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

static void assert_shown(const char *shown, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void assert_shown(const char *shown, const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!strstr(shown, text))
        fail_msg("the trace says \"%s\", the screen:\n%s", text, shown);
}

/* The first round of a trace: what it took, and what it brought. */
static void first_round(const char *name, double *ms, int *tokens)
{
    char *trace = file_text(name), *rest = trace;
    *ms = *tokens = 0;
    for (char *line; *tokens == 0 && (line = strsep(&rest, "\n")) && *line;) {
        json_t *event = json_loads(line, 0, NULL), *part;
        const char *key;
        if (strcmp(json_string_value(json_object_get(event, "event")), "round") == 0) {
            *tokens = number_of(event, "accepted") + 1;
            json_object_foreach(json_object_get(event, "ms"), key, part)
            {
                *ms += json_number_value(part);
            }
        }
        json_decref(event);
    }
    free(trace);
}

/* F3 explains rounds; the screen is held while they go on, and shows them one by one. */
static void test_rounds_are_held_and_explained(void **state)
{
    (void)state;
    char text[80];
    double ms;
    int tokens;
    skip_without_tmux();
    start_chat();
    begin_answer();
    wait_for_round(3);
    type("F3");
    wait_for("WHY");
    type("Space");
    wait_for("held, ");
    int round = number_behind("ROUND "), waiting = number_behind("held, ");
    for (int at = 0; at < PATIENCE_MS && number_behind("held, ") < waiting + 2; at += 50)
        usleep(50000);
    assert_int_equal(number_behind("ROUND "), round);
    type("-l .");
    wait_for_round(round + 1);
    assert_int_equal(number_behind("ROUND "), round + 1);
    type("Space");
    wait_for_no("held, ");
    type("Escape");
    wait_for("DRAFT TREE");
    type("Escape");
    wait_for("READY");
    enter("/export trace explained.jsonl");
    wait_for("exported to");
    first_round("explained.jsonl", &ms, &tokens);
    type("F3");
    type("Home");
    wait_for("ROUND 1 of ");
    snprintf(text, sizeof(text), "  %d token%s in %.1f ms", tokens, tokens == 1 ? "" : "s", ms);
    assert_shown(screen(), "%s", text);
    type("-l t");
    wait_for("s words are marked");
    type("Escape");
    wait_for("DRAFT TREE");
    type("C-d");
    assert_left("status=0");
}

/* Promise 3: what the screen shows is recomputed from the exported trace, round by round. */
static void test_figures_come_from_the_trace(void **state)
{
    (void)state;
    static char shown[SCREEN_BYTES];
    skip_without_tmux();
    start_chat();
    begin_answer();
    wait_for_round(3);
    type("Escape");
    wait_for("READY");
    strcpy(shown, screen());
    enter("/export trace figures.jsonl");
    wait_for("exported to"); /* the name alone is on the line that was typed */
    char *trace = file_text("figures.jsonl");
    assert_non_null(trace);
    int rounds = 0, accepted = 0, drafted = 0, reached[3] = {0};
    double shown_speed = 0, read_ms = 0, rounds_ms = 0, done_ms = 0;
    char *rest = trace;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *event = json_loads(line, 0, NULL);
        assert_non_null(event);
        const char *name = json_string_value(json_object_get(event, "event"));
        double t_ms = json_number_value(json_object_get(event, "t_ms"));
        if (strcmp(name, "prefill") == 0 && read_ms == 0 && /* the draft may read later */
            number_of(event, "done") == number_of(event, "total"))
            read_ms = t_ms;
        if (strcmp(name, "round") == 0) {
            size_t i;
            json_t *node;
            int kept = 0;
            json_array_foreach(json_object_get(event, "nodes"), i, node)
            {
                drafted++;
                kept += json_is_true(json_object_get(node, "accepted"));
            }
            assert_int_equal(kept, number_of(event, "accepted"));
            const char *part;
            json_object_foreach(json_object_get(event, "ms"), part, node)
            {
                rounds_ms += json_number_value(node);
            }
            rounds++;
            accepted += kept;
            for (int depth = 0; depth < kept && depth < 3; depth++)
                reached[depth]++;
        }
        if (strcmp(name, "done") == 0) {
            done_ms = t_ms;
            shown_speed = json_number_value(
                json_object_get(json_object_get(event, "totals"), "tokens_per_s"));
        }
        json_decref(event);
    }
    free(trace);
    assert_true(rounds > 0 && drafted >= accepted);
    double mat = (double)(accepted + rounds) / rounds;
    assert_shown(shown, "MAT %.2f", mat);
    assert_shown(shown, rounds == 1 ? "%d round" : "%d rounds", rounds);
    assert_shown(shown, "%d tok = %d accepted + %d target", accepted + rounds, accepted, rounds);
    assert_shown(shown, "sum %.2f = MAT-1", mat - 1);
    assert_shown(shown, "%.1f t/s", shown_speed);
    /* That speed is of the rounds and of nothing else, and they lie between the events around them. */
    assert_float_equal(shown_speed * rounds_ms / (1e3 * (accepted + rounds)), 1, 1e-3);
    assert_true(rounds_ms <= 1.001 * (done_ms - read_ms) + 1);
    for (int depth = 0; depth < 3; depth++) {
        char share[16];
        snprintf(share, sizeof(share), "%.2f", (double)reached[depth] / rounds);
        assert_shown(shown, "d%d  %s", depth + 1, share[0] == '0' ? share + 1 : share);
    }
    enter("/quit");
    assert_left("status=0");
}

static void test_automatic_thresholds(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    type("F5");
    wait_for("SETTINGS TRIED");
    wait_for("auto: off");
    type("a");
    wait_for("auto: on");
    type("[");
    wait_for("auto: off");
    type("a");
    wait_for("auto: on");
    enter("/tau auto off");
    wait_for("auto: off");
    type("F5");
    type("F5");
    wait_for("[ ] adjust  a auto");
    enter("/quit");
    assert_left("status=0");
}

/* Promise 1 on the screen: both say the same. Esc ends the page first, then the answer. */
static void test_two_settings_in_turn(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    wait_for_round(3);
    type("Escape");
    wait_for("READY");
    enter("/ab plain");
    wait_for("B  plain");
    wait_for("of B, between"); /* a verdict: eight pairs */
    assert_non_null(strstr(screen(), "same text: yes"));
    type("Escape");
    wait_for("EXIT per token");
    type("Escape");
    wait_for("READY");
    enter("/quit");
    assert_left("status=0");
}

static void test_switch_and_queue(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    enter("And then?");
    wait_for("queued: And then?");
    type("M-2");
    wait_for("other F32 [2/2]");
    type("C-c"); /* stops the answer; the queued question follows */
    wait_for_no("queued:");
    wait_for("GENERATING");
    type("C-c");
    wait_for("READY");
    page_up_to("you> And then?"); /* what is said while an answer goes on may scroll by unseen */
    page_up_to("-- target");
    enter("/undo");
    wait_for("\n> And then?");
    type("C-u");
    enter("/bogus");
    wait_for("there is no command /bogus");
    enter("/quit");
    assert_left("status=0");
}

static void test_term_keeps_chat(void **state)
{
    (void)state;
    skip_without_tmux();
    remove_sessions();
    start_chat();
    begin_answer();
    pid_t chat = number_in("pid");
    kill(chat, SIGTERM);
    assert_left("status=143");
    assert_true(is_kept("Tell me all."));
    start_chat();
    wait_for("Your last chat"); /* in the empty chat */
    type("F9");
    wait_for("Enter opens");
    type("Enter");
    page_up_to("you> Tell me all.");
    type("C-c C-c"); /* twice when idle, and no third one, which the shell would get */
    assert_left("status=0");
    start("--continue --profile ./slow.yaml");
    wait_for("READY");
    page_up_to("you> Tell me all.");
    type("C-d");
    assert_left("status=0");
    remove_sessions();
}

/* Whichever way a person leaves, and when none is given the time to. */
static void quitting_keeps_the_chat(void **state)
{
    (void)state;
    static const char *const ways[] = {"/quit Enter", "F10", "C-d", "kill"};
    skip_without_tmux();
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        bool killed = strcmp(ways[i], "kill") == 0;
        remove_sessions();
        start_chat();
        begin_answer();
        type("C-c");
        wait_for("READY");
        if (killed)
            kill(number_in("pid"), SIGKILL);
        else
            type(ways[i]);
        if (killed)
            wait_for_end_of(number_in("pid"));
        else
            assert_left("status=0");
        if (!is_kept("Tell me all.") || !is_kept("\"reason\":\"stopped\""))
            fail_msg("%s: the chat is not kept", ways[i]);
    }
    remove_sessions();
}

/* A signal that ends the chat gives the terminal back; one that only tells of a failed write does
 * not end it. */
static void test_signals_leave_no_raw_terminal(void **state)
{
    (void)state;
    static const int deaths[] = {SIGQUIT, SIGXCPU, SIGUSR1, SIGALRM};
    skip_without_tmux();
    for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
        char status[32];
        start_chat();
        kill(number_in("pid"), SIGPIPE);
        kill(number_in("pid"), SIGXFSZ);
        enter("/stats");
        wait_for("no answer yet");
        kill(number_in("pid"), deaths[i]);
        snprintf(status, sizeof(status), "status=%d", 128 + deaths[i]);
        assert_left(status);
    }
    start_chat(); /* one that asks to leave leaves time to keep the chat */
    begin_answer();
    kill(number_in("pid"), SIGQUIT);
    assert_left("status=131");
    assert_true(is_kept("Tell me all."));
    remove_sessions();
}

static void test_hangup(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    pid_t chat = number_in("pid"), worker = worker_of(chat);
    tmux(NULL, "kill-session -t s2d");
    wait_for_end_of(chat);
    wait_for_end_of(worker);
    assert_true(is_kept("Tell me all."));
    remove_sessions();
}

static void test_worker_killed(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    pid_t chat = number_in("pid");
    kill(worker_of(chat), SIGKILL);
    wait_for("killed by signal 9");
    wait_for("READY");
    begin_answer();
    type("Escape");
    wait_for("READY");
    kill(worker_of(chat), SIGKILL); /* idle */
    type("C-d");
    assert_left("status=0");
}

static void test_front_killed(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    begin_answer();
    pid_t chat = number_in("pid"), worker = worker_of(chat);
    kill(chat, SIGKILL);
    wait_for_end_of(worker);
}

static void test_suspend(void **state)
{
    (void)state;
    skip_without_tmux();
    start_chat();
    enter("/stats");
    wait_for("no answer yet");
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            type("C-z");
        else
            kill(number_in("pid"), i == 1 ? SIGTSTP : SIGSTOP);
        wait_for("Stopped");
        tmux(NULL, "send-keys -t s2d -l 'clear; fg'");
        type("C-j"); /* SIGSTOP leaves the terminal raw: Enter is no newline there */
        wait_for("READY");
        wait_for("no answer yet");
    }
    type("C-d"); /* the shell has forgotten the line that would note the terminal's state */
    wait_for("shell:");
    enter("stty -g >after");
    assert_left("shell:");
}

/* Ctrl-X and a key. */
static void type_after_prefix(const char *key)
{
    type("C-x");
    type(key);
}

/* The buffer of tmux has come to hold as many bytes as the chat says that it copied of this. */
static void wait_for_copy(const char *what)
{
    char path[256], *copied;
    size_t bytes;
    wait_for(what);
    size_t said = (size_t)atol(strstr(screen(), what) + strlen(what));
    model_folder_file(&folder, "copied", path);
    for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
        if (tmux(NULL, "save-buffer %s 2>/dev/null", path) == 0 &&
            (copied = read_file(path, "file", 1 << 20, &bytes, NULL)) != NULL) {
            free(copied);
            if (bytes == said)
                return;
        }
        usleep(50000);
    }
    fail_msg("%zu bytes were not copied", said);
}

/* Looking for text, copying, editing and the log, as a person would. */
static void test_text_of_the_chat(void **state)
{
    (void)state;
    char editor[256];
    FILE *script;
    skip_without_tmux();
    script = fopen(model_folder_file(&folder, "editor", editor), "w");
    assert_non_null(script);
    /* It stops once, as with Ctrl-Z, and comes back in its own time. */
    fputs("#!/bin/sh\necho the editor is open; kill -TSTP 0\necho ' and more' >>\"$1\"\n", script);
    fclose(script);
    assert_int_equal(chmod(editor, 0700), 0);
    assert_int_equal(tmux(NULL, "set-environment -g EDITOR %s", editor), 0);
    start_chat();
    begin_answer();
    type("Escape");
    wait_for("stopped");
    enter("/nonsense");
    wait_for("> /nonsense"); /* what was typed is seen */
    wait_for("there is no command /nonsense");

    type_after_prefix("/");
    tmux(NULL, "send-keys -t s2d -l 'tell ME'");
    wait_for("is not in the chat");
    for (int i = 0; i < 2; i++)
        type("BSpace");
    tmux(NULL, "send-keys -t s2d -l 'me all'");
    type("Enter");
    wait_for("1 of 1");
    wait_for("you> Tell me all.");
    type("Escape");

    enter("/copy answer");
    wait_for_copy("clipboard: the answer, ");
    tmux(NULL, "delete-buffer");
    type_after_prefix("z");
    wait_for_no("DRAFT TREE");
    type_after_prefix("z");
    wait_for("DRAFT TREE");

    tmux(NULL, "send-keys -t s2d -l 'a line'");
    type_after_prefix("C-e");
    wait_for("Stopped");
    tmux(NULL, "send-keys -t s2d -l 'clear; fg'");
    type("Enter");
    wait_for("a line");
    wait_for("and more"); /* the second line of the input */
    wait_for("READY");
    type("C-c");
    tmux(NULL, "set-environment -g -u EDITOR");

    enter("/edit");
    wait_for("edit 1> Tell me all.");
    type("C-a");
    enter("Now ");
    wait_for("GENERATING");
    type("Escape");
    wait_for("stopped");
    enter("/search tell me all");
    wait_for("1 of 1");
    wait_for("you> Now Tell me all.");

    type_after_prefix("l");
    wait_for("> /nonsense");
    wait_for("LOG");
    enter("/exit"); /* typed over the log */
    wait_for("shell:");
    enter("stty -g >after"); /* as in test_suspend */
    assert_left("shell:");
}

/* The clipboard is the terminal's: nothing of it goes where no terminal is. */
static void test_copy_of_plain_lines(void **state)
{
    (void)state;
    skip_without_tmux();
    start("--plain --profile ./slow.yaml");
    wait_for("you>");
    enter("Tell me all.");
    wait_for_text_below("Tell me all.");
    type("C-c");
    wait_for("stopped");
    enter("/copy answer");
    wait_for_copy("clipboard: the answer, ");
    type("C-d");
    assert_left("status=0");
    assert_int_equal(
        model_folder_write(&folder, "lines", "/set max_tokens 8\nTell me all.\n/copy answer\n"), 0);
    start("--plain --profile ./slow.yaml <lines >out 2>err");
    assert_left("status=64"); /* that the last line was refused */
    char *out = file_text("out"), *errors = file_text("err");
    assert_true(out && errors && *out);
    assert_non_null(strstr(errors, "no terminal to copy to"));
    assert_true(!strstr(out, "]52;") && !strstr(errors, "]52;"));
    free(out);
    free(errors);
}

static void test_missing_model(void **state)
{
    (void)state;
    skip_without_tmux();
    start("--profile ./slow.yaml --target ./nowhere.gguf");
    assert_left("status=66");
    const char *text = screen();
    assert_non_null(strstr(text, "s2d: "));
    assert_non_null(strstr(text, "nowhere.gguf"));
    assert_null(strstr(text, "DRAFT TREE"));
}

static void test_plain(void **state)
{
    (void)state;
    skip_without_tmux();
    start("--plain --profile ./slow.yaml");
    wait_for("you>");
    enter("Tell me all.");
    wait_for_text_below("Tell me all.");
    type("C-c");
    wait_for("stopped");
    enter("/spec off");
    wait_for("speculation off");
    type("C-d");
    assert_left("status=0");
}

/* The three special tokens are the last ones of the vocabulary: without weights in the head none is
 * ever the likeliest, and an answer never ends by itself. */
static int never_ends(const char *path)
{
    static const char nothing[4096];
    Err err = {0};
    Gguf *gguf;
    if (gguf_open(&gguf, path, &err) != 0)
        return -1;
    const GgufTensor *head = gguf_tensor(gguf, "output.weight");
    size_t bytes = 3 * (size_t)head->dims[0] * sizeof(float);
    off_t at = (off_t)(head->offset + head->bytes - bytes);
    gguf_close(gguf);
    int fd = open(path, O_WRONLY);
    int status = bytes <= sizeof(nothing) && pwrite(fd, nothing, bytes, at) == (ssize_t)bytes;
    close(fd);
    return status ? 0 : -1;
}

/* Two targets that go on for long: the same one twice, so that a switch does not show in the
 * text. */
/* Keys and profile of a config file, a role of it, a file that joins a question, an answer that ends
 * before a stop string. */
static void test_what_a_person_set(void **state)
{
    (void)state;
    static const char *const letters[] = {"a", "e", "i", "n", "o", "r", "s", "t"};
    char line[32];
    skip_without_tmux();
    model_folder_write(&folder, "my.yaml",
                       "profile: ./slow.yaml\nkeys: {help: F12, quit: Ctrl-Q}\n"
                       "roles: {brief: Be brief.}\n");
    model_folder_write(&folder, "note.txt", "one two\n");
    start("--config ./my.yaml");
    wait_for("READY");
    wait_for("F12Help");
    type("F12");
    wait_for("Ctrl-Q, Ctrl-D");
    type("Escape");
    wait_for_no("KEYS");
    enter("/role brief");
    wait_for("the role brief");
    enter("/file note.txt");
    wait_for("joins the next question");
    for (int i = 0; i < 8; i++) { /* one of them comes soon, whatever the model says */
        snprintf(line, sizeof line, "/set stop %s", letters[i]);
        enter(line);
        snprintf(line, sizeof line, ", \"%s\"", letters[i]);
        wait_for(i > 0 ? line : "stop \"a\"");
    }
    enter("What is in it?");
    wait_for("[note.txt  ");
    wait_for("stop string");
    type("C-q");
    assert_left("status=0");
}

static int make_models(void **state)
{
    (void)state;
    char path[256], other[256], text[1024];
    Err err = {0};
    have_tmux = system("tmux -V >/dev/null 2>&1") == 0;
    if (!have_tmux)
        return 0;
    TinyModel slow = tiny_model(ARCH_QWEN2);
    slow.layers = 24;
    slow.settle = 4;
    slow.context = 1 << 17;
    if (model_folder_make(&folder) != 0 ||
        tiny_model_write(&slow, model_folder_file(&folder, "slow.gguf", path), &err) != 0 ||
        tiny_model_write(&slow, model_folder_file(&folder, "other.gguf", other), &err) != 0 ||
        never_ends(path) != 0 || never_ends(other) != 0)
        return -1;
    snprintf(text, sizeof(text),
             "name: slow\n"
             "draft: {base: %s/draft.gguf, layers: 4, exits: [2, 4]}\n"
             "targets:\n"
             "  - {model: %s/slow.gguf}\n"
             "  - {model: %s/other.gguf}\n"
             "context: 65536\n"
             "device: cpu\n",
             folder.path, folder.path, folder.path);
    if (tmux(NULL, "start-server \\; set-option -g exit-empty off \\; "
                   "set-option -s set-clipboard on") != 0)
        return -1;
    return model_folder_write(&folder, "slow.yaml", text);
}

static int remove_models(void **state)
{
    (void)state;
    if (!have_tmux)
        return 0;
    tmux(NULL, "kill-server 2>/dev/null");
    model_folder_remove(&folder);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        setlocale(LC_CTYPE, "");
        return strcmp(argv[1], "worker") == 0 ? cmd_worker(argc - 1, argv + 1)
                                              : cmd_chat(argc - 1, argv + 1);
    }
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (n <= 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_and_resized),
        cmocka_unit_test(test_rounds_are_held_and_explained),
        cmocka_unit_test(test_figures_come_from_the_trace),
        cmocka_unit_test(test_automatic_thresholds),
        cmocka_unit_test(test_two_settings_in_turn),
        cmocka_unit_test(test_switch_and_queue),
        cmocka_unit_test(test_term_keeps_chat),
        cmocka_unit_test(quitting_keeps_the_chat),
        cmocka_unit_test(test_signals_leave_no_raw_terminal),
        cmocka_unit_test(test_hangup),
        cmocka_unit_test(test_worker_killed),
        cmocka_unit_test(test_front_killed),
        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_text_of_the_chat),
        cmocka_unit_test(test_copy_of_plain_lines),
        cmocka_unit_test(test_missing_model),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_what_a_person_set),
    };
    return cmocka_run_group_tests(tests, make_models, remove_models);
}
