/* pickle.h - what a pickle by torch.save holds, without running any of it.
 *
 *   bytes -> pickle_read -> a value: dicts, lists and tuples of texts, numbers and tensors
 *
 * A pickle is a program. This knows the instructions of protocols 2 to 5 that build plain values,
 * and five names of Python's: OrderedDict, the storages' types, _rebuild_tensor_v2 and
 * _rebuild_parameter. Any other name ends the reading with a line that says it. Each instruction
 * makes at most one value, of a fixed size, and there is an end to values, marks and memo; whatever
 * depends on the depth of what was built is the caller's to bound (a list may hold itself).
 */
#ifndef S2D_APP_IMPORT_PICKLE_H
#define S2D_APP_IMPORT_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/import/tensor_file.h"

enum {
    PICKLE_BYTES_MAX = 1 << 24, /* a model of 80 layers has some 100 kB */
    PICKLE_VALUES_MAX = 1 << 20,
    PICKLE_MEMO_MAX = 1 << 20,
    PICKLE_MARKS_MAX = 256, /* containers that are being filled at the same time */
};

typedef enum PickleKind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INTEGER,
    PICKLE_NUMBER,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_CALL, /* one of the names */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
} PickleKind;

typedef enum PickleCall {
    CALL_ORDERED_DICT,
    CALL_REBUILD_TENSOR,
    CALL_REBUILD_PARAMETER,
    CALL_STORAGE_TYPE,
} PickleCall;

typedef struct PickleValue PickleValue;
struct PickleValue {
    PickleKind kind;
    union {
        int64_t integer; /* a bool's, too */
        struct {
            const char *bytes; /* in the pickle; not terminated, may hold any byte */
            size_t length;
        } text;
        struct {
            PickleValue **items; /* of a dict: key, value, key, value… */
            size_t n, capacity;
            bool ordered; /* an OrderedDict */
        } list;
        struct {
            PickleCall what;
            TensorType type; /* of a storage's type */
        } call;
        struct {
            const PickleValue *key; /* a text: which entry of the zip has its bytes */
            TensorType type;
            int64_t values;
        } storage;
        struct {
            const PickleValue *storage;
            int64_t offset; /* values; it and the dimensions lie in the storage */
            int n_dims;
            int64_t dims[TENSOR_DIMS_MAX];
        } tensor;
    };
    PickleValue *next; /* made before it */
};

typedef struct Pickle {
    const unsigned char *bytes; /* the caller's, for as long as the values are used */
    size_t size, at;
    const char *label; /* the file, for messages */
    Err *err;
    PickleValue *made; /* all values, the last one first */
    size_t n_made;
    PickleValue **stack;
    size_t depth, capacity;
    size_t marks[PICKLE_MARKS_MAX]; /* the stack's depth at each */
    int n_marks;
    PickleValue **memo;
    size_t memo_capacity, memo_next;
    PickleValue *result;
} Pickle;

/* Reads it all. pickle_close frees the values in either case. */
int pickle_read(Pickle *pickle, const void *bytes, size_t size, const char *label, Err *err);
void pickle_close(Pickle *pickle);

#endif
