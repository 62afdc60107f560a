/* test_profile.c - profiles: what they say comes through, and what is wrong is refused where it
 * stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/profile/profile.h"
#include "tests/support/temp.h"

#define TARGET "name: a\ntargets:\n  - model: x\n" /* the smallest profile: three lines */
#define DRAFT "name: a\ndraft: {base: b, layers: 12, exits: [6, 12]}\n"

static int parse(Profile *profile, const char *yaml, Err *err)
{
    *err = (Err){0};
    return profile_parse(profile, yaml, strlen(yaml), "p.yaml", err);
}

static void test_smallest(void **state)
{
    (void)state;
    Profile p;
    Err err;
    assert_int_equal(parse(&p, TARGET, &err), 0);
    assert_string_equal(p.name, "a");
    assert_string_equal(p.path, "p.yaml");
    assert_int_equal(p.n_targets, 1);
    assert_string_equal(p.targets[0].model, "x");
    assert_int_equal(p.targets[0].n_thresholds, 0);
    assert_null(p.draft_base);
    assert_true(p.tree_auto);
    assert_true(p.temperature == 0 && p.top_p == 1);
    assert_int_equal(p.top_k, 0);
    assert_int_equal(p.seed, 1);
    assert_null(p.system);
    assert_null(p.template);
    assert_string_equal(p.device, "auto");
    profile_close(&p);
}

static void test_everything(void **state)
{
    (void)state;
    Profile p;
    Err err;
    const char *yaml =
        DRAFT "targets:\n"
              "  - {model: big, thresholds: [0.75, 0.2], drafter: exit:6}\n"
              "  - {model: ./my file.gguf}\n"
              "tree: {depth: 4, width: 3, nodes: 12}\n"
              "sampling: {temperature: 0.8, top_k: 40, top_p: 0.95, seed: 7,\n"
              "           stop: [\"\\n\\n\", 'You:', \"You:\"]}\n"
              "system: |\n  Be brief.\n  Be kind.\n"
              "context: 2048\nkv: q8\nmax_tokens: 256\nthreads: 3\ntemplate: chatml\ndevice: cpu\n";
    assert_int_equal(parse(&p, yaml, &err), 0);
    assert_string_equal(p.draft_base, "b");
    assert_int_equal(p.draft_layers, 12);
    assert_int_equal(p.n_exits, 2);
    assert_int_equal(p.exits[0], 6);
    assert_int_equal(p.exits[1], 12);
    assert_null(p.draft_list);
    assert_null(p.draft_adapter);
    assert_false(p.draft_exact);
    assert_int_equal(p.n_targets, 2);
    assert_int_equal(p.targets[0].n_thresholds, 2);
    assert_true(p.targets[0].thresholds[0] == 0.75 && p.targets[0].thresholds[1] == 0.2);
    assert_string_equal(p.targets[0].drafter, "exit:6");
    assert_string_equal(p.targets[1].model, "./my file.gguf");
    assert_string_equal(p.targets[1].drafter, "");
    assert_false(p.tree_auto);
    assert_int_equal(p.tree_depth, 4);
    assert_int_equal(p.tree_width, 3);
    assert_int_equal(p.tree_nodes, 12);
    assert_true(p.temperature == 0.8 && p.top_p == 0.95);
    assert_int_equal(p.top_k, 40);
    assert_int_equal(p.seed, 7);
    assert_int_equal(p.stops.n, 2);
    assert_string_equal(p.stops.text[0], "\n\n");
    assert_string_equal(p.stops.text[1], "You:");
    assert_string_equal(p.system, "Be brief.\nBe kind.\n");
    assert_int_equal(p.context, 2048);
    assert_int_equal(p.kv, KV_Q8);
    assert_int_equal(p.max_tokens, 256);
    assert_int_equal(p.threads, 3);
    assert_string_equal(p.template, "chatml");
    assert_string_equal(p.device, "cpu");
    profile_close(&p);
    assert_null(p.name); /* closed is empty: closing again is harmless */
    profile_close(&p);
}

static void test_draft(void **state)
{
    (void)state;
    Profile p;
    Err err;
    const char *yaml =
        TARGET "draft: {base: b, short_list: b.ids, adapter: a.gguf, requantise: off}\n";
    assert_int_equal(parse(&p, yaml, &err), 0);
    assert_string_equal(p.draft_list, "b.ids");
    assert_string_equal(p.draft_adapter, "a.gguf");
    assert_int_equal(p.draft_ids.n, 0); /* text alone reads no files */
    assert_true(p.draft_exact);
    profile_close(&p);
    assert_int_equal(parse(&p, TARGET "draft: {base: b, requantise: auto}\n", &err), 0);
    assert_false(p.draft_exact);
    profile_close(&p);
}

static void test_empty_values(void **state)
{
    (void)state;
    Profile p;
    Err err;
    assert_int_equal(parse(&p, TARGET "template:   # the model's own\nsystem:\n", &err), 0);
    assert_null(p.template);
    assert_null(p.system);
    profile_close(&p);
}

/* Each: a profile and the start of the one message that it must get. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"", "p.yaml: empty"},
        {"# nothing but this\n", "p.yaml: empty"},
        {"---\n", "p.yaml:"},
        {"[a]", "p.yaml:1:1: a profile is a mapping"},
        {"coder", "p.yaml:1:1: a profile is a mapping"},
        {"name: a\n  b: c", "p.yaml:2:4: "},
        {"name: {a", "p.yaml:"},
        {"name: \xff", "p.yaml:1:"},
        {"name: a", "p.yaml:1:7: missing here: targets"},
        {"targets: [{model: x}]", "p.yaml:1:10: missing here: name"},
        {"name:\ntargets: [{model: x}]", "p.yaml:1:6: a value is missing here"},
        {"name: a\ntargets: x", "p.yaml:2:10: a list is wanted here"},
        {"name: a\ntargets: []", "p.yaml:2:10: this list is empty"},
        {"name: a\ntargets: [x]", "p.yaml:2:11: keys and values are wanted here"},
        {"name: [a]\ntargets: [{model: x}]", "p.yaml:1:7: a single value is wanted here"},
        {TARGET "colour: red",
         "p.yaml:4:1: there is no such key here: colour; known here: name, draft, targets, tree"},
        {TARGET "seed: 1", "p.yaml:4:1: there is no such key here: seed"},
        {TARGET "tree: {mode: auto, hight: 3}",
         "p.yaml:4:20: there is no such key here: hight; known here: mode, depth, width, nodes"},
        {TARGET "draft: {base: b, adaptor: c}", "p.yaml:4:18: there is no such key here: adaptor"},
        {TARGET "draft: {base: b, adapter: ''}", "p.yaml:4:27: draft.adapter: a file is named"},
        {"name: a\ntargets: [{model: x}, {modell: y}]",
         "p.yaml:2:24: there is no such key here: modell; known here: model, thresholds, drafter"},
        {TARGET "context: 1\nthreads: 1\ncontext: 2", "p.yaml:6:1: given twice: context"},
        {"a: &x b\nname: *x", "p.yaml:1:4: anchors and aliases"},
        {"name: *x", "p.yaml:1:7: anchors and aliases"},
        {TARGET "---\nname: b", "p.yaml:4:1: a second document"},
        {"? [a]\n: b", "p.yaml:1:3: a key must be a single word"},
        {"name: \"a\\0b\"", "p.yaml:1:7: a control character"},
        {"name: \"a\\e[2J\"", "p.yaml:1:7: a control character"},
        {"name: \"a\\x9b2J\"", "p.yaml:1:7: a control character"},
        {TARGET "sampling: {stop: []}", "p.yaml:4:18: this list is empty"},
        {TARGET "sampling: {stop: [a, '']}",
         "p.yaml:4:22: sampling.stop[1]: a stop string has at least one character"},
        {TARGET "sampling: {stop: [a, b, c, d, e, f, g, h, i]}", "p.yaml:4:43: this list is too"},
        {TARGET "sampling: {temperature: 0.5x}",
         "p.yaml:4:25: sampling.temperature: \"0.5x\" is not"},
        {TARGET "sampling: {temperature: nan}",
         "p.yaml:4:25: sampling.temperature: \"nan\" is not"},
        {TARGET "sampling: {temperature: .inf}",
         "p.yaml:4:25: sampling.temperature: \".inf\" is not"},
        {TARGET "sampling: {temperature: 1e999}",
         "p.yaml:4:25: sampling.temperature: \"1e999\" is not"},
        {TARGET "sampling: {temperature: 0x1}",
         "p.yaml:4:25: sampling.temperature: \"0x1\" is not"},
        {TARGET "sampling: {temperature: -0.1}",
         "p.yaml:4:25: sampling.temperature: -0.1 is not within"},
        {TARGET "sampling: {temperature: 11}",
         "p.yaml:4:25: sampling.temperature: 11 is not within"},
        {TARGET "sampling: {temperature: }", "p.yaml:4:25: sampling.temperature: \"\" is not"},
        {TARGET "sampling: {top_p: -0.1}", "p.yaml:4:19: sampling.top_p: -0.1 is not within"},
        {TARGET "sampling: {top_p: 1.01}", "p.yaml:4:19: sampling.top_p: 1.01 is not within"},
        {TARGET "sampling: {top_k: 1.5}", "p.yaml:4:19: sampling.top_k: \"1.5\" is not a whole"},
        {TARGET "sampling: {seed: -1}", "p.yaml:4:18: sampling.seed: -1 is not within"},
        {TARGET "sampling: {seed: 2147483648}",
         "p.yaml:4:18: sampling.seed: 2147483648 is not within"},
        {TARGET "kv: f32", "p.yaml:4:5: kv: \"f32\" is neither f16 nor q8"},
        {TARGET "threads: maybe", "p.yaml:4:10: threads: \"maybe\" is not a whole number"},
        {TARGET "threads: 99999999999999999999",
         "p.yaml:4:10: threads: 99999999999999999999 is not"},
        {TARGET "threads: 0x10", "p.yaml:4:10: threads: \"0x10\" is not a whole number"},
        {TARGET "threads: ' 4'", "p.yaml:4:10: threads: \" 4\" is not a whole number"},
        {TARGET "tree: {mode: manual}", "p.yaml:4:14: tree.mode: \"manual\" is no mode"},
        {TARGET "tree: {mode: auto, depth: 3}", "p.yaml:4:7: tree: either"},
        {TARGET "tree: {depth: 3, width: 2}", "p.yaml:4:7: tree: either"},
        {TARGET "tree: {depth: 17, width: 2, nodes: 9}",
         "p.yaml:4:15: tree.depth: 17 is not within"},
        {TARGET "tree: {depth: 3, width: 2, nodes: 64}",
         "p.yaml:4:35: tree.nodes: 64 is not within"},
        {TARGET "template: klingon", "p.yaml:4:11: template: there is no template \"klingon\""},
        {TARGET "device: gpu", "p.yaml:4:9: device: \"gpu\" is no device"},
        {TARGET "draft: {layers: 3}", "p.yaml:4:"},
        {TARGET "draft: {base: b, layers: 10, exits: [3, 11]}",
         "p.yaml:4:41: draft.exits[1]: 11 is not"},
        {TARGET "draft: {base: b, short_list: }", "p.yaml:4:30: draft.short_list: a file is"},
        {TARGET "draft: {base: b, short_list: [1]}", "p.yaml:4:30: a single value"},
        {TARGET "draft: {base: b, requantise: on}",
         "p.yaml:4:30: draft.requantise: \"on\" is neither auto nor off"},
        {TARGET "draft: {base: b, exits: [0]}", "p.yaml:4:26: draft.exits[0]: 0 is not within"},
        {TARGET "draft: {base: b, exits: [6, 6]}",
         "p.yaml:4:29: draft.exits[1]: exits go from shallow"},
        {TARGET "draft: {base: b, exits: [1,2,3,4,5,6,7,8,9]}",
         "p.yaml:4:42: this list is too long"},
        {"name: a\ntargets: [{model: x, thresholds: [1]}]",
         "p.yaml:2:34: targets[0].thresholds: thresholds"},
        {DRAFT "targets: [{model: x, thresholds: [1]}]",
         "p.yaml:3:34: targets[0].thresholds: 1 given, but there are 2 exits"},
        {DRAFT "targets: [{model: x}, {model: y, thresholds: [1, 1.5]}]",
         "p.yaml:3:50: targets[1].thresholds[1]: 1.5 is not within"},
        {DRAFT "targets: [{model: x, drafter: guess}]",
         "p.yaml:3:31: targets[0].drafter: \"guess\" is none of plain, sd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Profile p;
        Err err;
        assert_int_equal(parse(&p, cases[i].yaml, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("for <%s>\n  got    <%s>\n  wanted <%s>", cases[i].yaml, err.text,
                     cases[i].message);
        assert_null(p.name); /* nothing is left behind */
    }
}

/* Hostile sizes: refused at once, whatever they would expand to. */
static void test_large(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t count;
        const char *message;
    } cases[] = {
        {"[", 200000, "p.yaml: larger than 64 KiB"},
        {"[", 60000, "p.yaml:1:1: a profile is a mapping"},
        {"{a: ", 15000, "p.yaml:1:25: nested deeper"},
        {"- ", 30000, "p.yaml:1:1: a profile is a mapping"},
        {"a: 1\n", 10000, "p.yaml:513:4: more values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t unit = strlen(cases[i].unit), bytes = unit * cases[i].count;
        char *yaml = malloc(bytes);
        assert_non_null(yaml);
        for (size_t k = 0; k < cases[i].count; k++)
            memcpy(yaml + k * unit, cases[i].unit, unit);
        Profile p;
        Err err = {0};
        assert_int_equal(profile_parse(&p, yaml, bytes, "p.yaml", &err), -1);
        free(yaml);
        if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("got <%s>, wanted <%s>", err.text, cases[i].message);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    const char *yaml =
        DRAFT "targets:\n  - {model: big, thresholds: [0.75, 0.2]}\ntree: {mode: auto}\n";
    for (size_t bytes = 0; bytes < strlen(yaml); bytes++) {
        Profile p;
        Err err = {0};
        if (profile_parse(&p, yaml, bytes, "p.yaml", &err) == 0)
            profile_close(&p);
        else
            assert_int_equal(err.code, EXIT_DATA);
    }
}

static void test_shipped(void **state)
{
    (void)state;
    static const char *const names[] = {"coder", "smollm2", "vicuna"};
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
    for (int i = 0; i < 3; i++) {
        Profile p;
        Err err = {0};
        if (profile_open(&p, names[i], &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(p.name, names[i]);
        assert_non_null(p.draft_base);
        for (int t = 0; t < p.n_targets; t++)
            assert_int_equal(p.targets[t].n_thresholds, p.n_exits);
        profile_close(&p);
    }
}

static void test_places(void **state)
{
    (void)state;
    char folder[TEMP_BYTES], path[128], own[64];
    temp_folder_make(folder);
    snprintf(own, sizeof own, "%s/s2d", folder);
    snprintf(path, sizeof path, "%s/coder.yaml", own);
    assert_int_equal(mkdir(own, 0700), 0);
    file_write_text(path, "name: mine\ntargets: [{model: x}]\n");

    Profile p;
    Err err = {0};
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_int_equal(profile_open(&p, "coder", &err), 0); /* a person's own comes first */
    assert_string_equal(p.name, "mine");
    assert_string_equal(p.path, path);
    profile_close(&p);
    assert_int_equal(profile_open(&p, path, &err), 0);
    profile_close(&p);

    assert_int_equal(profile_open(&p, "no-such-profile", &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    err = (Err){0};
    assert_int_equal(profile_open(&p, "./no-such-file.yaml", &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    err = (Err){0};
    snprintf(path, sizeof path, "%s/", folder);
    assert_int_equal(profile_open(&p, path, &err), -1); /* a folder */
    assert_int_equal(err.code, EXIT_IO);
    snprintf(path, sizeof path, "%s/coder.yaml", own);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    err = (Err){0};
    assert_int_equal(profile_open(&p, path, &err), -1); /* a pipe: must not wait for a writer */
    assert_int_equal(err.code, EXIT_IO);
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest),         cmocka_unit_test(test_everything),
        cmocka_unit_test(test_empty_values),     cmocka_unit_test(test_draft),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_large),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
