/* gguf_write.c - see gguf_write.h.
 *
 * Keys and tensor entries are collected in two memory streams, because their counts stand before
 * them in the file. Invariant: data arrives in the order in which tensors were announced.
 */
#include "engine/gguf/gguf_write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 32 };

struct GgufWriter {
    FILE *stream;
    FILE *keys, *tensors; /* collected parts of the header */
    char *key_bytes, *tensor_bytes;
    size_t key_size, tensor_size;
    uint64_t n_keys, n_tensors;
    uint64_t *sizes;  /* [n_tensors] bytes of each tensor's data */
    uint64_t next;    /* offset of the next tensor announced */
    uint64_t current; /* tensor that data goes to */
    uint64_t written; /* of the current tensor's data */
    bool header_done, no_memory;
};

static uint64_t padding(uint64_t bytes)
{
    return (ALIGNMENT - bytes % ALIGNMENT) % ALIGNMENT;
}

static void put(FILE *stream, const void *data, size_t bytes)
{
    fwrite(data, 1, bytes, stream); /* failures stick to the stream */
}

static void put_u32(FILE *stream, uint32_t value)
{
    put(stream, &value, sizeof value);
}

static void put_u64(FILE *stream, uint64_t value)
{
    put(stream, &value, sizeof value);
}

static void put_string(FILE *stream, const char *data, size_t length)
{
    put_u64(stream, length);
    put(stream, data, length);
}

int gguf_write_open(GgufWriter **out, FILE *stream, Err *err)
{
    *out = NULL;
    GgufWriter *w = calloc(1, sizeof *w);
    if (w == NULL)
        return err_set(err, EXIT_MEMORY, "no memory to write a model file");
    w->stream = stream;
    w->keys = open_memstream(&w->key_bytes, &w->key_size);
    w->tensors = open_memstream(&w->tensor_bytes, &w->tensor_size);
    w->no_memory = w->keys == NULL || w->tensors == NULL;
    if (w->no_memory)
        return gguf_write_close(w, err);
    *out = w;
    return 0;
}

static void begin_key(GgufWriter *w, const char *key, GgufType type)
{
    w->n_keys++;
    put_string(w->keys, key, strlen(key));
    put_u32(w->keys, type);
}

void gguf_write_u32(GgufWriter *w, const char *key, uint32_t value)
{
    begin_key(w, key, GGUF_U32);
    put_u32(w->keys, value);
}

void gguf_write_f32(GgufWriter *w, const char *key, float value)
{
    begin_key(w, key, GGUF_F32);
    put(w->keys, &value, sizeof value);
}

void gguf_write_bool(GgufWriter *w, const char *key, bool value)
{
    begin_key(w, key, GGUF_BOOL);
    put(w->keys, &(uint8_t){value}, 1);
}

void gguf_write_string(GgufWriter *w, const char *key, const char *value)
{
    begin_key(w, key, GGUF_STRING);
    put_string(w->keys, value, strlen(value));
}

void gguf_write_array(GgufWriter *w, const char *key, GgufType type, const void *values, int count)
{
    assert(type == GGUF_I32 || type == GGUF_F32);
    begin_key(w, key, GGUF_ARRAY);
    put_u32(w->keys, type);
    put_u64(w->keys, (uint64_t)count);
    put(w->keys, values, (size_t)count * 4);
}

void gguf_write_strings(GgufWriter *w, const char *key, const char *const *values, int count)
{
    begin_key(w, key, GGUF_ARRAY);
    put_u32(w->keys, GGUF_STRING);
    put_u64(w->keys, (uint64_t)count);
    for (int i = 0; i < count; i++)
        put_string(w->keys, values[i], strlen(values[i]));
}

void gguf_write_raw(GgufWriter *w, GgufString key, GgufType type, const void *value, size_t bytes)
{
    w->n_keys++;
    put_string(w->keys, key.data, key.length);
    put_u32(w->keys, type);
    put(w->keys, value, bytes);
}

/* stack 0: one matrix. */
static void announce(GgufWriter *w, const char *name, QuantType type, int stack, int rows, int cols)
{
    assert(!w->header_done);
    uint64_t *sizes = realloc(w->sizes, (w->n_tensors + 1) * sizeof *sizes);
    if (sizes == NULL) {
        w->no_memory = true;
        return;
    }
    w->sizes = sizes;
    uint64_t bytes = quant_row_bytes(type, cols) * (uint64_t)(rows == 0 ? 1 : rows) *
                     (uint64_t)(stack == 0 ? 1 : stack);
    put_string(w->tensors, name, strlen(name));
    put_u32(w->tensors, rows == 0 ? 1 : stack == 0 ? 2 : 3);
    put_u64(w->tensors, (uint64_t)cols);
    if (rows != 0)
        put_u64(w->tensors, (uint64_t)rows);
    if (stack != 0)
        put_u64(w->tensors, (uint64_t)stack);
    put_u32(w->tensors, type);
    put_u64(w->tensors, w->next);
    sizes[w->n_tensors++] = bytes;
    w->next += bytes + padding(bytes);
}

void gguf_write_tensor(GgufWriter *w, const char *name, QuantType type, int rows, int cols)
{
    announce(w, name, type, 0, rows, cols);
}

void gguf_write_stack(GgufWriter *w, const char *name, QuantType type, int stack, int rows,
                      int cols)
{
    announce(w, name, type, stack, rows, cols);
}

static void pad(GgufWriter *w, uint64_t bytes)
{
    static const char zeros[ALIGNMENT];
    put(w->stream, zeros, padding(bytes));
}

static void write_header(GgufWriter *w)
{
    if (fflush(w->keys) != 0 || fflush(w->tensors) != 0) {
        w->no_memory = true;
        return;
    }
    w->header_done = true;
    put(w->stream, "GGUF", 4);
    put_u32(w->stream, 3);
    put_u64(w->stream, w->n_tensors);
    put_u64(w->stream, w->n_keys);
    put(w->stream, w->key_bytes, w->key_size);
    put(w->stream, w->tensor_bytes, w->tensor_size);
    if (w->n_tensors > 0)
        pad(w, 24 + w->key_size + w->tensor_size);
}

void gguf_write_data(GgufWriter *w, const void *data, size_t bytes)
{
    if (!w->header_done && !w->no_memory)
        write_header(w);
    const char *from = data;
    while (bytes > 0 && !w->no_memory) {
        assert(w->current < w->n_tensors);
        uint64_t room = w->sizes[w->current] - w->written;
        size_t take = bytes < room ? bytes : room;
        put(w->stream, from, take);
        w->written += take;
        from += take;
        bytes -= take;
        if (w->written == w->sizes[w->current]) {
            pad(w, w->written);
            w->current++;
            w->written = 0;
        }
    }
}

int gguf_write_close(GgufWriter *w, Err *err)
{
    if (!w->header_done && !w->no_memory)
        write_header(w);
    int result = 0;
    if (w->no_memory)
        result = err_set(err, EXIT_MEMORY, "no memory to write a model file");
    else if (w->current != w->n_tensors)
        result = err_set(err, EXIT_INTERNAL, "a model file was left incomplete");
    else if (fflush(w->stream) != 0 || ferror(w->stream))
        result = err_set(err, EXIT_IO, "cannot write the model file: is the disk full?");
    if (w->keys != NULL)
        fclose(w->keys);
    if (w->tensors != NULL)
        fclose(w->tensors);
    free(w->key_bytes);
    free(w->tensor_bytes);
    free(w->sizes);
    free(w);
    return result;
}
