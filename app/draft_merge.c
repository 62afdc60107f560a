/* draft_merge.c - see draft_merge.h.
 *
 * Tensors are listed once, with the name that they get; then that list is announced and filled.
 */
#include "app/draft_merge.h"

#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"

enum { NAME_BYTES = 64, CHUNK_BYTES = 1 << 20 };

typedef struct Merge {
    const Gguf *base;
    const Adapter *adapter;
    int exit;                          /* layer number */
    char count_key[TENSOR_NAME_BYTES]; /* of the number of layers */
    GgufWriter *writer;
    bool fill; /* the second time */
    Err *err;
    char *buffer; /* [CHUNK_BYTES] */
} Merge;

static int index_of(const Adapter *adapter, int exit)
{
    for (int i = 0; i < adapter->info.n_exits; i++)
        if (adapter->info.exits[i] == exit)
            return i;
    return -1;
}

int draft_merge_check(const Adapter *adapter, int exit, Err *err)
{
    const char *name = gguf_label(adapter->gguf);
    int i = index_of(adapter, exit);
    if (i < 0)
        return err_set(err, EXIT_USAGE, "%s has no exit %d; `s2d info` lists those it has", name,
                       exit);
    char part[NAME_BYTES];
    adapter_exit_name(part, exit, "blk.ffn_down.weight");
    if (adapter_changes_base(adapter))
        return err_set(err, EXIT_DATA,
                       "%s changes layers of the base by low-rank pairs: what comes of that is not "
                       "in any file, only in s2d's memory",
                       name);
    if (adapter->info.copy_of[i] >= 0)
        return err_set(err, EXIT_DATA,
                       "%s: the layer of exit %d is a changed copy of the base's layer %d and not "
                       "in the file as a whole",
                       name, exit, adapter->info.copy_of[i]);
    if (adapter_has_layer(adapter, i) && !gguf_tensor(adapter->gguf, part))
        return err_set(err, EXIT_DATA,
                       "%s: the layer of exit %d is attention alone, which other programs do not "
                       "have",
                       name, exit);
    if (!adapter_has_layer(adapter, i) && !adapter_has_norm(adapter, i))
        return err_set(err, EXIT_DATA,
                       "%s: nothing was trained for exit %d; it is the base's first %d layers",
                       name, exit, exit);
    return 0;
}

static void copy_key(void *user, GgufString key, GgufType type, const char *value)
{
    Merge *m = user;
    size_t bytes;
    (void)value;
    const void *raw = gguf_raw_value(m->base, key, &type, &bytes);
    if (key.length == strlen(m->count_key) && memcmp(key.data, m->count_key, key.length) == 0) {
        int own = adapter_has_layer(m->adapter, index_of(m->adapter, m->exit));
        gguf_write_u32(m->writer, m->count_key, (uint32_t)(m->exit + own));
    } else {
        gguf_write_raw(m->writer, key, type, raw, bytes);
    }
}

/* Vectors become floats, as other programs want them; matrices stay as they are. */
static int put_tensor(Merge *m, const Gguf *gguf, const GgufTensor *tensor, const char *name)
{
    bool vector = tensor->n_dims == 1;
    int cols = (int)tensor->dims[0], rows = vector ? 0 : (int)tensor->dims[1];
    if (!m->fill) {
        gguf_write_tensor(m->writer, name, vector ? QUANT_F32 : tensor->type, rows, cols);
        return 0;
    }
    if (vector) {
        float *values = malloc((size_t)cols * sizeof *values);
        if (values == NULL || tensor->bytes > CHUNK_BYTES)
            err_set(m->err, EXIT_MEMORY, "%s: no memory for a vector", gguf_label(gguf));
        else if (gguf_read(gguf, tensor, 0, m->buffer, tensor->bytes, m->err) == 0) {
            quant_to_float(tensor->type, m->buffer, values, cols);
            gguf_write_data(m->writer, values, (size_t)cols * sizeof *values);
            free(values);
            return 0;
        }
        free(values);
        return -1;
    }
    for (uint64_t at = 0, n; at < tensor->bytes; at += n) {
        n = tensor->bytes - at < CHUNK_BYTES ? tensor->bytes - at : CHUNK_BYTES;
        if (gguf_read(gguf, tensor, at, m->buffer, n, m->err) != 0)
            return -1;
        gguf_write_data(m->writer, m->buffer, n);
    }
    return 0;
}

static int put_base(Merge *m, bool own_norm)
{
    for (int i = 0; i < gguf_tensor_count(m->base); i++) {
        const GgufTensor *tensor = gguf_tensor_at(m->base, i);
        char name[NAME_BYTES];
        int layer;
        snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
        if ((arch_layer_name(name, "blk.", &layer) && layer >= m->exit) ||
            (own_norm && strcmp(name, "output_norm.weight") == 0))
            continue;
        if (put_tensor(m, m->base, tensor, name) != 0)
            return -1;
    }
    return 0;
}

static int put_exit(Merge *m)
{
    char norm[NAME_BYTES], layer[NAME_BYTES];
    adapter_exit_name(norm, m->exit, "norm.weight");
    adapter_exit_name(layer, m->exit, "blk.");
    for (int i = 0; i < gguf_tensor_count(m->adapter->gguf); i++) {
        const GgufTensor *tensor = gguf_tensor_at(m->adapter->gguf, i);
        char from[NAME_BYTES], name[2 * NAME_BYTES] = "output_norm.weight";
        snprintf(from, sizeof from, "%.*s", (int)tensor->name.length, tensor->name.data);
        bool own = strncmp(from, layer, strlen(layer)) == 0;
        if (own)
            snprintf(name, sizeof name, "blk.%d.%s", m->exit, from + strlen(layer));
        if ((own || strcmp(from, norm) == 0) && put_tensor(m, m->adapter->gguf, tensor, name) != 0)
            return -1;
    }
    return 0;
}

int draft_merge(const Gguf *base, const Adapter *adapter, int exit, FILE *stream, Err *err)
{
    Merge m = {.base = base, .adapter = adapter, .exit = exit, .err = err};
    bool own_norm = adapter_has_norm(adapter, index_of(adapter, exit));
    arch_key(m.count_key, adapter->info.arch, "block_count");
    m.buffer = malloc(CHUNK_BYTES);
    if (m.buffer == NULL || gguf_write_open(&m.writer, stream, err) != 0) {
        free(m.buffer);
        return err_set(err, EXIT_MEMORY, "no memory to write a model file");
    }
    gguf_each_key(base, copy_key, &m);
    int result = 0;
    for (int pass = 0; pass < 2 && result == 0; pass++) {
        m.fill = pass == 1;
        result = put_base(&m, own_norm) != 0 || put_exit(&m) != 0 ? -1 : 0;
    }
    free(m.buffer);
    return gguf_write_close(m.writer, result == 0 ? err : NULL) == 0 ? result : -1;
}
