/* request_read.c - JSON lines to requests, strictly. The writer is request.c.
 *
 * Unknown keys, wrong types and numbers out of range are errors; a key that is not there has the
 * default that a profile has for it. Texts are copied, so that the request owns all it points to.
 */
#include "app/protocol/request.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h"

enum { CONTEXT_MAX = 1 << 20, THREADS_MAX = 1024 };

/* One object being read; where: for messages. */
typedef struct Reader {
    const json_t *object;
    const char *where;
    Err *err;
} Reader;

static int wrong(const Reader *r, const char *key, const char *what)
{
    return err_set(r->err, EXIT_USAGE, "request: %s: \"%s\" %s", r->where, key, what);
}

/* keys: NULL at the end. */
static int check_object(const Reader *r, const char *const *keys)
{
    if (!json_is_object(r->object))
        return err_set(r->err, EXIT_USAGE, "request: %s is no object", r->where);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)r->object, key, value)
    {
        int i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return wrong(r, key, "is not known here");
    }
    return 0;
}

/* The value unless it is not there or null. */
static const json_t *get(const Reader *r, const char *key)
{
    const json_t *json = json_object_get(r->object, key);
    return json_is_null(json) ? NULL : json;
}

static int read_int(const Reader *r, const char *key, int low, int high, int *out)
{
    const json_t *json = get(r, key);
    if (!json)
        return 0;
    if (!json_is_integer(json))
        return wrong(r, key, "is not a whole number");
    json_int_t value = json_integer_value(json);
    if (value < low || value > high)
        return wrong(r, key, "is out of range");
    *out = (int)value;
    return 0;
}

static int read_seed(const Reader *r, uint32_t *out)
{
    const json_t *json = get(r, "seed");
    if (!json)
        return 0;
    if (!json_is_integer(json) || json_integer_value(json) < 0 ||
        json_integer_value(json) > UINT32_MAX)
        return wrong(r, "seed", "is not a whole number from 0 to 4294967295");
    *out = (uint32_t)json_integer_value(json);
    return 0;
}

static int read_number(const Reader *r, const char *key, double low, double high, double *out)
{
    const json_t *json = get(r, key);
    if (!json)
        return 0;
    if (!json_is_number(json))
        return wrong(r, key, "is not a number");
    double value = json_number_value(json);
    if (!(value >= low && value <= high))
        return wrong(r, key, "is out of range");
    *out = value;
    return 0;
}

static int read_bool(const Reader *r, const char *key, bool *out)
{
    const json_t *json = get(r, key);
    if (json && !json_is_boolean(json))
        return wrong(r, key, "is neither true nor false");
    if (json)
        *out = json_is_true(json);
    return 0;
}

/* A short text into its place; out keeps its default when the key is not there. */
static int read_word(const Reader *r, const char *key, char *out, size_t size)
{
    const json_t *json = get(r, key);
    if (!json)
        return 0;
    if (!json_is_string(json))
        return wrong(r, key, "is not a text");
    if (json_string_length(json) >= size)
        return wrong(r, key, "is too long");
    memcpy(out, json_string_value(json), json_string_length(json) + 1);
    return 0;
}

static int copy_text(const Reader *r, const char *key, char **out)
{
    const json_t *json = get(r, key);
    if (!json)
        return 0;
    if (!json_is_string(json))
        return wrong(r, key, "is not a text");
    *out = strdup(json_string_value(json));
    return *out ? 0 : err_set(r->err, EXIT_MEMORY, "out of memory for a request");
}

/* A list of at most `most` numbers; returns how many, -1 = wrong. */
static int read_list(const Reader *r, const char *key, int most, double low, double high,
                     double *out)
{
    const json_t *json = get(r, key);
    if (!json)
        return 0;
    if (!json_is_array(json))
        return wrong(r, key, "is not a list");
    if (json_array_size(json) > (size_t)most)
        return wrong(r, key, "has too many entries");
    int n = (int)json_array_size(json);
    for (int i = 0; i < n; i++) {
        const json_t *item = json_array_get(json, (size_t)i);
        if (!json_is_number(item))
            return wrong(r, key, "holds something that is not a number");
        out[i] = json_number_value(item);
        if (!(out[i] >= low && out[i] <= high))
            return wrong(r, key, "holds a number out of range");
    }
    return n;
}

static int read_spec(const Reader *r, SpecMode *spec)
{
    char text[8] = "auto";
    if (read_word(r, "spec", text, sizeof(text)) != 0)
        return -1;
    return spec_parse(text, spec) == 0 ? 0 : wrong(r, "spec", "must be auto, on or off");
}

static int check_drafter(const Reader *r, const char *text)
{
    DrafterChoice choice;
    if (!text[0] || drafter_parse(text, &choice) == 0)
        return 0;
    char names[DRAFTER_NAMES_BYTES], what[DRAFTER_NAMES_BYTES + 16];
    snprintf(what, sizeof what, "must be one of %s", drafter_names(", ", names));
    return wrong(r, "drafter", what);
}

static int check_tree(const Reader *r, const char *text)
{
    TreeShape shape;
    if (text[0] && tree_parse(text, &shape) != 0)
        return wrong(r, "tree", "must be auto, off, static or DxWxN");
    return 0;
}

/* As the file would have it. */
static int read_short_list(const Reader *r, Profile *profile)
{
    const json_t *json = get(r, "short_list");
    if (!json)
        return 0;
    if (!json_is_string(json))
        return wrong(r, "short_list", "is not a text");
    return short_list_parse(&profile->draft_ids, json_string_value(json), json_string_length(json),
                            "request: draft: short_list", r->err);
}

static int read_draft(const Reader *outer, Profile *profile)
{
    static const char *const keys[] = {"base",    "layers", "exits", "short_list",
                                       "adapter", "exact",  NULL};
    Reader r = {get(outer, "draft"), "draft", outer->err};
    if (!r.object)
        return 0;
    double exits[EXITS_MAX];
    if (check_object(&r, keys) != 0 || copy_text(&r, "base", &profile->draft_base) != 0 ||
        read_int(&r, "layers", 0, INT_MAX, &profile->draft_layers) != 0 ||
        copy_text(&r, "adapter", &profile->draft_adapter) != 0 ||
        read_bool(&r, "exact", &profile->draft_exact) != 0 || read_short_list(&r, profile) != 0)
        return -1;
    if (!profile->draft_base)
        return wrong(&r, "base", "is missing");
    profile->n_exits = read_list(&r, "exits", EXITS_MAX, 1, INT_MAX, exits);
    if (profile->n_exits < 0)
        return profile->n_exits = 0, -1;
    for (int i = 0; i < profile->n_exits; i++) {
        profile->exits[i] = (int)exits[i];
        if (exits[i] != trunc(exits[i]) || (i > 0 && exits[i] <= exits[i - 1]))
            return wrong(&r, "exits", "must be layer numbers in ascending order");
    }
    return 0;
}

static int read_targets(const Reader *outer, Profile *profile)
{
    static const char *const keys[] = {"model", "thresholds", "drafter", "head", NULL};
    const json_t *array = get(outer, "targets");
    if (!json_is_array(array) || json_array_size(array) == 0)
        return wrong(outer, "targets", "is no list of at least one");
    if (json_array_size(array) > TARGETS_MAX)
        return wrong(outer, "targets", "has too many entries");
    for (size_t i = 0; i < json_array_size(array); i++) {
        Reader r = {json_array_get(array, i), "target", outer->err};
        ProfileTarget *target = &profile->targets[i];
        profile->n_targets = (int)i + 1;
        if (check_object(&r, keys) != 0 || copy_text(&r, "model", &target->model) != 0 ||
            copy_text(&r, "head", &target->head) != 0)
            return -1;
        if (!target->model)
            return wrong(&r, "model", "is missing");
        int n = read_list(&r, "thresholds", EXITS_MAX, 0, 1, target->thresholds);
        if (n < 0 || read_word(&r, "drafter", target->drafter, sizeof target->drafter) != 0 ||
            check_drafter(&r, target->drafter) != 0)
            return -1;
        target->n_thresholds = n;
    }
    return 0;
}

static int read_shape(const Reader *outer, Profile *profile)
{
    static const char *const keys[] = {"depth", "width", "nodes", NULL};
    Reader r = {get(outer, "tree"), "tree", outer->err};
    profile->tree_auto = r.object == NULL;
    if (profile->tree_auto)
        return 0;
    profile->tree_depth = profile->tree_width = profile->tree_nodes = 1;
    return check_object(&r, keys) != 0 ||
                   read_int(&r, "depth", 1, DEPTH_MAX, &profile->tree_depth) != 0 ||
                   read_int(&r, "width", 1, NODES_MAX - 1, &profile->tree_width) != 0 ||
                   read_int(&r, "nodes", 1, NODES_MAX - 1, &profile->tree_nodes) != 0
               ? -1
               : 0;
}

/* A profile's sampling or that of `set`: what is not given stays. */
static int read_sampling(const Reader *outer, double *temperature, int *top_k, double *top_p,
                         uint32_t *seed)
{
    static const char *const keys[] = {"temperature", "top_k", "top_p", "seed", NULL};
    Reader r = {get(outer, "sampling"), "sampling", outer->err};
    if (!r.object)
        return 0;
    return check_object(&r, keys) != 0 ||
                   read_number(&r, "temperature", 0, 100, temperature) != 0 ||
                   read_int(&r, "top_k", 0, INT_MAX, top_k) != 0 ||
                   read_number(&r, "top_p", 0, 1, top_p) != 0 || read_seed(&r, seed) != 0
               ? -1
               : 0;
}

static int read_think(const Reader *r, ThinkMode *mode)
{
    char text[8] = "auto";
    if (read_word(r, "think", text, sizeof(text)) != 0)
        return -1;
    return think_parse(text, mode) == 0 ? 0 : wrong(r, "think", "must be auto, on or off");
}

static int read_date(const Reader *r, char *text, size_t size)
{
    struct tm date;
    if (read_word(r, "date", text, size) != 0)
        return -1;
    return *text && template_date(&date, text) != 0
               ? wrong(r, "date", "must be a date such as 2026-01-31")
               : 0;
}

static int read_profile(const Reader *outer, Profile *profile)
{
    static const char *const keys[] = {"name",       "draft",   "targets",  "tree",    "system",
                                       "sampling",   "device",  "template", "context", "kv",
                                       "max_tokens", "threads", "think",    "date",    NULL};
    Reader r = {get(outer, "profile"), "profile", outer->err};
    uint32_t seed = 1;
    char kv[8] = "f16";
    profile->top_p = 1;
    if (check_object(&r, keys) != 0 || copy_text(&r, "name", &profile->name) != 0 ||
        read_draft(&r, profile) != 0 || read_targets(&r, profile) != 0 ||
        read_shape(&r, profile) != 0 ||
        read_sampling(&r, &profile->temperature, &profile->top_k, &profile->top_p, &seed) != 0 ||
        copy_text(&r, "system", &profile->system) != 0 ||
        copy_text(&r, "template", &profile->template) != 0 ||
        copy_text(&r, "device", &profile->device) != 0 ||
        read_int(&r, "context", 0, CONTEXT_MAX, &profile->context) != 0 ||
        read_word(&r, "kv", kv, sizeof(kv)) != 0 ||
        read_int(&r, "max_tokens", 0, INT_MAX, &profile->max_tokens) != 0 ||
        read_int(&r, "threads", 0, THREADS_MAX, &profile->threads) != 0 ||
        read_think(&r, &profile->think) != 0 ||
        read_date(&r, profile->date, sizeof(profile->date)) != 0)
        return -1;
    if (kv_type_parse(kv, &profile->kv) != 0)
        return wrong(&r, "kv", "must be f16 or q8");
    if (seed > INT_MAX)
        return wrong(&r, "seed", "is out of range");
    profile->seed = (int)seed;
    return 0;
}

static int read_load(const Reader *r, RequestLoad *load)
{
    static const char *const keys[] = {"v",       "request", "profile", "target", "pair", "spec",
                                       "drafter", "tree",    "isa",     "act",    NULL};
    char act[8] = "int8";
    strcpy(load->isa, "auto");
    if (check_object(r, keys) != 0 || read_profile(r, &load->profile) != 0 ||
        read_int(r, "target", 0, load->profile.n_targets - 1, &load->target_index) != 0 ||
        read_bool(r, "pair", &load->pair) != 0 || read_spec(r, &load->spec) != 0 ||
        read_word(r, "drafter", load->drafter, sizeof(load->drafter)) != 0 ||
        check_drafter(r, load->drafter) != 0 ||
        read_word(r, "tree", load->tree, sizeof(load->tree)) != 0 ||
        check_tree(r, load->tree) != 0 || read_word(r, "isa", load->isa, sizeof(load->isa)) != 0 ||
        read_word(r, "act", act, sizeof(act)) != 0)
        return -1;
    load->act_f32 = strcmp(act, "f32") == 0;
    return load->act_f32 || strcmp(act, "int8") == 0 ? 0 : wrong(r, "act", "must be int8 or f32");
}

static int read_message(const Reader *outer, const json_t *json, Message *message)
{
    static const char *const keys[] = {"role", "text", NULL};
    Reader r = {json, "message", outer->err};
    char role[16] = "";
    char *text = NULL;
    if (check_object(&r, keys) != 0 || read_word(&r, "role", role, sizeof(role)) != 0)
        return -1;
    if (role_parse(role, &message->role) != 0)
        return wrong(&r, "role", "must be system, user or assistant");
    if (copy_text(&r, "text", &text) != 0)
        return -1;
    message->text = text;
    return text ? 0 : wrong(&r, "text", "is missing");
}

static int read_stops(const Reader *r, Stops *stops)
{
    const json_t *array = get(r, "stop");
    if (array && !json_is_array(array))
        return wrong(r, "stop", "is not a list");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_string(item))
            return wrong(r, "stop", "holds something that is not a text");
        if (stops_add(stops, json_string_value(item), "request: say: \"stop\"", r->err) != 0)
            return -1;
    }
    return 0;
}

/* What two that are compared may differ in. */
static int read_setting(const Reader *r, RequestSet *set)
{
    double thresholds[EXITS_MAX];
    if (read_word(r, "tree", set->tree, sizeof(set->tree)) != 0 || check_tree(r, set->tree) != 0 ||
        read_word(r, "drafter", set->drafter, sizeof(set->drafter)) != 0 ||
        check_drafter(r, set->drafter) != 0)
        return -1;
    set->n_thresholds = read_list(r, "thresholds", EXITS_MAX, 0, 1, thresholds);
    if (set->n_thresholds < 0)
        return -1;
    for (int i = 0; i < set->n_thresholds; i++)
        set->thresholds[i] = (float)thresholds[i];
    set->has_spec = get(r, "spec") != NULL;
    return set->has_spec ? read_spec(r, &set->spec) : 0;
}

static int read_set(const Reader *r, RequestSet *set)
{
    static const char *const keys[] = {"v",         "request", "thresholds", "tree",
                                       "sampling",  "drafter", "spec",       "auto_thresholds",
                                       "forecasts", "keep",    "think",      "date",
                                       NULL};
    double temperature = 0, top_p = 1;
    if (check_object(r, keys) != 0 || read_setting(r, set) != 0 ||
        read_bool(r, "auto_thresholds", &set->auto_thresholds) != 0 ||
        read_bool(r, "forecasts", &set->forecasts) != 0 || read_bool(r, "keep", &set->keep) != 0 ||
        read_think(r, &set->think) != 0 || read_date(r, set->date, sizeof(set->date)) != 0)
        return -1;
    set->has_think = get(r, "think") != NULL;
    set->has_auto = get(r, "auto_thresholds") != NULL;
    set->has_forecasts = get(r, "forecasts") != NULL;
    set->has_sampling = get(r, "sampling") != NULL;
    set->sampling.seed = 1;
    if (read_sampling(r, &temperature, &set->sampling.top_k, &top_p, &set->sampling.seed) != 0)
        return -1;
    set->sampling.temperature = (float)temperature;
    set->sampling.top_p = (float)top_p;
    return 0;
}

static int read_sides(const Reader *r, RequestSay *say)
{
    static const char *const keys[] = {"thresholds", "tree", "drafter", "spec", "target", NULL};
    const json_t *sides = get(r, "compare");
    say->compare = sides != NULL;
    if (sides && json_array_size(sides) != 2)
        return wrong(r, "compare", "must be a list of two settings");
    for (size_t i = 0; sides && i < 2; i++) {
        Reader side = {json_array_get(sides, i), r->where, r->err};
        if (!json_is_object(side.object))
            return wrong(r, "compare", "must be a list of two settings");
        RequestSet *set = &say->sides[i];
        if (check_object(&side, keys) != 0 || read_setting(&side, set) != 0 ||
            read_int(&side, "target", 0, TARGETS_MAX - 1, &set->target) != 0)
            return -1;
        set->has_target = get(&side, "target") != NULL;
    }
    return 0;
}

static int read_say(const Reader *r, RequestSay *say)
{
    static const char *const keys[] = {"v",          "request", "messages", "raw",     "ignore_eos",
                                       "max_tokens", "seed",    "stop",     "compare", NULL};
    const json_t *array = get(r, "messages");
    say->seed = 1;
    if (check_object(r, keys) != 0 || read_bool(r, "raw", &say->raw) != 0 ||
        read_bool(r, "ignore_eos", &say->ignore_eos) != 0 ||
        read_int(r, "max_tokens", 0, INT_MAX, &say->max_tokens) != 0 ||
        read_seed(r, &say->seed) != 0 || read_stops(r, &say->stops) != 0 || read_sides(r, say) != 0)
        return -1;
    size_t n = json_array_size(array);
    if (!json_is_array(array) || n == 0 || n > MESSAGES_MAX || (say->raw && n != 1))
        return wrong(r, "messages",
                     say->raw ? "must be a list of one" : "must be a list of 1 … 4096");
    say->messages = calloc(n, sizeof(*say->messages));
    if (!say->messages)
        return err_set(r->err, EXIT_MEMORY, "out of memory for a request");
    for (size_t i = 0; i < n; i++) {
        say->n_messages = (int)i + 1;
        if (read_message(r, json_array_get(array, i), &say->messages[i]) != 0)
            return -1;
    }
    return 0;
}

static int read_switch(const Reader *r, RequestSwitch *swap)
{
    static const char *const keys[] = {"v", "request", "target", "unload", NULL};
    swap->index = -1;
    if (check_object(r, keys) != 0 || read_bool(r, "unload", &swap->unload) != 0)
        return -1;
    if (json_is_integer(get(r, "target")))
        return read_int(r, "target", 0, TARGETS_MAX - 1, &swap->index);
    if (copy_text(r, "target", &swap->name) != 0)
        return -1;
    return swap->name ? 0 : wrong(r, "target", "is missing");
}

static int read_count(const Reader *r, RequestCount *count)
{
    static const char *const keys[] = {"v", "request", "number", "text", NULL};
    if (check_object(r, keys) != 0 || read_int(r, "number", 0, INT_MAX, &count->number) != 0 ||
        copy_text(r, "text", &count->text) != 0)
        return -1;
    return count->text ? 0 : wrong(r, "text", "is missing");
}

static int read_request(Request *request, const json_t *object, Err *err)
{
    static const char *const keys[] = {"v", "request", NULL};
    Reader r = {object, "it", err};
    char name[16] = "";
    int version = EVENT_VERSION;
    if (!json_is_object(object))
        return err_set(err, EXIT_USAGE, "request: not an object");
    const char *asked = json_string_value(json_object_get(object, "request"));
    if (asked) /* whatever else is wrong: what it asks for says how it ends */
        request_parse(asked, &request->type);
    if (read_int(&r, "v", 0, INT_MAX, &version) != 0)
        return -1;
    if (version != EVENT_VERSION)
        return err_set(err, EXIT_USAGE, "request of version %d; this s2d speaks version %d",
                       version, EVENT_VERSION);
    if (read_word(&r, "request", name, sizeof(name)) != 0)
        return -1;
    if (request_parse(name, &request->type) != 0)
        return wrong(&r, "request", "must be load, say, stop, switch, set, count or quit");
    r.where = name;
    switch (request->type) {
    case REQUEST_LOAD:
        return read_load(&r, &request->u.load);
    case REQUEST_SAY:
        return read_say(&r, &request->u.say);
    case REQUEST_SWITCH:
        return read_switch(&r, &request->u.swap);
    case REQUEST_SET:
        return read_set(&r, &request->u.set);
    case REQUEST_COUNT:
        return read_count(&r, &request->u.count);
    default:
        return check_object(&r, keys);
    }
}

int request_from_line(Request *request, const char *line, size_t bytes, Err *err)
{
    memset(request, 0, sizeof(*request));
    request->type = REQUEST_STOP; /* until read_request says otherwise */
    json_error_t trouble;
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &trouble);
    if (!object && json_error_code(&trouble) == json_error_out_of_memory)
        return err_set(err, EXIT_MEMORY, "out of memory for a request");
    if (!object)
        return err_set(err, EXIT_USAGE, "request: not a JSON line: %s", trouble.text);
    int status = read_request(request, object, err);
    json_decref(object);
    if (status != 0) {
        RequestType asked = request->type;
        request_free(request);
        request->type = asked;
    }
    return status;
}
