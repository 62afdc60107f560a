/* bad_torch.c - files of torch.save that lie; see bad_checkpoints.h.
 *
 * Each is a good one with another tensor, another pickle, or another zip.
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/common/err.h"
#include "tests/support/bad_checkpoints.h"
#include "tests/support/bad_pickles.h"

enum { WHOLE = sizeof good_values };

typedef struct Zip {
    bool no_version, no_values, twice, zip64, deflated, other_folder, script, no_pickle;
    const char *version, *order;
    uint64_t claims, pickle_claims, entries;
    int method;
    bool wrong_checksum, pickle_wrong_checksum;
    size_t cut, value_bytes; /* 0 = all */
} Zip;

typedef struct Case {
    const char *name, *says;
    bool good;
    PickledTensor tensor; /* type NULL = the good one */
    const char *pickle;   /* instead of it all, with its end; NULL = the good one */
    size_t pickle_bytes;  /* of it; 0 = to its NUL */
    void (*make)(Bytes *pickle);
    Zip zip;
} Case;

#define RUNS "s2d runs nothing out of a file"
#define TENSOR(...) .tensor = {__VA_ARGS__}
#define PICKLE(text) .pickle = "\x80\x02" text, .pickle_bytes = 2 + sizeof text - 1
#define MAX INT64_MAX

static const Case cases[] = {
    {"good", .good = true},
    {"good-wrapped", .good = true, .make = pickle_wrapped},
    {"good-beside", .good = true, .make = pickle_metadata},
    {"good-empty-view", .good = true, .make = pickle_transposed_empty},
    {"good-stride-of-1", .good = true, TENSOR("FloatStorage", "0", 6, 0, 3, {2, 1, 3}, {3, 77, 1})},
    {"good-deflated", .good = true, .zip = {.deflated = true}},
    {"good-zip64", .good = true, .zip = {.zip64 = true}},
    {"good-no-order", .good = true, .zip = {.order = ""}},
    /* Python protects nobody from these. */
    {"os-system", "it wants to run os.system, and " RUNS, PICKLE("cos\nsystem\nX\2\0\0\0id\x85R.")},
    {"os-system-4", "it wants to run os.system, and " RUNS,
     .pickle = "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."},
    {"inst", "it wants to run os.system, and " RUNS, PICKLE("(X\2\0\0\0idios\nsystem\n.")},
    {"inst-known", "by INST", PICKLE("(icollections\nOrderedDict\n.")},
    {"eval", "builtins.eval", PICKLE("cbuiltins\neval\n.")},
    {"getattr-of-torch", "torch.storage.UntypedStorage",
     PICKLE("ctorch.storage\nUntypedStorage\n.")},
    {"name-with-dots", "collections.OrderedDict.fromkeys",
     PICKLE("ccollections\nOrderedDict.fromkeys\n.")},
    {"escape-in-name", "it wants to run a?[2J.b", PICKLE("ca\x1b[2J\nb\n.")},
    {"reduce-text", "calls what is no function", PICKLE("X\1\0\0\0a)R.")},
    {"reduce-storage", "calls the type of a storage", PICKLE("ctorch\nFloatStorage\n)R.")},
    {"ordered-dict-of", "OrderedDict made of", PICKLE("ccollections\nOrderedDict\n]\x85R.")},
    {"newobj", "instruction 0x81", PICKLE("ccollections\nOrderedDict\n)\x81.")},
    {"extension", "instruction 0x82", PICKLE("\x82\x01.")},
    {"build", "set the state", .make = pickle_unordered_state},
    {"persistent-text", "a storage is not described", PICKLE("X\1\0\0\0aQ.")},
    {"short-storage", "ShortStorage", TENSOR("ShortStorage", "0", 6, 0, 1, {6}, {1})},
    {"parameter-of-none", "a parameter is not",
     PICKLE("ctorch._utils\n_rebuild_parameter\nN\x89}\x87R.")},
    {"tensor-of-none", "a tensor is not", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n)R.")},
    /* Instructions. */
    {"no-pickle-bytes", "no pickle", .pickle = ""},
    {"protocol-0", "no pickle of protocol", .pickle = "(dp0\n."},
    {"protocol-6", "protocol 6", .pickle = "\x80\x06}."},
    {"no-stop", "it has no end", PICKLE("}")},
    {"cut-text", "ends inside an instruction",
     PICKLE("X\xff\xff\xff\xff"
            "a")},
    {"text-2-64", "ends inside an instruction", PICKLE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"cut-name", "ends inside a name", PICKLE("cos")},
    {"long-integer", "an integer of 9 bytes", PICKLE("\x8a\x09\1\1\1\1\1\1\1\1\1.")},
    {"left-over", "left over", PICKLE("}}.")},
    {"behind-the-end", "left over", PICKLE("}.}")},
    {"open-mark", "left over", PICKLE("(N.")},
    {"empty-stack", "without a value", PICKLE(".")},
    {"no-mark", "never began", PICKLE("}u.")},
    {"below-the-mark", "not there", PICKLE("NN(\x86.")},
    {"fill-none", "no dict", PICKLE("NNNs.")},
    {"fill-below-mark", "no list", PICKLE("](N(e.")},
    {"half-pair", "without a value", PICKLE("}(Nu.")},
    {"memo-unknown", "never remembered", PICKLE("h\x07.")},
    {"memo-2-32", "more than it can have", PICKLE("}r\xff\xff\xff\xff.")},
    {"memo-sparse", "more than it can have", PICKLE("}r\xff\xff\x0f\0.")},
    {"many-values", "more than 1048576 values", .make = pickle_many_values},
    {"nest-marks", "nested more than 256 deep", .make = pickle_nest},
    {"nest-tuples", "nested more than 16 deep", .make = pickle_nest_tuples},
    {"nest-lists", "nested more than 16 deep", .make = pickle_nest_lists},
    {"list-in-itself", "nested more than 16 deep", .make = pickle_own_list},
    {"billion-laughs", "more than 1048576 values in its", .make = pickle_laugh},
    /* Names. */
    {"no-tensors", "no tensors", PICKLE("}.")},
    {"none", "no tensors", PICKLE("N.")},
    {"twice", "two tensors are called 'a'", .make = pickle_twice},
    {"name-long", "256 bytes long", .make = pickle_long_name},
    {"name-none", "neither a text nor an integer", .make = pickle_odd_key},
    /* Tensors. */
    {"dims-negative", "numbers from 0 on", TENSOR("FloatStorage", "0", 6, 0, 2, {-2, -3}, {3, 1})},
    {"dims-5", "up to 4", TENSOR("FloatStorage", "0", 6, 0, 5, {1, 1, 1, 2, 3}, {6, 6, 6, 3, 1})},
    {"dims-wrap", "larger than any file",
     TENSOR("FloatStorage", "0", 6, 0, 2, {MAX, MAX}, {MAX, 1})},
    {"dims-large", "does not fit its storage '0' of 6",
     TENSOR("FloatStorage", "0", 6, 0, 1, {7}, {1})},
    {"transposed", "transposed or cut", TENSOR("FloatStorage", "0", 6, 0, 2, {3, 2}, {1, 3})},
    {"expanded", "transposed or cut", TENSOR("FloatStorage", "0", 6, 0, 2, {2, 3}, {0, 1})},
    {"stride-negative", "numbers from 0 on", TENSOR("FloatStorage", "0", 6, 5, 1, {6}, {-1})},
    {"offset-negative", "does not fit", TENSOR("FloatStorage", "0", 6, -1, 1, {6}, {1})},
    {"offset-past", "does not fit", TENSOR("FloatStorage", "0", 6, 1, 2, {2, 3}, {3, 1})},
    {"offset-wraps", "does not fit", TENSOR("FloatStorage", "0", 6, MAX, 1, {6}, {1})},
    {"storage-negative", "a storage is not", TENSOR("FloatStorage", "0", -6, 0, 1, {6}, {1})},
    {"storage-large", "'data/0' has 24 bytes, but is said to hold 7 values of F32",
     TENSOR("FloatStorage", "0", 7, 0, 2, {2, 3}, {3, 1})},
    {"storage-wraps", "'data/0' has 24 bytes",
     TENSOR("FloatStorage", "0", 0x4000000000000006, 0, 2, {2, 3}, {3, 1})},
    {"storage-type", "but is said to hold 6 values of F64",
     TENSOR("DoubleStorage", "0", 6, 0, 2, {2, 3}, {3, 1})},
    {"storage-missing", "'a': its storage 'data/1' is not in the zip",
     TENSOR("FloatStorage", "1", 6, 0, 2, {2, 3}, {3, 1})},
    {"storage-elsewhere", "is not in the zip",
     TENSOR("FloatStorage", "../../0", 6, 0, 2, {2, 3}, {3, 1})},
    {"key-long", "key is too long",
     TENSOR("FloatStorage", "0123456789012345678901234567890123", 6, 0, 2, {2, 3}, {3, 1})},
    /* The zip. */
    {"storage-short", "'data/0' has 20 bytes", .zip = {.value_bytes = 20}},
    {"no-storage", "'data/0' is not in the zip", .zip = {.no_values = true}},
    {"truncated", "the zip cannot be opened", .zip = {.cut = 30}},
    {"half", "the zip cannot be opened", .zip = {.cut = 500}},
    {"entry-twice", "holds 'x/data/0' twice", .zip = {.twice = true}},
    {"two-pickles", "more than one data.pkl", .zip = {.other_folder = true}},
    {"no-pickle", "no data.pkl", .zip = {.no_pickle = true}},
    {"script", "TorchScript", .zip = {.script = true}},
    {"no-version", "no version", .zip = {.no_version = true}},
    {"version-99", "'99' is no version", .zip = {.version = "99"}},
    {"version-long", "bytes long", .zip = {.version = "3333333333333333"}},
    {"big-endian", "byte order is 'big'", .zip = {.order = "big"}},
    {"bomb", "is said to hold 4294967280 bytes", .zip = {.deflated = true, .claims = 0xfffffff0}},
    {"bomb-stored", "that cannot be", .zip = {.claims = 0xfffffff0}},
    {"pickle-bomb", "that cannot be", .zip = {.deflated = true, .pickle_claims = 0x7fffffff}},
    {"pickle-longer", "data.pkl", .zip = {.deflated = true, .pickle_claims = 5000}},
    {"pickle-checksum", "data.pkl: CRC error", .zip = {.pickle_wrong_checksum = true}},
    {"bzip2", "method 12", .zip = {.method = 12}},
    {"zip64-2-60", "the zip cannot be opened", .zip = {.zip64 = true, .entries = 1ull << 60}},
    {"zip64-2-28", "the zip cannot be opened", .zip = {.zip64 = true, .entries = 1ull << 28}},
};

static void make_zip(Bytes *out, const Bytes *pickle, const Zip *zip)
{
    const char *version = zip->version != NULL ? zip->version : "3\n";
    const char *order = zip->order != NULL ? zip->order : "little";
    size_t n_values = zip->value_bytes != 0 ? zip->value_bytes : WHOLE;
    ZipPart parts[8];
    int n = 0;
    if (!zip->no_pickle)
        parts[n++] = (ZipPart){"x/data.pkl",
                               pickle->data,
                               pickle->size,
                               zip->deflated,
                               zip->pickle_claims,
                               0,
                               zip->pickle_wrong_checksum};
    if (zip->other_folder)
        parts[n++] = (ZipPart){.name = "y/data.pkl", .data = "", .bytes = 0};
    if (zip->script)
        parts[n++] = (ZipPart){.name = "x/constants.pkl", .data = "\x80\x02N.", .bytes = 4};
    if (*order != '\0')
        parts[n++] = (ZipPart){.name = "x/byteorder", .data = order, .bytes = strlen(order)};
    for (int i = 0; i < (zip->no_values ? 0 : zip->twice ? 2 : 1); i++)
        parts[n++] = (ZipPart){"x/data/0",  good_values, n_values,           zip->deflated,
                               zip->claims, zip->method, zip->wrong_checksum};
    if (!zip->no_version)
        parts[n++] = (ZipPart){.name = "x/version", .data = version, .bytes = strlen(version)};
    zip_bytes(out, parts, n, zip->zip64, zip->entries);
    out->size -= zip->cut;
}

bool bad_torch(BadCheckpoint *file, int index)
{
    if (index >= (int)(sizeof cases / sizeof *cases))
        return false;
    const Case *c = &cases[index];
    Bytes pickle = {0};
    *file = (BadCheckpoint){c->name, c->good ? 0 : EXIT_DATA, c->says, {0}};
    if (c->pickle != NULL) {
        bytes_put(&pickle, c->pickle, c->pickle_bytes != 0 ? c->pickle_bytes : strlen(c->pickle));
    } else if (c->make != NULL) {
        c->make(&pickle);
    } else {
        bytes_text(&pickle, "\x80\x02}(");
        pickle_text(&pickle, "a");
        pickle_tensor(&pickle, c->tensor.type != NULL ? &c->tensor : &pickled_good);
        bytes_text(&pickle, "u.");
    }
    make_zip(&file->bytes, &pickle, &c->zip);
    free(pickle.data);
    return true;
}
