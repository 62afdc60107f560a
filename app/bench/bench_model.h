/* bench_model.h - what the benchmarks of the machine share: a model of the command line's choice,
 * the machine's limits, medians.
 *
 *   bench_model_open (options, backend) -> bench_model_load -> measure, with bench_measure_limits
 * in turn, for the machine's speed moves by the minute -> bench_limits
 */
#ifndef S2D_APP_BENCH_BENCH_MODEL_H
#define S2D_APP_BENCH_BENCH_MODEL_H

#include "app/options.h"
#include "app/worker/models_cache.h"
#include "kernels/limits.h"

enum { BENCH_REPEATS = 5, BENCH_REPEATS_MAX = 99, BENCH_LIMITS_MAX = 1024 };

typedef struct BenchModel {
    Options options;
    bool json;
    Request load;
    Kernels *kernels;
    Limits *limits;
    ModelsCache models;
    Model *model; /* the target */
    int repeats;  /* 0 = not given, until bench_model_open has returned */
    int n_measured;
    double measured[LIMITS][BENCH_LIMITS_MAX];
} BenchModel;

extern const Option bench_model_options[]; /* --repeats, --json: they fill a BenchModel */

/* Reads the command line of `s2d bench NAME` into zeroed memory and opens the backend.
 * bench_model_close also after -1. */
int bench_model_open(BenchModel *bench, const CommandLine *line, int argc, char **argv, Err *err);
/* The second half of it, for a command line that was read otherwise; bench->load.type is
 * REQUEST_STOP until then. */
int bench_model_backend(BenchModel *bench, Err *err);
/* kernels: what the model is to use; bench->kernels, or a table in front of it. */
int bench_model_load(BenchModel *bench, Kernels *kernels, Err *err);
void bench_model_close(BenchModel *bench);

/* Measures every limit once more. */
void bench_measure_limits(BenchModel *bench);

typedef struct MachineLimits {
    double bytes_per_s; /* out of memory */
    double dots_per_s;  /* multiplications of activations as the backend has them: int8 or float */
    double fmas_per_s;  /* multiplications of floats */
} MachineLimits;

MachineLimits bench_limits(BenchModel *bench); /* medians */

/* Milliseconds that it takes at least: moving or multiplying, whatever binds. */
double bench_least_ms(double bytes, double bytes_per_s, double macs, double macs_per_s);

double bench_median(double *values, int n); /* sorts them; n >= 1 */

#endif
