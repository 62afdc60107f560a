/* tensor_list.c - the tensors of a checkpoint: what they are, checked, and by name; see
 * tensor_file.h. */
#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_parts.h"

static const struct {
    const char *name;
    size_t bytes;
} types[TENSOR_TYPES] = {
    [TENSOR_F64] = {"F64", 8},   [TENSOR_F32] = {"F32", 4},   [TENSOR_F16] = {"F16", 2},
    [TENSOR_BF16] = {"BF16", 2}, [TENSOR_I64] = {"I64", 8},   [TENSOR_I32] = {"I32", 4},
    [TENSOR_U8] = {"U8", 1},     [TENSOR_BOOL] = {"BOOL", 1},
};

const char *tensor_type_name(TensorType type)
{
    return types[type].name;
}

size_t tensor_type_bytes(TensorType type)
{
    return types[type].bytes;
}

int64_t tensor_row_values(const Tensor *tensor)
{
    return tensor->dims[1] * tensor->dims[2] * tensor->dims[3];
}

int64_t tensor_values(const Tensor *tensor)
{
    return tensor->dims[0] * tensor_row_values(tensor);
}

int tensor_check(const ByteSource *source, const char *name, size_t name_bytes, TensorType type,
                 int n_dims, const int64_t *dims, Err *err)
{
    const char *label = source->label;
    if (name_bytes == 0 || name_bytes > TENSOR_NAME_MAX)
        return err_set(err, EXIT_DATA,
                       "%s: a tensor's name is %zu bytes long, expected 1 to %d: '%.60s'", label,
                       name_bytes, TENSOR_NAME_MAX, name);
    for (size_t i = 0; i < name_bytes; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return err_set(err, EXIT_DATA, "%s: there is a byte 0x%02x in a tensor's name: '%.*s'",
                           label, (unsigned char)name[i], (int)i, name);
    if (n_dims > TENSOR_DIMS_MAX)
        return err_set(err, EXIT_DATA, "%s: '%.*s' has %d dimensions, s2d reads up to %d", label,
                       (int)name_bytes, name, n_dims, TENSOR_DIMS_MAX);
    /* As if no dimension were 0: a row's values can be counted then, too. */
    int64_t bytes = (int64_t)tensor_type_bytes(type);
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0)
            return err_set(err, EXIT_DATA, "%s: '%.*s' has a dimension of %lld", label,
                           (int)name_bytes, name, (long long)dims[i]);
        if (__builtin_mul_overflow(bytes, dims[i] > 0 ? dims[i] : 1, &bytes))
            return err_set(err, EXIT_DATA, "%s: '%.*s' is said to be larger than any file", label,
                           (int)name_bytes, name);
    }
    return 0;
}

int tensor_file_add(TensorFile *file, const char *name, size_t name_bytes, const TensorPlace *place,
                    Err *err)
{
    if (file->n == file->capacity) {
        int capacity = file->capacity > 0 ? file->capacity * 2 : 64;
        TensorPlace *grown = realloc(file->places, sizeof *grown * (size_t)capacity);
        if (grown == NULL)
            return err_set(err, EXIT_MEMORY, "%s: no memory for %d tensors", file->source.label,
                           capacity);
        file->places = grown;
        file->capacity = capacity;
    }
    TensorPlace *added = &file->places[file->n];
    *added = *place;
    added->name = strndup(name, name_bytes);
    if (added->name == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for a tensor's name", file->source.label);
    added->tensor.name = added->name;
    for (int i = place->tensor.n_dims; i < TENSOR_DIMS_MAX; i++)
        added->tensor.dims[i] = 1;
    file->n++;
    return 0;
}

static int compare_places(const void *a, const void *b)
{
    return strcmp((*(const TensorPlace *const *)a)->name, (*(const TensorPlace *const *)b)->name);
}

static int compare_name_place(const void *name, const void *place)
{
    return strcmp(name, (*(const TensorPlace *const *)place)->name);
}

int tensor_file_sort(TensorFile *file, Err *err)
{
    if (file->n == 0)
        return err_set(err, EXIT_DATA, "%s: there are no tensors in it", file->source.label);
    file->by_name = calloc((size_t)file->n, sizeof(*file->by_name));
    if (file->by_name == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for %d tensors", file->source.label,
                       file->n);
    for (int i = 0; i < file->n; i++)
        file->by_name[i] = &file->places[i];
    qsort(file->by_name, (size_t)file->n, sizeof(*file->by_name), compare_places);
    for (int i = 1; i < file->n; i++)
        if (compare_places(&file->by_name[i - 1], &file->by_name[i]) == 0)
            return err_set(err, EXIT_DATA, "%s: two tensors are called '%s'", file->source.label,
                           file->by_name[i]->name);
    return 0;
}

int tensor_file_count(const TensorFile *file)
{
    return file->n;
}

const Tensor *tensor_file_at(const TensorFile *file, int index)
{
    return &file->places[index].tensor;
}

const Tensor *tensor_file_find(const TensorFile *file, const char *name)
{
    const TensorPlace **found =
        bsearch(name, file->by_name, (size_t)file->n, sizeof(TensorPlace *), compare_name_place);
    return found == NULL ? NULL : &(*found)->tensor;
}
