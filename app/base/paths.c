/* paths.c - see paths.h. Source: XDG Base Directory Specification 0.8. */
#include "app/base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The variable's value when it is an absolute path, else NULL. */
static const char *absolute_variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

static int too_long(Err *err)
{
    return err_set(err, EXIT_NOINPUT, "a path is longer than %d bytes", PATH_BYTES - 1);
}

int paths_get(PlaceKind place, const char *name, char *path, size_t size, Err *err)
{
    static const struct {
        const char *variable, *below_home;
    } places[] = {
        [PLACE_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
        [PLACE_DATA] = {"XDG_DATA_HOME", ".local/share"},
        [PLACE_STATE] = {"XDG_STATE_HOME", ".local/state"},
        [PLACE_CACHE] = {"XDG_CACHE_HOME", ".cache"},
        [PLACE_MODELS] = {"XDG_CACHE_HOME", ".cache"},
    };
    const char *own = place == PLACE_CACHE ? "" : "/s2d";
    const char *slash = name ? "/" : "";
    name = name ? name : "";

    int length;
    const char *models = getenv("S2D_MODELS");
    const char *base = absolute_variable(places[place].variable);
    const char *home = absolute_variable("HOME");
    if (place == PLACE_MODELS && models && *models)
        length = snprintf(path, size, "%s%s%s", models, slash, name);
    else if (base)
        length = snprintf(path, size, "%s%s%s%s", base, own, slash, name);
    else if (home)
        length =
            snprintf(path, size, "%s/%s%s%s%s", home, places[place].below_home, own, slash, name);
    else
        return err_set(err, EXIT_NOINPUT, "neither HOME nor %s names a folder; set one of them",
                       places[place].variable);
    return length >= 0 && (size_t)length < size ? 0 : too_long(err);
}

int paths_make(PlaceKind place, Err *err)
{
    char path[PATH_BYTES];
    if (paths_get(place, NULL, path, sizeof path, err) != 0)
        return -1;
    for (char *c = path + 1;; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char end = *c;
        *c = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return err_set(err, EXIT_IO, "cannot make the folder %s: %s", path, strerror(errno));
        if (end == '\0')
            return 0;
        *c = end;
    }
}

int paths_lock(PlaceKind place, Err *err)
{
    char path[PATH_BYTES];
    if (paths_make(place, err) != 0 || paths_get(place, NULL, path, sizeof path, err) != 0)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, EXIT_IO, "cannot lock the folder %s: %s", path, strerror(errno));
    while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    return fd;
}

int paths_shipped_profiles(char *path, size_t size, Err *err)
{
    static const char *const below_binary[] = {
        "/../share/s2d/profiles", /* PREFIX/bin/s2d */
        "/profiles",              /* ./s2d in the source folder */
        "/../profiles",           /* build/s2d */
        "/../../profiles",        /* build/tests/test_profile */
    };
    char binary[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (length < 0)
        return err_set(err, EXIT_NOINPUT, "cannot find this program's own folder: %s",
                       strerror(errno));
    binary[length] = '\0';
    const char *folder = dirname(binary);
    for (size_t i = 0; i < sizeof below_binary / sizeof below_binary[0]; i++) {
        int n = snprintf(path, size, "%s%s", folder, below_binary[i]);
        if (n < 0 || (size_t)n >= size)
            return too_long(err);
        struct stat status;
        if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
            return 0;
    }
    return err_set(err, EXIT_NOINPUT,
                   "the profiles that come with s2d are not at %s%s; install s2d again", folder,
                   below_binary[0]);
}
