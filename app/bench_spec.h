/* bench_spec.h - what `s2d bench spec` measures (bench_spec.c) and how it is shown (bench_table.c).
 */
#ifndef S2D_BENCH_SPEC_H
#define S2D_BENCH_SPEC_H

#include <stdbool.h>

#include "../engine/session.h"
#include "bench_questions.h"

enum { METHODS_MAX = 16 };

typedef struct Method {
    char name[48]; /* as given: "s2d", "s2d/off", "sd/4x4x12" */
    char drafter[24], tree[16];
    SpecMode spec;
} Method;

/* One method on one question, all turns and repeats together. */
typedef struct Sample {
    int tokens;            /* all that were generated */
    double seconds;        /* wall time around them, prompts included */
    int rounds, in_rounds; /* rounds, and the tokens that they gave: MAT is their ratio */
    int drafted, accepted;
    int answers, different; /* texts, and those that are not plain decoding's */
} Sample;

typedef struct BenchResult {
    const Questions *questions;
    Method methods[METHODS_MAX]; /* the first one is plain decoding */
    int n_methods;
    Sample *samples; /* [questions->n, n_methods] */
    int n_done;      /* questions */
    char title[512]; /* models, machine, settings */
} BenchResult;

/* The first line says whether every text is plain decoding's. */
void bench_print_table(const BenchResult *result);
void bench_print_json(const BenchResult *result);
void bench_print_csv(const BenchResult *result);

#endif
