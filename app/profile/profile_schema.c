/* profile_schema.c - see profile_schema.h. */
#include "app/profile/profile_schema.h"

const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t draft_fields[] = {
    YAML_TEXT("base", RawDraft, base),
    YAML_MAYBE("layers", RawDraft, layers),
    CYAML_FIELD_SEQUENCE("exits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawDraft, exits,
                         &text_schema, 1, EXITS_MAX),
    YAML_MAYBE("short_list", RawDraft, short_list),
    YAML_MAYBE("adapter", RawDraft, adapter),
    YAML_MAYBE("requantise", RawDraft, requantise),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t target_fields[] = {
    YAML_TEXT("model", RawTarget, model),
    CYAML_FIELD_SEQUENCE("thresholds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawTarget,
                         thresholds, &text_schema, 1, EXITS_MAX),
    YAML_MAYBE("drafter", RawTarget, drafter),
    YAML_MAYBE("head", RawTarget, head),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t target_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawTarget, target_fields),
};

static const cyaml_schema_field_t tree_fields[] = {
    YAML_MAYBE("mode", RawTree, mode),
    YAML_MAYBE("depth", RawTree, depth),
    YAML_MAYBE("width", RawTree, width),
    YAML_MAYBE("nodes", RawTree, nodes),
    CYAML_FIELD_END,
};

const cyaml_schema_field_t sampling_fields[] = {
    YAML_MAYBE("temperature", RawSampling, temperature),
    YAML_MAYBE("top_k", RawSampling, top_k),
    YAML_MAYBE("top_p", RawSampling, top_p),
    YAML_MAYBE("seed", RawSampling, seed),
    CYAML_FIELD_SEQUENCE("stop", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawSampling, stop,
                         &text_schema, 1, STOPS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t profile_fields[] = {
    YAML_TEXT("name", RawProfile, name),
    YAML_PART("draft", RawProfile, draft, draft_fields),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER, RawProfile, targets, &target_schema, 1,
                         TARGETS_MAX),
    YAML_PART("tree", RawProfile, tree, tree_fields),
    YAML_PART("sampling", RawProfile, sampling, sampling_fields),
    YAML_EMPTY("system", RawProfile, system),
    YAML_EMPTY("template", RawProfile, template),
    YAML_MAYBE("context", RawProfile, context),
    YAML_MAYBE("kv", RawProfile, kv),
    YAML_MAYBE("max_tokens", RawProfile, max_tokens),
    YAML_MAYBE("threads", RawProfile, threads),
    YAML_MAYBE("device", RawProfile, device),
    YAML_MAYBE("think", RawProfile, think),
    YAML_MAYBE("date", RawProfile, date),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawProfile, profile_fields),
};

int schema_load(RawProfile **raw, const char *yaml, size_t bytes, const Scan *scan, Err *err)
{
    void *data;
    if (yaml_take(&data, &profile_schema, yaml, bytes, scan, err) != 0)
        return -1;
    if (!data)
        return err_set(err, EXIT_DATA, "%.200s: empty; a profile names at least one target",
                       scan->file);
    *raw = data;
    return 0;
}

void schema_free(RawProfile *raw)
{
    yaml_drop(&profile_schema, raw);
}
