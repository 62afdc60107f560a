/* trainer_cache.c - see trainer_cache.h. Header: magic, kind. Record: key, bytes, checksum, data. */
#include "engine/train/trainer_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = "s2dcach1";

typedef struct Head {
    char magic[8];
    uint64_t kind;
} Head;

typedef struct RecordHead {
    uint64_t key, bytes, check;
} RecordHead;

typedef struct Slot {
    uint64_t key, at; /* of its head in the file; 0 = free */
} Slot;

struct TrainerCache {
    int fd;
    char *path;
    uint64_t end; /* of the file */
    Slot *slots;  /* [size], open addressing */
    size_t size, used;
};

uint64_t trainer_hash(uint64_t state, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t hash = state ? state : 0xcbf29ce484222325u, word;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    for (; bytes > 0; bytes--)
        hash = (hash ^ *at++) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static int io_error(const TrainerCache *c, Err *err)
{
    return err_set(err, EXIT_IO, "%.300s: %s", c->path, strerror(errno));
}

/* 0 = all of it, 1 = the file ends before, -1 */
static int read_at(const TrainerCache *c, void *out, size_t bytes, uint64_t at, Err *err)
{
    for (char *to = out; bytes > 0;) {
        ssize_t got = pread(c->fd, to, bytes, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(c, err);
        if (got == 0)
            return 1;
        to += got;
        at += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return 0;
}

static int write_at(const TrainerCache *c, const void *data, size_t bytes, uint64_t at, Err *err)
{
    for (const char *from = data; bytes > 0;) {
        ssize_t put = pwrite(c->fd, from, bytes, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io_error(c, err);
        from += put;
        at += (uint64_t)put;
        bytes -= (size_t)put;
    }
    return 0;
}

static Slot *slot_of(Slot *slots, size_t size, uint64_t key)
{
    size_t i = (size_t)(key % size);
    while (slots[i].at != 0 && slots[i].key != key)
        i = (i + 1) % size;
    return &slots[i];
}

/* The last record of a key counts. */
static int remember(TrainerCache *c, uint64_t key, uint64_t at, Err *err)
{
    if (2 * (c->used + 1) > c->size) {
        size_t size = c->size ? 2 * c->size : 1024;
        Slot *slots = calloc(size, sizeof *slots);
        if (slots == NULL)
            return err_set(err, EXIT_MEMORY, "%.300s: no memory for its index", c->path);
        for (size_t i = 0; i < c->size; i++) {
            if (c->slots[i].at != 0)
                *slot_of(slots, size, c->slots[i].key) = c->slots[i];
        }
        free(c->slots);
        c->slots = slots;
        c->size = size;
    }
    Slot *slot = slot_of(c->slots, c->size, key);
    c->used += slot->at == 0;
    *slot = (Slot){key, at};
    return 0;
}

/* Walks along the records' heads; what is behind the last whole record goes. */
static int index_file(TrainerCache *c, uint64_t file_bytes, Err *err)
{
    RecordHead head;
    int result;
    c->end = sizeof(Head);
    while ((result = read_at(c, &head, sizeof head, c->end, err)) == 0 &&
           head.bytes <= file_bytes - c->end - sizeof head) {
        if (remember(c, head.key, c->end, err) != 0)
            return -1;
        c->end += sizeof head + head.bytes;
    }
    if (result < 0)
        return -1;
    return ftruncate(c->fd, (off_t)c->end) == 0 ? 0 : io_error(c, err);
}

static int start(TrainerCache *c, uint64_t kind, Err *err)
{
    Head head;
    struct stat status;
    if (flock(c->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return err_set(err, EXIT_IO, "%.300s: another run uses it; name another --cache", c->path);
    if (fstat(c->fd, &status) != 0)
        return io_error(c, err);
    if (!S_ISREG(status.st_mode))
        return err_set(err, EXIT_DATA, "%.300s: not a file", c->path);
    if (status.st_size == 0) {
        memcpy(head.magic, MAGIC, sizeof MAGIC);
        head.kind = kind;
        c->end = sizeof head;
        return write_at(c, &head, sizeof head, 0, err);
    }
    int result = read_at(c, &head, sizeof head, 0, err);
    if (result < 0)
        return -1;
    if (result > 0 || memcmp(head.magic, MAGIC, sizeof MAGIC) != 0)
        return err_set(err, EXIT_DATA, "%.300s: not a cache of s2d train; name another --cache",
                       c->path);
    if (head.kind != kind)
        return err_set(err, EXIT_DATA,
                       "%.300s: made with another base, exits, list or --top; name another "
                       "--cache or remove it",
                       c->path);
    return index_file(c, (uint64_t)status.st_size, err);
}

int trainer_cache_open(TrainerCache **cache, const char *path, uint64_t kind, Err *err)
{
    *cache = NULL;
    TrainerCache *c = calloc(1, sizeof *c);
    if (c != NULL)
        c->path = strdup(path);
    if (c == NULL || c->path == NULL) {
        free(c);
        return err_set(err, EXIT_MEMORY, "%.300s: no memory to open it", path);
    }
    c->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int result = c->fd < 0 ? io_error(c, err) : start(c, kind, err);
    if (result != 0) {
        trainer_cache_close(c);
        return -1;
    }
    *cache = c;
    return 0;
}

void trainer_cache_close(TrainerCache *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0)
        close(c->fd);
    free(c->slots);
    free(c->path);
    free(c);
}

int trainer_cache_find(TrainerCache *c, uint64_t key, void *out, size_t bytes, Err *err)
{
    RecordHead head;
    const Slot *slot = c->size ? slot_of(c->slots, c->size, key) : NULL;
    if (slot == NULL || slot->at == 0)
        return 0;
    int result = read_at(c, &head, sizeof head, slot->at, err);
    if (result == 0 && head.bytes != bytes)
        return 0;
    if (result == 0)
        result = read_at(c, out, bytes, slot->at + sizeof head, err);
    if (result != 0)
        return result < 0 ? -1 : 0;
    return trainer_hash(key, out, bytes) == head.check;
}

int trainer_cache_add(TrainerCache *c, uint64_t key, const void *data, size_t bytes, Err *err)
{
    RecordHead head = {key, bytes, trainer_hash(key, data, bytes)};
    if (write_at(c, data, bytes, c->end + sizeof head, err) != 0 ||
        write_at(c, &head, sizeof head, c->end, err) != 0 || remember(c, key, c->end, err) != 0)
        return -1;
    c->end += sizeof head + bytes;
    return 0;
}
