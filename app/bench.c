/* bench.c - `s2d bench NAME …`: finds the benchmark. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#include "../kernels/err.h"
#include "commands.h"

int cmd_bench(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } benches[] = {{"verify", bench_verify}, {"spec", bench_spec}, {"synth", bench_synth}};
    for (size_t i = 0; argc > 1 && i < sizeof(benches) / sizeof(benches[0]); i++)
        if (strcmp(argv[1], benches[i].name) == 0)
            return benches[i].run(argc - 1, argv + 1);
    fprintf(stderr,
            "s2d bench: which one?\n"
            "  verify  time of a target pass over n rows: what checking n tokens costs here\n"
            "  spec    speed, speedup and MAT by category over a file of questions\n"
            "  synth   writes a model of a known shape with random weights\n");
    return EXIT_USAGE;
}
