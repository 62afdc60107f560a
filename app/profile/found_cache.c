/* found_cache.c - see found_cache.h. */
#include "app/profile/found_cache.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/save_file.h"

static bool take_text(const json_t *entry, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(entry, key));
    size_t n = text ? strlen(text) : 0;
    if (n == 0 || n >= size)
        return false;
    for (size_t i = 0; i < n; i++) /* as headers have them */
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    strcpy(out, text);
    return true;
}

static bool take_number(const json_t *entry, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(entry, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) > 0;
}

static bool take_header(const json_t *entry, FoundHeader *header)
{
    uint64_t context;
    char vocabulary[17], *end;
    FoundHeader taken = {0};
    if (!take_text(entry, "arch", taken.arch, sizeof taken.arch) ||
        !take_text(entry, "type", taken.quant, sizeof taken.quant) ||
        !take_text(entry, "vocabulary", vocabulary, sizeof vocabulary) ||
        !take_number(entry, "context", &context) || context > INT32_MAX ||
        !take_number(entry, "weights", &taken.weights) ||
        !take_number(entry, "weight_bytes", &taken.weight_bytes))
        return false;
    taken.context = (int)context;
    taken.vocabulary = strtoull(vocabulary, &end, 16);
    if (*end || taken.vocabulary == 0)
        return false;
    *header = taken;
    return true;
}

/* Is it what the entry was made of? */
static bool same_file(const json_t *entry, const FoundModel *model)
{
    uint64_t bytes, inode, changed;
    const char *path = json_string_value(json_object_get(entry, "path"));
    return path && strcmp(path, model->path) == 0 && take_number(entry, "bytes", &bytes) &&
           take_number(entry, "inode", &inode) && take_number(entry, "changed", &changed) &&
           bytes == model->bytes && inode == (uint64_t)model->inode &&
           changed == (uint64_t)model->changed;
}

int found_cache_take(FoundList *list, const char *json, size_t bytes)
{
    json_t *root = json_loadb(json, bytes, JSON_REJECT_DUPLICATES, NULL);
    const json_t *entries = json_object_get(root, "models");
    int had = 0;
    size_t next = 0, n = json_array_size(entries);
    if (json_integer_value(json_object_get(root, "v")) != FOUND_CACHE_VERSION)
        n = 0;
    for (int i = 0; i < list->n; i++) {
        FoundModel *model = &list->models[i];
        for (size_t tried = 0; tried < n && model->unread; tried++, next++) {
            const json_t *entry =
                json_array_get(entries, next % n); /* mostly the one that follows */
            if (same_file(entry, model) && take_header(entry, &model->header)) {
                model->unread = false;
                had++;
            }
        }
    }
    json_decref(root);
    return had;
}

char *found_cache_text(const FoundList *list)
{
    json_t *entries = json_array();
    for (int i = 0; i < list->n; i++) {
        const FoundModel *model = &list->models[i];
        const FoundHeader *header = &model->header;
        char vocabulary[17];
        snprintf(vocabulary, sizeof vocabulary, "%" PRIx64, header->vocabulary);
        if (model->unread || header->problem[0])
            continue;
        /* A path that is no UTF-8 makes no entry. */
        json_t *entry = json_pack(
            "{s:s, s:I, s:I, s:I, s:s, s:s, s:i, s:I, s:I, s:s}", "path", model->path, "bytes",
            (json_int_t)model->bytes, "inode", (json_int_t)model->inode, "changed",
            (json_int_t)model->changed, "arch", header->arch, "type", header->quant, "context",
            header->context, "weights", (json_int_t)header->weights, "weight_bytes",
            (json_int_t)header->weight_bytes, "vocabulary", vocabulary);
        if (entry)
            json_array_append_new(entries, entry);
    }
    json_t *root = json_pack("{s:i, s:o}", "v", FOUND_CACHE_VERSION, "models", entries);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

void found_read_all(FoundList *list, uint64_t most, FoundVisit *visit, void *user)
{
    char path[PATH_BYTES];
    size_t bytes;
    bool has_place = paths_get(PLACE_STATE, "headers.json", path, sizeof path, NULL) == 0;
    char *json = has_place ? read_file(path, "headers", FOUND_CACHE_BYTES_MAX, &bytes, NULL) : NULL;
    int fresh = 0;
    if (json)
        found_cache_take(list, json, bytes);
    free(json);
    for (int i = 0; i < list->n; i++) {
        FoundModel *model = &list->models[i];
        if (model->unread && model->bytes <= most) {
            found_read(model);
            fresh += !model->header.problem[0];
        }
        if (visit)
            visit(user, model);
    }
    char *text = fresh > 0 && has_place ? found_cache_text(list) : NULL;
    if (text && strlen(text) <= FOUND_CACHE_BYTES_MAX && paths_make(PLACE_STATE, NULL) == 0)
        save_file(path, text, strlen(text), true, NULL);
    free(text);
}
