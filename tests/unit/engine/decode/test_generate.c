/* test_generate.c - many conversations at once say what each says alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/decode/generate.h"
#include "tests/support/decoded.h"
#include "tests/support/tiny_model.h"

enum { PROMPTS = 7, AT_ONCE = 3, SLOTS = 200, MOST = 40 };

static int prompt_of(int i, int *ids)
{
    int n = i == 2 ? 150 : 1 + 4 * i;
    for (int j = 0; j < n; j++)
        ids[j] = (3 + 17 * j * (i + 1)) % 250;
    return n;
}

/* All but the first token, which belongs to no round. */
static void answer_alone(Kernels *kernels, Model *model, float temperature, int i, Run *run)
{
    int ids[SLOTS], n = prompt_of(i, ids);
    SessionConfig config = {.kernels = kernels,
                            .target = model,
                            .spec = SPEC_OFF,
                            .sampling = {.temperature = temperature, .top_p = 1},
                            .ctx = 400,
                            .emit = run_event,
                            .poll = run_poll,
                            .user = run};
    AnswerOptions options = {.max_tokens = MOST + i, .seed = (uint32_t)(100 + i)};
    Err err = {0};
    *run = (Run){0};
    run_open(run, &config);
    if (session_answer(run->session, ids, n, &options, &err) != 0)
        fail_msg("%s", err.text);
    session_close(run->session);
}

static void check(Kernels *kernels, Model *model, float temperature)
{
    Generator *generator;
    GenerateJob jobs[PROMPTS] = {{0}}, *done[AT_ONCE];
    int prompts[PROMPTS][SLOTS], said[PROMPTS][MOST + PROMPTS], next = 0, finished = 0, ended = 0;
    Sampling sampling = {.temperature = temperature, .top_p = 1};
    Run *run = malloc(sizeof *run);
    Err err = {0};
    if (generator_open(&generator, model, AT_ONCE, SLOTS, &sampling, &err) != 0)
        fail_msg("%s", err.text);
    while (finished < PROMPTS) {
        while (next < PROMPTS && generator_room(generator) > 0) {
            jobs[next] = (GenerateJob){.prompt = prompts[next],
                                       .n_prompt = prompt_of(next, prompts[next]),
                                       .seed = (uint32_t)(100 + next),
                                       .max_tokens = MOST + next,
                                       .ids = said[next]};
            finished += generator_add(generator, &jobs[next]);
            next++;
        }
        finished += generator_step(generator, done);
    }
    assert_int_equal(generator_room(generator), AT_ONCE);
    for (int i = 0; i < PROMPTS; i++) {
        const GenerateJob *job = &jobs[i];
        answer_alone(kernels, model, temperature, i, run);
        assert_int_equal(job->n, run->n + 1);
        assert_memory_equal(job->ids + 1, run->tokens, sizeof(int) * (size_t)run->n);
        assert_int_equal(job->ended, tokenizer_is_end(model->tokenizer, job->ids[job->n - 1]));
        assert_true(job->ended || job->n == MOST + i);
        ended += job->ended;
    }
    assert_true(temperature == 0 || ended > 0);
    free(run);
    generator_close(generator);
}

static void test_as_alone(void **state)
{
    (void)state;
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    KernelsOptions options = {.device = "cpu", .threads = 2};
    Kernels *kernels;
    Err err = {0};
    tiny.logit_gain = 1;
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    Model *model = tiny_model_open(&tiny, kernels, "tiny", NULL);
    check(kernels, model, 0);
    check(kernels, model, 2);
    model_close(model);
    kernels->close(kernels);
}

/* One conversation with a model of its own, alone in a generator, to its end. */
static void run_alone(const TinyModel *tiny, int slots, Sampling sampling, GenerateJob *job)
{
    KernelsOptions options = {.device = "cpu", .threads = 1};
    Kernels *kernels;
    Generator *generator;
    GenerateJob *done[1];
    Err err = {0};
    if (kernels_open(&kernels, &options, &err) != 0)
        fail_msg("%s", err.text);
    Model *model = tiny_model_open(tiny, kernels, "tiny", NULL);
    if (generator_open(&generator, model, 1, slots, &sampling, &err) != 0)
        fail_msg("%s", err.text);
    bool over = generator_add(generator, job);
    while (!over) {
        over = generator_step(generator, done) == 1;
        assert_true(!over || done[0] == job);
    }
    assert_int_equal(generator_room(generator), 1);
    generator_close(generator);
    model_close(model);
    kernels->close(kernels);
}

static int prompt[] = {5, 6, 7}, said[100];
static const GenerateJob three_of_hundred = {
    .prompt = prompt, .n_prompt = 3, .max_tokens = 100, .ids = said};

/* A conversation that fills its place ends there. */
static void test_full(void **state)
{
    (void)state;
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    GenerateJob job = three_of_hundred;
    run_alone(&tiny, 20, (Sampling){.top_p = 1}, &job);
    assert_true(job.ended || job.n == 18); /* the last one needs no place */
}

/* So does one whose model computes no number. */
static void test_no_number(void **state)
{
    (void)state;
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    GenerateJob job = three_of_hundred;
    tiny.last_gain = 3e38f;
    run_alone(&tiny, 120, (Sampling){.temperature = 1, .top_p = 0.5f}, &job);
    assert_true(job.no_number && !job.ended && job.n < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_alone), cmocka_unit_test(test_full),
                                       cmocka_unit_test(test_no_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
