/* profile_schema.c - see profile_schema.h. */
#include "app/profile/profile_schema.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/profile/profile.h"

/* A value that must be there, one that need not, and one that may also be left empty. */
#define TEXT(key, type, field) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, field, 1, CYAML_UNLIMITED)
#define MAYBE(key, type, field)                                                           \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, field, 0, \
                           CYAML_UNLIMITED)
#define EMPTY(key, type, field)                                                                \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, type, field, 0, \
                           CYAML_UNLIMITED)
#define PART(key, field, fields)                                                              \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawProfile, field, \
                            fields)

static const cyaml_schema_value_t number_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t draft_fields[] = {
    TEXT("base", RawDraft, base),
    MAYBE("layers", RawDraft, layers),
    CYAML_FIELD_SEQUENCE("exits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawDraft, exits,
                         &number_schema, 1, EXITS_MAX),
    MAYBE("short_list", RawDraft, short_list),
    MAYBE("adapter", RawDraft, adapter),
    MAYBE("requantise", RawDraft, requantise),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t target_fields[] = {
    TEXT("model", RawTarget, model),
    CYAML_FIELD_SEQUENCE("thresholds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawTarget,
                         thresholds, &number_schema, 1, EXITS_MAX),
    MAYBE("drafter", RawTarget, drafter),
    MAYBE("head", RawTarget, head),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t target_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawTarget, target_fields),
};

static const cyaml_schema_field_t tree_fields[] = {
    MAYBE("mode", RawTree, mode),
    MAYBE("depth", RawTree, depth),
    MAYBE("width", RawTree, width),
    MAYBE("nodes", RawTree, nodes),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t sampling_fields[] = {
    MAYBE("temperature", RawSampling, temperature),
    MAYBE("top_k", RawSampling, top_k),
    MAYBE("top_p", RawSampling, top_p),
    MAYBE("seed", RawSampling, seed),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t profile_fields[] = {
    TEXT("name", RawProfile, name),
    PART("draft", draft, draft_fields),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER, RawProfile, targets, &target_schema, 1,
                         TARGETS_MAX),
    PART("tree", tree, tree_fields),
    PART("sampling", sampling, sampling_fields),
    EMPTY("system", RawProfile, system),
    EMPTY("template", RawProfile, template),
    MAYBE("context", RawProfile, context),
    MAYBE("kv", RawProfile, kv),
    MAYBE("max_tokens", RawProfile, max_tokens),
    MAYBE("threads", RawProfile, threads),
    MAYBE("device", RawProfile, device),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawProfile, profile_fields),
};

/* --- libcyaml's log becomes one message --- */

typedef struct Log {
    char text[256];   /* its first error */
    int line, column; /* the innermost place of its backtrace; 0 = none */
} Log;

static void log_line(cyaml_log_t level, void *context, const char *format, va_list args)
{
    (void)level;
    Log *log = context;
    char line[256];
    vsnprintf(line, sizeof line, format, args);
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    if (log->line == 0) {
        const char *place = strstr(line, "(line: ");
        if (place)
            sscanf(place, "(line: %d, column: %d)", &log->line, &log->column);
    }
    if (log->text[0] == '\0' && strncmp(text, "Backtrace", 9) != 0 && text[0] != ' ')
        snprintf(log->text, sizeof log->text, "%s", text);
    log->text[strcspn(log->text, "\n")] = '\0';
}

/* Says what libcyaml found, where it is, in words for somebody who has not read the schema. */
static int report_log(const Log *log, cyaml_err_t code, const Scan *scan, Err *err)
{
    static const struct {
        const char *theirs, *ours;
        bool names_key; /* their message ends with the key that it is about */
    } words[] = {
        {"Unexpected key: ", "there is no such key here:", true},
        {"Mapping field already seen: ", "given twice:", true},
        {"Missing required mapping field: ", "missing here:", false},
        {"Expecting MAPPING", "keys and values are wanted here (`key: value`)", false},
        {"Expecting SEQUENCE", "a list is wanted here (`[a, b]`)", false},
        {"Expecting STRING", "a single value is wanted here", false},
        {"Insufficient entries", "this list is empty", false},
        {"Excessive entries", "this list is too long, 8 entries are the most", false},
        {"STRING length < ", "a value is missing here", false},
    };
    /* libcyaml does not say what libyaml lacks. It is no YAML that it lacks: that was read before, for
     * the scan. */
    if (code == CYAML_ERR_OOM || code == CYAML_ERR_LIBYAML_PARSER_INIT ||
        code == CYAML_ERR_LIBYAML_PARSER)
        return err_set(err, EXIT_MEMORY, "no memory for reading %.200s", scan->file);
    int line = log->line, column = log->column;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].theirs);
        if (strncmp(log->text, words[i].theirs, length) != 0)
            continue;
        bool has_key = words[i].theirs[length - 2] == ':';
        const char *key = has_key ? log->text + length : "";
        if (words[i].names_key) {
            /* The place is that of the value before: the key comes next. */
            const ScanMark *mark = scan_find_key(scan, key, line, column);
            line = mark ? mark->key_line : line;
            column = mark ? mark->key_column : column;
        }
        return err_set(err, EXIT_DATA, "%.200s:%d:%d: %s%s%s", scan->file, line, column,
                       words[i].ours, has_key ? " " : "", key);
    }
    return err_set(err, EXIT_DATA, "%.200s:%d:%d: %s", scan->file, line, column,
                   log->text[0] ? log->text : cyaml_strerror(code));
}

static cyaml_config_t config_with(Log *log)
{
    return (cyaml_config_t){
        .log_fn = log_line,
        .log_ctx = log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

int schema_read(void **data, const cyaml_schema_value_t *schema, const char *yaml, size_t bytes,
                const Scan *scan, Err *err)
{
    Log log = {0};
    cyaml_config_t config = config_with(&log);
    cyaml_data_t *read = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)yaml, bytes, &config, schema, &read, NULL);
    if (code != CYAML_OK)
        return report_log(&log, code, scan, err);
    if (!read) /* success without data: how libcyaml reads a file of comments */
        return err_set(err, EXIT_DATA, "%.200s: empty; %s", scan->file, scan->least);
    *data = read;
    return 0;
}

void schema_drop(const cyaml_schema_value_t *schema, void *data)
{
    Log log = {0};
    cyaml_config_t config = config_with(&log);
    cyaml_free(&config, schema, data, 0);
}

int schema_load(RawProfile **raw, const char *yaml, size_t bytes, const Scan *scan, Err *err)
{
    void *data = NULL;
    if (schema_read(&data, &profile_schema, yaml, bytes, scan, err) != 0)
        return -1;
    *raw = data;
    return 0;
}

void schema_free(RawProfile *raw)
{
    schema_drop(&profile_schema, raw);
}
