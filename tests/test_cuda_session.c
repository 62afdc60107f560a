/* test_cuda_session.c - whole models on the CUDA backend, run on the host: what a model says is
 * what the CPU says, speculation changes no token, steps become graphs, and no memory is an error
 * with sizes, not a crash. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../kernels/limits.h"
#include "cuda_twin.h"
#include "decoded.h"
#include "tiny_adapter.h"

static const TwinOptions enough = {.memory = (size_t)8 << 30, .has_gemm = true};

static void write_tiny(const TinyModel *tiny, char path[static 32])
{
    Err err = {0};
    strcpy(path, "/tmp/s2d-cuda-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    if (tiny_model_write(tiny, path, &err))
        fail_msg("%s", err.text);
}

static Model *open_model(Kernels *k, const char *path, Err *err)
{
    Model *model = NULL;
    model_open(&model, k, path, "tiny", NULL, NULL, err);
    return model;
}

static Model *open_tiny(Kernels *k, const TinyModel *tiny)
{
    char path[32];
    Err err = {0};
    write_tiny(tiny, path);
    Model *model = open_model(k, path, &err);
    unlink(path);
    if (!model)
        fail_msg("%s", err.text);
    return model;
}

/* Logits of the rows of a tree behind a prompt. */
enum { PROMPT = 9, TREE = 5, LOGITS = 1 << 15 };

/* Returns how many logits there are. */
static int run_tree(Kernels *k, const TinyModel *tiny, bool prompt, float *logits)
{
    static const int tokens[PROMPT + TREE] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9};
    Model *model = open_tiny(k, tiny);
    Context c;
    int slot[PROMPT], prefix[PROMPT];
    uint64_t mask[PROMPT] = {0}, tree[TREE] = {1, 3, 5, 11, 21};
    assert_int_equal(context_open(&c, model, KV_F16, model->config.layers, 64, TREE, NULL), 0);
    for (int i = 0; i < PROMPT; i++) {
        slot[i] = i;
        prefix[i] = i + 1;
    }
    Rows rows = {.n = PROMPT, .prompt = prompt, .slot = slot, .prefix = prefix, .mask = mask};
    forward(&c, &rows, tokens, 0, model->config.layers);
    for (int i = 0; i < TREE; i++) {
        slot[i] = PROMPT + i;
        prefix[i] = PROMPT;
    }
    rows = (Rows){.n = TREE, .slot = slot, .prefix = prefix, .mask = tree, .base = PROMPT};
    forward(&c, &rows, tokens + PROMPT, 0, model->config.layers);
    head(&c, c.hidden, TREE);
    int n = TREE * model->config.vocab;
    assert_true(n <= LOGITS);
    k->download(k, logits, c.logits, (size_t)n);
    context_close(&c);
    model_close(model);
    return n;
}

static void log_probabilities_are_the_cpus(void **state)
{
    static const struct {
        Arch arch;
        QuantType type;
    } models[] = {{ARCH_QWEN2, QUANT_Q4_K}, {ARCH_LLAMA, QUANT_Q8_0}, {ARCH_LLAMA, QUANT_BF16}};
    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        TinyModel tiny = tiny_model_of(models[m].arch, models[m].type);
        for (int prompt = 0; prompt < 2; prompt++) {
            static float logits[2][LOGITS];
            KernelsOptions cpu = {.device = "cpu", .threads = 1, .act_f32 = true};
            Kernels *k;
            assert_int_equal(kernels_open(&k, &cpu, NULL), 0);
            int n = run_tree(k, &tiny, prompt, logits[0]);
            k->close(k);
            k = twin_kernels(&enough);
            run_tree(k, &tiny, prompt, logits[1]);
            k->close(k);
            for (int i = 0; i < n; i++)
                assert_float_equal(logits[0][i], logits[1][i], 0.02);
        }
    }
}

/* ---- speculation ---- */

typedef struct Spec {
    const char *drafter, *tree;
    SpecMode spec;
    float temperature;
} Spec;

static void decode(Kernels *k, Model *target, Model *draft, const Spec *spec, Run *run)
{
    static const int prompt[] = {3, 1, 4, 1, 5, 9, 2, 6};
    SessionConfig config = {.kernels = k,
                            .target = target,
                            .draft = draft,
                            .spec = spec->spec,
                            .sampling = {.temperature = spec->temperature, .top_p = 0.95f},
                            .ctx = 256,
                            .emit = run_event,
                            .poll = run_poll,
                            .user = run};
    drafter_parse(spec->drafter, &config.drafting.kind, &config.drafting.fixed_exit);
    tree_parse(spec->tree, &config.tree);
    config.drafting.n_exits = 2;
    config.drafting.exits[0] = 1;
    config.drafting.exits[1] = 2;
    config.drafting.n_thresholds = 2;
    config.drafting.thresholds[0] = 0.4f;
    *run = (Run){0};
    run_open(run, &config);
    run_ask(run, prompt, 8, 24);
    /* The conversation goes on: what was accepted is what it goes on from. */
    int next[64], n = run->session->n;
    assert_true(n + 3 <= 64);
    memcpy(next, run->session->tokens, (size_t)n * sizeof *next);
    for (int i = 0; i < 3; i++)
        next[n++] = prompt[i];
    run_ask(run, next, n, 8);
}

static void speculation_changes_no_token(void **state)
{
    enum { TRAINED = 2 }; /* the first ones draft with trained exits of the target's own file */
    static const Spec specs[] = {{"self", "3x2x6", SPEC_ON, 0}, {"s2d", "3x2x6", SPEC_ON, 1},
                                 {"s2d", "3x2x6", SPEC_ON, 0},  {"sd", "off", SPEC_ON, 0},
                                 {"self", "2x2x4", SPEC_ON, 0}, {"s2d", "3x2x6", SPEC_ON, 1},
                                 {"ngram", "4x1x4", SPEC_ON, 0}};
    static Run plain[2], run;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q4_1);
    tiny.layers = 3;
    tiny.settle = 1;
    tiny.settle_scale = 0.35f;
    tiny.logit_gain = 3;
    tiny.context = 512;
    char path[32];
    Err err = {0};
    write_tiny(&tiny, path);
    Model *trained, *target = open_model(k, path, &err);
    TinyAdapter adapter = {.base = tiny,
                           .n_exits = 2,
                           .exits = {{.layer = 1, .own = true}, {.layer = 2, .own = true}}};
    if (!target || tiny_adapter_open(&adapter, k, path, &trained, &err))
        fail_msg("%s", err.text);
    unlink(path);
    tiny.layers = 2;
    tiny.perturb = 0.15f;
    Model *draft = open_tiny(k, &tiny);
    int accepted = 0, rejected = 0;
    for (int t = 0; t < 2; t++)
        decode(k, target, draft, &(Spec){"plain", "off", SPEC_OFF, (float)t}, &plain[t]);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        decode(k, target, i < TRAINED ? trained : draft, &specs[i], &run);
        const Run *same = &plain[specs[i].temperature > 0];
        if (run.drafted == 0)
            fail_msg("%s drafted nothing", specs[i].drafter);
        assert_same_answer(same, &run);
        assert_same_cache(same->session, run.session);
        for (int d = 0; d < DEPTHS; d++) {
            accepted += run.accepted[d];
            rejected += run.rejected[d];
        }
        session_close(run.session);
    }
    assert_true(accepted > 0 && rejected > 0);
    const TwinCounts *counts = twin_counts(twin_of(k));
    assert_true(!counts || (counts->graphs > 0 && counts->replays > counts->graphs));
    assert_true(k->back_copies > 0 && k->back_bytes > 0);
    session_close(plain[0].session);
    session_close(plain[1].session);
    model_close(trained);
    model_close(draft);
    model_close(target);
    k->close(k);
}

/* ---- switches, memory, limits ---- */

static void a_switch_changes_what_is_said_and_back(void **state)
{
    enum { SWITCHES = 6 };
    static const int prompt[] = {3, 1, 4, 1, 5, 9, 2, 6};
    static Run run, again;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q8_0);
    tiny.layers = 2;
    Model *models[2] = {open_tiny(k, &tiny), NULL};
    tiny.perturb = 0.5f;
    models[1] = open_tiny(k, &tiny);
    SessionConfig config = {.kernels = k,
                            .target = models[0],
                            .draft = models[1],
                            .drafting = {.kind = DRAFTER_SD},
                            .spec = SPEC_ON,
                            .tree = {.depth = 2, .width = 1, .nodes = 2},
                            .sampling = {.top_p = 1},
                            .ctx = 64,
                            .emit = run_event,
                            .poll = run_poll,
                            .user = &run};
    run_open(&run, &config);
    run_ask(&run, prompt, 8, 6);
    for (int i = 1; i <= SWITCHES; i++) {
        Err err = {0};
        if (session_switch(run.session, models[i % 2], i % 2, NULL, 0, &err))
            fail_msg("%s", err.text);
    }
    const TwinCounts *counts = twin_counts(twin_of(k));
    int allocs = counts ? counts->allocs : 0;
    run.n = 0;
    run_ask(&run, prompt, 8, 6);
    config.user = &again;
    run_open(&again, &config);
    run_ask(&again, prompt, 8, 6);
    assert_int_equal(run.n, again.n);
    assert_memory_equal(run.tokens, again.tokens, (size_t)run.n * sizeof *run.tokens);
    session_close(again.session);
    assert_int_equal(counts ? counts->allocs : 0, allocs); /* nothing is left behind */
    session_close(run.session);
    model_close(models[0]);
    model_close(models[1]);
    k->close(k);
}

/* A device of any size, and one whose Nth allocation fails: an error with a reason, or success. */
static void no_memory_is_an_error_with_sizes(void **state)
{
    char path[32];
    (void)state;
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q4_0);
    write_tiny(&tiny, path);
    Kernels *k = twin_kernels(&(TwinOptions){.memory = ((size_t)512 << 20) + 10000});
    Err err = {0};
    assert_null(open_model(k, path, &err));
    assert_int_equal(err.code, EXIT_MEMORY);
    assert_non_null(strstr(err.text, "on cuda"));
    k->close(k);
    bool opened = false;
    for (int n = 1; !opened; n++) {
        TwinOptions options = {.memory = (size_t)4 << 30, .allocs_good = n};
        Model *model = NULL;
        err = (Err){0};
        assert_true(n < 200);
        if (cuda_open(&k, twin_open(&options), &err)) {
            assert_int_equal(err.code, EXIT_MEMORY);
            continue;
        }
        model = open_model(k, path, &err);
        Context context;
        if (model && context_open(&context, model, KV_F16, 1, 64, 8, &err) == 0) {
            opened = true;
            context_close(&context);
        }
        if (!opened)
            assert_int_equal(err.code, EXIT_MEMORY);
        model_close(model);
        k->close(k);
    }
    unlink(path);
}

static void limits_are_measured(void **state)
{
    Limits *limits;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    assert_int_equal(limits_open(&limits, k, NULL), 0);
    for (Limit limit = 0; limit < LIMITS; limit++)
        assert_true(limits_measure(limits, limit) > 0);
    limits_close(limits);
    k->close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_probabilities_are_the_cpus),
        cmocka_unit_test(speculation_changes_no_token),
        cmocka_unit_test(a_switch_changes_what_is_said_and_back),
        cmocka_unit_test(no_memory_is_an_error_with_sizes),
        cmocka_unit_test(limits_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
