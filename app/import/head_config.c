/* head_config.c - see head_config.h. */
#include "app/import/head_config.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/save_file.h"

enum { CONFIG_MOST = 1 << 20 /* bytes */, TEXT_BYTES = 32, INTEGER_MOST = 1 << 24 };

typedef enum KeyKind { KEY_INTEGER, KEY_NUMBER, KEY_TEXT, KEY_SAID } KeyKind;

typedef struct Key {
    const char *name;
    KeyKind kind;
    size_t field;
    int low; /* of integers */
} Key;

#define AT(field) offsetof(HeadConfig, field)
static const Key keys[] = {
    {"hidden_size", KEY_INTEGER, AT(hidden), 1},
    {"target_hidden_size", KEY_INTEGER, AT(target_hidden), 1},
    {"vocab_size", KEY_INTEGER, AT(vocab), 1},
    {"num_hidden_layers", KEY_INTEGER, AT(layers), 1},
    {"num_attention_heads", KEY_INTEGER, AT(heads), 1},
    {"num_key_value_heads", KEY_INTEGER, AT(kv_heads), 1},
    {"head_dim", KEY_INTEGER, AT(head_dim), 1},
    {"intermediate_size", KEY_INTEGER, AT(ffn), 1},
    {"draft_vocab_size", KEY_INTEGER, AT(draft_vocab), 1},
    {"medusa_num_heads", KEY_INTEGER, AT(medusa_heads), 1},
    {"medusa_num_layers", KEY_INTEGER, AT(medusa_layers), 1},
    {"hydra_num_heads", KEY_INTEGER, AT(hydra_heads), 1},
    {"hydra_num_layers", KEY_INTEGER, AT(hydra_layers), 1},
    {"hidden_state_offset", KEY_INTEGER, AT(hydra_offset), 0},
    {"rope_theta", KEY_NUMBER, AT(rope_theta), 0},
    {"rms_norm_eps", KEY_NUMBER, AT(norm_eps), 0},
    {"hydra_head_arch", KEY_TEXT, AT(hydra_arch), 0},
    {"hidden_act", KEY_TEXT, AT(act), 0},
    {"bias", KEY_SAID, AT(bias), 0},
    {"grounded_heads", KEY_SAID, AT(grounded), 0},
};

static int read_integer(const json_t *value, const Key *key, const char *path, int *into, Err *err)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < key->low || number > INTEGER_MOST)
        return err_set(err, EXIT_DATA, "%s: \"%s\" is no whole number from %d to %d", path,
                       key->name, key->low, INTEGER_MOST);
    *into = (int)number;
    return 0;
}

static int read_number(const json_t *value, const char *name, const char *path, double *into,
                       Err *err)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number > 0) || !isfinite((float)number) || (float)number == 0)
        return err_set(err, EXIT_DATA, "%s: \"%s\" is no positive number", path, name);
    *into = number;
    return 0;
}

static int read_text(const json_t *value, const char *name, const char *path, char *into, Err *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) >= TEXT_BYTES)
        return err_set(err, EXIT_DATA, "%s: \"%s\" is no short text", path, name);
    snprintf(into, TEXT_BYTES, "%s", text);
    return 0;
}

static int read_key(HeadConfig *config, const json_t *root, const Key *key, const char *path,
                    Err *err)
{
    const json_t *value = json_object_get(root, key->name);
    void *field = (char *)config + key->field;
    if (value == NULL || json_is_null(value))
        return 0;
    switch (key->kind) {
    case KEY_INTEGER:
        return read_integer(value, key, path, field, err);
    case KEY_NUMBER:
        return read_number(value, key->name, path, field, err);
    case KEY_TEXT:
        return read_text(value, key->name, path, field, err);
    default:
        if (!json_is_boolean(value))
            return err_set(err, EXIT_DATA, "%s: \"%s\" is neither true nor false", path, key->name);
        *(Said *)field = json_is_true(value) ? SAID_YES : SAID_NO;
        return 0;
    }
}

/* {"type": …} or {"rope_type": …}; later files have the base in the same object. */
static int read_rope(HeadConfig *config, const json_t *root, const char *path, Err *err)
{
    static const char *const names[] = {"rope_scaling", "rope_parameters"};
    for (int i = 0; i < 2; i++) {
        const json_t *rope = json_object_get(root, names[i]);
        if (rope == NULL || json_is_null(rope))
            continue;
        if (!json_is_object(rope))
            return err_set(err, EXIT_DATA, "%s: \"%s\" is no object", path, names[i]);
        const json_t *kind = json_object_get(rope, "rope_type");
        const json_t *base = json_object_get(rope, "rope_theta");
        kind = kind ? kind : json_object_get(rope, "type");
        if (kind && read_text(kind, names[i], path, config->rope_scaling, err) != 0)
            return -1;
        if (base && read_number(base, "rope_theta", path, &config->rope_theta, err) != 0)
            return -1;
    }
    return 0;
}

static int read_aux(HeadConfig *config, const json_t *root, const char *path, Err *err)
{
    static const char name[] = "eagle_aux_hidden_state_layer_ids";
    const json_t *ids = json_object_get(json_object_get(root, "eagle_config"), name);
    size_t n = json_array_size(ids);
    if (ids == NULL || json_is_null(ids))
        return 0;
    if (!json_is_array(ids) || n < 1 || n > FEATURES_MAX)
        return err_set(err, EXIT_DATA, "%s: \"%s\" is no list of 1 to %d layers", path, name,
                       FEATURES_MAX);
    for (size_t i = 0; i < n; i++) {
        Key key = {.name = name};
        if (read_integer(json_array_get(ids, i), &key, path, &config->aux[i], err) != 0)
            return -1;
    }
    config->n_aux = (int)n;
    return 0;
}

/* "lmsys/vicuna-7b-v1.3" stays; of a path on somebody's machine the last name. */
static void read_base_name(HeadConfig *config, const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "base_model_name_or_path"));
    char copy[256];
    if (name == NULL || *name == '\0')
        name = json_string_value(json_object_get(root, "_name_or_path"));
    snprintf(copy, sizeof copy, "%s", name ? name : "");
    for (size_t n = strlen(copy); n > 0 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    const char *slash = strrchr(copy, '/');
    const char *from = slash && strchr("./~", copy[0]) ? slash + 1 : copy;
    size_t n = 0;
    for (; *from != '\0' && n + 1 < sizeof config->base_name; from++)
        config->base_name[n++] = *from > ' ' && *from < 0x7f ? *from : '_';
    config->base_name[n] = '\0';
}

int head_config_read(HeadConfig *config, const char *path, Err *err)
{
    *config = (HeadConfig){.given = path != NULL};
    if (path == NULL)
        return 0;
    size_t bytes;
    char *text = read_file(path, "config.json", CONFIG_MOST, &bytes, err);
    if (text == NULL)
        return -1;
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    free(text);
    int result = 0;
    if (root == NULL)
        result = err_set(err, EXIT_DATA, "%s: line %d: %s", path, error.line, error.text);
    else if (!json_is_object(root))
        result = err_set(err, EXIT_DATA, "%s: no config.json: it is no object", path);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && result == 0; i++)
        result = read_key(config, root, &keys[i], path, err);
    if (result == 0 &&
        (read_rope(config, root, path, err) != 0 || read_aux(config, root, path, err) != 0))
        result = -1;
    if (result == 0)
        read_base_name(config, root);
    json_decref(root);
    return result;
}
