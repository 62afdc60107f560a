/* gguf_header.c - a GGUF header's bytes in, checked tables of keys and tensors out.
 *
 * The header is read piece by piece into one reserved range, which takes memory only as far as it
 * is filled and never moves. Nothing is allocated on a count's word alone: a count must first fit
 * into the bytes that are left.
 *
 * Invariants once a header is read: names are printable ASCII and
 * unique; every value lies inside the header; every tensor is a whole number of blocks, aligned,
 * inside the file, and overlaps no other.
 *
 * Format: github.com/ggml-org/ggml, docs/gguf.md.
 */
#include "engine/gguf/gguf_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF values are read in place");

enum {
    KEYS_MAX = 65536,    /* real files have about 30 */
    TENSORS_MAX = 65536, /* real files have under 2,000 */
    KEY_BYTES_MAX = 65535,
    TENSOR_NAME_MAX = 63,
    KEY_MIN = 8 + 1 + 4 + 1, /* fewest bytes that a key with its value takes */
    TENSOR_MIN = 8 + 1 + 4 + 8 + 4 + 8,
    READ_CHUNK = 256 << 10,
    ALIGNMENT_MAX = 65536,
};

/* A place in the header that moves on as things are read. */
typedef struct Reader {
    Gguf *gguf;
    size_t pos;
    Err *err;
} Reader;

/* Makes sure that the header is in memory up to `end`, which lies inside the file. */
static int header_fill(Gguf *gguf, uint64_t end, Err *err)
{
    if (end <= gguf->have)
        return 0;
    if (end > gguf->reserved)
        return err_set(err, EXIT_DATA, "%s: the header is larger than 256 MB; the file is damaged",
                       gguf->label);
    uint64_t want = end + READ_CHUNK;
    if (want > gguf->reserved)
        want = gguf->reserved;
    if (gguf_read_at(gguf, gguf->have, gguf->owned + gguf->have, want - gguf->have, err) != 0)
        return -1;
    gguf->have = want;
    return 0;
}

static uint64_t left(const Reader *r)
{
    return r->gguf->file_bytes - r->pos;
}

/* Makes `bytes` bytes from the present position available; what: for the message. */
static int need(Reader *r, uint64_t bytes, const char *what)
{
    if (bytes > left(r))
        return err_set(
            r->err, EXIT_DATA,
            "%s: the file ends inside %s (at byte %llu); it is damaged or not fully downloaded",
            r->gguf->label, what, (unsigned long long)r->gguf->file_bytes);
    return header_fill(r->gguf, r->pos + bytes, r->err);
}

static int read_value(Reader *r, void *out, size_t bytes, const char *what)
{
    if (need(r, bytes, what) != 0)
        return -1;
    memcpy(out, r->gguf->data + r->pos, bytes);
    r->pos += bytes;
    return 0;
}

/* Passes over a string; *at is where its bytes start. */
static int read_string(Reader *r, size_t *at, uint64_t *length, const char *what)
{
    if (read_value(r, length, 8, what) != 0 || need(r, *length, what) != 0)
        return -1;
    *at = r->pos;
    r->pos += *length;
    return 0;
}

/* Reads a key's or a tensor's name. */
static int read_name(Reader *r, GgufString *name, size_t max, const char *what)
{
    uint64_t bytes;
    if (read_value(r, &bytes, 8, what) != 0)
        return -1;
    if (bytes == 0 || bytes > max)
        return err_set(r->err, EXIT_DATA,
                       "%s: %s is %llu bytes long, expected 1 to %zu; the file is damaged",
                       r->gguf->label, what, (unsigned long long)bytes, max);
    if (need(r, bytes, what) != 0)
        return -1;
    const unsigned char *text = r->gguf->data + r->pos;
    for (size_t i = 0; i < bytes; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return err_set(r->err, EXIT_DATA,
                           "%s: %s holds the byte 0x%02x, which no name has; "
                           "the file is damaged",
                           r->gguf->label, what, text[i]);
    *name = (GgufString){(const char *)text, bytes};
    r->pos += bytes;
    return 0;
}

static int key_error(const Reader *r, const Key *key, const char *problem)
{
    return err_set(r->err, EXIT_DATA,
                   "%s: key '%.*s' %s; the file is damaged or not fully downloaded", r->gguf->label,
                   gguf_shown(key->name), key->name.data, problem);
}

static int read_array(Reader *r, Key *key)
{
    uint32_t element;
    if (read_value(r, &element, 4, "an array") != 0 ||
        read_value(r, &key->count, 8, "an array") != 0)
        return -1;
    if (element == GGUF_ARRAY)
        return key_error(r, key, "is an array of arrays, which no model needs");
    if (element > GGUF_F64)
        return key_error(r, key, "is an array of an unknown type");
    key->element = element;
    key->value = r->pos;
    size_t size = element == GGUF_STRING ? 8 : gguf_type_bytes(element);
    if (key->count > INT_MAX || key->count > left(r) / size)
        return key_error(r, key, "has more elements than fit into the file");
    if (element != GGUF_STRING) {
        if (need(r, key->count * size, "an array") != 0)
            return -1;
        r->pos += key->count * size;
        return 0;
    }
    /* Each string takes at least 8 bytes of the file, so that this table is never larger. */
    key->strings = malloc((key->count + 1) * sizeof *key->strings);
    if (key->strings == NULL)
        return err_set(r->err, EXIT_MEMORY, "%s: no memory for %llu strings", r->gguf->label,
                       (unsigned long long)key->count);
    for (uint64_t i = 0; i < key->count; i++) {
        size_t at;
        uint64_t length;
        key->strings[i] = r->pos;
        if (read_string(r, &at, &length, "an array of strings") != 0)
            return -1;
    }
    return 0;
}

static int read_key(Reader *r, Key *key)
{
    uint32_t type;
    if (read_name(r, &key->name, KEY_BYTES_MAX, "a key's name") != 0)
        return -1;
    if (read_value(r, &type, 4, "a key's type") != 0)
        return -1;
    if (type > GGUF_F64)
        return key_error(r, key, "has an unknown type");
    key->type = type;
    key->raw = r->pos;
    if (type == GGUF_ARRAY) {
        if (read_array(r, key) != 0)
            return -1;
    } else if (type == GGUF_STRING) {
        if (read_string(r, &key->value, &key->count, "a string") != 0)
            return -1;
    } else {
        key->value = r->pos;
        if (need(r, gguf_type_bytes(type), "a value") != 0)
            return -1;
        if (type == GGUF_BOOL && r->gguf->data[r->pos] > 1)
            return key_error(r, key, "is neither true nor false");
        r->pos += gguf_type_bytes(type);
    }
    key->raw_bytes = r->pos - key->raw;
    return 0;
}

static int tensor_error(const Reader *r, const GgufTensor *tensor, const char *problem)
{
    return err_set(r->err, EXIT_DATA, "%s: tensor '%.*s' %s", r->gguf->label,
                   gguf_shown(tensor->name), tensor->name.data, problem);
}

/* Dimensions and type: fills dims, type and bytes. */
static int read_shape(Reader *r, GgufTensor *tensor)
{
    uint32_t n_dims, type;
    if (read_value(r, &n_dims, 4, "a tensor's shape") != 0)
        return -1;
    if (n_dims < 1 || n_dims > 4)
        return tensor_error(r, tensor, "does not have 1 to 4 dimensions; the file is damaged");
    tensor->n_dims = (int)n_dims;
    for (uint32_t d = 0; d < 4; d++) {
        uint64_t dim = 1;
        if (d < n_dims && read_value(r, &dim, 8, "a tensor's shape") != 0)
            return -1;
        if (dim < 1 || dim > INT_MAX)
            return tensor_error(r, tensor,
                                "has a dimension that no tensor has; the file is damaged");
        tensor->dims[d] = (int64_t)dim;
    }
    if (read_value(r, &type, 4, "a tensor's type") != 0)
        return -1;
    const QuantInfo *info = quant_info(type);
    if (info == NULL) {
        char names[256], problem[320];
        quant_names(INT_MAX, names, sizeof names);
        snprintf(problem, sizeof problem, "has type %u (%s), which s2d does not read (it reads %s)",
                 type, gguf_tensor_type_name(type), names);
        return tensor_error(r, tensor, problem);
    }
    tensor->type = info->type;
    if (tensor->dims[0] % info->block != 0)
        return tensor_error(r, tensor,
                            "has rows that are no whole number of blocks; the file is damaged");
    uint64_t bytes = (uint64_t)(tensor->dims[0] / info->block) * (uint64_t)info->bytes;
    for (int d = 1; d < 4; d++)
        if (__builtin_mul_overflow(bytes, (uint64_t)tensor->dims[d], &bytes))
            return tensor_error(r, tensor, "is larger than any file; the file is damaged");
    tensor->bytes = bytes;
    return 0;
}

static int read_tensor(Reader *r, GgufTensor *tensor)
{
    if (read_name(r, &tensor->name, TENSOR_NAME_MAX, "a tensor's name") != 0 ||
        read_shape(r, tensor) != 0)
        return -1;
    return read_value(r, &tensor->offset, 8, "a tensor's offset");
}

static int compare_keys(const void *a, const void *b)
{
    return gguf_name_compare((*(const Key *const *)a)->name, (*(const Key *const *)b)->name);
}

static int compare_tensors(const void *a, const void *b)
{
    return gguf_name_compare((*(const GgufTensor *const *)a)->name,
                             (*(const GgufTensor *const *)b)->name);
}

static int compare_offsets(const void *a, const void *b)
{
    uint64_t x = (*(const GgufTensor *const *)a)->offset,
             y = (*(const GgufTensor *const *)b)->offset;
    return x < y ? -1 : x > y;
}

static int read_keys(Reader *r, uint64_t n_keys)
{
    Gguf *gguf = r->gguf;
    if (n_keys > KEYS_MAX || n_keys > left(r) / KEY_MIN)
        return err_set(r->err, EXIT_DATA,
                       "%s: the header promises %llu keys, more than fit; the file is damaged or "
                       "not fully downloaded",
                       gguf->label, (unsigned long long)n_keys);
    gguf->keys = calloc(n_keys + 1, sizeof *gguf->keys);
    gguf->keys_by_name = calloc(n_keys + 1, sizeof *gguf->keys_by_name);
    if (gguf->keys == NULL || gguf->keys_by_name == NULL)
        return err_set(r->err, EXIT_MEMORY, "%s: no memory for the header", gguf->label);
    gguf->n_keys = (int)n_keys;
    for (int i = 0; i < gguf->n_keys; i++)
        if (read_key(r, &gguf->keys[i]) != 0)
            return -1;
    return 0;
}

static int read_tensors(Reader *r, uint64_t n_tensors)
{
    Gguf *gguf = r->gguf;
    if (n_tensors > TENSORS_MAX || n_tensors > left(r) / TENSOR_MIN)
        return err_set(r->err, EXIT_DATA,
                       "%s: the header promises %llu tensors, more than fit; the file is damaged "
                       "or not fully downloaded",
                       gguf->label, (unsigned long long)n_tensors);
    gguf->tensors = calloc(n_tensors + 1, sizeof *gguf->tensors);
    gguf->tensors_by_name = calloc(n_tensors + 1, sizeof *gguf->tensors_by_name);
    if (gguf->tensors == NULL || gguf->tensors_by_name == NULL)
        return err_set(r->err, EXIT_MEMORY, "%s: no memory for the header", gguf->label);
    gguf->n_tensors = (int)n_tensors;
    for (int i = 0; i < gguf->n_tensors; i++)
        if (read_tensor(r, &gguf->tensors[i]) != 0)
            return -1;
    return 0;
}

static int index_keys(Reader *r)
{
    Gguf *gguf = r->gguf;
    for (int i = 0; i < gguf->n_keys; i++)
        gguf->keys_by_name[i] = &gguf->keys[i];
    qsort(gguf->keys_by_name, (size_t)gguf->n_keys, sizeof(Key *), compare_keys);
    for (int i = 1; i < gguf->n_keys; i++)
        if (compare_keys(&gguf->keys_by_name[i - 1], &gguf->keys_by_name[i]) == 0)
            return key_error(r, gguf->keys_by_name[i], "is there twice");
    return 0;
}

int gguf_index_tensors(Gguf *gguf, Err *err)
{
    Reader r = {gguf, 0, err};
    for (int i = 0; i < gguf->n_tensors; i++)
        gguf->tensors_by_name[i] = &gguf->tensors[i];
    qsort(gguf->tensors_by_name, (size_t)gguf->n_tensors, sizeof(GgufTensor *), compare_tensors);
    for (int i = 1; i < gguf->n_tensors; i++)
        if (compare_tensors(&gguf->tensors_by_name[i - 1], &gguf->tensors_by_name[i]) == 0)
            return tensor_error(&r, gguf->tensors_by_name[i],
                                "is there twice; the file is damaged");
    return 0;
}

/* Turns offsets into positions in the file and checks them. */
static int place_tensors(Reader *r, uint64_t alignment)
{
    Gguf *gguf = r->gguf;
    uint64_t data_start = (r->pos + alignment - 1) / alignment * alignment;
    const GgufTensor **order = malloc(((size_t)gguf->n_tensors + 1) * sizeof(GgufTensor *));
    if (order == NULL)
        return err_set(r->err, EXIT_MEMORY, "%s: no memory for the header", gguf->label);
    const char *problem = NULL;
    const GgufTensor *bad = NULL;
    for (int i = 0; i < gguf->n_tensors && problem == NULL; i++) {
        GgufTensor *tensor = &gguf->tensors[i];
        order[i] = bad = tensor;
        if (tensor->offset % alignment != 0)
            problem = "does not start at a multiple of the alignment; the file is damaged";
        else if (data_start > gguf->file_bytes || tensor->offset > gguf->file_bytes - data_start ||
                 tensor->bytes > gguf->file_bytes - data_start - tensor->offset)
            problem = "ends past the end of the file; the file is damaged or not fully downloaded";
        tensor->offset += data_start;
    }
    if (problem == NULL) {
        qsort(order, (size_t)gguf->n_tensors, sizeof(GgufTensor *), compare_offsets);
        for (int i = 1; i < gguf->n_tensors && problem == NULL; i++) {
            bad = order[i];
            if (order[i - 1]->offset + order[i - 1]->bytes > bad->offset)
                problem = "overlaps another one; the file is damaged";
        }
    }
    free(order);
    if (problem != NULL)
        return tensor_error(r, bad, problem);
    return 0;
}

static int get_alignment(const Gguf *gguf, uint32_t *alignment, Err *err)
{
    *alignment = 32;
    if (gguf_get_u32(gguf, "general.alignment", alignment, err) < 0)
        return -1;
    if (*alignment < 8 || *alignment > ALIGNMENT_MAX || (*alignment & (*alignment - 1)) != 0)
        return err_set(
            err, EXIT_DATA,
            "%s: the alignment is %u, expected a power of two from 8 to %d; the file is damaged",
            gguf->label, *alignment, ALIGNMENT_MAX);
    return 0;
}

static int check_version(const Gguf *gguf, uint32_t version, Err *err)
{
    if (version == 2 || version == 3)
        return 0;
    uint32_t swapped = __builtin_bswap32(version);
    if (swapped == 2 || swapped == 3)
        return err_set(err, EXIT_DATA, "%s: a big-endian GGUF file; s2d reads little-endian ones",
                       gguf->label);
    return err_set(err, EXIT_DATA, "%s: GGUF version %u; s2d reads versions 2 and 3", gguf->label,
                   version);
}

int gguf_read_header(Gguf *gguf, Err *err)
{
    Reader r = {gguf, 0, err};
    char magic[4];
    uint32_t version, alignment;
    uint64_t n_tensors, n_keys;
    if (gguf->file_bytes < 4)
        return err_set(err, EXIT_DATA, "%s: %llu bytes long; not a GGUF model file", gguf->label,
                       (unsigned long long)gguf->file_bytes);
    if (read_value(&r, magic, 4, "its first line") != 0)
        return -1;
    if (memcmp(magic, "GGUF", 4) != 0)
        return err_set(err, EXIT_DATA, "%s: not a GGUF model file (it does not start with GGUF)",
                       gguf->label);
    if (read_value(&r, &version, 4, "the version") != 0 || check_version(gguf, version, err) != 0 ||
        read_value(&r, &n_tensors, 8, "the header") != 0 ||
        read_value(&r, &n_keys, 8, "the header") != 0)
        return -1;
    if (read_keys(&r, n_keys) != 0 || read_tensors(&r, n_tensors) != 0)
        return -1;
    if (index_keys(&r) != 0 || gguf_index_tensors(gguf, err) != 0 ||
        get_alignment(gguf, &alignment, err) != 0)
        return -1;
    return place_tensors(&r, alignment);
}
