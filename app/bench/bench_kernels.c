/* bench_kernels.c - `s2d bench kernels`: what each operation of a pass takes, and how near it comes
 * to what the machine can do.
 *
 * Real passes of the engine over the model's own weights, all layers in turn, so that nothing is in
 * a cache that would not be there in a chat; a Probe times each call. In turn with the passes the
 * machine's limits are measured. An operation's share is the time that it would need at the limit
 * that binds (bytes by read bandwidth, or multiplications by their peak) by the time that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/print.h"
#include "app/bench/bench.h"
#include "app/bench/bench_model.h"
#include "app/bench/bench_probe.h"
#include "engine/model/forward.h"
#include "kernels/common/clock.h"

static const int counts[] = {1, 2, 4, 8, 16, 32, 128};
enum {
    N_COUNTS = sizeof(counts) / sizeof(counts[0]),
    N_CONTEXTS = 3,
    TREE_ROWS = TREE_SLOTS, /* batches of more rows are prompts */
};

/* The passes of one n and context. */
typedef struct Passes {
    double pass_ms[BENCH_REPEATS_MAX], row_ms[PROBE_ROWS][BENCH_REPEATS_MAX];
    int n_rows;
    ProbeRow rows[PROBE_ROWS];
} Passes;

typedef struct Bench {
    BenchModel base;
    Probe probe;
    Context context;
    int n_contexts, contexts[N_CONTEXTS]; /* all but attention is shown for the first */
    MachineLimits limits;
    Passes passes[N_CONTEXTS][N_COUNTS];
} Bench;

const CommandLine bench_kernels_line = {
    .name = "bench kernels",
    .lists = {{bench_model_options, 0}, {model_options, offsetof(BenchModel, options)}},
    .summary = "each operation of a pass, and its share of what this machine can do",
};

/* Keys and values that are not zero: memory that was never written is one page, in every cache. */
static int fill_cache(Bench *b, Err *err)
{
    const ModelConfig *m = &b->base.model->config;
    const Context *c = &b->context;
    Kernels *k = b->base.kernels;
    int slot[ROWS_MAX], prefix[ROWS_MAX] = {0};
    uint64_t mask[ROWS_MAX] = {0};
    size_t count = (size_t)ROWS_MAX * (size_t)m->kv_heads * (size_t)m->head_dim;
    float *values = malloc(count * sizeof *values);
    if (!values)
        return err_set(err, EXIT_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((int)(i % 7) - 3) / 8;
    k->upload(k, c->k, values, count);
    k->upload(k, c->v, values, count);
    free(values);
    for (int at = 0; at < c->slots; at += ROWS_MAX) {
        int n = c->slots - at < ROWS_MAX ? c->slots - at : ROWS_MAX;
        for (int i = 0; i < n; i++)
            slot[i] = at + i;
        Batch rows = {.n = n, .slot = slot, .prefix = prefix, .mask = mask};
        for (int l = 0; l < m->layers; l++)
            k->kv_write(k, c->kv, l, &rows, c->k, c->v);
    }
    return 0;
}

/* n rows behind `length` tokens: a chain of drafted tokens of which every one is accepted, or a
 * prompt's tokens. */
static void pass(Bench *b, int n, int length)
{
    int slot[ROWS_MAX], prefix[ROWS_MAX], ids[ROWS_MAX], best;
    uint64_t mask[ROWS_MAX] = {0};
    bool prompt = n > TREE_ROWS;
    float value;
    Context *c = &b->context;
    const ModelConfig *m = &b->base.model->config;
    Kernels *k = &b->probe.table;
    for (int i = 0; i < n; i++) {
        ids[i] = i % tokenizer_vocab(b->base.model->tokenizer);
        slot[i] = length + i;
        prefix[i] = prompt ? length + i + 1 : length;
        if (!prompt)
            mask[i] = UINT64_MAX >> (63 - i);
    }
    Batch rows = {
        .n = n, .prompt = prompt, .slot = slot, .prefix = prefix, .mask = mask, .base = length};
    forward(c, &rows, ids, 0, m->layers);
    int heads = prompt ? 1 : n;
    head(c, c->hidden + (size_t)(n - heads) * (size_t)m->hidden, heads);
    for (int i = 0; i < heads; i++)
        k->top(k, c->logits + (size_t)i * (size_t)m->vocab, 1, m->vocab, 1, &best, &value, NULL);
}

static void measure(Bench *b)
{
    for (int r = -1; r < b->base.repeats; r++) { /* the first round warms up */
        for (int c = 0; c < b->n_contexts; c++) {
            for (int i = 0; i < N_COUNTS; i++) {
                Passes *p = &b->passes[c][i];
                if (c == 0)
                    bench_measure_limits(&b->base);
                probe_reset(&b->probe);
                double start = clock_ms();
                pass(b, counts[i], b->contexts[c]);
                if (r < 0)
                    continue;
                p->pass_ms[r] = clock_ms() - start;
                p->n_rows = b->probe.n_rows;
                memcpy(p->rows, b->probe.rows, sizeof p->rows);
                for (int j = 0; j < p->n_rows; j++)
                    p->row_ms[j][r] = p->rows[j].ms;
            }
        }
    }
    b->limits = bench_limits(&b->base);
    for (int c = 0; c < b->n_contexts; c++)
        for (int i = 0; i < N_COUNTS; i++)
            for (int j = 0; j < b->passes[c][i].n_rows; j++)
                b->passes[c][i].rows[j].ms =
                    bench_median(b->passes[c][i].row_ms[j], b->base.repeats);
}

/* ---- printing ---- */

static const char *linear_name(const Model *model, const ProbeRow *row)
{
    const Matrix *first = row->matrix[0].matrix;
    for (int l = 0; l < model->config.layers; l++) {
        const Layer *layer = &model->layers[l];
        if (first == layer->q)
            return "q k v";
        if (first == layer->o)
            return "o";
        if (first == layer->gate)
            return "gate up";
        if (first == layer->down)
            return "down";
    }
    return "head";
}

static const char *row_name(const Model *model, const ProbeRow *row)
{
    static const char *const names[] = {
        [PROBE_EMBED] = "embed",       [PROBE_NORM] = "norm",       [PROBE_ROPE] = "rope",
        [PROBE_KV_WRITE] = "kv write", [PROBE_KV_MOVE] = "kv move", [PROBE_ATTENTION] = "attention",
        [PROBE_TOP] = "top",           [PROBE_EXPERTS] = "experts",
    };
    return row->op == PROBE_LINEAR ? linear_name(model, row) : names[row->op];
}

/* Joins the matrices' types or rows: "Q4_K Q4_K Q6_K", "1536+256+256". */
static void join(const ProbeRow *row, bool types, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (int j = 0; j < row->count && used < size; j++) {
        const ProbeMatrix *m = &row->matrix[j];
        int n = types ? snprintf(out + used, size - used, "%s%s", j ? " " : "",
                                 quant_info((uint32_t)m->type)->name)
                      : snprintf(out + used, size - used, "%s%d", j ? "+" : "", m->rows);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* What it takes at the limit; 0 where neither memory nor multiplications bind. */
static double least_ms(const Bench *b, const ProbeRow *row)
{
    const MachineLimits *l = &b->limits;
    if (row->op == PROBE_LINEAR || (row->op == PROBE_EXPERTS && row->bytes > 0))
        return bench_least_ms(row->bytes, l->bytes_per_s, row->macs, l->dots_per_s);
    if (row->op == PROBE_ATTENTION)
        return bench_least_ms(row->bytes, l->bytes_per_s, row->macs, l->fmas_per_s);
    return 0;
}

static void row_text(const Bench *b, const ProbeRow *row, int context)
{
    char types[48] = "", shape[48], cols[16] = "";
    double least = least_ms(b, row);
    if (row->op == PROBE_ATTENTION)
        snprintf(types, sizeof types, "after %d", context);
    else
        join(row, true, types, sizeof types);
    join(row, false, shape, sizeof shape);
    if (row->count > 0)
        snprintf(cols, sizeof cols, " x %d", row->matrix[0].cols);
    char rate[16] = "";
    if (row->bytes > 0)
        snprintf(rate, sizeof rate, "%.1f", row->bytes / row->ms / 1e6);
    printf("%-9s %-15s %14s%-8s %4d %9.3f %6s", row_name(b->base.model, row), types, shape, cols,
           row->calls, row->ms, rate);
    if (row->macs > 0)
        printf(" %7.1f", row->macs / row->ms / 1e6);
    if (least > 0)
        printf(" %5.0f %%", 100 * least / row->ms);
    printf("\n");
}

static void row_json(const Bench *b, const ProbeRow *row, int n, int context)
{
    char types[48], shape[48];
    double least = least_ms(b, row);
    join(row, true, types, sizeof types);
    join(row, false, shape, sizeof shape);
    printf("{\"what\":\"operation\",\"n\":%d,\"context\":%d,\"name\":\"%s\",", n, context,
           row_name(b->base.model, row));
    if (row->count > 0)
        printf("\"types\":\"%s\",\"rows\":\"%s\",\"cols\":%d,", types, shape, row->matrix[0].cols);
    printf("\"calls\":%d,\"ms\":%.6f,\"bytes\":%.0f,\"macs\":%.0f", row->calls, row->ms, row->bytes,
           row->macs);
    if (least > 0)
        printf(",\"least_ms\":%.6f,\"share\":%.4f", least, least / row->ms);
    printf("}\n");
}

static void print_row(const Bench *b, const ProbeRow *row, int n, int context)
{
    if (b->base.json)
        row_json(b, row, n, context);
    else
        row_text(b, row, context);
}

/* One n: every operation, then attention after longer texts, then the whole pass. */
static void print_passes(Bench *b, int i)
{
    Passes *p = &b->passes[0][i];
    double pass_ms = bench_median(p->pass_ms, b->base.repeats), sum = 0, least = 0;
    if (!b->base.json)
        printf("\nn = %-5d %-15s %22s %4s %9s %6s %7s %7s\n", counts[i], "", "", "", "ms", "GB/s",
               "GMAC/s", "share");
    for (int j = 0; j < p->n_rows; j++) {
        print_row(b, &p->rows[j], counts[i], b->contexts[0]);
        sum += p->rows[j].ms;
        least += least_ms(b, &p->rows[j]);
    }
    for (int c = 1; c < b->n_contexts; c++)
        for (int j = 0; j < b->passes[c][i].n_rows; j++)
            if (b->passes[c][i].rows[j].op == PROBE_ATTENTION)
                print_row(b, &b->passes[c][i].rows[j], counts[i], b->contexts[c]);
    if (b->base.json)
        printf("{\"what\":\"pass\",\"n\":%d,\"context\":%d,\"ms\":%.4f,\"operations_ms\":%.4f,"
               "\"least_ms\":%.4f,\"share\":%.4f}\n",
               counts[i], b->contexts[0], pass_ms, sum, least, least / pass_ms);
    else
        printf("%-9s %-15s %22s %4s %9.3f %14s %5.0f %%  in no operation: %.1f %%\n", "the pass",
               "", "", "", pass_ms, "", 100 * least / pass_ms, 100 * (pass_ms - sum) / pass_ms);
}

static void print(Bench *b)
{
    const Model *model = b->base.model;
    const MachineLimits *l = &b->limits;
    if (b->base.json)
        printf(
            "{\"what\":\"limits\",\"bytes_per_s\":%.0f,\"dots_per_s\":%.0f,\"fmas_per_s\":%.0f}\n",
            l->bytes_per_s, l->dots_per_s, l->fmas_per_s);
    else
        print_report(
            stdout,
            "%s %s, %s, median of %d passes\n"
            "this machine in the same run: %.1f GB/s read, %.0f GMAC/s of the weights' products, "
            "%.0f of attention's\n",
            model->name, model->config.quant, b->base.kernels->description, b->base.repeats,
            l->bytes_per_s / 1e9, l->dots_per_s / 1e9, l->fmas_per_s / 1e9);
    for (int i = 0; i < N_COUNTS; i++)
        print_passes(b, i);
}

/* ---- */

static int choose_contexts(Bench *b, Err *err)
{
    static const int usual[N_CONTEXTS] = {256, 1024, 4096};
    const Options *options = &b->base.options;
    int most = b->base.model->config.context - ROWS_MAX;
    if (options->ctx > 0)
        b->contexts[b->n_contexts++] = options->ctx;
    for (int c = 0; c < N_CONTEXTS && !options->ctx; c++)
        if (c == 0 || usual[c] <= most)
            b->contexts[b->n_contexts++] = usual[c];
    if (b->contexts[0] <= most)
        return 0;
    return err_set(err, EXIT_USAGE, "--ctx: %s was trained for %d tokens, %d of which are rows",
                   b->base.model->name, b->base.model->config.context, ROWS_MAX);
}

static int run(Bench *b, int argc, char **argv, Err *err)
{
    if (bench_model_open(&b->base, &bench_kernels_line, argc, argv, err) != 0)
        return -1;
    probe_open(&b->probe, b->base.kernels);
    if (bench_model_load(&b->base, &b->probe.table, err) != 0 || choose_contexts(b, err) != 0)
        return -1;
    int slots = b->contexts[b->n_contexts - 1] + ROWS_MAX;
    if (context_open(&b->context, b->base.model, b->base.load.u.load.profile.kv,
                     b->base.model->config.layers, slots, TREE_ROWS, err) != 0)
        return -1;
    if (fill_cache(b, err) != 0)
        return -1;
    measure(b);
    print(b);
    return 0;
}

int bench_kernels(int argc, char **argv)
{
    Err err = {0};
    Bench *b = calloc(1, sizeof *b);
    if (!b)
        err_set(&err, EXIT_MEMORY, "out of memory for the results");
    else
        run(b, argc, argv, &err);
    if (err.code != 0)
        fprintf(stderr, "s2d bench kernels: %s\n", err.text);
    if (b) {
        context_close(&b->context);
        bench_model_close(&b->base);
        probe_close(&b->probe);
    }
    free(b);
    return err.code;
}
