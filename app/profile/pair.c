/* pair.c - see pair.h. */
#include "app/profile/pair.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/profile/catalog.h"

static bool usable(const FoundModel *model)
{
    return !model->unread && !model->header.problem[0] && model->header.vocabulary != 0;
}

bool pair_fits(const FoundModel *draft, const FoundModel *target)
{
    return usable(draft) && usable(target) &&
           draft->header.vocabulary == target->header.vocabulary &&
           draft->header.weight_bytes <= target->header.weight_bytes / 2;
}

/* Does a stand before b among drafts? */
static bool before(const FoundModel *a, const FoundModel *b)
{
    if (a->header.weight_bytes != b->header.weight_bytes)
        return a->header.weight_bytes < b->header.weight_bytes;
    return a < b; /* as they were found */
}

const FoundModel *pair_next(const FoundList *list, const FoundModel *target, const FoundModel *last)
{
    const FoundModel *next = NULL;
    for (int i = 0; i < list->n; i++) {
        const FoundModel *model = &list->models[i];
        if (pair_fits(model, target) && (!last || before(last, model)) &&
            (!next || before(model, next)))
            next = model;
    }
    return next;
}

static bool is_trained_for(const Profile *profile, const FoundModel *draft)
{
    char path[PATH_BYTES];
    struct stat st;
    return profile->draft_base && profile->draft_adapter &&
           catalog_resolve(profile->draft_base, path, sizeof path, NULL) == 0 &&
           stat(path, &st) == 0 && st.st_dev == draft->device && st.st_ino == draft->inode;
}

static int is_profile(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".yaml") == 0 && strcmp(entry->d_name, "s2d.yaml") != 0;
}

static bool find_trained(const char *folder, const FoundModel *draft, Profile *profile)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_profile, alphasort);
    bool found = false;
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES + 256];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (found || profile_open(profile, path, NULL) != 0)
            continue;
        found = is_trained_for(profile, draft);
        if (!found)
            profile_close(profile);
    }
    if (n >= 0)
        free(entries);
    return found;
}

bool pair_trained(const FoundModel *draft, Profile *profile)
{
    char folder[PATH_BYTES];
    return (paths_get(PLACE_CONFIG, NULL, folder, sizeof folder, NULL) == 0 &&
            find_trained(folder, draft, profile)) ||
           (paths_shipped_profiles(folder, sizeof folder, NULL) == 0 &&
            find_trained(folder, draft, profile));
}
