/* bench_quality.c - `s2d bench quality FILE`: perplexity of a text, and how far the path that answers is
 * from float activations on the CPU, both in one run: see quality.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

#include "app/base/command_kernels.h"
#include "app/base/print.h"
#include "app/base/save_file.h"
#include "app/bench/bench.h"
#include "app/bench/bench_model.h"
#include "app/bench/quality.h"

enum { TEXT_MAX = 64 << 20, CHUNKS_MAX = 1 << 20 }; /* bytes; chunks */

typedef struct Measure {
    BenchModel bench; /* the tested path */
    int chunks;
    const char *file;
    Kernels *kernels; /* the reference's */
    ModelsCache models;
    Model *reference;
    int *ids;
    QualityText text;
} Measure;

#define AT(field) offsetof(Measure, field)

static const Option rows[] = {
    {"--chunks", "N", OPTION_INTEGER, .field = AT(chunks), .low = 1, .high = CHUNKS_MAX},
    {"--json", NULL, OPTION_FLAG, .field = AT(bench.json)},
    {0},
};

const CommandLine bench_quality_line = {
    .name = "bench quality",
    .lists = {{rows, 0}, {model_options, AT(bench.options)}},
    .words = "FILE",
    .summary = "perplexity of a text, and what the int8 path changes against floats",
    .mixed = true,
};

static int parse(Measure *m, int argc, char **argv, Err *err)
{
    m->bench.load.type = REQUEST_STOP; /* nothing to free yet */
    int first = command_line_parse(&bench_quality_line, m, argc, argv, err);
    if (first < 0)
        return -1;
    if (argc - first != 1)
        return err_set(err, EXIT_USAGE, "which text? it takes one FILE");
    if (m->bench.options.act_f32)
        return err_set(err, EXIT_USAGE, "--act f32 is what it compares with");
    m->file = argv[first];
    return 0;
}

/* The same model again, with float activations. */
static int load_reference(Measure *m, Err *err)
{
    const RequestLoad *load = &m->bench.load.u.load;
    KernelsOptions floats = {
        .device = "cpu", .isa = load->isa, .threads = load->profile.threads, .act_f32 = true};
    ModelPlan plan;
    if (command_kernels_open(&m->kernels, &floats, err) != 0)
        return -1;
    m->models.kernels = m->kernels;
    if (models_plan(&m->models, load->profile.targets[load->target_index].model, &plan, err) != 0)
        return -1;
    int result = models_load(&m->models, &plan, NULL, NULL, &m->reference, err);
    models_plan_close(&plan);
    return result;
}

/* m->text: the file's tokens. */
static int read_text(Measure *m, const Model *model, Err *err)
{
    size_t bytes;
    int capacity = 0;
    QualityText *text = &m->text;
    char *data = read_file(m->file, "text", TEXT_MAX, &bytes, err);
    if (!data)
        return -1;
    if (memchr(data, '\0', bytes) || u8_check((const uint8_t *)data, bytes)) {
        free(data);
        return err_set(err, EXIT_DATA, "%.300s is no text in UTF-8", m->file);
    }
    if (tokenizer_adds_bos(model->tokenizer) && (m->ids = malloc(sizeof *m->ids)) != NULL) {
        m->ids[text->n++] = tokenizer_bos(model->tokenizer);
        capacity = 1;
    }
    int result =
        tokenizer_encode(model->tokenizer, data, bytes, false, &m->ids, &text->n, &capacity, err);
    free(data);
    if (result != 0)
        return -1;
    text->ids = m->ids;
    if (text->n < text->context)
        return err_set(err, EXIT_DATA,
                       "%.300s has %d tokens; there must be %d (--ctx N takes chunks of N)",
                       m->file, text->n, text->context);
    return 0;
}

static int choose_context(Measure *m, const Model *model, Err *err)
{
    const Options *options = &m->bench.options;
    int trained = model->config.context;
    m->text.context = options->has_ctx && options->ctx > 0 ? options->ctx
                      : trained < QUALITY_CONTEXT          ? trained
                                                           : QUALITY_CONTEXT;
    if (m->text.context < QUALITY_CONTEXT_MIN || m->text.context > trained)
        return err_set(err, EXIT_USAGE, "--ctx: a chunk has %d to %d tokens with %s",
                       QUALITY_CONTEXT_MIN, trained, model->name);
    return 0;
}

static void show_progress(void *user, int chunk, int chunks)
{
    (void)user;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\rchunk %d of %d ", chunk + 1, chunks);
}

static void print_json(const Measure *m, const Quality *q)
{
    const Perplexity *both[] = {&q->tested, &q->reference};
    static const char *const paths[] = {"fast", "f32"};
    for (int i = 0; i < 2; i++)
        printf("{\"what\":\"perplexity\",\"path\":\"%s\",\"value\":%.6f,\"error\":%.6f,"
               "\"context\":%d,\"chunks\":%d,\"scored\":%d}\n",
               paths[i], both[i]->value, both[i]->error, m->text.context, q->chunks, q->scored);
    printf("{\"what\":\"kl\",\"mean\":%.8f,\"error\":%.8f,\"median\":%.8f,\"p99\":%.8f,"
           "\"most\":%.8f,\"same_top\":%.6f}\n",
           q->kl, q->kl_error, q->kl_median, q->kl_99, q->kl_most, q->same_top);
}

static void print_table(const Measure *m, const Quality *q)
{
    const Model *model = m->bench.model;
    print_report(stdout,
                 "%s %s, %s\n"
                 "%s: %d tokens, %d chunks of %d, the second half of each scored: %d places\n\n"
                 "%-28s %10s %9s\n",
                 model->name, model->config.quant, model->kernels->description, m->file, m->text.n,
                 q->chunks, m->text.context, q->scored, "", "perplexity", "error");
    printf("%-28s %10.4f %9.4f\n", "as the model answers", q->tested.value, q->tested.error);
    printf("%-28s %10.4f %9.4f\n\n", "float activations (--act f32)", q->reference.value,
           q->reference.error);
    printf("KL divergence from the floats' probabilities, nats a token\n"
           "  mean %.6f (error %.6f), median %.6f, 99 %% below %.6f, most %.6f\n"
           "the likeliest token is the same at %.2f %% of the places\n",
           q->kl, q->kl_error, q->kl_median, q->kl_99, q->kl_most, 100 * q->same_top);
}

static int run(Measure *m, int argc, char **argv, Err *err)
{
    BenchModel *bench = &m->bench;
    Quality quality;
    if (parse(m, argc, argv, err) != 0 || bench_model_backend(bench, err) != 0 ||
        bench_model_load(bench, bench->kernels, err) != 0 ||
        choose_context(m, bench->model, err) != 0 || read_text(m, bench->model, err) != 0 ||
        load_reference(m, err) != 0)
        return -1;
    m->text.chunks = m->chunks;
    m->text.rows = ROWS_MAX;
    m->text.progress = show_progress;
    int result = quality_measure(&quality, m->reference, bench->model,
                                 bench->load.u.load.profile.kv, &m->text, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    if (result != 0)
        return -1;
    (bench->json ? print_json : print_table)(m, &quality);
    return 0;
}

int bench_quality(int argc, char **argv)
{
    Measure measure = {0};
    Err err = {0};
    run(&measure, argc, argv, &err);
    if (measure.kernels) {
        models_close(&measure.models);
        measure.kernels->close(measure.kernels);
    }
    free(measure.ids);
    bench_model_close(&measure.bench);
    if (err.code != 0)
        fprintf(stderr, "s2d bench quality: %s\n", err.text);
    return err.code;
}
