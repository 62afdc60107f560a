/* head_source.c - the files of a published head: see head_import.h. */
#include <string.h>
#include <sys/stat.h>

#include "app/import/head_parts.h"

/* As the authors' programs look for them, and what conversions to safetensors are called. */
static const char *const names[] = {"model.safetensors",          "pytorch_model.bin",
                                    "medusa_lm_head.safetensors", "medusa_lm_head.pt",
                                    "hydra_lm_head.safetensors",  "hydra_lm_head.pt"};
enum { NAMES = sizeof names / sizeof *names };

/* false = there is no such file. */
static bool in_folder(const char *folder, const char *name, char path[IMPORT_PATH_BYTES])
{
    struct stat status;
    int n = snprintf(path, IMPORT_PATH_BYTES, "%s/%s", folder, name);
    if (n < IMPORT_PATH_BYTES && stat(path, &status) == 0)
        return true;
    path[0] = '\0';
    return false;
}

static int find_in_folder(HeadImport *import, const char *folder, Err *err)
{
    for (int i = 0; i < NAMES && import->path[0] == '\0'; i++)
        in_folder(folder, names[i], import->path);
    if (import->path[0] == '\0')
        return err_set(err, EXIT_NOINPUT,
                       "%s: no head is in that folder, neither model.safetensors nor "
                       "pytorch_model.bin, medusa_lm_head.* or hydra_lm_head.*; name its file",
                       folder);
    if (import->ask->config == NULL)
        in_folder(folder, "config.json", import->config_path);
    return 0;
}

int head_source(HeadImport *import, Err *err)
{
    const char *path = import->ask->path, *config = import->ask->config;
    struct stat status;
    if (strlen(path) >= IMPORT_PATH_BYTES || (config && strlen(config) >= IMPORT_PATH_BYTES))
        return err_set(err, EXIT_USAGE, "%.60s...: the name is too long", path);
    if (config)
        strcpy(import->config_path, config);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (find_in_folder(import, path, err) != 0)
            return -1;
    } else {
        strcpy(import->path, path);
    }
    const char *found = import->config_path[0] ? import->config_path : NULL;
    return head_config_read(&import->config, found, err) == 0
               ? tensor_file_open(&import->file, import->path, err)
               : -1;
}
