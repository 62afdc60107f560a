/* bench.c - `s2d bench NAME …`: finds the benchmark. */
#include "app/bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "app/base/std_streams.h"
#include "app/commands.h"
#include "kernels/common/err.h"

typedef struct Benchmark {
    const char *name;
    int (*run)(int argc, char **argv);
    const CommandLine *line;
} Benchmark;

static const Benchmark benchmarks[] = {
    {"kernels", bench_kernels, &bench_kernels_line},
    {"verify", bench_verify, &bench_verify_line},
    {"quality", bench_quality, &bench_quality_line},
    {"spec", bench_spec, &bench_spec_line},
    {"project", bench_project, &bench_project_line},
    {"products", bench_products, &bench_products_line},
    {"synth", bench_synth, &bench_synth_line},
};
enum { N_BENCHMARKS = sizeof(benchmarks) / sizeof(benchmarks[0]) };

const CommandLine cmd_bench_line = {
    .name = "bench",
    .words = "kernels | verify | quality | spec | project | products | synth [ARGUMENTS]",
    .forms = "       s2d bench NAME --help shows those of one",
    .summary = "measure this machine and the speculation",
};

int cmd_bench(int argc, char **argv)
{
    for (int i = 0; argc > 1 && i < N_BENCHMARKS; i++) {
        const Benchmark *b = &benchmarks[i];
        if (strcmp(argv[1], b->name) != 0)
            continue;
        if (argc == 3 && is_help(argv[2])) {
            command_line_usage(b->line, stdout);
            return 0;
        }
        Err err = {0};
        if (stdout_check(&err) != 0) { /* rather now than when all is measured */
            fprintf(stderr, "s2d bench: %s\n", err.text);
            return err.code;
        }
        return b->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "s2d bench: which one?\n");
    for (int i = 0; i < N_BENCHMARKS; i++)
        fprintf(stderr, "  %-8s %s\n", benchmarks[i].name, benchmarks[i].line->summary);
    return EXIT_USAGE;
}
