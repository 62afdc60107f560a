/* request.c - requests to JSON lines, and what is common to both directions. The reader is
 * request_read.c.
 */
#include "app/protocol/request.h"

#include <stdlib.h>
#include <string.h>

#include "app/protocol/event_json.h" /* json_text */

static const char *const spec_names[] = {
    [SPEC_AUTO] = "auto",
    [SPEC_ON] = "on",
    [SPEC_OFF] = "off",
};

int spec_parse(const char *text, SpecMode *spec)
{
    for (int i = SPEC_AUTO; i <= SPEC_OFF; i++) {
        if (strcmp(text, spec_names[i]) == 0) {
            *spec = (SpecMode)i;
            return 0;
        }
    }
    return -1;
}

const char *spec_name(SpecMode spec)
{
    return spec_names[spec];
}

/* json_pack takes the references it is given, and gives NULL up when one of them is NULL. A text
 * that is NULL is written as null. */
static json_t *text_or_null(const char *text)
{
    return text ? json_text(text) : json_null();
}

static json_t *doubles(const double *values, int n)
{
    json_t *array = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(array, json_real(values[i])) != 0)
            return json_decref(array), NULL;
    return array;
}

static json_t *ints(const int *values, int n)
{
    json_t *array = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(array, json_integer(values[i])) != 0)
            return json_decref(array), NULL;
    return array;
}

static json_t *draft_json(const Profile *profile)
{
    if (!profile->draft_base)
        return json_null();
    char *list = profile->draft_ids.n > 0 ? short_list_text(&profile->draft_ids) : NULL;
    if (!list && profile->draft_ids.n > 0)
        return NULL;
    json_t *json =
        json_pack("{s:o, s:i, s:o, s:o, s:o, s:b}", "base", json_text(profile->draft_base),
                  "layers", profile->draft_layers, "exits", ints(profile->exits, profile->n_exits),
                  "short_list", text_or_null(list), "adapter", text_or_null(profile->draft_adapter),
                  "exact", profile->draft_exact);
    free(list);
    return json;
}

static json_t *targets_json(const Profile *profile)
{
    json_t *array = json_array();
    for (int i = 0; i < profile->n_targets; i++) {
        const ProfileTarget *target = &profile->targets[i];
        json_t *json =
            json_pack("{s:o, s:o, s:o, s:o}", "model", json_text(target->model), "thresholds",
                      doubles(target->thresholds, target->n_thresholds), "drafter",
                      json_text(target->drafter), "head", text_or_null(target->head));
        if (json_array_append_new(array, json) != 0)
            return json_decref(array), NULL;
    }
    return array;
}

static json_t *tree_json(const Profile *profile)
{
    if (profile->tree_auto)
        return json_null();
    return json_pack("{s:i, s:i, s:i}", "depth", profile->tree_depth, "width", profile->tree_width,
                     "nodes", profile->tree_nodes);
}

static json_t *profile_json(const Profile *profile)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:{s:f, s:i, s:f, s:i}, s:o, s:o, s:i, s:s, s:i, s:i, s:o, s:s, s:o}",
        "name", text_or_null(profile->name), "draft", draft_json(profile), "targets",
        targets_json(profile), "tree", tree_json(profile), "sampling", "temperature",
        profile->temperature, "top_k", profile->top_k, "top_p", profile->top_p, "seed",
        profile->seed, "system", text_or_null(profile->system), "template",
        text_or_null(profile->template), "context", profile->context, "kv",
        kv_type_name(profile->kv), "max_tokens", profile->max_tokens, "threads", profile->threads,
        "device", text_or_null(profile->device), "think", think_name(profile->think), "date",
        json_text(profile->date));
}

static json_t *load_json(const RequestLoad *load)
{
    return json_pack("{s:o, s:i, s:b, s:s, s:o, s:o, s:o, s:s}", "profile",
                     profile_json(&load->profile), "target", load->target_index, "pair", load->pair,
                     "spec", spec_name(load->spec), "drafter", json_text(load->drafter), "tree",
                     json_text(load->tree), "isa", json_text(load->isa[0] ? load->isa : "auto"),
                     "act", load->act_f32 ? "f32" : "int8");
}

static const char *const role_names[] = {
    [ROLE_SYSTEM] = "system",
    [ROLE_USER] = "user",
    [ROLE_ASSISTANT] = "assistant",
};

int role_parse(const char *text, Role *role)
{
    for (int i = ROLE_SYSTEM; i <= ROLE_ASSISTANT; i++) {
        if (strcmp(text, role_names[i]) == 0) {
            *role = (Role)i;
            return 0;
        }
    }
    return -1;
}

static json_t *set_json(const RequestSet *set)
{
    json_t *object = json_object();
    int bad = 0;
    if (set->n_thresholds > 0) {
        double values[EXITS_MAX];
        for (int i = 0; i < set->n_thresholds; i++)
            values[i] = set->thresholds[i];
        bad |= json_object_set_new(object, "thresholds", doubles(values, set->n_thresholds));
    }
    if (set->tree[0])
        bad |= json_object_set_new(object, "tree", json_text(set->tree));
    if (set->drafter[0])
        bad |= json_object_set_new(object, "drafter", json_text(set->drafter));
    if (set->has_target)
        bad |= json_object_set_new(object, "target", json_integer(set->target));
    if (set->has_auto)
        bad |= json_object_set_new(object, "auto_thresholds", json_boolean(set->auto_thresholds));
    if (set->has_forecasts)
        bad |= json_object_set_new(object, "forecasts", json_boolean(set->forecasts));
    if (set->keep)
        bad |= json_object_set_new(object, "keep", json_true());
    if (set->has_spec)
        bad |= json_object_set_new(object, "spec", json_string(spec_name(set->spec)));
    if (set->date[0])
        bad |= json_object_set_new(object, "date", json_text(set->date));
    if (set->has_think)
        bad |= json_object_set_new(object, "think", json_string(think_name(set->think)));
    if (set->has_sampling) {
        const Sampling *s = &set->sampling;
        bad |= json_object_set_new(object, "sampling",
                                   json_pack("{s:f, s:i, s:f, s:I}", "temperature",
                                             (double)s->temperature, "top_k", s->top_k, "top_p",
                                             (double)s->top_p, "seed", (json_int_t)s->seed));
    }
    if (bad)
        return json_decref(object), NULL;
    return object;
}

static json_t *stops_json(const Stops *stops)
{
    json_t *array = json_array();
    for (int i = 0; i < stops->n; i++)
        if (json_array_append_new(array, json_text(stops->text[i])) != 0)
            return json_decref(array), NULL;
    return array;
}

static json_t *say_json(const RequestSay *say)
{
    json_t *messages = json_array();
    for (int i = 0; i < say->n_messages; i++) {
        json_t *json = json_pack("{s:s, s:o}", "role", role_names[say->messages[i].role], "text",
                                 json_text(say->messages[i].text));
        if (json_array_append_new(messages, json) != 0)
            return json_decref(messages), NULL;
    }
    json_t *json = json_pack("{s:o, s:b, s:b, s:i, s:I, s:o}", "messages", messages, "raw",
                             say->raw, "ignore_eos", say->ignore_eos, "max_tokens", say->max_tokens,
                             "seed", (json_int_t)say->seed, "stop", stops_json(&say->stops));
    if (json && say->compare &&
        json_object_set_new(
            json, "compare",
            json_pack("[o, o]", set_json(&say->sides[0]), set_json(&say->sides[1]))) != 0)
        return json_decref(json), NULL;
    return json;
}

static json_t *switch_json(const RequestSwitch *swap)
{
    return json_pack("{s:o, s:b}", "target",
                     swap->name ? json_text(swap->name) : json_integer(swap->index), "unload",
                     swap->unload);
}

static const char *const names[] = {
    [REQUEST_LOAD] = "load",     [REQUEST_SAY] = "say", [REQUEST_STOP] = "stop",
    [REQUEST_SWITCH] = "switch", [REQUEST_SET] = "set", [REQUEST_COUNT] = "count",
    [REQUEST_QUIT] = "quit",
};

int request_parse(const char *text, RequestType *type)
{
    for (int i = REQUEST_LOAD; i <= REQUEST_QUIT; i++) {
        if (strcmp(text, names[i]) == 0) {
            *type = (RequestType)i;
            return 0;
        }
    }
    return -1;
}

char *request_to_line(const Request *request)
{
    json_t *body;
    switch (request->type) {
    case REQUEST_LOAD:
        body = load_json(&request->u.load);
        break;
    case REQUEST_SAY:
        body = say_json(&request->u.say);
        break;
    case REQUEST_SWITCH:
        body = switch_json(&request->u.swap);
        break;
    case REQUEST_SET:
        body = set_json(&request->u.set);
        break;
    case REQUEST_COUNT:
        body = json_pack("{s:i, s:o}", "number", request->u.count.number, "text",
                         json_text(request->u.count.text));
        break;
    default:
        body = json_object();
    }
    json_t *object = json_pack("{s:i, s:s}", "v", EVENT_VERSION, "request", names[request->type]);
    char *line = NULL;
    if (body && object && json_object_update(object, body) == 0)
        line = json_dumps(object, JSON_COMPACT);
    json_decref(body);
    json_decref(object);
    return line;
}

void request_free(Request *request)
{
    if (request->type == REQUEST_LOAD)
        profile_close(&request->u.load.profile);
    if (request->type == REQUEST_SWITCH)
        free(request->u.swap.name);
    if (request->type == REQUEST_COUNT)
        free(request->u.count.text);
    if (request->type == REQUEST_SAY) {
        RequestSay *say = &request->u.say;
        for (int i = 0; i < say->n_messages; i++)
            free((char *)say->messages[i].text);
        free(say->messages);
    }
    memset(request, 0, sizeof(*request));
    request->type = REQUEST_STOP; /* which owns nothing */
}
