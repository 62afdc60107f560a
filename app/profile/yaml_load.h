/* yaml_load.h - YAML as structs of strings, by a schema, through libcyaml; and what went wrong in one
 * line, with its place.
 *
 * Numbers stay strings: left to itself, libcyaml 1.3.1 reads 0.5x as 0.5, takes nan, and lets 1e999
 * through. yaml_values.h reads them.
 */
#ifndef S2D_APP_PROFILE_YAML_LOAD_H
#define S2D_APP_PROFILE_YAML_LOAD_H

#include <cyaml/cyaml.h>

#include "app/profile/profile_scan.h"

/* A value that must be there, one that need not, and one that may also be left empty. */
#define YAML_TEXT(key, type, field) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, field, 1, CYAML_UNLIMITED)
#define YAML_MAYBE(key, type, field)                                                      \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, field, 0, \
                           CYAML_UNLIMITED)
#define YAML_EMPTY(key, type, field)                                                           \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, type, field, 0, \
                           CYAML_UNLIMITED)
#define YAML_PART(key, type, field, fields) \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, field, fields)

/* yaml has passed scan_yaml, which filled scan. *data is the caller's to give to yaml_drop; NULL: there
 * is nothing but comments. An unknown key is an error that names those that the schema has there. */
int yaml_take(void **data, const cyaml_schema_value_t *schema, const char *yaml, size_t bytes,
              const Scan *scan, Err *err);
void yaml_drop(const cyaml_schema_value_t *schema, void *data);

#endif
