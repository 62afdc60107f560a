/* catalog.c - see catalog.h. The models themselves are in catalog_models.c. */
#include "app/profile/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/profile/config.h"
#include "app/profile/found.h"
#include "engine/gguf/gguf.h"

const CatalogModel *catalog_find(const char *name)
{
    for (int i = 0; i < catalog_count(); i++)
        if (strcmp(catalog_at(i)->name, name) == 0)
            return catalog_at(i);
    return NULL;
}

int catalog_part_text(const char *pattern, int part, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (const char *c = pattern; *c; c++) {
        int n;
        if (c[0] == '#' && c[1] == '#') {
            n = snprintf(text + length, size - length, "%02d", part);
            c++;
        } else if (c[0] == '#') {
            n = snprintf(text + length, size - length, "%d", part);
        } else {
            n = snprintf(text + length, size - length, "%c", *c);
        }
        if (n < 0 || (size_t)n >= size - length)
            return -1;
        length += (size_t)n;
    }
    return 0;
}

const char *catalog_size_text(uint64_t bytes, char *text, size_t size)
{
    if (bytes >= 1000000000)
        snprintf(text, size, "%.1f GB", (double)bytes / 1e9);
    else
        snprintf(text, size, "%.0f MB", (double)bytes / 1e6);
    return text;
}

/* bytes: what the file must have; 0 = any. */
static bool is_file(const char *path, uint64_t bytes)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           (bytes == 0 || (uint64_t)status.st_size == bytes);
}

/* Looks for a file in the folders that the config file names. 0 = found; -1 with err: the config file
 * cannot be read. */
static int find_in_folders(const char *file, uint64_t bytes, char *path, size_t size, Err *err)
{
    Config *config = malloc(sizeof *config);
    if (!config)
        return err_set(err, EXIT_MEMORY, "out of memory");
    int result = config_open(config, err);
    if (result == 0) {
        result = -1;
        for (int i = 0; i < config->n_folders && result != 0; i++) {
            int n = snprintf(path, size, "%s/%s", config->folders[i], file);
            result = n >= 0 && (size_t)n < size && is_file(path, bytes) ? 0 : -1;
        }
        config_close(config);
    }
    free(config);
    return result;
}

/* Looks where other programs keep models: for a file of that size, or, with size 0, for a model of that
 * name. 0 = found. */
static int find_elsewhere(const char *name, uint64_t bytes, char *path, size_t size)
{
    FoundList list;
    Err unread = {0};
    if (found_list(&list, &unread) != 0)
        return -1;
    const FoundModel *model =
        bytes > 0 ? found_by_file(&list, name, bytes) : found_by_name(&list, name);
    int n = model ? snprintf(path, size, "%s", model->path) : -1;
    found_close(&list);
    return n >= 0 && (size_t)n < size ? 0 : -1;
}

static int resolve_model(const CatalogModel *model, char *path, size_t size, Err *err)
{
    char name[128], text[32];
    snprintf(name, sizeof name, "%s%s", model->file ? model->file : model->name,
             model->file ? "" : ".gguf");
    if (paths_get(PLACE_MODELS, name, path, size, err) != 0)
        return -1;
    char place[PATH_BYTES];
    snprintf(place, sizeof place, "%s", path);
    Err trouble = {0};
    if (is_file(path, model->bytes) ||
        find_in_folders(name, model->bytes, path, size, &trouble) == 0)
        return 0;
    if (trouble.code)
        return err_set(err, trouble.code, "%s", trouble.text);
    if (!model->file)
        return err_set(
            err, EXIT_NOINPUT,
            "model %s is not here and s2d knows no source for it; put its GGUF file, or a "
            "link to it, at %.300s, or give a path",
            model->name, place);

    if (find_elsewhere(model->file, model->bytes, path, size) == 0)
        return 0;
    return err_set(err, EXIT_NOINPUT, "model %s is not here; `s2d pull %s` brings it (%s)",
                   model->name, model->name, catalog_size_text(model->bytes, text, sizeof text));
}

/* A file of the models' place by its name, with or without ".gguf". 0 = found. */
static int find_in_place(const char *name, char *path, size_t size)
{
    static const char *const ends[] = {"", ".gguf"};
    char file[256];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        int n = snprintf(file, sizeof file, "%s%s", name, ends[i]);
        if (n > 0 && (size_t)n < sizeof file && !strchr(name, '/') &&
            paths_get(PLACE_MODELS, file, path, size, NULL) == 0 && is_file(path, 0))
            return 0;
    }
    return -1;
}

int catalog_resolve(const char *name_or_path, char *path, size_t size, Err *err)
{
    const CatalogModel *model = catalog_find(name_or_path);
    if (model)
        return resolve_model(model, path, size, err);
    if (is_file(name_or_path, 0))
        return gguf_part_path(name_or_path, 1, path, size) == 0
                   ? 0
                   : err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long", name_or_path);
    if (find_in_place(name_or_path, path, size) == 0)
        return 0;
    Err trouble = {0};
    if (name_or_path[0] != '/' && find_in_folders(name_or_path, 0, path, size, &trouble) == 0)
        return 0;
    if (trouble.code)
        return err_set(err, trouble.code, "%s", trouble.text);
    if (find_elsewhere(name_or_path, 0, path, size) == 0)
        return 0;
    return err_set(err, EXIT_NOINPUT,
                   "%.300s: no such file, nor the name of a model that is here; `s2d models` lists "
                   "those",
                   name_or_path);
}

void catalog_short_name(const char *name_or_path, char *name, size_t size)
{
    places_stem(name_or_path, name, size);
}
