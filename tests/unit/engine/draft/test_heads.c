/* test_heads.c - heads of a target: what they draft is what PyTorch says of the same nets
 * (tests/references/heads.py), files that are no heads are refused, and the text stays plain
 * decoding's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/draft_case.h"
#include "tests/support/head_chain.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_head.h"
#include "tests/support/trainer_run.h"

typedef struct Fixture {
    Kernels *kernels;
    Model *target;
    TinyModel tiny;
    int vocab;
} Fixture;

static TinyModel float_model(void)
{
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.seed = 0;
    return tiny;
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    KernelsOptions options = {.device = "cpu", .threads = 1, .act_f32 = true};
    if (kernels_open(&f->kernels, &options, NULL))
        return -1;
    f->tiny = float_model();
    f->target = tiny_model_open(&f->tiny, f->kernels, "tiny", NULL);
    f->vocab = f->target->config.vocab;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    model_close(f->target);
    f->kernels->close(f->kernels);
    free(f);
    return 0;
}

enum { HEADS = 5 };

/* The kinds, and Hydra with a layer. */
static HeadInfo info_of(const Fixture *f, int i)
{
    return i < HEAD_KINDS ? tiny_head((HeadKind)i, &f->tiny, f->vocab)
                          : tiny_hydra_plus(&f->tiny, f->vocab);
}

/* ---- against PyTorch ---- */

static void test_values(void **state)
{
    const Fixture *f = *state;
    FILE *file = fopen("tests/references/heads.jsonl", "r");
    assert_non_null(file);
    char line[1024];
    for (int i = 0; i < HEADS; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        json_t *row = json_loads(line, 0, NULL);
        HeadInfo info = info_of(f, i);
        Head *head = tiny_head_open(&info, f->target);
        assert_head_chain(f->target, head, row);
        head_close(head);
        json_decref(row);
    }
    fclose(file);
}

/* Nodes by depth as published: EAGLE's 25, Medusa's and Hydra's 63 down to the branches there are. */
static void test_published_trees(void **state)
{
    static const int eagle[] = {1, 4, 8, 8, 3, 2}, medusa[] = {1, 10, 28, 23, 0, 0};
    const Fixture *f = *state;
    for (int i = 0; i < HEADS; i++) {
        HeadInfo info = info_of(f, i);
        Head *head = tiny_head_open(&info, f->target);
        TreeShape shape;
        Tree tree;
        int n[DEPTH_MAX + 1] = {0};
        assert_int_equal(tree_parse("static", &shape), 0);
        head_tree(f->target, head, PROMPT, PROMPT_N, shape, &tree);
        for (int node = 0; node < tree.n; node++)
            n[tree.node[node].depth]++;
        for (int depth = 0; depth < 6; depth++)
            assert_int_equal(n[depth], (info.branches > 0 ? medusa : eagle)[depth]);
        head_close(head);
    }
}

/* EAGLE with a short list: of a text that leaves it, it says what one without a list says. */
static void test_text_off_the_list(void **state)
{
    enum { LISTED = 3 };
    static const int ids[LISTED] = {40, 41, 42};
    const Fixture *f = *state;
    char path[TEMP_BYTES];
    Model *target;
    temp_file_make(path); /* rows of the target's head are read from its file */
    assert_int_equal(tiny_model_write(&f->tiny, path, NULL), 0);
    assert_int_equal(model_open(&target, f->kernels, path, "tiny", NULL, NULL, NULL), 0);
    HeadInfo all = tiny_head(HEAD_EAGLE, &f->tiny, f->vocab), few = all;
    few.ids = ids;
    few.n_vocab = few.layer.vocab = LISTED;
    Head *whole = tiny_head_open(&all, target), *listed = tiny_head_open(&few, target);
    TreeShape chain = {.depth = 3, .width = 1, .nodes = 3};
    Tree expected, drafted;

    head_tree(target, whole, PROMPT, PROMPT_N, chain, &expected);
    head_tree(target, listed, PROMPT, PROMPT_N, chain, &drafted);
    assert_int_equal(drafted.n, expected.n);
    for (int i = 1; i < expected.n; i++) {
        assert_int_equal(drafted.node[i].token, expected.node[i].token);
        assert_false(drafted.node[i].token >= ids[0] && drafted.node[i].token <= ids[LISTED - 1]);
    }
    int kept[PROMPT_N];
    for (int i = 0; i < PROMPT_N; i++)
        kept[i] = ids[i % LISTED];
    head_tree(target, listed, kept, PROMPT_N, chain, &drafted);
    assert_int_equal(drafted.n, 1 + chain.nodes);
    for (int i = 1; i < drafted.n; i++)
        assert_in_range(drafted.node[i].token, ids[0], ids[LISTED - 1]);
    head_close(whole);
    head_close(listed);
    model_close(target);
    unlink(path);
}

/* ---- promise 1 ---- */

/* Two questions, the second of which begins as the first. */
static void test_same_text(void **state)
{
    enum { LENGTH = 60 };
    const Fixture *f = *state;
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    for (int s = 0; s < 2; s++) {
        *plain = (Run){0};
        SessionConfig config =
            draft_case_config(plain, f->kernels, f->target, NULL, "plain", "auto");
        config.sampling = TEMPERATURES[2 * s];
        run_open(plain, &config);
        run_ask(plain, PROMPT, PROMPT_N - 3, LENGTH);
        run_ask(plain, PROMPT, PROMPT_N, LENGTH);
        for (int i = 0; i < HEADS; i++)
            for (int t = 0; t < 6; t++) {
                HeadInfo info = info_of(f, i);
                Head *head = tiny_head_open(&info, f->target);
                *run = (Run){0};
                config = draft_case_config(run, f->kernels, f->target, NULL,
                                           head_kind_name(info.kind), t < 5 ? TREES[t] : "static");
                config.sampling = TEMPERATURES[2 * s];
                config.drafting.head = head;
                run_open(run, &config);
                run_ask(run, PROMPT, PROMPT_N - 3, LENGTH);
                run_ask(run, PROMPT, PROMPT_N, LENGTH);
                assert_same_answer(plain, run);
                assert_true(run->drafted > 0);
                session_close(run->session);
                head_close(head);
            }
        session_close(plain->session);
    }
    free(plain);
    free(run);
}

/* The target's own greedy words behind short prompts, to learn from. */
static void fill_texts(TrainerFixture *f)
{
    Run *run = calloc(1, sizeof *run);
    for (int t = 0; t < TRAINER_TEXTS; t++) {
        enum { ASKED = 4 };
        TrainerText *text = &f->texts[t];
        *run = (Run){0};
        SessionConfig config = draft_case_config(run, f->kernels, f->model, NULL, "plain", "auto");
        run_open(run, &config);
        for (int i = 0; i < ASKED; i++)
            text->ids[i] = PROMPT[(t + i) % PROMPT_N];
        run_ask(run, text->ids, ASKED, TRAINER_LONGEST - ASKED);
        int n;
        const int *tokens = session_tokens(run->session, &n);
        assert_int_equal(n, TRAINER_LONGEST);
        text->n = n;
        memcpy(text->ids, tokens, sizeof *tokens * (size_t)n);
        for (int i = 0; i < n; i++)
            text->is_label[i] = i >= ASKED;
        session_close(run->session);
    }
    free(run);
}

static Head *train_head(const TrainerFixture *f, HeadKind kind)
{
    TrainerConfig c = trainer_run_head_config(f, kind);
    c.ids = NULL; /* all are scored */
    c.n_ids = 0;
    c.steps = 80;
    c.rate = 0.01f;
    TrainerRun run = trainer_run_open(f, &c, NULL);
    for (int i = 0; i < c.steps; i++)
        trainer_run_step(&run);
    AdapterTensor *tensors;
    HeadFile *file;
    Head *head;
    char *data;
    size_t bytes;
    int n;
    Err err = {0};
    HeadInfo info = trainer_head_info(&c, &f->config);
    assert_int_equal(trainer_tensors(run.trainer, QUANT_F32, &tensors, &n, &err), 0);
    FILE *stream = open_memstream(&data, &bytes);
    assert_int_equal(head_write(stream, &info, tensors, n, &err), 0);
    fclose(stream);
    if (head_file_open_memory(&file, data, bytes, "trained", &err) != 0 ||
        head_open(&head, file, f->model, &err) != 0)
        fail_msg("%s", err.text);
    head_file_close(file);
    free(data);
    free(tensors);
    trainer_run_close(&run);
    return head;
}

/* Heads that have learned: much of what they draft is taken, much is not, and the text stays. */
static void test_trained_heads(void **state)
{
    static const char *const trees[] = {"4x3x12", "auto", "off", "static"};
    (void)state;
    TrainerFixture *f = trainer_fixture_deep(ARCH_LLAMA, 1);
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.layers = f->config.layers;
    model_close(f->model); /* which scores a list only */
    f->model = tiny_model_open(&tiny, f->kernels, "tiny", NULL);
    fill_texts(f);
    Run *plain = calloc(1, sizeof *plain), *run = calloc(1, sizeof *run);
    for (int kind = 0; kind < HEAD_KINDS; kind++) {
        int accepted[DEPTHS] = {0}, rejected[DEPTHS] = {0};
        Head *head = train_head(f, (HeadKind)kind);
        for (int i = 0; i < 4 * TRAINER_TEXTS; i++) {
            const TrainerText *text = &f->texts[i % TRAINER_TEXTS];
            for (int drafts = 0; drafts < 2; drafts++) {
                Run *one = drafts ? run : plain;
                *one = (Run){0};
                SessionConfig config = draft_case_config(
                    one, f->kernels, f->model, NULL,
                    drafts ? head_kind_name((HeadKind)kind) : "plain", trees[i / TRAINER_TEXTS]);
                config.sampling = TEMPERATURES[i % 2];
                config.drafting.head = head;
                run_open(one, &config);
                run_ask(one, text->ids, 6, TRAINER_LONGEST - 6);
            }
            assert_same_answer(plain, run);
            for (int d = 0; d < DEPTHS; d++) {
                accepted[d] += run->accepted[d];
                rejected[d] += run->rejected[d];
            }
            session_close(plain->session);
            session_close(run->session);
        }
        print_message("%-7s accepted %d %d %d, rejected %d %d %d at depths 1 2 3\n",
                      head_kind_name((HeadKind)kind), accepted[0], accepted[1], accepted[2],
                      rejected[0], rejected[1], rejected[2]);
        for (int d = 0; d < DEPTHS; d++)
            assert_true(accepted[d] > 0 && rejected[d] > 0);
        head_close(head);
    }
    free(plain);
    free(run);
    trainer_fixture_close(f);
}

/* ---- files ---- */

typedef struct Lie {
    HeadKind kind;
    void (*tell)(HeadInfo *info);
    const char *said;
} Lie;

static void wider(HeadInfo *info)
{
    info->hidden = info->layer.hidden = 128;
}

static void more_tokens(HeadInfo *info)
{
    info->vocab++;
}

static void more_layers(HeadInfo *info)
{
    info->layers++;
}

static void deep_tap(HeadInfo *info)
{
    info->layers = 0;
    info->taps[2] = 5;
}

static void test_other_targets(void **state)
{
    static const Lie lies[] = {{HEAD_MEDUSA, wider, "hidden size is 128, that of tiny 64"},
                               {HEAD_EAGLE, wider, "hidden size is 128, that of tiny 64"},
                               {HEAD_HYDRA, more_tokens, "vocabulary"},
                               {HEAD_EAGLE, more_layers, "number of layers is 5, that of tiny 4"},
                               {HEAD_EAGLE3, deep_tap, "layer 5, and tiny has 4"}};
    const Fixture *f = *state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        HeadInfo info = tiny_head(lies[i].kind, &f->tiny, f->vocab);
        unsigned char *data;
        size_t bytes;
        HeadFile *file;
        Head *head;
        Err err = {0};
        lies[i].tell(&info);
        assert_int_equal(tiny_head_bytes(&info, &data, &bytes, &err), 0);
        assert_int_equal(head_file_open_memory(&file, data, bytes, "head", &err), 0);
        assert_int_equal(head_open(&head, file, f->target, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, lies[i].said));
        head_file_close(file);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_published_trees),
        cmocka_unit_test(test_text_off_the_list),
        cmocka_unit_test(test_same_text),
        cmocka_unit_test(test_trained_heads),
        cmocka_unit_test(test_other_targets),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
