/* test_run_heads.c - heads from the first answer to the last token, on tiny models: a target answers
 * prompts, heads learn from the answers, and what they draft changes no text. This program stands in
 * for s2d.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "tests/support/program.h"

static ModelFolder folder;
static Result result, plain;

static const char *const kinds[] = {"eagle", "eagle3", "medusa", "hydra"};
enum { KINDS = 4 };

static void run(Result *to, const char *line)
{
    program_line(to, &folder, NULL, line);
    if (to->status != 0)
        fail_msg("%s: %s", line, to->err);
}

/* The target's own answers to forty short prompts, and a head of each kind that learned from them. */
static int setup(void **state)
{
    char prompts[1024] = "", line[256];
    (void)state;
    if (model_folder_make(&folder) != 0)
        return -1;
    for (int i = 0; i < 40; i++)
        snprintf(prompts + strlen(prompts), sizeof prompts - strlen(prompts), "%c%c\n",
                 'a' + i % 26, 'b' + i / 2);
    model_folder_write(&folder, "prompts.txt", prompts);
    run(&result,
        "train --generate -m F/target.gguf --prompts F/prompts.txt -o F/answers.jsonl -n 48 "
        "--temp 0.7 --seed 3");
    for (int k = 0; k < KINDS; k++) {
        snprintf(
            line, sizeof line,
            "train --method %s -m F/target.gguf --data F/answers.jsonl -o F/%s.gguf --steps %d "
            "--batch 512 --length 128 --rate 0.005",
            kinds[k], kinds[k], 20);
        run(&result, line);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

static void heads_change_no_text(void **state)
{
    static const char *const trees[] = {"auto", "off", "static", "4x3x12"};
    static const char *const temperatures[] = {"0", "0.8"};
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        for (int t = 0; t < 2; t++) {
            char line[512];
            snprintf(line, sizeof line,
                     "run --profile P -p ab -n 50 --ignore-eos --drafter plain "
                     "--temp %s --seed 4",
                     temperatures[t]);
            run(&plain, line);
            for (int i = 0; i < 4; i++) {
                snprintf(line, sizeof line,
                         "run --profile P -p ab -n 50 --ignore-eos --spec on --drafter "
                         "%s:%s/%s.gguf --tree %s --temp %s --seed 4",
                         kinds[k], folder.path, kinds[k], trees[i], temperatures[t]);
                run(&result, line);
                assert_string_equal(result.out, plain.out);
            }
        }
    }
}

static void heads_end_before_a_stop_string(void **state)
{
    (void)state;
    char typed[64], drafter[300];
    run(&plain, "run --profile P -p ab -n 80 --ignore-eos --drafter plain --temp 0.8 --seed 4");
    const char *end = program_stop(plain.out, typed);
    for (int k = 0; k < KINDS; k++) {
        char path[256];
        snprintf(drafter, sizeof drafter, "%s:%s/%s.gguf", kinds[k], folder.path, kinds[k]);
        char *words[] = {"s2d",
                         "run",
                         "--profile",
                         model_folder_file(&folder, "tiny.yaml", path),
                         "-p",
                         "ab",
                         "-n",
                         "80",
                         "--ignore-eos",
                         "--temp",
                         "0.8",
                         "--seed",
                         "4",
                         "--spec",
                         "on",
                         "--drafter",
                         drafter,
                         "--stop",
                         typed,
                         NULL};
        program_run(&result, NULL, false, words);
        assert_int_equal(result.status, 0);
        assert_int_equal(strlen(result.out), end - plain.out);
        assert_memory_equal(result.out, plain.out, strlen(result.out));
        assert_non_null(strstr(result.err, "ended: stop string"));
    }
}

static void a_profile_names_a_head(void **state)
{
    (void)state;
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "name: heads\ntargets:\n  - model: %s/target.gguf\n    drafter: eagle\n    head: "
             "eagle.gguf\n  - model: %s/second.gguf\n",
             folder.path, folder.path);
    model_folder_write(&folder, "heads.yaml", yaml);
    run(&plain, "run --profile F/heads.yaml -p ab -n 60 --ignore-eos --drafter plain");
    run(&result, "run --profile F/heads.yaml -p ab -n 60 --ignore-eos --spec on");
    assert_string_equal(result.out, plain.out);
    run(&result, "info F/heads.yaml");
    assert_non_null(strstr(result.out, "eagle.gguf, eagle, 0."));
    run(&result, "info F/eagle3.gguf");
    assert_non_null(strstr(result.out, "head       eagle3, for target\n"));
    assert_non_null(strstr(result.out, "the stream after layer 2, after layer 4, after layer 5\n"));
    run(&result, "run --profile F/heads.yaml -p ab -n 9 --ignore-eos --spec on --json");
    assert_non_null(strstr(result.out, "\"drafter\":\"eagle\""));
    assert_non_null(strstr(result.out, "\"head\":\"eagle.gguf\""));
}

static void heads_of_others_are_refused(void **state)
{
    static const struct {
        const char *line;
        int status;
        const char *said;
    } cases[] = {
        {"run --profile P -p ab --drafter eagle", EXIT_USAGE, "has no eagle head here"},
        {"run --profile P -p ab --drafter eagle:F/none.gguf", EXIT_USAGE, "none"},
        {"run --profile P -p ab --drafter s2d:x", EXIT_USAGE, "--drafter"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program_line(&result, &folder, NULL, cases[i].line);
        if (i == 1) {
            char line[300];
            snprintf(line, sizeof line, "run --profile P -p ab --drafter eagle:%s/none.gguf",
                     folder.path);
            program_line(&result, &folder, NULL, line);
            assert_int_equal(result.status, EXIT_NOINPUT);
            continue;
        }
        assert_int_equal(result.status, cases[i].status);
        assert_non_null(strstr(result.err, cases[i].said));
    }
    const struct {
        const char *drafter, *target;
        const char *said;
    } misfits[] = {{"medusa", "second.gguf", "it belongs to target: its number of layers is 8"},
                   {"eagle", "spm.gguf", "it belongs to target: its "}};
    for (size_t i = 0; i < 2; i++) {
        char line[400];
        snprintf(line, sizeof line, "run --draft none -m %s/%s -p ab --drafter %s:%s/%s.gguf",
                 folder.path, misfits[i].target, misfits[i].drafter, folder.path,
                 misfits[i].drafter);
        program_line(&result, &folder, NULL, line);
        assert_int_equal(result.status, EXIT_DATA);
        assert_non_null(strstr(result.err, misfits[i].said));
    }
    /* A file of another kind. */
    char line[400];
    snprintf(line, sizeof line, "run --profile P -p ab --drafter eagle:%s/medusa.gguf",
             folder.path);
    program_line(&result, &folder, NULL, line);
    assert_int_equal(result.status, EXIT_DATA);
    assert_non_null(strstr(result.err, "medusa.gguf is a head of the kind medusa, not eagle"));
}

/* Of another target's head a warning tells; the profile's drafter goes on. */
static void a_switch_leaves_the_head_behind(void **state)
{
    char line[400], input[400];
    (void)state;
    snprintf(line, sizeof line, "chat --plain --profile P --drafter hydra:%s/hydra.gguf --spec on",
             folder.path);
    snprintf(input, sizeof input, "ab\n/target 2\ncd\n/target 1\nef\n/quit\n");
    program_line(&result, &folder, input, line);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "it belongs to target"));
    assert_non_null(strstr(result.err, "drafts for second"));
}

/* Beside a draft, nobody having said which: both draft, one after the other, and no text changes. */
static void a_draft_and_a_head_take_turns(void **state)
{
    char yaml[600], line[300];
    (void)state;
    snprintf(yaml, sizeof yaml,
             "name: both\ndraft: {base: %s/draft.gguf}\ntargets:\n  - model: %s/target.gguf\n    "
             "head: hydra.gguf\nmax_tokens: 120\n",
             folder.path, folder.path);
    model_folder_write(&folder, "both.yaml", yaml);
    static const char input[] = "ab\ncd\nef\ngh\nij\nkl\n/quit\n";
    snprintf(line, sizeof line, "chat --plain --profile F/both.yaml");
    program_line(&result, &folder, input, line);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "drafter ngram+s2d"));
    assert_non_null(strstr(result.err, "drafter hydra"));
    program_line(&plain, &folder, input, "chat --plain --profile F/both.yaml --drafter plain");
    assert_string_equal(result.out, plain.out);
}

static void methods_of_the_benchmark(void **state)
{
    (void)state;
    char line[600];
    model_folder_write(&folder, "q.jsonl",
                       "{\"question_id\":1,\"category\":\"writing\",\"turns\":[\"one\"]}\n");
    snprintf(line, sizeof line,
             "bench spec --profile P --questions F/q.jsonl -n 20 --spec on --methods "
             "eagle@%s/eagle.gguf,medusa/off@%s/medusa.gguf,hydra/static@%s/hydra.gguf",
             folder.path, folder.path, folder.path);
    run(&result, line);
    assert_int_equal(strncmp(result.out, "all 3 texts are plain decoding's", 32), 0);
    assert_non_null(strstr(result.out, "eagle@eagle.gguf"));
    assert_non_null(strstr(result.out, "EAGLE, tree"));
    assert_non_null(strstr(result.out, "2.62/3.84"));
    assert_non_null(strstr(result.out, "1.34/1.76"));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return dispatch(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_change_no_text),
        cmocka_unit_test(heads_end_before_a_stop_string),
        cmocka_unit_test(a_profile_names_a_head),
        cmocka_unit_test(heads_of_others_are_refused),
        cmocka_unit_test(a_switch_leaves_the_head_behind),
        cmocka_unit_test(a_draft_and_a_head_take_turns),
        cmocka_unit_test(methods_of_the_benchmark),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
