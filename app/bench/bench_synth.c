/* bench_synth.c - `s2d bench synth SHAPE`: writes a model of a known shape with random weights. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "app/bench/bench.h"
#include "app/bench/synth.h"
#include "app/options.h"

static int parse(SynthOptions *s, const char **out, int argc, char **argv, Err *err)
{
    static const struct option options[] = {
        {"layers", required_argument, NULL, 'l'}, {"type", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'},   {"vocab", required_argument, NULL, 'v'},
        {"output", required_argument, NULL, 'o'}, {0}};
    optind = 0;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        const QuantInfo *info;
        switch (c) {
        case 'l':
            if (options_integer(optarg, "--layers", 1, 512, &s->layers, err) != 0)
                return -1;
            break;
        case 't':
            info = quant_by_name(optarg);
            if (info == NULL)
                return err_set(err, EXIT_USAGE, "--type: \"%s\" is no type of weights; Q4_K is one",
                               optarg);
            s->type = info->type;
            break;
        case 's':
            if (options_integer(optarg, "--seed", 0, INT_MAX, &s->seed, err) != 0)
                return -1;
            break;
        case 'v':
            s->vocab_file = optarg;
            break;
        case 'o':
            *out = optarg;
            break;
        default:
            return err_set(err, EXIT_USAGE,
                           "\"%s\" is not understood; --layers, --type, --seed, --vocab "
                           "and -o are",
                           argv[optind - 1]);
        }
    }
    if (argc - optind != 1 || s->vocab_file == NULL || *out == NULL)
        return err_set(err, EXIT_USAGE,
                       "usage: s2d bench synth SHAPE [--layers N] [--type Q4_K] [--seed S] "
                       "--vocab FILE.gguf -o OUT.gguf");
    s->shape = argv[optind];
    return 0;
}

int bench_synth(int argc, char **argv)
{
    SynthOptions options = {.type = QUANT_Q4_K, .seed = 1};
    SynthInfo info;
    const char *out = NULL;
    Err err = {0};
    if (parse(&options, &out, argc, argv, &err) != 0 ||
        synth_write(&options, out, &info, &err) != 0) {
        fprintf(stderr, "s2d bench synth: %s\n", err.text);
        return err.code;
    }
    fprintf(stderr, "%s: %s, %d layers, vocabulary %d, %s, random weights\n", out, options.shape,
            info.layers, info.vocab, quant_info((uint32_t)options.type)->name);
    return 0;
}
