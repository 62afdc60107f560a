/* bench_verify.c - `s2d bench verify`: T(n), the time of one target pass over n rows.
 *
 * This is what decides whether speculation pays: a round that checks n - 1 drafted tokens costs
 * T(n) against T(1) of plain decoding. Each figure is a median; the weights' bytes over T(n) say
 * how near a pass is to what the memory delivers.
 */
#include <stdio.h>

#include "bench.h"
#include "models_cache.h"
#include "options.h"

enum { CONTEXT = 256, REPEATS = 5 };

/* Weights that a pass reads: all but an embedding that is not the head as well. */
static double pass_bytes(const Model *model)
{
    double bytes = (double)model->config.weight_bytes;
    Gguf *gguf;
    if (model->embed == model->head || gguf_open(&gguf, model->path, NULL) != 0)
        return bytes;
    const GgufTensor *embed = gguf_tensor(gguf, "token_embd.weight");
    if (embed)
        bytes -= (double)embed->bytes;
    gguf_close(gguf);
    return bytes;
}

static void measure(Session *session, const Options *options, int context)
{
    static const int counts[] = {1, 2, 4, 8, 16, 32};
    const Model *model = session_target(session);
    int repeats = options->repeats ? options->repeats : REPEATS;
    double bytes = pass_bytes(model), first = 0;
    if (!options->json)
        printf("%s %s, %s, %d tokens of context, median of %d\n%4s %9s %10s %10s %7s\n",
               model->name, model->config.quant, model->kernels->description, context, repeats, "n",
               "ms", "tokens/s", "T(n)/T(1)", "GB/s");
    for (int i = 0; i < (int)(sizeof(counts) / sizeof(counts[0])); i++) {
        int n = counts[i];
        double ms = session_time_verify(session, n, context, repeats);
        first = i == 0 ? ms : first;
        if (options->json)
            printf("{\"n\":%d,\"ms\":%.3f,\"tokens_per_s\":%.1f,\"ratio\":%.3f,\"bytes_per_s\":%."
                   "0f}\n",
                   n, ms, 1e3 * n / ms, ms / first, 1e3 * bytes / ms);
        else
            printf("%4d %9.2f %10.1f %10.2f %7.1f\n", n, ms, 1e3 * n / ms, ms / first,
                   bytes / ms / 1e6);
        fflush(stdout);
    }
}

static int run(const Options *options, const RequestLoad *load, Err *err)
{
    Kernels *kernels;
    KernelsOptions wanted = {.device = load->profile.device,
                             .isa = load->isa,
                             .threads = load->profile.threads,
                             .act_f32 = load->act_f32};
    if (kernels_open(&kernels, &wanted, err) != 0)
        return -1;
    ModelsCache models = {.kernels = kernels};
    ModelPlan plan;
    Model *model = NULL;
    Session *session = NULL;
    int context = options->has_ctx && options->ctx > 0 ? options->ctx : CONTEXT;
    int status = models_plan(&models, load->profile.targets[load->target_index].model, &plan, err);
    if (status == 0)
        status = models_load(&models, &plan, NULL, NULL, &model, err);
    if (status == 0 && context > model->config.context)
        status = err_set(err, EXIT_USAGE, "--ctx: %s was trained for %d tokens", model->name,
                         model->config.context);
    if (status == 0) {
        SessionConfig config = {.kernels = kernels,
                                .target = model,
                                .drafting = {.kind = DRAFTER_PLAIN},
                                .spec = SPEC_OFF,
                                .ctx = context + NODES_MAX};
        status = session_open(&session, &config, err);
    }
    if (status == 0)
        measure(session, options, context);
    session_close(session);
    models_plan_close(&plan);
    models_close(&models);
    kernels->close(kernels);
    return status;
}

int bench_verify(int argc, char **argv)
{
    Options options;
    Request load;
    Err err = {0};
    if (options_parse(&options, argc, argv, OPTIONS_MODEL | OPTIONS_BENCH, &err) == 0 &&
        options.first_argument < argc)
        err_set(&err, EXIT_USAGE, "\"%s\" is no option", argv[options.first_argument]);
    if (err.code == 0 && options_request(&options, &load, &err) == 0) {
        run(&options, &load.u.load, &err);
        request_free(&load);
    }
    if (err.code != 0)
        fprintf(stderr, "s2d bench verify: %s\n", err.text);
    return err.code;
}
