/* tuned.c - see tuned.h. */
#include "app/worker/tuned.h"
#include "app/profile/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/file_hash.h"
#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/worker/models_cache.h"

/* ---- the file ---- */

int tuned_open(Tuned *tuned, Err *err)
{
    char path[PATH_BYTES];
    size_t bytes;
    Err none = {0};
    tuned->n = 0;
    if (paths_get(PLACE_STATE, "tuned.json", path, sizeof path, err) != 0)
        return -1;
    char *text = read_file(path, "file of tuned values", TUNED_BYTES_MAX, &bytes, &none);
    if (!text)
        return none.code == EXIT_NOINPUT ? 0 : err_set(err, none.code, "%s", none.text);
    int status = tuned_parse(tuned, text, bytes, path, err);
    free(text);
    return status;
}

int tuned_begin(Tuned *tuned, Err *err)
{
    int lock = paths_lock(PLACE_STATE, err);
    if (lock >= 0 && tuned_open(tuned, err) != 0) {
        close(lock);
        return -1;
    }
    return lock;
}

static int save(const Tuned *tuned, Err *err)
{
    char path[PATH_BYTES];
    if (paths_get(PLACE_STATE, "tuned.json", path, sizeof path, err) != 0)
        return -1;
    char *text = tuned_text(tuned);
    if (!text)
        return err_set(err, EXIT_MEMORY, "tuned values: no memory, or a name that is no UTF-8");
    int status = save_file(path, text, strlen(text), true, err);
    free(text);
    return status;
}

int tuned_end(const Tuned *tuned, int lock, Err *err)
{
    int status = save(tuned, err);
    close(lock);
    return status;
}

/* ---- pairs ---- */

int tuned_key(TunedPair *key, const Profile *profile, const char *base, int layers,
              const char *adapter, Err *err)
{
    *key = (TunedPair){.layers = profile->draft_layers > 0 ? profile->draft_layers : layers,
                       .n_exits = profile->n_exits};
    snprintf(key->draft, sizeof key->draft, "%s", base);
    memcpy(key->exits, profile->exits, sizeof(int) * (size_t)profile->n_exits);
    return adapter ? file_hash(adapter, key->adapter, err) : 0;
}

static int find(const Tuned *tuned, const TunedPair *key, const char *target)
{
    char name[sizeof key->target];
    catalog_short_name(target, name, sizeof name);
    for (int i = 0; i < tuned->n; i++) {
        const TunedPair *p = &tuned->pairs[i];
        if (strcmp(p->draft, key->draft) == 0 && strcmp(p->target, name) == 0 &&
            strcmp(p->adapter, key->adapter) == 0 && p->layers == key->layers &&
            p->n_exits == key->n_exits &&
            memcmp(p->exits, key->exits, sizeof(int) * (size_t)p->n_exits) == 0)
            return i;
    }
    return -1;
}

const TunedPair *tuned_find(const Tuned *tuned, const TunedPair *key, const char *target)
{
    int i = find(tuned, key, target);
    return i >= 0 ? &tuned->pairs[i] : NULL;
}

bool tuned_remove(Tuned *tuned, const TunedPair *key, const char *target)
{
    int i = find(tuned, key, target);
    if (i < 0)
        return false;
    tuned->n--;
    memmove(&tuned->pairs[i], &tuned->pairs[i + 1],
            sizeof tuned->pairs[0] * (size_t)(tuned->n - i));
    return true;
}

void tuned_put(Tuned *tuned, const TunedPair *pair)
{
    TunedPair copy = *pair;
    tuned_remove(tuned, &copy, copy.target);
    if (tuned->n == TUNED_MAX)
        tuned->n--;
    memmove(&tuned->pairs[1], &tuned->pairs[0], sizeof tuned->pairs[0] * (size_t)tuned->n);
    tuned->pairs[0] = copy;
    tuned->n++;
}

static int copy_accept(ProfileTarget *target, const TunedPair *pair, Err *err)
{
    if (!target->accept)
        target->accept = malloc(sizeof pair->accept);
    if (!target->accept)
        return err_set(err, EXIT_MEMORY, "out of memory");
    memcpy(target->accept, pair->accept, sizeof pair->accept);
    return 0;
}

int tuned_apply(Profile *profile, int first, const char *base, int layers, const char *adapter,
                Err *err)
{
    TunedPair key;
    Tuned *tuned = malloc(sizeof *tuned);
    int status = tuned ? tuned_open(tuned, err) : err_set(err, EXIT_MEMORY, "out of memory");
    if (status == 0 && tuned->n > 0)
        status = tuned_key(&key, profile, base, layers, adapter, err);
    for (int i = first; status == 0 && tuned->n > 0 && i < profile->n_targets; i++) {
        ProfileTarget *target = &profile->targets[i];
        const TunedPair *pair = tuned_find(tuned, &key, target->model);
        if (!pair)
            continue;
        target->n_thresholds = pair->n_exits;
        target->from = THRESHOLDS_TUNED;
        memcpy(target->thresholds, pair->thresholds, sizeof target->thresholds);
        target->n_tuned = pair->n_exits;
        memcpy(target->tuned, pair->thresholds, sizeof target->tuned);
        if (pair->has_accept)
            status = copy_accept(target, pair, err);
    }
    free(tuned);
    return status;
}
