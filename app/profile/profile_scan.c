/* profile_scan.c - see profile_scan.h.
 *
 * One loop over libyaml's events with a stack of the mappings and lists that are open. The path of
 * what comes next is the stack's text: each level knows how long the path was when it opened.
 */
#include "app/profile/profile_scan.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct Level {
    bool is_list;
    bool wants_key;  /* a mapping between two pairs */
    int index;       /* of the next value in a list */
    int path_length; /* of the mapping or list itself */
} Level;

typedef struct ScanState {
    Scan *scan;
    Err *err;
    int depth;
    Level levels[SCAN_DEPTH_MAX];
    char path[SCAN_PATH_BYTES]; /* of the value that comes next */
    int key_line, key_column;
} ScanState;

static int fail_at(const Scan *scan, yaml_mark_t mark, Err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fail_at(const Scan *scan, yaml_mark_t mark, Err *err, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(err, EXIT_DATA, "%.200s:%zu:%zu: %s", scan->file, mark.line + 1, mark.column + 1,
                   text);
}

/* Before any value: completes its path, and notes where it stands. */
static int begin_value(ScanState *state, yaml_mark_t mark)
{
    if (state->depth == 0)
        return 0; /* the root has no path */
    Level *level = &state->levels[state->depth - 1];
    if (level->is_list) {
        int n = snprintf(state->path + level->path_length,
                         sizeof state->path - (size_t)level->path_length, "[%d]", level->index++);
        if (level->path_length + n >= SCAN_PATH_BYTES)
            return fail_at(state->scan, mark, state->err, "the keys on the way here are too long");
        state->key_line = (int)mark.line + 1;
        state->key_column = (int)mark.column + 1;
    }
    level->wants_key = !level->is_list;

    Scan *scan = state->scan;
    if (scan->n_marks == SCAN_MARKS_MAX)
        return fail_at(scan, mark, state->err, "more values than a %s can have", scan->what);
    ScanMark *place = &scan->marks[scan->n_marks++];
    memcpy(place->path, state->path, sizeof place->path);
    place->key_line = state->key_line;
    place->key_column = state->key_column;
    place->line = (int)mark.line + 1;
    place->column = (int)mark.column + 1;
    return 0;
}

static int open_level(ScanState *state, yaml_mark_t mark, bool is_list)
{
    if (state->depth > 0 && state->levels[state->depth - 1].wants_key)
        return fail_at(state->scan, mark, state->err, "a key must be a single word");
    if (state->depth == 0 && is_list)
        return fail_at(state->scan, mark, state->err,
                       "a %s is a mapping (`key: value`), not a list", state->scan->what);
    if (state->depth == SCAN_DEPTH_MAX)
        return fail_at(state->scan, mark, state->err, "nested deeper than any %s is",
                       state->scan->what);
    if (begin_value(state, mark) != 0)
        return -1;
    int length = (int)strlen(state->path);
    state->levels[state->depth++] =
        (Level){.is_list = is_list, .wants_key = !is_list, .path_length = length};
    return 0;
}

/* Control characters, C1 ones in UTF-8 included: what a profile says is shown on terminals. */
static int check_scalar(ScanState *state, const yaml_event_t *event)
{
    const unsigned char *text = event->data.scalar.value;
    for (size_t i = 0; i < event->data.scalar.length; i++) {
        bool c0 = (text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f;
        bool c1 = text[i] == 0xc2 && text[i + 1] >= 0x80 && text[i + 1] < 0xa0; /* ends in a NUL */
        if (c0 || c1)
            return fail_at(state->scan, event->start_mark, state->err,
                           "a control character in the text");
    }
    return 0;
}

static int see_scalar(ScanState *state, const yaml_event_t *event)
{
    if (state->depth == 0)
        return fail_at(state->scan, event->start_mark, state->err,
                       "a %s is a mapping (`key: value`), not a single value", state->scan->what);
    if (check_scalar(state, event) != 0)
        return -1;
    Level *level = &state->levels[state->depth - 1];
    if (!level->wants_key)
        return begin_value(state, event->start_mark);

    int n =
        snprintf(state->path + level->path_length, sizeof state->path - (size_t)level->path_length,
                 "%s%s", level->path_length > 0 ? "." : "", (const char *)event->data.scalar.value);
    if (level->path_length + n >= SCAN_PATH_BYTES)
        return fail_at(state->scan, event->start_mark, state->err, "this key is too long");
    state->key_line = (int)event->start_mark.line + 1;
    state->key_column = (int)event->start_mark.column + 1;
    level->wants_key = false;
    return 0;
}

static int see_event(ScanState *state, const yaml_event_t *event, int *documents)
{
    static const char refused[] = "anchors and aliases (& and *) are not used in a %s";
    yaml_mark_t mark = event->start_mark;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return fail_at(state->scan, mark, state->err, "a second document; a %s is one",
                           state->scan->what);
        return 0;
    case YAML_ALIAS_EVENT:
        return fail_at(state->scan, mark, state->err, refused, state->scan->what);
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor)
            return fail_at(state->scan, mark, state->err, refused, state->scan->what);
        return see_scalar(state, event);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor)
            return fail_at(state->scan, mark, state->err, refused, state->scan->what);
        return open_level(state, mark, true);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor)
            return fail_at(state->scan, mark, state->err, refused, state->scan->what);
        return open_level(state, mark, false);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        state->path[state->levels[--state->depth].path_length] = '\0';
        return 0;
    default:
        return 0;
    }
}

int scan_yaml(Scan *scan, const char *yaml, size_t bytes, const char *file, Err *err)
{
    return scan_yaml_of(scan, "profile", "a profile names at least one target", yaml, bytes, file,
                        err);
}

int scan_yaml_of(Scan *scan, const char *what, const char *least, const char *yaml, size_t bytes,
                 const char *file, Err *err)
{
    scan->file = file;
    scan->what = what;
    scan->least = least;
    scan->n_marks = 0;
    if (bytes > SCAN_BYTES_MAX)
        return err_set(err, EXIT_DATA, "%.200s: larger than %d KiB, this is no %s", file,
                       SCAN_BYTES_MAX / 1024, what);

    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return err_set(err, EXIT_MEMORY, "no memory for reading %.200s", file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, bytes);

    ScanState state = {.scan = scan, .err = err};
    int documents = 0, result = 0;
    bool more = true;
    while (more && result == 0) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            if (parser.error == YAML_MEMORY_ERROR || parser.error == YAML_NO_ERROR) {
                result = err_set(err, EXIT_MEMORY, "no memory for reading %.200s", file);
                break;
            }
            /* A broken encoding has no mark of its own: the parser's place is close to it. */
            yaml_mark_t mark =
                parser.error == YAML_READER_ERROR ? parser.mark : parser.problem_mark;
            result = fail_at(scan, mark, err, "%s",
                             parser.problem ? parser.problem : "this is not YAML");
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        result = see_event(&state, &event, &documents);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (result == 0 && documents == 0)
        return err_set(err, EXIT_DATA, "%.200s: empty; %s", file, least);
    return result;
}

const ScanMark *scan_find(const Scan *scan, const char *path)
{
    for (int i = 0; i < scan->n_marks; i++)
        if (strcmp(scan->marks[i].path, path) == 0)
            return &scan->marks[i];
    return NULL;
}

const ScanMark *scan_find_key(const Scan *scan, const char *key, int line, int column)
{
    for (int i = 0; i < scan->n_marks; i++) {
        const ScanMark *mark = &scan->marks[i];
        if (mark->key_line < line || (mark->key_line == line && mark->key_column < column))
            continue;
        const char *dot = strrchr(mark->path, '.');
        if (strcmp(dot ? dot + 1 : mark->path, key) == 0)
            return mark;
    }
    return NULL;
}
