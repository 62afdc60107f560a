/* test_bench_synth.c - models of known shapes: they load, and nothing else is overwritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/bench/bench.h"
#include "engine/model/model.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

typedef struct Fixture {
    char folder[TEMP_BYTES], vocab[64], out[64];
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    temp_folder_make(f.folder);
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.layers = 1;
    tiny.vocab = TINY_SPM;
    snprintf(f.vocab, sizeof f.vocab, "%s/vocab.gguf", f.folder);
    snprintf(f.out, sizeof f.out, "%s/out.gguf", f.folder);
    *state = &f;
    return tiny_model_write(&tiny, f.vocab, NULL);
}

static int teardown(void **state)
{
    Fixture *f = *state;
    unlink(f->vocab);
    unlink(f->out);
    return rmdir(f->folder); /* fails when a .part was left behind */
}

static int synth(Fixture *f, const char *shape, const char *layers, const char *type)
{
    char *argv[] = {"synth",   (char *)shape, "--layers", (char *)layers, "--type", (char *)type,
                    "--vocab", f->vocab,      "-o",       f->out,         NULL};
    return bench_synth(10, argv);
}

static void test_loads(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *shape, *type, *quant;
        int hidden;
    } cases[] = {
        {"smollm2-135m", "Q4_K", "Q4_K",
         576}, /* 576 is no multiple of 256: only ffn_down is Q4_K */
        {"smollm2-135m", "q8_0", "Q8_0", 576},
        {"qwen2.5-coder-0.5b", "Q4_0", "Q4_0", 896},
    };
    KernelsOptions options = {.device = "cpu", .isa = "scalar", .threads = 1};
    Kernels *kernels;
    Err err = {0};
    assert_int_equal(kernels_open(&kernels, &options, &err), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Model *model;
        assert_int_equal(synth(f, cases[i].shape, "2", cases[i].type), 0);
        if (model_open(&model, kernels, f->out, "synth", NULL, NULL, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(model->config.layers, 2);
        assert_int_equal(model->config.hidden, cases[i].hidden);
        assert_int_equal(model->config.vocab, tokenizer_vocab(model->tokenizer));
        assert_true(model->has_template);
        assert_string_equal(template_name(model->template.kind), "vicuna");
        if (i > 0)
            assert_string_equal(model->config.quant, cases[i].quant);
        model_close(model);
    }
    kernels->close(kernels);
}

/* One seed, one file. */
static void test_seed(void **state)
{
    Fixture *f = *state;
    char *bytes[2];
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(synth(f, "smollm2-135m", "1", "Q4_0"), 0);
        FILE *file = fopen(f->out, "rb");
        struct stat st;
        assert_int_equal(fstat(fileno(file), &st), 0);
        sizes[i] = (size_t)st.st_size;
        bytes[i] = malloc(sizes[i]);
        assert_int_equal(fread(bytes[i], 1, sizes[i], file), sizes[i]);
        fclose(file);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void test_refuses(void **state)
{
    Fixture *f = *state;
    unlink(f->out);
    assert_int_equal(synth(f, "vicuna-8b", "1", "Q4_0"), EXIT_USAGE);
    assert_int_equal(synth(f, "vicuna-7b", "0", "Q4_0"), EXIT_USAGE);
    assert_int_equal(synth(f, "vicuna-7b", "1x", "Q4_0"), EXIT_USAGE);
    assert_int_equal(synth(f, "vicuna-7b", "1", "Q4_9"), EXIT_USAGE);
    assert_int_equal(bench_synth(1, (char *[]){"synth", NULL}), EXIT_USAGE);
    assert_int_equal(access(f->out, F_OK), -1);
    /* What is there and is no file stays. */
    assert_int_equal(mkfifo(f->out, 0600), 0);
    assert_int_equal(synth(f, "smollm2-135m", "1", "Q4_0"), EXIT_USAGE);
    struct stat st;
    assert_int_equal(stat(f->out, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    unlink(f->out);
    /* A vocabulary that is none. */
    Fixture other = *f;
    snprintf(other.vocab, sizeof other.vocab, "%s/none.gguf", f->folder);
    assert_int_equal(synth(&other, "smollm2-135m", "1", "Q4_0"), EXIT_NOINPUT);
    assert_int_equal(access(f->out, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("bench_synth", tests, setup, teardown);
}
