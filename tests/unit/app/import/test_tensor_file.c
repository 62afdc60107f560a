/* test_tensor_file.c - checkpoints on disk: rows, types, and what is no checkpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/import/tensor_file.h"
#include "tests/support/checkpoint_bytes.h"
#include "tests/support/temp.h"

enum { ROWS = 5000, COLUMNS = 7 }; /* more than is read at a time */

static float value_at(int row, int column)
{
    return (float)(row * 10 + column) / 8;
}

static float *make_values(void)
{
    float *values = malloc(sizeof(float) * ROWS * COLUMNS);
    assert_non_null(values);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        values[i] = value_at(i / COLUMNS, i % COLUMNS);
    return values;
}

static void check_rows(TensorFile *file, int first, int rows)
{
    Err err = {0};
    float *values = malloc(sizeof(float) * ROWS * COLUMNS);
    assert_non_null(values);
    const Tensor *tensor = tensor_file_find(file, "w");
    if (tensor_file_floats(file, tensor, first, rows, values, &err) != 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < rows * COLUMNS; i++)
        assert_float_equal(values[i], value_at(first + i / COLUMNS, i % COLUMNS), 0);
    free(values);
}

/* In order, backwards, across pieces, to the end and from the middle again. */
static void check_all_rows(const char *path)
{
    TensorFile *file;
    Err err = {0};
    if (tensor_file_open(&file, path, &err) != 0)
        fail_msg("%s", err.text);
    const Tensor *tensor = tensor_file_find(file, "w");
    assert_int_equal(tensor_file_count(file), 1);
    assert_ptr_equal(tensor, tensor_file_at(file, 0));
    assert_null(tensor_file_find(file, "v"));
    assert_int_equal(tensor_row_values(tensor), COLUMNS);
    assert_int_equal(tensor_values(tensor), ROWS * COLUMNS);
    check_rows(file, 0, 1);
    check_rows(file, 1, 2000);
    check_rows(file, 3999, 2);
    check_rows(file, 2, 3);
    check_rows(file, ROWS - 1, 1);
    check_rows(file, 0, ROWS);
    check_rows(file, ROWS, 0);
    check_rows(file, 1234, ROWS - 1234);

    float value;
    static const int64_t outside[][2] = {{-1, 1},       {0, -1},        {ROWS, 1},
                                         {ROWS - 1, 2}, {1, INT64_MAX}, {INT64_MAX, 1}};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        err = (Err){0};
        assert_int_equal(
            tensor_file_floats(file, tensor, outside[i][0], outside[i][1], &value, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        assert_non_null(strstr(err.text, "'w' has 5000 rows"));
    }
    int64_t integer;
    err = (Err){0};
    assert_int_equal(tensor_file_integers(file, tensor, &integer, &err), -1);
    assert_non_null(strstr(err.text, "'w' is F32, expected I64"));
    tensor_file_close(file);
}

static void test_rows_of_safetensors(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    float *values = make_values();
    Bytes bytes = {0};
    safetensors_bytes(&bytes, 0,
                      "{\"w\":{\"dtype\":\"F32\",\"shape\":[5000,7],\"data_offsets\":[0,140000]}}",
                      values, sizeof(float) * ROWS * COLUMNS);
    temp_file_make(path);
    file_write(path, bytes.data, bytes.size);
    check_all_rows(path);
    unlink(path);
    free(bytes.data);
    free(values);
}

/* Half of the storage comes before the tensor. */
static void write_torch(const char *path, bool deflated, bool wrong_checksum)
{
    float *values = make_values();
    Bytes pickle = {0}, zip = {0};
    size_t before = deflated ? 100 : 30000, rows = deflated ? 142 : ROWS, shown = rows * COLUMNS;
    PickledTensor tensor = {"FloatStorage",  "w", (int64_t)(before + shown),
                            (int64_t)before, 2,   {(int64_t)rows, COLUMNS},
                            {COLUMNS, 1}};
    float *storage = calloc(before + shown, sizeof(float));
    assert_non_null(storage);
    memcpy(storage + before, values, shown * sizeof(float));
    bytes_text(&pickle, "\x80\x02}");
    pickle_text(&pickle, "w");
    pickle_tensor(&pickle, &tensor);
    bytes_text(&pickle, "s.");
    ZipPart parts[] = {
        {.name = "x/data.pkl", .data = pickle.data, .bytes = pickle.size, .deflated = deflated},
        {.name = "x/data/w",
         .data = storage,
         .bytes = (before + shown) * sizeof(float),
         .deflated = deflated,
         .wrong_checksum = wrong_checksum},
        {.name = "x/version", .data = "3\n", .bytes = 2}};
    zip_bytes(&zip, parts, 3, false, 0);
    file_write(path, zip.data, zip.size);
    free(zip.data);
    free(pickle.data);
    free(storage);
    free(values);
}

static void test_rows_of_torch(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    temp_file_make(path);
    write_torch(path, false, false);
    check_all_rows(path);
    unlink(path);
}

static void test_rows_of_deflated(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    TensorFile *file;
    Err err = {0};
    temp_file_make(path);
    write_torch(path, true, false);
    if (tensor_file_open(&file, path, &err) != 0)
        fail_msg("%s", err.text);
    check_rows(file, 3, 2);
    check_rows(file, 100, 42);
    check_rows(file, 0, 142);
    tensor_file_close(file);

    /* Read from end to end, a checksum that is wrong is seen. */
    float values[142 * COLUMNS];
    write_torch(path, true, true);
    assert_int_equal(tensor_file_open(&file, path, &err), 0);
    assert_int_equal(tensor_file_floats(file, tensor_file_at(file, 0), 0, 142, values, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    assert_non_null(strstr(err.text, "x/data/w: CRC error"));
    tensor_file_close(file);
    unlink(path);
}

/* What a file lost while it was open is an error, not a signal. */
static void test_shrinks(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    TensorFile *file;
    Err err = {0};
    float values[6 * COLUMNS];
    temp_file_make(path);
    write_torch(path, false, false);
    assert_int_equal(tensor_file_open(&file, path, &err), 0);
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(tensor_file_floats(file, tensor_file_at(file, 0), 0, 6, values, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    assert_non_null(strstr(err.text, "has become shorter"));
    tensor_file_close(file);
    unlink(path);
}

static void test_types(void **state)
{
    (void)state;
    static const char header[] =
        "{\"l\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[16,24]},"
        "\"i\":{\"dtype\":\"I32\",\"shape\":[1,2],\"data_offsets\":[24,32]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[32,36]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[36,40]},"
        "\"u\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[40,42]},"
        "\"o\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[42,44]}}";
    Bytes values = {0}, bytes = {0};
    double tenth = 0.1;
    bytes_number(&values, 1ull << 63, 8);
    bytes_number(&values, 5, 8);
    bytes_put(&values, &tenth, 8);
    bytes_number(&values, 0x80000000, 4);
    bytes_number(&values, 7, 4);
    bytes_number(&values, 0x3c01, 2); /* 1 + 2^-10 */
    bytes_number(&values, 0xfc00, 2); /* -infinity */
    bytes_number(&values, 0xc049, 2); /* -3.140625 */
    bytes_number(&values, 0x0001, 2);
    bytes_put(&values, "\xff\x02\x00\x01", 4);
    safetensors_bytes(&bytes, 0, header, values.data, values.size);

    TensorFile *file;
    Err err = {0};
    float floats[2];
    int64_t integers[2];
    if (tensor_file_open_memory(&file, bytes.data, bytes.size, "x", &err) != 0)
        fail_msg("%s", err.text);
#define FLOATS(name, rows) \
    assert_int_equal(      \
        tensor_file_floats(file, tensor_file_find(file, name), 0, rows, floats, &err), 0)
#define INTEGERS(name) \
    assert_int_equal(tensor_file_integers(file, tensor_file_find(file, name), integers, &err), 0)
    FLOATS("d", 1);
    assert_true(floats[0] == 0.1f);
    FLOATS("h", 2);
    assert_true(floats[0] == 1.0009765625f && isinf(floats[1]) && floats[1] < 0);
    FLOATS("b", 2);
    assert_true(floats[0] == -3.140625f && floats[1] == 0x1p-133f);
    INTEGERS("l");
    assert_true(integers[0] == INT64_MIN && integers[1] == 5);
    INTEGERS("i");
    assert_true(integers[0] == INT32_MIN && integers[1] == 7);
    INTEGERS("u");
    assert_true(integers[0] == 255 && integers[1] == 2);
    INTEGERS("o");
    assert_true(integers[0] == 0 && integers[1] == 1);
    assert_int_equal(tensor_file_floats(file, tensor_file_find(file, "u"), 0, 1, floats, &err), -1);
    assert_non_null(strstr(err.text, "'u' is U8, expected F32"));
    tensor_file_close(file);
    free(values.data);
    free(bytes.data);
}

static void test_no_checkpoint(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *says;
    } cases[] = {
        {"", "neither safetensors nor"},
        {"GGUF\3", "without an import"},
        {"version https://git-lfs.github.com/spec/v1\noid", "pointer of Git LFS"},
        {"<!DOCTYPE html>", "neither safetensors nor"},
        {"\x80\x02}q\x01.", "neither safetensors nor"},
        {"PK\3\4", "the zip cannot be opened"},
    };
    char path[TEMP_BYTES];
    TensorFile *file;
    temp_file_make(path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        file_write_text(path, cases[i].bytes);
        assert_int_equal(tensor_file_open(&file, path, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (strstr(err.text, cases[i].says) == NULL || strncmp(err.text, path, strlen(path)) != 0)
            fail_msg("%s", err.text);
    }
    unlink(path);
    Err err = {0};
    assert_int_equal(tensor_file_open(&file, path, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    err = (Err){0};
    assert_int_equal(tensor_file_open(&file, "/tmp", &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_non_null(strstr(err.text, "not a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_safetensors),
        cmocka_unit_test(test_rows_of_torch),
        cmocka_unit_test(test_rows_of_deflated),
        cmocka_unit_test(test_shrinks),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_no_checkpoint),
    };
    return cmocka_run_group_tests_name("tensor_file", tests, NULL, NULL);
}
