/* test_run.c - whole commands on tiny models: run, replay, bench, tune. This program stands in for
 * s2d: it starts itself with the command's words, and the commands start it as their worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/protocol/event_json.h"
#include "app/worker/tuned.h"
#include "tests/support/program.h"
#include "tests/support/tiny_model.h"

static ModelFolder folder;
static char profile[256];

static void run_line(Result *result, const char *input, const char *line)
{
    program_line(result, &folder, input, line);
}

static void texts_are_equal_whatever_drafts(void **state)
{
    (void)state;
    static Result plain, result;
    static const char *const settings[] = {
        "--spec on --drafter s2d",    "--spec on --drafter sd --tree 4x4x12",
        "--spec on --drafter exit:2", "--spec on --drafter self --tree off",
        "--spec on --drafter ngram",  "--spec auto",
    };
    static const char *const temperatures[] = {"--temp 0", "--temp 1 --seed 5"};
    for (int t = 0; t < 2; t++) {
        char line[512];
        snprintf(line, sizeof(line), "run --profile P -p hello -n 150 --ignore-eos --spec off %s",
                 temperatures[t]);
        run_line(&plain, NULL, line);
        assert_int_equal(plain.status, 0);
        assert_true(strlen(plain.out) > 100);
        assert_non_null(strstr(plain.err, "150 tokens"));
        assert_non_null(strstr(plain.err, "speculation off (--spec off)"));
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
            snprintf(line, sizeof(line), "run --profile P -p hello -n 150 --ignore-eos %s %s",
                     settings[i], temperatures[t]);
            run_line(&result, NULL, line);
            assert_int_equal(result.status, 0);
            assert_string_equal(result.out, plain.out);
        }
    }
}

/* A piece of the text that a pipe of its own would not cut there, whatever drafts. */
static void an_answer_ends_before_a_stop_string(void **state)
{
    (void)state;
    static Result plain, result;
    static const char *const drafters[] = {"plain", "s2d", "sd", "ngram"};
    char typed[64];
    run_line(&plain, NULL, "run --profile P -p hello -n 100 --ignore-eos --spec off");
    const char *end = program_stop(plain.out, typed);
    for (size_t i = 0; i < sizeof drafters / sizeof *drafters; i++) {
        char *words[] = {"s2d", "run",       "--profile",         profile,  "-p",        "hello",
                         "-n",  "100",       "--ignore-eos",      "--stop", "not in it", "--stop",
                         typed, "--drafter", (char *)drafters[i], "--spec", "on",        NULL};
        program_run(&result, NULL, false, words);
        assert_int_equal(result.status, 0);
        assert_int_equal(strlen(result.out), end - plain.out);
        assert_memory_equal(result.out, plain.out, strlen(result.out));
        assert_non_null(strstr(result.err, "ended: stop string"));
    }
    run_line(&result, NULL, "run --profile P -p hello --stop \\x");
    assert_int_equal(result.status, EXIT_USAGE);
}

/* Not what the machine has, but what of it may be used. */
static void info_tells_the_processors_that_may_be_used(void **state)
{
    (void)state;
    static Result result;
    char part[64];
    cpu_set_t before, one;
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    if (all < 2) {
        print_message("this machine has one processor\n");
        skip();
    }
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    run_line(&result, NULL, "info");
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(result.status, 0);
    snprintf(part, sizeof part, ", 1 of %ld processors, ", all);
    assert_non_null(strstr(result.out, part));
    assert_non_null(strstr(result.out, " GB to be had"));
}

/* The first token comes with the prompt: there was nothing to draft. */
static void an_answer_of_one_token_has_no_rounds(void **state)
{
    (void)state;
    static Result result;
    run_line(&result, NULL, "run --profile P -p hello -n 1 --ignore-eos --drafter ngram");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "1 token,"));
    assert_null(strstr(result.err, "rounds"));
}

/* Temperatures and masses that are as good as none, from the command line and from a profile. */
static void the_smallest_settings_are_greedy(void **state)
{
    (void)state;
    static Result greedy, result;
    static const char *const settings[] = {
        "--temp 1e-7",
        "--temp 1e-30",
        "--temp 1e-38 --top-k 2147483647",
        "--temp 1e-45",
        "--temp 1e-300",
        "--temp 10 --top-p 0",
        "--temp 10 --top-p 1e-45",
        "--temp 10 --top-k 1",
    };
    static const char *const drafters[] = {"plain", "ngram", "s2d", "self"};
    char line[512], text[4096], path[256];
    run_line(&greedy, NULL, "run --profile P -p hello -n 60 --ignore-eos --temp 0");
    assert_int_equal(greedy.status, 0);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        snprintf(line, sizeof(line), "run --profile P -p hello -n 60 --ignore-eos --drafter %s %s",
                 drafters[i % 4], settings[i]);
        run_line(&result, NULL, line);
        if (result.status != 0)
            fail_msg("%s: %s", line, result.err);
        assert_string_equal(result.out, greedy.out);
    }
    static const char *const sampling[] = {
        "temperature: 0.0000001", "temperature: 10, top_k: 1, top_p: 0.5",
        "temperature: 0.00000000000000000000000000000000000001", "temperature: 10, top_p: 0"};
    FILE *file = fopen(profile, "r");
    size_t bytes = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[bytes] = '\0';
    assert_int_equal(file ? fclose(file) : -1, 0);
    for (size_t i = 0; i < sizeof(sampling) / sizeof(sampling[0]); i++) {
        file = fopen(model_folder_file(&folder, "small.yaml", path), "w");
        assert_non_null(file);
        fprintf(file, "%ssampling: {%s}\n", text, sampling[i]);
        assert_int_equal(fclose(file), 0);
        snprintf(line, sizeof(line),
                 "run --profile F/small.yaml -p hello -n 60 --ignore-eos --drafter %s",
                 drafters[i % 4]);
        run_line(&result, NULL, line);
        if (result.status != 0)
            fail_msg("%s: %s", line, result.err);
        assert_string_equal(result.out, greedy.out);
    }
}

static void the_prompt_comes_from_either_place(void **state)
{
    (void)state;
    static Result given, piped, raw;
    run_line(&given, NULL, "run --profile P -p hello -n 20 --ignore-eos");
    run_line(&piped, "hello\n", "run --profile P -n 20 --ignore-eos");
    run_line(&raw, "hello\n", "run --profile P -n 20 --ignore-eos --raw");
    assert_int_equal(raw.status, 0);
    assert_string_equal(given.out, piped.out);
    assert_string_not_equal(given.out, raw.out);
}

/* Nothing is no prompt, wherever it comes from. */
static void an_empty_prompt_is_refused_from_either_place(void **state)
{
    (void)state;
    static Result result;
    static const char *const nothing[] = {"", "\n", "\r\n\r\n", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n"};
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        run_line(&result, nothing[i], "run --profile P");
        assert_int_equal(result.status, EXIT_USAGE);
        assert_non_null(strstr(result.err, "the prompt is empty"));
        char *words[] = {"s2d", "run", "--profile", profile, "-p", (char *)nothing[i], NULL};
        program_run(&result, "", false, words);
        assert_int_equal(result.status, EXIT_USAGE);
        assert_non_null(strstr(result.err, "the prompt is empty"));
    }
}

/* Prompt tokens of the last figures. */
static int prompt_tokens(const Result *result)
{
    const char *at = strstr(result->err, "prompt ");
    assert_non_null(at);
    return atoi(at + strlen("prompt "));
}

/* As an editor on Windows saves it, and as one here does. */
static void a_mark_and_carriage_returns_are_no_prompt(void **state)
{
    (void)state;
    static Result plain, marked;
    run_line(&plain, "Say\nhi.\n", "run --profile P -n 8 --ignore-eos");
    run_line(&marked, "\xef\xbb\xbfSay\r\nhi.\r\n", "run --profile P -n 8 --ignore-eos");
    assert_int_equal(marked.status, 0);
    assert_int_equal(prompt_tokens(&marked), prompt_tokens(&plain));
    assert_string_equal(marked.out, plain.out);
    char *words[] = {"s2d", "run", "--profile",    profile, "-p", "\xef\xbb\xbfSay\r\nhi.\r\n",
                     "-n",  "8",   "--ignore-eos", NULL};
    program_run(&marked, "", false, words);
    assert_int_equal(prompt_tokens(&marked), prompt_tokens(&plain));
    assert_string_equal(marked.out, plain.out);
    /* --raw is as it is. */
    run_line(&plain, "Say\nhi.\n", "run --profile P -n 8 --ignore-eos --raw");
    run_line(&marked, "\xef\xbb\xbfSay\r\nhi.\r\n", "run --profile P -n 8 --ignore-eos --raw");
    assert_true(prompt_tokens(&marked) > prompt_tokens(&plain));
}

/* And no part of a chat's first line: the command is one. */
static void a_mark_is_no_part_of_a_command(void **state)
{
    (void)state;
    static Result result;
    run_line(&result, "\xef\xbb\xbf/help\r\n", "chat --plain --profile P");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "these commands"));
    assert_null(strstr(result.err, "1 question"));
    assert_string_equal(result.out, "");
}

/* Where the context has room for so many tokens behind the prompt, so many are answered; where it
 * has none the prompt is refused. Never both. */
static void what_fits_is_answered_or_the_prompt_refused(void **state)
{
    (void)state;
    static Result result;
    char line[256];
    run_line(&result, NULL, "run --profile P -p hello -n 1 --ignore-eos");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "1 token,"));
    int prompt = prompt_tokens(&result);
    for (int room = -1; room <= 2; room++) {
        snprintf(line, sizeof(line), "run --profile P -p hello --ignore-eos --ctx %d",
                 prompt + room);
        run_line(&result, NULL, line);
        bool refused = strstr(result.err, "the prompt alone fills the context") != NULL;
        bool answered = strstr(result.err, "ended: context") != NULL;
        assert_int_equal(refused, room <= 0);
        assert_int_equal(answered, room > 0);
        assert_int_equal(result.status, room > 0 ? 0 : EXIT_DATA);
        snprintf(line, sizeof(line), "%d token%s,", room, room == 1 ? "" : "s");
        if (room > 0)
            assert_ptr_equal(strstr(result.err, line), result.err);
    }
}

static void json_lines_are_events_and_replay_shows_them(void **state)
{
    (void)state;
    static Result text, json, replay;
    run_line(&text, NULL, "run --profile P -p hello -n 30 --ignore-eos");
    run_line(&json, NULL, "run --profile P -p hello -n 30 --ignore-eos --json");
    assert_int_equal(json.status, 0);
    int types[EVENT_QUESTION + 1] = {0};
    char *rest = strdup(json.out), *at = rest;
    for (char *line; (line = strsep(&at, "\n")) && *line;) {
        Event event;
        Err err = {0};
        if (event_from_line(&event, line, strlen(line), &err) != 0)
            fail_msg("%s: %s", err.text, line);
        types[event.type]++;
        event_free(&event);
    }
    free(rest);
    assert_true(types[EVENT_READY] == 1 && types[EVENT_DONE] == 1 && types[EVENT_ROUND] > 0);
    assert_int_equal(model_folder_write(&folder, "trace.jsonl", json.out), 0);
    run_line(&replay, NULL, "replay F/trace.jsonl");
    assert_int_equal(replay.status, 0);
    assert_true(strncmp(replay.out, text.out, strlen(text.out)) == 0);
    assert_non_null(strstr(replay.out, "30 tokens"));

    assert_int_equal(model_folder_write(&folder, "bad.jsonl", "{\"v\":1}\n"), 0);
    run_line(&replay, NULL, "replay F/bad.jsonl");
    assert_int_equal(replay.status, EXIT_DATA);
    assert_non_null(strstr(replay.err, "line 1"));
    run_line(&replay, NULL, "replay F/none.jsonl");
    assert_int_equal(replay.status, EXIT_NOINPUT);
    run_line(&replay, "", "replay -");
    assert_int_equal(replay.status, EXIT_DATA);
}

/* 12 MB, each byte of which takes six in a request. */
static void a_prompt_too_long_for_a_request_is_refused(void **state)
{
    (void)state;
    static Result result;
    size_t bytes = 12000000;
    char *prompt = malloc(bytes + 1);
    assert_non_null(prompt);
    memset(prompt, 1, bytes);
    prompt[bytes] = '\0';
    run_line(&result, prompt, "run --profile P");
    free(prompt);
    assert_int_equal(result.status, EXIT_DATA);
    assert_non_null(strstr(result.err, "too long"));
    assert_ptr_equal(strchr(result.err, '\n'), result.err + strlen(result.err) - 1);
}

static void failures_have_their_exit_codes(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *reason;
    } cases[] = {
        {"run --profile P -p a --temp hot", EXIT_USAGE, "--temp"},
        {"run --profile P -p a --wings", EXIT_USAGE, "--wings"},
        {"run --profile P -p a word", EXIT_USAGE, "word"},
        {"run --profile F/none.yaml -p a", EXIT_NOINPUT, "none.yaml"},
        {"run --profile F/target.gguf -p a", EXIT_DATA, "target.gguf"},
        {"run --profile P -p a --target F/none.gguf", EXIT_NOINPUT, "none.gguf"},
        {"run --profile P -p a --target F/tiny.yaml", EXIT_DATA, "tiny.yaml"},
        {"run --profile P -p a --target F/huge.gguf --ctx 1048576 --act f32", EXIT_MEMORY, "free"},
        {"run --profile P -p a --draft none --drafter sd", EXIT_USAGE, "draft"},
        {"run --profile P -p a --ctx 3", EXIT_DATA, "context"},
        {"run --profile P -p a --target F/overflow.gguf", EXIT_DATA,
         "overflow: the model computes"},
        {"run --profile P -p a --target F/overflow.gguf --temp 1 --top-k 5", EXIT_DATA, "overflow"},
        {"run --profile P -p a --target F/overflow.gguf --temp 1 --top-p 0.5", EXIT_DATA, "NaN"},
        {"bench", EXIT_USAGE, "verify"},
        {"tune --profile P", EXIT_USAGE, "--prompts FILE"},
        {"tune --profile P --prompts F/none", EXIT_NOINPUT, "none"},
        {"tune --profile P --prompts F/q.jsonl --host box", EXIT_USAGE, "--host"},
        {"tune --profile P --prompts F/q.jsonl --drafter sd", EXIT_USAGE, "--drafter"},
        {"tune --profile P --prompts F/q.jsonl --draft none", EXIT_USAGE, "no draft"},
        {"tune --profile P --prompts F/q.jsonl --draft F/second.gguf", EXIT_USAGE, "no exits"},
        {"bench spec --profile P", EXIT_USAGE, "--questions"},
        {"bench spec --profile P --questions F/none", EXIT_NOINPUT, "none"},
        {"bench spec --profile P --questions F/q.jsonl --methods magic", EXIT_USAGE, "magic"},
        {"bench spec --profile P --questions F/q.jsonl --methods sd@", EXIT_USAGE, "sd@"},
        {"bench spec --profile P --questions F/q.jsonl --methods sd/9@x", EXIT_USAGE, "sd/9@x"},
        {"bench spec --profile P --questions F/q.jsonl --methods sd@F/none", EXIT_NOINPUT, "none"},
        {"bench spec --profile P --questions F/q.jsonl --categories none", EXIT_USAGE, "none"},
    };
    static Result result;
    model_folder_write(&folder, "q.jsonl",
                       "{\"question_id\":1,\"category\":\"a\",\"turns\":[\"b\"]}\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_line(&result, NULL, cases[i].line);
        if (result.status != cases[i].status || !strstr(result.err, cases[i].reason))
            fail_msg("%s: status %d, not %d: %s", cases[i].line, result.status, cases[i].status,
                     result.err);
        assert_string_equal(result.out, "");
    }
}

static void control_c_keeps_what_came(void **state)
{
    (void)state;
    static Result result;
    char *words[] = {"s2d",   "run",          "--profile", profile, "-p",
                     "hello", "--ignore-eos", "--ctx",     "4000",  NULL};
    program_run(&result, NULL, true, words);
    assert_int_equal(result.status, EXIT_INTERRUPTED);
    assert_true(result.out[0] != '\0');
    assert_non_null(strstr(result.err, "stopped"));
}

static void bench_spec_compares_with_plain_decoding(void **state)
{
    (void)state;
    static Result result;
    model_folder_write(
        &folder, "questions.jsonl",
        "{\"question_id\":1,\"category\":\"writing\",\"turns\":[\"one\",\"two\"]}\n"
        "{\"question_id\":2,\"category\":\"writing\",\"turns\":[\"three\"]}\n"
        "{\"question_id\":3,\"category\":\"math\",\"turns\":[\"1+1\"],\"reference\":[\"2\"]}\n");
    run_line(&result, NULL,
             "bench spec --profile P --questions F/questions.jsonl -n 20 --spec on --methods "
             "sd,s2d/off,ngram");
    if (result.status != 0)
        fail_msg("%s", result.err);
    assert_true(strncmp(result.out, "all 12 texts are plain decoding's", 33) == 0);
    assert_non_null(strstr(result.out, "s2d/off"));
    assert_non_null(strstr(result.out, "\nMT-Bench, 3 questions\n"));
    assert_non_null(strstr(result.out, "\nspeedup\n"));
    assert_null(strstr(result.out, "GSM8K")); /* no reference has its mark */
    run_line(
        &result, NULL,
        "bench spec --profile P --questions F/questions.jsonl -n 10 --sample 1 --categories math "
        "--methods sd --repeats 2 --json");
    char *at = result.out;
    int lines = 0;
    for (char *line; (line = strsep(&at, "\n")) && *line; lines++) {
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "questions")), 1);
        assert_int_equal(json_integer_value(json_object_get(json, "texts")), 2);
        assert_int_equal(json_integer_value(json_object_get(json, "different")), 0);
        json_decref(json);
    }
    assert_int_equal(lines, 6); /* plain and sd, for the category, for MT-Bench and for all */
    run_line(&result, NULL,
             "bench spec --profile P --questions F/questions.jsonl -n 10 --methods ngram --csv");
    assert_true(strncmp(result.out, "category,method,", 16) == 0);
}

/* Counts the lines of a result that hold both texts. */
static int lines_with(const char *text, const char *a, const char *b)
{
    int n = 0;
    char *copy = strdup(text), *at = copy;
    for (char *line; (line = strsep(&at, "\n"));)
        n += strstr(line, a) && strstr(line, b);
    free(copy);
    return n;
}

/* One table over two drafts: each has plain decoding of its own, and its adapter's hash. */
static void bench_spec_compares_drafts(void **state)
{
    (void)state;
    static Result result;
    char adapter[256], line[2048];
    model_folder_file(&folder, "exits.gguf", adapter);
    model_folder_write(&folder, "drafts.jsonl",
                       "{\"question_id\":1,\"category\":\"gsm\",\"turns\":[\"one\"],"
                       "\"reference\":[\"1 + 1 = 2\\n#### 2\"]}\n"
                       "{\"question_id\":2,\"category\":\"gsm\",\"turns\":[\"two\"]}\n");
    snprintf(line, sizeof line,
             "bench spec --profile P --questions F/drafts.jsonl -n 12 --spec on --methods "
             "sd/off@%s,exit:2/off@%s,exit:3@%s,s2d/3x2x6@%s,sd,ngram",
             adapter, adapter, adapter, adapter);
    run_line(&result, NULL, line);
    if (result.status != 0)
        fail_msg("%s", result.err);
    /* 8 methods, all but the first plain one compared, 2 questions */
    assert_true(strncmp(result.out, "all 14 texts are plain decoding's", 33) == 0);
    assert_int_equal(lines_with(result.out, "adapter exits.gguf, 3 exits, SHA-256 ", ""), 1);
    assert_null(strstr(result.out, "unknown"));
    /* In the summary, among the right answers, in the plot. */
    assert_int_equal(lines_with(result.out, "plain ", "plain@exits.gguf"), 3);
    assert_int_equal(lines_with(result.out, "SoFT L4 ", "sd/off@exits.gguf"), 3);
    assert_int_equal(lines_with(result.out, "SoFT+S2D, tree", "s2d/3x2x6@exits.gguf"), 3);
    assert_int_equal(lines_with(result.out, " of 1, ", ""), 8);
    assert_null(strstr(result.out, "MISMATCH"));
    /* Of 4 layers 2, 3 and 4 are the paper's 6, 9 and 12. */
    assert_int_equal(lines_with(result.out, "exit:2/off@exits.gguf", "1.38/2.43  1.38/2.40"), 1);
    assert_int_equal(lines_with(result.out, "exit:3@exits.gguf", "SoFT L9, tree"), 1);
    assert_int_equal(lines_with(result.out, "sd/off@exits.gguf", "1.91/2.39  SoFT L12"), 1);
    assert_int_equal(lines_with(result.out, "SD, tree", "2.00/4.11"), 0); /* untrained */

    snprintf(line, sizeof line,
             "bench spec --profile P --questions F/drafts.jsonl -n 12 --methods sd@%s --json",
             adapter);
    run_line(&result, NULL, line);
    assert_int_equal(result.status, 0);
    json_t *first = json_loads(result.out, JSON_DISABLE_EOF_CHECK, NULL);
    assert_string_equal(json_string_value(json_object_get(first, "adapter")), "exits.gguf");
    assert_int_equal(strlen(json_string_value(json_object_get(first, "adapter_sha256"))), 64);
    assert_int_equal(json_integer_value(json_object_get(first, "scored")), 1);
    json_decref(first);
}

/* ---- trained exits ---- */

static void trained_exits_change_no_text(void **state)
{
    (void)state;
    static Result plain, result;
    static const char *const settings[] = {"",
                                           "--drafter s2d --tree 3x2x6",
                                           "--drafter exit:2",
                                           "--drafter self",
                                           "--adapter none",
                                           "--drafter exit:3"};
    for (int target = 0; target < 2; target++) {
        char line[512];
        const char *name = target ? "--target F/draft.gguf" : "";
        snprintf(line, sizeof(line),
                 "run --profile F/trained.yaml -p hi -n 80 --ignore-eos %s "
                 "--drafter plain",
                 name);
        run_line(&plain, NULL, line);
        assert_int_equal(plain.status, 0);
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
            snprintf(line, sizeof(line),
                     "run --profile F/trained.yaml -p hi -n 80 --ignore-eos --spec on %s %s", name,
                     settings[i]);
            run_line(&result, NULL, line);
            if (result.status != 0)
                fail_msg("%s: %s", line, result.err);
            assert_string_equal(result.out, plain.out);
        }
    }
    run_line(&result, NULL, "run --profile F/trained.yaml -p hi -n 9 --ignore-eos --json");
    assert_non_null(strstr(result.out, "\"adapter\":\"exits.gguf\""));
    assert_non_null(strstr(result.out, "\"exits\":[2,3,4]"));
    assert_non_null(strstr(result.out, "\"exits_trained\":true"));
    assert_non_null(strstr(result.out, "\"thresholds\":[0.5,0.5,0.2]"));
    run_line(&result, NULL,
             "run --profile P --adapter F/exits.gguf -p hi -n 9 --ignore-eos --json");
    assert_non_null(strstr(result.out, "\"exits\":[2,3,4]"));
    run_line(&result, NULL,
             "run --profile F/trained.yaml --adapter none -p hi -n 9 --ignore-eos --json");
    assert_non_null(strstr(result.out, "\"adapter\":\"\""));
    assert_non_null(strstr(result.out, "\"exits\":[4]"));
}

static void info_shows_what_was_trained(void **state)
{
    (void)state;
    static Result result;
    run_line(&result, NULL, "info F/trained.yaml");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "/exits.gguf, 0.1 MB"));
    assert_non_null(strstr(result.out, "SHA-256 "));
    assert_non_null(strstr(result.out, "exits      2 (layer, norm) 3 (norm) 4\n"));
    assert_non_null(strstr(result.out, "tokens, the adapter's"));
    run_line(&result, NULL, "info P");
    assert_non_null(strstr(result.out, "exits      2 (untrained) 4\n"));
}

static void info_names_tokens_that_differ(void **state)
{
    (void)state;
    static Result result;
    char path[256], text[512];
    Err err = {0};
    TinyModel padded = tiny_model(ARCH_QWEN2);
    padded.pads = 2;
    if (tiny_model_write(&padded, model_folder_file(&folder, "padded.gguf", path), &err) != 0)
        fail_msg("%s", err.text);
    snprintf(text, sizeof text,
             "name: padded\ndraft: {base: %s/padded.gguf}\ntargets: [{model: %s/target.gguf}]\n"
             "device: cpu\n",
             folder.path, folder.path);
    assert_int_equal(model_folder_write(&folder, "padded.yaml", text), 0);
    run_line(&result, NULL, "info F/padded.yaml");
    assert_int_equal(result.status, 0);
    if (strstr(result.out, "same vocabulary as the draft but for 2 tokens: 310 is '[PAD0]' there "
                           "and none here, ") == NULL)
        fail_msg("%s", result.out);
}

/* A worker that reads a file, say: the end of its input comes at once. */
static void requests_before_the_end_of_the_input_are_done(void **state)
{
    (void)state;
    static Result result;
    char input[1024];
    snprintf(input, sizeof input,
             "{\"v\":1,\"request\":\"load\",\"profile\":{\"name\":\"x\",\"targets\":[{\"model\":"
             "\"%s/target.gguf\"}],\"context\":64,\"threads\":1}}\n"
             "{\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"hi\"}],"
             "\"max_tokens\":-1}\n"
             "{\"v\":1,\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"hi\"}],"
             "\"max_tokens\":2,\"seed\":1}\n",
             folder.path);
    run_line(&result, input, "worker");
    assert_int_equal(result.status, 0);
    assert_int_equal(lines_with(result.out, "\"event\":\"ready\"", ""), 1);
    assert_int_equal(lines_with(result.out, "\"event\":\"error\"", "out of range"), 1);
    assert_int_equal(lines_with(result.out, "\"event\":\"done\"", "\"reason\":\"error\""), 1);
    assert_int_equal(lines_with(result.out, "\"event\":\"done\"", "\"reason\":\"length\""), 1);
}

/* Files are named by whoever made them. */
static void info_prints_no_command_of_a_name(void **state)
{
    (void)state;
    static Result result;
    char from[256], to[256];
    model_folder_file(&folder, "target.gguf", from);
    model_folder_file(&folder, "a\033]0;t\007b\u202ec\u200dd.gguf", to);
    assert_int_equal(link(from, to), 0);
    run_line(&result, NULL, "info F/a\033]0;t\007b\u202ec\u200dd.gguf");
    assert_int_equal(result.status, 0);
    if (!strstr(result.out, "/abc\u200dd.gguf, "))
        fail_msg("%s", result.out);
    assert_null(strchr(result.out, '\033'));
    assert_null(strstr(result.out, "\u202e"));
    unlink(to);
}

/* In a pipe a text is the bytes that came, whatever the locale. */
static void plain_alters_no_text(void **state)
{
    (void)state;
    static Result result;
    static const char text[] = "\U0001F468\u200d\U0001F469 a\u00adb\u2028c \U0001FACD \u202ed\n";
    char input[256], expected[256];
    snprintf(input, sizeof input, "/set max_tokens 2\n%s/undo\n", text);
    snprintf(expected, sizeof expected, "-- taken back: %s", text);
    run_line(&result, input, "chat --plain --profile P");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, expected));
}

/* What the file holds is test_adapter's business. */
static void an_exit_becomes_a_model(void **state)
{
    (void)state;
    static Result exit, merged;
    static const struct {
        const char *line, *reason;
        int status;
    } bad[] = {
        {"draft merge --profile F/trained.yaml --exit 4 -o F/out.gguf", "nothing was trained",
         EXIT_DATA},
        {"draft merge --profile F/trained.yaml --exit 1 -o F/out.gguf", "has no exit 1",
         EXIT_USAGE},
        {"draft merge --profile F/trained.yaml --exit 2", "usage", EXIT_USAGE},
        {"draft merge --profile F/trained.yaml --exit 2 -o F/none/out.gguf", "cannot write",
         EXIT_IO},
        {"draft merge --profile P --exit 2 -o F/out.gguf", "has no adapter", EXIT_USAGE},
        {"draft merge --profile P --adapter F/none.gguf --exit 2 -o F/out.gguf", "no such adapter",
         EXIT_NOINPUT},
        {"draft merge --draft F/second.gguf --adapter F/exits.gguf --exit 2 -o F/out.gguf",
         "was trained on a base with", EXIT_DATA},
        {"draft split", "merge and import are all", EXIT_USAGE},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        run_line(&exit, NULL, bad[i].line);
        if (exit.status != bad[i].status || !strstr(exit.err, bad[i].reason))
            fail_msg("%s: status %d: %s", bad[i].line, exit.status, exit.err);
    }
    run_line(&merged, NULL, "draft merge --profile F/trained.yaml --exit 2 -o F/out.gguf");
    if (merged.status != 0)
        fail_msg("%s", merged.err);
    run_line(&merged, NULL, "info F/out.gguf");
    assert_non_null(strstr(merged.out, "3 layers of 64"));
    run_line(&merged, NULL,
             "run --profile F/trained.yaml -p hi -n 20 --ignore-eos --spec on --draft F/out.gguf");
    assert_int_equal(merged.status, 0);
    assert_non_null(strstr(merged.err, "ngram+s2d drafted"));
}

/* ---- tuning ---- */

/* One JSON line of `s2d tune`: all prompts were used, and one of the runs was kept. */
static void check_tuned_line(const char *line, const char *target)
{
    json_t *json = json_loads(line, 0, NULL), *runs = json_object_get(json, "runs"), *run;
    int kept = 0;
    size_t i;
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "target")), target);
    assert_int_equal(json_integer_value(json_object_get(json, "answers")), 4);
    assert_int_equal(json_integer_value(json_object_get(json, "run_prompts")), 2);
    assert_int_equal(json_array_size(json_object_get(json, "exits")), 2);
    assert_true(json_array_size(runs) >= 2);
    json_array_foreach(runs, i, run)
    {
        double speed = json_real_value(json_object_get(run, "tokens_per_s"));
        const json_t *half = json_object_get(run, "tokens_per_s_half");
        const json_t *x_half = json_object_get(run, "x_half");
        assert_true(speed > 0);
        /* Two prompts have an interval, but for plain decoding over itself. */
        assert_true(json_real_value(half) > 0);
        assert_int_equal(json_is_null(x_half), i == 0);
        assert_non_null(json_object_get(run, "acts_as"));
        kept += json_is_true(json_object_get(run, "kept"));
    }
    assert_int_equal(kept, 1);
    json_decref(json);
}

/* What was measured of the targets is kept with their thresholds: every place, of each exit. */
static void check_counts(void)
{
    Profile p;
    Err err = {0};
    assert_int_equal(profile_open(&p, profile, &err), 0);
    assert_int_equal(tuned_apply(&p, 0, "other", 4, NULL, &err), 0);
    assert_null(p.targets[0].accept); /* another draft */
    assert_int_equal(tuned_apply(&p, 0, "draft", 4, NULL, &err), 0);
    for (int t = 0; t < p.n_targets; t++) {
        float first[2] = {0};
        assert_non_null(p.targets[t].accept);
        for (int e = 0; e < 2; e++)
            for (int bin = 0; bin < CALIBRATION_BINS; bin++)
                first[e] += p.targets[t].accept[e].at[0].tries[bin];
        assert_true(first[0] > 20 && first[1] == first[0]);
    }
    profile_close(&p);
}

static void tuning_measures_each_target(void **state)
{
    (void)state;
    static Result result;
    char *at = result.out;
    model_folder_write(&folder, "prompts.txt", "one\ntwo\nthree\nfour\nfive\nsix\n");
    run_line(&result, NULL, "tune --profile P --prompts F/prompts.txt -n 24 --json");
    if (result.status != 0)
        fail_msg("%s", result.err);
    check_tuned_line(strsep(&at, "\n"), "target");
    check_tuned_line(strsep(&at, "\n"), "second");
    check_counts();
    run_line(&result, NULL, "run --profile P -p hi -n 9");
    assert_int_equal(result.status, 0);
    assert_null(strstr(result.err, "tuned.json"));
    run_line(&result, NULL, "tune --profile P --forget");
    assert_string_equal(result.out, "2 forgotten\n");
}

/* A target's own drafter, unless the command line names one, or another draft. */
static void drafter_of_the_target(void **state)
{
    (void)state;
    static Result result;
    static const char *const lines[][2] = {
        {"run --profile F/copies.yaml -p hi -n 9 --json", "ngram"},
        {"run --profile F/copies.yaml -p hi -n 9 --json --drafter s2d", "s2d"},
        {"run --profile F/copies.yaml -p hi -n 9 --json --draft F/second.gguf", "ngram+s2d"},
    };
    char text[1024], expected[64];
    snprintf(text, sizeof text,
             "name: t\ndraft: {base: %s/draft.gguf, layers: 4, exits: [2, 4]}\n"
             "targets: [{model: %s/target.gguf, drafter: ngram}]\n",
             folder.path, folder.path);
    model_folder_write(&folder, "copies.yaml", text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run_line(&result, NULL, lines[i][0]);
        snprintf(expected, sizeof expected, "\"drafter\":\"%s\"", lines[i][1]);
        if (strstr(result.out, expected) == NULL)
            fail_msg("%s: no %s; %s", lines[i][0], expected, result.err);
    }
    run_line(&result, NULL, "info F/copies.yaml");
    assert_non_null(strstr(result.out, "target, drafter ngram, built-in thresholds\n"));
}

static void tuned_thresholds_are_taken(void **state)
{
    (void)state;
    static Result result;
    static const char *const lines[][2] = {
        {"run --profile P -p hi -n 9 --json", "[0.7,0.15]"},
        {"run --profile P --target F/second.gguf -p hi -n 9 --json", "[0.4,0.2]"}, /* not tuned */
        {"run --profile F/trained.yaml -p hi -n 9 --json", "[0.5,0.5,0.2]"},       /* other exits */
    };
    model_folder_write(&folder, "s2d/tuned.json",
                       "{\"version\":1,\"pairs\":[{\"draft\":\"draft\",\"layers\":4,"
                       "\"exits\":[2,4],\"adapter\":\"\",\"target\":\"target\","
                       "\"thresholds\":[0.7,0.15],\"tokens_per_s\":2,"
                       "\"plain_tokens_per_s\":1,\"day\":\"2026-01-02\"}]}");
    for (int i = 0; i < 3; i++) {
        char expected[64];
        run_line(&result, NULL, lines[i][0]);
        snprintf(expected, sizeof expected, "\"thresholds\":%s", lines[i][1]);
        assert_non_null(strstr(result.out, expected));
    }
    run_line(&result, NULL, "info P");
    assert_non_null(strstr(result.out, "target, thresholds 0.7 0.15 (tuned 2026-01-02)\n"));
    assert_non_null(strstr(result.out, "second, thresholds 0.4 0.2\n"));
    model_folder_write(&folder, "tuned.jsonl",
                       "{\"question_id\":1,\"category\":\"math\",\"turns\":[\"1+1\"]}\n");
    run_line(&result, NULL, "bench spec --profile P --questions F/tuned.jsonl -n 4 --methods s2d");
    assert_non_null(strstr(result.out, ", thresholds 0.7 0.15,"));

    model_folder_write(&folder, "s2d/tuned.json", "{\"version\":1,\"pairs\":[{}]}");
    run_line(&result, NULL, "run --profile P -p hi -n 9 --ignore-eos");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "tuned.json: pair 1"));
    run_line(&result, NULL, "info P");
    assert_non_null(strstr(result.out, "tuned.json: pair 1"));
    run_line(&result, NULL, "tune --profile P --forget");
    assert_int_equal(result.status, EXIT_DATA);
    assert_non_null(strstr(result.err, "tuned.json: pair 1"));
    char path[256];
    unlink(model_folder_file(&folder, "s2d/tuned.json", path));
}

static void tuning_maps_the_speed_and_forgets(void **state)
{
    (void)state;
    static Result result;
    model_folder_write(&folder, "prompts.jsonl", "{\"prompt\":\"one\"}\n{\"turns\":[\"two\"]}\n");
    run_line(&result, NULL,
             "tune --profile F/trained.yaml --target F/target.gguf --prompts F/prompts.jsonl -n 16 "
             "--csv");
    if (result.status != 0)
        fail_msg("%s", result.err);
    int lines = 0;
    for (const char *c = result.out; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1 + 11 * 11);
    assert_true(strncmp(result.out, "target,exit_x,threshold_x,exit_y,threshold_y,", 45) == 0);
    run_line(
        &result, NULL,
        "tune --profile F/trained.yaml --target F/target.gguf --prompts F/prompts.jsonl -n 16");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "draft with exits.gguf"));
    assert_non_null(strstr(result.out, "<- kept"));
    assert_true(strstr(result.out, "signs: \" .:-=+*#%@\" from the slowest (") ||
                strstr(result.out, "all are alike"));
    assert_non_null(strstr(result.out, "one prompt has no interval"));
    run_line(&result, NULL, "info F/trained.yaml");
    assert_non_null(strstr(result.out, "(tuned 20"));
    run_line(&result, NULL, "tune --profile F/trained.yaml --forget");
    assert_string_equal(result.out, "1 forgotten\n");
    run_line(&result, NULL, "info F/trained.yaml");
    assert_null(strstr(result.out, "(tuned 20"));
}

static int setup(void **state)
{
    (void)state;
    if (model_folder_make(&folder) != 0)
        return -1;
    model_folder_file(&folder, "tiny.yaml", profile);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_folder_remove(&folder);
    return 0;
}

/* A target that no profile names gets the smallest model of its vocabulary, and the text stays. */
static void a_target_gets_a_draft_by_itself(void **state)
{
    (void)state;
    static Result plain, result;
    char path[256];
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    Err err = {0};
    tiny.layers = 60;
    tiny.context = 1024;
    mkdir(model_folder_file(&folder, "found", path), 0700);
    mkdir(model_folder_file(&folder, "config", path), 0700);
    setenv("XDG_CONFIG_HOME", path, 1);
    setenv("S2D_MODELS", model_folder_file(&folder, "found", path), 1);
    assert_int_equal(
        tiny_model_write(&tiny, model_folder_file(&folder, "found/big.gguf", path), &err), 0);
    tiny.layers = 4;
    assert_int_equal(
        tiny_model_write(&tiny, model_folder_file(&folder, "found/small.gguf", path), &err), 0);
    run_line(&plain, NULL, "run --target big --draft none -p hello -n 60 --ignore-eos --spec off");
    assert_int_equal(plain.status, 0);
    assert_null(strstr(plain.err, "no profile names"));
    run_line(&result, NULL, "run --target big -p hello -n 60 --ignore-eos --spec on");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "no profile names this target: small drafts"));
    assert_string_equal(result.out, plain.out);
    run_line(&result, NULL, "run --target small -p hello -n 5 --ignore-eos");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "no smaller model that is here shares its vocabulary"));
    run_line(&result, NULL, "run --target big --drafter ngram -p hello -n 5 --ignore-eos");
    assert_int_equal(result.status, 0);
    assert_null(strstr(result.err, "no profile names")); /* nothing was looked for */

    run_line(&result, NULL, "models");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "big"));
    run_line(&result, NULL, "profile new");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "/big.yaml: small drafts for big; no exits trained"));
    run_line(&result, NULL, "profile new");
    assert_int_equal(result.status, EXIT_DATA);
    assert_non_null(strstr(result.err, "exists already"));
    run_line(&result, NULL, "profile new --replace --target small big");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "nothing drafts for small"));
    run_line(&result, NULL, "profile new --target big --draft F/spm.gguf other");
    assert_int_equal(result.status, EXIT_NOINPUT); /* in no place where models are looked for */
    run_line(&result, NULL, "profile new ../outside");
    assert_int_equal(result.status, EXIT_USAGE);
    run_line(&result, NULL, "profile new --target big pair");
    assert_int_equal(result.status, 0);
    run_line(&result, NULL, "run --profile pair -p hello -n 60 --ignore-eos --spec on");
    assert_int_equal(result.status, 0);
    assert_string_equal(result.out, plain.out);
    unsetenv("S2D_MODELS");
    unsetenv("XDG_CONFIG_HOME");
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return cmd_worker(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "chat") == 0)
        return cmd_chat(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return cmd_run(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "models") == 0)
        return cmd_models(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "profile") == 0)
        return cmd_profile(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "replay") == 0)
        return cmd_replay(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "bench") == 0)
        return cmd_bench(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "info") == 0)
        return cmd_info(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "tune") == 0)
        return cmd_tune(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "draft") == 0)
        return cmd_draft(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_gets_a_draft_by_itself),
        cmocka_unit_test(texts_are_equal_whatever_drafts),
        cmocka_unit_test(an_answer_ends_before_a_stop_string),
        cmocka_unit_test(an_answer_of_one_token_has_no_rounds),
        cmocka_unit_test(info_tells_the_processors_that_may_be_used),
        cmocka_unit_test(the_smallest_settings_are_greedy),
        cmocka_unit_test(the_prompt_comes_from_either_place),
        cmocka_unit_test(an_empty_prompt_is_refused_from_either_place),
        cmocka_unit_test(a_mark_and_carriage_returns_are_no_prompt),
        cmocka_unit_test(a_mark_is_no_part_of_a_command),
        cmocka_unit_test(what_fits_is_answered_or_the_prompt_refused),
        cmocka_unit_test(json_lines_are_events_and_replay_shows_them),
        cmocka_unit_test(a_prompt_too_long_for_a_request_is_refused),
        cmocka_unit_test(failures_have_their_exit_codes),
        cmocka_unit_test(control_c_keeps_what_came),
        cmocka_unit_test(bench_spec_compares_with_plain_decoding),
        cmocka_unit_test(bench_spec_compares_drafts),
        cmocka_unit_test(trained_exits_change_no_text),
        cmocka_unit_test(info_shows_what_was_trained),
        cmocka_unit_test(info_names_tokens_that_differ),
        cmocka_unit_test(requests_before_the_end_of_the_input_are_done),
        cmocka_unit_test(info_prints_no_command_of_a_name),
        cmocka_unit_test(plain_alters_no_text),
        cmocka_unit_test(an_exit_becomes_a_model),
        cmocka_unit_test(tuning_measures_each_target),
        cmocka_unit_test(drafter_of_the_target),
        cmocka_unit_test(tuned_thresholds_are_taken),
        cmocka_unit_test(tuning_maps_the_speed_and_forgets),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
