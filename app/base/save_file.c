/* save_file.c - see save_file.h. */
#include "app/base/save_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/plain_text.h"

int write_all(int fd, const void *start, size_t bytes)
{
    const char *data = start;
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        bytes -= n;
    }
    return 0;
}

static int sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = fsync(fd);
    if (status != 0 && (errno == EINVAL || errno == ENOTSUP)) /* a filesystem that cannot */
        status = 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return status;
}

/* A file on its way to its name. */
typedef struct Saving {
    const char *path;
    bool replace;
    int fd;
    char temporary[PATH_MAX]; /* its name beside the other one; "" = none yet */
    char handle[32];          /* where a file without a name is found */
} Saving;

/* A file that has no name leaves nothing where the process is killed. Not all filesystems have
 * them; -1 = there is none. */
static int open_nameless(Saving *s)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", s->path);
    s->fd = open(dirname(folder), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return -1;
    snprintf(s->handle, sizeof s->handle, "/proc/self/fd/%d", s->fd);
    if (access(s->handle, F_OK) == 0)
        return 0;
    close(s->fd);
    return -1;
}

static int open_saving(Saving *s, const char *path, bool replace, Err *err)
{
    *s = (Saving){.path = path, .replace = replace};
    if (snprintf(s->temporary, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
        return err_set(err, EXIT_USAGE, "%.60s...: the name is too long", path);
    if (open_nameless(s) == 0) {
        s->temporary[0] = '\0';
        return 0;
    }
    s->fd = mkostemp(s->temporary, O_CLOEXEC);
    if (s->fd < 0)
        return err_set(err, EXIT_IO, "%s: cannot write there: %s", path, strerror(errno));
    return 0;
}

/* A link takes no other file's place: it is given a name beside it that is free. -1 with errno. */
static int name_beside(Saving *s)
{
    char name[PATH_MAX];
    for (int i = 0; i < 1000; i++) {
        if (snprintf(name, sizeof name, "%s.%d-%d", s->path, (int)getpid(), i) >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (linkat(AT_FDCWD, s->handle, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            memcpy(s->temporary, name, sizeof name);
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* A file without a name gets one: its own, unless it must take another file's place. -1 with errno. */
static int give_name(Saving *s)
{
    if (s->temporary[0])
        return 0;
    if (s->replace)
        return name_beside(s);
    return linkat(AT_FDCWD, s->handle, AT_FDCWD, s->path, AT_SYMLINK_FOLLOW);
}

/* -1 with errno. */
static int put_in_place(const Saving *s)
{
    if (!s->temporary[0])
        return 0;
    if (s->replace)
        return rename(s->temporary, s->path);
    if (renameat2(AT_FDCWD, s->temporary, AT_FDCWD, s->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (access(s->path, F_OK) == 0) { /* the filesystem cannot do both in one step */
        errno = EEXIST;
        return -1;
    }
    return rename(s->temporary, s->path);
}

/* status: of what was written to the file; -1 = errno says why not, unless err does. */
static int finish(Saving *s, int status, Err *err)
{
    if (status == 0)
        status = fsync(s->fd);
    if (status == 0)
        status = give_name(s);
    int reason = errno;
    if (close(s->fd) != 0 && status == 0) {
        status = -1;
        reason = errno;
    }
    if (status == 0 && put_in_place(s) != 0) {
        status = -1;
        reason = errno;
    }
    if (status != 0) {
        if (s->temporary[0])
            unlink(s->temporary);
        if (reason == EEXIST)
            return err_set(err, EXIT_DATA, "%s: exists already; choose another name", s->path);
        return err_set(err, EXIT_IO, "%s: cannot be saved: %s; what was there before is untouched",
                       s->path, strerror(reason));
    }
    if (sync_folder_of(s->path) != 0)
        return err_set(err, EXIT_IO, "%s: saved, but perhaps not for good: its folder: %s", s->path,
                       strerror(errno));
    return 0;
}

int save_file(const char *path, const void *data, size_t bytes, bool replace, Err *err)
{
    Saving s;
    if (open_saving(&s, path, replace, err) != 0)
        return -1;
    return finish(&s, write_all(s.fd, data, bytes), err);
}

int save_stream(const char *path, int (*write)(FILE *stream, void *user, Err *err), void *user,
                Err *err)
{
    Saving s;
    if (open_saving(&s, path, true, err) != 0)
        return -1;
    int copy = dup(s.fd);
    FILE *stream = copy >= 0 ? fdopen(copy, "wb") : NULL;
    int status = stream ? write(stream, user, err) : -1;
    if (stream && fclose(stream) != 0)
        status = -1;
    else if (!stream && copy >= 0)
        close(copy);
    return finish(&s, status, err);
}

ssize_t read_start(const char *path, char *data, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait */
    if (file < 0)
        return -1;
    struct stat status;
    ssize_t length = -1;
    if (fstat(file, &status) == 0 && !S_ISREG(status.st_mode))
        errno = EISDIR;
    else
        length = read(file, data, size); /* regular files are read in one go */
    int reason = errno;
    close(file);
    errno = reason;
    return length;
}

char *read_file(const char *path, const char *what, size_t most, size_t *bytes, Err *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
    if (fd < 0) {
        err_set(err, errno == ENOENT || errno == ENOTDIR ? EXIT_NOINPUT : EXIT_IO, "%s: %s", path,
                errno == ENOENT ? "there is no such file" : strerror(errno));
        return NULL;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (size_t)status.st_size > most) {
        err_set(err, EXIT_DATA, "%s: no %s: %s", path, what,
                S_ISREG(status.st_mode) ? "it is too large for one" : "not a regular file");
        close(fd);
        return NULL;
    }
    size_t size = status.st_size, used = 0;
    char *data = malloc(size + 1);
    if (!data) {
        close(fd);
        err_set(err, EXIT_MEMORY, "%s: no memory for %zu bytes", path, size);
        return NULL;
    }
    while (used < size) {
        ssize_t n = read(fd, data + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_set(err, EXIT_IO, "%s: %s", path, strerror(errno));
            free(data);
            close(fd);
            return NULL;
        }
        if (n == 0) /* it shrank meanwhile */
            break;
        used += n;
    }
    close(fd);
    data[used] = '\0';
    *bytes = plain_text(data, used);
    return data;
}
