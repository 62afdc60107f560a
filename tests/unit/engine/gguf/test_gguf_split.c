/* test_gguf_split.c - models in several files: opened by any of them as one, and refused where a part is
 * missing or not of that model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/model/model.h"
#include "tests/support/split_model.h"
#include "tests/support/temp.h"
#include "tests/support/tiny_model.h"

typedef struct Fixture {
    char folder[TEMP_BYTES];
    char whole[64], prefix[64]; /* a model in one file; of the parts that are made of it */
    Gguf *gguf;                 /* that file */
} Fixture;

static int set_up(void **state)
{
    static Fixture f;
    *state = &f;
    temp_folder_make(f.folder);
    snprintf(f.whole, sizeof f.whole, "%s/whole.gguf", f.folder);
    snprintf(f.prefix, sizeof f.prefix, "%s/parts", f.folder);
    TinyModel tiny = tiny_model(ARCH_QWEN2);
    return tiny_model_write(&tiny, f.whole, NULL) == 0 ? gguf_open(&f.gguf, f.whole, NULL) : -1;
}

static int tear_down(void **state)
{
    Fixture *f = *state;
    gguf_close(f->gguf);
    temp_folder_remove(f->folder);
    return 0;
}

static void test_names(void **state)
{
    (void)state;
    static const char *const none[] = {"m.gguf",
                                       "m-00001-of-00003.bin",
                                       "m-0001-of-00003.gguf",
                                       "m-00000-of-00003.gguf",
                                       "m-00004-of-00003.gguf",
                                       "m-00001_of-00003.gguf",
                                       "m_00001-of-00003.gguf",
                                       "m-0000x-of-00003.gguf",
                                       "00001-of-00003.gguf",
                                       ""};
    char path[64];
    int part = 0;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(gguf_part_of(none[i], &part), 0);
        assert_int_equal(gguf_part_path(none[i], 2, path, sizeof path), 0);
        assert_string_equal(path, none[i]);
    }
    assert_int_equal(gguf_part_of("/a/m-00002-of-00013.gguf", &part), 13);
    assert_int_equal(part, 2);
    assert_int_equal(gguf_part_path("/a/m-00002-of-00013.gguf", 12, path, sizeof path), 0);
    assert_string_equal(path, "/a/m-00012-of-00013.gguf");
    assert_int_equal(gguf_part_path("/a/m-00002-of-00013.gguf", 1, path, 24), -1);
}

/* What the parts have is what the file has. */
static void assert_whole(const Gguf *want, const Gguf *got)
{
    assert_int_equal(gguf_tensor_count(got), gguf_tensor_count(want));
    for (int i = 0; i < gguf_tensor_count(want); i++) {
        const GgufTensor *a = gguf_tensor_at(want, i);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)a->name.length, a->name.data);
        const GgufTensor *b = gguf_tensor(got, name);
        assert_non_null(b);
        assert_true(b->bytes == a->bytes);
        char *bytes = malloc(2 * a->bytes);
        assert_int_equal(gguf_read(want, a, 0, bytes, a->bytes, NULL), 0);
        assert_int_equal(gguf_read(got, b, 0, bytes + a->bytes, a->bytes, NULL), 0);
        assert_memory_equal(bytes, bytes + a->bytes, a->bytes);
        free(bytes);
    }
}

static void test_opened_by_any(void **state)
{
    Fixture *f = *state;
    for (int empty_first = 0; empty_first < 2; empty_first++) {
        char first[96];
        split_model(f->whole, f->prefix, 3, empty_first);
        snprintf(first, sizeof first, "%s-00001-of-00003.gguf", f->prefix);
        for (int part = 1; part <= 3; part++) {
            char path[96];
            Gguf *gguf;
            ModelConfig config, want;
            Err err = {0};
            gguf_part_path(first, part, path, sizeof path);
            if (gguf_open(&gguf, path, &err) != 0)
                fail_msg("%s", err.text);
            assert_string_equal(gguf_path(gguf), first);
            assert_int_equal(gguf_parts(gguf), 3);
            assert_true(gguf_file_bytes(gguf) > gguf_file_bytes(f->gguf));
            assert_whole(f->gguf, gguf);
            assert_int_equal(model_config(&config, gguf, &err), 0);
            assert_int_equal(model_config(&want, f->gguf, &err), 0);
            assert_memory_equal(&config, &want, sizeof config);
            gguf_close(gguf);
        }
    }
    assert_int_equal(gguf_parts(f->gguf), 1);
}

/* A model in parts is loaded, and its weights are those of the one file. */
static void test_loaded(void **state)
{
    Fixture *f = *state;
    char path[96];
    Model *whole, *parts;
    Kernels *kernels;
    KernelsOptions options = {.device = "cpu", .threads = 1};
    assert_int_equal(kernels_open(&kernels, &options, NULL), 0);
    split_model(f->whole, f->prefix, 5, false);
    snprintf(path, sizeof path, "%s-00004-of-00005.gguf", f->prefix);
    Err err = {0};
    if (model_open(&parts, kernels, path, "parts", NULL, NULL, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(model_open(&whole, kernels, f->whole, "whole", NULL, NULL, &err), 0);
    assert_memory_equal(parts->output_norm, whole->output_norm,
                        (size_t)whole->config.hidden * sizeof(float));
    assert_memory_equal(parts->layers[3].q_bias, whole->layers[3].q_bias, sizeof(float));
    model_close(parts);
    model_close(whole);
    kernels->close(kernels);
}

static void assert_refused(const char *path, int code, const char *says)
{
    Gguf *gguf;
    Err err = {0};
    assert_int_equal(gguf_open(&gguf, path, &err), -1);
    assert_null(gguf);
    assert_int_equal(err.code, code);
    if (strstr(err.text, says) == NULL)
        fail_msg("expected '%s' in: %s", says, err.text);
}

static void test_missing(void **state)
{
    Fixture *f = *state;
    char path[4][96], other[96];
    split_model(f->whole, f->prefix, 4, false);
    for (int i = 0; i < 4; i++)
        snprintf(path[i], sizeof path[i], "%s-%05d-of-00004.gguf", f->prefix, i + 1);
    assert_int_equal(unlink(path[2]), 0);
    assert_refused(path[0], EXIT_NOINPUT, "-00003-of-00004.gguf: part 3 of the model is missing");
    assert_refused(path[3], EXIT_NOINPUT, "-00003-of-00004.gguf: part 3 of the model is missing");
    assert_int_equal(unlink(path[0]), 0);
    assert_refused(path[1], EXIT_NOINPUT, "-00001-of-00004.gguf: part 1 of the model is missing");
    snprintf(other, sizeof other, "%s/odd.gguf", f->folder);
    assert_int_equal(rename(path[1], other), 0);
    assert_refused(other, EXIT_DATA, "name has to end in -00001-of-00004.gguf");
    snprintf(other, sizeof other, "%s-00002-of-00009.gguf", f->prefix);
    assert_int_equal(rename(path[3], other), 0);
    assert_refused(other, EXIT_DATA, "name has to end in -00001-of-00004.gguf");
}

/* Two parts, one of which is another than it should be. */
static void test_lies(void **state)
{
    Fixture *f = *state;
    static const struct {
        int which;
        unsigned no, count, tensors;
        int first, end; /* 0 0 = as they should be */
        const char *lacks, *says;
    } cases[] = {
        {1, 0, 2, 0, 0, 0, NULL, "is part 1 of 2 by its header, expected 2 of 2"},
        {1, 1, 3, 0, 0, 0, NULL, "is part 2 of 3"},
        {1, 1, 1, 0, 0, 0, NULL, "is part 2 of 1"},
        {1, 1, 2, 7, 0, 0, NULL, "have 7 tensors"},
        {1, 1, 2, 0, 0, 0, "split.no", "without the key 'split.no'"},
        {1, 1, 2, 0, 0, 0, "split.count", "without the key 'split.count'"},
        {1, 1, 2, 0, 0, 0, "split.tensors.count", "without the key 'split.tensors.count'"},
        {0, 0, 2, 0, 0, 0, "split.tensors.count", "without the key 'split.tensors.count'"},
        {0, 0, 2, 9999, 0, 0, NULL, "have"},
        {0, 0, 65535, 0, 0, 0, NULL, "65535 parts of a model"},
        {1, 1, 2, 0, 3, 5, NULL, "tensors are promised"},
        {1, 1, 2, 0, 0, -1, NULL, "is there twice"},
    };
    int all = gguf_tensor_count(f->gguf);
    char path[96];
    snprintf(path, sizeof path, "%s-00001-of-00002.gguf", f->prefix);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SplitPart part = split_part(f->gguf, cases[i].which, 2, false);
        char other[96], *data;
        size_t bytes;
        split_model(f->whole, f->prefix, 2, false);
        part.no = cases[i].no;
        part.count = cases[i].count;
        part.lacks = cases[i].lacks;
        if (cases[i].tensors)
            part.tensors = cases[i].tensors;
        if (cases[i].end > 0) {
            part.first = cases[i].first;
            part.end = cases[i].end;
        } else if (cases[i].end < 0) { /* as many, but some of the first part's */
            part.end -= part.first;
            part.first = 0;
            part.end = all - all / 2;
        }
        split_part_bytes(f->gguf, &part, &data, &bytes);
        gguf_part_path(path, cases[i].which + 1, other, sizeof other);
        file_write(other, data, bytes);
        free(data);
        assert_refused(path, EXIT_DATA, cases[i].says);
    }
    char *data;
    size_t bytes;
    SplitPart part = split_part(f->gguf, 1, 2, false);
    split_model(f->whole, f->prefix, 2, false);
    split_part_bytes(f->gguf, &part, &data, &bytes);
    gguf_part_path(path, 2, path, sizeof path);
    file_write(path, data, bytes - 1); /* not all of it is here */
    free(data);
    assert_refused(path, EXIT_DATA, "not fully downloaded");
    file_write_text(path, "<html>");
    assert_refused(path, EXIT_DATA, "not a GGUF model file");
}

static void test_memory(void **state)
{
    Fixture *f = *state;
    char *data[3];
    size_t bytes[3];
    Gguf *gguf;
    Err err = {0};
    for (int i = 0; i < 3; i++) {
        SplitPart part = split_part(f->gguf, i, 3, false);
        split_part_bytes(f->gguf, &part, &data[i], &bytes[i]);
    }
    assert_int_equal(
        gguf_open_memory_parts(&gguf, (const void *const *)data, bytes, 3, "parts", &err), 0);
    assert_whole(f->gguf, gguf);
    gguf_close(gguf);
    assert_int_equal(
        gguf_open_memory_parts(&gguf, (const void *const *)data, bytes, 2, "parts", &err), -1);
    assert_int_equal(gguf_open_memory(&gguf, data[0], bytes[0], "part", NULL), -1);
    for (int i = 0; i < 3; i++)
        free(data[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_opened_by_any, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("gguf_split", tests, NULL, NULL);
}
