/* config_schema.c - see config_schema.h. */
#include "app/profile/config_schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/profile/yaml_values.h"

/* A mapping of texts whose keys are known only now: `field` of the file's, an array of pointers. */
static cyaml_schema_field_t texts_field(const char *key, size_t offset,
                                        const cyaml_schema_field_t *fields, int n)
{
    return (cyaml_schema_field_t){
        .key = key,
        .data_offset = (uint32_t)offset,
        .value = {.type = CYAML_MAPPING,
                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                  .data_size = (uint32_t)((size_t)(n > 0 ? n : 1) * sizeof(char *)),
                  .mapping = {.fields = fields}}};
}

static cyaml_schema_field_t text_field(const char *key, int index)
{
    return (cyaml_schema_field_t){
        .key = key,
        .data_offset = (uint32_t)((size_t)index * sizeof(char *)),
        .value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, char, 0,
                                     CYAML_UNLIMITED)}};
}

static int role_names(ConfigSchema *schema, const Scan *scan, Err *err)
{
    YamlReader reader = {scan, err};
    for (int i = 0; i < scan->n_marks; i++) {
        const char *path = scan->marks[i].path;
        if (strncmp(path, "roles.", 6) != 0)
            continue;
        const char *name = path + 6;
        size_t n = 0;
        while (isalnum((unsigned char)name[n]) || name[n] == '-' || name[n] == '_')
            n++;
        if (n == 0 || n >= ROLE_NAME || name[n] != '\0')
            return yaml_fail(&reader, path,
                             "a role is a name of up to %d letters, digits, - and _, and its text",
                             ROLE_NAME - 1);
        if (schema->n_roles == ROLES_MAX)
            return yaml_fail(&reader, path, "there are more than %d roles", ROLES_MAX);
        int same = 0;
        while (same < schema->n_roles && strcmp(schema->roles[same], name) != 0)
            same++;
        if (same == schema->n_roles) /* else libcyaml says that it is given twice */
            strcpy(schema->roles[schema->n_roles++], name);
    }
    return 0;
}

int config_schema_make(ConfigSchema *schema, const Scan *scan, Err *err)
{
    memset(schema, 0, sizeof *schema);
    if (role_names(schema, scan, err) != 0)
        return -1;
    int n_keys = 0;
    for (int number = 1; number <= SHORTCUT_MOST; number++) {
        char *name = schema->shortcuts[number - 1];
        if (*shortcut_name(number, name))
            schema->key_fields[n_keys++] = text_field(name, number - 1);
    }
    for (int i = 0; i < schema->n_roles; i++)
        schema->role_fields[i] = text_field(schema->roles[i], i);
    const cyaml_schema_field_t fields[] = {
        YAML_MAYBE("theme", RawConfig, theme),
        YAML_MAYBE("mouse", RawConfig, mouse),
        YAML_MAYBE("profile", RawConfig, profile),
        CYAML_FIELD_SEQUENCE("models", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig, models,
                             &text_schema, 0, CONFIG_FOLDERS_MAX),
        texts_field("keys", offsetof(RawConfig, keys), schema->key_fields, SHORTCUT_MOST),
        texts_field("roles", offsetof(RawConfig, roles), schema->role_fields, schema->n_roles),
        YAML_PART("sampling", RawConfig, sampling, sampling_fields),
        CYAML_FIELD_END,
    };
    _Static_assert(sizeof fields <= sizeof schema->fields, "fields");
    memcpy(schema->fields, fields, sizeof fields);
    schema->value =
        (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawConfig, schema->fields)};
    return 0;
}
