/* bad_safetensors.c - see bad_checkpoints.h. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/common/err.h"
#include "tests/support/bad_checkpoints.h"

const float good_values[6] = {1, -2, 0.5f, 3e38f, 1e-40f, -0.0f};

enum { WHOLE = sizeof good_values };

#define A(dtype, shape, offsets) \
    "\"a\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"
#define B(shape, offsets) \
    ",\"b\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"
#define GOOD A("F32", "2,3", "0,24")
#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME_256 NAME_64 NAME_64 NAME_64 NAME_64

static const struct {
    const char *name, *says, *header;
    uint64_t length;
    size_t cut;  /* bytes from its end */
    size_t more; /* bytes of zeros at its end */
    bool good;
} cases[] = {
    {"good", NULL, .header = "{" GOOD "}", .good = true},
    {"good-metadata", NULL, .header = "{\"__metadata__\":{\"format\":\"pt\"}," GOOD "}   ",
     .good = true},
    {"good-empty", NULL, .header = "{" GOOD B("0,5", "24,24") "}", .good = true},
    {"good-empty-inside", NULL, .header = "{" GOOD B("0", "0,0") "}", .good = true},
    {"length-2-60", "header is said", .header = "{" GOOD "}", .length = 1ull << 60},
    {"length-2-64", "header is said", .header = "{" GOOD "}", .length = UINT64_MAX},
    {"length-past-end", "header is said", .header = "{" GOOD "}", .length = 1000},
    {"length-short", "not JSON", .header = "{" GOOD "}", .length = 20},
    {"cut-header", "header is said", .header = "{" GOOD "}", .cut = WHOLE + 3},
    {"not-json", "not JSON", .header = "{a}"},
    {"deep", "not JSON", .header = "{\"a\":[[[[[[[[["},
    {"no-tensors", "no tensors", .header = "{}", .cut = WHOLE},
    {"metadata-only", "no tensors", .header = "{\"__metadata__\":{}}", .cut = WHOLE},
    {"values-of-none", "hole", .header = "{}"},
    {"twice", "duplicate", .header = "{" GOOD "," GOOD "}"},
    {"no-object", "not described", .header = "{\"a\":[]}"},
    {"no-dtype", "no dtype", .header = "{\"a\":{\"shape\":[2,3],\"data_offsets\":[0,24]}}"},
    {"dtype-f8", "'a' is of type F8_E4M3", .header = "{" A("F8_E4M3", "24", "0,24") "}"},
    {"dtype-other", "has 24 bytes, but its shape and type need 12",
     .header = "{" A("F16", "2,3", "0,24") "}"},
    {"no-shape", "no shape", .header = "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}}"},
    {"dims-5", "up to 4", .header = "{" A("F32", "1,1,1,2,3", "0,24") "}"},
    {"dim-negative", "-2, which is negative", .header = "{" A("F32", "-2,-3", "0,24") "}"},
    {"dim-real", "not an integer", .header = "{" A("F32", "2.0,3", "0,24") "}"},
    {"dim-2-64", "too big integer", .header = "{" A("F32", "18446744073709551616,3", "0,24") "}"},
    {"dims-wrap", "larger than any file",
     .header = "{" A("F32", "4611686018427387904,4", "0,24") "}"},
    {"dims-wrap-to-24", "larger than any file",
     .header = "{" A("F32", "4611686018427387905,24", "0,24") "}"},
    {"dims-zero-wrap", "larger than any file",
     .header = "{" A("F32", "0,4611686018427387904,8", "0,0") "}"},
    {"no-offsets", "no two data_offsets", .header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3]}}"},
    {"offsets-3", "no two data_offsets", .header = "{" A("F32", "2,3", "0,24,24") "}"},
    {"offset-negative", "negative", .header = "{" A("F32", "2,3", "-24,0") "}"},
    {"offsets-backwards", "bytes 24 to 0", .header = "{" A("F32", "2,3", "24,0") "}"},
    {"past-the-end", "complete", .header = "{" A("F32", "2,3", "8,32") "}"},
    {"past-2-62", "complete",
     .header = "{" A("F32", "2,3", "4611686018427387904,4611686018427387928") "}"},
    {"cut", "complete", .header = "{" GOOD "}", .cut = 1},
    {"size", "need 16", .header = "{" A("F32", "2,2", "0,24") "}"},
    {"hole-first", "starts at byte 4", .header = "{" A("F32", "5", "4,24") "}"},
    {"hole", "there is a hole", .header = "{" A("F32", "2", "0,8") B("3", "12,24") "}"},
    {"hole-last", "hole at its end", .header = "{" GOOD "}", .more = 1},
    {"overlap", "they overlap", .header = "{" A("F32", "4", "0,16") B("4", "8,24") "}"},
    {"overlap-same", "they overlap", .header = "{" GOOD B("6", "0,24") "}"},
    {"name-empty", "0 bytes long",
     .header = "{\"\":{\"dtype\":\"F32\",\"shape\":[6],"
               "\"data_offsets\":[0,24]}}"},
    {"name-long", "256 bytes long",
     .header = "{\"" NAME_256 "\":{\"dtype\":\"F32\",\"shape\":[6],"
               "\"data_offsets\":[0,24]}}"},
    {"name-escape", "0x1b",
     .header = "{\"a\\u001b[2J\":{\"dtype\":\"F32\",\"shape\":[6],"
               "\"data_offsets\":[0,24]}}"},
    {"name-nul", "not JSON", .header = "{\"a\\u0000\":{}}"},
};

bool bad_safetensors(BadCheckpoint *file, int index)
{
    if (index >= (int)(sizeof cases / sizeof *cases))
        return false;
    *file = (BadCheckpoint){
        cases[index].name, cases[index].good ? 0 : EXIT_DATA, cases[index].says, {0}};
    safetensors_bytes(&file->bytes, cases[index].length, cases[index].header, good_values, WHOLE);
    file->bytes.size -= cases[index].cut;
    bytes_number(&file->bytes, 0, (int)cases[index].more);
    return true;
}

int bad_checkpoints_save(const char *folder, bool (*make)(BadCheckpoint *file, int index))
{
    BadCheckpoint file;
    int result = 0;
    for (int i = 0; make(&file, i); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, file.name);
        FILE *out = fopen(path, "wb");
        if (out == NULL || fwrite(file.bytes.data, 1, file.bytes.size, out) != file.bytes.size ||
            fclose(out) != 0) {
            perror(path);
            result = 1;
        }
        free(file.bytes.data);
    }
    return result;
}
