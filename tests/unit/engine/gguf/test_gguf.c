/* test_gguf.c - GGUF files written and read back, and files that lie. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/gguf/gguf_write.h"
#include "tests/support/bad_files.h"
#include "tests/support/temp.h"

static bool string_is(GgufString string, const char *text)
{
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

/* One line, safe to print, that names the file. */
static void assert_clean(const Err *err, const char *name)
{
    assert_int_not_equal(err->code, 0);
    assert_true(strlen(err->text) > strlen(name) + 4 && strlen(err->text) < sizeof err->text - 1);
    assert_non_null(strstr(err->text, name));
    for (const char *c = err->text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20);
}

/* A file with every kind of value and two tensors, in memory. */
static Gguf *make_sample(char **memory, float weights[64])
{
    static const char *const words[] = {"a", "", "\xff\n"};
    static const int ids[] = {3, -1, 7};
    static const float scores[] = {0.5f, -2};
    size_t bytes;
    FILE *stream = open_memstream(memory, &bytes);
    GgufWriter *writer;
    Gguf *gguf;
    assert_int_equal(gguf_write_open(&writer, stream, NULL), 0);
    gguf_write_u32(writer, "u32", 4000000000u);
    gguf_write_f32(writer, "f32", 0.25f);
    gguf_write_bool(writer, "bool", true);
    gguf_write_string(writer, "string", "two words");
    gguf_write_strings(writer, "words", words, 3);
    gguf_write_array(writer, "ids", GGUF_I32, ids, 3);
    gguf_write_array(writer, "scores", GGUF_F32, scores, 2);
    gguf_write_raw(writer, (GgufString){"i8", 2}, GGUF_I8, "\xfe", 1);
    gguf_write_raw(writer, (GgufString){"u64", 3}, GGUF_U64, "\x05\0\0\0\1\0\0\0", 8);
    gguf_write_raw(writer, (GgufString){"f64", 3}, GGUF_F64, &(double){0.1}, 8);
    gguf_write_tensor(writer, "vector", QUANT_F32, 0, 5);
    gguf_write_tensor(writer, "matrix", QUANT_Q8_0, 2, 32);
    for (int i = 0; i < 64; i++)
        weights[i] = (float)(i - 32);
    gguf_write_data(writer, weights, 5 * sizeof(float));
    unsigned char blocks[2 * 34];
    quant_from_float(QUANT_Q8_0, weights, blocks, 32);
    quant_from_float(QUANT_Q8_0, weights + 32, blocks + 34, 32);
    gguf_write_data(writer, blocks, 10); /* in two pieces, across a row */
    gguf_write_data(writer, blocks + 10, sizeof blocks - 10);
    assert_int_equal(gguf_write_close(writer, NULL), 0);
    fclose(stream);
    Err err = {0};
    if (gguf_open_memory(&gguf, *memory, bytes, "sample", &err) != 0)
        fail_msg("%s", err.text);
    return gguf;
}

static void test_values(void **state)
{
    (void)state;
    char *memory;
    float weights[64], f;
    Gguf *gguf = make_sample(&memory, weights);
    Err err = {0};
    uint32_t u;
    bool b;
    GgufString s;
    int count;
    assert_int_equal(gguf_get_u32(gguf, "u32", &u, &err), 1);
    assert_int_equal(u, 4000000000u);
    assert_int_equal(gguf_get_f32(gguf, "f32", &f, &err), 1);
    assert_true(f == 0.25f);
    assert_int_equal(gguf_get_f32(gguf, "f64", &f, &err), 1);
    assert_true(f == 0.1f);
    assert_int_equal(gguf_get_bool(gguf, "bool", &b, &err), 1);
    assert_true(b);
    assert_int_equal(gguf_get_string(gguf, "string", &s, &err), 1);
    assert_true(string_is(s, "two words"));
    assert_int_equal(gguf_get_array(gguf, "words", GGUF_STRING, &count, &err), 1);
    assert_int_equal(count, 3);
    assert_true(string_is(gguf_array_string(gguf, "words", 0), "a"));
    assert_true(string_is(gguf_array_string(gguf, "words", 1), ""));
    assert_true(string_is(gguf_array_string(gguf, "words", 2), "\xff\n"));
    int ids[3];
    float scores[2];
    assert_int_equal(gguf_array_copy(gguf, "ids", GGUF_I32, ids, 3, &err), 1);
    assert_true(ids[0] == 3 && ids[1] == -1 && ids[2] == 7);
    assert_int_equal(gguf_array_copy(gguf, "scores", GGUF_F32, scores, 2, &err), 1);
    assert_true(scores[0] == 0.5f && scores[1] == -2);
    assert_int_equal(gguf_get_u32(gguf, "absent", &u, &err), 0);
    assert_int_equal(gguf_get_array(gguf, "absent", GGUF_STRING, &count, &err), 0);
    assert_int_equal(err.code, 0);
    gguf_close(gguf);
    free(memory);
}

/* What is there but is not what was asked for. */
static void test_wrong_values(void **state)
{
    (void)state;
    char *memory;
    float weights[64], f;
    Gguf *gguf = make_sample(&memory, weights);
    uint32_t u;
    bool b;
    GgufString s;
    int count, ids[3];
    Err err[9] = {{0}};
    assert_int_equal(gguf_get_u32(gguf, "i8", &u, &err[0]), -1); /* -2 */
    assert_int_equal(gguf_get_u32(gguf, "u64", &u, &err[1]), -1);
    assert_int_equal(gguf_get_u32(gguf, "f32", &u, &err[2]), -1);
    assert_int_equal(gguf_get_f32(gguf, "u32", &f, &err[3]), -1);
    assert_int_equal(gguf_get_bool(gguf, "u32", &b, &err[4]), -1);
    assert_int_equal(gguf_get_string(gguf, "words", &s, &err[5]), -1);
    assert_int_equal(gguf_get_array(gguf, "ids", GGUF_STRING, &count, &err[6]), -1);
    assert_int_equal(gguf_array_copy(gguf, "ids", GGUF_I32, ids, 2, &err[7]), -1);
    assert_int_equal(gguf_array_copy(gguf, "ids", GGUF_U32, ids, 3, &err[8]), -1); /* has -1 */
    for (int i = 0; i < 9; i++)
        assert_clean(&err[i], "sample");
    gguf_close(gguf);
    free(memory);
}

static void test_tensors(void **state)
{
    (void)state;
    char *memory;
    float weights[64], row[32];
    Gguf *gguf = make_sample(&memory, weights);
    assert_int_equal(gguf_tensor_count(gguf), 2);
    assert_null(gguf_tensor(gguf, "matri"));
    const GgufTensor *vector = gguf_tensor(gguf, "vector"), *matrix = gguf_tensor(gguf, "matrix");
    assert_non_null(vector);
    assert_ptr_equal(matrix, gguf_tensor_at(gguf, 1));
    assert_true(vector->n_dims == 1 && vector->dims[0] == 5 && vector->dims[1] == 1);
    assert_true(matrix->n_dims == 2 && matrix->dims[0] == 32 && matrix->dims[1] == 2);
    assert_true(matrix->bytes == 68 && matrix->type == QUANT_Q8_0 && matrix->offset % 32 == 0);
    unsigned char block[34];
    assert_int_equal(gguf_read(gguf, vector, 4, row, 16, NULL), 0);
    assert_memory_equal(row, weights + 1, 16);
    assert_int_equal(gguf_read(gguf, matrix, 34, block, 34, NULL), 0);
    quant_to_float(QUANT_Q8_0, block, row, 32);
    for (int i = 0; i < 32; i++)
        assert_true(row[i] > weights[32 + i] - 0.2f && row[i] < weights[32 + i] + 0.2f);
    assert_int_equal(gguf_read(gguf, matrix, 60, block, 9, NULL), -1);
    assert_int_equal(gguf_read(gguf, matrix, UINT64_MAX, block, 2, NULL), -1);
    gguf_close(gguf);
    free(memory);
}

static void append_key(void *user, GgufString key, GgufType type, const char *value)
{
    char *text = user;
    sprintf(text + strlen(text), "%.*s/%d=%s ", (int)key.length, key.data, (int)type, value);
}

static void test_each_key(void **state)
{
    (void)state;
    char *memory, text[1024] = "";
    float weights[64];
    Gguf *gguf = make_sample(&memory, weights);
    gguf_each_key(gguf, append_key, text);
    assert_string_equal(text, "u32/4=4000000000 f32/6=0.25 bool/7=true string/8=two words "
                              "words/9=[3 string] ids/9=[3 i32] scores/9=[2 f32] i8/1=-2 "
                              "u64/10=4294967301 f64/12=0.1 ");
    gguf_close(gguf);
    free(memory);
}

/* A value copied raw into another file stays the same. */
static void test_raw_copy(void **state)
{
    (void)state;
    char *memory, *copied;
    float weights[64];
    size_t bytes, value_bytes;
    Gguf *gguf = make_sample(&memory, weights), *copy;
    GgufWriter *writer;
    GgufType type;
    GgufString words = {"words", 5};
    FILE *stream = open_memstream(&copied, &bytes);
    assert_int_equal(gguf_write_open(&writer, stream, NULL), 0);
    const void *value = gguf_raw_value(gguf, words, &type, &value_bytes);
    gguf_write_raw(writer, words, type, value, value_bytes);
    assert_int_equal(gguf_write_close(writer, NULL), 0);
    fclose(stream);
    assert_int_equal(gguf_open_memory(&copy, copied, bytes, "copy", NULL), 0);
    assert_true(string_is(gguf_array_string(copy, "words", 2), "\xff\n"));
    assert_null(gguf_raw_value(copy, (GgufString){"ids", 3}, &type, &value_bytes));
    gguf_close(copy);
    gguf_close(gguf);
    free(memory);
    free(copied);
}

/* Leaves room for 64 MB more of address space; a sanitizer's own mappings would not fit. */
static struct rlimit limit_memory(void)
{
    struct rlimit old = {RLIM_INFINITY, RLIM_INFINITY};
#ifndef __SANITIZE_ADDRESS__
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%lu", &pages), 1);
    fclose(statm);
    getrlimit(RLIMIT_AS, &old);
    struct rlimit low = {pages * (rlim_t)sysconf(_SC_PAGESIZE) + (64u << 20), old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
#endif
    return old;
}

static void test_bad_files(void **state)
{
    (void)state;
    for (int i = 0; i < bad_file_count(); i++) {
        BadFile file;
        Gguf *gguf = NULL;
        Err err = {0};
        bad_file_make(&file, i);
        struct rlimit old = limit_memory();
        int result = gguf_open_memory(&gguf, file.data, file.size, file.name, &err);
        setrlimit(RLIMIT_AS, &old);
        if (file.stage == BAD_HEADER) {
            if (result != -1 || gguf != NULL)
                fail_msg("%s was opened", file.name);
            assert_clean(&err, file.name);
            assert_int_equal(err.code, EXIT_DATA);
            if (strstr(err.text, file.says) == NULL)
                fail_msg("%s: expected '%s' in: %s", file.name, file.says, err.text);
        } else if (result != 0) {
            fail_msg("%s: not meant to fail yet: %s", file.name, err.text);
        }
        gguf_close(gguf);
        free(file.data);
    }
}

/* A file that ends anywhere before its last tensor's last byte is refused. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (int spm = 0; spm < 2; spm++) {
        BadFile file;
        good_file_make(&file, spm);
        size_t header = good_file_header(&file);
        for (size_t end = 0; end < file.size; end += end < header + 64 ? 1 : 997) {
            /* Exactly as long as it claims, so that a sanitizer sees the first byte too many. */
            unsigned char *part = malloc(end + 1);
            Gguf *gguf;
            Err err = {0};
            memcpy(part, file.data, end);
            assert_int_equal(gguf_open_memory(&gguf, part, end, "part", &err), -1);
            assert_null(gguf);
            assert_clean(&err, "part");
            free(part);
        }
        free(file.data);
    }
}

static void assert_refused(const char *path, int code)
{
    Gguf *gguf;
    Err err = {0};
    assert_int_equal(gguf_open(&gguf, path, &err), -1);
    assert_clean(&err, "s2d-test-");
    assert_int_equal(err.code, code);
}

static void test_files(void **state)
{
    (void)state;
    char folder[TEMP_BYTES], path[64];
    BadFile file;
    temp_folder_make(folder);
    snprintf(path, sizeof path, "%s/x.gguf", folder);
    assert_refused(path, EXIT_NOINPUT);
    assert_refused(folder, EXIT_NOINPUT);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, EXIT_NOINPUT);
    unlink(path);
    file_write(path, "", 0);
    assert_refused(path, EXIT_DATA);
    good_file_make(&file, 0);
    file_write(path, file.data, file.size - 1);
    assert_refused(path, EXIT_DATA);

    /* From a file as from memory; and a file that becomes shorter is an error, not a signal. */
    Gguf *gguf;
    Err err = {0};
    float row[24];
    file_write(path, file.data, file.size);
    assert_int_equal(gguf_open(&gguf, path, &err), 0);
    assert_true(gguf_file_bytes(gguf) == file.size);
    assert_string_equal(gguf_path(gguf), path);
    const GgufTensor *last = gguf_tensor(gguf, "blk.1.ffn_down.weight");
    assert_int_equal(gguf_read(gguf, last, 34, row, sizeof row, &err), 0);
    assert_memory_equal(row, file.data + last->offset + 34, sizeof row);
    assert_int_equal(truncate(path, (off_t)last->offset + 40), 0);
    assert_int_equal(gguf_read(gguf, last, 34, row, sizeof row, &err), -1);
    assert_clean(&err, path);
    assert_int_equal(err.code, EXIT_DATA);
    gguf_close(gguf);
    free(file.data);
    temp_folder_remove(folder);
}

/* A sparse terabyte whose first string claims nearly all of it: neither read nor allocated. */
static void test_giant_header(void **state)
{
    (void)state;
    char path[TEMP_BYTES];
    temp_file_make(path);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    static const unsigned char head[] = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
                                        "\1\0\0\0\0\0\0\0k\x8\0\0\0\0\0\0\0\xe0\0\0";
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    if (ftruncate(fd, (off_t)1 << 40) != 0) {
        unlink(path);
        close(fd);
        print_message("no sparse files of 1 TB here\n");
        skip();
    }
    assert_refused(path, EXIT_DATA);
    close(fd);
    unlink(path);
}

/* A failed write is found at the end. */
static void test_disk_full(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "wb");
    if (full == NULL) {
        print_message("no /dev/full here\n");
        skip();
    }
    GgufWriter *writer;
    Err err = {0};
    static const float zeros[4096];
    assert_int_equal(gguf_write_open(&writer, full, NULL), 0);
    gguf_write_tensor(writer, "t", QUANT_F32, 0, 4096);
    gguf_write_data(writer, zeros, sizeof zeros);
    assert_int_equal(gguf_write_close(writer, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    fclose(full);
}

static void test_incomplete(void **state)
{
    (void)state;
    char *memory;
    size_t bytes;
    FILE *stream = open_memstream(&memory, &bytes);
    GgufWriter *writer;
    Err err = {0};
    assert_int_equal(gguf_write_open(&writer, stream, NULL), 0);
    gguf_write_tensor(writer, "t", QUANT_F32, 0, 8);
    gguf_write_data(writer, "1234", 4);
    assert_int_equal(gguf_write_close(writer, &err), -1);
    assert_int_equal(err.code, EXIT_INTERNAL);
    fclose(stream);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),       cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_tensors),      cmocka_unit_test(test_each_key),
        cmocka_unit_test(test_raw_copy),     cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_files),
        cmocka_unit_test(test_giant_header), cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_incomplete),
    };
    return cmocka_run_group_tests_name("gguf", tests, NULL, NULL);
}
