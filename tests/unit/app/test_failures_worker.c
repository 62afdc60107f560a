/* test_failures_worker.c - whatever call of a worker fails, once, that takes its requests from a file:
 * each request ends as request.h says, with all of its text or an error, or the worker says why it
 * ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/failing_run.h"
#include "tests/support/model_folder.h"

enum { TURNS = 3, TEXT_BYTES = 512 };

static ModelFolder folder;

/* What a worker said. */
typedef struct Said {
    bool broken; /* a line that is none */
    bool fatal;
    int ready, errors, done_switches, failed_switches;
    int done[TURNS + 1], refused[TURNS + 1]; /* dones, and those of them that are "error" */
    bool switched[TURNS + 1];                /* before the turn's done */
    char text[TURNS + 1][TEXT_BYTES];        /* by turn, from 1 */
} Said;

typedef struct Clean {
    char text[2][TURNS + 1][TEXT_BYTES]; /* without the switch, and with it */
} Clean;

static const char *word(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

static void hear_event(Said *said, const json_t *event)
{
    const char *type = word(event, "event"), *stage = word(event, "stage");
    int turn = (int)json_integer_value(json_object_get(event, "turn"));
    if (turn < 0 || turn > TURNS) {
        said->broken = true;
        return;
    }
    said->ready += strcmp(type, "ready") == 0;
    said->errors += strcmp(type, "error") == 0;
    said->fatal |= json_is_true(json_object_get(event, "fatal"));
    said->done_switches += strcmp(type, "switch") == 0 && strcmp(stage, "done") == 0;
    said->failed_switches += strcmp(type, "switch") == 0 && strcmp(stage, "failed") == 0;
    if (strcmp(type, "done") == 0) {
        said->done[turn]++;
        said->refused[turn] += strcmp(word(event, "reason"), "error") == 0;
        said->switched[turn] = said->done_switches > 0;
    }
    if (strcmp(type, "text") != 0)
        return;
    const json_t *pieces = json_object_get(event, "pieces"), *piece;
    size_t i, used = strlen(said->text[turn]);
    json_array_foreach(pieces, i, piece)
    {
        snprintf(said->text[turn] + used, TEXT_BYTES - used, "%s", word(piece, "text"));
        used = strlen(said->text[turn]);
    }
}

static void hear(const Run *run, Said *said)
{
    memset(said, 0, sizeof *said);
    for (const char *line = run->out, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        json_t *event = end ? json_loadb(line, (size_t)(end - line), 0, NULL) : NULL;
        if (event)
            hear_event(said, event);
        else
            said->broken = true;
        json_decref(event);
        if (!end)
            return;
    }
}

static const char *verdict(const Run *run, void *user)
{
    const Clean *clean = user;
    static Said said;
    hear(run, &said);
    int says = 0, refused = 0;
    if (said.broken)
        return "says what is no event";
    if (run->status != 0 && !said.fatal && !explained(run))
        return "does not say why it ended";
    if (run->status == 0 && said.fatal)
        return "ends for good, and says that all is well";
    for (int turn = 1; turn <= TURNS; turn++) {
        const char *whole = clean->text[said.switched[turn]][turn];
        if (said.done[turn] > 1)
            return "ends an answer twice";
        if (said.done[turn] > said.refused[turn] && strcmp(said.text[turn], whole) != 0)
            return "leaves a hole in an answer";
        says += said.done[turn];
        refused += said.refused[turn];
    }
    if (run->status != 0)
        return NULL;
    if (says != TURNS)
        return "leaves a question without its end";
    if (said.errors < refused)
        return "refuses a question without a reason";
    if (said.done_switches + said.failed_switches != 1)
        return "leaves a switch without its end, or ends it twice";
    if (said.ready + said.errors - refused != 2 + said.done_switches)
        return "leaves a load, set or switch without its end, or ends it twice";
    return NULL;
}

static void nothing(void *user)
{
    (void)user;
}

/* In one write, so that a worker finds them all there at its first look. */
static void write_requests(char *input, size_t size, bool with_switch)
{
    snprintf(input, size,
             "{\"v\":1,\"request\":\"load\",\"profile\":{\"name\":\"x\",\"draft\":{\"base\":"
             "\"%s/draft.gguf\",\"layers\":4,\"exits\":[2,4]},\"targets\":[{\"model\":"
             "\"%s/target.gguf\"},{\"model\":\"%s/second.gguf\"}],\"context\":256,\"threads\":2},"
             "\"spec\":\"on\"}\n"
             "{\"v\":1,\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"hi\"}],"
             "\"max_tokens\":9,\"seed\":1,\"ignore_eos\":true}\n"
             "{\"v\":1,\"request\":\"set\",\"thresholds\":[0.5,0.5]}\n"
             "{\"v\":1,\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"why\"}],"
             "\"max_tokens\":9,\"seed\":1,\"ignore_eos\":true}\n"
             "%s"
             "{\"v\":1,\"request\":\"say\",\"messages\":[{\"role\":\"user\",\"text\":\"how\"}],"
             "\"max_tokens\":9,\"seed\":1,\"ignore_eos\":true}\n",
             folder.path, folder.path, folder.path,
             with_switch ? "{\"v\":1,\"request\":\"switch\",\"target\":1}\n" : "");
    assert_true(strlen(input) < PIPE_BUF);
}

static void each_request_ends_or_the_status_is_not_0(void **state)
{
    (void)state;
    static const char *const whose[] = {"front", NULL}; /* the process that is started */
    static Run run;
    static Said said;
    static Clean clean;
    char *words[] = {"s2d", "worker", NULL}, input[4096];
    Scene scene = {.words = words,
                   .input = input,
                   .folder = folder.path,
                   .whose = whose,
                   .every = 64,
                   .begin = nothing,
                   .verdict = verdict,
                   .user = &clean};
    for (int with_switch = 0; with_switch < 2; with_switch++) {
        write_requests(input, sizeof input, with_switch);
        failing_run(&scene, NULL, &run);
        hear(&run, &said);
        memcpy(clean.text[with_switch], said.text, sizeof said.text);
        if (run.status != 0 || said.errors > 0 || said.done_switches != with_switch)
            fail_msg("status %d: %s", run.status, run.err);
    }
    assert_string_not_equal(clean.text[0][3], clean.text[1][3]);
    assert_null(verdict(&run, &clean));
    fail_each(&scene);
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
        cmocka_unit_test(each_request_ends_or_the_status_is_not_0),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
