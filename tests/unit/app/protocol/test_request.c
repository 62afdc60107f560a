/* test_request.c - requests survive the way through JSON; the command line lies over a profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/options.h"
#include "tests/support/model_folder.h"
#include "tests/support/requests.h"

static ModelFolder folder;

/* There and back; request_free the result. */
static Request pass(const Request *request)
{
    Request back;
    Err err = {0};
    char *line = request_to_line(request);
    assert_non_null(line);
    assert_null(strchr(line, '\n'));
    if (request_from_line(&back, line, strlen(line), &err) != 0)
        fail_msg("%s\n%s", err.text, line);
    char *again = request_to_line(&back);
    assert_string_equal(line, again);
    assert_int_equal(back.type, request->type);
    free(again);
    free(line);
    return back;
}

static void load_survives(void **state)
{
    (void)state;
    const RequestLoad *load = &sample_requests[SAMPLE_LOAD].u.load;
    Request back = pass(&sample_requests[SAMPLE_LOAD]);
    const RequestLoad *got = &back.u.load;
    assert_string_equal(got->profile.name, load->profile.name);
    assert_string_equal(got->profile.draft_base, "draft é");
    assert_int_equal(got->profile.exits[1], 12);
    assert_int_equal(got->profile.draft_ids.n, 6);
    assert_memory_equal(got->profile.draft_ids.ids, load->profile.draft_ids.ids, 6 * sizeof(int));
    assert_string_equal(got->profile.draft_adapter, "/p/a.gguf");
    assert_true(got->profile.draft_exact);
    assert_int_equal(got->profile.n_targets, 2);
    assert_true(got->profile.targets[0].thresholds[0] == 0.7);
    assert_string_equal(got->profile.targets[0].drafter, "ngram");
    assert_int_equal(got->profile.targets[1].n_thresholds, 0);
    assert_string_equal(got->profile.targets[1].drafter, "");
    assert_false(got->profile.tree_auto);
    assert_int_equal(got->profile.tree_nodes, 12);
    assert_true(got->profile.temperature == 0.8 && got->profile.top_p == 0.95);
    assert_string_equal(got->profile.system, "line\nline");
    assert_null(got->profile.template);
    assert_int_equal(got->profile.kv, KV_Q8);
    assert_int_equal(got->target_index, 1);
    assert_int_equal(got->spec, SPEC_OFF);
    assert_string_equal(got->drafter, "exit:6");
    assert_true(got->act_f32 && got->pair);
    request_free(&back);
}

static void the_others_survive(void **state)
{
    (void)state;
    Request back = pass(&sample_requests[SAMPLE_SAY]);
    assert_int_equal(back.u.say.n_messages, 3);
    assert_string_equal(back.u.say.messages[1].text, "tab\t\x1b \ufffd");
    assert_int_equal(back.u.say.messages[2].role, ROLE_ASSISTANT);
    assert_true(back.u.say.ignore_eos && !back.u.say.raw);
    assert_int_equal(back.u.say.seed, UINT32_MAX);
    assert_int_equal(back.u.say.stops.n, 2);
    assert_string_equal(back.u.say.stops.text[1], "é\n\\");
    assert_true(back.u.say.compare);
    assert_memory_equal(back.u.say.sides, sample_requests[SAMPLE_SAY].u.say.sides,
                        sizeof back.u.say.sides);
    request_free(&back);

    back = pass(&sample_requests[SAMPLE_SWITCH]);
    assert_int_equal(back.u.swap.index, 3);
    assert_true(back.u.swap.unload);
    assert_null(back.u.swap.name);
    request_free(&back);
    back = pass(&sample_requests[SAMPLE_SWITCH_NAME]);
    assert_false(back.u.swap.unload);
    assert_string_equal(back.u.swap.name, "coder");
    request_free(&back);

    back = pass(&sample_requests[SAMPLE_SET]);
    assert_memory_equal(&back.u.set, &sample_requests[SAMPLE_SET].u.set, sizeof(RequestSet));
    request_free(&back);

    back = pass(&sample_requests[SAMPLE_COUNT]);
    assert_int_equal(back.u.count.number, 7);
    assert_string_equal(back.u.count.text, "a\n\"b\"");
    request_free(&back);

    back = pass(&sample_requests[SAMPLE_STOP]);
    request_free(&back);
    back = pass(&sample_requests[SAMPLE_QUIT]);
    request_free(&back);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
#define LOAD(profile) "{\"request\":\"load\",\"profile\":{" profile "}}"
#define TARGET "\"targets\":[{\"model\":\"m\"}]"
    static const char *const lines[] = {
        "",
        "7",
        "{\"request\":7}",
        "{\"request\":\"fly\"}",
        "{\"request\":\"load\"}",
        LOAD(""),
        LOAD("\"targets\":[]"),
        LOAD("\"targets\":[{}]"),
        LOAD("\"targets\":[{\"model\":\"m\",\"thresholds\":[2]}]"),
        LOAD("\"targets\":[{\"model\":\"m\",\"drafter\":\"guess\"}]"),
        LOAD(TARGET ",\"context\":-1"),
        LOAD(TARGET ",\"context\":1e9"),
        LOAD(TARGET ",\"draft\":{\"base\":\"b\",\"exits\":[6,6]}"),
        LOAD(TARGET ",\"draft\":{\"base\":\"b\",\"exits\":[1.5]}"),
        LOAD(TARGET ",\"draft\":{\"exits\":[6]}"),
        LOAD(TARGET ",\"tree\":{\"depth\":99}"),
        LOAD(TARGET ",\"sampling\":{\"top_p\":2}"),
        LOAD(TARGET ",\"unknown\":1"),
        "{\"request\":\"load\",\"target\":1,\"profile\":{" TARGET "}}",
        "{\"request\":\"load\",\"act\":\"f64\",\"profile\":{" TARGET "}}",
        "{\"request\":\"say\",\"messages\":[]}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\"}]}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"god\",\"text\":\"\"}]}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\\u0000b\"}]}",
        ("{\"request\":\"say\",\"raw\":true,\"messages\":[{\"role\":\"user\",\"text\":\"\"},"
         "{\"role\":\"user\",\"text\":\"\"}]}"),
        "{\"request\":\"switch\"}",
        "{\"request\":\"switch\",\"target\":99}",
        "{\"request\":\"set\",\"spec\":\"maybe\"}",
        "{\"request\":\"set\",\"thresholds\":[0,0,0,0,0,0,0,0,0]}",
        "{\"request\":\"set\",\"auto_thresholds\":1}",
        "{\"request\":\"set\",\"keep\":1}",
        "{\"request\":\"set\",\"forecasts\":\"on\"}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],\"compare\":[{}]}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],\"compare\":[{},7]"
        "}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],"
        "\"compare\":[{},{\"sampling\":{}}]}",
        "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"a\"}],"
        "\"compare\":[{},{\"target\":8}]}",
        "{\"request\":\"set\",\"target\":1}",
        "{\"request\":\"stop\",\"now\":true}",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        Request request;
        Err err = {0};
        if (request_from_line(&request, lines[i], strlen(lines[i]), &err) != -1)
            fail_msg("taken: %s", lines[i]);
        assert_int_equal(err.code, EXIT_USAGE);
    }
    Request request;
    static const char least[] = LOAD(TARGET); /* all else has its default */
    assert_int_equal(request_from_line(&request, least, strlen(least), NULL), 0);
    assert_true(request.u.load.profile.tree_auto && request.u.load.profile.top_p == 1);
    assert_int_equal(request.u.load.profile.seed, 1);
    request_free(&request);
}

/* --- options --- */

typedef struct Asked {
    Options options;
    const char *prompt;
    bool raw, json;
    int first_argument;
} Asked;

static const Option own_options[] = {
    {"-p", "TEXT", OPTION_TEXT, .field = offsetof(Asked, prompt)},
    {"--raw", NULL, OPTION_FLAG, .field = offsetof(Asked, raw)},
    {"--json", NULL, OPTION_FLAG, .field = offsetof(Asked, json)},
    {0},
};

static const CommandLine command_line = {
    .name = "run",
    .lists = {{own_options, 0},
              {length_options, offsetof(Asked, options)},
              {model_options, offsetof(Asked, options)},
              {drafting_options, offsetof(Asked, options)},
              {sampling_options, offsetof(Asked, options)}},
};

static int parse(Asked *asked, const char *line, Err *err)
{
    static char copy[512];
    static char *argv[32];
    int argc = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    *asked = (Asked){0};
    asked->first_argument = command_line_parse(&command_line, asked, argc, argv, err);
    return asked->first_argument < 0 ? -1 : 0;
}

static void options_are_strict(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "run --temp",           "run --temp x",         "run --temp 0x1",
        "run --temp nan",       "run --temp -1",        "run --temp 1e999",
        "run --temp 0.5x",      "run --temp 11",        "run --top-k -1",
        "run --top-k 1.5",      "run --top-p 1.01",     "run --seed 99999999999",
        "run --ctx 1k",         "run -n 12a",           "run --threads -2",
        "run --spec maybe",     "run --tree 4x4",       "run --tree 0x1x1",
        "run --drafter exit:",  "run --drafter magic",  "run --isa sse",
        "run --act f16",        "run --kv f32",         "run --plain",
        "run --no-such",        "run --questions file", "run -x",
        "run --drafter exit:0", "run --tree 4x4x12x",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        Asked asked;
        Err err = {0};
        if (parse(&asked, lines[i], &err) != -1)
            fail_msg("taken: %s", lines[i]);
        assert_int_equal(err.code, EXIT_USAGE);
    }
    Asked asked;
    const Options *options = &asked.options;
    Err err = {0};
    assert_int_equal(parse(&asked,
                           "run -p hi -n 5 --temp 0.8 --top-k=40 --spec off --tree 4x4x12 --seed 3 "
                           "--act f32 --kv q8 --isa avx2 --raw --json rest",
                           &err),
                     0);
    assert_string_equal(asked.prompt, "hi");
    assert_true(options->max_tokens == 5 && options->temperature == 0.8 && options->top_k == 40);
    assert_true(options->spec == SPEC_OFF && options->act_f32 && options->has_kv &&
                options->kv == KV_Q8 && asked.raw && asked.json);
    assert_int_equal(asked.first_argument, 22);
}

static Request request_of(const char *line)
{
    Asked asked;
    Request request = {0};
    Err err = {0};
    if (parse(&asked, line, &err) != 0 || options_request(&asked.options, &request, &err) != 0)
        fail_msg("%s: %s", line, err.text);
    return request;
}

static void options_override_the_profile(void **state)
{
    (void)state;
    char line[1024], second[256];
    model_folder_file(&folder, "second.gguf", second);

    snprintf(line, sizeof(line), "run --profile %s/tiny.yaml", folder.path);
    Request request = request_of(line);
    RequestLoad *load = &request.u.load;
    assert_int_equal(load->profile.n_targets, 2);
    assert_int_equal(load->profile.context, 1000);
    assert_non_null(load->profile.draft_base);
    request_free(&request);

    snprintf(line, sizeof(line),
             "run --profile %s/tiny.yaml --target %s --temp 0.5 --ctx 77 --seed 9", folder.path,
             second);
    request = request_of(line);
    assert_int_equal(load->target_index, 1); /* one of the profile's */
    assert_int_equal(load->profile.n_targets, 2);
    assert_true(load->profile.temperature == 0.5 && load->profile.context == 77 &&
                load->profile.seed == 9);
    request_free(&request);

    snprintf(line, sizeof(line), "run --profile %s/tiny.yaml --target other.gguf", folder.path);
    request = request_of(line);
    assert_int_equal(load->target_index, 0);
    assert_int_equal(load->profile.n_targets, 3);
    assert_string_equal(load->profile.targets[0].model, "other.gguf");
    assert_non_null(load->profile.draft_base); /* the profile was asked for by name */
    request_free(&request);

    snprintf(line, sizeof(line), "run --profile %s/tiny.yaml --draft none", folder.path);
    request = request_of(line);
    assert_null(load->profile.draft_base);
    assert_int_equal(load->profile.n_exits, 0);
    assert_int_equal(load->profile.targets[0].n_thresholds, 0);
    request_free(&request);

    snprintf(line, sizeof(line), "run --profile %s/tiny.yaml --draft other.gguf", folder.path);
    request = request_of(line);
    assert_string_equal(load->profile.draft_base, "other.gguf");
    assert_int_equal(load->profile.n_exits, 0);
    request_free(&request);

    Asked asked;
    Err err = {0};
    assert_int_equal(parse(&asked, "run --profile /nowhere/p.yaml", &err), 0);
    assert_int_equal(options_request(&asked.options, &request, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
}

/* Nobody asked for the default profile where a model is named that it knows nothing of. */
static void a_foreign_target_gets_nothing_of_a_profile_unasked(void **state)
{
    (void)state;
    static const char *const foreign[] = {"other.gguf", "smollm2-135m", "/models/other.gguf"};
    char line[256];
    Request request = request_of("run");
    RequestLoad *load = &request.u.load;
    assert_non_null(load->profile.system); /* that there is something to keep away */
    assert_true(load->profile.context > 0);
    request_free(&request);
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof(line), "run -m %s", foreign[i]);
        request = request_of(line);
        assert_string_equal(load->profile.targets[0].model, foreign[i]);
        assert_null(load->profile.system);
        assert_null(load->profile.template);
        assert_null(load->profile.draft_base);
        assert_int_equal(load->profile.context, 0);
        request_free(&request);

        snprintf(line, sizeof(line), "run -m %s --draft other.gguf --ctx 99", foreign[i]);
        request = request_of(line);
        assert_null(load->profile.system);
        assert_string_equal(load->profile.draft_base, "other.gguf");
        assert_int_equal(load->profile.context, 99);
        request_free(&request);

        snprintf(line, sizeof(line), "run --profile coder -m %s", foreign[i]);
        request = request_of(line);
        assert_non_null(load->profile.system);
        assert_true(load->profile.context > 0);
        request_free(&request);
    }
}

static int setup(void **state)
{
    (void)state;
    return model_folder_make(&folder);
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_survives),
        cmocka_unit_test(the_others_survive),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(options_are_strict),
        cmocka_unit_test(options_override_the_profile),
        cmocka_unit_test(a_foreign_target_gets_nothing_of_a_profile_unasked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
