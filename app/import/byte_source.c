/* byte_source.c - see byte_source.h. */
#include "app/import/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Err holds one line: of a long path its end says the most. */
static void set_label(ByteSource *source, const char *path)
{
    size_t length = strlen(path), room = sizeof source->label - 4;
    if (length <= room)
        snprintf(source->label, sizeof source->label, "%s", path);
    else
        snprintf(source->label, sizeof source->label, "...%s", path + length - room);
}

int byte_source_open(ByteSource *source, const char *path, Err *err)
{
    *source = (ByteSource){.fd = -1};
    set_label(source, path);
    /* O_NONBLOCK: a FIFO is turned away below and does not hang here. */
    source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->fd < 0)
        return err_set(err, EXIT_NOINPUT, "%s: cannot open: %s", source->label, strerror(errno));
    struct stat st;
    int trouble = 0;
    if (fstat(source->fd, &st) != 0)
        trouble = err_set(err, EXIT_IO, "%s: cannot read: %s", source->label, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        trouble = err_set(err, EXIT_NOINPUT,
                          "%s: not a regular file; name the checkpoint's .safetensors, .pt or .bin",
                          source->label);
    if (trouble != 0) {
        byte_source_close(source);
        return -1;
    }
    source->bytes = (uint64_t)st.st_size;
    return 0;
}

void byte_source_memory(ByteSource *source, const void *data, size_t bytes, const char *name)
{
    *source = (ByteSource){.fd = -1, .data = data, .bytes = bytes};
    set_label(source, name);
}

void byte_source_close(ByteSource *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

int byte_source_read(const ByteSource *source, uint64_t at, void *out, size_t bytes, Err *err)
{
    if (at > source->bytes || bytes > source->bytes - at)
        return err_set(err, EXIT_DATA, "%s: ends too early; is it complete? Fetch it again",
                       source->label);
    if (bytes == 0)
        return 0;
    if (source->fd < 0) {
        memcpy(out, source->data + at, bytes);
        return 0;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t n =
            pread(source->fd, (unsigned char *)out + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, EXIT_IO, "%s: cannot read: %s", source->label, strerror(errno));
        if (n == 0)
            return err_set(err, EXIT_IO, "%s: has become shorter while it was read", source->label);
        done += (size_t)n;
    }
    return 0;
}
