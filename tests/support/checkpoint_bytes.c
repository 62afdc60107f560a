/* checkpoint_bytes.c - see checkpoint_bytes.h. */
#include "tests/support/checkpoint_bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void bytes_put(Bytes *bytes, const void *data, size_t n)
{
    bytes->data = realloc(bytes->data, bytes->size + n + 1);
    assert(bytes->data != NULL);
    if (n > 0)
        memcpy(bytes->data + bytes->size, data, n);
    bytes->size += n;
}

void bytes_text(Bytes *bytes, const char *text)
{
    bytes_put(bytes, text, strlen(text));
}

void bytes_number(Bytes *bytes, uint64_t number, int width)
{
    for (int i = 0; i < width; i++) {
        unsigned char byte = i < 8 ? (unsigned char)(number >> 8 * i) : 0;
        bytes_put(bytes, &byte, 1);
    }
}

void safetensors_bytes(Bytes *out, uint64_t length, const char *header, const void *values,
                       size_t n)
{
    bytes_number(out, length != 0 ? length : strlen(header), 8);
    bytes_text(out, header);
    bytes_put(out, values, n);
}

static uint32_t checksum(const unsigned char *data, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* What a local and a central header have in common. */
static void put_common(Bytes *out, const ZipPart *part, size_t packed)
{
    int method = part->method != 0 ? part->method : part->deflated ? 8 : 0;
    bytes_number(out, 20, 2);
    bytes_number(out, 0, 2);
    bytes_number(out, (uint64_t)method, 2);
    bytes_number(out, 0x00210000, 4); /* 1 January 1980 */
    bytes_number(out, checksum(part->data, part->bytes) + part->wrong_checksum, 4);
    bytes_number(out, packed, 4);
    bytes_number(out, part->claims != 0 ? part->claims : part->bytes, 4);
    bytes_number(out, strlen(part->name), 2);
    bytes_number(out, 0, 2);
}

/* One block that packs nothing. */
static void put_deflated(Bytes *out, const ZipPart *part)
{
    assert(part->bytes < 0x10000);
    bytes_number(out, 1, 1);
    bytes_number(out, part->bytes, 2);
    bytes_number(out, ~part->bytes, 2);
    bytes_put(out, part->data, part->bytes);
}

static void put_zip64_end(Bytes *out, uint64_t n, size_t start, size_t end)
{
    bytes_text(out, "PK\6\6");
    bytes_number(out, 44, 8);
    bytes_number(out, 45, 2);
    bytes_number(out, 45, 2);
    bytes_number(out, 0, 8);
    bytes_number(out, n, 8);
    bytes_number(out, n, 8);
    bytes_number(out, end - start, 8);
    bytes_number(out, start, 8);
    bytes_text(out, "PK\6\7");
    bytes_number(out, 0, 4);
    bytes_number(out, end, 8);
    bytes_number(out, 1, 4);
}

void zip_bytes(Bytes *out, const ZipPart *parts, int n, bool zip64, uint64_t entries)
{
    size_t at[32];
    assert(n <= 32);
    for (int i = 0; i < n; i++) {
        at[i] = out->size;
        bytes_text(out, "PK\3\4");
        put_common(out, &parts[i], parts[i].bytes + (parts[i].deflated ? 5 : 0));
        bytes_text(out, parts[i].name);
        if (parts[i].deflated)
            put_deflated(out, &parts[i]);
        else
            bytes_put(out, parts[i].data, parts[i].bytes);
    }
    size_t start = out->size;
    for (int i = 0; i < n; i++) {
        bytes_text(out, "PK\1\2");
        bytes_number(out, 20, 2);
        put_common(out, &parts[i], parts[i].bytes + (parts[i].deflated ? 5 : 0));
        bytes_number(out, 0, 10);
        bytes_number(out, at[i], 4);
        bytes_text(out, parts[i].name);
    }
    size_t end = out->size;
    if (zip64)
        put_zip64_end(out, entries != 0 ? entries : (uint64_t)n, start, end);
    bytes_text(out, "PK\5\6");
    bytes_number(out, 0, 4);
    bytes_number(out, zip64 ? 0xffff : (uint64_t)n, 2);
    bytes_number(out, zip64 ? 0xffff : (uint64_t)n, 2);
    bytes_number(out, zip64 ? 0xffffffff : end - start, 4);
    bytes_number(out, zip64 ? 0xffffffff : start, 4);
    bytes_number(out, 0, 2);
}

void pickle_text(Bytes *out, const char *text)
{
    bytes_text(out, "X");
    bytes_number(out, strlen(text), 4);
    bytes_text(out, text);
}

void pickle_integer(Bytes *out, int64_t integer)
{
    bytes_text(out, "\x8a\x08");
    bytes_number(out, (uint64_t)integer, 8);
}

static void put_sizes(Bytes *out, int n, const int64_t *sizes)
{
    bytes_text(out, "(");
    for (int i = 0; i < n; i++)
        pickle_integer(out, sizes[i]);
    bytes_text(out, "t");
}

void pickle_tensor(Bytes *out, const PickledTensor *tensor)
{
    bytes_text(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_text(out, "storage");
    bytes_text(out, "ctorch\n");
    bytes_text(out, tensor->type);
    bytes_text(out, "\n");
    pickle_text(out, tensor->key);
    pickle_text(out, "cuda:0");
    pickle_integer(out, tensor->values);
    bytes_text(out, "tQ");
    pickle_integer(out, tensor->offset);
    put_sizes(out, tensor->n_dims, tensor->dims);
    put_sizes(out, tensor->n_dims, tensor->strides);
    bytes_text(out, "\x89"
                    "ccollections\nOrderedDict\n)RtR");
}
