/* train_generate.c - `s2d train --generate`: a model answers a file of prompts, one a line, many at
 * once; the answers are appended to a file of conversations as train_data.h reads them.
 *
 * A prompt's number is its line, from 0. Prompts that the file has already are left out, so a run
 * that was stopped goes on where it was. Answers come in the order in which they end.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/base/command_kernels.h"
#include "app/base/save_file.h"
#include "app/base/signals.h"
#include "app/profile/catalog.h"
#include "app/train/train.h"
#include "engine/decode/generate.h"
#include "engine/text/utf8.h"
#include "kernels/common/clock.h"

enum { PROMPTS_BYTES_MAX = 256 << 20, TELL_MS = 5000 };

/* One prompt's way to its answer. */
typedef struct Ask {
    GenerateJob job; /* first: a GenerateJob * is an Ask * */
    int number;
    const char *text;
} Ask;

typedef struct Asking {
    const TrainOptions *options;
    Kernels *kernels;
    Model *model;
    Generator *generator;
    char *prompts; /* the file, its lines terminated */
    char **lines;  /* [n] */
    int n;
    bool *answered; /* [n] */
    FILE *out;
    Ask *running[ROWS_MAX];
    int n_running, done, left, too_long;
    int64_t tokens;
    double start_ms, told_ms;
} Asking;

static int no_memory(Err *err)
{
    return err_set(err, EXIT_MEMORY, "no memory for the prompts");
}

static int read_prompts(Asking *a, Err *err)
{
    size_t bytes;
    a->prompts = read_file(a->options->prompts, "file of prompts", PROMPTS_BYTES_MAX, &bytes, err);
    if (a->prompts == NULL)
        return -1;
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += a->prompts[i] == '\n';
    a->lines = malloc(lines * sizeof *a->lines);
    a->answered = calloc(lines, sizeof *a->answered);
    if (a->lines == NULL || a->answered == NULL)
        return no_memory(err);
    for (char *at = a->prompts; at && *at;) {
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        a->answered[a->n] = at[strspn(at, " \t\r")] == '\0'; /* nothing to say to an empty line */
        a->lines[a->n++] = at;
        at = end ? end + 1 : NULL;
    }
    return 0;
}

/* What the file of answers has; a last line that was cut off is ended. */
static int open_answers(Asking *a, Err *err)
{
    const char *path = a->options->out;
    char *line = NULL;
    size_t room = 0;
    a->out = fopen(path, "a+e");
    if (a->out == NULL)
        return err_set(err, EXIT_IO, "%.300s: %s", path, strerror(errno));
    if (flock(fileno(a->out), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return err_set(err, EXIT_IO, "%.300s: another run uses it; name another -o", path);
    bool whole = true;
    rewind(a->out);
    for (ssize_t n; (n = getline(&line, &room, a->out)) > 0;) {
        json_t *object = json_loads(line, 0, NULL);
        const json_t *number = json_object_get(object, "id");
        json_int_t id = json_is_integer(number) ? json_integer_value(number) : -1;
        if (id >= 0 && id < a->n)
            a->answered[id] = true;
        json_decref(object);
        whole = line[n - 1] == '\n';
    }
    free(line);
    fseek(a->out, 0, SEEK_END);
    if (!whole)
        fputc('\n', a->out);
    return 0;
}

/* What the answer's ids say, in whole characters; allocated. */
static char *text_of(const Asking *a, const GenerateJob *job)
{
    char *raw = NULL, *text = NULL;
    size_t bytes, size;
    FILE *stream = open_memstream(&raw, &size);
    if (stream == NULL)
        return NULL;
    for (int i = 0; i < job->n - job->ended; i++) {
        const char *piece = tokenizer_text(a->model->tokenizer, job->ids[i], false, &bytes);
        fwrite(piece, 1, bytes, stream);
    }
    if (fclose(stream) == 0 && (text = malloc(3 * (size + 4) + 1)) != NULL)
        utf8_feed(&(Utf8){0}, raw, size, text, 3 * (size + 4) + 1);
    free(raw);
    return text;
}

static json_t *message_of(const char *role, const char *text)
{
    return json_pack("{s:s, s:s}", "role", role, "content", text);
}

static int write_answer(Asking *a, const Ask *ask, Err *err)
{
    char *text = text_of(a, &ask->job);
    json_t *messages = json_array();
    if (a->options->system)
        json_array_append_new(messages, message_of("system", a->options->system));
    json_array_append_new(messages, message_of("user", ask->text));
    json_array_append_new(messages, message_of("assistant", text ? text : ""));
    json_t *object =
        json_pack("{s:i, s:s, s:f, s:i, s:s, s:o}", "id", ask->number, "model", a->options->model,
                  "temperature", a->options->temperature, "seed", (int)ask->job.seed, "finish",
                  ask->job.ended ? "stop" : "length", "messages", messages);
    int result = 0;
    if (!text || !object)
        result = err_set(err, EXIT_DATA,
                         "%.300s: prompt %d cannot be written; is it UTF-8, and is there memory?",
                         a->options->prompts, ask->number);
    else if (json_dumpf(object, a->out, JSON_COMPACT) != 0 || fputc('\n', a->out) == EOF ||
             fflush(a->out) != 0)
        result = err_set(err, EXIT_IO, "%.300s: cannot be written", a->options->out);
    json_decref(object);
    free(text);
    a->done++;
    return result;
}

static void free_ask(Ask *ask)
{
    free((int *)ask->job.prompt);
    free(ask->job.ids);
    free(ask);
}

/* *ask: NULL where the prompt is too long. */
static int make_ask(const Asking *a, int number, Ask **made, Err *err)
{
    const Model *model = a->model;
    const char *system = a->options->system;
    Message messages[2] = {{.role = ROLE_SYSTEM, .text = system},
                           {.role = ROLE_USER, .text = a->lines[number]}};
    bool has_system = system && *system != '\0';
    int *ids, n;
    *made = NULL;
    if (template_encode(&model->template, model->template.thinks, model->tokenizer,
                        messages + !has_system, 1 + has_system, &ids, &n, err) != 0)
        return -1;
    if (n >= a->options->trainer.length) {
        free(ids);
        return 0;
    }
    Ask *ask = calloc(1, sizeof *ask);
    int *said = malloc(sizeof *said * (size_t)a->options->tokens);
    if (ask == NULL || said == NULL) {
        free(ask);
        free(said);
        free(ids);
        return no_memory(err);
    }
    ask->job = (GenerateJob){.prompt = ids,
                             .n_prompt = n,
                             .seed = a->options->trainer.seed + (uint32_t)number,
                             .max_tokens = a->options->tokens,
                             .ids = said};
    ask->number = number;
    ask->text = a->lines[number];
    *made = ask;
    return 0;
}

static void tell(Asking *a)
{
    double seconds = (clock_ms() - a->start_ms) / 1000;
    fprintf(stderr, "%d answers, %d to go, %.0f tokens/s\n", a->done, a->left - a->done,
            (double)a->tokens / (seconds > 0 ? seconds : 1));
    a->told_ms = clock_ms();
}

static int finish(Asking *a, Ask *ask, Err *err)
{
    int at = 0;
    while (a->running[at] != ask)
        at++;
    a->running[at] = a->running[--a->n_running];
    int result = ask->job.no_number
                     ? err_set(err, EXIT_DATA,
                               "%.300s: the model computes infinity or no number (NaN) in its "
                               "answer to prompt %d; its file may be damaged: use another one",
                               a->options->model, ask->number)
                     : write_answer(a, ask, err);
    free_ask(ask);
    return result;
}

/* Gives free places to the next prompts. */
static int ask_next(Asking *a, int *next, Err *err)
{
    while (*next < a->n && generator_room(a->generator) > 0) {
        int number = (*next)++;
        Ask *ask;
        if (a->answered[number])
            continue;
        if (make_ask(a, number, &ask, err) != 0)
            return -1;
        if (ask == NULL) {
            a->too_long++;
            a->left--;
            continue;
        }
        a->running[a->n_running++] = ask;
        a->tokens++;
        if (generator_add(a->generator, &ask->job) && finish(a, ask, err) != 0)
            return -1;
    }
    return 0;
}

static int ask_all(Asking *a, int signals, Err *err)
{
    GenerateJob *done[ROWS_MAX];
    int next = 0, result = ask_next(a, &next, err);
    while (result == 0 && a->n_running > 0) {
        a->tokens += a->n_running;
        int n = generator_step(a->generator, done);
        for (int i = 0; i < n && result == 0; i++)
            result = finish(a, (Ask *)done[i], err);
        if (result == 0)
            result = ask_next(a, &next, err);
        if (clock_ms() - a->told_ms > TELL_MS)
            tell(a);
        if (result == 0 && signals_next(signals) != 0)
            result = err_set(err, EXIT_INTERRUPTED,
                             "stopped; the same command goes on with what is not answered");
    }
    while (a->n_running > 0)
        free_ask(a->running[--a->n_running]);
    return result;
}

static int open_model(Asking *a, Err *err)
{
    char path[PATH_BYTES];
    const TrainOptions *o = a->options;
    if (catalog_resolve(o->model, path, sizeof path, err) != 0 ||
        command_kernels_open(&a->kernels, &o->kernels, err) != 0 ||
        model_open(&a->model, a->kernels, path, o->model, NULL, NULL, err) != 0)
        return -1;
    if (!a->model->has_template)
        return err_set(err, a->model->template_err.code, "%s", a->model->template_err.text);
    Sampling sampling = {
        .temperature = (float)o->temperature, .top_k = o->top_k, .top_p = (float)o->top_p};
    return generator_open(&a->generator, a->model, o->at_once, o->trainer.length + o->tokens,
                          &sampling, err);
}

int train_generate(const TrainOptions *options, Err *err)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, 0};
    Asking a = {.options = options};
    int signals = -1;
    if (read_prompts(&a, err) == 0 && open_answers(&a, err) == 0 && open_model(&a, err) == 0 &&
        (signals = signals_open(caught, err)) >= 0) {
        for (int i = 0; i < a.n; i++)
            a.left += !a.answered[i];
        a.start_ms = a.told_ms = clock_ms();
        ask_all(&a, signals, err);
        tell(&a);
        if (a.too_long > 0)
            fprintf(stderr, "%d prompts are longer than --length and were left out\n", a.too_long);
        signals_close(signals, caught);
    }
    generator_close(a.generator);
    model_close(a.model);
    if (a.kernels)
        a.kernels->close(a.kernels);
    if (a.out)
        fclose(a.out);
    free(a.prompts);
    free(a.lines);
    free(a.answered);
    return err->code ? -1 : 0;
}
