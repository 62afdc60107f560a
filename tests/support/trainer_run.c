/* trainer_run.c - see trainer_run.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tiny_model.h"
#include "tests/support/trainer_run.h"

SoftFixture *soft_fixture_open(Arch arch, bool tied, int threads)
{
    Kernels *kernels;
    Err err = {0};
    KernelsOptions options = {.device = "cpu", .threads = threads, .act_f32 = true};
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    return soft_fixture_on(kernels, arch, tied);
}

SoftFixture *soft_fixture_on(Kernels *kernels, Arch arch, bool tied)
{
    SoftFixture *f = calloc(1, sizeof *f);
    Err err = {0};
    TinyModel tiny = tiny_model(arch);
    tiny.tied = tied;
    strcpy(f->folder, "/tmp/s2d-soft-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/m.gguf", f->folder);
    snprintf(f->cache, sizeof f->cache, "%s/cache", f->folder);
    snprintf(f->state, sizeof f->state, "%s/state", f->folder);
    f->kernels = kernels;
    if (tiny_model_write(&tiny, f->path, &err) != 0 || gguf_open(&f->gguf, f->path, &err) != 0 ||
        model_config(&f->config, f->gguf, &err) != 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < SOFT_LIST; i++)
        f->ids[i] = 2 * i + 1;
    ModelUse use = {.ids = f->ids, .n_ids = SOFT_LIST};
    if (model_open_draft(&f->model, f->kernels, f->path, "tiny", &use, NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    for (int t = 0; t < SOFT_TEXTS; t++) {
        f->texts[t] = (SoftText){f->tokens[t], f->learn[t], 17 + 5 * t};
        for (int i = 0; i < f->texts[t].n; i++) {
            f->tokens[t][i] = (7 + 31 * i * (t + 1) + i * i) % (2 * SOFT_LIST);
            f->learn[t][i] = i > 3;
        }
    }
    return f;
}

void soft_fixture_close(SoftFixture *f)
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

SoftConfig soft_run_config(const SoftFixture *f, SoftTune tune, SoftLoss loss, bool list)
{
    SoftConfig c = {.tune = tune,
                    .rank = tune == SOFT_LORA ? 3 : 0,
                    .layers = 4,
                    .n_exits = 2,
                    .exits = {1, tune == SOFT_EXITS ? 3 : 4},
                    .copy_of = {1, 3},
                    .loss = loss,
                    .top = loss == SOFT_TEXT ? 1 : 5,
                    .batch = 60,
                    .rows = 64,
                    .length = SOFT_LONGEST,
                    .steps = 8,
                    .rate = 0.01f,
                    .warmup = 0.25f,
                    .clip = 1,
                    .seed = 3,
                    .exact = true};
    if (list) {
        c.ids = f->ids;
        c.n_ids = SOFT_LIST;
    }
    return c;
}

SoftRun soft_run_open(const SoftFixture *f, const SoftConfig *c, const char *cache)
{
    SoftRun run = {0};
    Err err = {0};
    bool teacher = c->tune == SOFT_EXITS || c->loss == SOFT_DISTILL;
    if (teacher && soft_teacher_open(&run.teacher, f->model, c, cache, 7, &err) != 0)
        fail_msg("%s", err.text);
    if (soft_open(&run.soft, c, f->kernels, f->gguf, &f->config, f->texts, SOFT_TEXTS,
                  teacher ? soft_teacher_source(run.teacher) : NULL, &err) != 0)
        fail_msg("%s", err.text);
    return run;
}

void soft_run_close(SoftRun *run)
{
    soft_close(run->soft);
    soft_teacher_close(run->teacher);
}

void soft_run_step(SoftRun *run)
{
    Err err = {0};
    if (soft_step(run->soft, &err) != 0)
        fail_msg("%s", err.text);
}
