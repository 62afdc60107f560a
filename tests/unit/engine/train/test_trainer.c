/* test_trainer.c - the trainer on tiny models: gradients of whole layers by differences, a curve that
 * PyTorch gave, plans, and what is written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/model/forward.h"
#include "tests/support/trainer_run.h"
#include "tests/support/weights.h"

/* --- gradients --- */

static double loss_of(Trainer *s, float scale)
{
    double sum = 0;
    int exits = s->config.n_exits, first = s->config.last_only ? exits - 1 : 0;
    trainer_open_head(s);
    trainer_forward(s);
    for (int e = first; e < exits; e++) {
        TrainerScorer scorer = trainer_exit_scorer(s, e);
        sum += trainer_head_top(s, &scorer, trainer_exit_stream(s, e), s->best);
    }
    return sum * (double)scale / (s->config.tune == TRAINER_EXITS ? 1 : exits - first);
}

/* Along a direction within one tensor. */
static void check_weight(Trainer *s, const char *name, float *value, const float *grad,
                         size_t count)
{
    float *kept = malloc(count * sizeof *kept), *direction = malloc(count * sizeof *kept);
    double got = 0, size = 0, width = 0, loss[2];
    memcpy(kept, value, count * sizeof *kept);
    random_fill(direction, count, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        got += (double)grad[i] * (double)direction[i];
        size += (double)grad[i] * (double)grad[i];
        width += (double)kept[i] * (double)kept[i];
    }
    float step = 0.01f * (float)sqrt(width / (double)count) + 1e-3f;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            value[i] = kept[i] + (side ? step : -step) * direction[i];
        loss[side] = loss_of(s, 1);
    }
    memcpy(value, kept, count * sizeof *kept);
    double expected = (loss[1] - loss[0]) / (2 * (double)step);
    if (!(fabs(got - expected) <= 0.01 * sqrt(size) + 2e-3 * fabs(expected) + 1e-3))
        fail_msg("%s: %g, by differences %g (|g| %g)", name, got, expected, sqrt(size));
    assert_true(size > 0);
    free(kept);
    free(direction);
}

static void check_tensor(Trainer *s, const char *name, const TrainerWeight *w)
{
    size_t rows = (size_t)(w->rows ? w->rows : 1), cols = (size_t)w->cols;
    if (w->grad)
        check_weight(s, name, w->value, w->grad, rows * cols);
    if (w->a) {
        check_weight(s, name, w->a, w->a_grad, (size_t)s->config.rank * cols);
        check_weight(s, name, w->b, w->b_grad, (size_t)s->config.rank * rows);
    }
}

static void check_gradients(Arch arch, bool tied, TrainerConfig (*make)(const TrainerFixture *))
{
    TrainerFixture *f = trainer_fixture_open(arch, tied, 2);
    TrainerConfig c = make(f);
    TrainerRun run = trainer_run_open(f, &c, NULL);
    Trainer *s = run.trainer;
    Err err = {0};
    /* A pair's B starts as zero, and A's gradient with it; so does down over a base with experts. */
    bool zeros = c.tune == TRAINER_LORA || arch_has_experts(arch);
    for (size_t i = 0; zeros && i < s->trained; i++)
        s->values[i] += 0.02f * (float)((int)(i * 7919 % 11) - 5);
    assert_int_equal(trainer_gather(s, f->texts, NULL, 2, &err), 2);
    trainer_open_head(s);
    trainer_backward(s, 1);
    trainer_close_head(s);
    for (int l = 0; l < s->n_layers; l++) {
        for (int p = 0; p < LAYER_PARTS; p++)
            check_tensor(s, layer_parts[p].name, &s->layers[l].part[p]);
    }
    for (int e = 0; e < EXITS_MAX; e++)
        check_tensor(s, "norm", &s->norm[e]);
    check_tensor(s, "embedding", &s->embed);
    check_tensor(s, "head", &s->head);
    trainer_run_close(&run);
    trainer_fixture_close(f);
}

static TrainerConfig exits_distilled(const TrainerFixture *f)
{
    return trainer_run_config(f, TRAINER_EXITS, TRAINER_DISTILL, true);
}

static TrainerConfig lora_text(const TrainerFixture *f)
{
    return trainer_run_config(f, TRAINER_LORA, TRAINER_TEXT, true);
}

static TrainerConfig full_listed(const TrainerFixture *f)
{
    return trainer_run_config(f, TRAINER_FULL, TRAINER_TEXT, true);
}

static TrainerConfig full_last(const TrainerFixture *f)
{
    TrainerConfig c = trainer_run_config(f, TRAINER_FULL, TRAINER_TEXT, false);
    c.last_only = true;
    return c;
}

static void test_gradients(void **state)
{
    (void)state;
    check_gradients(ARCH_QWEN2, false, exits_distilled);
    check_gradients(ARCH_LLAMA, true, exits_distilled);
    for (int arch = ARCH_QWEN3; arch < ARCH_COUNT; arch++) {
        if (arch_info((Arch)arch)->gelu) /* only heads are trained for those */
            continue;
        check_gradients((Arch)arch, arch % 2, exits_distilled);
        if (!arch_has_experts((Arch)arch))
            check_gradients((Arch)arch, arch % 2 == 0, full_listed);
    }
    check_gradients(ARCH_QWEN2, false, lora_text);
    check_gradients(ARCH_QWEN2, true, full_listed);
    check_gradients(ARCH_LLAMA, false, full_last);
}

/* --- curves --- */

/* The same run in PyTorch 2, in double (autograd and torch.optim.AdamW), from the same weights: the
 * mean losses at exits 1 and 4 of each step. */
static const double reference[][2] = {
    {9.204649, 8.522240}, {7.621280, 3.820614}, {4.813319, 0.883228}, {1.967352, 0.124138},
    {0.635286, 0.048828}, {0.188375, 0.018868}, {0.077231, 0.014553}, {0.046756, 0.009613},
};

static void test_curve(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 2);
    TrainerConfig c = trainer_run_config(f, TRAINER_FULL, TRAINER_TEXT, true);
    c.batch = 135; /* all texts */
    c.decay = 0.1f;
    TrainerRun run = trainer_run_open(f, &c, NULL);
    for (int i = 0; i < c.steps; i++) {
        trainer_run_step(&run);
        for (int e = 0; e < 2; e++) {
            double loss = trainer_progress(run.trainer)->loss[e];
            if (!(fabs(loss - reference[i][e]) < 1e-3 * reference[i][e] + 1e-5))
                fail_msg("step %d, exit %d: %.6f, not %.6f", i + 1, e, loss, reference[i][e]);
        }
    }
    trainer_run_close(&run);
    trainer_fixture_close(f);
}

/* Half of the texts' tokens are in the list, and after a short run most of those are right. */
static void test_learns(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_LLAMA, false, 2);
    TrainerScore before[EXITS_MAX + 1], after[EXITS_MAX + 1];
    Err err = {0};
    for (int tune = TRAINER_EXITS; tune <= TRAINER_FULL; tune++) {
        TrainerConfig c = trainer_run_config(f, (TrainerTune)tune, TRAINER_DISTILL, true);
        c.steps = 40;
        c.exact = false;
        /* The whole of the base, and the rest of it as a layer, would be right already. */
        c.copy_of[1] = 0;
        if (tune != TRAINER_EXITS)
            c.layers = c.exits[1] = 3;
        c.rate = tune == TRAINER_FULL ? 0.003f : 0.01f;
        TrainerRun run = trainer_run_open(f, &c, NULL);
        assert_int_equal(trainer_evaluate(run.trainer, f->texts, TRAINER_TEXTS, before, &err), 0);
        for (int i = 0; i < c.steps; i++)
            trainer_run_step(&run);
        assert_int_equal(trainer_evaluate(run.trainer, f->texts, TRAINER_TEXTS, after, &err), 0);
        for (int e = 0; e < 2; e++) {
            assert_true(after[e].loss < before[e].loss - 0.5);
            assert_true(after[e].top1[0] > before[e].top1[0]);
            assert_true(after[e].mat[0] > before[e].mat[0] && after[e].mat[0] <= 1 + TRAINER_CHAIN);
            assert_true(after[e].top4[0] >= after[e].top1[0]);
        }
        assert_true(after[2].top1[0] == 1 && after[2].mat[0] > 3.5); /* the base's own */
        trainer_run_close(&run);
    }
    trainer_fixture_close(f);
}

/* --- plans and files --- */

static void test_plan(void **state)
{
    (void)state;
    /* 12 layers of Vicuna 7B. */
    TrainerBase base = {.config = {.arch = ARCH_LLAMA,
                                   .vocab = 32000,
                                   .hidden = 4096,
                                   .layers = 32,
                                   .ffn = 11008,
                                   .heads = 32,
                                   .kv_heads = 32,
                                   .head_dim = 128,
                                   .context = 4096}};
    TrainerConfig c = {.tune = TRAINER_FULL,
                       .layers = 12,
                       .n_exits = 3,
                       .exits = {6, 9, 12},
                       .top = 1,
                       .batch = 2048,
                       .rows = 2048,
                       .length = 2048};
    Kernels *kernels = isa_open(0, 2, false);
    TrainerPlan plan;
    Err err = {0};
    assert_int_equal(trainer_plan(&plan, &c, &base, kernels, &err), 0);
    /* 12 layers of 202.4 million, embedding and head of 131.1 each, and the final norm. */
    assert_int_equal(plan.trained, 12ull * 202383360 + 2 * 131072000 + 4096);
    uint64_t sum = 0;
    for (int i = 0; i < plan.n; i++)
        sum += plan.part[i].bytes;
    assert_int_equal(sum, plan.total);
    assert_true(plan.total > 16 * plan.trained && plan.total < 46000000000);
    c.tune = TRAINER_LORA;
    c.rank = 32;
    assert_int_equal(trainer_plan(&plan, &c, &base, kernels, &err), 0);
    assert_true(plan.total > 2 * 12ull * 202383360 && plan.total < 12000000000);
    kernels->close(kernels);
}

/* An exit's layer in the engine gives what it gives here, but for the input's rounding to bf16. */
static void check_exit(const TrainerFixture *f, const TrainerRun *run, const Adapter *adapter,
                       int e)
{
    ModelUse use = {.ids = f->ids, .n_ids = TRAINER_LIST, .adapter = adapter};
    Model *model;
    Context context;
    Err err = {0};
    int layer = run->trainer->config.exits[e], n = f->texts[1].n, slot[TRAINER_LONGEST],
        prefix[TRAINER_LONGEST];
    uint64_t mask[TRAINER_LONGEST] = {0};
    if (model_open_draft(&model, f->kernels, f->path, "tiny", &use, NULL, NULL, &err) != 0 ||
        context_open(&context, model, KV_F16, 4, 64, 1, &err) != 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < n; i++) {
        slot[i] = i;
        prefix[i] = i + 1;
    }
    Batch batch = {.n = n, .prompt = true, .slot = slot, .prefix = prefix, .mask = mask};
    const Exit *exit = model_exit(model, layer);
    assert_true(exit && exit->own && exit->norm);
    forward(&context, &batch, f->texts[1].ids, 0, layer);
    /* The cache of a layer that is not needed any more serves as the exit's own. */
    LayerPass pass = {.layer = exit->own, .kv = context.kv, .index = 0};
    layer_forward(&context, &pass, &batch);
    assert_int_equal(trainer_gather(run->trainer, &f->texts[1], NULL, 1, &err), 1);
    const float *out = trainer_exit_stream(run->trainer, e);
    double difference = 0, size = 0;
    for (int i = 0; i < n * f->config.hidden; i++) {
        double d = (double)out[i] - (double)context.hidden[i];
        difference += d * d;
        size += (double)out[i] * (double)out[i];
    }
    assert_true(difference < 1e-4 * size);
    context_close(&context);
    model_close(model);
}

/* What is written can be read again, and holds what was learned. */
static void test_adapter(void **state)
{
    (void)state;
    for (int tune = TRAINER_EXITS; tune <= TRAINER_LORA; tune++) {
        TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 2);
        TrainerConfig c = trainer_run_config(f, (TrainerTune)tune, TRAINER_DISTILL, true);
        TrainerRun run = trainer_run_open(f, &c, NULL);
        AdapterInfo info = {.arch = ARCH_QWEN2,
                            .layers = 4,
                            .n_exits = 2,
                            .exits = {1, 4},
                            .copy_of = {-1, -1},
                            .alpha = tune == TRAINER_LORA ? 3 : 0};
        memset(info.base_sha256, 'a', 64);
        if (tune == TRAINER_EXITS) {
            info.n_exits = 3;
            memcpy(info.exits, (int[]){1, 3, 4}, 3 * sizeof(int));
            info.copy_of[2] = -1;
        }
        AdapterTensor *tensors;
        Adapter *adapter;
        char *data = NULL;
        size_t bytes;
        int n;
        Err err = {0};
        trainer_run_step(&run);
        assert_int_equal(trainer_tensors(run.trainer, QUANT_F32, &tensors, &n, &err), 0);
        FILE *stream = open_memstream(&data, &bytes);
        assert_int_equal(adapter_write(stream, &info, tensors, n, &err), 0);
        fclose(stream);
        if (adapter_open_memory(&adapter, data, bytes, "trained", &err) != 0 ||
            adapter_check(adapter, &f->config, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(adapter_has_layer(adapter, 0), tune == TRAINER_EXITS);
        assert_int_equal(adapter_has_norm(adapter, 1), tune == TRAINER_EXITS);
        assert_int_equal(adapter_changes_base(adapter), tune == TRAINER_LORA);
        for (int e = 0; tune == TRAINER_EXITS && e < 2; e++)
            check_exit(f, &run, adapter, e);
        adapter_close(adapter);
        free(data);
        free(tensors);
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* A whole draft becomes a model that the engine opens, with the weights as they are now. */
static void test_model(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_LLAMA, false, 2);
    TrainerConfig c = trainer_run_config(f, TRAINER_FULL, TRAINER_TEXT, false);
    c.layers = 3;
    c.exits[1] = 3;
    TrainerRun run = trainer_run_open(f, &c, NULL);
    trainer_run_step(&run);
    Model *model = trainer_run_model(f, &run, f->kernels);
    assert_int_equal(model->config.layers, 3);
    assert_memory_equal(model->layers[2].ffn_norm, run.trainer->layers[2].part[PART_FFN_NORM].value,
                        64 * sizeof(float));
    model_close(model);
    trainer_run_close(&run);
    trainer_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_curve),
        cmocka_unit_test(test_learns),    cmocka_unit_test(test_plan),
        cmocka_unit_test(test_adapter),   cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
