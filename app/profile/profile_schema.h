/* profile_schema.h - a profile's YAML as structs of strings, through libcyaml.
 *
 * The schema lives here, and the turning of libcyaml's log into one message with the place of the
 * fault. Numbers stay strings: left to itself, libcyaml 1.3.1 reads 0.5x as 0.5, takes nan, and
 * lets 1e999 through.
 */
#ifndef S2D_APP_PROFILE_PROFILE_SCHEMA_H
#define S2D_APP_PROFILE_PROFILE_SCHEMA_H

#include "app/profile/profile_scan.h"

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
} RawSampling;

typedef struct RawProfile {
    char *name;
    RawDraft *draft;
    RawTarget *targets;
    unsigned targets_count;
    RawTree *tree;
    RawSampling *sampling;
    char *system, *template, *context, *kv, *max_tokens, *threads, *device;
} RawProfile;

/* yaml has passed scan_yaml, which filled scan. *raw is the caller's to give to schema_free. */
int schema_load(RawProfile **raw, const char *yaml, size_t bytes, const Scan *scan, Err *err);
void schema_free(RawProfile *raw);

/* The same for any schema of libcyaml, with its faults told in the same way. *data is the caller's to
 * give to schema_drop. */
struct cyaml_schema_value;
int schema_read(void **data, const struct cyaml_schema_value *schema, const char *yaml,
                size_t bytes, const Scan *scan, Err *err);
void schema_drop(const struct cyaml_schema_value *schema, void *data);

#endif
