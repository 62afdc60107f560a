/* found.c - see found.h. */
#include "app/profile/found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile/catalog.h"
#include "engine/model/model.h"
#include "engine/text/pretoken.h"

typedef struct Collect {
    FoundList *list;
    bool no_memory;
} Collect;

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The catalog's name of a file; NULL = it is none of its. */
static const char *catalog_name(const PlaceFile *file)
{
    for (int i = 0; i < catalog_count(); i++) {
        const CatalogModel *model = catalog_at(i);
        if (model->file && file->bytes == model->bytes &&
            strcmp(base_of(file->path), model->file) == 0)
            return model->name;
    }
    return NULL;
}

/* usable: nothing is known against it. */
static FoundModel *find(const FoundList *list, const char *name, bool usable)
{
    static const char latest[] = ":latest"; /* what Ollama takes a name without a tag for */
    size_t n = strlen(name);
    for (int i = 0; i < list->n; i++) {
        FoundModel *model = &list->models[i];
        const char *rest = model->name + n;
        if (strncmp(model->name, name, n) == 0 && (!*rest || strcmp(rest, latest) == 0) &&
            (!usable || !model->header.problem[0]))
            return model;
    }
    return NULL;
}

/* false = both this name and that with the place are taken by others. */
static bool give_name(const FoundList *list, FoundModel *model, const PlaceFile *file)
{
    char stem[FOUND_NAME];
    const char *known = file->name ? file->name : catalog_name(file);
    places_stem(file->path, stem, sizeof stem);
    snprintf(model->name, sizeof model->name, "%s", known ? known : stem);
    if (file->problem || !find(list, model->name, true)) /* it is listed, not chosen */
        return true;
    int n = snprintf(model->name, sizeof model->name, "%s/%s", file->place, known ? known : stem);
    return n < (int)sizeof model->name && !find(list, model->name, true);
}

static void take(void *user, const PlaceFile *file)
{
    Collect *collect = user;
    FoundList *list = collect->list;
    for (int i = 0; i < list->n && file->inode; i++)
        if (list->models[i].inode == file->inode && list->models[i].device == file->device)
            return;
    if (list->n == FOUND_MAX)
        return;
    if (list->n == list->size) {
        int size = list->size ? 2 * list->size : 32;
        FoundModel *grown = realloc(list->models, (size_t)size * sizeof *grown);
        if (!grown) {
            collect->no_memory = true;
            return;
        }
        list->models = grown;
        list->size = size;
    }
    FoundModel *model = &list->models[list->n];
    *model = (FoundModel){.place = file->place,
                          .bytes = file->bytes,
                          .device = file->device,
                          .inode = file->inode,
                          .changed = file->changed,
                          .unread = !file->problem};
    if (!give_name(list, model, file))
        return; /* its path still works */
    if (file->problem)
        snprintf(model->header.problem, sizeof model->header.problem, "%s", file->problem);
    model->path = strdup(file->path);
    collect->no_memory = collect->no_memory || !model->path;
    list->n += model->path != NULL;
}

int found_list(FoundList *list, Err *warning)
{
    *list = (FoundList){0};
    Collect collect = {.list = list};
    places_walk(take, &collect, warning);
    if (!collect.no_memory)
        return 0;
    found_close(list);
    return -1;
}

void found_close(FoundList *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->models[i].path);
    free(list->models);
    *list = (FoundList){0};
}

FoundModel *found_by_name(const FoundList *list, const char *name)
{
    char stem[FOUND_NAME];
    FoundModel *model = find(list, name, true);
    if (!model)
        model = find(list, name, false);
    for (int i = 0; i < list->n && !model; i++) { /* the catalog has another name for it */
        places_stem(list->models[i].path, stem, sizeof stem);
        if (strcmp(stem, name) == 0)
            model = &list->models[i];
    }
    return model;
}

const FoundModel *found_by_file(const FoundList *list, const char *file, uint64_t bytes)
{
    for (int i = 0; i < list->n; i++) {
        const FoundModel *model = &list->models[i];
        const char *base = base_of(model->path);
        size_t length = strlen(base), tail = strlen(file);
        if (model->bytes == bytes && length >= tail && strcmp(base + length - tail, file) == 0 &&
            (length == tail || base[length - tail - 1] == '_'))
            return model;
    }
    return NULL;
}

/* --- headers --- */

static void copy_string(char *to, size_t size, GgufString from)
{
    snprintf(to, size, "%.*s", (int)(from.length < size ? from.length : size), from.data);
}

/* What can be told of any model, s2d's or not. */
static void describe(FoundHeader *header, const Gguf *gguf)
{
    GgufString arch;
    char key[64];
    uint32_t context = 0;
    if (gguf_get_string(gguf, "general.architecture", &arch, NULL) == 1)
        copy_string(header->arch, sizeof header->arch, arch);
    snprintf(key, sizeof key, "%s.context_length", header->arch);
    if (gguf_get_u32(gguf, key, &context, NULL) == 1 && context <= INT32_MAX)
        header->context = (int)context;
    for (int i = 0; i < gguf_tensor_count(gguf); i++) {
        const GgufTensor *tensor = gguf_tensor_at(gguf, i);
        uint64_t weights = 1;
        for (int d = 0; d < 4; d++)
            weights *= (uint64_t)tensor->dims[d]; /* its bytes are in the file: no overflow */
        header->weights += weights;
        header->weight_bytes += tensor->bytes;
    }
    header->vocabulary = fingerprint_of(gguf);
}

static int check_words(const Gguf *gguf, Err *err)
{
    GgufString model, pre;
    if (gguf_get_string(gguf, "tokenizer.ggml.model", &model, NULL) != 1)
        return err_set(err, EXIT_DATA, "the file holds no tokenizer");
    if (model.length != 4 || memcmp(model.data, "gpt2", 4) != 0 ||
        gguf_get_string(gguf, "tokenizer.ggml.pre", &pre, NULL) != 1 ||
        pretoken_by_name(pre.data, pre.length) != NULL)
        return 0;
    return err_set(err, EXIT_DATA, "pre-tokenizer '%.*s' is not known",
                   (int)(pre.length < 40 ? pre.length : 40), pre.data);
}

/* The reason without the path before it, which stands beside it anyway; the path of another part stays. */
static void take_problem(FoundHeader *header, const char *path, const Err *err)
{
    const char *base = base_of(path), *at = strstr(err->text, base);
    size_t n = strlen(base);
    bool own = at && strncmp(at + n, ": ", 2) == 0;
    snprintf(header->problem, sizeof header->problem, "%.*s", (int)sizeof header->problem - 1,
             own ? at + n + 2 : err->text);
}

void found_read(FoundModel *model)
{
    Gguf *gguf;
    Err err = {0};
    ModelConfig config;
    model->unread = false;
    model->header = (FoundHeader){0};
    if (gguf_open(&gguf, model->path, &err) != 0) {
        take_problem(&model->header, model->path, &err);
        return;
    }
    describe(&model->header, gguf);
    if (model_config(&config, gguf, &err) != 0 || check_words(gguf, &err) != 0)
        take_problem(&model->header, gguf_path(gguf), &err);
    else
        snprintf(model->header.quant, sizeof model->header.quant, "%s", config.quant);
    gguf_close(gguf);
}

const char *found_weights_text(uint64_t weights, char *text, size_t size)
{
    double n = (double)weights;
    if (n >= 99.5e9)
        snprintf(text, size, "%.0fB", n / 1e9);
    else if (n >= 999.5e6)
        snprintf(text, size, "%.1fB", n / 1e9);
    else
        snprintf(text, size, "%.0fM", n / 1e6);
    return text;
}
