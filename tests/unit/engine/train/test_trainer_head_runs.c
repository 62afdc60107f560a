/* test_trainer_head_runs.c - runs that train heads on tiny targets: whether they learn, that measuring
 * changes nothing, the same bits when they are cut, and their files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/trainer_run.h"

/* --- learning --- */

/* Weights and losses are finite, losses fall, guesses become better, and chains longer with depth. */
static void test_learns(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        TrainerFixture *f = trainer_fixture_deep(kind % 2 ? ARCH_QWEN2 : ARCH_LLAMA, 2);
        TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
        TrainerScore before[TRAINER_OUTPUTS_MAX + 1], after[TRAINER_OUTPUTS_MAX + 1];
        Err err = {0};
        int of = c.loss == TRAINER_TEXT, n = trainer_scores(&c);
        c.steps = 60;
        c.exact = false;
        TrainerRun run = trainer_run_open(f, &c, NULL);
        assert_int_equal(trainer_evaluate(run.trainer, f->texts, TRAINER_TEXTS, before, &err), 0);
        for (int i = 0; i < c.steps; i++)
            trainer_run_step(&run);
        assert_int_equal(trainer_evaluate(run.trainer, f->texts, TRAINER_TEXTS, after, &err), 0);
        for (int e = 0; e < n; e++) {
            bool learned = e < trainer_losses(&c); /* EAGLE is measured over more steps */
            assert_true(!learned || after[e].loss < before[e].loss - 0.3);
            assert_true(!learned || after[e].top1[of] > before[e].top1[of]);
            assert_true(after[e].top4[of] >= after[e].top1[of]);
            assert_true(after[e].mat[of] >= 1 && after[e].mat[of] <= e + 2);
            assert_true(e == 0 || after[e].mat[of] >= after[e - 1].mat[of]);
        }
        assert_true(after[0].mat[of] > before[0].mat[of]);
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* Evaluation knows no noise, and changes nothing that a later step depends on. */
static void test_measuring_changes_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        TrainerScore scores[2][TRAINER_OUTPUTS_MAX + 1];
        TrainerFixture *f = trainer_fixture_deep(ARCH_QWEN2, 2);
        TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
        TrainerRun run = trainer_run_open(f, &c, NULL);
        Trainer *s = run.trainer;
        Err err = {0};
        double losses[2];
        for (int i = 0; i < 2; i++) {
            memset(scores[i], 0, sizeof scores[i]);
            assert_int_equal(trainer_evaluate(s, f->texts, TRAINER_TEXTS, scores[i], &err), 0);
            assert_int_equal(trainer_gather(s, f->texts, NULL, 2, &err), 2);
            memset(s->progress.loss, 0, sizeof s->progress.loss);
            trainer_backward(s, 0); /* adds nothing to the gradients */
            losses[i] = s->progress.loss[0];
        }
        assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
        assert_true(losses[0] == losses[1]);
        trainer_run_close(&run);
        trainer_fixture_close(f);
    }
}

/* --- bits --- */

static float *values_after(const TrainerFixture *f, const TrainerConfig *c, int steps, int save_at,
                           size_t *trained)
{
    Err err = {0};
    TrainerRun run = trainer_run_open(f, c, NULL);
    for (int i = 0; i < steps; i++) {
        if (i == save_at) {
            assert_int_equal(trainer_run_save(f, run.trainer, 5, &err), 0);
            trainer_run_close(&run);
            run = trainer_run_open(f, c, NULL);
            if (trainer_run_load(f, run.trainer, 5, &err) != 0)
                fail_msg("%s", err.text);
        }
        trainer_run_step(&run);
    }
    *trained = run.trainer->trained;
    float *values = malloc(*trained * sizeof *values);
    memcpy(values, run.trainer->values, *trained * sizeof *values);
    trainer_run_close(&run);
    return values;
}

/* Whatever the number of threads, and however often it was cut. */
static void test_same_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        float *first = NULL;
        for (int way = 0; way < 3; way++) {
            size_t trained;
            TrainerFixture *f = trainer_fixture_deep(ARCH_QWEN2, way + 1);
            TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
            c.exact = false;
            float *values = values_after(f, &c, 5, way == 2 ? 3 : -1, &trained);
            if (way > 0) {
                assert_memory_equal(values, first, trained * sizeof *values);
                free(values);
            } else {
                first = values;
            }
            trainer_fixture_close(f);
        }
        free(first);
    }
}

/* A state belongs to heads of one kind and number of branches. */
static void test_other_states(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_deep(ARCH_QWEN2, 1);
    TrainerConfig c = trainer_run_head_config(f, HEAD_MEDUSA), other = c;
    Err err = {0};
    TrainerRun run = trainer_run_open(f, &c, NULL);
    assert_int_equal(trainer_run_save(f, run.trainer, 5, &err), 0);
    trainer_run_close(&run);
    other.branches = 2;
    run = trainer_run_open(f, &other, NULL);
    assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "--branches"));
    trainer_run_close(&run);
    trainer_fixture_close(f);
}

/* --- files --- */

static HeadFile *written(const TrainerFixture *f, const Trainer *s, char **data)
{
    AdapterTensor *tensors;
    HeadFile *file;
    size_t bytes;
    int n;
    Err err = {0};
    HeadInfo info = trainer_head_info(&s->config, &f->config);
    memset(info.base_sha256, 'a', 64);
    assert_int_equal(trainer_tensors(s, QUANT_F32, &tensors, &n, &err), 0);
    FILE *stream = open_memstream(data, &bytes);
    assert_int_equal(head_write(stream, &info, tensors, n, &err), 0);
    fclose(stream);
    free(tensors);
    if (head_file_open_memory(&file, *data, bytes, "trained", &err) != 0)
        fail_msg("%s", err.text);
    return file;
}

/* What is written is a head of the target, with the weights as they are; a run can begin with it. */
static void test_file(void **state)
{
    (void)state;
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        TrainerFixture *f = trainer_fixture_deep(ARCH_QWEN2, 2);
        TrainerConfig c = trainer_run_head_config(f, (HeadKind)kind);
        TrainerRun run = trainer_run_open(f, &c, NULL);
        char *data;
        Err err = {0};
        trainer_run_step(&run);
        HeadFile *file = written(f, run.trainer, &data);
        if (head_fits(file, &f->config, "target", &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(file->info.kind, kind);
        assert_int_equal(file->info.branches, c.branches);
        assert_int_equal(file->info.n_vocab, TRAINER_LIST);
        assert_int_equal(file->info.n_taps, kind == HEAD_EAGLE3 ? 3 : 1);
        TrainerRun next = trainer_run_open(f, &c, NULL);
        size_t bytes = run.trainer->trained * sizeof(float);
        assert_memory_not_equal(run.trainer->values, next.trainer->values, bytes);
        if (trainer_start_head(next.trainer, file, &err) != 0)
            fail_msg("%s", err.text);
        assert_memory_equal(run.trainer->values, next.trainer->values, bytes);
        trainer_run_close(&next);
        if (c.branches > 0) {
            c.branches--;
            next = trainer_run_open(f, &c, NULL);
            assert_int_equal(trainer_start_head(next.trainer, file, &err), -1);
            assert_int_equal(err.code, EXIT_DATA);
            trainer_run_close(&next);
        }
        trainer_run_close(&run);
        head_file_close(file);
        free(data);
        trainer_fixture_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),    cmocka_unit_test(test_measuring_changes_nothing),
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_other_states),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
