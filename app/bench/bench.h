/* bench.h - the benchmarks: one file each, all called as `s2d bench NAME …`. */
#ifndef S2D_APP_BENCH_BENCH_H
#define S2D_APP_BENCH_BENCH_H

#include "app/base/command_line.h"

/* argv[0] is the benchmark's name. They print their table to stdout, all else to stderr, and return
 * the process's exit code. */
int bench_kernels(int argc, char **argv);
int bench_verify(int argc, char **argv);
int bench_quality(int argc, char **argv);
int bench_spec(int argc, char **argv);
int bench_project(int argc, char **argv);
int bench_products(int argc, char **argv);
int bench_synth(int argc, char **argv);

extern const CommandLine bench_kernels_line, bench_verify_line, bench_quality_line, bench_spec_line,
    bench_project_line, bench_products_line, bench_synth_line;

#endif
