/* gguf_read.c - bytes of a GGUF file, from the disk or from memory. */
#include "engine/gguf/gguf_parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int gguf_read_at(const Gguf *gguf, uint64_t at, void *out, size_t bytes, Err *err)
{
    if (gguf->fd < 0) {
        memcpy(out, gguf->data + at, bytes);
        return 0;
    }
    unsigned char *to = out;
    while (bytes > 0) {
        ssize_t got = pread(gguf->fd, to, bytes, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, EXIT_IO, "%s: cannot read: %s", gguf->label, strerror(errno));
        if (got == 0)
            return err_set(err, EXIT_DATA,
                           "%s: the file became shorter while it was read; "
                           "load it again once nothing writes to it",
                           gguf->label);
        to += got;
        at += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return 0;
}

int gguf_read(const Gguf *gguf, const GgufTensor *tensor, uint64_t offset, void *out, size_t bytes,
              Err *err)
{
    if (offset > tensor->bytes || bytes > tensor->bytes - offset)
        return err_set(err, EXIT_INTERNAL, "%s: a read past the end of tensor '%.*s'", gguf->label,
                       (int)tensor->name.length, tensor->name.data);
    if (gguf->parts != NULL)
        gguf = gguf->parts[tensor->part];
    return gguf_read_at(gguf, tensor->offset + offset, out, bytes, err);
}
