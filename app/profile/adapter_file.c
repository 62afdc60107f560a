/* adapter_file.c - see adapter_file.h. */
#include "app/profile/adapter_file.h"

#include <string.h>
#include <unistd.h>

#include "app/base/file_hash.h"
#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/profile/catalog.h"

typedef struct Content {
    const AdapterInfo *info;
    const AdapterTensor *tensors;
    int n_tensors;
} Content;

static int write_content(FILE *stream, void *user, Err *err)
{
    const Content *content = user;
    return adapter_write(stream, content->info, content->tensors, content->n_tensors, err);
}

int adapter_save(const char *path, const AdapterInfo *info, const AdapterTensor *tensors,
                 int n_tensors, Err *err)
{
    return save_stream(path, write_content, &(Content){info, tensors, n_tensors}, err);
}

int adapter_find(const char *name, char *path, Err *err)
{
    char shipped[PATH_BYTES];
    const char *slash = strrchr(name, '/');
    int n = snprintf(path, PATH_BYTES, "%s", name);
    if (n < PATH_BYTES && access(path, F_OK) == 0)
        return 0;
    if (paths_shipped_profiles(shipped, sizeof shipped, NULL) == 0) {
        n = snprintf(path, PATH_BYTES, "%s/%s", shipped, slash ? slash + 1 : name);
        if (n < PATH_BYTES && access(path, F_OK) == 0)
            return 0;
    }
    return err_set(
        err, EXIT_NOINPUT,
        "%.300s: there is no such adapter here; without one (--adapter none) the draft's "
        "exits are untrained",
        name);
}

const char *adapter_base_hash(const char *base, const char *base_path, char *computed, Err *err)
{
    const CatalogModel *known = catalog_find(base);
    if (known && known->sha256)
        return known->sha256;
    return file_hash(base_path, computed, err) == 0 ? computed : NULL;
}

int adapter_open_for(Adapter **adapter, const char *name, const char *base, const char *base_path,
                     Err *err)
{
    char path[PATH_BYTES], computed[SHA256_TEXT];
    *adapter = NULL;
    if (adapter_find(name, path, err) != 0 || adapter_open(adapter, path, err) != 0)
        return -1;
    const char *hash = adapter_base_hash(base, base_path, computed, err);
    if (hash && strcmp(hash, (*adapter)->info.base_sha256) == 0)
        return 0;
    err_set(
        err, EXIT_DATA,
        "%s: it was trained on a base with SHA-256 %.16s..., but that of %.60s is %.16s...; name "
        "its own base as the draft's",
        gguf_label((*adapter)->gguf), (*adapter)->info.base_sha256, base, hash ? hash : "");
    adapter_close(*adapter);
    *adapter = NULL;
    return -1;
}
