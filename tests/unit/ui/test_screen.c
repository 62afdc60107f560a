/* test_screen.c - the Ui on a real (pseudo) terminal: keys become actions, and the terminal is
 * given back as it was.
 *
 * Each case runs in a child on the far side of a pty; a check that fails there ends it with the
 * line's number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "tests/support/scene.h"
#include "ui/ui.h"

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            ui_emergency();                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            _exit(1);                                                       \
        }                                                                   \
    } while (0)

enum { OUTPUT_BYTES = 1 << 20 };

typedef void Case(Ui *ui, Scene *scene);

typedef struct Outcome {
    int status;
    char *output;
    size_t n;
} Outcome;

static void child(Case *body)
{
    static Scene scene;
    Err err = {0};
    Ui *ui;
    setenv("TERM", "xterm-256color", 1);
    setenv("INPUTRC", "/dev/null", 1);
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("LC_ALL", "C.UTF-8", 1); /* the line editor looks there */
    scene_open(&scene);
    UiOptions options = {.view = &scene.view, .commands = "/help   this"};
    CHECK(ui_open(&ui, &options, &err) == 0);
    body(ui, &scene);
    ui_close(ui);
    scene_close(&scene);
    _exit(0);
}

/* Runs a case on a terminal of that size; the terminal's modes must be the same afterwards. */
static Outcome run(Case *body, int width, int height)
{
    struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
    struct termios before, after;
    int master, slave;
    Outcome outcome = {0};
    memset(&before, 0, sizeof before); /* it has holes, and they are compared too */
    memset(&after, 0, sizeof after);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(slave, &before), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(master);
        login_tty(slave);
        child(body);
    }
    outcome.output = calloc(1, OUTPUT_BYTES);
    assert_non_null(outcome.output);
    for (bool ended = false;;) {
        struct pollfd wait = {master, POLLIN, 0};
        ended = ended || waitpid(pid, &outcome.status, WNOHANG) == pid;
        if (poll(&wait, 1, ended ? 0 : 20) > 0 && outcome.n < OUTPUT_BYTES - 1) {
            ssize_t n = read(master, outcome.output + outcome.n, OUTPUT_BYTES - 1 - outcome.n);
            outcome.n += n > 0 ? (size_t)n : 0;
        } else if (ended) {
            break;
        }
    }
    assert_int_equal(tcgetattr(slave, &after), 0);
    if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) != 0)
        fail_msg("%s", outcome.output);
    assert_memory_equal(&before, &after, sizeof before);
    close(master);
    close(slave);
    return outcome;
}

static bool has(const Outcome *outcome, const char *text)
{
    return memmem(outcome->output, outcome->n, text, strlen(text)) != NULL;
}

static void send(Ui *ui, const char *bytes)
{
    ui_feed(ui, bytes, strlen(bytes));
}

static UiAction next(Ui *ui)
{
    UiAction action = {0};
    CHECK(ui_next(ui, &action));
    return action;
}

static bool none(Ui *ui)
{
    UiAction action;
    return !ui_next(ui, &action);
}

/* As the app's loop does until nothing is left to wait for. */
static void settle(Ui *ui)
{
    for (int ms; (ms = ui_timeout_ms(ui)) >= 0;) {
        poll(NULL, 0, ms);
        ui_tick(ui);
        ui_draw(ui);
    }
}

static void case_draws(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    scene_say(scene, "hello there");
    settle(ui);
}

static void test_terminal_is_given_back(void **state)
{
    (void)state;
    static const int sizes[][2] = {{100, 30}, {80, 24}, {60, 15}, {40, 8}, {10, 3}, {1, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Outcome outcome = run(case_draws, sizes[i][0], sizes[i][1]);
        assert_int_equal(outcome.status, 0);
        assert_true(has(&outcome, "\033[?2004h"));
        assert_true(has(&outcome, "\033[?2004l"));
        assert_true(has(&outcome, "\033[?1049l"));
        if (sizes[i][0] >= 40)
            assert_true(has(&outcome, "hello there"));
        free(outcome.output);
    }
}

static void on_signal(int number)
{
    ui_emergency();
    signal(number, SIG_DFL);
    raise(number);
}

static void case_dies(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    signal(SIGSEGV, on_signal);
    raise(SIGSEGV);
}

static void test_terminal_is_given_back_by_a_fatal_signal(void **state)
{
    (void)state;
    Outcome outcome = run(case_dies, 80, 24);
    assert_true(WIFSIGNALED(outcome.status));
    assert_true(has(&outcome, "\033[?2004l"));
    assert_true(has(&outcome, "\033[?1049l"));
    free(outcome.output);
}

static void case_suspends(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\x1a");
    CHECK(next(ui).type == UI_SUSPEND);
    ui_suspend(ui);
    struct termios modes;
    CHECK(tcgetattr(0, &modes) == 0 && (modes.c_lflag & ICANON));
    ui_resume(ui);
    CHECK(tcgetattr(0, &modes) == 0 && !(modes.c_lflag & ICANON));
    settle(ui);
    ui_suspend(ui); /* closing a suspended one is fine */
}

static void test_suspend(void **state)
{
    (void)state;
    Outcome outcome = run(case_suspends, 80, 24);
    assert_int_equal(outcome.status, 0);
    free(outcome.output);
}

static void case_resizes(Ui *ui, Scene *scene)
{
    static const unsigned short sizes[][2] = {{24, 80}, {1, 1},  {30, 100},
                                              {2, 200}, {8, 40}, {50, 3}};
    scene_ready(scene);
    scene_say(scene, "x");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct winsize size = {.ws_row = sizes[i][0], .ws_col = sizes[i][1]};
        CHECK(ioctl(1, TIOCSWINSZ, &size) == 0);
        ui_resize(ui);
        settle(ui);
        send(ui, "\033[Zab\033OP");
        settle(ui);
        send(ui, "\033OP");
    }
}

static void test_resize(void **state)
{
    (void)state;
    Outcome outcome = run(case_resizes, 100, 30);
    assert_int_equal(outcome.status, 0);
    free(outcome.output);
}

static void case_types(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "hello \xe6\x97");
    send(ui, "\xa5\033\rline two\r");
    UiAction action = next(ui);
    CHECK(action.type == UI_SEND && strcmp(action.text, "hello \u65e5\nline two") == 0);
    CHECK(none(ui));
    send(ui, "\033[200~pasted\rtext\033[201~");
    CHECK(none(ui));
    send(ui, "\r");
    action = next(ui);
    CHECK(strcmp(action.text, "pasted\ntext") == 0);
    ui_set_input(ui, "again");
    send(ui, "\r");
    CHECK(strcmp(next(ui).text, "again") == 0);
}

static void test_typing(void **state)
{
    (void)state;
    free(run(case_types, 80, 24).output);
}

static void case_actions(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\0332"); /* Alt-2 */
    UiAction action = next(ui);
    CHECK(action.type == UI_TARGET && action.index == 1);
    send(ui, "\0339"); /* there is no ninth */
    CHECK(none(ui));
    send(ui, "\033OQ\033[B\r"); /* F2, down, Enter */
    action = next(ui);
    CHECK(action.type == UI_TARGET && action.index == 1);
    send(ui, "\x18"
             "2"
             "1"); /* Ctrl-X 2 is F2 */
    CHECK(next(ui).index == 0);
    send(ui, "\033[17~"); /* F6 */
    action = next(ui);
    CHECK(action.type == UI_SPEC && action.spec == SPEC_OFF);
    send(ui, "\033[19~"); /* F8 */
    CHECK(next(ui).type == UI_EXPORT);
    send(ui, "\033[15~]]"); /* F5, then the slider: one action for both steps */
    action = next(ui);
    CHECK(action.type == UI_THRESHOLDS && action.n_thresholds == 4);
    CHECK(action.thresholds[0] > 0.79f && action.thresholds[0] < 0.81f);
    CHECK(none(ui));
    send(ui, "typed"); /* goes to the input line and takes the focus there */
    send(ui, "]\r");
    CHECK(strcmp(next(ui).text, "typed]") == 0);
    send(ui, "\033[21~"); /* F10 */
    CHECK(next(ui).type == UI_QUIT);
    send(ui, "\x18"
             "0");
    CHECK(next(ui).type == UI_QUIT);
    send(ui, "\x04"); /* Ctrl-D on an empty line */
    CHECK(next(ui).type == UI_QUIT);
    send(ui, "ab\x01\x04"); /* and within one it deletes */
    CHECK(none(ui));
    send(ui, "\r");
    CHECK(strcmp(next(ui).text, "b") == 0);
}

/* What is typed under an overlay closes it and arrives whole. */
static void case_types_under_an_overlay(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\033OP/quit\r"); /* F1 */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    send(ui, "\033OQ/quit\r"); /* F2 */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    send(ui, "\033OP\033[200~pasted\033[201~\r");
    CHECK(strcmp(next(ui).text, "pasted") == 0);
    send(ui, "\033OQ\033[200~2\033[201~\r");
    CHECK(strcmp(next(ui).text, "2") == 0);
    send(ui, "\033OP");
    settle(ui);
    send(ui, "\033/quit\r"); /* Esc, and at once the rest */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    /* Keys that are no typing are the overlay's. */
    send(ui, "\033OP\r");
    send(ui, "\033OP\033OP");
    send(ui, "\033OP\x03");
    CHECK(none(ui));
    send(ui, "\033OQ2");
    CHECK(next(ui).index == 1);
    send(ui, "x\r");
    CHECK(strcmp(next(ui).text, "x") == 0);
}

static void test_typing_under_an_overlay(void **state)
{
    (void)state;
    free(run(case_types_under_an_overlay, 100, 30).output);
}

/* Sequences of keys work again once Ctrl-C has ended it. */
static void case_paste_without_an_end(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\033[200~ab");
    send(ui, "\r");
    CHECK(none(ui));
    send(ui, "\x03");
    settle(ui);
    send(ui, "c\r");
    CHECK(strcmp(next(ui).text, "ab\nc") == 0);
}

static void test_paste_without_an_end(void **state)
{
    (void)state;
    Outcome outcome = run(case_paste_without_an_end, 100, 30);
    assert_true(has(&outcome, "the paste had no end"));
    free(outcome.output);
}

/* A character newer than libc is drawn; a joiner is drawn as nothing, a bidi mark as a box. */
static void case_draws_any_text(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    view_user(&scene->view, "<\U0001FACD> <a\u200db> <c\u202ed> <\u65e5>");
    send(ui, "\033[200~[\U0001FACD] [a\u200db] [c\u202ed]\033[201~");
    settle(ui);
}

static void test_any_text_is_drawn(void **state)
{
    (void)state;
    Outcome outcome = run(case_draws_any_text, 100, 30);
    assert_true(has(&outcome, "<\U0001FACD> <ab> <cd> <\u65e5>"));
    assert_true(has(&outcome, "[\U0001FACD] [ab] [c\ufffdd]"));
    free(outcome.output);
}

static void test_actions(void **state)
{
    (void)state;
    free(run(case_actions, 100, 30).output);
}

static void case_stops(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    /* Idle: the second one quits, if it comes at once; any key between takes it back. */
    send(ui, "\x03");
    CHECK(none(ui));
    send(ui, "a\x7f\x03");
    CHECK(none(ui));
    usleep((UI_AGAIN_MS + 100) * 1000);
    send(ui, "\x03");
    CHECK(none(ui));
    send(ui, "a\x7f\x03\x03");
    CHECK(next(ui).type == UI_QUIT);
    /* Esc never does, however often. */
    for (int i = 0; i < 3; i++) {
        send(ui, "\033");
        settle(ui);
    }
    send(ui, "\x03\033");
    settle(ui);
    CHECK(none(ui));
    /* With text, Ctrl-C clears it. */
    send(ui, "some text\x03");
    CHECK(none(ui));
    send(ui, "\x04");
    CHECK(next(ui).type == UI_QUIT);
    /* In an answer it stops that. */
    scene_say(scene, "x");
    send(ui, "\x03");
    CHECK(next(ui).type == UI_STOP);
    send(ui, "\033"); /* a lone Esc needs time to tell */
    CHECK(none(ui));
    settle(ui);
    CHECK(next(ui).type == UI_STOP);
    /* Esc leaves a pane first. */
    send(ui, "\033[15~\033");
    settle(ui);
    CHECK(none(ui));
    send(ui, "\033");
    settle(ui);
    CHECK(next(ui).type == UI_STOP);
}

static void test_stop_and_quit(void **state)
{
    (void)state;
    free(run(case_stops, 100, 30).output);
}

/* Opens, deletes after a yes alone, renames; what is typed arrives. */
static void case_sessions(Ui *ui, Scene *scene)
{
    static const ViewSession sessions[] = {
        {.when = "2026-11-30 20:01", .name = "a", .first = "first", .target = "big", .now = true},
        {.when = "2026-11-29 10:00", .name = "b", .first = "second", .target = "big", .tokens = 7},
    };
    UiAction action;
    scene_ready(scene);
    settle(ui);
    send(ui, "\033[20~"); /* F9 */
    CHECK(next(ui).type == UI_SESSIONS);
    ui_show_sessions(ui); /* none yet */
    send(ui, "\r");
    CHECK(none(ui));
    view_set_sessions(&scene->view, sessions, 2);
    ui_show_sessions(ui);
    settle(ui);
    send(ui, "\033[3~"); /* Del, of the chat that goes on */
    send(ui, "y");
    send(ui, "\x03");
    CHECK(none(ui));
    ui_show_sessions(ui);
    send(ui, "\033[B\r");
    action = next(ui);
    CHECK(action.type == UI_OPEN && strcmp(action.text, "b") == 0);
    ui_show_sessions(ui);
    send(ui, "\033[B\033[3~n\033[3~\r");
    CHECK(none(ui));
    send(ui, "\033[3~y");
    action = next(ui);
    CHECK(action.type == UI_DELETE && strcmp(action.text, "b") == 0);
    send(ui, "\x12new\r"); /* Ctrl-R */
    CHECK(strcmp(next(ui).text, "/rename b new") == 0);
    ui_show_sessions(ui);
    send(ui, "delete it\r");
    CHECK(strcmp(next(ui).text, "delete it") == 0);
}

static void test_sessions(void **state)
{
    (void)state;
    Outcome outcome = run(case_sessions, 100, 30);
    assert_true(has(&outcome, "2026-11-29 10:00"));
    assert_true(has(&outcome, "Enter opens"));
    free(outcome.output);
}

static void test_no_terminal(void **state)
{
    (void)state;
    int null = open("/dev/null", O_RDWR), keep = dup(0);
    assert_true(null >= 0 && keep >= 0);
    dup2(null, 0);
    Ui *ui;
    Err err = {0};
    UiOptions options = {0};
    int status = ui_open(&ui, &options, &err);
    dup2(keep, 0);
    close(null);
    close(keep);
    assert_int_equal(status, -1);
    assert_int_equal(err.code, EXIT_USAGE);
    assert_null(ui);
    ui_emergency(); /* nothing is open: nothing happens */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal_is_given_back),
        cmocka_unit_test(test_terminal_is_given_back_by_a_fatal_signal),
        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_typing_under_an_overlay),
        cmocka_unit_test(test_paste_without_an_end),
        cmocka_unit_test(test_any_text_is_drawn),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_stop_and_quit),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
