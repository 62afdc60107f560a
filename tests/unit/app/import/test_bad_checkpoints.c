/* test_bad_checkpoints.c - each lie of a checkpoint ends in its exit code and its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_file.h"
#include "tests/support/bad_checkpoints.h"

/* An allocation of exactly this size, so that a sanitiser sees the first byte too many. */
static unsigned char *exactly(const Bytes *bytes)
{
    unsigned char *copy = malloc(bytes->size > 0 ? bytes->size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes->data, bytes->size);
    return copy;
}

static void check_good(const BadCheckpoint *bad, const void *bytes)
{
    TensorFile *file;
    Err err = {0};
    float values[6];
    if (tensor_file_open_memory(&file, bytes, bad->bytes.size, "x", &err) != 0)
        fail_msg("%s: %s", bad->name, err.text);
    const Tensor *tensor = tensor_file_find(file, "a");
    assert_non_null(tensor);
    assert_int_equal(tensor_values(tensor), 6);
    if (tensor_file_floats(file, tensor, 0, tensor->dims[0], values, &err) != 0)
        fail_msg("%s: %s", bad->name, err.text);
    assert_memory_equal(values, good_values, sizeof values);
    tensor_file_close(file);
}

static void check(bool (*make)(BadCheckpoint *file, int index), int expected)
{
    BadCheckpoint bad;
    int n = 0, n_good = 0;
    for (; make(&bad, n); n++) {
        unsigned char *bytes = exactly(&bad.bytes);
        if (bad.code == 0) {
            check_good(&bad, bytes);
            n_good++;
        } else {
            TensorFile *file;
            Err err = {0};
            if (tensor_file_open_memory(&file, bytes, bad.bytes.size, "x", &err) == 0)
                fail_msg("%s: opened", bad.name);
            assert_null(file);
            if (err.code != bad.code || strstr(err.text, bad.says) == NULL ||
                strncmp(err.text, "x: ", 3) != 0)
                fail_msg("%s: code %d: %s", bad.name, err.code, err.text);
        }
        free(bytes);
        free(bad.bytes.data);
    }
    assert_true(n >= expected && n_good >= 4);
}

static void test_safetensors(void **state)
{
    (void)state;
    check(bad_safetensors, 40);
}

static void test_torch(void **state)
{
    (void)state;
    check(bad_torch, 80);
}

/* Of a good file, every beginning is refused; nothing but the last bytes of a zip may be missed. */
static void test_every_cut(void **state)
{
    (void)state;
    bool (*const makes[])(BadCheckpoint *, int) = {bad_safetensors, bad_torch};
    for (int k = 0; k < 2; k++) {
        BadCheckpoint bad;
        assert_true(makes[k](&bad, 0));
        for (size_t size = 0; size < bad.bytes.size; size++) {
            TensorFile *file;
            Err err = {0};
            Bytes part = {bad.bytes.data, size};
            unsigned char *bytes = exactly(&part);
            assert_int_equal(tensor_file_open_memory(&file, bytes, size, "x", &err), -1);
            assert_true(err.code == EXIT_DATA && err.text[0] != '\0');
            free(bytes);
        }
        free(bad.bytes.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_torch),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests_name("bad_checkpoints", tests, NULL, NULL);
}
