/* split_model.c - see split_model.h. */
#include "tests/support/split_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gguf/gguf_write.h"
#include "tests/support/temp.h"

typedef struct Copy {
    const Gguf *from;
    GgufWriter *writer;
} Copy;

static void copy_key(void *user, GgufString key, GgufType type, const char *value)
{
    const Copy *copy = user;
    size_t bytes;
    (void)value;
    const void *raw = gguf_raw_value(copy->from, key, &type, &bytes);
    gguf_write_raw(copy->writer, key, type, raw, bytes);
}

static void write_count(const SplitPart *part, GgufWriter *writer, const char *key, GgufType type,
                        unsigned value)
{
    if (!part->lacks || strcmp(part->lacks, key) != 0)
        gguf_write_raw(writer, (GgufString){key, strlen(key)}, type, &value,
                       type == GGUF_U16 ? 2 : 4);
}

static void copy_tensor(const Copy *copy, const GgufTensor *tensor)
{
    char *bytes = malloc(tensor->bytes);
    assert(bytes && gguf_read(copy->from, tensor, 0, bytes, tensor->bytes, NULL) == 0);
    gguf_write_data(copy->writer, bytes, tensor->bytes);
    free(bytes);
}

SplitPart split_part(const Gguf *from, int place, int n, bool empty_first)
{
    int all = gguf_tensor_count(from), with = n - empty_first, at = place - empty_first;
    SplitPart part = {(unsigned)place, (unsigned)n, (unsigned)all, 0, 0, NULL};
    if (at >= 0) {
        part.first = all * at / with;
        part.end = all * (at + 1) / with;
    }
    return part;
}

void split_part_bytes(const Gguf *from, const SplitPart *part, char **data, size_t *bytes)
{
    FILE *stream = open_memstream(data, bytes);
    Copy copy = {.from = from};
    Err err = {0};
    assert(stream && gguf_write_open(&copy.writer, stream, &err) == 0);
    if (part->no == 0)
        gguf_each_key(from, copy_key, &copy);
    write_count(part, copy.writer, "split.no", GGUF_U16, part->no);
    write_count(part, copy.writer, "split.count", GGUF_U16, part->count);
    write_count(part, copy.writer, "split.tensors.count", GGUF_I32, part->tensors);
    for (int i = part->first; i < part->end; i++) {
        const GgufTensor *tensor = gguf_tensor_at(from, i);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)tensor->name.length, tensor->name.data);
        gguf_write_tensor(copy.writer, name, tensor->type,
                          tensor->n_dims > 1 ? (int)tensor->dims[1] : 0, (int)tensor->dims[0]);
    }
    for (int i = part->first; i < part->end; i++)
        copy_tensor(&copy, gguf_tensor_at(from, i));
    assert(gguf_write_close(copy.writer, &err) == 0);
    assert(fclose(stream) == 0);
}

void split_model(const char *from, const char *prefix, int n, bool empty_first)
{
    Gguf *gguf;
    Err err = {0};
    assert(gguf_open(&gguf, from, &err) == 0);
    for (int i = 0; i < n; i++) {
        char path[512], *data;
        size_t bytes;
        SplitPart part = split_part(gguf, i, n, empty_first);
        split_part_bytes(gguf, &part, &data, &bytes);
        snprintf(path, sizeof path, "%s-%05d-of-%05d.gguf", prefix, i + 1, n);
        file_write(path, data, bytes);
        free(data);
    }
    gguf_close(gguf);
}
