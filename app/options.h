/* options.h - the command line of the commands that start a worker, and how it overrides a profile.
 *
 *   argv -> options_parse -> Options -> options_request -> the worker's first request, `load`
 *
 * Numbers are read strictly: the whole word, finite, in range. Pointers point into argv.
 *
 * Which models:
 *   no --profile            the profile "coder"
 *   --target M              one of the profile's targets: start with that one; any other model: it
 *                           comes first and the profile's targets stay behind it. With a target
 *                           that is not the profile's and neither --draft nor --profile given, the
 *                           profile's draft does not come along: nobody asked for that pair.
 *   --draft M | none        the draft model; another one than the profile's drops its exits and
 * thresholds, and its adapter
 *   --adapter F | none      what was trained for the draft; another one than the profile's drops
 *                           the profile's exits and thresholds: the adapter has exits of its own
 */
#ifndef S2D_APP_OPTIONS_H
#define S2D_APP_OPTIONS_H

#include "app/protocol/request.h"

/* What a command accepts; or them together. */
enum {
    OPTIONS_MODEL =
        1, /* --profile --target --draft --adapter --drafter --spec --tree --ctx --threads --device
              --isa --act --kv --host; -m is --target */
    OPTIONS_SAMPLING = 2,   /* --temp --top-k --top-p --seed */
    OPTIONS_RUN = 4,        /* -p -n --raw --ignore-eos --json */
    OPTIONS_CHAT = 8,       /* --plain */
    OPTIONS_BENCH = 16,     /* --repeats --json */
    OPTIONS_QUESTIONS = 32, /* -n --questions --sample --categories --methods --csv */
    OPTIONS_TUNE = 64,      /* -n --prompts --forget --sample --repeats --json --csv */
};

typedef struct Options {
    const char *profile, *target, *draft, *adapter, *drafter, *tree, *device, *isa,
        *host; /* NULL = not given */
    const char *prompt, *questions, *categories, *methods, *prompts;
    bool has_spec, has_temperature, has_top_k, has_top_p, has_seed, has_ctx, has_kv, has_threads,
        has_max_tokens;
    SpecMode spec;
    KvType kv;
    double temperature, top_p;
    int top_k, seed, ctx, threads, max_tokens;
    int repeats, sample; /* 0 = not given */
    bool act_f32, raw, ignore_eos, json, csv, plain, forget;
    int first_argument; /* index in argv of the first word that is no option */
} Options;

/* argv[0] is the command's name. -1: EXIT_USAGE. */
int options_parse(Options *options, int argc, char **argv, int accepted, Err *err);

/* Opens the profile and lays the options over it; request_free the request. */
int options_request(const Options *options, Request *load, Err *err);

/* The whole word as a number in [low, high]; what: "--temp", for the message. */
int options_integer(const char *text, const char *what, long low, long high, int *value, Err *err);
int options_number(const char *text, const char *what, double low, double high, double *value,
                   Err *err);

#endif
