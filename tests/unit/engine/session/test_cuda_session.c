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

#include "app/profile/catalog.h"
#include "engine/draft/draft.h"
#include "kernels/limits.h"
#include "tests/support/cuda_twin.h"
#include "tests/support/decoded.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_adapter.h"
#include "tests/support/tiny_head.h"

static const TwinOptions enough = {.memory = (size_t)8 << 30, .has_gemm = true};

static void write_tiny(const TinyModel *tiny, char path[static TEMP_BYTES])
{
    Err err = {0};
    temp_file_make(path);
    if (tiny_model_write(tiny, path, &err))
        fail_msg("%s", err.text);
}

static bool on_progress(void *user, float fraction)
{
    float *last = user;
    assert_true(fraction > *last);
    *last = fraction;
    return false;
}

/* The weights arrive with progress. */
static Model *open_model(Kernels *k, const char *path, Err *err)
{
    Model *model = NULL;
    float loaded = 0;
    if (model_open(&model, k, path, "tiny", on_progress, &loaded, err) == 0)
        assert_true(loaded == 1);
    return model;
}

static Model *open_tiny(Kernels *k, const TinyModel *tiny)
{
    char path[TEMP_BYTES];
    Err err = {0};
    write_tiny(tiny, path);
    Model *model = open_model(k, path, &err);
    unlink(path);
    if (!model)
        fail_msg("%s", err.text);
    return model;
}

/* ---- whole models ---- */

enum { PROMPT = 9, TREE = 5, BEST = 8 };

/* Logits of the rows of a tree behind a prompt: [TREE][vocab], to be freed. text NULL = made-up
 * tokens */
static float *run_tree(Kernels *k, const char *path, const char *text, bool prompt, int *vocab)
{
    static const int made_up[PROMPT + TREE] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9};
    const int *tokens = made_up;
    int *ids = NULL, n = 0, capacity = 0, slot[PROMPT], prefix[PROMPT];
    uint64_t mask[PROMPT] = {0}, tree[TREE] = {1, 3, 5, 11, 21};
    Err err = {0};
    Context c;
    Model *model = open_model(k, path, &err);
    if (!model || context_open(&c, model, KV_F16, model->config.layers, 64, TREE, &err))
        fail_msg("%s", err.text);
    if (text) {
        tokenizer_encode(model->tokenizer, text, strlen(text), true, &ids, &n, &capacity, &err);
        assert_true(n >= PROMPT + TREE);
        tokens = ids;
    }
    for (int i = 0; i < PROMPT; i++) {
        slot[i] = i;
        prefix[i] = i + 1;
    }
    Batch batch = {.n = PROMPT, .prompt = prompt, .slot = slot, .prefix = prefix, .mask = mask};
    forward(&c, &batch, tokens, 0, model->config.layers);
    for (int i = 0; i < TREE; i++) {
        slot[i] = PROMPT + i;
        prefix[i] = PROMPT;
    }
    batch = (Batch){.n = TREE, .slot = slot, .prefix = prefix, .mask = tree, .base = PROMPT};
    forward(&c, &batch, tokens + PROMPT, 0, model->config.layers);
    head(&c, c.hidden, TREE);
    *vocab = model->config.vocab;
    float *logits = malloc((size_t)(TREE * *vocab) * sizeof *logits);
    k->download(k, logits, c.logits, (size_t)(TREE * *vocab));
    free(ids);
    context_close(&c);
    model_close(model);
    return logits;
}

static double log_sum(const float *logits, int vocab)
{
    double sum = 0;
    for (int i = 0; i < vocab; i++)
        sum += exp(logits[i]);
    return log(sum);
}

/* The largest difference of a log-probability among the best of each row. */
static double difference(const float *a, const float *b, int vocab)
{
    double most = 0;
    for (int row = 0; row < TREE; row++, a += vocab, b += vocab) {
        double shift = log_sum(a, vocab) - log_sum(b, vocab);
        float bar = INFINITY;
        for (int rank = 0; rank < BEST; rank++) {
            int best = -1;
            for (int i = 0; i < vocab; i++)
                if (a[i] < bar && (best < 0 || a[i] > a[best]))
                    best = i;
            bar = a[best];
            most = fmax(most, fabs(a[best] - b[best] - shift));
        }
    }
    return most;
}

/* The device against the CPU's float activations; allowed: natural logarithms */
static void check_model(const char *path, const char *text, bool prompt, double allowed)
{
    KernelsOptions cpu = {.device = "cpu", .act_f32 = true};
    Kernels *k;
    int vocab;
    assert_int_equal(kernels_open(&k, &cpu, NULL), 0);
    float *a = run_tree(k, path, text, prompt, &vocab);
    k->close(k);
    k = twin_kernels(&enough);
    float *b = run_tree(k, path, text, prompt, &vocab);
    k->close(k);
    double most = difference(a, b, vocab);
    if (text)
        print_message("%s: log-probabilities differ by %.4f at most\n", path, most);
    assert_true(most <= allowed);
    free(a);
    free(b);
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
        char path[TEMP_BYTES];
        write_tiny(&tiny, path);
        check_model(path, NULL, false, 0.02);
        check_model(path, NULL, true, 0.02);
        unlink(path);
    }
}

static void log_probabilities_of_real_models_are_the_cpus(void **state)
{
    static const char *const names[] = {"smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"};
    char path[4096];
    int found = 0;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    bool twin = twin_counts(twin_of(k)) != NULL;
    k->close(k);
    for (int i = 0; i < (twin ? 1 : 3); i++) {
        if (catalog_resolve(names[i], path, sizeof path, NULL))
            continue;
        found++;
        check_model(path, "The quick brown fox jumps over the lazy dog, and then it sleeps.", !twin,
                    0.05);
    }
    if (!found) {
        print_message("skipped: no model is here; s2d pull smollm2-135m brings one\n");
        skip();
    }
}

/* ---- speculation ---- */

typedef enum SpecDraft {
    PLAIN,
    LISTED,  /* with a short list */
    TRAINED, /* with trained exits, of the target's own file */
} SpecDraft;

typedef struct Spec {
    const char *drafter, *tree;
    bool noisy;
    KvType kv;
    SpecDraft draft;
    Head *head; /* that drafts; NULL = none */
} Spec;

enum { ROUND_COPIES = 8 }; /* at most so many come back of a round with a tree of three levels */

static void decode(Kernels *k, Model *target, Model *draft, const Spec *spec, Run *run)
{
    static const int prompt[] = {3, 1, 4, 1, 5, 9, 2, 6};
    SessionConfig config = {.kernels = k,
                            .target = target,
                            .draft = draft,
                            .spec = SPEC_ON,
                            .sampling = {.temperature = spec->noisy, .top_p = 0.95f, .top_k = 30},
                            .kv = spec->kv,
                            .ctx = 256,
                            .emit = run_event,
                            .poll = run_poll,
                            .user = run};
    drafter_choose(spec->drafter, &config.drafting);
    tree_parse(spec->tree, &config.tree);
    config.drafting.head = spec->head;
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
    assert_true(run->stats.back_bytes > 0 && run->stats.back_copies >= run->stats.rounds);
    assert_true(run->stats.back_copies <= ROUND_COPIES * run->stats.rounds + 1);
}

/* A model, and beside its head one for most of its tokens. */
static Model *open_with_list(Kernels *k, const TinyModel *tiny)
{
    static int ids[310];
    ModelUse use = {.ids = ids};
    for (int i = 0; i < 310; i++)
        if (i % 16 != 7)
            ids[use.n_ids++] = i;
    return tiny_model_open(tiny, k, "listed", &use);
}

static void speculation_changes_no_token(void **state)
{
    static const Spec specs[] = {{"self", "3x2x6", false, KV_F16, TRAINED, NULL},
                                 {"s2d", "3x2x6", true, KV_F16, TRAINED, NULL},
                                 {"s2d", "3x2x6", false, KV_F16, PLAIN, NULL},
                                 {"sd", "off", false, KV_F16, LISTED, NULL},
                                 {"self", "2x2x4", false, KV_Q8, PLAIN, NULL},
                                 {"s2d", "3x2x6", true, KV_F16, PLAIN, NULL},
                                 {"sd", "3x3x9", true, KV_F16, LISTED, NULL},
                                 {"s2d", "3x2x6", true, KV_Q8, TRAINED, NULL},
                                 {"ngram", "4x1x4", false, KV_F16, PLAIN, NULL}};
    static Run plain[2][2], run;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q4_1);
    tiny.layers = 3;
    tiny.settle = 1;
    tiny.settle_scale = 0.35f;
    tiny.logit_gain = 3;
    tiny.context = 512;
    char path[TEMP_BYTES];
    Err err = {0};
    write_tiny(&tiny, path);
    Model *drafts[3], *target = open_model(k, path, &err);
    TinyAdapter adapter = {.base = tiny,
                           .n_exits = 2,
                           .exits = {{.layer = 1, .own = true}, {.layer = 2, .own = true}}};
    if (!target || tiny_adapter_open(&adapter, k, path, &drafts[TRAINED], &err))
        fail_msg("%s", err.text);
    unlink(path);
    tiny.layers = 2;
    tiny.perturb = 0.15f;
    drafts[PLAIN] = open_tiny(k, &tiny);
    drafts[LISTED] = open_with_list(k, &tiny);
    int accepted = 0, rejected = 0;
    for (int i = 0; i < 4; i++)
        decode(k, target, drafts[PLAIN], &(Spec){"plain", "off", i % 2, i / 2, PLAIN, NULL},
               &plain[i % 2][i / 2]);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        decode(k, target, drafts[specs[i].draft], &specs[i], &run);
        const Run *same = &plain[specs[i].noisy][specs[i].kv];
        if (run.drafted == 0)
            fail_msg("%s drafted nothing", specs[i].drafter);
        assert_true(specs[i].draft != LISTED || ((Draft *)run.session->drafter)->narrow);
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
    for (int i = 0; i < 4; i++)
        session_close(plain[i % 2][i / 2].session);
    for (int i = 0; i < 3; i++)
        model_close(drafts[i]);
    model_close(target);
    k->close(k);
}

/* Heads read the target's rows where its passes, graphs among them, left them. */
static void heads_change_no_token(void **state)
{
    static Run plain, run;
    (void)state;
    Kernels *k = twin_kernels(&enough);
    TinyModel tiny = tiny_model_of(ARCH_QWEN2, QUANT_Q4_1);
    tiny.layers = 3;
    tiny.context = 512;
    Model *target = open_tiny(k, &tiny);
    decode(k, target, NULL, &(Spec){"plain", "off", false, KV_F16, PLAIN, NULL}, &plain);
    for (int kind = 0; kind <= HEAD_KINDS; kind++) {
        HeadInfo info = kind < HEAD_KINDS ? tiny_head((HeadKind)kind, &tiny, target->config.vocab)
                                          : tiny_hydra_plus(&tiny, target->config.vocab);
        Head *head = tiny_head_open(&info, target);
        Spec spec = {
            head_kind_name(info.kind), kind % 2 ? "off" : "3x2x6", false, KV_F16, PLAIN, head};
        decode(k, target, NULL, &spec, &run);
        assert_true(run.drafted > 0);
        assert_same_answer(&plain, &run);
        session_close(run.session);
        head_close(head);
    }
    session_close(plain.session);
    model_close(target);
    k->close(k);
}

/* A chain of n nodes behind a text, and its head. */
static void pass(Context *c, int n)
{
    int slot[64], prefix[64], ids[64];
    uint64_t mask[64];
    for (int i = 0; i < n; i++) {
        slot[i] = 20 + i;
        prefix[i] = 20;
        mask[i] = UINT64_MAX >> (63 - i);
        ids[i] = i % 7;
    }
    Batch batch = {.n = n, .slot = slot, .prefix = prefix, .mask = mask, .base = 20};
    forward(c, &batch, ids, 0, c->model->config.layers);
    head(c, c->hidden, n);
    c->model->kernels->wait(c->model->kernels);
}

/* The second pass of a padded n becomes a graph, all that follow are one launch each. */
static void passes_of_one_padding_are_one_graph(void **state)
{
    static const int counts[] = {5, 3, 8, 1, 7, 9, 16, 12};
    (void)state;
    Kernels *k = twin_kernels(&enough);
    const TwinCounts *twin = twin_counts(twin_of(k));
    TinyModel tiny = tiny_model_of(ARCH_LLAMA, QUANT_Q8_0);
    Model *model = open_tiny(k, &tiny);
    Context c;
    assert_int_equal(context_open(&c, model, KV_F16, model->config.layers, 84, 64, NULL), 0);
    pass(&c, 64); /* angles are made, scratch is taken */
    for (int i = 0; i < 8; i++) {
        pass(&c, counts[i]);
        assert_true(!twin || twin->graphs == (i == 0 ? 0 : i < 6 ? 1 : 2));
        assert_true(!twin || twin->replays == (i == 0 ? 0 : i < 6 ? i - (i == 5) : i - 1));
    }
    context_close(&c);
    model_close(model);
    k->close(k);
}

/* ---- switches, memory, limits ---- */

static void a_hundred_switches_change_what_is_said_and_back(void **state)
{
    enum { SWITCHES = 100, EVERY = 20, SLACK = 64 << 20 /* of a driver */ };
    static const int prompt[] = {3, 1, 4, 1, 5, 9, 2, 6};
    static Run run, first[2];
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
                            .drafting = {.kind = drafter_find("sd")},
                            .spec = SPEC_ON,
                            .tree = {.depth = 2, .width = 1, .nodes = 2},
                            .sampling = {.top_p = 1},
                            .ctx = 64,
                            .emit = run_event,
                            .poll = run_poll,
                            .user = &run};
    run_open(&run, &config);
    const TwinCounts *counts = twin_counts(twin_of(k));
    int allocs = 0;
    size_t memory = 0;
    for (int i = 0; i <= SWITCHES; i++) {
        Err err = {0};
        if (i > 0 && session_switch(run.session, models[i % 2], i % 2, &config.drafting, &err))
            fail_msg("%s", err.text);
        if (i > 1 && i % EVERY > 1)
            continue;
        /* The same answers as at first, and nothing is left behind. */
        run.n = 0;
        run_ask(&run, prompt, 8, 6);
        Run *same = &first[i % 2];
        if (i < 2)
            *same = run;
        assert_int_equal(run.n, same->n);
        assert_memory_equal(run.tokens, same->tokens, (size_t)run.n * sizeof *run.tokens);
        if (i == EVERY) {
            allocs = counts ? counts->allocs : 0;
            memory = k->memory_free(k);
        }
    }
    assert_memory_not_equal(first[0].tokens, first[1].tokens, 6 * sizeof *run.tokens);
    assert_int_equal(counts ? counts->allocs : 0, allocs);
    assert_true(k->memory_free(k) + SLACK >= memory);
    session_close(run.session);
    model_close(models[0]);
    model_close(models[1]);
    k->close(k);
}

/* A device of any size, and one whose Nth allocation fails: an error with a reason, or success. */
static void no_memory_is_an_error_with_sizes(void **state)
{
    char path[TEMP_BYTES];
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
        cmocka_unit_test(log_probabilities_of_real_models_are_the_cpus),
        cmocka_unit_test(speculation_changes_no_token),
        cmocka_unit_test(heads_change_no_token),
        cmocka_unit_test(passes_of_one_padding_are_one_graph),
        cmocka_unit_test(a_hundred_switches_change_what_is_said_and_back),
        cmocka_unit_test(no_memory_is_an_error_with_sizes),
        cmocka_unit_test(limits_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
