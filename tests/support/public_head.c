/* public_head.c - see public_head.h. */
#include "tests/support/public_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/checkpoint_bytes.h"
#include "tests/support/temp.h"

TinyModel public_target(void)
{
    TinyModel tiny = tiny_model(ARCH_LLAMA);
    tiny.seed = 0;
    tiny.hidden = 16;
    tiny.head_dim = 4;
    tiny.ffn = 24;
    return tiny;
}

json_t *public_row(int index)
{
    char line[1024];
    FILE *file = fopen(PUBLIC_FOLDER "chains.jsonl", "r");
    json_t *row = NULL;
    assert_non_null(file);
    for (int i = 0; i <= index; i++)
        if (!fgets(line, sizeof line, file)) {
            fclose(file);
            return NULL;
        }
    fclose(file);
    row = json_loads(line, 0, NULL);
    assert_non_null(row);
    return row;
}

static json_t *config_of(const char *file)
{
    json_t *row, *config = NULL;
    for (int i = 0; !config && (row = public_row(i)) != NULL; i++) {
        if (strcmp(json_string_value(json_object_get(row, "file")), file) == 0)
            config = json_incref(json_object_get(row, "config"));
        json_decref(row);
    }
    assert_non_null(config);
    return config;
}

/* What safetensors itself wrote: nothing is checked here. */
void public_read(PublicHead *head, const char *file)
{
    char path[256];
    static unsigned char bytes[1 << 18];
    snprintf(path, sizeof path, PUBLIC_FOLDER "%s", file);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    assert_in_range(size, 8, sizeof bytes - 1);
    uint64_t length;
    memcpy(&length, bytes, 8);
    json_t *header = json_loadb((char *)bytes + 8, length, 0, NULL), *entry;
    const char *name;
    assert_non_null(header);
    *head = (PublicHead){.config = config_of(file)};
    json_object_foreach(header, name, entry)
    {
        const json_t *dims = json_object_get(entry, "shape"), *at;
        if (strcmp(name, "__metadata__") == 0)
            continue;
        PublicTensor *tensor = &head->tensor[head->n++];
        assert_in_range(head->n, 1, PUBLIC_MAX - 2);
        snprintf(tensor->name, sizeof tensor->name, "%s", name);
        snprintf(tensor->type, sizeof tensor->type, "%s",
                 json_string_value(json_object_get(entry, "dtype")));
        tensor->n_dims = (int)json_array_size(dims);
        for (int i = 0; i < tensor->n_dims; i++)
            tensor->dims[i] = json_integer_value(json_array_get(dims, (size_t)i));
        at = json_object_get(entry, "data_offsets");
        size_t from = (size_t)json_integer_value(json_array_get(at, 0));
        tensor->bytes = (size_t)json_integer_value(json_array_get(at, 1)) - from;
        tensor->data = malloc(tensor->bytes + 1);
        assert_non_null(tensor->data);
        memcpy(tensor->data, bytes + 8 + length + from, tensor->bytes);
    }
    json_decref(header);
}

void public_free(PublicHead *head)
{
    for (int i = 0; i < head->n; i++)
        free(head->tensor[i].data);
    json_decref(head->config);
}

PublicTensor *public_find(PublicHead *head, const char *name)
{
    for (int i = 0; i < head->n; i++)
        if (strcmp(head->tensor[i].name, name) == 0)
            return &head->tensor[i];
    return NULL;
}

void public_put(PublicHead *head, const char *name, const char *type, int n_dims, int64_t rows,
                int64_t cols)
{
    PublicTensor *tensor = public_find(head, name);
    if (n_dims == 0) {
        assert_non_null(tensor);
        free(tensor->data);
        *tensor = head->tensor[--head->n];
        return;
    }
    if (!tensor) {
        tensor = &head->tensor[head->n++];
        assert_in_range(head->n, 1, PUBLIC_MAX);
    }
    size_t each = strcmp(type, "I64") == 0   ? 8
                  : strcmp(type, "F32") == 0 ? 4
                  : strcmp(type, "F16") == 0 ? 2
                                             : 1;
    free(tensor->data);
    *tensor = (PublicTensor){.n_dims = n_dims, .dims = {rows, n_dims > 1 ? cols : 1}};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    snprintf(tensor->type, sizeof tensor->type, "%s", type);
    tensor->bytes = each * (size_t)(rows * tensor->dims[1]);
    tensor->data = calloc(1, tensor->bytes + 1);
    assert_non_null(tensor->data);
}

void public_save(const PublicHead *head, const char *folder)
{
    char path[256];
    Bytes values = {0}, out = {0};
    json_t *header = json_object();
    for (int i = 0; i < head->n; i++) {
        const PublicTensor *t = &head->tensor[i];
        json_t *dims = json_array();
        for (int d = 0; d < t->n_dims; d++)
            json_array_append_new(dims, json_integer(t->dims[d]));
        json_object_set_new(header, t->name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->type, "shape", dims,
                                      "data_offsets", (json_int_t)values.size,
                                      (json_int_t)(values.size + t->bytes)));
        bytes_put(&values, t->data, t->bytes);
    }
    char *text = json_dumps(header, 0);
    safetensors_bytes(&out, 0, text, values.data, values.size);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    file_write(path, out.data, out.size);
    snprintf(path, sizeof path, "%s/config.json", folder);
    unlink(path);
    if (head->config)
        assert_int_equal(json_dump_file(head->config, path, 0), 0);
    free(text);
    free(values.data);
    free(out.data);
    json_decref(header);
}
