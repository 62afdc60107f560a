/* catalog.c - see catalog.h. The models themselves are in catalog_models.c. */
#include "app/profile/catalog.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/paths.h"
#include "app/profile/config.h"
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

/* Looks below everybody's cache for files that match the pattern. 0 = found. */
static int find_in_cache(const char *pattern, uint64_t bytes, char *path, size_t size)
{
    char cache[PATH_BYTES], full[2 * PATH_BYTES];
    if (paths_get(PLACE_CACHE, NULL, cache, sizeof cache, NULL) != 0)
        return -1;
    /* The folder's own name is not a pattern. */
    size_t n = 0;
    for (const char *c = cache; *c && n < sizeof full - PATH_BYTES / 2; c++) {
        if (strchr("*?[\\", *c))
            full[n++] = '\\';
        full[n++] = *c;
    }
    snprintf(full + n, sizeof full - n, "/%s", pattern);

    glob_t found;
    int result = -1;
    if (glob(full, 0, NULL, &found) != 0)
        return -1;
    for (size_t i = 0; i < found.gl_pathc && result != 0; i++) {
        if (!is_file(found.gl_pathv[i], bytes))
            continue;
        int length = snprintf(path, size, "%s", found.gl_pathv[i]);
        result = length >= 0 && (size_t)length < size ? 0 : -1;
    }
    globfree(&found);
    return result;
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

static int resolve_model(const CatalogModel *model, char *path, size_t size, Err *err)
{
    char name[128], pattern[256], text[32];
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

    /* Other programs' places. Their layouts: huggingface_hub's
     * "models--OWNER--NAME/snapshots/REVISION/FILE" and llama.cpp's "OWNER_NAME_FILE". */
    snprintf(pattern, sizeof pattern, "huggingface/hub/models--*/snapshots/*/%s", model->file);
    if (find_in_cache(pattern, model->bytes, path, size) == 0)
        return 0;
    snprintf(pattern, sizeof pattern, "llama.cpp/*%s", model->file);
    if (find_in_cache(pattern, model->bytes, path, size) == 0)
        return 0;
    return err_set(err, EXIT_NOINPUT, "model %s is not here; `s2d pull %s` brings it (%s)",
                   model->name, model->name, catalog_size_text(model->bytes, text, sizeof text));
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
    Err trouble = {0};
    if (name_or_path[0] != '/' && find_in_folders(name_or_path, 0, path, size, &trouble) == 0)
        return 0;
    if (trouble.code)
        return err_set(err, trouble.code, "%s", trouble.text);
    return err_set(err, EXIT_NOINPUT,
                   "%.300s: no such file, nor a name of the catalog; `s2d models` lists those",
                   name_or_path);
}

void catalog_short_name(const char *name_or_path, char *name, size_t size)
{
    const char *slash = strrchr(name_or_path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : name_or_path);
    size_t length = strlen(name);
    if (gguf_part_of(name, NULL) > 0)
        name[length - sizeof "-00001-of-00003.gguf" + 1] = '\0';
    else if (length > 5 && strcmp(name + length - 5, ".gguf") == 0)
        name[length - 5] = '\0';
}
