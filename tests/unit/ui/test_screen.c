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

#include "tests/support/patience.h"
#include "tests/support/scene.h"
#include "ui/ui_state.h"

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

static const char *ground_answer; /* of the terminal, when it is asked; NULL = none */

typedef struct Outcome {
    int status;
    char *output;
    size_t n;
} Outcome;

static char played[64]; /* what went to what plays */

static void play_key(void *user, const Key *key)
{
    (void)user;
    strncat(played, key->bytes, sizeof played - strlen(played) - 1);
}

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
    UiOptions options = {.view = &scene.view, .commands = "/help   this", .play_key = play_key};
    CHECK(ui_open(&ui, &options, &err) == 0);
    body(ui, &scene);
    ui_close(ui);
    scene_close(&scene);
    _exit(0);
}

static bool has(const Outcome *outcome, const char *text)
{
    return memmem(outcome->output, outcome->n, text, strlen(text)) != NULL;
}

/* Runs a case on a terminal of that size; the terminal's modes must be the same afterwards. */
static Outcome run(Case *body, int width, int height)
{
    struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
    struct termios before, after;
    int master, slave;
    Outcome outcome = {0};
    bool answered = false;
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
            if (ground_answer != NULL && !answered && has(&outcome, "\033]11;?\033\\\033[c"))
                answered = write(master, ground_answer, strlen(ground_answer)) > 0;
        } else if (ended) {
            break;
        }
    }
    assert_int_equal(tcgetattr(slave, &after), 0);
    if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) != 0)
        fail_msg("%s", strstr(outcome.output, __FILE__) ? strstr(outcome.output, __FILE__)
                                                        : outcome.output);
    assert_memory_equal(&before, &after, sizeof before);
    close(master);
    close(slave);
    return outcome;
}

static void send(Ui *ui, const char *bytes)
{
    ui_feed(ui, bytes, strlen(bytes));
}

static UiAction next(Ui *ui)
{
    UiAction action = {0};
    do /* F2 asks for what is on the machine as well */
        CHECK(ui_next(ui, &action));
    while (action.type == UI_FIND);
    return action;
}

static bool none(Ui *ui)
{
    UiAction action;
    while (ui_next(ui, &action))
        if (action.type != UI_FIND)
            return false;
    return true;
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
        assert_true(has(&outcome, "\033[?1000l"));
        assert_true(has(&outcome, "\033[?1049l"));
        if (sizes[i][0] >= 40)
            assert_true(has(&outcome, "hello there"));
        free(outcome.output);
    }
}

/* The terminal says that it is light, after the first frames: the theme follows, nothing is typed. */
static void case_ground(Ui *ui, Scene *scene)
{
    ThemeChoice shown;
    scene_ready(scene);
    settle(ui);
    CHECK(ui_theme(ui, &shown) == THEME_AUTO && shown == THEME_DARK);
    send(ui, "ab\033]11;rgb:ffff/ff");
    CHECK(ui_theme(ui, &shown) == THEME_AUTO && shown == THEME_DARK);
    send(ui, "ff/ffff\033");
    send(ui, "\\c\033[?62c\r");
    CHECK(ui_theme(ui, &shown) == THEME_AUTO && shown == THEME_LIGHT);
    CHECK(strcmp(next(ui).text, "abc") == 0);
    for (int choice = THEME_DARK; choice < THEME_COUNT; choice++) {
        ui_set_theme(ui, (ThemeChoice)choice);
        CHECK(ui_theme(ui, &shown) == (ThemeChoice)choice && shown == (ThemeChoice)choice);
        settle(ui);
    }
}

static void test_light_terminal(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    unsetenv("COLORFGBG");
    Outcome outcome = run(case_ground, 100, 30);
    assert_int_equal(outcome.status, 0);
    assert_true(has(&outcome, "\033]11;?\033\\"));
    assert_true(has(&outcome, "48;5;234m")); /* a ground that nobody knows is painted */
    free(outcome.output);
}

static void case_no_color(Ui *ui, Scene *scene)
{
    ThemeChoice shown;
    scene_ready(scene);
    settle(ui);
    CHECK(ui_theme(ui, &shown) == THEME_AUTO && shown == THEME_NONE);
}

/* The terminal answers as soon as it is asked. */
static void case_answered(Ui *ui, Scene *scene)
{
    ThemeChoice shown = THEME_DARK;
    char bytes[256];
    scene_ready(scene);
    for (int waited = 0; shown != THEME_LIGHT && waited < PATIENCE_MS; waited += 100) {
        struct pollfd wait = {0, POLLIN, 0};
        ui_tick(ui);
        ui_theme(ui, &shown);
        if (shown == THEME_LIGHT || poll(&wait, 1, 100) <= 0)
            continue;
        ssize_t n = read(0, bytes, sizeof bytes);
        ui_feed(ui, bytes, n > 0 ? (size_t)n : 0);
    }
    CHECK(shown == THEME_LIGHT);
    settle(ui);
}

static void test_answering_terminal(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    unsetenv("COLORFGBG");
    ground_answer = "\033]11;rgb:ffff/ffff/ffff\033\\\033[?62c";
    Outcome outcome = run(case_answered, 100, 30);
    ground_answer = NULL;
    assert_int_equal(outcome.status, 0);
    assert_true(has(&outcome, "38;5;235m"));
    assert_false(has(&outcome, "48;5;231m")); /* its own ground stays */
    free(outcome.output);
}

static void test_no_color(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    Outcome outcome = run(case_no_color, 100, 30);
    unsetenv("NO_COLOR");
    assert_int_equal(outcome.status, 0);
    assert_false(has(&outcome, "\033]11;?"));
    assert_false(has(&outcome, "38;5;"));
    free(outcome.output);
}

static void case_environment(Ui *ui, Scene *scene)
{
    ThemeChoice shown;
    scene_ready(scene);
    settle(ui);
    CHECK(ui_theme(ui, &shown) == THEME_AUTO && shown == THEME_LIGHT);
}

static void test_light_by_environment(void **state)
{
    (void)state;
    setenv("COLORFGBG", "0;15", 1);
    Outcome outcome = run(case_environment, 100, 30);
    unsetenv("COLORFGBG");
    assert_int_equal(outcome.status, 0);
    free(outcome.output);
}

/* Zoomed panes have the others' room, hidden ones leave theirs, and there is a way back. */
static void case_zooms_and_hides(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    const Layout *layout = &ui->layout;
    int tree = layout->panes[PANE_TREE].height;
    send(ui, "\033OR"); /* F3 */
    settle(ui);
    send(ui, "z");
    settle(ui);
    CHECK(layout->panes[PANE_TREE].height == layout->rule.y - 2);
    CHECK(!layout_shows(layout, PANE_SPEED) && layout_shows(layout, PANE_CHAT));
    send(ui, "\033[Z\033[Z"); /* past the race: another pane, zoomed too */
    settle(ui);
    CHECK(layout_shows(layout, PANE_EXITS) && !layout_shows(layout, PANE_TREE));
    send(ui, "z");
    settle(ui);
    CHECK(layout->panes[PANE_TREE].height == tree && layout_shows(layout, PANE_SPEED));
    send(ui, "h"); /* hides EXITS */
    settle(ui);
    CHECK(!layout_shows(layout, PANE_EXITS) && layout->panes[PANE_TREE].height > tree);
    send(ui, "\033[Z\033[Z\033[Z\033[Z"); /* chat, tree, race, and past what is hidden */
    settle(ui);
    CHECK(ui->frame.focus == PANE_DEPTH && !layout_shows(layout, PANE_EXITS));
    send(ui, "\033OS"); /* F4 shows it again */
    settle(ui);
    CHECK(layout_shows(layout, PANE_EXITS) && layout->panes[PANE_TREE].height == tree);
    send(ui, "\030h"); /* Ctrl-X h: all away */
    settle(ui);
    CHECK(layout->divider_x < 0 && layout->panes[PANE_CHAT].width == 100);
    CHECK(ui->frame.focus == FOCUS_INPUT);
    send(ui, "\030h");
    settle(ui);
    CHECK(layout->panes[PANE_TREE].height == tree);
    send(ui, "zh\r"); /* typing is typing */
    CHECK(strcmp(next(ui).text, "zh") == 0);
}

static void test_zoom_and_hide(void **state)
{
    (void)state;
    Outcome outcome = run(case_zooms_and_hides, 100, 30);
    assert_int_equal(outcome.status, 0);
    free(outcome.output);
}

static void case_colours(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\030c");
    CHECK(scene->view.colours == COLOURS_BY_CODE);
    send(ui, "\033[Zc"); /* in the chat */
    CHECK(scene->view.colours == COLOURS_BY_EXIT);
    send(ui, "\033c\r"); /* no more there, but in the input line */
    CHECK(scene->view.colours == COLOURS_BY_EXIT);
}

static void test_colours(void **state)
{
    (void)state;
    Outcome outcome = run(case_colours, 100, 30);
    assert_int_equal(outcome.status, 0);
    free(outcome.output);
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
    assert_true(has(&outcome, "\033[?1000l"));
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
    CHECK(action.type == UI_FORECASTS && action.on);
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

/* So it does when a pane has the focus that has such keys itself. */
static void case_types_over_a_pane(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "\033[Z\033OQ/quit\r"); /* the chat, F2 */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    send(ui, "\033OS\033OP[yes]\r"); /* the thresholds, F1 */
    CHECK(strcmp(next(ui).text, "[yes]") == 0);
    send(ui, "\033OS\033/quit\r"); /* the thresholds, Esc, and at once the rest */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    send(ui, "\x18/x\033/quit\r"); /* out of a search */
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    send(ui, "\033[Z\x18lyes\r"); /* the chat, the log */
    CHECK(strcmp(next(ui).text, "yes") == 0);
    send(ui, "\033[Z\x18l\x18ldine\r"); /* the log and away with it; no key of the chat */
    CHECK(strcmp(next(ui).text, "dine") == 0);
    CHECK(none(ui));
}

static void test_typing_under_an_overlay(void **state)
{
    (void)state;
    free(run(case_types_under_an_overlay, 100, 30).output);
    free(run(case_types_over_a_pane, 100, 30).output);
}

static void case_searches(Ui *ui, Scene *scene)
{
    View *view = &scene->view;
    scene_ready(scene);
    for (int i = 0; i < 60; i++)
        view_answer(view, i % 20 == 7 ? "a needle" : "hay", "", false);
    send(ui, "half");
    settle(ui);
    send(ui, "\x18/nee"); /* from the input */
    CHECK(view->search.shown && view->search.number == 3 && view->scroll > 0);
    settle(ui);
    send(ui, "\033[A"); /* up, while it is typed */
    CHECK(view->search.number == 2);
    send(ui, "xx");
    CHECK(view->search.n_hits == 0 && view->scroll == 0);
    settle(ui);
    send(ui, "\x7f\x7f\r");
    CHECK(view->search.number == 3);
    send(ui, "nnn");
    CHECK(view->search.number == 3); /* all around */
    settle(ui);
    send(ui, "N");
    CHECK(view->search.number == 1);
    send(ui, "\033");
    settle(ui);
    CHECK(!view->search.shown);
    send(ui, " done\r"); /* the line was kept */
    CHECK(strcmp(next(ui).text, "half done") == 0);
    send(ui, "\033[Z/\r"); /* the same again, from where the chat stands */
    CHECK(view->search.number == 1);
    int scroll = view->scroll;
    send(ui, "/hay");
    CHECK(view->search.n_hits == 57);
    send(ui, "\x03");
    CHECK(!view->search.shown && view->scroll == scroll);
    CHECK(strcmp(view->search.pattern, "nee") == 0);
    ui_search(ui, "NEEDLE");
    settle(ui);
    CHECK(view->search.n_hits == 0);
    ui_search(ui, "needle");
    CHECK(view->search.n_hits == 3);
    send(ui, "words\r"); /* goes to the input: no more marks */
    CHECK(strcmp(next(ui).text, "words") == 0 && !view->search.shown);
    CHECK(none(ui));
}

static void test_search(void **state)
{
    (void)state;
    Outcome outcome = run(case_searches, 100, 30);
    assert_true(has(&outcome, "\"neexx\" is not in the chat"));
    assert_true(has(&outcome, "the search goes on at"));
    free(outcome.output);
}

static void case_copies(Ui *ui, Scene *scene)
{
    Err err = {0};
    scene_ready(scene);
    send(ui, "\x18y");
    settle(ui);
    view_answer(&scene->view, "```\nfoo\n```\n```\nbar```\n```", "", false);
    for (int i = 0; i < 60; i++)
        view_note(&scene->view, ITEM_NOTE, "no code in sight");
    settle(ui);
    send(ui, "\x18y"); /* the answer */
    settle(ui);
    send(ui, "\033[Z\033[H"); /* the chat, its beginning */
    settle(ui);
    CHECK(scene->view.code_in_reach == 2);
    send(ui, "y");
    settle(ui);
    CHECK(ui_copy(ui, 1, &err) == 0);
    settle(ui);
    CHECK(ui_copy(ui, 3, &err) == -1 && strstr(err.text, "1 to 2") != NULL);
    CHECK(none(ui));
    ui_suspend(ui);
    CHECK(ui_copy(ui, 1, &err) == -1);
    ui_resume(ui);
}

static void test_copy(void **state)
{
    (void)state;
    Outcome outcome = run(case_copies, 100, 30);
    assert_true(has(&outcome, "there is no answer to copy yet"));
    assert_true(has(&outcome, "\033]52;c;YGBgCmZvbwpgYGAKYGBgCmJhcmBgYApgYGA=\a"));
    assert_true(has(&outcome, "\033]52;c;YmFyYGBgCg==\a"));
    assert_true(has(&outcome, "#2 y copies"));
    assert_true(has(&outcome, "code block 2, 7 bytes"));
    assert_true(has(&outcome, "\033]52;c;Zm9vCg==\a"));
    free(outcome.output);
}

static void case_wheel(Ui *ui, Scene *scene)
{
    View *view = &scene->view;
    scene_ready(scene);
    for (int i = 0; i < 60; i++)
        view_note(view, ITEM_NOTE, "a note");
    settle(ui);
    send(ui, "\033[<64;1;1M\033[<64;1;1M");
    CHECK(view->scroll == 6);
    send(ui, "\033[<65;1;1M");
    CHECK(view->scroll == 3);
    send(ui, "\033[<65;1;1M\033[<65;1;1M");
    CHECK(view->scroll == 0);
    send(ui, "\x18l\033[<64;1;1M"); /* over the log it moves that */
    CHECK(view->scroll == 0);
    CHECK(ui->frame.overlay == OVERLAY_LOG);
    send(ui, "\r"); /* closes it, and chooses nothing */
    CHECK(ui->frame.overlay == OVERLAY_NONE && none(ui));
    send(ui, "\x18l\033");
    settle(ui);
    send(ui, "\033OQ\033[<65;1;1M\r"); /* and chooses a target */
    CHECK(next(ui).index == 1);
    send(ui, "\033[<0;1;1M");
    settle(ui);
    ui_set_mouse(ui, false);
    ui_suspend(ui);
    ui_resume(ui);
    CHECK(none(ui));
}

static size_t count(const Outcome *outcome, const char *text)
{
    size_t n = 0;
    const char *at = outcome->output, *end = at + outcome->n;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        at += strlen(text);
        n++;
    }
    return n;
}

static void test_wheel(void **state)
{
    (void)state;
    Outcome outcome = run(case_wheel, 100, 30);
    assert_int_equal(count(&outcome, "\033[?1000h"), 1); /* not again once it is off */
    assert_int_equal(count(&outcome, "\033[?1000l"), 1);
    assert_true(has(&outcome, "with Shift the mouse selects"));
    free(outcome.output);
}

/* The mouse is the terminal's while the chat is alone. */
static void case_chat_alone(Ui *ui, Scene *scene)
{
    View *view = &scene->view;
    scene_ready(scene);
    view_answer(view, "text\n```c\nint x;\n```", "", false);
    settle(ui);
    send(ui, "\x18z");
    CHECK(view->bare);
    settle(ui);
    send(ui, "/x\x7f\x7f\x18z"); /* the input keeps the focus */
    CHECK(!view->bare && !view->search.shown);
    settle(ui);
    send(ui, "\033[Zz\033OS"); /* another pane brings the rest back, too */
    CHECK(!view->bare);
    settle(ui);
    send(ui, "\x18zi\r"); /* and typing stays there */
    CHECK(view->bare && strcmp(next(ui).text, "i") == 0);
    settle(ui);
}

static void test_chat_alone(void **state)
{
    (void)state;
    Outcome outcome = run(case_chat_alone, 100, 30);
    assert_true(count(&outcome, "\033[?1000h") == 3 && count(&outcome, "\033[?1000l") == 3);
    assert_true(has(&outcome, "``c")); /* its first column may be reached on its own */
    free(outcome.output);
}

static void case_edits(Ui *ui, Scene *scene)
{
    scene_ready(scene);
    settle(ui);
    send(ui, "half\x18\x05"); /* Ctrl-X Ctrl-E */
    CHECK(next(ui).type == UI_EDITOR);
    char *text = ui_input_text(ui);
    CHECK(text != NULL && strcmp(text, "half") == 0);
    free(text);
    CHECK(ui_replace_input(ui, "whole\nline", 10));
    send(ui, "\r");
    UiAction action = next(ui);
    CHECK(strcmp(action.text, "whole\nline") == 0 && action.index == 0);
    ui_edit(ui, 3, "/old question");
    settle(ui);
    send(ui, "?\r");
    action = next(ui);
    CHECK(strcmp(action.text, "//old question?") == 0 && action.index == 3);
    send(ui, "new\r"); /* once */
    CHECK(next(ui).index == 0);
    ui_edit(ui, 2, "old");
    send(ui, "\x03other\r"); /* left with Ctrl-C */
    CHECK(next(ui).index == 0);
    ui_edit(ui, 2, "old");
    ui_set_input(ui, "taken back");
    send(ui, "\r");
    CHECK(next(ui).index == 0);
}

static void test_edits(void **state)
{
    (void)state;
    Outcome outcome = run(case_edits, 100, 30);
    assert_true(has(&outcome, "edit 3> "));
    free(outcome.output);
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

/* With the focus in a pane: blank holds, . steps, t goes between round and words, r is the race. In the
 * input they are text. */
static void case_looks(Ui *ui, Scene *scene)
{
    static const char *const two[] = {" five", " six"};
    View *view = &scene->view;
    scene_ready(scene);
    scene_say(scene, "x");
    scene_round(scene, two, 2, 0);
    settle(ui);
    send(ui, " .tr\r");
    CHECK(strcmp(next(ui).text, " .tr") == 0);
    CHECK(!view->holding && !view->race_off);
    send(ui, "\033OR"); /* F3 */
    settle(ui);
    CHECK(view->explaining);
    send(ui, " ");
    CHECK(view->holding);
    scene_round(scene, two, 2, 0);
    scene_round(scene, two, 2, 0);
    CHECK(view->n_rounds == 1);
    send(ui, ".");
    CHECK(view->n_rounds == 2 && view->holding);
    send(ui, "t"); /* the words, and the round is still explained */
    settle(ui);
    CHECK(view->explaining && !view->to_words);
    send(ui, "t");
    send(ui, "r");
    CHECK(view->race_off);
    send(ui, "r");
    CHECK(!view->race_off);
    scene_done(scene, "eos");
    send(ui, ".");
    CHECK(view->n_rounds == 3 && view->holding);
    send(ui, "."); /* nothing is left but the end */
    CHECK(!view->holding && view->state == VIEW_IDLE);
    CHECK(none(ui));
    send(ui, "\033[D\033[D."); /* two rounds back, one further */
    CHECK(view_round(view)->round == 2);
    send(ui, " ");
    CHECK(!view->holding); /* nothing goes on */
    /* What is held does not keep from stopping: that ends it. */
    scene_say(scene, "y");
    send(ui, " ");
    CHECK(view->holding);
    scene_round(scene, two, 2, 0);
    send(ui, "\x03");
    CHECK(!view->holding && next(ui).type == UI_STOP);
    send(ui, "\033");
    settle(ui);
    CHECK(!view->explaining);
    /* A letter elsewhere begins what is typed. */
    send(ui, "\033OSthere\r");
    CHECK(strcmp(next(ui).text, "there") == 0);
}

/* While something plays, keys that hold and step are its own, wherever the focus is. */
static void case_plays(Ui *ui, Scene *scene)
{
    static const char *const two[] = {" five", " six"};
    View *view = &scene->view;
    PlayBar bar = {.shown = true};
    scene_ready(scene);
    scene_say(scene, "x");
    scene_round(scene, two, 2, 0);
    ui_set_play(ui, &bar);
    static const int panes[] = {PANE_CHAT, PANE_TREE, PANE_RACE, PANE_THRESHOLDS};
    for (size_t i = 0; i < sizeof panes / sizeof *panes; i++) {
        ui_focus(ui, panes[i]);
        settle(ui);
        int slider = view->slider;
        played[0] = '\0';
        send(ui, " .,");
        CHECK(strcmp(played, " .,") == 0);
        CHECK(!view->holding && view->slider == slider);
    }
    ui_focus(ui, PANE_TREE); /* and others are not */
    settle(ui);
    send(ui, "rt");
    CHECK(strcmp(played, " .,r") == 0 && !view->race_off && view->to_words);
    bar.shown = false;
    ui_set_play(ui, &bar);
    ui_focus(ui, PANE_TREE);
    send(ui, " ");
    CHECK(view->holding);
}

static void test_looking(void **state)
{
    (void)state;
    free(run(case_plays, 100, 30).output);
    free(run(case_looks, 100, 30).output);
    free(run(case_looks, 80, 24).output);
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
    /* Esc leaves a page first, or a pane. */
    send(ui, "\033[15~\033");
    settle(ui);
    UiAction action = next(ui);
    CHECK(action.type == UI_FORECASTS && action.on);
    action = next(ui);
    CHECK(action.type == UI_FORECASTS && !action.on);
    CHECK(none(ui));
    send(ui, "\033[13~\033");
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

/* What was found stands behind the profile's targets, and letters narrow the list down. */
static void case_found(Ui *ui, Scene *scene)
{
    static const ViewFound found[] = {
        {.name = "alpha-7b-q4", .about = "llama 7.2B Q4_K 4.1 GB", .other_words = true},
        {.name = "beta", .about = "qwen2 630M Q5_0 491 MB"},
        {.name = "od\033[31md", .about = "qwen2 72B Q4_K 41 GB", .too_large = true},
    };
    UiAction action;
    scene_ready(scene);
    settle(ui);
    send(ui, "\033OQ"); /* F2 */
    CHECK(ui_next(ui, &action) && action.type == UI_FIND);
    view_set_found(&scene->view, found, 3);
    settle(ui);
    send(ui, "\033[F\033[A\r"); /* the last but one */
    action = next(ui);
    CHECK(action.type == UI_TARGET && action.index == -1 && strcmp(action.text, "beta") == 0);
    send(ui, "\033OQ3");
    CHECK(strcmp(next(ui).text, "alpha-7b-q4") == 0);
    send(ui, "\033OQLLX"); /* of the row's text, in letters of any size; then of none */
    settle(ui);
    send(ui, "\r");
    CHECK(none(ui));
    send(ui, "\033OQLLX\x7f");
    settle(ui);
    send(ui, "\r");
    CHECK(strcmp(next(ui).text, "alpha-7b-q4") == 0);
    send(ui, "\033OQq41\r"); /* digits too, once there is a letter */
    CHECK(none(ui));
    send(ui, "\033OQ/quit\r");
    CHECK(strcmp(next(ui).text, "/quit") == 0);
    view_set_found(&scene->view, NULL, 0);
    send(ui, "\033OQ\033[F\r");
    CHECK(next(ui).index == 1);
}

static void test_found(void **state)
{
    (void)state;
    Outcome outcome = run(case_found, 100, 30);
    assert_true(has(&outcome, "alpha-7b-q4"));
    assert_true(has(&outcome, "TARGET with LL"));
    free(outcome.output);
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
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_wheel),
        cmocka_unit_test(test_chat_alone),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_paste_without_an_end),
        cmocka_unit_test(test_any_text_is_drawn),
        cmocka_unit_test(test_looking),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_stop_and_quit),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_light_terminal),
        cmocka_unit_test(test_answering_terminal),
        cmocka_unit_test(test_no_color),
        cmocka_unit_test(test_light_by_environment),
        cmocka_unit_test(test_zoom_and_hide),
        cmocka_unit_test(test_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
