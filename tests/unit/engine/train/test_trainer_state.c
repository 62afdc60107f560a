/* test_trainer_state.c - runs that are cut and go on, and what lies in files between: the same bits,
 * and nothing that is damaged or another run's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tiny_model.h"
#include "tests/support/trainer_run.h"

static float *values_after(const TrainerFixture *f, const TrainerConfig *c, int steps, int save_at)
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
            assert_int_equal(trainer_progress(run.trainer)->step, save_at);
        }
        trainer_run_step(&run);
    }
    float *values = malloc(run.trainer->trained * sizeof *values);
    memcpy(values, run.trainer->values, run.trainer->trained * sizeof *values);
    trainer_run_close(&run);
    return values;
}

/* Whatever the number of threads, and however often it was cut. */
static void test_same_bits(void **state)
{
    (void)state;
    for (int tune = TRAINER_EXITS; tune <= TRAINER_FULL; tune++) {
        size_t trained = 0;
        float *first = NULL;
        for (int way = 0; way < 4; way++) {
            TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, way + 1);
            TrainerConfig c = trainer_run_config(f, (TrainerTune)tune, TRAINER_DISTILL, way >= 0);
            c.exact = false;
            TrainerRun run = trainer_run_open(f, &c, NULL);
            trained = run.trainer->trained;
            trainer_run_close(&run);
            float *values = values_after(f, &c, 7, way == 2 ? 1 : way == 3 ? 5 : -1);
            if (first)
                assert_memory_equal(values, first, trained * sizeof *values);
            else
                first = values;
            if (first != values)
                free(values);
            trainer_fixture_close(f);
        }
        free(first);
    }
}

static long file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 4, file);
    fclose(file);
}

/* A state that is not this run's, or not whole, is refused and changes nothing. */
static void test_bad_states(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 1);
    TrainerConfig c = trainer_run_config(f, TRAINER_LORA, TRAINER_TEXT, true);
    TrainerRun run = trainer_run_open(f, &c, NULL);
    Err err = {0};
    trainer_run_step(&run);
    assert_int_equal(trainer_run_save(f, run.trainer, 5, &err), 0);
    size_t bytes = run.trainer->trained * sizeof(float);
    float *values = malloc(bytes);
    memcpy(values, run.trainer->values, bytes);
    long size = file_size(f->state), places[] = {0, 9, 20, 30, 60, 70, size / 2, size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        flip(f->state, places[i]);
        assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        flip(f->state, places[i]);
    }
    assert_int_equal(trainer_run_load(f, run.trainer, 6, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    run.trainer->config.rate *= 2;
    assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), -1);
    Trainer *trainer = run.trainer;
    memset(trainer->values, 0, bytes);
    FILE *file = fopen(f->state, "rb");
    err = (Err){0};
    assert_int_equal(trainer_start(trainer, file, 6, &err), -1); /* another base */
    err = (Err){0};
    rewind(file);
    assert_int_equal(trainer_start(trainer, file, 5, &err), 0); /* weights fit another run */
    fclose(file);
    assert_int_equal(trainer_progress(trainer)->step, 1);
    run.trainer->config.rate /= 2;
    assert_memory_equal(values, run.trainer->values, bytes);
    assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), 0);
    assert_int_equal(truncate(f->state, size - 8), 0);
    assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_int_equal(truncate(f->state, 10), 0);
    assert_int_equal(trainer_run_load(f, run.trainer, 5, &err), -1);
    FILE *full = fopen("/dev/full", "wb");
    err = (Err){0};
    assert_int_equal(trainer_save(run.trainer, full, 5, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    fclose(full);
    free(values);
    trainer_run_close(&run);
    trainer_fixture_close(f);
}

/* --- what the base said --- */

static void read_record(const TrainerFixture *f, TrainerTeacher *teacher, int text, char *out)
{
    TrainerRecord record = {0};
    Err err = {0};
    size_t hidden = (size_t)f->texts[text].n * (size_t)f->config.hidden * sizeof(uint16_t);
    memset(out, 0, 100000);
    for (int e = 0; e < 2; e++)
        record.hidden[e] = (uint16_t *)(void *)(out + (size_t)e * hidden);
    record.places = (int *)(void *)(out + 2 * hidden);
    record.weights = (float *)(void *)(out + 2 * hidden + 2000);
    TrainerSource *source = trainer_teacher_source(teacher);
    if (source->read(source, &f->texts[text], &record, &err) != 0)
        fail_msg("%s", err.text);
}

static void test_cache(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 2);
    TrainerConfig c = trainer_run_config(f, TRAINER_EXITS, TRAINER_DISTILL, true);
    TrainerTeacher *teacher;
    Err err = {0};
    char *expected[TRAINER_TEXTS], *got = malloc(100000);
    for (int round = 0; round < 4; round++) {
        uint64_t known = round == 0   ? 0
                         : round == 1 ? TRAINER_TEXTS
                         : round == 2 ? TRAINER_TEXTS - 1
                                      : TRAINER_TEXTS - 2;
        if (round == 2) /* damaged in the first record */
            flip(f->cache, 100);
        if (round == 3) /* cut off within the last one, which has come anew */
            assert_int_equal(truncate(f->cache, file_size(f->cache) - 10), 0);
        if (trainer_teacher_open(&teacher, f->model, &c, f->cache, 7, &err) != 0)
            fail_msg("%s", err.text);
        uint64_t kept = 0;
        for (int t = 0; t < TRAINER_TEXTS; t++) {
            uint64_t before = trainer_teacher_counts(teacher)->kept;
            if (round == 0)
                expected[t] = malloc(100000);
            read_record(f, teacher, t, round == 0 ? expected[t] : got);
            assert_true(round == 0 || memcmp(got, expected[t], 100000) == 0);
            kept += trainer_teacher_counts(teacher)->kept > before;
        }
        /* In the last round the first record was damaged, and what replaced it cut off. */
        assert_int_equal(kept, round == 3 ? TRAINER_TEXTS - 1 : known);
        trainer_teacher_close(teacher);
    }
    TrainerTeacher *second;
    assert_int_equal(trainer_teacher_open(&teacher, f->model, &c, f->cache, 7, &err), 0);
    assert_int_equal(trainer_teacher_open(&second, f->model, &c, f->cache, 7, &err), -1);
    assert_int_equal(err.code, EXIT_IO); /* one run at a time */
    trainer_teacher_close(teacher);
    err = (Err){0};
    assert_int_equal(trainer_teacher_open(&teacher, f->model, &c, f->cache, 8, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    err = (Err){0};
    flip(f->cache, 0);
    assert_int_equal(trainer_teacher_open(&teacher, f->model, &c, f->cache, 7, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    for (int t = 0; t < TRAINER_TEXTS; t++)
        free(expected[t]);
    free(got);
    trainer_fixture_close(f);
}

/* A base that overflows is named, and nothing of it is kept as if it were known. */
static void test_base_without_a_number(void **state)
{
    (void)state;
    TrainerFixture *f = trainer_fixture_open(ARCH_QWEN2, false, 1);
    TrainerConfig c = trainer_run_config(f, TRAINER_LORA, TRAINER_DISTILL, true);
    ModelUse use = {.ids = f->ids, .n_ids = TRAINER_LIST};
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    TrainerTeacher *teacher;
    int places[5 * TRAINER_LONGEST];
    float weights[5 * TRAINER_LONGEST];
    TrainerRecord record = {.places = places, .weights = weights};
    Err err = {0};
    tiny.last_gain = 3e38f;
    Model *base = tiny_model_open(&tiny, f->kernels, "overflow", &use);
    assert_int_equal(trainer_teacher_open(&teacher, base, &c, f->cache, 7, &err), 0);
    TrainerSource *source = trainer_teacher_source(teacher);
    for (int i = 0; i < 2; i++) {
        err = (Err){0};
        assert_int_equal(source->read(source, &f->texts[0], &record, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, "overflow: the base computes"));
    }
    trainer_teacher_close(teacher);
    model_close(base);
    trainer_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_bad_states),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_base_without_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
