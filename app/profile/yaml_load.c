/* yaml_load.c - see yaml_load.h. */
#include "app/profile/yaml_load.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

/* The keys that a mapping may have; NULL = there is no such mapping. path: "draft", "targets[0]" */
static const cyaml_schema_field_t *fields_at(const cyaml_schema_value_t *value, const char *path)
{
    while (value->type == CYAML_MAPPING && *path) {
        const cyaml_schema_field_t *field = value->mapping.fields;
        size_t n = strcspn(path, ".[");
        while (field->key && (strlen(field->key) != n || strncmp(field->key, path, n) != 0))
            field++;
        if (!field->key)
            return NULL;
        value = &field->value;
        for (path += n; *path == '[' && value->type == CYAML_SEQUENCE;
             path += 1 + strcspn(path + 1, ".["))
            value = value->sequence.entry;
        path += *path == '.';
    }
    return value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

/* "; known here: a, b, c", for a key that is not. */
static void known_keys(const cyaml_schema_value_t *schema, const ScanMark *mark, char *text,
                       size_t size)
{
    char path[SCAN_PATH_BYTES] = "";
    const char *dot = mark ? strrchr(mark->path, '.') : NULL;
    size_t used = 0;
    text[0] = '\0';
    if (!mark)
        return;
    if (dot)
        memcpy(path, mark->path, (size_t)(dot - mark->path));
    const cyaml_schema_field_t *field = fields_at(schema, path);
    for (int i = 0; field && field->key && used < size; i++, field++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "; known here: " : ", ",
                                 field->key);
}

/* Says what libcyaml found, where it is, in words for somebody who has not read the schema. */
static int report_log(const cyaml_schema_value_t *schema, const Log *log, cyaml_err_t code,
                      const Scan *scan, Err *err)
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
        char known[256] = "";
        const char *key = has_key ? log->text + length : "";
        if (words[i].names_key) {
            /* The place is that of the value before: the key comes next. */
            const ScanMark *mark = scan_find_key(scan, key, line, column);
            line = mark ? mark->key_line : line;
            column = mark ? mark->key_column : column;
            if (i == 0)
                known_keys(schema, mark, known, sizeof known);
        }
        return err_set(err, EXIT_DATA, "%.200s:%d:%d: %s%s%s%s", scan->file, line, column,
                       words[i].ours, has_key ? " " : "", key, known);
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

int yaml_take(void **data, const cyaml_schema_value_t *schema, const char *yaml, size_t bytes,
              const Scan *scan, Err *err)
{
    Log log = {0};
    cyaml_config_t config = config_with(&log);
    *data = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)yaml, bytes, &config, schema, data, NULL);
    return code == CYAML_OK ? 0 : report_log(schema, &log, code, scan, err);
}

void yaml_drop(const cyaml_schema_value_t *schema, void *data)
{
    Log log = {0};
    cyaml_config_t config = config_with(&log);
    cyaml_free(&config, schema, data, 0);
}
