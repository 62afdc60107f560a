/* tuned.c - see tuned.h. */
#include "tuned.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_hash.h"
#include "models_cache.h"
#include "paths.h"
#include "save_file.h"

/* ---- the file ---- */

typedef struct Reader {
    const char *name;
    int pair; /* 1 …; 0 = outside */
    Err *err;
} Reader;

static int wrong(const Reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const Reader *r, const char *format, ...)
{
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (r->pair == 0)
        return err_set(r->err, EXIT_DATA, "%.200s: %s; remove the file and tune again", r->name,
                       what);
    return err_set(r->err, EXIT_DATA, "%.200s: pair %d: %s; remove the file and tune again",
                   r->name, r->pair, what);
}

static int read_name(const Reader *r, const json_t *json, const char *key, char *to, size_t room)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (!text || strlen(text) >= room)
        return wrong(r, "\"%s\" is no text shorter than %zu bytes", key, room);
    strcpy(to, text);
    return 0;
}

static int read_number(const Reader *r, const json_t *number, const char *key, double least,
                       double most, double *value)
{
    *value = json_number_value(number);
    if (!json_is_number(number) || !(*value >= least && *value <= most))
        return wrong(r, "\"%s\" is not within %g ... %g", key, least, most);
    return 0;
}

static int read_pair(const Reader *r, const json_t *json, TunedPair *pair)
{
    enum { KEYS = 9, LAYERS_MAX = 512 };
    const json_t *exits = json_object_get(json, "exits");
    const json_t *thresholds = json_object_get(json, "thresholds");
    json_int_t layers = json_integer_value(json_object_get(json, "layers"));
    size_t n = json_array_size(exits), digits;
    if (!json_is_object(json) || json_object_size(json) != KEYS)
        return wrong(r, "it is not an object of %d values", KEYS);
    if (read_name(r, json, "draft", pair->draft, sizeof pair->draft) != 0 ||
        read_name(r, json, "target", pair->target, sizeof pair->target) != 0 ||
        read_name(r, json, "adapter", pair->adapter, sizeof pair->adapter) != 0 ||
        read_name(r, json, "day", pair->day, sizeof pair->day) != 0 ||
        read_number(r, json_object_get(json, "tokens_per_s"), "tokens_per_s", 0, 1e9,
                    &pair->tokens_per_s) != 0 ||
        read_number(r, json_object_get(json, "plain_tokens_per_s"), "plain_tokens_per_s", 0, 1e9,
                    &pair->plain_tokens_per_s) != 0)
        return -1;
    digits = strspn(pair->adapter, "0123456789abcdef");
    if (pair->adapter[digits] || (digits > 0 && digits != SHA256_TEXT - 1))
        return wrong(r, "\"adapter\" is no SHA-256");
    if (layers < 1 || layers > LAYERS_MAX)
        return wrong(r, "\"layers\" is not within 1 ... %d", LAYERS_MAX);
    if (n < 1 || n > EXITS_MAX || json_array_size(thresholds) != n)
        return wrong(r, "\"exits\" and \"thresholds\" are not lists of the same 1 to %d",
                     EXITS_MAX);
    pair->layers = (int)layers;
    pair->n_exits = (int)n;
    for (size_t i = 0; i < n; i++) {
        json_int_t exit = json_integer_value(json_array_get(exits, i));
        if (exit < 1 || exit > layers || (i > 0 && exit <= pair->exits[i - 1]))
            return wrong(r, "\"exits\" do not ascend within its layers");
        pair->exits[i] = (int)exit;
        if (read_number(r, json_array_get(thresholds, i), "thresholds", 0, 1,
                        &pair->thresholds[i]) != 0)
            return -1;
    }
    return 0;
}

static int read_pairs(Reader *r, const json_t *json, Tuned *tuned)
{
    const json_t *pairs = json_object_get(json, "pairs");
    const json_t *version = json_object_get(json, "version");
    if (!json_is_integer(version) || !json_is_array(pairs) || json_object_size(json) != 2)
        return wrong(r, "it holds no tuned values");
    if (json_integer_value(version) != TUNED_VERSION)
        return wrong(r, "it is not of version %d", TUNED_VERSION);
    if (json_array_size(pairs) > TUNED_MAX)
        return wrong(r, "it has more than %d pairs", TUNED_MAX);
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        r->pair = (int)i + 1;
        if (read_pair(r, json_array_get(pairs, i), &tuned->pairs[i]) != 0)
            return -1;
    }
    tuned->n = (int)json_array_size(pairs);
    return 0;
}

int tuned_parse(Tuned *tuned, const char *text, size_t bytes, const char *name, Err *err)
{
    Reader r = {name, 0, err};
    json_error_t trouble;
    memset(tuned, 0, sizeof *tuned);
    json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &trouble);
    if (!json)
        return wrong(&r, "line %d: %.100s", trouble.line, trouble.text);
    int status = read_pairs(&r, json, tuned);
    json_decref(json);
    if (status != 0)
        tuned->n = 0;
    return status;
}

char *tuned_text(const Tuned *tuned)
{
    json_t *pairs = json_array();
    for (int i = 0; i < tuned->n; i++) {
        const TunedPair *p = &tuned->pairs[i];
        json_t *exits = json_array(), *thresholds = json_array();
        for (int e = 0; e < p->n_exits; e++) {
            json_array_append_new(exits, json_integer(p->exits[e]));
            json_array_append_new(thresholds, json_real(p->thresholds[e]));
        }
        json_array_append_new(
            pairs, json_pack("{s:s, s:i, s:o, s:s, s:s, s:o, s:f, s:f, s:s}", "draft", p->draft,
                             "layers", p->layers, "exits", exits, "adapter", p->adapter, "target",
                             p->target, "thresholds", thresholds, "tokens_per_s", p->tokens_per_s,
                             "plain_tokens_per_s", p->plain_tokens_per_s, "day", p->day));
    }
    char *text = NULL;
    bool whole = json_array_size(pairs) == (size_t)tuned->n;
    json_t *all = json_pack("{s:i, s:o}", "version", TUNED_VERSION, "pairs", pairs);
    if (all && whole)
        text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(all);
    return text;
}

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

int tuned_save(const Tuned *tuned, Err *err)
{
    char path[PATH_BYTES];
    if (paths_get(PLACE_STATE, "tuned.json", path, sizeof path, err) != 0 ||
        paths_make(PLACE_STATE, err) != 0)
        return -1;
    char *text = tuned_text(tuned);
    if (!text)
        return err_set(err, EXIT_MEMORY, "tuned values: no memory, or a name that is no UTF-8");
    int status = save_file(path, text, strlen(text), true, err);
    free(text);
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
    models_name(target, name, sizeof name);
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
        memcpy(target->thresholds, pair->thresholds, sizeof target->thresholds);
    }
    free(tuned);
    return status;
}
