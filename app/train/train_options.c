/* train_options.c - see train_options.h. */
#include "app/train/train_options.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/quant_option.h"
#include "app/commands.h"

static int take_tune(void *into, const char *text, Err *err)
{
    TrainerConfig *trainer = &((TrainOptions *)into)->trainer;
    ((TrainOptions *)into)->has_tune = true;
    if (strcmp(text, "exits") == 0) {
        trainer->tune = TRAINER_EXITS;
    } else if (strcmp(text, "full") == 0) {
        trainer->tune = TRAINER_FULL;
    } else if (strncmp(text, "lora:", 5) == 0) {
        trainer->tune = TRAINER_LORA;
        return options_integer(text + 5, "--tune lora", 1, 1024, &trainer->rank, err);
    } else {
        return -1;
    }
    return 0;
}

static int take_method(void *into, const char *text, Err *err)
{
    TrainOptions *o = into;
    (void)err;
    o->trainer.last_only = strcmp(text, "sft") == 0;
    o->has_head = head_kind_find(&o->trainer.head, text, strlen(text));
    return o->has_head || o->trainer.last_only || strcmp(text, "soft") == 0 ? 0 : -1;
}

static int take_exits(void *into, const char *text, Err *err)
{
    TrainerConfig *trainer = &((TrainOptions *)into)->trainer;
    if (options_layers(text, "--exits", 1, EXITS_MAX, trainer->exits, &trainer->n_exits, err) != 0)
        return -1;
    for (int i = 1; i < trainer->n_exits; i++) {
        if (trainer->exits[i] <= trainer->exits[i - 1])
            return err_set(err, EXIT_USAGE, "--exits: \"%s\" does not ascend", text);
    }
    return 0;
}

static int take_copy(void *into, const char *text, Err *err)
{
    TrainOptions *o = into;
    o->copy = strcmp(text, "next") == 0   ? COPY_NEXT
              : strcmp(text, "last") == 0 ? COPY_LAST
                                          : COPY_NAMED;
    return o->copy == COPY_NAMED
               ? options_layers(text, "--copy", 1, EXITS_MAX, o->copies, &o->n_copies, err)
               : 0;
}

static int take_type(void *into, const char *text, Err *err)
{
    (void)err;
    return quant_option(text, &((TrainOptions *)into)->type);
}

static int take_data(void *into, const char *text, Err *err)
{
    TrainOptions *o = into;
    if (o->n_data == TRAIN_FILES_MAX)
        return err_set(err, EXIT_USAGE, "more than %d files of data", TRAIN_FILES_MAX);
    o->data[o->n_data++] = text;
    return 0;
}

#define AT(field) offsetof(TrainOptions, field)

static const Option rows[] = {
    {"-m", "MODEL", OPTION_TEXT, .field = AT(model), .required = true},
    {"--data", "FILE ...", OPTION_TAKEN, .take = take_data, .required = true},
    {"-o", "FILE", OPTION_TEXT, .field = AT(out), .required = true},
    {"--tune", "exits|lora:RANK|full", OPTION_TAKEN, .take = take_tune},
    {"--method", "soft|sft|eagle|eagle3|medusa|hydra", OPTION_TAKEN, .take = take_method},
    {"--branches", "N", OPTION_INTEGER, .field = AT(trainer.branches), .low = 1,
     .high = BRANCHES_MAX},
    {"--unroll", "N", OPTION_INTEGER, .field = AT(trainer.unroll), .low = 1,
     .high = TRAINER_UNROLL_MAX},
    {"--token-loss", "W", OPTION_FLOAT, .field = AT(trainer.token_loss), .high = 100},
    {"--loss", "text|distill", OPTION_CHOICE, .field = AT(loss)},
    {"--top", "K", OPTION_INTEGER, .field = AT(trainer.top), .low = 4, .high = TRAINER_TOP_MAX},
    {"--layers", "N", OPTION_INTEGER, .field = AT(layers), .low = 1, .high = 4096},
    {"--exits", "L,L,...", OPTION_TAKEN, .take = take_exits},
    {"--copy", "next|last|L,L,...", OPTION_TAKEN, .take = take_copy},
    {"--list", "FILE", OPTION_TEXT, .field = AT(list)},
    {"--epochs", "E", OPTION_NUMBER, .field = AT(epochs), .high = 1000},
    {"--steps", "N", OPTION_INTEGER, .field = AT(steps), .high = 1 << 24},
    {"--batch", "TOKENS", OPTION_INTEGER, .field = AT(trainer.batch), .low = 16, .high = 1 << 20},
    {"--length", "N", OPTION_INTEGER, .field = AT(trainer.length), .low = 16, .high = 1 << 15},
    {"--rate", "R", OPTION_FLOAT, .field = AT(trainer.rate), .high = 1},
    {"--warmup", "PART", OPTION_FLOAT, .field = AT(trainer.warmup), .high = 1},
    {"--cosine", NULL, OPTION_FLAG, .field = AT(trainer.cosine)},
    {"--decay", "D", OPTION_FLOAT, .field = AT(trainer.decay), .high = 1},
    {"--clip", "NORM", OPTION_FLOAT, .field = AT(trainer.clip), .high = 1e9},
    {"--seed", "S", OPTION_INTEGER, .field = AT(trainer.seed), .high = INT_MAX},
    {"--eval", "FILE", OPTION_TEXT, .field = AT(eval)},
    {"--hold", "N", OPTION_INTEGER, .field = AT(hold), .high = 1 << 20},
    {"--every", "N", OPTION_INTEGER, .field = AT(every), .high = 1 << 24},
    {"--type", NULL, OPTION_TAKEN, .take = take_type, .value_at = quant_option_at},
    {"--system", "TEXT", OPTION_TEXT, .field = AT(system)},
    {"--avoid", "FILE", OPTION_TEXT, .field = AT(avoid)},
    {"--cache", "FILE", OPTION_TEXT, .field = AT(cache)},
    {"--start", "FILE", OPTION_TEXT, .field = AT(start)},
    {"--resume", NULL, OPTION_FLAG, .field = AT(resume)},
    {"--device", "auto|cpu|cuda", OPTION_TEXT, .field = AT(kernels.device)},
    {"--threads", "N", OPTION_INTEGER, .field = AT(kernels.threads), .high = 1024},
    {"--isa", "auto|amx|avx512|avx2|scalar", OPTION_TEXT, .field = AT(kernels.isa)},
    {"--plan", NULL, OPTION_FLAG, .field = AT(plan)},
    {"--shape", "SHAPE", OPTION_TEXT, .field = AT(shape)},
    {"--generate", NULL, OPTION_FLAG, .field = AT(generate)},
    {"--prompts", "FILE", OPTION_TEXT, .field = AT(prompts)},
    {"-n", "N", OPTION_INTEGER, .field = AT(tokens), .low = 1, .high = 1 << 15},
    {"--temp", "T", OPTION_NUMBER, .field = AT(temperature), .high = 10},
    {"--top-k", "K", OPTION_INTEGER, .field = AT(top_k), .high = INT_MAX},
    {"--top-p", "P", OPTION_NUMBER, .field = AT(top_p), .high = 1},
    {"--at-once", "N", OPTION_INTEGER, .field = AT(at_once), .low = 1, .high = ROWS_MAX},
    {0},
};

/* The row's choices are numbered as the enumeration is. */
_Static_assert(TRAINER_TEXT == 0 && TRAINER_DISTILL == 1, "--loss");

const CommandLine cmd_train_line = {
    .name = "train",
    .lists = {{rows, 0}},
    .forms = "       s2d train --plan -m MODEL | --shape SHAPE  [OPTIONS]\n"
             "       s2d train --generate -m MODEL --prompts FILE -o FILE  [OPTIONS]",
    .summary = "train a draft's exits or a head, or let a model answer prompts to train on",
};

/* What each kind of head is trained with where nothing else is said. */
static const struct {
    float rate;
    TrainerLoss loss;
    int branches, unroll;
    float token_loss;
} own[HEAD_KINDS] = {
    [HEAD_EAGLE] = {.rate = 5e-4f, .loss = TRAINER_DISTILL, .unroll = 1, .token_loss = 0.1f},
    [HEAD_EAGLE3] = {.rate = 5e-4f, .loss = TRAINER_DISTILL, .unroll = 3},
    [HEAD_MEDUSA] = {.rate = 1e-3f, .loss = TRAINER_TEXT, .branches = 4},
    [HEAD_HYDRA] = {.rate = 1e-3f, .loss = TRAINER_DISTILL, .branches = 4},
};

static int settle_head(TrainOptions *o, Err *err)
{
    TrainerConfig *trainer = &o->trainer;
    const char *name = head_kind_name(trainer->head);
    if (o->has_tune || o->layers > 0 || trainer->n_exits > 0 || o->copy != COPY_NEXT)
        return err_set(err, EXIT_USAGE,
                       "--method %s trains a head for the whole model; --tune, --layers, --exits "
                       "and --copy are for drafts with exits",
                       name);
    if (trainer->branches > 0 && own[trainer->head].branches == 0)
        return err_set(err, EXIT_USAGE, "--branches: %s has none; medusa and hydra do", name);
    if (trainer->unroll > 0 && own[trainer->head].unroll == 0)
        return err_set(err, EXIT_USAGE, "--unroll goes with --method eagle and eagle3");
    if (trainer->token_loss >= 0 && own[trainer->head].token_loss <= 0)
        return err_set(err, EXIT_USAGE, "--token-loss goes with --method eagle");
    trainer->tune = TRAINER_HEAD;
    trainer->loss = o->loss >= 0 ? (TrainerLoss)o->loss : own[trainer->head].loss;
    trainer->branches = trainer->branches > 0 ? trainer->branches : own[trainer->head].branches;
    trainer->unroll = trainer->unroll > 0 ? trainer->unroll : own[trainer->head].unroll;
    trainer->token_loss =
        trainer->token_loss >= 0 ? trainer->token_loss : own[trainer->head].token_loss;
    trainer->rate = trainer->rate >= 0 ? trainer->rate : own[trainer->head].rate;
    return 0;
}

/* What depends on the method. */
static int settle(TrainOptions *o, Err *err)
{
    TrainerConfig *trainer = &o->trainer;
    if (o->has_head)
        return settle_head(o, err);
    if (trainer->branches > 0 || trainer->unroll > 0 || trainer->token_loss >= 0)
        return err_set(
            err, EXIT_USAGE,
            "--branches, --unroll and --token-loss are a head's: name its --method as well");
    trainer->loss = o->loss >= 0 ? (TrainerLoss)o->loss : TRAINER_DISTILL;
    trainer->rate = trainer->rate >= 0 ? trainer->rate : 5e-4f;
    return 0;
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
        .trainer = {.top = 16,
                    .batch = 512,
                    .length = 1024,
                    .rate = -1,
                    .token_loss = -1,
                    .warmup = 0.03f,
                    .clip = 1,
                    .seed = 1},
        .loss = -1,
        .epochs = 3,
        .steps = -1,
        .hold = 50,
        .type = QUANT_Q5_0,
        .kernels = {.device = "cpu"},
        .tokens = 256,
        .at_once = 64,
        .top_p = 1,
    };
    int first = command_line_parse(&cmd_train_line, options, argc, argv, err);
    if (first < 0)
        return -1;
    if (first < argc)
        return err_set(err, EXIT_USAGE, "\"%s\" is no option; files are named by --data",
                       argv[first]);
    return settle(options, err) == 0 ? check(options, err) : -1;
}
