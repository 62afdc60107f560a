/* test_script.c - scripts: every step, and what is wrong with a file and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "app/play/script.h"

static int parse(Script *script, const char *yaml, Err *err)
{
    *err = (Err){0};
    return script_parse(script, yaml, strlen(yaml), "s.yaml", err);
}

static void steps_are_read(void **state)
{
    (void)state;
    static const char yaml[] = "name: two\n"
                               "trace: t.jsonl\n"
                               "profile: coder\n"
                               "steps:\n"
                               "  - caption: Look.\n"
                               "  - say: |\n"
                               "      one\n"
                               "      two\n"
                               "  - wait: answer\n"
                               "  - wait: 12 rounds\n"
                               "  - wait: 1 round\n"
                               "  - wait: 2.5 s\n"
                               "  - switch: 2\n"
                               "  - set: tau 6 0.5\n"
                               "  - set: max_tokens 90\n"
                               "  - hold: 4\n"
                               "  - focus: tree\n"
                               "  - browse: -2\n"
                               "  - caption: ''\n"
                               "  - ab: plain\n";
    Script script;
    Err err;
    if (parse(&script, yaml, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(script.name, "two");
    assert_string_equal(script.trace, "t.jsonl");
    assert_string_equal(script.profile, "coder");
    assert_int_equal(script.n_steps, 14);
    static const StepKind kinds[] = {STEP_CAPTION, STEP_SAY,    STEP_WAIT,    STEP_WAIT, STEP_WAIT,
                                     STEP_WAIT,    STEP_SWITCH, STEP_SET,     STEP_SET,  STEP_HOLD,
                                     STEP_FOCUS,   STEP_BROWSE, STEP_CAPTION, STEP_AB};
    for (int i = 0; i < script.n_steps; i++)
        assert_int_equal(script.steps[i].kind, kinds[i]);
    const Step *steps = script.steps;
    assert_string_equal(steps[1].text, "one\ntwo\n");
    assert_int_equal(steps[2].wait_for, WAIT_ANSWER);
    assert_true(steps[3].wait_for == WAIT_ROUNDS && steps[3].number == 12);
    assert_true(steps[4].wait_for == WAIT_ROUNDS && steps[4].number == 1);
    assert_true(steps[5].wait_for == WAIT_SECONDS && steps[5].number == 2.5);
    assert_true(steps[9].number == 4 && steps[11].number == -2);
    assert_int_equal(steps[10].focus, PANE_TREE);
    assert_int_equal(steps[9].line, 16);
    assert_int_equal(steps[9].column, 11);
    assert_true(script_has_captions(&script));
    assert_true(step_set_is_quiet(&steps[8]) && !step_set_is_quiet(&steps[7]));
    static const char *const commands[] = {"/target 2", "/tau 6 0.5", "/set max_tokens 90"};
    for (int i = 0; i < 3; i++) {
        char *command = step_command(&steps[6 + i]);
        assert_string_equal(command, commands[i]);
        free(command);
    }
    char *command = step_command(&steps[13]);
    assert_string_equal(command, "/ab plain");
    free(command);
    script_close(&script);
}

static void faults_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"", "s.yaml: empty; a script has at least one step"},
        {"# nothing\n", "s.yaml: empty; a script has at least one step"},
        {"name: x\n", "s.yaml:1:7: missing here: steps"},
        {"steps: []\n", "s.yaml:1:8: this list is empty"},
        {"- say: x\n", "s.yaml:1:1: a script is a mapping (`key: value`), not a list"},
        {"steps:\n  - shout: x\n", "s.yaml:2:5: there is no such key here: shout"},
        {"steps:\n  - say: x\n    wait: answer\n", "s.yaml:2:5: steps[0]: a step is one of say,"},
        {"steps:\n  - {}\n", "s.yaml:2:5: steps[0]: a step is one of say,"},
        {"steps:\n  - say: ''\n", "s.yaml:2:10: steps[0].say: a text is missing here"},
        {"steps:\n  - say: x\n  - wait: soon\n",
         "s.yaml:3:11: steps[1].wait: \"soon\" does not begin with a number"},
        {"steps:\n  - wait: 3 hours\n",
         "s.yaml:2:11: steps[0].wait: \"3 hours\" is neither `answer` nor `N rounds` nor `N s`"},
        {"steps:\n  - wait: 601 s\n", "s.yaml:2:11: steps[0].wait: 600 seconds are the most"},
        {"steps:\n  - hold: -1\n", "s.yaml:2:11: steps[0].hold: "},
        {"steps:\n  - hold: 1e3\n", "s.yaml:2:11: steps[0].hold: \"1e3\" is no number of seconds"},
        {"steps:\n  - browse: 1.5\n", "s.yaml:2:13: steps[0].browse: \"1.5\" is no whole number"},
        {"steps:\n  - focus: kitchen\n",
         "s.yaml:2:12: steps[0].focus: \"kitchen\" is no pane; they are chat, tree"},
        {"steps:\n  - set: |\n      a\n      b\n", "s.yaml:2:10: steps[0].set: one line is wanted"},
        {"steps:\n  - say: &a x\n", "s.yaml:2:10: anchors and aliases (& and *) are not used here"},
        {"steps: [\n", "s.yaml:2:1: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        Script script;
        Err err;
        assert_int_equal(parse(&script, cases[i].yaml, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s\n%s", err.text, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_read),
        cmocka_unit_test(faults_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
