/* test_demo.c - `s2d demo`: the one that ships, and one that leads tiny models, in tmux. This program
 * stands in for s2d.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/demo/shipped.h"
#include "app/play/player.h"
#include "tests/support/model_folder.h"
#include "tests/support/patience.h"
#include "tests/support/program.h"
#include "tests/support/small_trace.h"

enum { SCREEN_BYTES = 1 << 16, SHIPPED_MOST = 1 << 20 };

static ModelFolder folder;
static bool have_tmux;

/* ---- what ships ---- */

static void open_shipped(Script *script, Timeline *timeline)
{
    Err err = {0};
    size_t bytes;
    const char *text = shipped_script(&bytes);
    if (script_parse(script, text, bytes, "demo.yaml", &err) != 0)
        fail_msg("%s", err.text);
    text = shipped_trace(&bytes);
    assert_in_range(bytes, 1000, SHIPPED_MOST);
    FILE *file = fmemopen((char *)text, bytes, "r");
    if (timeline_open(timeline, file, "demo.jsonl", script, &err) != 0)
        fail_msg("%s", err.text);
}

/* A fast answer, a switch with the draft kept, a threshold moved, a round looked at; in two minutes or
 * not much more. */
static void the_demo_shows_what_it_promises(void **state)
{
    (void)state;
    Script script;
    Timeline timeline;
    Player player;
    Err err = {0};
    bool kept = false, moved = false, browsed = false;
    open_shipped(&script, &timeline);
    assert_true(timeline.answers >= 3 && timeline.captions);
    assert_true(timeline.end_ms > 60e3 && timeline.end_ms < 180e3);
    assert_int_equal(player_open(&player, &timeline, &err), 0);
    float threshold = -1;
    for (double at = 0; !player_at_end(&player); at += 500) {
        assert_int_equal(player_go(&player, at, &err), 0);
        const EventReady *ready = &player.view.ready;
        kept = kept || player.view.draft_kept;
        browsed = browsed || player.view.browsed > 0;
        moved = moved || (threshold >= 0 && ready->thresholds[0] != threshold && ready->n_exits);
        threshold = ready->n_exits ? ready->thresholds[0] : -1;
    }
    assert_true(kept && moved && browsed);
    player_close(&player);
    timeline_close(&timeline);
    script_close(&script);
}

/* All of a caption is read, in a window of 80 columns too. */
static void captions_fit_their_rows(void **state)
{
    (void)state;
    Script script;
    Timeline timeline;
    open_shipped(&script, &timeline);
    for (int i = 0; i < script.n_steps; i++) {
        char clean[PLAY_CAPTION_BYTES];
        size_t skip, left;
        if (script.steps[i].kind != STEP_CAPTION)
            continue;
        text_clean_line(script.steps[i].text, clean, sizeof(clean));
        const char *s = clean;
        left = strlen(s);
        for (int row = 0; row < PLAY_CAPTION_ROWS && left > 0; row++) {
            size_t n = text_wrap(s, left, 78, &skip) + skip;
            s += n;
            left -= n;
        }
        if (left > 0)
            fail_msg("line %d: \"%s\" is too long", script.steps[i].line, clean);
    }
    timeline_close(&timeline);
    script_close(&script);
}

/* ---- the command ---- */

static void run_line(Result *result, const char *line)
{
    program_line(result, &folder, NULL, line);
}

static void a_cast_needs_no_terminal_and_no_model(void **state)
{
    (void)state;
    static Result result;
    char path[256], line[64] = "";
    run_line(&result, "demo --cast F/demo.cast --size 80x24");
    if (result.status != 0)
        fail_msg("%s", result.err);
    FILE *file = fopen(model_folder_file(&folder, "demo.cast", path), "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_non_null(strstr(line, "{\"version\":2,\"width\":80,\"height\":24,"));
    fclose(file);
    run_line(&result, "demo --cast F/demo.cast");
    assert_int_equal(result.status, EXIT_DATA); /* it is there */
    assert_non_null(strstr(result.err, "exists"));
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
        int status;
    } cases[] = {
        {"demo", "s2d demo: needs a terminal", EXIT_USAGE},
        {"demo F/a.yaml F/b.yaml", "one script at a time", EXIT_USAGE},
        {"demo --cast F/x.cast --size 10x10", "10x10", EXIT_USAGE},
        {"demo --cast F/x.cast F/none.yaml", "none.yaml", EXIT_NOINPUT},
        {"demo --cast F/x.cast F/wrong.yaml", "wrong.yaml:2:5: there is no such key here: shout",
         EXIT_DATA},
        {"demo --cast F/x.cast F/lost.yaml", "lost.jsonl", EXIT_NOINPUT},
        {"demo --cast F/x.cast F/other.yaml", "other.yaml:3:10: say: the trace ", EXIT_DATA},
        {"demo --cast F/x.cast --live", "this demo is live", EXIT_USAGE},
        {"replay --cast F/x.cast -", "standard input", EXIT_USAGE},
    };
    static Result result;
    char *trace = small_trace(true);
    model_folder_write(&folder, "small.jsonl", trace);
    free(trace);
    model_folder_write(&folder, "wrong.yaml", "steps:\n  - shout: x\n");
    model_folder_write(&folder, "lost.yaml", "trace: lost.jsonl\nsteps:\n  - say: x\n");
    model_folder_write(&folder, "other.yaml", "trace: small.jsonl\nsteps:\n  - say: x\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        run_line(&result, cases[i].line);
        if (result.status != cases[i].status || !strstr(result.err, cases[i].message))
            fail_msg("%s: %d, %s", cases[i].line, result.status, result.err);
    }
}

static void a_replay_becomes_a_cast(void **state)
{
    (void)state;
    static Result result;
    char path[256];
    char *trace = small_trace(true);
    model_folder_write(&folder, "small.jsonl", trace);
    free(trace);
    run_line(&result, "replay F/small.jsonl --cast F/small.cast");
    assert_int_equal(result.status, 0);
    assert_int_equal(access(model_folder_file(&folder, "small.cast", path), R_OK), 0);
    run_line(&result, "replay F/small.jsonl");
    assert_int_equal(result.status, 0);
    assert_true(strncmp(result.out, "> " SMALL_TRACE_FIRST "\n\n w1 t", 24) == 0);
}

/* ---- on the screen ---- */

static int tmux(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int tmux(char *out, const char *format, ...)
{
    char command[2048];
    int used = snprintf(command, sizeof(command), "tmux -L s2d-demo-%d -f /dev/null ", getpid());
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command + used, sizeof(command) - (size_t)used, format, arguments);
    va_end(arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n = out ? fread(out, 1, SCREEN_BYTES - 1, pipe) : 0;
    if (out)
        out[n] = '\0';
    return pclose(pipe);
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

static void type(const char *keys)
{
    assert_int_equal(tmux(NULL, "send-keys -t s2d %s", keys), 0);
}

static void start(const char *arguments)
{
    char program[256] = "";
    assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
    tmux(NULL, "kill-session -t s2d 2>/dev/null");
    assert_int_equal(tmux(NULL,
                          "new-session -d -s s2d -x 100 -y 30 env LC_ALL=C.UTF-8 XDG_DATA_HOME=%s "
                          "XDG_STATE_HOME=%s XDG_CONFIG_HOME=%s sh -c 'cd %s; %s %s; "
                          "echo status=$?; sleep 600'",
                          folder.path, folder.path, folder.path, folder.path, program, arguments),
                     0);
}

static void skip_without_tmux(void)
{
    if (!have_tmux) {
        print_message("tmux is not installed: the demo is not tried in a terminal\n");
        skip();
    }
}

static void the_shipped_demo_is_moved_about_in(void **state)
{
    (void)state;
    skip_without_tmux();
    start("demo");
    wait_for("RECORDED");
    type("Down");
    wait_for("answer 1 of");
    type(".");
    wait_for("HELD");
    wait_for("round 1 ");
    type(".");
    wait_for("round 2 ");
    type(",");
    wait_for("round 1 ");
    type("End");
    wait_for(" END ");
    type("Home");
    wait_for("HELD  0:00 of");
    type("F1");
    wait_for("WHILE IT PLAYS");
    assert_non_null(strstr(screen(), "RECORDED"));
    type("."); /* closes it, and is no word for an input line */
    wait_for("round 1 ");
    type("F3"); /* in a pane the keys that step are the bar's as well */
    wait_for("WHY");
    type(".");
    wait_for("round 2 ");
    type(",");
    wait_for("round 1 ");
    type("Escape");
    wait_for("DRAFT TREE");
    type("C-x /"); /* what is searched for is typed, in place of the bar */
    assert_int_equal(tmux(NULL, "send-keys -t s2d -l 'q.'"), 0);
    wait_for("\n/q.");
    type("Escape");
    wait_for("RECORDED");
    assert_non_null(strstr(screen(), "round 1 "));
    type("q");
    wait_for("status=0");
}

static void a_live_script_asks_sets_and_switches(void **state)
{
    (void)state;
    skip_without_tmux();
    model_folder_write(&folder, "live.yaml",
                       "profile: ./tiny.yaml\n"
                       "steps:\n"
                       "  - caption: the first caption\n"
                       "  - set: max_tokens 20\n"
                       "  - say: zero\n"
                       "  - wait: answer\n"
                       "  - ab: plain\n"
                       "  - wait: answer\n"
                       "  - caption: in turn\n"
                       "  - hold: 600\n"
                       "  - say: one\n"
                       "  - wait: answer\n"
                       "  - set: tau 2 0.25\n"
                       "  - caption: the second caption\n"
                       "  - hold: 600\n"
                       "  - switch: 2\n"
                       "  - say: two\n"
                       "  - caption: the third caption\n"
                       "  - hold: 600\n"
                       "  - wait: 3 rounds\n"
                       "  - browse: -1\n"
                       "  - wait: answer\n");
    start("demo live.yaml");
    wait_for(" LIVE ");
    wait_for("in turn");
    wait_for("A/B ");
    type("."); /* nobody waits ten minutes */
    wait_for("the second caption");
    wait_for("step 13 of 20");
    assert_non_null(strstr(screen(), "you> one"));
    assert_non_null(strstr(screen(), "e2  .25"));
    type(".");
    wait_for("the third caption"); /* the screen stands still since before the answer */
    usleep(300000);
    assert_null(strstr(screen(), "READY"));
    assert_null(strstr(screen(), "held, ")); /* the bar tells of it */
    type(".");
    wait_for("the script ends here");
    assert_non_null(strstr(screen(), "you> two"));
    assert_non_null(strstr(screen(), "draft kept"));
    assert_null(strstr(screen(), " LIVE "));
    assert_int_equal(tmux(NULL, "send-keys -t s2d -l 'three'"), 0); /* the line is the person's */
    type("Enter");
    wait_for("you> three");
    type("F10");
    wait_for("status=0");
}

static void a_script_that_cannot_go_on_ends(void **state)
{
    (void)state;
    skip_without_tmux();
    model_folder_write(&folder, "broken.yaml",
                       "profile: ./tiny.yaml\n"
                       "steps:\n  - say: one\n  - set: nonsense 3\n  - say: never asked\n");
    start("demo broken.yaml");
    wait_for("the script cannot go on");
    assert_null(strstr(screen(), "never asked"));
    type("F10");
    wait_for("status=0");
}

static int setup(void **state)
{
    (void)state;
    have_tmux = system("command -v tmux >/dev/null 2>&1") == 0;
    if (have_tmux && tmux(NULL, "start-server \\; set-option -g exit-empty off") != 0)
        return -1;
    return model_folder_make(&folder);
}

static int teardown(void **state)
{
    (void)state;
    if (have_tmux)
        tmux(NULL, "kill-server 2>/dev/null");
    model_folder_remove(&folder);
    return 0;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    if (argc > 1)
        return strcmp(argv[1], "worker") == 0   ? cmd_worker(argc - 1, argv + 1)
               : strcmp(argv[1], "replay") == 0 ? cmd_replay(argc - 1, argv + 1)
                                                : cmd_demo(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_shows_what_it_promises),
        cmocka_unit_test(captions_fit_their_rows),
        cmocka_unit_test(a_cast_needs_no_terminal_and_no_model),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_replay_becomes_a_cast),
        cmocka_unit_test(the_shipped_demo_is_moved_about_in),
        cmocka_unit_test(a_live_script_asks_sets_and_switches),
        cmocka_unit_test(a_script_that_cannot_go_on_ends),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
