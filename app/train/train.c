/* train.c - `s2d train`: what a run is made of, from the command line to the first step.
 *
 *   options, base's header -> plan, printed -> texts -> base, Trainer -> train_run.c
 *
 * Beside the result OUT lie OUT.state (to resume from), OUT.cache (what the base said of the texts)
 * and OUT.log (one JSON object a line).
 */
#include "app/train/train.h"

#include <stdlib.h>
#include <string.h>

#include "app/base/command_kernels.h"
#include "app/base/file_hash.h"
#include "app/bench/shapes.h"
#include "app/commands.h"
#include "app/profile/catalog.h"

/* The chat template, as the engine finds it. */
static int find_template(Train *t, Err *err)
{
    GgufString jinja;
    t->coder.tokenizer = t->tokenizer;
    t->coder.length = t->options.trainer.length;
    t->coder.system = t->options.system;
    int found = gguf_get_string(t->gguf, "tokenizer.chat_template", &jinja, err);
    if (found <= 0)
        return found;
    time_t now = time(NULL);
    struct tm today = {0};
    if (template_read(&t->coder.template, jinja.data, jinja.length, localtime_r(&now, &today),
                      err) != 0)
        return -1;
    t->coder.has_template = true;
    return 0;
}

static int open_header(Train *t, Err *err)
{
    if (catalog_resolve(t->options.model, t->path, sizeof t->path, err) != 0 ||
        gguf_open(&t->gguf, t->path, err) != 0 || model_config(&t->config, t->gguf, err) != 0)
        return -1;
    if (t->options.list && short_list_open(&t->list, t->options.list, err) != 0)
        return -1;
    if (t->list.n > 0)
        t->use = (ModelUse){.ids = t->list.ids, .n_ids = t->list.n};
    t->use.requantise = true; /* as the draft will be */
    t->options.trainer.ids = t->use.ids;
    t->options.trainer.n_ids = t->use.n_ids;
    ModelConfig narrowed = t->config;
    return model_narrow(&narrowed, &t->use, t->options.model, err);
}

/* Is the base itself run? */
static bool wants_base(const TrainerConfig *trainer)
{
    return trainer->tune == TRAINER_EXITS || trainer->tune == TRAINER_HEAD ||
           trainer->loss == TRAINER_DISTILL;
}

/* Weights of a base that is not here, as Q4_K. */
static size_t shape_bytes(const Train *t)
{
    const ModelConfig *c = &t->config;
    Kernels *k = t->kernels;
    size_t bytes = k->matrix_bytes(k, QUANT_Q4_K, c->vocab, c->hidden);
    for (int p = 0; p < LAYER_PARTS; p++) {
        const LayerPart *part = &layer_parts[p];
        if (part->rows != 0 && arch_requires(c->arch, p))
            bytes += (size_t)(c->layers * (part->is_stack ? c->experts : 1)) *
                     k->matrix_bytes(k, QUANT_Q4_K, shape_size(c, part->rows),
                                     shape_size(c, part->cols));
    }
    return bytes;
}

static int make_plan(Train *t, Err *err)
{
    Shape shape;
    TrainerBase base;
    if (t->options.shape) {
        if (shape_find(&shape, t->options.shape, err) != 0)
            return -1;
        t->options.model = shape.name;
        t->config = shape_config(&shape);
        base = (TrainerBase){.config = t->config, .tied = shape.tied};
        for (int p = 0; p < LAYER_PARTS; p++)
            base.optional[p] = arch_has_usually(t->config.arch, p);
    } else {
        if (open_header(t, err) != 0)
            return -1;
        base = trainer_base(t->gguf, &t->config);
    }
    if (train_settle(t, err) != 0 ||
        trainer_plan(&t->plan, &t->options.trainer, &base, t->kernels, err) != 0)
        return -1;
    if (wants_base(&t->options.trainer)) {
        trainer_plan_add(&t->plan, "frozen base",
                         t->gguf ? model_bytes(t->kernels, t->gguf, &t->config, &t->use, NULL)
                                 : shape_bytes(t));
        trainer_plan_add(&t->plan, "base's context and records",
                         trainer_teacher_bytes(t->kernels, &t->config, &t->options.trainer));
    }
    return 0;
}

static void print_plan(const TrainerPlan *plan)
{
    char size[16];
    for (int i = 0; i < plan->n; i++)
        fprintf(stderr, "%-28s %9s\n", plan->part[i].what,
                catalog_size_text(plan->part[i].bytes, size, sizeof size));
    fprintf(stderr, "%-28s %9s, %.1f million weights trained\n", "together",
            catalog_size_text(plan->total, size, sizeof size), (double)plan->trained / 1e6);
}

static int check_memory(const Train *t, Err *err)
{
    char need[16], have[16];
    size_t free_bytes = t->kernels->memory_free(t->kernels);
    if (t->plan.total <= free_bytes)
        return 0;
    return err_set(err, EXIT_MEMORY,
                   "training would take %s and %s are free; try %sa smaller --batch, --length or "
                   "--list",
                   catalog_size_text(t->plan.total, need, sizeof need),
                   catalog_size_text(free_bytes, have, sizeof have),
                   t->options.has_head ? "" : "--tune exits or lora, ");
}

static int read_texts(Train *t, Err *err)
{
    int result = 0;
    if (t->options.avoid) {
        result = questions_open(&t->avoid, t->options.avoid, err);
        t->coder.avoid = &t->avoid;
    }
    for (int i = 0; result == 0 && i < t->options.n_data; i++)
        result = train_data_read(&t->data, &t->coder, t->options.data[i], err);
    t->coder.avoid = NULL; /* nothing is learned from the rest */
    if (result == 0 && t->options.eval)
        result = train_data_read(&t->held, &t->coder, t->options.eval, err);
    else if (result == 0 && t->options.hold)
        result = train_data_hold(&t->data, t->options.hold, &t->held, err);
    if (result == 0 && t->data.n == 0)
        result = err_set(err, EXIT_DATA, "%s: nothing to learn from", t->options.data[0]);
    if (result != 0)
        return -1;
    fprintf(stderr, "%d texts of %lld tokens, %lld of them to be predicted; %d texts held back\n",
            t->data.n, (long long)t->data.tokens, (long long)t->data.labels, t->held.n);
    if (t->data.skipped > 0 || t->data.cut > 0)
        fprintf(stderr, "%d conversations skipped, %d cut at --length %d\n", t->data.skipped,
                t->data.cut, t->coder.length);
    return 0;
}

static void settle_steps(Train *t)
{
    TrainerConfig *trainer = &t->options.trainer;
    double epoch = trainer_steps_of_epoch(trainer, t->data.texts, t->data.n);
    double steps = t->options.epochs * epoch + 0.5;
    if (t->options.steps >= 0)
        trainer->steps = t->options.steps;
    else
        trainer->steps = steps < 1 ? 1 : steps > 1e9 ? 1000000000 : (int)steps;
}

/* A file beside the result. */
static int beside(const Train *t, const char *suffix, char path[PATH_BYTES], Err *err)
{
    if (snprintf(path, PATH_BYTES, "%s%s", t->options.out, suffix) >= PATH_BYTES)
        return err_set(err, EXIT_USAGE, "-o: the name is too long");
    return 0;
}

/* The base by its hash, and the files beside the result. */
static int settle_files(Train *t, Err *err)
{
    char start[17] = {0};
    if (file_hash(t->path, t->base_sha256, err) != 0 || beside(t, ".cache", t->cache, err) != 0 ||
        beside(t, ".state", t->state, err) != 0 || beside(t, ".log", t->log, err) != 0)
        return -1;
    memcpy(start, t->base_sha256, 16);
    t->base_hash = strtoull(start, NULL, 16);
    return 0;
}

static int open_soft(Train *t, Err *err)
{
    TrainerSource *source = NULL;
    if (settle_files(t, err) != 0)
        return -1;
    if (wants_base(&t->options.trainer)) {
        if (model_open_draft(&t->base, t->kernels, t->path, t->options.model, &t->use, NULL, NULL,
                             err) != 0 ||
            trainer_teacher_open(&t->teacher, t->base, &t->options.trainer,
                                 t->options.cache ? t->options.cache : t->cache, t->base_hash,
                                 err) != 0)
            return -1;
        source = trainer_teacher_source(t->teacher);
    }
    return trainer_open(&t->trainer, &t->options.trainer, t->kernels, t->gguf, &t->config,
                        t->data.texts, t->data.n, source, err);
}

static int train(Train *t, Err *err)
{
    if (command_kernels_open(&t->kernels, &t->options.kernels, err) != 0 || make_plan(t, err) != 0)
        return -1;
    print_plan(&t->plan);
    if (t->options.plan)
        return 0;
    if (check_memory(t, err) != 0 || tokenizer_open(&t->tokenizer, t->gguf, err) != 0 ||
        find_template(t, err) != 0 || read_texts(t, err) != 0)
        return -1;
    settle_steps(t);
    return open_soft(t, err) == 0 ? train_run(t, err) : -1;
}

static void train_close(Train *t)
{
    trainer_close(t->trainer);
    trainer_teacher_close(t->teacher);
    model_close(t->base);
    train_data_close(&t->data);
    train_data_close(&t->held);
    questions_close(&t->avoid);
    short_list_close(&t->list);
    tokenizer_close(t->tokenizer);
    template_close(&t->coder.template);
    gguf_close(t->gguf);
    if (t->kernels)
        t->kernels->close(t->kernels);
    free(t);
}

int cmd_train(int argc, char **argv)
{
    Err err = {0};
    Train *t = calloc(1, sizeof *t);
    if (t == NULL)
        err_set(&err, EXIT_MEMORY, "no memory");
    else if (train_options_parse(&t->options, argc, argv, &err) == 0)
        t->options.generate ? train_generate(&t->options, &err) : train(t, &err);
    if (err.code != 0)
        fprintf(stderr, "s2d train: %s\n", err.text);
    if (t)
        train_close(t);
    return err.code;
}
