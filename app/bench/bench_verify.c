/* bench_verify.c - `s2d bench verify`: T(n), the time of one target pass over n rows.
 *
 * This is what decides whether speculation pays: a round that checks n - 1 drafted tokens costs
 * T(n) against T(1) of plain decoding. Beside it stands what the machine needs at least: the
 * weights out of memory or the multiplications, both limits measured in turn with the passes, so
 * that a swing of the machine hits all alike. Each figure is a median. The last line is the reading
 * of a prompt.
 */
#include <stdio.h>

#include "app/base/print.h"
#include "app/bench/bench.h"
#include "app/bench/bench_model.h"
#include "engine/session/session.h"

enum { CONTEXT = 256, PREFILL = 128 };

static const int counts[] = {1, 2, 4, 8, 12, 16, 32, 64};
enum { N_COUNTS = sizeof(counts) / sizeof(counts[0]) };

typedef struct Verify {
    BenchModel bench;
    double ms[N_COUNTS][BENCH_REPEATS_MAX], prefill_ms[BENCH_REPEATS_MAX];
} Verify;

const CommandLine bench_verify_line = {
    .name = "bench verify",
    .lists = {{bench_model_options, 0}, {model_options, offsetof(BenchModel, options)}},
    .summary = "time of a target pass over n rows: what checking n tokens costs here",
};

/* Weights that a pass reads: all but an embedding that is not the head as well. Of experts those of
 * one row, for which ones other rows need nobody knows: with more rows this is the least. */
static double pass_bytes(const Model *model)
{
    double bytes = (double)model->config.weight_bytes;
    Gguf *gguf;
    if (model->config.experts > 0)
        return (double)model->config.token_bytes;
    if (model->embed == model->head || gguf_open(&gguf, model->path, NULL) != 0)
        return bytes;
    const GgufTensor *embed = gguf_tensor(gguf, "token_embd.weight");
    if (embed)
        bytes -= (double)embed->bytes;
    gguf_close(gguf);
    return bytes;
}

/* Multiplications by weights, for n rows of which `heads` get logits. */
static double pass_macs(const ModelConfig *m, int n, int heads)
{
    double attention = (double)m->heads * m->head_dim, kv = (double)m->kv_heads * m->head_dim;
    double ffn = m->experts > 0 ? (double)m->picks * m->expert_ffn + m->experts / 3.0 : m->ffn;
    double layer = m->hidden * (2 * attention + 2 * kv + 3 * ffn);
    return n * (m->layers * layer) + heads * ((double)m->vocab * m->hidden);
}

static void measure(Verify *v, Session *session, int context)
{
    BenchModel *bench = &v->bench;
    session_time_verify(session, 1, context); /* reads the context */
    for (int r = 0; r < bench->repeats; r++) {
        for (int i = 0; i < N_COUNTS; i++) {
            bench_measure_limits(bench);
            v->ms[i][r] = session_time_verify(session, counts[i], context);
        }
        v->prefill_ms[r] = session_time_prefill(session, PREFILL);
    }
}

/* One row: of a tree of n nodes, or of a prompt of n tokens. */
static void print_row(const Verify *v, const char *what, int n, double ms, double first_ms,
                      const MachineLimits *limits)
{
    const Model *model = v->bench.model;
    bool prompt = first_ms == 0;
    double bytes = pass_bytes(model), macs = pass_macs(&model->config, n, prompt ? 1 : n);
    double least = bench_least_ms(bytes, limits->bytes_per_s, macs, limits->dots_per_s);
    double bytes_per_s = 1e3 * bytes / ms, share = bytes_per_s / limits->bytes_per_s;
    if (v->bench.json) {
        printf("{\"what\":\"%s\",\"n\":%d,\"ms\":%.4f,\"tokens_per_s\":%.1f,", what, n, ms,
               1e3 * n / ms);
        if (!prompt)
            printf("\"ratio\":%.3f,", ms / first_ms);
        printf("\"bytes_per_s\":%.0f,\"macs_per_s\":%.0f,\"bandwidth_share\":%.4f,"
               "\"least_ms\":%.4f,\"over_least\":%.3f}\n",
               bytes_per_s, 1e3 * macs / ms, share, least, ms / least);
        return;
    }
    printf("%-7s %4d %9.2f %9.1f ", what, n, ms, 1e3 * n / ms);
    if (prompt)
        printf("%9s", "");
    else
        printf("%9.2f", ms / first_ms);
    printf(" %6.1f %5.0f %% %7.1f %9.2f %7.2f\n", bytes_per_s / 1e9, 100 * share, macs / ms / 1e6,
           least, ms / least);
}

static void print(Verify *v, int context)
{
    BenchModel *bench = &v->bench;
    const Model *model = bench->model;
    MachineLimits limits = bench_limits(bench);
    if (bench->json)
        printf("{\"what\":\"limits\",\"bytes_per_s\":%.0f,\"macs_per_s\":%.0f}\n",
               limits.bytes_per_s, limits.dots_per_s);
    else
        print_report(stdout,
                     "%s %s, %s, %d tokens of context, median of %d\n"
                     "this machine in the same run: %.1f GB/s read, %.0f GMAC/s\n"
                     "%-7s %4s %9s %9s %9s %6s %7s %7s %9s %7s\n",
                     model->name, model->config.quant, model->kernels->description, context,
                     bench->repeats, limits.bytes_per_s / 1e9, limits.dots_per_s / 1e9, "", "n",
                     "ms", "tokens/s", "T(n)/T(1)", "GB/s", "of read", "GMAC/s", "least ms",
                     "T/least");
    double first_ms = bench_median(v->ms[0], bench->repeats);
    for (int i = 0; i < N_COUNTS; i++)
        print_row(v, "verify", counts[i], bench_median(v->ms[i], bench->repeats), first_ms,
                  &limits);
    print_row(v, "prefill", PREFILL, bench_median(v->prefill_ms, bench->repeats), 0, &limits);
}

static int run(Verify *v, int argc, char **argv, Err *err)
{
    BenchModel *bench = &v->bench;
    if (bench_model_open(bench, &bench_verify_line, argc, argv, err) != 0 ||
        bench_model_load(bench, bench->kernels, err) != 0)
        return -1;
    const Options *options = &bench->options;
    int context = options->has_ctx && options->ctx > 0 ? options->ctx : CONTEXT;
    int most = context > PREFILL ? context : PREFILL;
    if (most > bench->model->config.context)
        return err_set(err, EXIT_USAGE, "--ctx: %s was trained for %d tokens; %d are needed",
                       bench->model->name, bench->model->config.context, most);
    SessionConfig config = {.kernels = bench->kernels,
                            .target = bench->model,
                            .spec = SPEC_OFF,
                            .kv = bench->load.u.load.profile.kv,
                            .ctx = most};
    Session *session;
    if (session_open(&session, &config, err) != 0)
        return -1;
    measure(v, session, context);
    print(v, context);
    session_close(session);
    return 0;
}

int bench_verify(int argc, char **argv)
{
    Verify verify = {0};
    Err err = {0};
    run(&verify, argc, argv, &err);
    bench_model_close(&verify.bench);
    if (err.code != 0)
        fprintf(stderr, "s2d bench verify: %s\n", err.text);
    return err.code;
}
