/* bench.c - `s2d bench NAME …`: finds the benchmark. */
#include "app/bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "kernels/common/err.h"

typedef struct Benchmark {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *summary;
} Benchmark;

static const Benchmark benchmarks[] = {
    {"kernels", bench_kernels,
     "[-m MODEL] [--repeats N] [--ctx N] [--threads N] [--isa I] [--act A] [--json]",
     "each operation of a pass, and its share of what this machine can do"},
    {"verify", bench_verify,
     "[-m MODEL] [--repeats N] [--ctx N] [--threads N] [--isa I] [--act A] [--json]",
     "time of a target pass over n rows: what checking n tokens costs here"},
    {"spec", bench_spec,
     "--questions FILE [-n N] [--sample N] [--categories LIST] [--methods LIST]\n"
     "        [--repeats N] [--json | --csv] [options as for `s2d run`]",
     "speed, speedup and MAT by category over a file of questions"},
    {"project", bench_project,
     "--target 7b|13b|70b --vocab FILE.gguf [--temp 0|1] [--mat M] [--drafted N] [--tree DxWxN]\n"
     "        [--layers N] [--type T] [--ctx N] [--repeats N] [--threads N] [--device D] [--json]",
     "speedups that measured passes and published MAT would give, marked as projected"},
    {"products", bench_products,
     "[--shape SHAPE] [--rows N] [--scored N] [--repeats N] [--threads N] [--isa I]",
     "the trainer's matrix products, and their share of what this machine can do"},
    {"synth", bench_synth, "SHAPE --vocab FILE.gguf -o FILE [--layers N] [--type T] [--seed S]",
     "writes a model of a known shape with random weights"},
};
enum { N_BENCHMARKS = sizeof(benchmarks) / sizeof(benchmarks[0]) };

int cmd_bench(int argc, char **argv)
{
    for (int i = 0; argc > 1 && i < N_BENCHMARKS; i++) {
        const Benchmark *b = &benchmarks[i];
        if (strcmp(argv[1], b->name) != 0)
            continue;
        if (argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
            printf("usage: s2d bench %s %s\n%s.\n", b->name, b->usage, b->summary);
            return 0;
        }
        return b->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "s2d bench: which one?\n");
    for (int i = 0; i < N_BENCHMARKS; i++)
        fprintf(stderr, "  %-8s %s\n", benchmarks[i].name, benchmarks[i].summary);
    return EXIT_USAGE;
}
