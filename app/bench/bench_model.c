/* bench_model.c - see bench_model.h. */
#include "app/bench/bench_model.h"
#include "app/base/command_kernels.h"

#include <stdlib.h>

const Option bench_model_options[] = {
    {"--repeats", "N", OPTION_INTEGER, .field = offsetof(BenchModel, repeats), .low = 1,
     .high = BENCH_REPEATS_MAX},
    {"--json", NULL, OPTION_FLAG, .field = offsetof(BenchModel, json)},
    {0},
};

int bench_model_open(BenchModel *bench, const CommandLine *line, int argc, char **argv, Err *err)
{
    bench->load.type = REQUEST_STOP; /* nothing to free yet */
    int first = command_line_parse(line, bench, argc, argv, err);
    if (first < 0)
        return -1;
    if (first < argc)
        return err_set(err, EXIT_USAGE, "\"%s\" is no option; see `s2d %s --help`", argv[first],
                       line->name);
    return bench_model_backend(bench, err);
}

int bench_model_backend(BenchModel *bench, Err *err)
{
    if (options_request(&bench->options, &bench->load, err) != 0)
        return -1;
    bench->repeats = bench->repeats ? bench->repeats : BENCH_REPEATS;
    const RequestLoad *load = &bench->load.u.load;
    KernelsOptions wanted = {.device = load->profile.device,
                             .isa = load->isa,
                             .threads = load->profile.threads,
                             .act_f32 = load->act_f32};
    return command_kernels_open(&bench->kernels, &wanted, err);
}

int bench_model_load(BenchModel *bench, Kernels *kernels, Err *err)
{
    const RequestLoad *load = &bench->load.u.load;
    ModelPlan plan;
    bench->models.kernels = kernels;
    int status =
        models_plan(&bench->models, load->profile.targets[load->target_index].model, &plan, err);
    if (status == 0)
        status = models_load(&bench->models, &plan, NULL, NULL, &bench->model, err);
    models_plan_close(&plan);
    return status == 0 ? limits_open(&bench->limits, bench->kernels, err) : -1;
}

void bench_model_close(BenchModel *bench)
{
    if (bench->kernels) {
        limits_close(bench->limits);
        models_close(&bench->models);
        bench->kernels->close(bench->kernels);
    }
    request_free(&bench->load);
}

void bench_measure_limits(BenchModel *bench)
{
    if (bench->n_measured == BENCH_LIMITS_MAX)
        return;
    for (Limit limit = 0; limit < LIMITS; limit++)
        bench->measured[limit][bench->n_measured] = limits_measure(bench->limits, limit);
    bench->n_measured++;
}

MachineLimits bench_limits(BenchModel *bench)
{
    double median[LIMITS];
    for (Limit limit = 0; limit < LIMITS; limit++)
        median[limit] = bench_median(bench->measured[limit], bench->n_measured);
    return (MachineLimits){.bytes_per_s = median[LIMIT_READ],
                           .dots_per_s = median[bench->kernels->act_f32 ? LIMIT_FMA : LIMIT_DOT],
                           .fmas_per_s = median[LIMIT_FMA]};
}

double bench_least_ms(double bytes, double bytes_per_s, double macs, double macs_per_s)
{
    double move = bytes / bytes_per_s, multiply = macs / macs_per_s;
    return 1e3 * (move > multiply ? move : multiply);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return values[n / 2];
}
