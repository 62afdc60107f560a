/* train_options.c - see train_options.h. */
#include "app/train/train_options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/options.h"

enum {
    OPT_DATA = 256,
    OPT_EVAL,
    OPT_AVOID,
    OPT_CACHE,
    OPT_LIST,
    OPT_SYSTEM,
    OPT_TUNE,
    OPT_METHOD,
    OPT_LOSS,
    OPT_TOP,
    OPT_LAYERS,
    OPT_EXITS,
    OPT_COPY,
    OPT_EPOCHS,
    OPT_STEPS,
    OPT_BATCH,
    OPT_LENGTH,
    OPT_RATE,
    OPT_WARMUP,
    OPT_COSINE,
    OPT_DECAY,
    OPT_CLIP,
    OPT_SEED,
    OPT_HOLD,
    OPT_EVERY,
    OPT_TYPE,
    OPT_RESUME,
    OPT_START,
    OPT_PLAN,
    OPT_SHAPE,
    OPT_THREADS,
    OPT_ISA,
    OPT_DEVICE,
    OPT_GENERATE,
    OPT_PROMPTS,
    OPT_TEMP,
    OPT_TOP_K,
    OPT_TOP_P,
    OPT_AT_ONCE,
};

static const struct option known[] = {
    {"data", 1, NULL, OPT_DATA},       {"eval", 1, NULL, OPT_EVAL},
    {"avoid", 1, NULL, OPT_AVOID},     {"cache", 1, NULL, OPT_CACHE},
    {"list", 1, NULL, OPT_LIST},       {"system", 1, NULL, OPT_SYSTEM},
    {"tune", 1, NULL, OPT_TUNE},       {"method", 1, NULL, OPT_METHOD},
    {"loss", 1, NULL, OPT_LOSS},       {"top", 1, NULL, OPT_TOP},
    {"layers", 1, NULL, OPT_LAYERS},   {"exits", 1, NULL, OPT_EXITS},
    {"copy", 1, NULL, OPT_COPY},       {"epochs", 1, NULL, OPT_EPOCHS},
    {"steps", 1, NULL, OPT_STEPS},     {"batch", 1, NULL, OPT_BATCH},
    {"length", 1, NULL, OPT_LENGTH},   {"rate", 1, NULL, OPT_RATE},
    {"warmup", 1, NULL, OPT_WARMUP},   {"cosine", 0, NULL, OPT_COSINE},
    {"decay", 1, NULL, OPT_DECAY},     {"clip", 1, NULL, OPT_CLIP},
    {"seed", 1, NULL, OPT_SEED},       {"hold", 1, NULL, OPT_HOLD},
    {"every", 1, NULL, OPT_EVERY},     {"type", 1, NULL, OPT_TYPE},
    {"resume", 0, NULL, OPT_RESUME},   {"start", 1, NULL, OPT_START},
    {"plan", 0, NULL, OPT_PLAN},       {"shape", 1, NULL, OPT_SHAPE},
    {"threads", 1, NULL, OPT_THREADS}, {"isa", 1, NULL, OPT_ISA},
    {"device", 1, NULL, OPT_DEVICE},   {"generate", 0, NULL, OPT_GENERATE},
    {"prompts", 1, NULL, OPT_PROMPTS}, {"temp", 1, NULL, OPT_TEMP},
    {"top-k", 1, NULL, OPT_TOP_K},     {"top-p", 1, NULL, OPT_TOP_P},
    {"at-once", 1, NULL, OPT_AT_ONCE}, {0}};

static int take_tune(TrainerConfig *trainer, const char *text, Err *err)
{
    if (strcmp(text, "exits") == 0) {
        trainer->tune = TRAINER_EXITS;
    } else if (strcmp(text, "full") == 0) {
        trainer->tune = TRAINER_FULL;
    } else if (strncmp(text, "lora:", 5) == 0) {
        trainer->tune = TRAINER_LORA;
        return options_integer(text + 5, "--tune lora", 1, 1024, &trainer->rank, err);
    } else {
        return err_set(err, EXIT_USAGE, "--tune: \"%s\" is none of exits, lora:RANK, full", text);
    }
    return 0;
}

/* One of two words. */
static int take_word(const char *what, const char *text, const char *first, const char *second,
                     Err *err)
{
    if (strcmp(text, first) == 0)
        return 0;
    if (strcmp(text, second) == 0)
        return 1;
    return err_set(err, EXIT_USAGE, "%s: \"%s\" is neither %s nor %s", what, text, first, second);
}

/* Layer numbers with commas between them. */
static int take_layers(const char *what, const char *text, int layers[EXITS_MAX], int *n, Err *err)
{
    *n = 0;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char number[16];
        if (*n == EXITS_MAX)
            return err_set(err, EXIT_USAGE, "%s: \"%s\" names more than %d layers", what, text,
                           EXITS_MAX);
        snprintf(number, sizeof number, "%.*s", (int)strcspn(at, ","), at);
        if (options_integer(number, what, 1, 4096, &layers[(*n)++], err) != 0)
            return -1;
    }
    return 0;
}

static int take_exits(TrainerConfig *trainer, const char *text, Err *err)
{
    if (take_layers("--exits", text, trainer->exits, &trainer->n_exits, err) != 0)
        return -1;
    for (int i = 1; i < trainer->n_exits; i++) {
        if (trainer->exits[i] <= trainer->exits[i - 1])
            return err_set(err, EXIT_USAGE, "--exits: \"%s\" does not ascend", text);
    }
    return 0;
}

static int take_copy(TrainOptions *o, const char *text, Err *err)
{
    o->copy = strcmp(text, "next") == 0   ? COPY_NEXT
              : strcmp(text, "last") == 0 ? COPY_LAST
                                          : COPY_NAMED;
    return o->copy == COPY_NAMED ? take_layers("--copy", text, o->copies, &o->n_copies, err) : 0;
}

static int take_type(QuantType *type, const char *text, Err *err)
{
    const QuantInfo *info = quant_by_name(text);
    if (info == NULL || info->block > 32)
        return err_set(err, EXIT_USAGE,
                       "--type: \"%s\" is none of f32, f16, q8_0, q5_1, q5_0, q4_1, q4_0", text);
    *type = info->type;
    return 0;
}

static int take_float(const char *text, const char *what, double low, double high, float *value,
                      Err *err)
{
    double number;
    if (options_number(text, what, low, high, &number, err) != 0)
        return -1;
    *value = (float)number;
    return 0;
}

static int take_soft(TrainOptions *o, int id, const char *text, Err *err)
{
    TrainerConfig *trainer = &o->trainer;
    int word, seed;
    switch (id) {
    case OPT_TUNE:
        return take_tune(trainer, text, err);
    case OPT_METHOD:
        if ((word = take_word("--method", text, "soft", "sft", err)) < 0)
            return -1;
        trainer->last_only = word == 1;
        return 0;
    case OPT_LOSS:
        if ((word = take_word("--loss", text, "distill", "text", err)) < 0)
            return -1;
        trainer->loss = word == 0 ? TRAINER_DISTILL : TRAINER_TEXT;
        return 0;
    case OPT_TOP:
        return options_integer(text, "--top", 4, TRAINER_TOP_MAX, &trainer->top, err);
    case OPT_EXITS:
        return take_exits(trainer, text, err);
    case OPT_BATCH:
        return options_integer(text, "--batch", 16, 1 << 20, &trainer->batch, err);
    case OPT_LENGTH:
        return options_integer(text, "--length", 16, 1 << 15, &trainer->length, err);
    case OPT_RATE:
        return take_float(text, "--rate", 0, 1, &trainer->rate, err);
    case OPT_WARMUP:
        return take_float(text, "--warmup", 0, 1, &trainer->warmup, err);
    case OPT_COSINE:
        trainer->cosine = true;
        return 0;
    case OPT_DECAY:
        return take_float(text, "--decay", 0, 1, &trainer->decay, err);
    case OPT_CLIP:
        return take_float(text, "--clip", 0, 1e9, &trainer->clip, err);
    default: /* OPT_SEED */
        if (options_integer(text, "--seed", 0, INT_MAX, &seed, err) != 0)
            return -1;
        trainer->seed = (uint32_t)seed;
        return 0;
    }
}

static int take(TrainOptions *o, int id, const char *text, Err *err)
{
    switch (id) {
    case 'm':
        o->model = text;
        return 0;
    case 'o':
        o->out = text;
        return 0;
    case 'n':
        return options_integer(text, "-n", 1, 1 << 15, &o->tokens, err);
    case OPT_DATA:
        if (o->n_data == TRAIN_FILES_MAX)
            return err_set(err, EXIT_USAGE, "more than %d files of data", TRAIN_FILES_MAX);
        o->data[o->n_data++] = text;
        return 0;
    case OPT_EVAL:
        o->eval = text;
        return 0;
    case OPT_AVOID:
        o->avoid = text;
        return 0;
    case OPT_CACHE:
        o->cache = text;
        return 0;
    case OPT_LIST:
        o->list = text;
        return 0;
    case OPT_SYSTEM:
        o->system = text;
        return 0;
    case OPT_LAYERS:
        return options_integer(text, "--layers", 1, 4096, &o->layers, err);
    case OPT_COPY:
        return take_copy(o, text, err);
    case OPT_EPOCHS:
        return options_number(text, "--epochs", 0, 1000, &o->epochs, err);
    case OPT_STEPS:
        return options_integer(text, "--steps", 0, 1 << 24, &o->steps, err);
    case OPT_HOLD:
        return options_integer(text, "--hold", 0, 1 << 20, &o->hold, err);
    case OPT_EVERY:
        return options_integer(text, "--every", 0, 1 << 24, &o->every, err);
    case OPT_TYPE:
        return take_type(&o->type, text, err);
    case OPT_RESUME:
        o->resume = true;
        return 0;
    case OPT_START:
        o->start = text;
        return 0;
    case OPT_PLAN:
        o->plan = true;
        return 0;
    case OPT_SHAPE:
        o->shape = text;
        return 0;
    case OPT_THREADS:
        return options_integer(text, "--threads", 0, 1024, &o->kernels.threads, err);
    case OPT_ISA:
        o->kernels.isa = text;
        return 0;
    case OPT_DEVICE:
        o->kernels.device = text;
        return 0;
    case OPT_GENERATE:
        o->generate = true;
        return 0;
    case OPT_PROMPTS:
        o->prompts = text;
        return 0;
    case OPT_TEMP:
        return options_number(text, "--temp", 0, 10, &o->temperature, err);
    case OPT_TOP_K:
        return options_integer(text, "--top-k", 0, INT_MAX, &o->top_k, err);
    case OPT_TOP_P:
        return options_number(text, "--top-p", 0, 1, &o->top_p, err);
    case OPT_AT_ONCE:
        return options_integer(text, "--at-once", 1, ROWS_MAX, &o->at_once, err);
    default:
        return take_soft(o, id, text, err);
    }
}

static int check(const TrainOptions *o, Err *err)
{
    if (o->shape && (!o->plan || o->model || o->list))
        return err_set(err, EXIT_USAGE, "--shape goes with --plan, without -m and --list");
    if (o->model == NULL && o->shape == NULL)
        return err_set(err, EXIT_USAGE, "which model? name it with -m MODEL");
    if (o->generate && (o->prompts == NULL || o->out == NULL))
        return err_set(err, EXIT_USAGE, "--generate wants --prompts FILE and -o FILE");
    if (!o->generate && !o->plan && (o->n_data == 0 || o->out == NULL))
        return err_set(err, EXIT_USAGE, "training wants --data FILE and -o FILE");
    if (o->steps == 0 && o->start == NULL)
        return err_set(err, EXIT_USAGE, "--steps 0 measures what --start FILE brings");
    if (o->hold == 1)
        return err_set(err, EXIT_USAGE, "--hold 1 would hold everything back");
    if (o->trainer.last_only && o->trainer.tune == TRAINER_EXITS)
        return err_set(err, EXIT_USAGE,
                       "--method sft trains a draft's last exit; it goes with --tune full or lora");
    return 0;
}

int train_options_parse(TrainOptions *options, int argc, char **argv, Err *err)
{
    *options = (TrainOptions){
        .trainer = {.loss = TRAINER_DISTILL,
                    .top = 16,
                    .batch = 512,
                    .length = 1024,
                    .rate = 5e-4f,
                    .warmup = 0.03f,
                    .clip = 1,
                    .seed = 1},
        .epochs = 3,
        .steps = -1,
        .hold = 50,
        .type = QUANT_Q5_0,
        .kernels = {.device = "cpu"},
        .tokens = 256,
        .at_once = 64,
        .top_p = 1,
    };
    optind = 0;
    opterr = 0;
    for (;;) {
        const char *word = optind > 0 && optind < argc ? argv[optind] : argc > 1 ? argv[1] : "";
        int id = getopt_long(argc, argv, "+:m:o:n:", known, NULL);
        if (id == -1)
            break;
        if (id == ':')
            return err_set(err, EXIT_USAGE, "%s wants a value", word);
        if (id == '?')
            return err_set(err, EXIT_USAGE, "\"%s\" is no option; `s2d train --help` shows them",
                           word);
        if (take(options, id, optarg, err) != 0)
            return -1;
    }
    if (optind < argc)
        return err_set(err, EXIT_USAGE, "\"%s\" is no option; files are named by --data",
                       argv[optind]);
    return check(options, err);
}
