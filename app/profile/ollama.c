/* ollama.c - see ollama.h. */
#include "app/profile/ollama.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char model_type[] = "application/vnd.ollama.image.model";

static int wrong(Err *err, const char *problem)
{
    return err_set(err, EXIT_DATA, "the manifest %s", problem);
}

/* "sha256:" and 64 hex digits, and nothing else: it becomes the name of a file. */
static int take_layer(OllamaModel *model, const json_t *layer, Err *err)
{
    static const char before[] = "sha256:";
    const char *digest = json_string_value(json_object_get(layer, "digest"));
    const json_t *size = json_object_get(layer, "size");
    if (!digest || strncmp(digest, before, sizeof before - 1) != 0 ||
        strlen(digest) != sizeof before - 1 + SHA256_TEXT - 1 ||
        strspn(digest + sizeof before - 1, "0123456789abcdef") != SHA256_TEXT - 1)
        return wrong(err, "names a blob by something else than a SHA-256; it is refused");
    if (!json_is_integer(size) || json_integer_value(size) <= 0)
        return wrong(err, "does not say how large the model is");
    strcpy(model->digest, digest + sizeof before - 1);
    model->bytes = (uint64_t)json_integer_value(size);
    return 0;
}

static int take_layers(OllamaModel *model, const json_t *layers, Err *err)
{
    int models = 0;
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *layer = json_array_get(layers, i);
        const char *type = json_string_value(json_object_get(layer, "mediaType"));
        if (!type || strcmp(type, model_type) != 0)
            continue;
        if (models++ > 0)
            return wrong(err, "has several models, which s2d does not join");
        if (take_layer(model, layer, err) != 0)
            return -1;
    }
    return models == 1 ? 0 : wrong(err, "has no model among its layers");
}

int ollama_manifest(OllamaModel *model, const char *json, size_t bytes, Err *err)
{
    json_t *root = json_loadb(json, bytes, JSON_REJECT_DUPLICATES, NULL);
    const json_t *layers = json_object_get(root, "layers");
    *model = (OllamaModel){0};
    int status = !root                    ? wrong(err, "is no JSON")
                 : !json_is_array(layers) ? wrong(err, "has no list of layers")
                                          : take_layers(model, layers, err);
    json_decref(root);
    return status;
}

int ollama_name(const char *path, char name[OLLAMA_NAME_BYTES])
{
    static const char own_host[] = "registry.ollama.ai/", own_names[] = "library/";
    int slashes = 0;
    for (const char *c = path; *c; c++)
        slashes += *c == '/';
    if (slashes != 3)
        return -1;
    if (strncmp(path, own_host, sizeof own_host - 1) == 0) {
        path += sizeof own_host - 1;
        if (strncmp(path, own_names, sizeof own_names - 1) == 0)
            path += sizeof own_names - 1;
    }
    int n = snprintf(name, OLLAMA_NAME_BYTES, "%s", path);
    if (n < 0 || n >= OLLAMA_NAME_BYTES)
        return -1;
    *strrchr(name, '/') = ':';
    return 0;
}
