/* config_schema.h - a config file's YAML as structs of strings: the schema for yaml_take, made for one
 * file, since the names of its roles are the person's. */
#ifndef S2D_APP_PROFILE_CONFIG_SCHEMA_H
#define S2D_APP_PROFILE_CONFIG_SCHEMA_H

#include "app/profile/config.h"
#include "app/profile/profile_schema.h"
#include "ui/shortcuts.h"

/* What libcyaml fills: NULL = the key is not there. */
typedef struct RawConfig {
    char *theme, *mouse, *profile;
    char **models;
    unsigned models_count;
    char **keys;  /* [number of the shortcut - 1] */
    char **roles; /* [n_roles] */
    RawSampling *sampling;
} RawConfig;

typedef struct ConfigSchema {
    char shortcuts[SHORTCUT_MOST][SHORTCUT_NAME];
    char roles[ROLES_MAX][ROLE_NAME];
    int n_roles;
    cyaml_schema_field_t key_fields[SHORTCUT_MOST + 1], role_fields[ROLES_MAX + 1], fields[9];
    cyaml_schema_value_t value;
} ConfigSchema;

/* Takes the names of roles from the scan; EXIT_DATA, with its place, for one that is no name. The
 * schema stays where it is: it points into itself. */
int config_schema_make(ConfigSchema *schema, const Scan *scan, Err *err);

#endif
