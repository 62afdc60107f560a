/* bench_synth.c - `s2d bench synth SHAPE`: writes a model of a known shape with random weights. */
#include <limits.h>
#include <stdio.h>

#include "app/base/command_line.h"
#include "app/base/print.h"
#include "app/bench/bench.h"
#include "app/bench/synth.h"

typedef struct Synth {
    SynthOptions options;
    const char *out;
} Synth;

static int take_type(void *into, const char *text, Err *err)
{
    const QuantInfo *info = quant_by_name(text);
    if (info == NULL)
        return err_set(err, EXIT_USAGE, "--type: \"%s\" is no type of weights; Q4_K is one", text);
    ((Synth *)into)->options.type = info->type;
    return 0;
}

#define AT(field) offsetof(Synth, field)

static const Option rows[] = {
    {"--vocab", "FILE.gguf", OPTION_TEXT, .field = AT(options.vocab_file), .required = true},
    {"-o", "FILE", OPTION_TEXT, .field = AT(out), .alias = "--output", .required = true},
    {"--layers", "N", OPTION_INTEGER, .field = AT(options.layers), .low = 1, .high = 512},
    {"--type", "T", OPTION_TAKEN, .take = take_type},
    {"--seed", "S", OPTION_INTEGER, .field = AT(options.seed), .high = INT_MAX},
    {0},
};

const CommandLine bench_synth_line = {
    .name = "bench synth",
    .lists = {{rows, 0}},
    .words = "SHAPE",
    .summary = "writes a model of a known shape with random weights",
    .mixed = true,
};

static int parse(Synth *s, int argc, char **argv, Err *err)
{
    int first = command_line_parse(&bench_synth_line, s, argc, argv, err);
    char usage[256];
    if (first < 0)
        return -1;
    if (argc - first != 1 || s->options.vocab_file == NULL || s->out == NULL)
        return err_set(err, EXIT_USAGE, "usage: %s",
                       command_line_synopsis(&bench_synth_line, usage, sizeof usage));
    s->options.shape = argv[first];
    return 0;
}

int bench_synth(int argc, char **argv)
{
    Synth s = {.options = {.type = QUANT_Q4_K, .seed = 1}};
    SynthInfo info;
    Err err = {0};
    if (parse(&s, argc, argv, &err) != 0 || synth_write(&s.options, s.out, &info, &err) != 0) {
        fprintf(stderr, "s2d bench synth: %s\n", err.text);
        return err.code;
    }
    print_report(stderr, "%s: %s, %d layers, vocabulary %d, %s, random weights\n", s.out,
                 s.options.shape, info.layers, info.vocab,
                 quant_info((uint32_t)s.options.type)->name);
    return 0;
}
