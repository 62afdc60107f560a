/* synth.h - models of known shapes with random weights, for timing: what a pass costs depends on
 * shapes and types, not on what the weights say.
 *
 *   shape, layers, type, seed, a vocabulary -> a GGUF file that loads and runs
 */
#ifndef S2D_APP_BENCH_SYNTH_H
#define S2D_APP_BENCH_SYNTH_H

#include <stdio.h>

#include "kernels/common/err.h"
#include "kernels/quant.h"

typedef struct SynthOptions {
    const char *shape;      /* "vicuna-7b", … */
    const char *vocab_file; /* catalog name or path of a GGUF file */
    int layers;             /* 0 = the shape's */
    QuantType type;         /* of the matrices whose rows it fits */
    int seed;
} SynthOptions;

typedef struct SynthInfo {
    int layers, vocab; /* that the model has */
} SynthInfo;

/* Writes the file, whole or not at all. EXIT_USAGE for a shape that is not known. */
int synth_write(const SynthOptions *options, const char *out, SynthInfo *info, Err *err);

/* The same into a stream, of which a part may be written where it fails. */
int synth_write_stream(const SynthOptions *options, FILE *stream, SynthInfo *info, Err *err);

int synth_layers(const char *shape); /* that such a model has; 0 = unknown shape */

#endif
