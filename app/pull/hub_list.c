/* hub_list.c - see hub_list.h. */
#include "app/pull/hub_list.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint64_t bytes_max = (uint64_t)1 << 50;

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

/* Whether a path stays inside the folder that it is put in, and can be shown. */
static bool is_path(const char *path)
{
    size_t length = strlen(path), folder = 0;
    if (length == 0 || length >= HUB_PATH_BYTES)
        return false;
    for (size_t at = 0; at <= length; at++) {
        unsigned char c = (unsigned char)path[at];
        if (c != '/' && c != '\0') {
            if (c < ' ' || c == 0x7f || c == '\\')
                return false;
            continue;
        }
        if (at == folder || path[folder] == '.' || at - folder >= HUB_NAME_BYTES)
            return false; /* "", ".", "..", and what is hidden */
        folder = at + 1;
    }
    return true;
}

static bool is_hex(const char *text, size_t length)
{
    return text && strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* Parts of a model that are none by themselves. */
static bool is_companion(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strncasecmp(name, "mmproj", 6) == 0 || strcasestr(name, "imatrix") != NULL;
}

/* A count of bytes; 0 = it is none. */
static uint64_t bytes_of(const json_t *value)
{
    json_int_t bytes = json_is_integer(value) ? json_integer_value(value) : 0;
    return bytes > 0 && (uint64_t)bytes <= bytes_max ? (uint64_t)bytes : 0;
}

static bool is_listed(const HubList *list, const char *path)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->files[i].path, path) == 0)
            return true;
    return false;
}

static int add_file(HubList *list, const char *path, const json_t *sibling, const char *repo,
                    Err *err)
{
    HubFile file = {0};
    const json_t *lfs = json_object_get(sibling, "lfs"), *size = json_object_get(sibling, "size");
    if (json_is_object(lfs)) {
        const char *hash = json_string_value(json_object_get(lfs, "sha256"));
        file.bytes = bytes_of(json_object_get(lfs, "size"));
        if (!is_hex(hash, SHA256_TEXT - 1) || file.bytes == 0 ||
            (size && bytes_of(size) != file.bytes))
            return err_set(err, EXIT_DATA, "%s: the hub's size or hash of %.200s makes no sense",
                           repo, path);
        memcpy(file.sha256, hash, SHA256_TEXT);
    } else if ((file.bytes = bytes_of(size)) == 0) {
        return err_set(err, EXIT_DATA, "%s: the hub gives no size of %.200s", repo, path);
    }
    if (list->n == HUB_FILES_MAX || is_listed(list, path))
        return err_set(err, EXIT_DATA, "%s: the hub lists %s", repo,
                       list->n == HUB_FILES_MAX ? "more than 4096 GGUF files" : "a file twice");
    file.path = strdup(path);
    if (!file.path)
        return err_set(err, EXIT_MEMORY, "out of memory");
    list->files[list->n++] = file;
    return 0;
}

static int add_sibling(HubList *list, const json_t *sibling, const char *repo, Err *err)
{
    const char *path = json_string_value(json_object_get(sibling, "rfilename"));
    if (!path)
        return err_set(err, EXIT_DATA, "%s: the hub lists a file without a name", repo);
    if (ends_with(path, ".safetensors") || ends_with(path, ".bin"))
        list->other_weights = true;
    if (!ends_with(path, ".gguf") || is_companion(path))
        return 0;
    if (!is_path(path))
        return err_set(err, EXIT_DATA,
                       "%s: the hub names a file \"%.200s\": that is nothing to make here", repo,
                       path);
    return add_file(list, path, sibling, repo, err);
}

static int read_answer(HubList *list, const json_t *answer, const char *repo, Err *err)
{
    const json_t *siblings = json_object_get(answer, "siblings");
    const char *revision = json_string_value(json_object_get(answer, "sha"));
    if (!json_is_array(siblings) || !is_hex(revision, HUB_REVISION_BYTES - 1))
        return err_set(err, EXIT_DATA, "%s: the hub's answer is no list of files", repo);
    memcpy(list->revision, revision, HUB_REVISION_BYTES);
    size_t n = json_array_size(siblings), most = n < HUB_FILES_MAX ? n : HUB_FILES_MAX;
    list->files = calloc(most + 1, sizeof *list->files);
    if (!list->files)
        return err_set(err, EXIT_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        if (add_sibling(list, json_array_get(siblings, i), repo, err) != 0)
            return -1;
    return 0;
}

int hub_list_parse(HubList *list, const char *json, size_t bytes, const char *repo, Err *err)
{
    json_error_t error;
    *list = (HubList){0};
    json_t *answer = json_loadb(json, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!answer)
        return err_set(
            err, json_error_code(&error) == json_error_out_of_memory ? EXIT_MEMORY : EXIT_DATA,
            "%s: the hub's answer is no JSON: %.160s", repo, error.text);
    int result = read_answer(list, answer, repo, err);
    json_decref(answer);
    if (result != 0)
        hub_list_close(list);
    return result;
}

void hub_list_close(HubList *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (HubList){0};
}
