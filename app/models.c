/* models.c - `s2d models`: the catalog, and what of it is on this machine. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/commands.h"
#include "app/profile/catalog.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Bytes of the longest part file of a model in the folder; 0 = none. */
static uint64_t part_bytes(const CatalogModel *model, const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    uint64_t most = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        struct stat status;
        if (strncmp(entry->d_name, model->file, strlen(model->file)) == 0 &&
            ends_with(entry->d_name, ".part") &&
            fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 && (uint64_t)status.st_size > most)
            most = (uint64_t)status.st_size;
    }
    closedir(dir);
    return most;
}

static void print_model(const CatalogModel *model, const char *folder)
{
    char path[PATH_BYTES], size[16] = "-", state[32];
    if (model->bytes > 0)
        catalog_size_text(model->bytes, size, sizeof size);
    if (catalog_resolve(model->name, path, sizeof path, NULL) == 0) {
        print_report(stdout, "%-20s %8s  %-10s %s\n", model->name, size, "here", path);
        return;
    }
    if (!model->file) {
        print_report(stdout, "%-20s %8s  %-10s %s: put its GGUF at %s/%s.gguf\n", model->name, size,
                     "path-only", model->about, folder, model->name);
        return;
    }
    uint64_t part = part_bytes(model, folder);
    snprintf(state, sizeof state, part > 0 ? "%d%% here" : "absent",
             (int)(100 * part / model->bytes));
    print_report(stdout, "%-20s %8s  %-10s %s\n", model->name, size, state, model->about);
}

const CommandLine cmd_models_line = {
    .name = "models",
    .summary = "the catalog, and which of it is here",
};

int cmd_models(int argc, char **argv)
{
    Err err = {0};
    char folder[PATH_BYTES];
    if (argc > 1) {
        print_report(stderr, "s2d models: \"%s\" is not understood; it takes no arguments\n",
                     argv[1]);
        return EXIT_USAGE;
    }
    if (paths_get(PLACE_MODELS, NULL, folder, sizeof folder, &err) != 0) {
        fprintf(stderr, "s2d models: %s\n", err.text);
        return err.code;
    }
    for (int i = 0; i < catalog_count(); i++)
        print_model(catalog_at(i), folder);
    print_report(stdout, "\n`s2d pull NAME` fetches an absent one into %s.\n", folder);
    return 0;
}
