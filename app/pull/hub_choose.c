/* hub_choose.c - see hub_choose.h. */
#include "app/pull/hub_choose.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAMES_BYTES = 240 };

/* A choice is the first file of a model: whole, or the lowest of its parts that is listed. */
static bool is_choice(const HubList *list, int index)
{
    const char *path = list->files[index].path;
    HubPart part, other;
    hub_part(path, &part);
    for (int i = 0; part.part > 1 && i < list->n; i++) {
        hub_part(list->files[i].path, &other);
        if (other.part < part.part && other.of == part.of && other.stem == part.stem &&
            strncmp(list->files[i].path, path, part.stem) == 0)
            return false;
    }
    return true;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether the texts are the same, but for ".gguf" at the end of the first. */
static bool is_named(const char *name, const char *pick)
{
    size_t length = strlen(name), asked = strlen(pick);
    return strncasecmp(name, pick, asked) == 0 &&
           (asked == length || (asked + 5 == length && strcasecmp(name + asked, ".gguf") == 0));
}

/* How well a file is what was picked: 3 = that very path, 2 = its name, 1 = its quantisation. */
static int fit(const char *path, const char *pick)
{
    char label[HUB_LABEL_BYTES];
    if (is_named(path, pick))
        return 3;
    if (is_named(name_of(path), pick))
        return 2;
    hub_label(path, label);
    return label[0] && strcasecmp(label, pick) == 0 ? 1 : 0;
}

/* How little a file is wanted; the lowest wins. -1 = not at all. */
static int cost(const char *path, const char *pick)
{
    char label[HUB_LABEL_BYTES];
    hub_label(path, label);
    if (!pick[0])
        return hub_label_rank(label);
    int how = fit(path, pick);
    return how > 0 ? 3 - how : -1;
}

/* Adds a word to a text of NAMES_BYTES, with "..." in place of what does not fit. */
static void add_name(char *names, const char *name)
{
    size_t length = strlen(names);
    const char *gap = length > 0 ? ", " : "";
    if (length >= 3 && strcmp(names + length - 3, "...") == 0)
        return;
    if (length + strlen(gap) + strlen(name) + 5 < NAMES_BYTES)
        snprintf(names + length, NAMES_BYTES - length, "%s%s", gap, name);
    else
        snprintf(names + length, NAMES_BYTES - length, "%s", " ...");
}

/* The quantisations there are, or the names of files that say none. wanted >= 0: the names of those
 * choices that cost so much. */
static void list_names(const HubList *list, const char *pick, int wanted, char names[NAMES_BYTES])
{
    char label[HUB_LABEL_BYTES], before[HUB_LABEL_BYTES] = "";
    names[0] = '\0';
    for (int i = 0; i < list->n; i++) {
        const char *path = list->files[i].path;
        if (!is_choice(list, i) || (wanted >= 0 && cost(path, pick) != wanted))
            continue;
        hub_label(path, label);
        if (wanted >= 0 || !label[0])
            add_name(names, name_of(path));
        else if (strcmp(label, before) != 0)
            add_name(names, label);
        memcpy(before, label, sizeof before);
    }
}

/* Fills the set with a choice's parts. */
static int gather(HubSet *set, const HubList *list, int choice, const char *repo, Err *err)
{
    const char *path = list->files[choice].path;
    HubPart first, part;
    hub_part(path, &first);
    hub_label(path, set->label);
    if (first.of > HUB_PARTS_MAX)
        return err_set(err, EXIT_DATA, "%s: %.200s is one of %d parts; at most %d can be fetched",
                       repo, path, first.of, HUB_PARTS_MAX);
    set->n = first.of;
    if (first.of == 1)
        set->files[0] = &list->files[choice];
    for (int i = 0; first.of > 1 && i < list->n; i++) {
        hub_part(list->files[i].path, &part);
        if (part.of == first.of && part.stem == first.stem &&
            strncmp(list->files[i].path, path, first.stem) == 0)
            set->files[part.part - 1] = &list->files[i];
    }
    for (int i = 0; i < set->n; i++) {
        const HubFile *file = set->files[i];
        if (!file)
            return err_set(err, EXIT_DATA, "%s: part %d of %d is missing beside %.200s", repo,
                           i + 1, set->n, path);
        if (!file->sha256[0])
            return err_set(err, EXIT_DATA, "%s: the hub has no SHA-256 of %.200s to check it by",
                           repo, file->path);
        set->bytes += file->bytes;
    }
    return 0;
}

int hub_choose(HubSet *set, const HubList *list, const char *pick, const char *repo, Err *err)
{
    char names[NAMES_BYTES];
    int best = -1, lowest = -1, equals = 0, choices = 0;
    *set = (HubSet){0};
    if (list->n == 0)
        return err_set(err, EXIT_NOINPUT, "%s has no GGUF files%s", repo,
                       list->other_weights ? "; look for one of the same name that ends in -GGUF"
                                           : "");
    for (int i = 0; i < list->n; i++) {
        int costs = cost(list->files[i].path, pick);
        if (!is_choice(list, i))
            continue;
        choices++;
        if (costs < 0 || (lowest >= 0 && costs > lowest))
            continue;
        equals = costs == lowest ? equals + 1 : 1;
        lowest = costs;
        best = i;
    }
    if (best < 0) {
        list_names(list, pick, -1, names);
        return err_set(err, EXIT_NOINPUT, "%s has no %.60s; it has %s", repo, pick, names);
    }
    if (equals > 1) {
        list_names(list, pick, lowest, names);
        return err_set(err, EXIT_NOINPUT, "%s: which one? add :FILE, one of %s", repo, names);
    }
    if (gather(set, list, best, repo, err) != 0)
        return -1;
    if (!pick[0] && choices > 1 && lowest > 0) {
        list_names(list, pick, -1, names);
        snprintf(set->note, sizeof set->note, "no Q4_K_M there; %s is the nearest of %s",
                 set->label[0] ? set->label : name_of(set->files[0]->path), names);
    }
    return 0;
}
