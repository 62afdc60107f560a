/* bench_spec.c - `s2d bench spec`: speed, speedup and MAT over a file of questions, per category.
 *
 *   questions -> worker (one for all methods) -> plain, A, B, plain, … -> table, JSON or CSV
 *
 * After Spec-Bench: batch 1, the method's own first answer is part of the second turn, the wall
 * time around each generation counts, prompt included, and nothing is kept in the caches from one
 * generation to the next. Methods take turns on every question, so that a machine that slows down
 * slows all of them. Every text is compared with plain decoding's.
 *
 * A method is a drafter, with "/TREE" behind it for another tree than the profile's: sd, s2d/off,
 * exit:6/4x4x12.
 */
#include "bench_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../engine/clock.h"
#include "bench.h"
#include "client.h"
#include "options.h"

enum { MAX_TOKENS = 1024, WARM_TOKENS = 16 };

typedef struct Bench {
    Options options;
    Request load;
    Client *client;
    Questions questions;
    BenchResult result;
    char drafter[24];       /* the worker's */
    char *plain[TURNS_MAX]; /* texts of plain decoding for the current question */
} Bench;

/* --- talking to the worker --- */

/* What one answer was. */
typedef struct Answer {
    char *text; /* free it */
    size_t bytes, room;
    EventStats totals;
} Answer;

static int append(Answer *answer, const char *text, Err *err)
{
    size_t bytes = strlen(text);
    if (answer->room - answer->bytes < bytes + 1) {
        size_t room = 2 * answer->bytes + bytes + 1024;
        char *grown = realloc(answer->text, room);
        if (!grown)
            return err_set(err, EXIT_MEMORY, "out of memory for an answer");
        answer->text = grown;
        answer->room = room;
    }
    memcpy(answer->text + answer->bytes, text, bytes + 1);
    answer->bytes += bytes;
    return 0;
}

/* Sends a request and waits for the event that ends it. answer may be NULL. */
static int request(Bench *bench, const Request *request, EventType end, Answer *answer,
                   EventReady *ready, Err *err)
{
    if (client_send(bench->client, request, err) != 0)
        return -1;
    bool ended = false;
    while (!ended && err->code == 0) {
        Event event;
        int got = client_next(bench->client, &event, err);
        if (got < 0)
            return -1;
        if (got == 0) {
            client_wait(bench->client, -1);
            continue;
        }
        if (event.type == EVENT_ERROR)
            err_set(err, event.u.error.code, "%s", event.u.error.message);
        if (event.type == EVENT_TEXT && answer)
            append(answer, event.u.text.text, err);
        if (event.type == EVENT_DONE && answer)
            answer->totals = event.u.done.totals;
        if (event.type == EVENT_READY && ready)
            *ready = event.u.ready;
        ended = event.type == end;
        event_free(&event);
    }
    return err->code == 0 ? 0 : -1;
}

/* Plain decoding leaves the drafter where it is, switched off: another drafter starts with nothing
 * learnt. */
static int use_method(Bench *bench, const Method *method, Err *err)
{
    Request set = {.type = REQUEST_SET};
    set.u.set.has_spec = true;
    set.u.set.spec = method->spec;
    strcpy(set.u.set.tree, method->tree);
    if (method->spec != SPEC_OFF && strcmp(bench->drafter, method->drafter) != 0) {
        strcpy(set.u.set.drafter, method->drafter);
        strcpy(bench->drafter, method->drafter);
    }
    return request(bench, &set, EVENT_READY, NULL, NULL, err);
}

/* Another conversation, one token long, so that the next one finds nothing of itself in the caches.
 */
static int forget(Bench *bench, Err *err)
{
    Message message = {.role = ROLE_USER, .text = "0"};
    Request say = {.type = REQUEST_SAY};
    say.u.say = (RequestSay){
        .messages = &message, .n_messages = 1, .raw = true, .ignore_eos = true, .max_tokens = 1};
    return request(bench, &say, EVENT_DONE, NULL, NULL, err);
}

/* --- one question --- */

static int ask(Bench *bench, const Message *messages, int n, int max_tokens, Answer *answer,
               double *seconds, Err *err)
{
    const Profile *profile = &bench->load.u.load.profile;
    Request say = {.type = REQUEST_SAY};
    say.u.say = (RequestSay){.messages = (Message *)messages,
                             .n_messages = n,
                             .max_tokens = max_tokens,
                             .seed = (uint32_t)profile->seed};
    *answer = (Answer){0};
    if (forget(bench, err) != 0 || append(answer, "", err) != 0)
        return -1;
    double start = clock_ms();
    int status = request(bench, &say, EVENT_DONE, answer, NULL, err);
    *seconds = (clock_ms() - start) / 1e3;
    return status;
}

/* Compares with plain decoding's text, or keeps it as that. */
static void compare(Bench *bench, int method, int turn, Answer *answer, Sample *sample)
{
    sample->answers++;
    if (method == 0 && !bench->plain[turn]) {
        bench->plain[turn] = strdup(answer->text);
        return;
    }
    if (!bench->plain[turn] || strcmp(bench->plain[turn], answer->text) != 0)
        sample->different++;
}

static int run_question(Bench *bench, int method, const Question *question, int max_tokens,
                        Sample *sample, Err *err)
{
    const char *system = bench->load.u.load.profile.system;
    Message messages[1 + 2 * TURNS_MAX];
    char *answers[TURNS_MAX] = {0};
    int n = 0, status = use_method(bench, &bench->result.methods[method], err);
    if (system)
        messages[n++] = (Message){.role = ROLE_SYSTEM, .text = system};
    for (int turn = 0; status == 0 && turn < question->n_turns; turn++) {
        Answer answer;
        double seconds = 0;
        messages[n++] = (Message){.role = ROLE_USER, .text = question->turns[turn]};
        status = ask(bench, messages, n, max_tokens, &answer, &seconds, err);
        answers[turn] = answer.text;
        if (status != 0 || !sample)
            break;
        const EventStats *totals = &answer.totals;
        messages[n++] = (Message){.role = ROLE_ASSISTANT, .text = answer.text};
        sample->tokens += totals->tokens + 1;
        sample->seconds += seconds;
        sample->rounds += totals->rounds;
        sample->in_rounds += totals->tokens;
        sample->drafted += totals->drafted;
        sample->accepted += totals->accepted;
        compare(bench, method, turn, &answer, sample);
    }
    for (int turn = 0; turn < question->n_turns; turn++)
        free(answers[turn]);
    return status;
}

static int run_all(Bench *bench, Err *err)
{
    const Questions *questions = &bench->questions;
    BenchResult *result = &bench->result;
    int repeats = bench->options.repeats ? bench->options.repeats : 1;
    int most = bench->options.max_tokens > 0 ? bench->options.max_tokens : MAX_TOKENS;
    bool terminal = isatty(STDERR_FILENO);
    for (int m = 0; m < result->n_methods; m++) /* warm up: pages, caches, measured costs */
        if (run_question(bench, m, &questions->list[0], WARM_TOKENS, NULL, err) != 0)
            return -1;
    for (int q = 0; q < questions->n; q++) {
        for (int i = 0; err->code == 0 && i < repeats * result->n_methods; i++) {
            int m = i % result->n_methods;
            if (terminal)
                fprintf(stderr, "\rquestion %d of %d, %s\x1b[K", q + 1, questions->n,
                        result->methods[m].name);
            run_question(bench, m, &questions->list[q], most,
                         &result->samples[q * result->n_methods + m], err);
        }
        for (int turn = 0; turn < TURNS_MAX; turn++) {
            free(bench->plain[turn]);
            bench->plain[turn] = NULL;
        }
        if (err->code != 0)
            return -1;
        result->n_done = q + 1;
    }
    if (terminal)
        fprintf(stderr, "\r\x1b[K");
    return 0;
}

/* --- the command line --- */

static int add_method(BenchResult *result, const char *text, size_t length, SpecMode spec, Err *err)
{
    Method method = {.spec = spec};
    const char *slash = memchr(text, '/', length);
    size_t drafter = slash ? (size_t)(slash - text) : length;
    size_t tree = slash ? length - drafter - 1 : 0;
    DrafterKind kind;
    TreeShape shape;
    int layer;
    if (drafter < sizeof(method.drafter) && tree < sizeof(method.tree)) {
        memcpy(method.name, text, length);
        memcpy(method.drafter, text, drafter);
        memcpy(method.tree, slash ? slash + 1 : "", tree);
    }
    if (drafter_parse(method.drafter, &kind, &layer) != 0 ||
        (slash && tree_parse(method.tree, &shape) != 0))
        return err_set(
            err, EXIT_USAGE,
            "--methods: \"%.*s\" is no DRAFTER or DRAFTER/TREE (sd, s2d/off, exit:6/4x4x12)",
            (int)length, text);
    if (result->n_methods == METHODS_MAX)
        return err_set(err, EXIT_USAGE, "--methods: at most %d", METHODS_MAX);
    if (kind == DRAFTER_PLAIN && result->n_methods > 0)
        return 0; /* it is always there */
    if (kind == DRAFTER_PLAIN)
        method.spec = SPEC_OFF;
    result->methods[result->n_methods++] = method;
    return 0;
}

static int read_methods(Bench *bench, Err *err)
{
    const RequestLoad *load = &bench->load.u.load;
    const char *list = bench->options.methods;
    if (!list)
        list = !load->profile.draft_base                                  ? "ngram"
               : load->profile.n_exits > 1 || load->profile.draft_adapter ? "sd,s2d"
                                                                          : "sd";
    add_method(&bench->result, "plain", 5, SPEC_OFF, err);
    for (const char *at = list; at && err->code == 0;
         at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        add_method(&bench->result, at, strcspn(at, ","), load->spec, err);
    /* A method without a tree has the load's, which `set` cannot name as such: "auto" or the shape.
     */
    for (int m = 0; m < bench->result.n_methods; m++) {
        Method *method = &bench->result.methods[m];
        const Profile *profile = &load->profile;
        if (method->tree[0])
            continue;
        if (load->tree[0])
            strcpy(method->tree, load->tree);
        else if (profile->tree_auto)
            strcpy(method->tree, "auto");
        else
            snprintf(method->tree, sizeof(method->tree), "%dx%dx%d", profile->tree_depth,
                     profile->tree_width, profile->tree_nodes);
    }
    return err->code == 0 ? 0 : -1;
}

static void write_title(Bench *bench, const EventReady *ready)
{
    const Profile *profile = &bench->load.u.load.profile;
    const Options *o = &bench->options;
    char sample[48] = "all questions";
    if (o->sample > 0)
        snprintf(sample, sizeof(sample), "%d questions a category by stride", o->sample);
    snprintf(bench->result.title, sizeof(bench->result.title),
             "target %s %s, draft %s, %s, T=%g, at most %d tokens, %s, %d repeat%s, spec %s",
             ready->target, ready->quant, ready->draft[0] ? ready->draft : "none", ready->device,
             profile->temperature, o->max_tokens > 0 ? o->max_tokens : MAX_TOKENS, sample,
             o->repeats ? o->repeats : 1, o->repeats > 1 ? "s" : "",
             spec_name(bench->load.u.load.spec));
}

static int run(Bench *bench, Err *err)
{
    const Options *o = &bench->options;
    ClientOptions where = {.host = o->host};
    EventReady ready;
    if (!o->questions)
        return err_set(err, EXIT_USAGE,
                       "--questions FILE is needed: JSON lines with category and turns");
    if (questions_open(&bench->questions, o->questions, err) != 0 ||
        questions_choose(&bench->questions, o->categories, o->sample, err) != 0 ||
        options_request(o, &bench->load, err) != 0 || read_methods(bench, err) != 0)
        return -1;
    BenchResult *result = &bench->result;
    result->questions = &bench->questions;
    result->samples =
        calloc((size_t)bench->questions.n * (size_t)result->n_methods, sizeof(Sample));
    if (!result->samples)
        return err_set(err, EXIT_MEMORY, "out of memory for the results");
    if (client_open(&bench->client, &where, err) != 0 ||
        request(bench, &bench->load, EVENT_READY, NULL, &ready, err) != 0)
        return -1;
    write_title(bench, &ready);
    strcpy(bench->drafter, ready.drafter);
    return run_all(bench, err);
}

int bench_spec(int argc, char **argv)
{
    Bench bench = {.load = {.type = REQUEST_STOP}};
    Err err = {0};
    int accepted = OPTIONS_MODEL | OPTIONS_SAMPLING | OPTIONS_BENCH | OPTIONS_QUESTIONS;
    if (options_parse(&bench.options, argc, argv, accepted, &err) == 0 &&
        bench.options.first_argument < argc)
        err_set(&err, EXIT_USAGE, "\"%s\" is no option", argv[bench.options.first_argument]);
    if (err.code == 0 && run(&bench, &err) == 0) {
        if (bench.options.json)
            bench_print_json(&bench.result);
        else if (bench.options.csv)
            bench_print_csv(&bench.result);
        else
            bench_print_table(&bench.result);
    }
    if (err.code != 0)
        fprintf(stderr, "s2d bench spec: %s\n", err.text);
    client_close(bench.client);
    request_free(&bench.load);
    questions_close(&bench.questions);
    free(bench.result.samples);
    return err.code;
}
