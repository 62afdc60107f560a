/* gguf.c - opens and closes GGUF files, finds tensors; see gguf.h.
 *
 * A path or memory in, a Gguf out whose header gguf_header.c has checked.
 */
#include "engine/gguf/gguf_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MAX (256u << 20) /* real headers are under 32 MB */

static int compare_name_tensor(const void *name, const void *tensor)
{
    return gguf_name_compare(*(const GgufString *)name, (*(const GgufTensor *const *)tensor)->name);
}

/* Err holds one line: of a long path its end says the most. */
static void shorten(const char *path, char label[LABEL_BYTES])
{
    size_t length = strlen(path), room = LABEL_BYTES - 4;
    if (length <= room)
        snprintf(label, LABEL_BYTES, "%s", path);
    else
        snprintf(label, LABEL_BYTES, "...%s", path + length - room);
}

static Gguf *gguf_new(const char *path, Err *err)
{
    Gguf *gguf = calloc(1, sizeof *gguf);
    if (gguf != NULL)
        gguf->path = strdup(path);
    if (gguf == NULL || gguf->path == NULL) {
        free(gguf);
        err_set(err, EXIT_MEMORY, "%s: no memory to open the file", path);
        return NULL;
    }
    shorten(path, gguf->label);
    gguf->fd = -1;
    return gguf;
}

static int open_file(Gguf *gguf, Err *err)
{
    /* O_NONBLOCK: a FIFO is turned away below and does not hang here. */
    gguf->fd = open(gguf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (gguf->fd < 0)
        return err_set(err, EXIT_NOINPUT, "%s: cannot open: %s", gguf->label, strerror(errno));
    struct stat st;
    if (fstat(gguf->fd, &st) != 0)
        return err_set(err, EXIT_IO, "%s: cannot read: %s", gguf->label, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, EXIT_NOINPUT, "%s: not a regular file; name a GGUF model file",
                       gguf->label);
    gguf->file_bytes = (uint64_t)st.st_size;
    gguf->reserved = gguf->file_bytes < HEADER_MAX ? gguf->file_bytes : HEADER_MAX;
    if (gguf->reserved == 0)
        return 0;
    void *range = mmap(NULL, gguf->reserved, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the header", gguf->label);
    gguf->data = gguf->owned = range;
    return 0;
}

static int open_one(Gguf **out, const char *path, Err *err)
{
    *out = NULL;
    Gguf *gguf = gguf_new(path, err);
    if (gguf == NULL)
        return -1;
    if (open_file(gguf, err) != 0 || gguf_read_header(gguf, err) != 0) {
        gguf_close(gguf);
        return -1;
    }
    *out = gguf;
    return 0;
}

/* user: any part's path */
static int open_part(Gguf **part, const Gguf *first, int place, void *user, Err *err)
{
    (void)first;
    char path[PATH_MAX], label[LABEL_BYTES];
    const char *given = user;
    struct stat st;
    if (gguf_part_path(given, place + 1, path, sizeof path) != 0)
        return err_set(err, EXIT_NOINPUT, "%.300s...: the path is too long", given);
    if (stat(path, &st) == 0 || errno != ENOENT)
        return open_one(part, path, err);
    shorten(path, label);
    return err_set(err, EXIT_NOINPUT,
                   "%s: part %d of the model is missing; put it beside the other parts", label,
                   place + 1);
}

/* The rest of a model of which *gguf, opened by `path`, is a part, perhaps not the first. */
static int open_rest(Gguf **gguf, const char *path, int count, Err *err)
{
    int part = 0;
    if (gguf_part_of(path, &part) != count)
        return err_set(err, EXIT_DATA,
                       "%s: one of %d parts of a model, whose name has to end in "
                       "-00001-of-%05d.gguf and so on",
                       (*gguf)->label, count, count);
    if (part > 1) {
        Gguf *first;
        if (open_part(&first, *gguf, 0, (void *)path, err) != 0)
            return -1;
        gguf_close(*gguf);
        *gguf = first;
    }
    return gguf_join(*gguf, count, open_part, (void *)path, err);
}

int gguf_open(Gguf **out, const char *path, Err *err)
{
    int count;
    if (open_one(out, path, err) != 0)
        return -1;
    if (gguf_split_count(*out, &count, err) == 0 &&
        (count == 1 || open_rest(out, path, count, err) == 0))
        return 0;
    gguf_close(*out);
    *out = NULL;
    return -1;
}

static int open_memory(Gguf **out, const void *data, size_t bytes, const char *name, Err *err)
{
    *out = NULL;
    Gguf *gguf = gguf_new(name, err);
    if (gguf == NULL)
        return -1;
    gguf->data = data;
    gguf->have = gguf->file_bytes = bytes;
    if (gguf_read_header(gguf, err) != 0) {
        gguf_close(gguf);
        return -1;
    }
    *out = gguf;
    return 0;
}

int gguf_open_memory(Gguf **out, const void *data, size_t bytes, const char *name, Err *err)
{
    int count;
    if (open_memory(out, data, bytes, name, err) != 0)
        return -1;
    if (gguf_split_count(*out, &count, err) == 0) {
        if (count == 1)
            return 0;
        err_set(err, EXIT_DATA, "%s: one of %d parts of a model, without the others", (*out)->label,
                count);
    }
    gguf_close(*out);
    *out = NULL;
    return -1;
}

typedef struct MemoryParts {
    const void *const *data;
    const size_t *bytes;
} MemoryParts;

static int open_memory_part(Gguf **part, const Gguf *first, int place, void *user, Err *err)
{
    const MemoryParts *parts = user;
    return open_memory(part, parts->data[place], parts->bytes[place], first->path, err);
}

int gguf_open_memory_parts(Gguf **out, const void *const *data, const size_t *bytes, int n,
                           const char *name, Err *err)
{
    MemoryParts parts = {data, bytes};
    if (open_memory(out, data[0], bytes[0], name, err) != 0)
        return -1;
    if (gguf_join(*out, n, open_memory_part, &parts, err) == 0)
        return 0;
    gguf_close(*out);
    *out = NULL;
    return -1;
}

void gguf_close(Gguf *gguf)
{
    if (gguf == NULL)
        return;
    for (int i = 1; i < gguf->n_parts; i++)
        gguf_close(gguf->parts[i]);
    free(gguf->parts);
    for (int i = 0; i < gguf->n_keys; i++)
        free(gguf->keys[i].strings);
    free(gguf->keys);
    free(gguf->keys_by_name);
    free(gguf->tensors);
    free(gguf->tensors_by_name);
    if (gguf->owned != NULL)
        munmap(gguf->owned, gguf->reserved);
    if (gguf->fd >= 0)
        close(gguf->fd);
    free(gguf->path);
    free(gguf);
}

const char *gguf_path(const Gguf *gguf)
{
    return gguf->path;
}

const char *gguf_label(const Gguf *gguf)
{
    return gguf->label;
}

uint64_t gguf_file_bytes(const Gguf *gguf)
{
    uint64_t bytes = gguf->file_bytes;
    for (int i = 1; i < gguf->n_parts; i++)
        bytes += gguf->parts[i]->file_bytes;
    return bytes;
}

int gguf_parts(const Gguf *gguf)
{
    return gguf->n_parts > 1 ? gguf->n_parts : 1;
}

int gguf_tensor_count(const Gguf *gguf)
{
    return gguf->n_tensors;
}

const GgufTensor *gguf_tensor_at(const Gguf *gguf, int index)
{
    return &gguf->tensors[index];
}

const GgufTensor *gguf_tensor(const Gguf *gguf, const char *name)
{
    GgufString wanted = {name, strlen(name)};
    const GgufTensor **found = bsearch(&wanted, gguf->tensors_by_name, (size_t)gguf->n_tensors,
                                       sizeof(GgufTensor *), compare_name_tensor);
    return found == NULL ? NULL : *found;
}
