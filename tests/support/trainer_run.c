/* trainer_run.c - see trainer_run.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tiny_model.h"
#include "tests/support/trainer_run.h"

TrainerFixture *trainer_fixture_open(Arch arch, bool tied, int threads)
{
    Kernels *kernels;
    Err err = {0};
    KernelsOptions options = {.device = "cpu", .threads = threads, .act_f32 = true};
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    return trainer_fixture_on(kernels, arch, tied);
}

TrainerFixture *trainer_fixture_on(Kernels *kernels, Arch arch, bool tied)
{
    TinyModel tiny = tiny_model(arch);
    tiny.tied = tied;
    return trainer_fixture_of(kernels, &tiny);
}

TrainerFixture *trainer_fixture_deep(Arch arch, int threads)
{
    Kernels *kernels;
    Err err = {0};
    KernelsOptions options = {.device = "cpu", .threads = threads, .act_f32 = true};
    TinyModel tiny = tiny_model(arch);
    tiny.layers = 8;
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    return trainer_fixture_of(kernels, &tiny);
}

TrainerFixture *trainer_fixture_of(Kernels *kernels, const TinyModel *tiny)
{
    TrainerFixture *f = calloc(1, sizeof *f);
    Err err = {0};
    temp_folder_make(f->folder);
    snprintf(f->path, sizeof f->path, "%s/m.gguf", f->folder);
    snprintf(f->cache, sizeof f->cache, "%s/cache", f->folder);
    snprintf(f->state, sizeof f->state, "%s/state", f->folder);
    f->kernels = kernels;
    if (tiny_model_write(tiny, f->path, &err) != 0 || gguf_open(&f->gguf, f->path, &err) != 0 ||
        model_config(&f->config, f->gguf, &err) != 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < TRAINER_LIST; i++)
        f->ids[i] = 2 * i + 1;
    ModelUse use = {.ids = f->ids, .n_ids = TRAINER_LIST};
    if (model_open_draft(&f->model, f->kernels, f->path, "tiny", &use, NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    for (int t = 0; t < TRAINER_TEXTS; t++) {
        f->texts[t] = (TrainerText){f->tokens[t], f->ops[t], 17 + 5 * t};
        for (int i = 0; i < f->texts[t].n; i++) {
            f->tokens[t][i] = (7 + 31 * i * (t + 1) + i * i) % (2 * TRAINER_LIST);
            f->ops[t][i] = i > 3;
        }
    }
    return f;
}

void trainer_fixture_close(TrainerFixture *f)
{
    model_close(f->model);
    gguf_close(f->gguf);
    f->kernels->close(f->kernels);
    unlink(f->path);
    unlink(f->cache);
    unlink(f->state);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
}

TrainerConfig trainer_run_config(const TrainerFixture *f, TrainerTune tune, TrainerLoss loss,
                                 bool list)
{
    TrainerConfig c = {.tune = tune,
                       .rank = tune == TRAINER_LORA ? 3 : 0,
                       .layers = 4,
                       .n_exits = 2,
                       .exits = {1, tune == TRAINER_EXITS ? 3 : 4},
                       .copy_of = {1, 3},
                       .loss = loss,
                       .top = loss == TRAINER_TEXT ? 1 : 5,
                       .batch = 60,
                       .rows = 64,
                       .length = TRAINER_LONGEST,
                       .steps = 8,
                       .rate = 0.01f,
                       .warmup = 0.25f,
                       .clip = 1,
                       .seed = 3,
                       .exact = true};
    if (list) {
        c.ids = f->ids;
        c.n_ids = TRAINER_LIST;
    }
    return c;
}

TrainerConfig trainer_run_head_config(const TrainerFixture *f, HeadKind kind)
{
    TrainerConfig c = trainer_run_config(
        f, TRAINER_HEAD, kind == HEAD_MEDUSA ? TRAINER_TEXT : TRAINER_DISTILL, true);
    c.n_exits = 0;
    c.layers = f->config.layers;
    c.head = kind;
    c.branches = kind == HEAD_MEDUSA || kind == HEAD_HYDRA ? 3 : 0;
    c.token_loss = 0.1f;
    c.unroll = kind == HEAD_EAGLE3 ? 3 : kind == HEAD_EAGLE ? 2 : 0;
    return c;
}

TrainerRun trainer_run_open(const TrainerFixture *f, const TrainerConfig *c, const char *cache)
{
    TrainerRun run = {0};
    Err err = {0};
    bool teacher =
        c->tune == TRAINER_EXITS || c->tune == TRAINER_HEAD || c->loss == TRAINER_DISTILL;
    if (teacher && trainer_teacher_open(&run.teacher, f->model, c, cache, 7, &err) != 0)
        fail_msg("%s", err.text);
    if (trainer_open(&run.trainer, c, f->kernels, f->gguf, &f->config, f->texts, TRAINER_TEXTS,
                     teacher ? trainer_teacher_source(run.teacher) : NULL, &err) != 0)
        fail_msg("%s", err.text);
    return run;
}

void trainer_run_close(TrainerRun *run)
{
    trainer_close(run->trainer);
    trainer_teacher_close(run->teacher);
}

void trainer_run_step(TrainerRun *run)
{
    Err err = {0};
    if (trainer_step(run->trainer, &err) != 0)
        fail_msg("%s", err.text);
}

int trainer_run_save(const TrainerFixture *f, const Trainer *trainer, uint64_t fingerprint,
                     Err *err)
{
    FILE *file = fopen(f->state, "wb");
    assert_non_null(file);
    int result = trainer_save(trainer, file, fingerprint, err);
    assert_int_equal(fclose(file), 0);
    return result;
}

int trainer_run_load(const TrainerFixture *f, Trainer *trainer, uint64_t fingerprint, Err *err)
{
    FILE *file = fopen(f->state, "rb");
    assert_non_null(file);
    *err = (Err){0};
    int result = trainer_load(trainer, file, fingerprint, err);
    fclose(file);
    return result;
}

Model *trainer_run_model(const TrainerFixture *f, const TrainerRun *run, Kernels *kernels)
{
    Model *model;
    Err err = {0};
    FILE *file = fopen(f->cache, "wb");
    assert_non_null(file);
    if (trainer_write_model(run->trainer, f->gguf, QUANT_F32, file, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(fclose(file), 0);
    if (model_open(&model, kernels, f->cache, "trained", NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    return model;
}
