/* profile_schema.h - a profile's YAML as structs of strings: the schema for yaml_take. */
#ifndef S2D_APP_PROFILE_PROFILE_SCHEMA_H
#define S2D_APP_PROFILE_PROFILE_SCHEMA_H

#include "app/profile/profile.h"
#include "app/profile/yaml_load.h"
#include "app/profile/yaml_values.h"

/* What libcyaml fills: NULL = the key is not there. */
typedef struct RawDraft {
    char *base, *layers, *short_list, *adapter, *requantise;
    char **exits;
    unsigned exits_count;
} RawDraft;

typedef struct RawTarget {
    char *model, *drafter, *head;
    char **thresholds;
    unsigned thresholds_count;
} RawTarget;

typedef struct RawTree {
    char *mode, *depth, *width, *nodes;
} RawTree;

typedef struct RawSampling {
    char *temperature, *top_k, *top_p, *seed;
    char **stop;
    unsigned stop_count;
} RawSampling;

typedef struct RawProfile {
    char *name;
    RawDraft *draft;
    RawTarget *targets;
    unsigned targets_count;
    RawTree *tree;
    RawSampling *sampling;
    char *system, *template, *context, *kv, *max_tokens, *threads, *device, *think, *date;
} RawProfile;

/* One that config files share, and a text in a list. */
extern const cyaml_schema_field_t sampling_fields[];
extern const cyaml_schema_value_t text_schema;

/* yaml has passed scan_yaml, which filled scan. *raw is the caller's to give to schema_free. */
int schema_load(RawProfile **raw, const char *yaml, size_t bytes, const Scan *scan, Err *err);
void schema_free(RawProfile *raw);

/* sampling_read.c: its values into the profile, which has the defaults of those that are not given. raw
 * NULL = none is. */
int sampling_read(YamlReader *reader, const RawSampling *raw, Profile *profile);

#endif
