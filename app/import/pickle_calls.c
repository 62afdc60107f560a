/* pickle_calls.c - the names that a pickle may use, and the tensors that they make. */
#include <string.h>

#include "app/import/pickle_parts.h"

static const struct {
    const char *module, *name;
    PickleCall what;
    TensorType type;
} names[] = {
    {"collections", "OrderedDict", CALL_ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", CALL_REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", CALL_REBUILD_PARAMETER, 0},
    {"torch", "DoubleStorage", CALL_STORAGE_TYPE, TENSOR_F64},
    {"torch", "FloatStorage", CALL_STORAGE_TYPE, TENSOR_F32},
    {"torch", "HalfStorage", CALL_STORAGE_TYPE, TENSOR_F16},
    {"torch", "BFloat16Storage", CALL_STORAGE_TYPE, TENSOR_BF16},
    {"torch", "LongStorage", CALL_STORAGE_TYPE, TENSOR_I64},
    {"torch", "IntStorage", CALL_STORAGE_TYPE, TENSOR_I32},
    {"torch", "ByteStorage", CALL_STORAGE_TYPE, TENSOR_U8},
    {"torch", "BoolStorage", CALL_STORAGE_TYPE, TENSOR_BOOL},
};

static bool is_text(const char *bytes, size_t n, const char *text)
{
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

PickleValue *pickle_name(Pickle *pickle, const char *module, size_t module_bytes, const char *name,
                         size_t name_bytes)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_text(module, module_bytes, names[i].module) &&
            is_text(name, name_bytes, names[i].name)) {
            PickleValue *value = pickle_new(pickle, PICKLE_CALL);
            if (value != NULL) {
                value->call.what = names[i].what;
                value->call.type = names[i].type;
            }
            return value;
        }
    int shown_module = module_bytes < 60 ? (int)module_bytes : 60;
    int shown_name = name_bytes < 60 ? (int)name_bytes : 60;
    if (is_text(module, module_bytes, "torch") && name_bytes > 7 &&
        memcmp(name + name_bytes - 7, "Storage", 7) == 0)
        pickle_fault(pickle,
                     "a tensor of type %.*s; s2d reads Float, Half, BFloat16, Double, Long, Int, "
                     "Byte and Bool",
                     shown_name, name);
    else
        pickle_fault(pickle,
                     "it wants to run %.*s.%.*s, and s2d runs nothing out of a file; save the "
                     "tensors alone: torch.save(model.state_dict(), FILE)",
                     shown_module, module, shown_name, name);
    return NULL;
}

static bool is_int(const PickleValue *value)
{
    return value->kind == PICKLE_INTEGER;
}

/* A tuple of up to 4 integers from 0 on; -1 = it is none. */
static int read_sizes(const PickleValue *tuple, int64_t out[TENSOR_DIMS_MAX])
{
    if (tuple->kind != PICKLE_TUPLE || tuple->list.n > TENSOR_DIMS_MAX)
        return -1;
    for (size_t i = 0; i < tuple->list.n; i++) {
        if (!is_int(tuple->list.items[i]) || tuple->list.items[i]->integer < 0)
            return -1;
        out[i] = tuple->list.items[i]->integer;
    }
    return (int)tuple->list.n;
}

/* How many values the dimensions hold, and that they follow each other in memory. */
static int count_values(Pickle *pickle, int n, const int64_t *dims, const int64_t *strides,
                        int64_t *values)
{
    int64_t expected = 1;
    bool packed = true;
    *values = 1;
    for (int i = n - 1; i >= 0; i--) {
        /* The stride of a dimension of 1 leads nowhere, and may be anything. */
        packed = packed && (dims[i] <= 1 || strides[i] == expected);
        *values = dims[i] == 0 ? 0 : *values;
        if (__builtin_mul_overflow(expected, dims[i] > 0 ? dims[i] : 1, &expected))
            return pickle_fault(pickle, "a tensor larger than any file");
    }
    *values = *values == 0 ? 0 : expected;
    if (*values > 0 && !packed)
        return pickle_fault(pickle, "a tensor is a transposed or cut view of another, which s2d "
                                    "does not read; save its .contiguous()");
    return 0;
}

/* (storage, offset, sizes, strides, requires_grad, hooks[, metadata]) */
static PickleValue *rebuild_tensor(Pickle *pickle, size_t n, PickleValue *const *arguments)
{
    int64_t dims[TENSOR_DIMS_MAX], strides[TENSOR_DIMS_MAX], values = 0;
    if ((n != 6 && n != 7) || arguments[0]->kind != PICKLE_STORAGE || !is_int(arguments[1]) ||
        arguments[4]->kind != PICKLE_BOOL || arguments[5]->kind != PICKLE_DICT) {
        pickle_fault(pickle, "a tensor is not described as torch.save does it");
        return NULL;
    }
    if (n == 7 && arguments[6]->kind != PICKLE_NONE &&
        (arguments[6]->kind != PICKLE_DICT || arguments[6]->list.n > 0)) {
        pickle_fault(pickle, "a tensor is a conjugate or negative view; save its .clone()");
        return NULL;
    }
    int n_dims = read_sizes(arguments[2], dims);
    if (n_dims < 0 || read_sizes(arguments[3], strides) != n_dims) {
        pickle_fault(
            pickle, "a tensor's sizes and strides are not two tuples of up to %d numbers from 0 on",
            TENSOR_DIMS_MAX);
        return NULL;
    }
    if (count_values(pickle, n_dims, dims, strides, &values) != 0)
        return NULL;
    const PickleValue *storage = arguments[0];
    int64_t offset = arguments[1]->integer;
    if (offset < 0 || offset > storage->storage.values ||
        values > storage->storage.values - offset) {
        pickle_fault(pickle,
                     "a tensor of %lld values from %lld on does not fit its storage '%.*s' of %lld",
                     (long long)values, (long long)offset, (int)storage->storage.key->text.length,
                     storage->storage.key->text.bytes, (long long)storage->storage.values);
        return NULL;
    }
    PickleValue *tensor = pickle_new(pickle, PICKLE_TENSOR);
    if (tensor == NULL)
        return NULL;
    tensor->tensor.storage = storage;
    tensor->tensor.offset = offset;
    tensor->tensor.n_dims = n_dims;
    memcpy(tensor->tensor.dims, dims, sizeof(int64_t) * (size_t)n_dims);
    return tensor;
}

PickleValue *pickle_call(Pickle *pickle, const PickleValue *call, const PickleValue *arguments)
{
    if (call->kind != PICKLE_CALL || arguments->kind != PICKLE_TUPLE) {
        pickle_fault(pickle, "it calls what is no function; is the file damaged?");
        return NULL;
    }
    size_t n = arguments->list.n;
    PickleValue *const *items = arguments->list.items;
    switch (call->call.what) {
    case CALL_REBUILD_TENSOR:
        return rebuild_tensor(pickle, n, items);
    case CALL_REBUILD_PARAMETER: /* (tensor, requires_grad, hooks): the tensor it is */
        if (n == 3 && items[0]->kind == PICKLE_TENSOR)
            return items[0];
        pickle_fault(pickle, "a parameter is not described as torch.save does it");
        return NULL;
    case CALL_ORDERED_DICT:
        if (n == 0) {
            PickleValue *dict = pickle_new(pickle, PICKLE_DICT);
            if (dict != NULL)
                dict->list.ordered = true;
            return dict;
        }
        pickle_fault(pickle, "an OrderedDict made of something; s2d reads those that are filled "
                             "afterwards, as Python 3 does it");
        return NULL;
    default:
        pickle_fault(pickle, "it calls the type of a storage, which s2d does not");
        return NULL;
    }
}

/* ("storage", type, key, location, values) */
PickleValue *pickle_persistent(Pickle *pickle, const PickleValue *id)
{
    PickleValue *const *items = id->list.items;
    if (id->kind != PICKLE_TUPLE || id->list.n != 5 || items[0]->kind != PICKLE_TEXT ||
        !is_text(items[0]->text.bytes, items[0]->text.length, "storage") ||
        items[1]->kind != PICKLE_CALL || items[1]->call.what != CALL_STORAGE_TYPE ||
        items[2]->kind != PICKLE_TEXT || items[3]->kind != PICKLE_TEXT || !is_int(items[4]) ||
        items[4]->integer < 0) {
        pickle_fault(pickle, "a storage is not described as torch.save does it");
        return NULL;
    }
    /* Numbers, in every file that torch.save writes. */
    if (items[2]->text.length > 32 ||
        memchr(items[2]->text.bytes, '\0', items[2]->text.length) != NULL) {
        pickle_fault(pickle, "a storage's key is too long, or no text");
        return NULL;
    }
    PickleValue *storage = pickle_new(pickle, PICKLE_STORAGE);
    if (storage == NULL)
        return NULL;
    storage->storage.key = items[2];
    storage->storage.type = items[1]->call.type;
    storage->storage.values = items[4]->integer;
    return storage;
}
