/* test_checkpoint_references.c - files that PyTorch and safetensors wrote themselves
 * (tests/references/checkpoints): every tensor, and each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_file.h"

#define FOLDER "tests/references/checkpoints/"

static const char *text(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static TensorType type_of(const char *name)
{
    static const struct {
        const char *name;
        TensorType type;
    } types[] = {{"float64", TENSOR_F64},   {"float32", TENSOR_F32}, {"float16", TENSOR_F16},
                 {"bfloat16", TENSOR_BF16}, {"int64", TENSOR_I64},   {"int32", TENSOR_I32},
                 {"uint8", TENSOR_U8},      {"bool", TENSOR_BOOL}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(name, types[i].name) == 0)
            return types[i].type;
    fail_msg("%s", name);
    return TENSOR_F32;
}

static void check_values(TensorFile *file, const Tensor *tensor, const json_t *values)
{
    Err err = {0};
    size_t n = json_array_size(values);
    assert_int_equal(tensor_values(tensor), n);
    if (tensor->type <= TENSOR_BF16) {
        float *floats = malloc(sizeof *floats * (n + 1));
        assert_int_equal(tensor_file_floats(file, tensor, 0, tensor->dims[0], floats, &err), 0);
        for (size_t i = 0; i < n; i++)
            if (floats[i] != (float)json_number_value(json_array_get(values, i)))
                fail_msg("%s[%zu] is %.9g", tensor->name, i, (double)floats[i]);
        free(floats);
    } else {
        int64_t *integers = malloc(sizeof *integers * (n + 1));
        assert_int_equal(tensor_file_integers(file, tensor, integers, &err), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(integers[i], json_integer_value(json_array_get(values, i)));
        free(integers);
    }
}

static void check_tensor(TensorFile *file, const json_t *row)
{
    const Tensor *tensor = tensor_file_find(file, text(row, "name"));
    const json_t *dims = json_object_get(row, "dims");
    if (tensor == NULL)
        fail_msg("%s: no %s", text(row, "file"), text(row, "name"));
    assert_int_equal(tensor->type, type_of(text(row, "type")));
    assert_int_equal(tensor->n_dims, json_array_size(dims));
    for (int i = 0; i < tensor->n_dims; i++)
        assert_int_equal(tensor->dims[i], json_integer_value(json_array_get(dims, (size_t)i)));
    check_values(file, tensor, json_object_get(row, "values"));
}

/* rows: an array of those of one file */
static void check_file(const char *name, const json_t *rows, size_t first, size_t n)
{
    char path[256];
    TensorFile *file;
    Err err = {0};
    snprintf(path, sizeof path, FOLDER "%s", name);
    int result = tensor_file_open(&file, path, &err);
    const char *refused = text(json_array_get(rows, first), "refused");
    if (refused != NULL) {
        assert_int_equal(result, -1);
        if (err.code != EXIT_DATA || strstr(err.text, refused) == NULL)
            fail_msg("%s", err.text);
        return;
    }
    if (result != 0)
        fail_msg("%s", err.text);
    assert_int_equal(tensor_file_count(file), n);
    for (size_t i = first; i < first + n; i++)
        check_tensor(file, json_array_get(rows, i));
    tensor_file_close(file);
}

static void test_all(void **state)
{
    (void)state;
    FILE *lines = fopen(FOLDER "values.jsonl", "r");
    assert_non_null(lines);
    json_t *rows = json_array();
    for (json_t *row; (row = json_loadf(lines, JSON_DISABLE_EOF_CHECK, NULL)) != NULL;)
        json_array_append_new(rows, row);
    fclose(lines);
    size_t n = json_array_size(rows);
    assert_int_equal(n, 64);
    for (size_t first = 0, end; first < n; first = end) {
        const char *name = text(json_array_get(rows, first), "file");
        for (end = first; end < n && strcmp(text(json_array_get(rows, end), "file"), name) == 0;)
            end++;
        check_file(name, rows, first, end - first);
    }
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests_name("checkpoint_references", tests, NULL, NULL);
}
