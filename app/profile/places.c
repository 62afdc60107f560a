/* places.c - see places.h. */
#include "app/profile/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/save_file.h"
#include "app/profile/config.h"
#include "app/profile/ollama.h"
#include "engine/gguf/gguf.h"

enum { FOLDERS_MAX = 4096, PART_SUFFIX = sizeof "-00001-of-00003.gguf" - 1 };

typedef struct Walk {
    const char *place;
    PlaceVisit *visit;
    void *user;
    int entries; /* looked at so far */
    int n_folders;
    struct {
        dev_t device;
        ino_t inode;
    } folders[FOLDERS_MAX]; /* been in, against loops */
} Walk;

/* A folder's entry. below: what was said of the folders above it. */
typedef void Entry(Walk *walk, const char *path, const char *name, int depth);

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

void places_stem(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : path);
    size_t length = strlen(name);
    if (gguf_part_of(name, NULL) > 0)
        name[length - PART_SUFFIX] = '\0';
    else if (ends_with(name, ".gguf"))
        name[length - sizeof ".gguf" + 1] = '\0';
}

static void tell_problem(Walk *walk, const char *path, const char *name, const char *problem)
{
    PlaceFile file = {.place = walk->place, .path = path, .name = name, .problem = problem};
    walk->visit(walk->user, &file);
}

/* True = it is a folder, and this walk has not been there. */
static bool is_new_folder(Walk *walk, const struct stat *st)
{
    if (!S_ISDIR(st->st_mode))
        return false;
    for (int i = 0; i < walk->n_folders; i++)
        if (walk->folders[i].device == st->st_dev && walk->folders[i].inode == st->st_ino)
            return false;
    if (walk->n_folders == FOLDERS_MAX)
        return false;
    walk->folders[walk->n_folders].device = st->st_dev;
    walk->folders[walk->n_folders++].inode = st->st_ino;
    return true;
}

/* Each entry that is not hidden, by name. A folder that is not there is fine. */
static void each(Walk *walk, const char *folder, int depth, Entry *entry)
{
    struct dirent **list;
    struct stat st;
    if (stat(folder, &st) != 0 || !is_new_folder(walk, &st))
        return;
    int n = scandir(folder, &list, NULL, alphasort);
    if (n < 0) {
        tell_problem(walk, folder, NULL, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        const char *name = list[i]->d_name;
        int length = snprintf(path, sizeof path, "%s/%s", folder, name);
        if (name[0] != '.' && length < (int)sizeof path && walk->entries < PLACE_ENTRIES_MAX) {
            walk->entries++;
            entry(walk, path, name, depth);
        }
        free(list[i]);
    }
    free(list);
}

static long long changed(const struct stat *st)
{
    return (long long)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Adds the other parts to the file; whether all of them are there shows when it is opened. */
static void add_parts(PlaceFile *file, int parts)
{
    for (int i = 1; i <= parts && i <= GGUF_PARTS_MAX; i++) {
        char path[PATH_BYTES];
        struct stat st;
        if (gguf_part_path(file->path, i, path, sizeof path) != 0 ||
            strcmp(path, file->path) == 0 || stat(path, &st) != 0)
            continue;
        file->bytes += (uint64_t)st.st_size;
        file->changed = changed(&st) > file->changed ? changed(&st) : file->changed;
    }
}

/* An earlier part of the same model is there, which stands for all of them. */
static bool is_later_part(const char *path, int part)
{
    for (int i = 1; i < part; i++) {
        char earlier[PATH_BYTES];
        struct stat st;
        if (gguf_part_path(path, i, earlier, sizeof earlier) == 0 && stat(earlier, &st) == 0)
            return true;
    }
    return false;
}

/* name: Ollama's */
static void tell_file(Walk *walk, const char *path, const char *name, const char *problem)
{
    struct stat st;
    int part = 0, parts = gguf_part_of(path, &part);
    if (parts > 1 && is_later_part(path, part))
        return;
    if (stat(path, &st) != 0) {
        tell_problem(walk, path, name,
                     errno == ENOENT ? "what it leads to is not there" : strerror(errno));
        return;
    }
    if (!S_ISREG(st.st_mode))
        return;
    PlaceFile file = {.place = walk->place,
                      .path = path,
                      .name = name,
                      .bytes = (uint64_t)st.st_size,
                      .device = st.st_dev,
                      .inode = st.st_ino,
                      .changed = changed(&st),
                      .problem = problem};
    add_parts(&file, parts);
    walk->visit(walk->user, &file);
}

/* Files below a folder; depth: of further folders. */
static void visit_files(Walk *walk, const char *path, const char *name, int depth)
{
    if (ends_with(name, ".gguf"))
        tell_file(walk, path, NULL, NULL);
    else if (depth > 0)
        each(walk, path, depth - 1, visit_files);
}

/* --- the hub's cache --- */

static void visit_hub(Walk *walk, const char *path, const char *name, int depth)
{
    static const char before[] = "models--";
    char snapshots[PATH_BYTES];
    if (strncmp(name, before, sizeof before - 1) == 0 &&
        snprintf(snapshots, sizeof snapshots, "%s/snapshots", path) < (int)sizeof snapshots)
        each(walk, snapshots, depth, visit_files);
}

/* --- Ollama's store --- */

/* Of a manifest: the store is what stands before "/manifests/". */
static void visit_manifest(Walk *walk, const char *path)
{
    static const char middle[] = "/manifests/";
    char name[OLLAMA_NAME_BYTES], blob[PATH_BYTES];
    Err err = {0};
    OllamaModel model;
    const char *below = path; /* the last "/manifests/" but that of a name */
    for (const char *c = strstr(path, middle); c; c = strstr(c + 1, middle))
        if (ollama_name(c + sizeof middle - 1, name) == 0)
            below = c;
    if (below == path)
        return;
    size_t bytes;
    char *json = read_file(path, "manifest", OLLAMA_MANIFEST_MAX, &bytes, &err);
    if (!json || ollama_manifest(&model, json, bytes, &err) != 0) {
        free(json);
        tell_problem(walk, path, name, err.text);
        return;
    }
    free(json);
    struct stat st;
    if (snprintf(blob, sizeof blob, "%.*s/blobs/sha256-%s", (int)(below - path), path,
                 model.digest) >= (int)sizeof blob)
        return;
    const char *problem = stat(blob, &st) == 0 && (uint64_t)st.st_size != model.bytes
                              ? "not fully downloaded: its size is not the manifest's"
                              : NULL;
    tell_file(walk, blob, name, problem);
}

static void visit_manifests(Walk *walk, const char *path, const char *name, int depth)
{
    (void)name;
    if (depth > 0)
        each(walk, path, depth - 1, visit_manifests);
    else
        visit_manifest(walk, path);
}

/* --- the table --- */

typedef struct Place {
    const char *name;
    const char *variable;       /* names the folder in place of the rest; NULL = none does */
    const char *variable_below; /* what follows in it; NULL = nothing */
    const char *home; /* ~ of the person, or "" for the root, or NULL: everybody's cache */
    const char *below;
    int depth; /* of folders within it */
    Entry *entry;
} Place;

/* Rows of one name stand behind each other: the first one whose variable is set is the only one. */
static const Place places[] = {
    {"hub", "HF_HUB_CACHE", NULL, NULL, NULL, 4, visit_hub},
    {"hub", "HF_HOME", "hub", NULL, "huggingface/hub", 4, visit_hub},
    {"llama.cpp", "LLAMA_CACHE", NULL, NULL, "llama.cpp", 3, visit_files},
    {"ollama", "OLLAMA_MODELS", "manifests", "~", ".ollama/models/manifests", 3, visit_manifests},
    {"ollama", NULL, NULL, "", "/usr/share/ollama/.ollama/models/manifests", 3, visit_manifests},
    {"lm-studio", NULL, NULL, "~", ".lmstudio/models", 3, visit_files},
    {"lm-studio", NULL, NULL, NULL, "lm-studio/models", 3, visit_files},
};

/* false = there is no such folder. */
static bool folder_of(const Place *place, const char *variable, char *path)
{
    const char *home = getenv("HOME"), *below = place->below;
    int n;
    if (variable)
        n = snprintf(path, PATH_BYTES, "%s%s%s", variable, place->variable_below ? "/" : "",
                     place->variable_below ? place->variable_below : "");
    else if (!below)
        return false;
    else if (!place->home)
        return paths_get(PLACE_CACHE, below, path, PATH_BYTES, NULL) == 0;
    else if (!place->home[0])
        n = snprintf(path, PATH_BYTES, "%s", below);
    else if (home && home[0] == '/')
        n = snprintf(path, PATH_BYTES, "%s/%s", home, below);
    else
        return false;
    return n >= 0 && n < PATH_BYTES;
}

static void walk_table(Walk *walk)
{
    const char *settled = "";
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const Place *place = &places[i];
        char folder[PATH_BYTES];
        const char *variable = place->variable ? getenv(place->variable) : NULL;
        variable = variable && variable[0] ? variable : NULL;
        if (strcmp(settled, place->name) == 0 || !folder_of(place, variable, folder))
            continue;
        walk->place = place->name;
        each(walk, folder, place->depth, place->entry);
        if (variable)
            settled = place->name;
    }
}

static int walk_config(Walk *walk, Err *err)
{
    Config *config = malloc(sizeof *config);
    if (!config)
        return err_set(err, EXIT_MEMORY, "out of memory");
    walk->place = "config";
    int status = config_open(config, err);
    for (int i = 0; status == 0 && i < config->n_folders; i++)
        each(walk, config->folders[i], 4, visit_files);
    if (status == 0)
        config_close(config);
    free(config);
    return status;
}

int places_walk(PlaceVisit *visit, void *user, Err *err)
{
    char folder[PATH_BYTES];
    Walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return err_set(err, EXIT_MEMORY, "out of memory");
    walk->visit = visit;
    walk->user = user;
    walk->place = "s2d";
    if (paths_get(PLACE_MODELS, NULL, folder, sizeof folder, NULL) == 0)
        each(walk, folder, 4, visit_files);
    int status = walk_config(walk, err);
    walk_table(walk);
    free(walk);
    return status;
}
