/* bench_spec.c - `s2d bench spec`: speed, speedup and MAT over a file of questions, per category.
 *
 *   questions -> workers (one a draft) -> plain, A, B, plain, … -> table, JSON or CSV
 *
 * After Spec-Bench: batch 1, the method's own first answer is part of the second turn, the wall
 * time around each generation counts, prompt included, and nothing is kept in the caches from one
 * generation to the next. Methods take turns on every question, so that a machine that slows down
 * slows all of them. Every text is compared with plain decoding's.
 */
#include "app/bench/bench_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/file_hash.h"
#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/bench/bench.h"
#include "app/bench/bench_worker.h"
#include "app/bench/last_number.h"
#include "app/profile/adapter_file.h"

enum { MAX_TOKENS = 1024, WARM_TOKENS = 16 };

typedef struct Bench {
    Options options;
    const char *file, *categories, *methods; /* NULL = not given */
    int sample, repeats;                     /* 0 = not given */
    bool json, csv;
    BenchWorker workers[DRAFTS_MAX];
    Questions questions;
    BenchResult result;
    char *plain[TURNS_MAX]; /* texts of plain decoding for the current question */
} Bench;

static const Option own_options[] = {
    {"--questions", "FILE", OPTION_TEXT, .field = offsetof(Bench, file), .required = true},
    {"--sample", "N", OPTION_INTEGER, .field = offsetof(Bench, sample), .low = 1, .high = 1000000},
    {"--categories", "LIST", OPTION_TEXT, .field = offsetof(Bench, categories)},
    {"--methods", "LIST", OPTION_TEXT, .field = offsetof(Bench, methods)},
    {"--repeats", "N", OPTION_INTEGER, .field = offsetof(Bench, repeats), .low = 1, .high = 99},
    {"--json", NULL, OPTION_FLAG, .field = offsetof(Bench, json)},
    {"--csv", NULL, OPTION_FLAG, .field = offsetof(Bench, csv)},
    {0},
};

const CommandLine bench_spec_line = {
    .name = "bench spec",
    .lists = {{own_options, 0},
              {length_options, offsetof(Bench, options)},
              {model_options, offsetof(Bench, options)},
              {drafting_options, offsetof(Bench, options)},
              {sampling_options, offsetof(Bench, options)}},
    .summary = "speed, speedup and MAT by category over a file of questions",
};

/* Compares with plain decoding's text, or keeps it as that. */
static void compare(Bench *bench, int method, int turn, const char *text, Sample *sample)
{
    sample->answers++;
    if (method == 0 && !bench->plain[turn]) {
        bench->plain[turn] = strdup(text);
        return;
    }
    if (!bench->plain[turn] || strcmp(bench->plain[turn], text) != 0)
        sample->different++;
}

static void score(const Question *question, const char *text, Sample *sample)
{
    double number;
    sample->scored = question->has_number;
    sample->correct =
        question->has_number && last_number(text, &number) && number == question->number;
}

/* sample NULL: only the first turn, to warm up. */
static int run_question(Bench *bench, int index, const Question *question, int max_tokens,
                        Sample *sample, Err *err)
{
    const Method *method = &bench->result.methods[index];
    const Profile *profile = &bench->result.drafts[method->draft].load.u.load.profile;
    BenchWorker *worker = &bench->workers[method->draft];
    Message messages[1 + 2 * TURNS_MAX];
    char *answers[TURNS_MAX] = {0};
    int n = 0, status = bench_worker_use(worker, method, err);
    if (profile->system)
        messages[n++] = (Message){.role = ROLE_SYSTEM, .text = profile->system};
    for (int turn = 0; status == 0 && turn < question->n_turns; turn++) {
        BenchAnswer answer = {0};
        messages[n++] = (Message){.role = ROLE_USER, .text = question->turns[turn]};
        status = bench_worker_ask(worker, messages, n, max_tokens, (uint32_t)profile->seed, &answer,
                                  err);
        answers[turn] = answer.text;
        if (status != 0 || !sample)
            break;
        const EventStats *totals = &answer.totals;
        messages[n++] = (Message){.role = ROLE_ASSISTANT, .text = answer.text};
        sample->tokens += totals->tokens + 1LL;
        sample->seconds += answer.seconds;
        sample->rounds += totals->rounds;
        sample->in_rounds += totals->tokens;
        sample->drafted += totals->drafted;
        sample->accepted += totals->accepted;
        compare(bench, index, turn, answer.text, sample);
        if (turn == question->n_turns - 1)
            score(question, answer.text, sample);
    }
    for (int turn = 0; turn < question->n_turns; turn++)
        free(answers[turn]);
    return status;
}

static int run_all(Bench *bench, Err *err)
{
    const Questions *questions = &bench->questions;
    BenchResult *result = &bench->result;
    int most = bench->options.max_tokens > 0 ? bench->options.max_tokens : MAX_TOKENS;
    int each = result->repeats * result->n_methods;
    bool terminal = isatty(STDERR_FILENO);
    for (int m = 0; m < result->n_methods; m++) /* warm up: pages, caches, measured costs */
        if (run_question(bench, m, &questions->list[0], WARM_TOKENS, NULL, err) != 0)
            return -1;
    for (int q = 0; q < questions->n; q++) {
        for (int i = 0; err->code == 0 && i < each; i++) {
            int m = i % result->n_methods;
            if (terminal) {
                fputc('\r', stderr);
                print_report(stderr, "question %d of %d, %s", q + 1, questions->n,
                             result->methods[m].name);
                fputs("\x1b[K", stderr);
            }
            run_question(bench, m, &questions->list[q], most, &result->samples[q * each + i], err);
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

/* What the adapter's file says, and its hash. On another machine it is that one's business. */
static int read_adapter(const Bench *bench, BenchDraft *draft, Err *err)
{
    const char *name = draft->load.u.load.profile.draft_adapter;
    Adapter *adapter;
    if (!name)
        return 0;
    const char *slash = strrchr(name, '/');
    snprintf(draft->file, sizeof draft->file, "%s", slash ? slash + 1 : name);
    if (bench->options.host)
        return 0;
    char path[PATH_BYTES];
    if (adapter_find(name, path, err) != 0 || adapter_open(&adapter, path, err) != 0)
        return -1;
    draft->layers = adapter->info.layers;
    draft->n_exits = adapter->info.n_exits;
    adapter_close(adapter);
    return file_hash(path, draft->sha256, err);
}

/* Those in force: what was tuned here takes the place of the profile's. "" with a single exit. */
static void list_thresholds(const EventReady *ready, char *text, size_t size)
{
    text[0] = 0;
    if (ready->n_exits < 2)
        return;
    size_t used = (size_t)snprintf(text, size, ", thresholds");
    for (int i = 0; i < ready->n_exits && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %g", (double)ready->thresholds[i]);
}

static void write_title(Bench *bench, const EventReady *ready)
{
    const RequestLoad *load = &bench->result.drafts[0].load.u.load;
    const Options *o = &bench->options;
    char sample[48] = "all questions", thresholds[160];
    list_thresholds(ready, thresholds, sizeof thresholds);
    if (bench->sample > 0)
        snprintf(sample, sizeof(sample), "%d questions a category by stride", bench->sample);
    snprintf(bench->result.title, sizeof(bench->result.title),
             "target %s %s, draft %s%s, %s, T=%g, at most %d tokens, %s, %d repeat%s, spec %s",
             ready->target, ready->quant, ready->draft[0] ? ready->draft : "none", thresholds,
             ready->device, load->profile.temperature,
             o->max_tokens > 0 ? o->max_tokens : MAX_TOKENS, sample, bench->result.repeats,
             bench->result.repeats > 1 ? "s" : "", spec_name(load->spec));
}

static int open_workers(Bench *bench, Err *err)
{
    BenchResult *result = &bench->result;
    for (int i = 0; i < result->n_drafts; i++) {
        BenchDraft *draft = &result->drafts[i];
        EventReady ready;
        if (read_adapter(bench, draft, err) != 0 ||
            bench_worker_open(&bench->workers[i], bench->options.host, &draft->load, &ready, err) !=
                0)
            return -1;
        if (i == 0)
            write_title(bench, &ready);
    }
    result->temperature = (float)result->drafts[0].load.u.load.profile.temperature;
    bench_methods_name(result);
    return 0;
}

static int run(Bench *bench, Err *err)
{
    BenchResult *result = &bench->result;
    if (!bench->file)
        return err_set(err, EXIT_USAGE,
                       "--questions FILE is needed: JSON lines with category and turns");
    if (questions_open(&bench->questions, bench->file, err) != 0 ||
        questions_choose(&bench->questions, bench->categories, bench->sample, err) != 0 ||
        bench_methods_open(result, &bench->options, bench->methods, err) != 0)
        return -1;
    result->questions = &bench->questions;
    result->repeats = bench->repeats ? bench->repeats : 1;
    size_t questions = (size_t)bench->questions.n, repeats = (size_t)result->repeats;
    result->samples = calloc(questions * repeats * (size_t)result->n_methods, sizeof(Sample));
    result->scratch = calloc(2 * (questions > repeats ? questions : repeats), sizeof(double));
    if (!result->samples || !result->scratch)
        return err_set(err, EXIT_MEMORY, "out of memory for the results");
    return open_workers(bench, err) == 0 ? run_all(bench, err) : -1;
}

int bench_spec(int argc, char **argv)
{
    Bench bench = {0};
    Err err = {0};
    int first = command_line_parse(&bench_spec_line, &bench, argc, argv, &err);
    if (first >= 0 && first < argc)
        err_set(&err, EXIT_USAGE, "\"%s\" is no option", argv[first]);
    if (err.code == 0 && run(&bench, &err) == 0) {
        if (bench.json)
            bench_print_json(&bench.result);
        else if (bench.csv)
            bench_print_csv(&bench.result);
        else
            bench_print_table(&bench.result);
    }
    if (err.code != 0)
        fprintf(stderr, "s2d bench spec: %s\n", err.text);
    for (int i = 0; i < bench.result.n_drafts; i++)
        bench_worker_close(&bench.workers[i]);
    bench_methods_close(&bench.result);
    questions_close(&bench.questions);
    free(bench.result.samples);
    free(bench.result.scratch);
    return err.code;
}
