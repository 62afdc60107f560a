/* models.c - `s2d models`: what is on this machine, and what the catalog has besides. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/profile/found_cache.h"
#include "app/profile/pair.h"
#include "app/worker/confine.h"

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

enum { NAME_MOST = 44 }; /* columns */

static int columns_of(const FoundModel *model)
{
    int width = text_width(model->name, strlen(model->name));
    return width < NAME_MOST ? width : NAME_MOST;
}

static bool is_usable(const FoundModel *model)
{
    return !model->header.problem[0];
}

/* The smallest that fits, and how many more do. */
static void drafts_text(const FoundList *list, const FoundModel *target, char *text, size_t size)
{
    int n = 0;
    const FoundModel *first = pair_next(list, target, NULL);
    for (const FoundModel *draft = first; draft; draft = pair_next(list, target, draft))
        n++;
    if (n == 0)
        snprintf(text, size, "-");
    else if (n == 1)
        snprintf(text, size, "%s", first->name);
    else
        snprintf(text, size, "%s and %d more", first->name, n - 1);
}

/* Names come from files: one line each, whatever they hold. */
static void clean_name(FoundModel *model)
{
    char clean[FOUND_NAME];
    text_clean_line(model->name, clean, sizeof clean);
    strcpy(model->name, clean);
}

static void print_found(const FoundList *list)
{
    int width = 4;
    for (int i = 0; i < list->n; i++)
        if (is_usable(&list->models[i]) && columns_of(&list->models[i]) > width)
            width = columns_of(&list->models[i]);
    print_report(stdout, "%-*s  %8s  %-9s %6s  %-7s %8s  %-9s  %s\n", width, "NAME", "SIZE",
                 "FAMILY", "", "TYPE", "CONTEXT", "FOUND IN", "DRAFTS THAT FIT");
    for (int i = 0; i < list->n; i++) {
        const FoundModel *model = &list->models[i];
        const FoundHeader *header = &model->header;
        char size[16], weights[16], drafts[FOUND_NAME + 32];
        if (!is_usable(model))
            continue;
        drafts_text(list, model, drafts, sizeof drafts);
        int name = text_width(model->name, strlen(model->name));
        print_report(stdout, "%s%*s  %8s  %-9s %6s  %-7s %8d  %-9s  %s\n", model->name,
                     name < width ? width - name : 0, "",
                     catalog_size_text(model->bytes, size, sizeof size), header->arch,
                     found_weights_text(header->weights, weights, sizeof weights), header->quant,
                     header->context, model->place, drafts);
    }
}

static void print_unusable(const FoundList *list)
{
    bool any = false;
    for (int i = 0; i < list->n; i++) {
        const FoundModel *model = &list->models[i];
        char path[PATH_BYTES];
        if (is_usable(model))
            continue;
        if (!any)
            print_report(stdout, "\nFound, but of no use to s2d:\n");
        any = true;
        text_clean_line(model->path, path, sizeof path);
        print_report(stdout, "  %s: %s\n", path, model->header.problem);
    }
}

static void print_absent(const char *folder)
{
    char path[PATH_BYTES], size[16] = "-", state[32];
    for (int i = 0; i < catalog_count(); i++) {
        const CatalogModel *model = catalog_at(i);
        if (!model->file || catalog_resolve(model->name, path, sizeof path, NULL) == 0)
            continue;
        uint64_t part = part_bytes(model, folder);
        snprintf(state, sizeof state, part > 0 ? "%d%% here" : "absent",
                 (int)(100 * part / model->bytes));
        print_report(stdout, "  %-20s %8s  %-10s %s\n", model->name,
                     catalog_size_text(model->bytes, size, sizeof size), state, model->about);
    }
}

/* What s2d knows by name and has no source for. */
static void print_own(void)
{
    char path[PATH_BYTES];
    bool any = false;
    for (int i = 0; i < catalog_count(); i++) {
        const CatalogModel *model = catalog_at(i);
        if (model->file || catalog_resolve(model->name, path, sizeof path, NULL) == 0)
            continue;
        print_report(stdout, "%s%s",
                     any ? ", " : "  files of your own, as NAME.gguf: ", model->name);
        any = true;
    }
    if (any)
        print_report(stdout, "\n");
}

const CommandLine cmd_models_line = {
    .name = "models",
    .summary = "what is on this machine, and what the catalog has besides",
};

static void confine(void)
{
    char state[PATH_BYTES];
    bool has_state = paths_make(PLACE_STATE, NULL) == 0 &&
                     paths_get(PLACE_STATE, NULL, state, sizeof state, NULL) == 0;
    confine_files(has_state ? state : NULL);
    confine_calls(false);
}

int cmd_models(int argc, char **argv)
{
    Err err = {0}, unread = {0};
    char folder[PATH_BYTES];
    FoundList list;
    if (argc > 1) {
        print_report(stderr, "s2d models: \"%s\" is not understood; it takes no arguments\n",
                     argv[1]);
        return EXIT_USAGE;
    }
    if (paths_get(PLACE_MODELS, NULL, folder, sizeof folder, &err) != 0) {
        fprintf(stderr, "s2d models: %s\n", err.text);
        return err.code;
    }
    confine(); /* nobody vouches for what is read here */
    if (found_list(&list, &unread) != 0) {
        fprintf(stderr, "s2d models: out of memory\n");
        return EXIT_MEMORY;
    }
    if (unread.code)
        fprintf(stderr, "s2d models: %s\n", unread.text);
    found_read_all(&list, UINT64_MAX, NULL, NULL);
    for (int i = 0; i < list.n; i++)
        clean_name(&list.models[i]);
    if (list.n > 0)
        print_found(&list);
    print_unusable(&list);
    print_report(stdout, "%sThe catalog besides (`s2d pull NAME` fetches into %s):\n",
                 list.n > 0 ? "\n" : "", folder);
    print_absent(folder);
    print_own();
    found_close(&list);
    return 0;
}
