/* tensor_file.c - opens checkpoints, keeps the list of their tensors; see tensor_file.h. */
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

static int sort_by_name(TensorFile *file, Err *err)
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

/* By its first bytes: by the format, or for a line that says what it is instead. */
static int read_header(TensorFile *file, Err *err)
{
    static const char lfs[] = "version https://git-lfs";
    static const char old_torch[] = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    const char *label = file->source.label;
    unsigned char head[32] = {0};
    size_t n = file->source.bytes < sizeof head ? file->source.bytes : sizeof head;
    if (byte_source_read(&file->source, 0, head, n, err) != 0)
        return -1;
    if (memcmp(head, "PK\3\4", 4) == 0)
        return torch_read_header(file, err);
    if (memcmp(head, lfs, sizeof lfs - 1) == 0)
        return err_set(err, EXIT_DATA,
                       "%s: only a pointer of Git LFS, not the file itself; fetch that", label);
    if (memcmp(head, "GGUF", 4) == 0)
        return err_set(err, EXIT_DATA, "%s: a GGUF file; s2d loads those without an import", label);
    if (memcmp(head, old_torch, sizeof old_torch - 1) == 0)
        return err_set(err, EXIT_DATA,
                       "%s: in PyTorch's format before 1.6; load it and save it again with a newer "
                       "PyTorch",
                       label);
    if (n > 8 && head[8] == '{')
        return safetensors_read_header(file, err);
    return err_set(err, EXIT_DATA,
                   "%s: neither safetensors nor a zip by torch.save; name the checkpoint's "
                   ".safetensors, .pt or .bin",
                   label);
}

/* Takes the file's source over. */
static int open_file(TensorFile **out, TensorFile *file, Err *err)
{
    if (read_header(file, err) != 0 || sort_by_name(file, err) != 0) {
        tensor_file_close(file);
        return -1;
    }
    *out = file;
    return 0;
}

static TensorFile *new_file(const char *name, Err *err)
{
    TensorFile *file = calloc(1, sizeof *file);
    if (file == NULL)
        err_set(err, EXIT_MEMORY, "%s: no memory to open the file", name);
    else
        file->source.fd = -1;
    return file;
}

int tensor_file_open(TensorFile **out, const char *path, Err *err)
{
    *out = NULL;
    TensorFile *file = new_file(path, err);
    if (file == NULL)
        return -1;
    if (byte_source_open(&file->source, path, err) != 0) {
        tensor_file_close(file);
        return -1;
    }
    return open_file(out, file, err);
}

int tensor_file_open_memory(TensorFile **out, const void *data, size_t bytes, const char *name,
                            Err *err)
{
    *out = NULL;
    TensorFile *file = new_file(name, err);
    if (file == NULL)
        return -1;
    byte_source_memory(&file->source, data, bytes, name);
    return open_file(out, file, err);
}

void tensor_file_close(TensorFile *file)
{
    if (file == NULL)
        return;
    torch_zip_close(file->zip);
    for (int i = 0; i < file->n; i++)
        free(file->places[i].name);
    free(file->places);
    free(file->by_name);
    byte_source_close(&file->source);
    free(file);
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
