/* tuned_json.c - tuned values from and to JSON, strictly. See tuned.h.
 *
 * A pair's calibration is a list with an entry for each exit: "tries" and "hits", each by depth
 * (CALIBRATION_DEPTHS) and within that by stated probability (CALIBRATION_BINS), in whole numbers.
 */
#include "app/worker/tuned.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* most: of each; NULL = as many as a bin remembers. */
static int read_bins(const Reader *r, const json_t *list, const char *key, const float *most,
                     float *counts)
{
    if (json_array_size(list) != CALIBRATION_BINS)
        return wrong(r, "\"%s\" are not lists of %d", key, CALIBRATION_BINS);
    for (int bin = 0; bin < CALIBRATION_BINS; bin++) {
        const json_t *number = json_array_get(list, (size_t)bin);
        json_int_t value = json_integer_value(number);
        int limit = most ? (int)most[bin] : CALIBRATION_MEMORY;
        if (!json_is_integer(number) || value < 0 || value > limit)
            return wrong(r, "\"%s\" are not whole numbers within 0 ... %d", key, limit);
        counts[bin] = (float)value;
    }
    return 0;
}

static int read_exit(const Reader *r, const json_t *json, Calibration *accept)
{
    const json_t *tries = json_object_get(json, "tries"), *hits = json_object_get(json, "hits");
    if (json_object_size(json) != 2 || json_array_size(tries) != CALIBRATION_DEPTHS ||
        json_array_size(hits) != CALIBRATION_DEPTHS)
        return wrong(r, "\"calibration\" is not \"tries\" and \"hits\" at %d depths",
                     CALIBRATION_DEPTHS);
    for (size_t depth = 0; depth < CALIBRATION_DEPTHS; depth++) {
        Tally *at = &accept->at[depth];
        if (read_bins(r, json_array_get(tries, depth), "tries", NULL, at->tries) != 0 ||
            read_bins(r, json_array_get(hits, depth), "hits", at->tries, at->hits) != 0)
            return -1;
        for (int bin = 0; bin < CALIBRATION_BINS; bin++) {
            accept->all.tries[bin] += at->tries[bin];
            accept->all.hits[bin] += at->hits[bin];
        }
    }
    return 0;
}

static int read_calibration(const Reader *r, const json_t *list, TunedPair *pair)
{
    if (json_array_size(list) != (size_t)pair->n_exits)
        return wrong(r, "\"calibration\" is not a list of one for each exit");
    for (int e = 0; e < pair->n_exits; e++)
        if (read_exit(r, json_array_get(list, (size_t)e), &pair->accept[e]) != 0)
            return -1;
    pair->has_accept = true;
    return 0;
}

static int read_pair(const Reader *r, const json_t *json, TunedPair *pair)
{
    enum { KEYS = 9, LAYERS_MAX = 512 };
    const json_t *calibration = json_object_get(json, "calibration"); /* older files have none */
    const json_t *exits = json_object_get(json, "exits");
    const json_t *thresholds = json_object_get(json, "thresholds");
    json_int_t layers = json_integer_value(json_object_get(json, "layers"));
    size_t n = json_array_size(exits), digits;
    if (!json_is_object(json) || json_object_size(json) != KEYS + (calibration ? 1 : 0))
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
    return calibration ? read_calibration(r, calibration, pair) : 0;
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

static json_t *bins_json(const float *counts)
{
    json_t *list = json_array();
    for (int bin = 0; bin < CALIBRATION_BINS; bin++)
        json_array_append_new(list, json_integer(lroundf(counts[bin])));
    return list;
}

static json_t *calibration_json(const TunedPair *pair)
{
    json_t *list = json_array();
    for (int e = 0; e < pair->n_exits; e++) {
        json_t *tries = json_array(), *hits = json_array();
        for (int depth = 0; depth < CALIBRATION_DEPTHS; depth++) {
            json_array_append_new(tries, bins_json(pair->accept[e].at[depth].tries));
            json_array_append_new(hits, bins_json(pair->accept[e].at[depth].hits));
        }
        json_array_append_new(list, json_pack("{s:o, s:o}", "tries", tries, "hits", hits));
    }
    return list;
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
        json_t *calibration = p->has_accept ? calibration_json(p) : NULL;
        json_array_append_new(
            pairs, json_pack("{s:s, s:i, s:o, s:s, s:s, s:o, s:f, s:f, s:s, s:o*}", "draft",
                             p->draft, "layers", p->layers, "exits", exits, "adapter", p->adapter,
                             "target", p->target, "thresholds", thresholds, "tokens_per_s",
                             p->tokens_per_s, "plain_tokens_per_s", p->plain_tokens_per_s, "day",
                             p->day, "calibration", calibration));
    }
    char *text = NULL;
    bool whole = json_array_size(pairs) == (size_t)tuned->n;
    json_t *all = json_pack("{s:i, s:o}", "version", TUNED_VERSION, "pairs", pairs);
    if (all && whole)
        text = json_dumps(all, JSON_REAL_PRECISION(9));
    json_decref(all);
    return text;
}
