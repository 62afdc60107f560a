/* safetensors.c - the header of a safetensors file: 8 bytes of length, JSON, then the values.
 *
 * The format leaves no room for doubt, so neither does this: the tensors' bytes follow each other in
 * some order from the first byte behind the header to the file's last, without holes or overlaps.
 * Format: github.com/huggingface/safetensors, README.md.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/tensor_parts.h"

enum { HEADER_MAX = 100000000 }; /* the format's own limit */

typedef struct Span {
    uint64_t start, end; /* behind the header */
    const char *name;
} Span;

static int read_type(const ByteSource *source, const char *name, const json_t *type,
                     TensorType *out, Err *err)
{
    const char *text = json_string_value(type);
    if (text == NULL)
        return err_set(err, EXIT_DATA, "%s: '%.100s' has no dtype", source->label, name);
    for (TensorType t = 0; t < TENSOR_TYPES; t++)
        if (strcmp(text, tensor_type_name(t)) == 0) {
            *out = t;
            return 0;
        }
    return err_set(err, EXIT_DATA,
                   "%s: '%.100s' is of type %.20s; s2d reads F32, F16, BF16, F64, I64, I32, U8 and "
                   "BOOL",
                   source->label, name, text);
}

/* A count or an offset. */
static int read_size(const ByteSource *source, const char *name, const char *key,
                     const json_t *number, int64_t *out, Err *err)
{
    if (!json_is_integer(number))
        return err_set(err, EXIT_DATA, "%s: '%.100s': a number of %s is not an integer",
                       source->label, name, key);
    *out = json_integer_value(number);
    if (*out < 0)
        return err_set(err, EXIT_DATA, "%s: '%.100s': %s holds %lld, which is negative",
                       source->label, name, key, (long long)*out);
    return 0;
}

static int read_shape(const ByteSource *source, const char *name, const json_t *shape,
                      Tensor *tensor, Err *err)
{
    size_t n = json_array_size(shape);
    if (!json_is_array(shape) || n > TENSOR_DIMS_MAX)
        return err_set(err, EXIT_DATA,
                       "%s: '%.100s' has no shape of up to %d dimensions, which s2d reads",
                       source->label, name, TENSOR_DIMS_MAX);
    tensor->n_dims = (int)n;
    for (size_t i = 0; i < n; i++)
        if (read_size(source, name, "shape", json_array_get(shape, i), &tensor->dims[i], err) != 0)
            return -1;
    return 0;
}

/* data: where the header ends. */
static int add_tensor(TensorFile *file, const char *name, const json_t *value, uint64_t data,
                      Span *span, Err *err)
{
    const ByteSource *source = &file->source;
    TensorPlace place = {.entry = -1};
    Tensor *tensor = &place.tensor;
    const json_t *offsets = json_object_get(value, "data_offsets");
    int64_t at[2];
    if (!json_is_object(value))
        return err_set(err, EXIT_DATA, "%s: '%.100s' is not described by an object", source->label,
                       name);
    if (read_type(source, name, json_object_get(value, "dtype"), &tensor->type, err) != 0 ||
        read_shape(source, name, json_object_get(value, "shape"), tensor, err) != 0 ||
        tensor_check(source, name, strlen(name), tensor->type, tensor->n_dims, tensor->dims, err) !=
            0)
        return -1;
    if (json_array_size(offsets) != 2)
        return err_set(err, EXIT_DATA, "%s: '%s' has no two data_offsets", source->label, name);
    for (size_t i = 0; i < 2; i++)
        if (read_size(source, name, "data_offsets", json_array_get(offsets, i), &at[i], err) != 0)
            return -1;
    uint64_t bytes = tensor_type_bytes(tensor->type);
    for (int i = 0; i < tensor->n_dims; i++)
        bytes *= (uint64_t)tensor->dims[i];
    if (at[0] > at[1] || (uint64_t)at[1] > source->bytes - data)
        return err_set(err, EXIT_DATA,
                       "%s: '%s' is said to lie at bytes %lld to %lld, of %llu; is the file "
                       "complete? Fetch it again",
                       source->label, name, (long long)at[0], (long long)at[1],
                       (unsigned long long)(source->bytes - data));
    if ((uint64_t)(at[1] - at[0]) != bytes)
        return err_set(err, EXIT_DATA, "%s: '%s' has %lld bytes, but its shape and type need %llu",
                       source->label, name, (long long)(at[1] - at[0]), (unsigned long long)bytes);
    place.at = data + (uint64_t)at[0];
    *span = (Span){(uint64_t)at[0], (uint64_t)at[1], name};
    return tensor_file_add(file, name, strlen(name), &place, err);
}

static int compare_spans(const void *a, const void *b)
{
    const Span *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* They follow each other from 0 to `bytes`. */
static int check_spans(const ByteSource *source, Span *spans, size_t n, uint64_t bytes, Err *err)
{
    uint64_t end = 0;
    qsort(spans, n, sizeof *spans, compare_spans);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].start != end)
            return err_set(err, EXIT_DATA,
                           "%s: '%s' starts at byte %llu, where what is before it ends at %llu: %s",
                           source->label, spans[i].name, (unsigned long long)spans[i].start,
                           (unsigned long long)end,
                           spans[i].start < end ? "they overlap" : "there is a hole");
        end = spans[i].end;
    }
    if (end != bytes)
        return err_set(err, EXIT_DATA,
                       "%s: its tensors have %llu bytes, the file has %llu for them: there is a "
                       "hole at its end",
                       source->label, (unsigned long long)end, (unsigned long long)bytes);
    return 0;
}

static int add_tensors(TensorFile *file, json_t *header, uint64_t data, Err *err)
{
    const char *name;
    json_t *value;
    size_t n = 0;
    Span *spans = calloc(json_object_size(header) + 1, sizeof *spans);
    if (spans == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for its tensors", file->source.label);
    int result = 0;
    json_object_foreach(header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        result = add_tensor(file, name, value, data, &spans[n++], err);
        if (result != 0)
            break;
    }
    if (result == 0)
        result = check_spans(&file->source, spans, n, file->source.bytes - data, err);
    free(spans);
    return result;
}

static int read_json(TensorFile *file, size_t bytes, json_t **header, Err *err)
{
    char *text = malloc(bytes);
    if (text == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for a header of %zu bytes",
                       file->source.label, bytes);
    int result = byte_source_read(&file->source, 8, text, bytes, err);
    if (result == 0) {
        json_error_t trouble;
        *header = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &trouble);
        if (!json_is_object(*header))
            result = err_set(err, EXIT_DATA, "%s: its header is not JSON: %.150s",
                             file->source.label, trouble.text);
    }
    free(text);
    return result;
}

int safetensors_read_header(TensorFile *file, Err *err)
{
    unsigned char head[8];
    uint64_t bytes = 0;
    if (byte_source_read(&file->source, 0, head, sizeof head, err) != 0)
        return -1;
    for (int i = 0; i < 8; i++)
        bytes |= (uint64_t)head[i] << 8 * i;
    if (bytes == 0 || bytes > file->source.bytes - sizeof head || bytes > HEADER_MAX)
        return err_set(err, EXIT_DATA,
                       "%s: its header is said to have %llu bytes, of %llu in the file (at most "
                       "%d); is it safetensors, and complete?",
                       file->source.label, (unsigned long long)bytes,
                       (unsigned long long)file->source.bytes, HEADER_MAX);
    json_t *header = NULL;
    int result = read_json(file, (size_t)bytes, &header, err);
    if (result == 0)
        result = add_tensors(file, header, sizeof head + bytes, err);
    json_decref(header);
    return result;
}
