/* test_trainer_heads.c - heads on tiny targets: gradients of whole nets by differences, curves that
 * PyTorch gave, and what they begin as. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/trainer_run.h"
#include "tests/support/weights.h"

/* --- gradients --- */

/* Outputs weigh 0.8 of the one before, but for Hydra's. */
static double loss_of(Trainer *s)
{
    double sum = 0;
    memset(s->progress.loss, 0, sizeof s->progress.loss);
    s->net->backward(s, 0); /* adds nothing to the gradients */
    for (int i = 0; i < trainer_losses(&s->config); i++)
        sum += s->progress.loss[i] * (s->config.head == HEAD_HYDRA ? 1 : pow(0.8, i));
    return sum;
}

/* Along a direction within one tensor. */
static void check_weight(Trainer *s, const char *name, const TrainerWeight *w)
{
    size_t count = (size_t)(w->rows ? w->rows : 1) * (size_t)w->cols;
    float *kept = malloc(count * sizeof *kept), *direction = malloc(count * sizeof *kept);
    double got = 0, size = 0, width = 0, loss[2];
    memcpy(kept, w->value, count * sizeof *kept);
    random_fill(direction, count, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        got += (double)w->grad[i] * (double)direction[i];
        size += (double)w->grad[i] * (double)w->grad[i];
        width += (double)kept[i] * (double)kept[i];
    }
    float step = 0.003f * (float)sqrt(width / (double)count) + 3e-4f;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            w->value[i] = kept[i] + (side ? step : -step) * direction[i];
        loss[side] = loss_of(s);
    }
    memcpy(w->value, kept, count * sizeof *kept);
    double expected = (loss[1] - loss[0]) / (2 * (double)step);
    if (!(fabs(got - expected) <= 0.01 * sqrt(size) + 3e-3 * fabs(expected) + 1e-3))
        fail_msg("%s: %g, by differences %g (|g| %g)", name, got, expected, sqrt(size));
    assert_true(size > 0);
    free(kept);
    free(direction);
}

static void test_gradients(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        TrainerFixture *f = trainer_fixture_deep(kind % 2 ? ARCH_QWEN2 : ARCH_LLAMA, 2);
        TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
        TrainerRun run = trainer_run_open(f, &c, NULL);
        Trainer *s = run.trainer;
        Err err = {0};
        /* Off what it begins as, where some gradients are 0. */
        for (size_t i = 0; i < s->trained; i++)
            s->values[i] += 0.02f * (float)((int)(i * 7919 % 11) - 5);
        assert_int_equal(trainer_gather(s, f->texts, NULL, 2, &err), 2);
        s->progress.tokens = (uint64_t)s->batch.n;
        trainer_backward(s, 1);
        for (int i = 0; i < s->n_tensors; i++)
            check_weight(s, s->tensors[i].name, &s->weights[i]);
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* --- curves --- */

/* The same runs in PyTorch 2, in double (autograd and torch.optim.AdamW), from the same weights, rows of
 * the residual stream, labels and noise: the losses of each output at each step. */
static const double reference[HEAD_KINDS][8][3] = {
    [HEAD_EAGLE] = {{2.109314},
                    {1.878869},
                    {1.521254},
                    {1.293278},
                    {1.224646},
                    {1.137931},
                    {1.077328},
                    {1.052074}},
    [HEAD_EAGLE3] = {{8.283254, 8.408890, 8.329762},
                     {7.143162, 6.906955, 6.819057},
                     {5.664025, 5.441851, 5.409178},
                     {4.456743, 4.502373, 4.561023},
                     {3.855451, 3.924206, 4.033196},
                     {3.476924, 3.543303, 3.681179},
                     {3.216782, 3.305229, 3.459717},
                     {3.054583, 3.163475, 3.319815}},
    [HEAD_MEDUSA] = {{9.535503, 9.064213, 9.634782},
                     {9.037125, 8.574507, 9.135113},
                     {8.087719, 7.646173, 8.201008},
                     {6.775911, 6.375010, 6.937658},
                     {5.773962, 5.416127, 5.979596},
                     {5.022847, 4.705434, 5.261147},
                     {4.485936, 4.201040, 4.746695},
                     {4.139090, 3.876570, 4.413880}},
    [HEAD_HYDRA] = {{8.746809, 8.792053, 9.068557},
                    {7.512436, 7.157291, 6.956341},
                    {5.634308, 4.926749, 4.457404},
                    {3.974051, 3.402733, 3.097051},
                    {3.216306, 2.834502, 2.639518},
                    {2.784033, 2.467372, 2.342076},
                    {2.520489, 2.236413, 2.130878},
                    {2.358559, 2.084741, 1.964731}},
};

static void test_curves(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        TrainerFixture *f = trainer_fixture_deep(kind % 2 ? ARCH_QWEN2 : ARCH_LLAMA, 2);
        TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
        c.batch = 135; /* all texts */
        c.decay = 0.1f;
        if (c.head == HEAD_EAGLE)
            c.unroll = 1; /* as published */
        TrainerRun run = trainer_run_open(f, &c, NULL);
        for (int i = 0; i < c.steps; i++) {
            trainer_run_step(&run);
            for (int e = 0; e < trainer_losses(&c); e++) {
                double loss = trainer_progress(run.trainer)->loss[e];
                double expected = reference[kind][i][e];
                if (!(fabs(loss - expected) < 1e-4 * expected))
                    fail_msg("%s, step %d, output %d: %.6f, not %.6f", head_kind_name(c.head),
                             i + 1, e, loss, expected);
            }
        }
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* What turns by positions, by halves and by neighbours. */
static void turn(float *x, int dim, int position, float base, bool halves)
{
    for (int i = 0; i < dim / 2; i++) {
        double angle = position * pow((double)base, -2.0 * i / dim);
        float *a = halves ? x + i : x + 2 * i, *b = halves ? a + dim / 2 : a + 1, was = *a;
        *a = (float)(cos(angle) * (double)was - sin(angle) * (double)*b);
        *b = (float)(sin(angle) * (double)was + cos(angle) * (double)*b);
    }
}

/* What the first query at position 9 makes of the first key at position 4, of one input. */
static double seen(const float *q, const float *k, const ModelConfig *c, bool halves)
{
    float x[64], a[64] = {0}, b[64] = {0};
    double sum = 0;
    random_fill(x, 64, 1);
    for (int d = 0; d < c->head_dim; d++) {
        for (int i = 0; i < 64; i++) {
            a[d] += q[d * 64 + i] * x[i];
            b[d] += k[d * 64 + i] * x[i];
        }
    }
    turn(a, c->head_dim, 9, c->rope.base, halves);
    turn(b, c->head_dim, 4, c->rope.base, halves);
    for (int d = 0; d < c->head_dim; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* A head turns by halves, whatever its target does: a copied layer sees the same. */
static void test_copied_layer(void **state)
{
    (void)state;
    for (int arch = 0; arch < ARCH_COUNT; arch++) {
        TrainerFixture *f = trainer_fixture_deep((Arch)arch, 1);
        assert_int_equal(f->config.rope.neox, arch_info((Arch)arch)->rope_neox);
        TrainerConfig c = trainer_run_head_config(f, HEAD_EAGLE);
        TrainerRun run = trainer_run_open(f, &c, NULL);
        const TrainerWeight *copied = run.trainer->layers[0].part;
        size_t bytes[2] = {sizeof(float) * 64 * 64, sizeof(float) * 32 * 64};
        float *own[2];
        for (int i = 0; i < 2; i++) {
            Err err = {0};
            const GgufTensor *tensor =
                gguf_tensor(f->gguf, i ? "blk.7.attn_k.weight" : "blk.7.attn_q.weight");
            assert_int_equal(tensor->bytes, bytes[i]);
            own[i] = malloc(bytes[i]);
            assert_int_equal(gguf_read(f->gguf, tensor, 0, own[i], bytes[i], &err), 0);
        }
        double expected = seen(own[0], own[1], &f->config, f->config.rope.neox);
        double got = seen(copied[PART_Q].value, copied[PART_K].value, &f->config, true);
        assert_true(fabs(expected) > 1e-3 && fabs(got - expected) < 1e-4 * fabs(expected));
        free(own[0]);
        free(own[1]);
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* EAGLE-3 reads three layers that lie apart. */
static void test_small_target(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 1);
    TrainerConfig c = trainer_run_head_config(f, HEAD_EAGLE3);
    TrainerBase base = trainer_base(f->gguf, &f->config);
    TrainerPlan plan;
    Err err = {0};
    assert_int_equal(trainer_plan(&plan, &c, &base, f->kernels, &err), -1);
    assert_int_equal(err.code, EXIT_USAGE);
    assert_non_null(strstr(err.text, "at least 7 layers"));
    c = trainer_run_head_config(f, HEAD_EAGLE);
    assert_int_equal(trainer_plan(&plan, &c, &base, f->kernels, &err), 0);
    assert_true(plan.total > 4 * sizeof(float) * plan.trained);
    trainer_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_copied_layer),
        cmocka_unit_test(test_small_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
