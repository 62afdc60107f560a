/* session_store.c - see session_store.h. */
#include "app/chat/session_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"

/* Opens and locks a file. 1 = another one has it. Whoever calls holds the folder's lock. */
static int lock_file(const char *path, int *fd, long long *bytes, Err *err)
{
    struct stat status;
    int file = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK), result;
    if (file < 0)
        return err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO, "%s: %s", path,
                       errno == ENOENT ? "there is no such file" : strerror(errno));
    while ((result = flock(file, LOCK_EX | LOCK_NB)) != 0 && errno == EINTR)
        ;
    if (result != 0 && errno == EWOULDBLOCK) {
        close(file);
        return 1;
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return err_set(err, EXIT_DATA, "%s: not a regular file", path);
    }
    *fd = file;
    *bytes = status.st_size;
    return 0;
}

static int open_own(SessionStore *store, const char *path, Err *err)
{
    int fd, taken = lock_file(path, &fd, &store->bytes, err);
    if (taken != 0)
        return taken < 0 ? -1 : err_set(err, EXIT_USAGE, "%s: another chat has taken it", path);
    if (store->open)
        close(store->fd);
    store->fd = fd;
    store->open = true;
    return 0;
}

static int create_named(SessionStore *store, const char *name, const char *text, Err *err)
{
    char path[PATH_BYTES];
    if (session_path(name, path, sizeof(path), err) != 0 ||
        save_file(path, text, strlen(text), false, err) != 0)
        return -1;
    snprintf(store->name, sizeof(store->name), "%s", name);
    return open_own(store, path, err);
}

bool stored_is_dated(const char *name)
{
    int year, month, day, n = 0;
    return sscanf(name, "%4d-%2d-%2d-%*4d%n", &year, &month, &day, &n) == 3 && n == 15;
}

static int create_dated(SessionStore *store, const char *text, Err *err)
{
    char name[SESSION_NAME];
    struct tm local;
    time_t now = time(NULL);
    localtime_r(&now, &local);
    size_t n = strftime(name, sizeof(name), "%Y-%m-%d-%H%M", &local);
    for (int i = 2; i < 1000; i++) {
        Err trouble = {0};
        if (create_named(store, name, text, &trouble) == 0)
            return 0;
        if (trouble.code != EXIT_DATA)
            return err_set(err, trouble.code, "%s", trouble.text);
        snprintf(name + n, sizeof(name) - n, "-%d", i);
    }
    return err_set(err, EXIT_IO, "there are too many sessions of this minute");
}

int stored_create(SessionStore *store, const char *name, const char *text, Err *err)
{
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = name ? create_named(store, name, text, err) : create_dated(store, text, err);
    close(folder);
    return status;
}

int stored_rewrite(SessionStore *store, const char *text, Err *err)
{
    char path[PATH_BYTES];
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = session_path(store->name, path, sizeof(path), err);
    if (status == 0 && !store->open && access(path, F_OK) == 0) /* one that could not be opened */
        status = open_own(store, path, err);
    if (status == 0)
        status = save_file(path, text, strlen(text), true, err);
    if (status == 0 && open_own(store, path, err) != 0) {
        close(store->fd); /* of the file that was there before */
        store->open = false;
        status = -1;
    }
    close(folder);
    return status;
}

int stored_append(SessionStore *store, const char *text, Err *err)
{
    struct stat status;
    size_t bytes = strlen(text);
    if (fstat(store->fd, &status) != 0 || status.st_nlink == 0 || status.st_size != store->bytes)
        return err_set(err, EXIT_IO, "session %s: its file is not as it was left", store->name);
    if (write_all(store->fd, text, bytes) == 0 && fsync(store->fd) == 0) {
        store->bytes += (long long)bytes;
        return 0;
    }
    err_set(err, EXIT_IO, "session %s: %s", store->name, strerror(errno));
    int ignored =
        ftruncate(store->fd, store->bytes); /* else a rest stays, and reading leaves it out */
    (void)ignored;
    return -1;
}

int stored_open(SessionStore *store, const char *name, Err *err)
{
    char path[PATH_BYTES];
    SessionStore opened = {0};
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = session_path(name, path, sizeof(path), err);
    if (status == 0)
        status = lock_file(path, &opened.fd, &opened.bytes, err);
    close(folder);
    if (status != 0)
        return status;
    opened.open = true;
    snprintf(opened.name, sizeof(opened.name), "%s", name);
    *store = opened;
    return 0;
}

void stored_close(SessionStore *store)
{
    if (store->open)
        close(store->fd);
    *store = (SessionStore){0};
}

static int rename_file(const char *from, const char *to, Err *err)
{
    char path[PATH_BYTES], other[PATH_BYTES];
    if (session_path(from, path, sizeof(path), err) != 0 ||
        session_path(to, other, sizeof(other), err) != 0)
        return -1;
    if (renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE) == 0)
        return 0;
    bool cannot = errno == EINVAL || errno == ENOSYS; /* in one step */
    if (errno == EEXIST || (cannot && access(other, F_OK) == 0))
        return err_set(err, EXIT_DATA, "there is a session %s already", to);
    if (cannot && rename(path, other) == 0)
        return 0;
    return err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO, "session %s: %s", from,
                   strerror(errno));
}

static int remove_file(const char *name, Err *err)
{
    char path[PATH_BYTES];
    if (session_path(name, path, sizeof(path), err) != 0)
        return -1;
    if (unlink(path) != 0 && errno != ENOENT)
        return err_set(err, EXIT_IO, "session %s: %s", name, strerror(errno));
    return 0;
}

int stored_rename_own(SessionStore *store, const char *name, Err *err)
{
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = rename_file(store->name, name, err);
    close(folder);
    if (status == 0)
        snprintf(store->name, sizeof(store->name), "%s", name);
    return status;
}

int stored_remove_own(SessionStore *store, Err *err)
{
    if (remove_file(store->name, err) != 0)
        return -1;
    stored_close(store);
    return 0;
}

/* The file of a session that nobody has open, in a folder that is locked already. */
static int check_idle(const char *name, Err *err)
{
    char path[PATH_BYTES];
    int fd;
    long long bytes;
    if (session_path(name, path, sizeof(path), err) != 0)
        return -1;
    int taken = lock_file(path, &fd, &bytes, err);
    if (taken > 0)
        return err_set(err, EXIT_USAGE, "session %s is open in another chat", name);
    if (taken == 0)
        close(fd);
    return taken;
}

int stored_rename(const char *name, const char *to, Err *err)
{
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = check_idle(name, err) == 0 ? rename_file(name, to, err) : -1;
    close(folder);
    return status;
}

int stored_remove(const char *name, Err *err)
{
    int folder = paths_lock(PLACE_DATA, err);
    if (folder < 0)
        return -1;
    int status = check_idle(name, err) == 0 ? remove_file(name, err) : -1;
    close(folder);
    return status;
}

int stored_is_free(const char *name, Err *err)
{
    char path[PATH_BYTES];
    if (session_path(name, path, sizeof(path), err) != 0)
        return -1;
    if (access(path, F_OK) == 0)
        return err_set(err, EXIT_DATA, "there is a session %s already", name);
    return 0;
}
