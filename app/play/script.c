/* script.c - see script.h. */
#include "app/play/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/command_line.h"
#include "app/profile/yaml_load.h"
#include "app/profile/yaml_values.h"

/* What libcyaml fills: NULL = the key is not there. One of a step's is. */
typedef struct RawStep {
#define STEP_MEMBER(NAME, name, reader) char *name##_value;
    STEP_LIST(STEP_MEMBER)
#undef STEP_MEMBER
} RawStep;

typedef struct RawScript {
    char *name, *trace, *profile;
    RawStep *steps;
    unsigned steps_count;
} RawScript;

static const cyaml_schema_field_t step_fields[] = {
#define STEP_FIELD(NAME, name, reader) YAML_MAYBE(#name, RawStep, name##_value),
    STEP_LIST(STEP_FIELD)
#undef STEP_FIELD
        CYAML_FIELD_END,
};

static const cyaml_schema_value_t step_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawStep, step_fields),
};

static const cyaml_schema_field_t script_fields[] = {
    YAML_MAYBE("name", RawScript, name),
    YAML_MAYBE("trace", RawScript, trace),
    YAML_MAYBE("profile", RawScript, profile),
    CYAML_FIELD_SEQUENCE("steps", CYAML_FLAG_POINTER, RawScript, steps, &step_schema, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t script_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawScript, script_fields),
};

typedef struct Reader {
    YamlReader yaml;
    const char *path; /* of the step's value */
} Reader;

static int no_memory(Err *err)
{
    return err_set(err, EXIT_MEMORY, "no memory for a script");
}

/* A number from low to high at the start of a text; *rest is what follows it and a blank. */
static int read_number(const Reader *reader, const char *text, double low, double high,
                       double *number, const char **rest)
{
    char digits[24] = "";
    size_t n = strspn(text, "+-.0123456789");
    Err wrong = {0};
    if (n > 0 && n < sizeof(digits))
        memcpy(digits, text, n);
    *rest = text + n + strspn(text + n, " ");
    if (digits[0] == '\0')
        return yaml_fail(&reader->yaml, reader->path, "\"%.40s\" does not begin with a number",
                         text);
    if (options_number(digits, "it", low, high, number, &wrong) != 0)
        return yaml_fail(&reader->yaml, reader->path, "%s", wrong.text);
    return 0;
}

static int read_caption(const Reader *reader, const char *text, Step *step)
{
    step->text = strdup(text);
    return step->text ? 0 : no_memory(reader->yaml.err);
}

static int read_text(const Reader *reader, const char *text, Step *step)
{
    if (text[strspn(text, " \t\n")] == '\0')
        return yaml_fail(&reader->yaml, reader->path, "a text is missing here");
    return read_caption(reader, text, step);
}

/* It becomes a command, which has one line. */
static int read_line(const Reader *reader, const char *text, Step *step)
{
    if (strchr(text, '\n'))
        return yaml_fail(&reader->yaml, reader->path, "one line is wanted here");
    return read_text(reader, text, step);
}

static int read_seconds(const Reader *reader, const char *text, Step *step)
{
    const char *unit;
    if (read_number(reader, text, 0, STEP_SECONDS_MAX, &step->number, &unit) != 0)
        return -1;
    return *unit == '\0' || strcmp(unit, "s") == 0
               ? 0
               : yaml_fail(&reader->yaml, reader->path, "\"%.40s\" is no number of seconds", text);
}

static int read_wait(const Reader *reader, const char *text, Step *step)
{
    const char *unit;
    step->wait_for = WAIT_ANSWER;
    if (strcmp(text, "answer") == 0)
        return 0;
    if (read_number(reader, text, 0, STEP_COUNT_MAX, &step->number, &unit) != 0)
        return -1;
    step->wait_for = *unit == 'r' ? WAIT_ROUNDS : WAIT_SECONDS;
    if (step->wait_for == WAIT_SECONDS && step->number > STEP_SECONDS_MAX)
        return yaml_fail(&reader->yaml, reader->path, "%d seconds are the most", STEP_SECONDS_MAX);
    if (strcmp(unit, "s") == 0 || strcmp(unit, "rounds") == 0 || strcmp(unit, "round") == 0)
        return 0;
    return yaml_fail(&reader->yaml, reader->path,
                     "\"%.40s\" is neither `answer` nor `N rounds` nor `N s`", text);
}

static int read_count(const Reader *reader, const char *text, Step *step)
{
    const char *rest;
    if (read_number(reader, text, -STEP_COUNT_MAX, STEP_COUNT_MAX, &step->number, &rest) != 0)
        return -1;
    return *rest == '\0' && step->number == (int)step->number
               ? 0
               : yaml_fail(&reader->yaml, reader->path, "\"%.40s\" is no whole number", text);
}

/* The names of the panes, and the place where the bar stands. */
static int read_pane(const Reader *reader, const char *text, Step *step)
{
#define PANE_NAME(NAME, name) #name,
    static const char *const names[] = {PANE_LIST(PANE_NAME) "input"};
#undef PANE_NAME
    char list[200] = "";
    for (int i = 0; i <= FOCUS_INPUT; i++) {
        size_t used = strlen(list);
        if (strcmp(text, names[i]) == 0) {
            step->focus = i;
            return 0;
        }
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
    }
    return yaml_fail(&reader->yaml, reader->path, "\"%.40s\" is no pane; they are %s", text, list);
}

static const struct {
    const char *name;
    size_t member; /* of RawStep */
    int (*read)(const Reader *reader, const char *text, Step *step);
} rows[] = {
#define STEP_ROW(NAME, name, reader) \
    [STEP_##NAME] = {#name, offsetof(RawStep, name##_value), read_##reader},
    STEP_LIST(STEP_ROW)
#undef STEP_ROW
};

const char *step_name(StepKind kind)
{
    return rows[kind].name;
}

static const char *value_of(const RawStep *raw, int kind)
{
    return *(char *const *)((const char *)raw + rows[kind].member);
}

static int read_step(const Reader *parent, const RawStep *raw, int index, Step *step)
{
    char path[SCAN_PATH_BYTES], list[200] = "";
    Reader reader = {parent->yaml, path};
    int given = 0;
    snprintf(path, sizeof(path), "steps[%d]", index);
    for (int kind = 0; kind < STEP_COUNT; kind++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", kind ? ", " : "", rows[kind].name);
        if (value_of(raw, kind)) {
            step->kind = (StepKind)kind;
            given++;
        }
    }
    if (given != 1)
        return yaml_fail(&reader.yaml, path, "a step is one of %s, each after a dash of its own",
                         list);
    snprintf(path, sizeof(path), "steps[%d].%s", index, rows[step->kind].name);
    const ScanMark *mark = scan_find(reader.yaml.scan, path);
    step->line = mark ? mark->line : 1;
    step->column = mark ? mark->column : 1;
    return rows[step->kind].read(&reader, value_of(raw, (int)step->kind), step);
}

static int take_text(char **to, const char *from, Err *err)
{
    *to = from && *from ? strdup(from) : NULL;
    return *to || !from || !*from ? 0 : no_memory(err);
}

static int take(Script *script, const RawScript *raw, const Scan *scan, Err *err)
{
    Reader reader = {{scan, err}, ""};
    if (take_text(&script->file, scan->file, err) != 0 ||
        take_text(&script->name, raw->name, err) != 0 ||
        take_text(&script->trace, raw->trace, err) != 0 ||
        take_text(&script->profile, raw->profile, err) != 0)
        return -1;
    script->steps = calloc(raw->steps_count, sizeof(*script->steps));
    if (!script->steps)
        return no_memory(err);
    script->n_steps = (int)raw->steps_count;
    for (int i = 0; i < script->n_steps; i++)
        if (read_step(&reader, &raw->steps[i], i, &script->steps[i]) != 0)
            return -1;
    return 0;
}

int script_parse(Script *script, const char *yaml, size_t bytes, const char *file, Err *err)
{
    memset(script, 0, sizeof(*script));
    Scan *scan = malloc(sizeof(*scan));
    if (!scan)
        return no_memory(err);
    void *raw = NULL;
    int status = scan_yaml(scan, yaml, bytes, file, "a script", err);
    if (status == 0)
        status = yaml_take(&raw, &script_schema, yaml, bytes, scan, err);
    if (status == 0 && !raw)
        status =
            err_set(err, EXIT_DATA, "%.200s: empty; a script has at least one step", scan->file);
    if (status == 0) {
        status = take(script, raw, scan, err);
        yaml_drop(&script_schema, raw);
    }
    free(scan);
    if (status != 0)
        script_close(script);
    return status;
}

void script_close(Script *script)
{
    for (int i = 0; i < script->n_steps; i++)
        free(script->steps[i].text);
    free(script->steps);
    free(script->file);
    free(script->name);
    free(script->trace);
    free(script->profile);
    memset(script, 0, sizeof(*script));
}

bool script_has_captions(const Script *script)
{
    for (int i = 0; i < script->n_steps; i++)
        if (script->steps[i].kind == STEP_CAPTION)
            return true;
    return false;
}

bool step_set_is_quiet(const Step *step)
{
    return strncmp(step->text, "max_tokens", 10) == 0;
}

/* `set: tau 6 0.5` is /tau 6 0.5; what is no command of its own is one of /set's names. */
char *step_command(const Step *step)
{
    static const char *const commands[] = {"tau ", "tree ", "spec ", "drafter "};
    const char *before = step->kind == STEP_SWITCH ? "/target "
                         : step->kind == STEP_AB   ? "/ab "
                                                   : "/set ";
    for (size_t i = 0; step->kind == STEP_SET && i < sizeof(commands) / sizeof(*commands); i++)
        if (strncmp(step->text, commands[i], strlen(commands[i])) == 0)
            before = "/";
    char *line = NULL;
    return asprintf(&line, "%s%s", before, step->text) < 0 ? NULL : line;
}
