/* torch_file.c - the tensors of a file that torch.save wrote: data.pkl says which there are, and an
 * entry of the zip for each storage has their values.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/pickle.h"
#include "app/import/tensor_parts.h"

enum {
    NEST_MAX = 16,
    VISITS_MAX = 1 << 20, /* values shared by many containers count each time */
    VERSION_MAX = 10,     /* PyTorch writes 3, and reads up to 10 */
};

/* The way to a value. */
typedef struct Path {
    char name[TENSOR_NAME_MAX + 2]; /* one byte more: the name does not fit */
    size_t bytes;
    int depth;
    bool odd; /* a key on it is neither a text nor an integer */
} Path;

typedef struct Walk {
    TensorFile *file;
    int visits;
    Err *err;
} Walk;

/* A small entry as a text; "" = it is not there. */
static int read_text(TensorFile *file, const char *name, char *text, size_t size, Err *err)
{
    int64_t entry;
    uint64_t bytes = 0;
    int found = torch_zip_find(file->zip, name, &entry, &bytes, err);
    *text = '\0';
    if (found <= 0)
        return found;
    if (bytes >= size)
        return err_set(err, EXIT_DATA,
                       "%s: '%s' in the zip is %llu bytes long, expected less than "
                       "%zu",
                       file->source.label, name, (unsigned long long)bytes, size);
    text[bytes] = '\0';
    return torch_zip_read(file->zip, entry, 0, text, (size_t)bytes, err);
}

static int check_version(TensorFile *file, Err *err)
{
    char text[16];
    const char *label = file->source.label;
    if (read_text(file, "version", text, sizeof text, err) != 0 ||
        (*text == '\0' && read_text(file, ".data/version", text, sizeof text, err) != 0))
        return -1;
    char *end;
    long version = strtol(text, &end, 10);
    if (end == text || (*end != '\0' && strcmp(end, "\n") != 0) || version < 1 ||
        version > VERSION_MAX)
        return err_set(err, EXIT_DATA,
                       "%s: '%.15s' is no version of PyTorch's format that s2d knows (1 to %d)",
                       label, text, VERSION_MAX);
    if (read_text(file, "byteorder", text, sizeof text, err) != 0)
        return -1;
    /* Written since PyTorch 2.1; what is older was little-endian in practice. */
    if (*text != '\0' && strcmp(text, "little") != 0)
        return err_set(err, EXIT_DATA,
                       "%s: its byte order is '%.15s', expected little; save it again on a machine "
                       "of that order",
                       label, text);
    return 0;
}

/* Where its values are in the zip. */
static int find_values(TensorFile *file, const PickleValue *value, const char *name,
                       TensorPlace *place, Err *err)
{
    const PickleValue *storage = value->tensor.storage, *key = storage->storage.key;
    size_t each = tensor_type_bytes(storage->storage.type);
    char entry[64];
    uint64_t bytes = 0, expected;
    snprintf(entry, sizeof entry, "data/%.*s", (int)key->text.length, key->text.bytes);
    int found = torch_zip_find(file->zip, entry, &place->entry, &bytes, err);
    if (found < 0)
        return -1;
    if (found == 0)
        return err_set(err, EXIT_DATA,
                       "%s: '%s': its storage '%s' is not in the zip; is the file complete? Fetch "
                       "it again",
                       file->source.label, name, entry);
    if (__builtin_mul_overflow((uint64_t)storage->storage.values, each, &expected) ||
        bytes != expected)
        return err_set(err, EXIT_DATA,
                       "%s: '%s': its storage '%s' has %llu bytes, but is said to hold %lld values "
                       "of %s",
                       file->source.label, name, entry, (unsigned long long)bytes,
                       (long long)storage->storage.values, tensor_type_name(storage->storage.type));
    place->at = (uint64_t)value->tensor.offset * each;
    return 0;
}

static int add_tensor(Walk *walk, const PickleValue *value, const Path *path)
{
    TensorFile *file = walk->file;
    TensorPlace place = {0};
    place.tensor.type = value->tensor.storage->storage.type;
    place.tensor.n_dims = value->tensor.n_dims;
    memcpy(place.tensor.dims, value->tensor.dims, sizeof place.tensor.dims);
    if (path->odd)
        return err_set(walk->err, EXIT_DATA,
                       "%s: a tensor below '%s' has a key that is neither a text nor an integer",
                       file->source.label, path->name);
    if (path->bytes == 0)
        return err_set(walk->err, EXIT_DATA,
                       "%s: a tensor without a name; save it in a dict: torch.save({'name': "
                       "tensor}, FILE)",
                       file->source.label);
    if (tensor_check(&file->source, path->name, path->bytes, place.tensor.type, place.tensor.n_dims,
                     place.tensor.dims, walk->err) != 0 ||
        find_values(file, value, path->name, &place, walk->err) != 0)
        return -1;
    return tensor_file_add(file, path->name, path->bytes, &place, walk->err);
}

/* Whether an outermost key only wraps the state dict. */
static bool is_wrapper(const PickleValue *key, const PickleValue *value)
{
    static const char *const names[] = {"state_dict", "model_state_dict", "model", "module"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (value->kind == PICKLE_DICT && key->kind == PICKLE_TEXT &&
            key->text.length == strlen(names[i]) &&
            memcmp(key->text.bytes, names[i], key->text.length) == 0)
            return true;
    return false;
}

/* Appends a part of a name. */
static void extend(Path *path, const char *part, size_t bytes)
{
    size_t dot = path->bytes > 0 ? 1 : 0, room = sizeof path->name - 1;
    if (path->bytes + dot + bytes > TENSOR_NAME_MAX) { /* one too many says that it is too long */
        path->bytes = room;
        path->name[room] = '\0';
        return;
    }
    if (dot)
        path->name[path->bytes++] = '.';
    memcpy(path->name + path->bytes, part, bytes);
    path->bytes += bytes;
    path->name[path->bytes] = '\0';
}

/* key: that of a dict, or an index. */
static void extend_by(Path *path, const PickleValue *key)
{
    char number[24];
    if (key->kind == PICKLE_TEXT) {
        extend(path, key->text.bytes, key->text.length);
    } else if (key->kind == PICKLE_INTEGER) {
        int n = snprintf(number, sizeof number, "%lld", (long long)key->integer);
        extend(path, number, (size_t)n);
    } else {
        path->odd = true;
    }
}

static int visit(Walk *walk, const PickleValue *value, const Path *path)
{
    if (value->kind == PICKLE_TENSOR)
        return add_tensor(walk, value, path);
    bool dict = value->kind == PICKLE_DICT;
    if (!dict && value->kind != PICKLE_LIST && value->kind != PICKLE_TUPLE)
        return 0;
    if (path->depth == NEST_MAX)
        return err_set(walk->err, EXIT_DATA,
                       "%s: dicts and lists nested more than %d deep; save the state dict alone",
                       walk->file->source.label, NEST_MAX);
    for (size_t i = 0; i < value->list.n; i += dict ? 2 : 1) {
        Path further = *path;
        PickleValue index = {.kind = PICKLE_INTEGER, .integer = (int64_t)i};
        const PickleValue *key = dict ? value->list.items[i] : &index;
        const PickleValue *item = value->list.items[dict ? i + 1 : i];
        if (++walk->visits > VISITS_MAX)
            return err_set(walk->err, EXIT_DATA,
                           "%s: more than %d values in its dicts and lists; save the state dict "
                           "alone",
                           walk->file->source.label, VISITS_MAX);
        further.depth++;
        if (path->depth > 0 || !is_wrapper(key, item))
            extend_by(&further, key);
        if (visit(walk, item, &further) != 0)
            return -1;
    }
    return 0;
}

static int read_pickle(TensorFile *file, unsigned char **bytes, size_t *size, Err *err)
{
    int64_t entry;
    uint64_t n = 0;
    int found = torch_zip_find(file->zip, "data.pkl", &entry, &n, err);
    if (found < 0)
        return -1;
    if (found == 0 || n > PICKLE_BYTES_MAX)
        return err_set(err, EXIT_DATA, "%s: data.pkl is %llu bytes long; s2d reads up to %d",
                       file->source.label, (unsigned long long)n, PICKLE_BYTES_MAX);
    *size = (size_t)n;
    *bytes = malloc(*size + 1);
    if (*bytes == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for a data.pkl of %zu bytes",
                       file->source.label, *size);
    return torch_zip_read(file->zip, entry, 0, *bytes, *size, err);
}

int torch_read_header(TensorFile *file, Err *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    int64_t entry;
    uint64_t unused;
    if (torch_zip_open(&file->zip, &file->source, err) != 0)
        return -1;
    if (torch_zip_find(file->zip, "constants.pkl", &entry, &unused, err) != 0)
        return err_set(err, EXIT_DATA,
                       "%s: a TorchScript program; save its tensors alone: "
                       "torch.save(module.state_dict(), FILE)",
                       file->source.label);
    if (check_version(file, err) != 0)
        return -1;
    int result = read_pickle(file, &bytes, &size, err);
    if (result == 0) {
        Pickle pickle;
        Walk walk = {file, 0, err};
        Path path = {0};
        result = pickle_read(&pickle, bytes, size, file->source.label, err);
        if (result == 0)
            result = visit(&walk, pickle.result, &path);
        pickle_close(&pickle);
    }
    free(bytes);
    return result;
}
