/* store.c - see store.h. */
#include "app/pull/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/base/sha256.h"
#include "app/profile/catalog.h"
#include "app/pull/fetch.h"
#include "app/pull/pull_bar.h"

static bool check_progress(void *user, unsigned long long done)
{
    pull_bar_draw(user, done);
    return fetch_interrupted();
}

int store_verify(const StoreFile *file, const char *path, Err *err)
{
    PullBar bar = {"checking", file->name, file->bytes, false, 0};
    char hash[SHA256_TEXT];
    int result = sha256_file(path, hash, check_progress, &bar, err);
    pull_bar_end(&bar);
    if (result != 0)
        return -1;
    if (strcmp(hash, file->sha256) != 0)
        return err_set(err, EXIT_DATA, "%.300s: SHA-256 is %.16s..., that of %.100s is %.16s...",
                       path, hash, file->name, file->sha256);
    return 0;
}

int store_finish(const StoreFile *file, const char *folder, const char *part, const char *path,
                 Err *err)
{
    Err reason = {0}; /* err may be NULL or hold another one's */
    if (store_verify(file, part, &reason) != 0) {
        if (reason.code == EXIT_DATA)
            unlink(part);
        return err_set(err, reason.code, "%s", reason.text);
    }
    int opened = open(part, O_RDONLY | O_CLOEXEC);
    int result = opened >= 0 && fsync(opened) == 0 && rename(part, path) == 0 ? 0 : -1;
    if (result != 0)
        err_set(err, EXIT_IO, "cannot store %.300s: %s", path, strerror(errno));
    if (opened >= 0)
        close(opened);
    int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place >= 0) {
        fsync(place); /* the new name; without it the file is still there under the old one */
        close(place);
    }
    return result;
}

int store_space(const char *name, uint64_t needs, const char *folder, Err *err)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return err_set(err, EXIT_IO, "cannot ask %.300s for its free space: %s", folder,
                       strerror(errno));
    uint64_t has = (uint64_t)disk.f_bavail * disk.f_frsize;
    char text[2][16];
    if (has < needs)
        return err_set(
            err, EXIT_IO,
            "%.200s needs up to %s while it is fetched, %.200s has %s free; make room or let "
            "S2D_MODELS name another folder",
            name, catalog_size_text(needs, text[0], sizeof text[0]), folder,
            catalog_size_text(has, text[1], sizeof text[1]));
    return 0;
}

int store_lock(const char *folder, Err *err)
{
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
        return lock;
    err_set(err, EXIT_IO, "cannot lock %.300s: %s", folder,
            errno == EWOULDBLOCK ? "another s2d pull is at work" : strerror(errno));
    if (lock >= 0)
        close(lock);
    return -1;
}
