/* profile_scan.c - see profile_scan.h.
 *
 * One loop over libyaml's events with a stack of the mappings and lists that are open. The path of
 * what comes next is the stack's text: each level knows how long the path was when it opened.
 */
#include "app/profile/profile_scan.h"

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

typedef struct Walk {
    Scan *scan;
    Err *err;
    int depth;
    Level levels[SCAN_DEPTH_MAX];
    char path[SCAN_PATH_BYTES]; /* of the value that comes next */
    int key_line, key_column;
} Walk;

static int fail_at(const Scan *scan, yaml_mark_t mark, Err *err, const char *text)
{
    return err_set(err, EXIT_DATA, "%.200s:%zu:%zu: %s", scan->file, mark.line + 1, mark.column + 1,
                   text);
}

/* Before any value: completes its path, and notes where it stands. */
static int begin_value(Walk *walk, yaml_mark_t mark)
{
    if (walk->depth == 0)
        return 0; /* the root has no path */
    Level *level = &walk->levels[walk->depth - 1];
    if (level->is_list) {
        int n = snprintf(walk->path + level->path_length,
                         sizeof walk->path - (size_t)level->path_length, "[%d]", level->index++);
        if (level->path_length + n >= SCAN_PATH_BYTES)
            return fail_at(walk->scan, mark, walk->err, "the keys on the way here are too long");
        walk->key_line = (int)mark.line + 1;
        walk->key_column = (int)mark.column + 1;
    }
    level->wants_key = !level->is_list;

    Scan *scan = walk->scan;
    if (scan->n_marks == SCAN_MARKS_MAX)
        return fail_at(scan, mark, walk->err, "more values than a profile can have");
    ScanMark *place = &scan->marks[scan->n_marks++];
    memcpy(place->path, walk->path, sizeof place->path);
    place->key_line = walk->key_line;
    place->key_column = walk->key_column;
    place->line = (int)mark.line + 1;
    place->column = (int)mark.column + 1;
    return 0;
}

static int open_level(Walk *walk, yaml_mark_t mark, bool is_list)
{
    if (walk->depth > 0 && walk->levels[walk->depth - 1].wants_key)
        return fail_at(walk->scan, mark, walk->err, "a key must be a single word");
    if (walk->depth == 0 && is_list)
        return fail_at(walk->scan, mark, walk->err,
                       "a profile is a mapping (`key: value`), not a list");
    if (walk->depth == SCAN_DEPTH_MAX)
        return fail_at(walk->scan, mark, walk->err, "nested deeper than any profile is");
    if (begin_value(walk, mark) != 0)
        return -1;
    int length = (int)strlen(walk->path);
    walk->levels[walk->depth++] =
        (Level){.is_list = is_list, .wants_key = !is_list, .path_length = length};
    return 0;
}

/* Control characters, C1 ones in UTF-8 included: what a profile says is shown on terminals. */
static int check_scalar(Walk *walk, const yaml_event_t *event)
{
    const unsigned char *text = event->data.scalar.value;
    for (size_t i = 0; i < event->data.scalar.length; i++) {
        bool c0 = (text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f;
        bool c1 = text[i] == 0xc2 && text[i + 1] >= 0x80 && text[i + 1] < 0xa0; /* ends in a NUL */
        if (c0 || c1)
            return fail_at(walk->scan, event->start_mark, walk->err,
                           "a control character in the text");
    }
    return 0;
}

static int see_scalar(Walk *walk, const yaml_event_t *event)
{
    if (walk->depth == 0)
        return fail_at(walk->scan, event->start_mark, walk->err,
                       "a profile is a mapping (`key: value`), not a single value");
    if (check_scalar(walk, event) != 0)
        return -1;
    Level *level = &walk->levels[walk->depth - 1];
    if (!level->wants_key)
        return begin_value(walk, event->start_mark);

    int n =
        snprintf(walk->path + level->path_length, sizeof walk->path - (size_t)level->path_length,
                 "%s%s", level->path_length > 0 ? "." : "", (const char *)event->data.scalar.value);
    if (level->path_length + n >= SCAN_PATH_BYTES)
        return fail_at(walk->scan, event->start_mark, walk->err, "this key is too long");
    walk->key_line = (int)event->start_mark.line + 1;
    walk->key_column = (int)event->start_mark.column + 1;
    level->wants_key = false;
    return 0;
}

static int see_event(Walk *walk, const yaml_event_t *event, int *documents)
{
    static const char refused[] = "anchors and aliases (& and *) are not used in profiles";
    yaml_mark_t mark = event->start_mark;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return fail_at(walk->scan, mark, walk->err, "a second document; a profile is one");
        return 0;
    case YAML_ALIAS_EVENT:
        return fail_at(walk->scan, mark, walk->err, refused);
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor)
            return fail_at(walk->scan, mark, walk->err, refused);
        return see_scalar(walk, event);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor)
            return fail_at(walk->scan, mark, walk->err, refused);
        return open_level(walk, mark, true);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor)
            return fail_at(walk->scan, mark, walk->err, refused);
        return open_level(walk, mark, false);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        walk->path[walk->levels[--walk->depth].path_length] = '\0';
        return 0;
    default:
        return 0;
    }
}

int scan_yaml(Scan *scan, const char *yaml, size_t bytes, const char *file, Err *err)
{
    scan->file = file;
    scan->n_marks = 0;
    if (bytes > SCAN_BYTES_MAX)
        return err_set(err, EXIT_DATA, "%.200s: larger than %d KiB, this is no profile", file,
                       SCAN_BYTES_MAX / 1024);

    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return err_set(err, EXIT_MEMORY, "no memory for reading %.200s", file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, bytes);

    Walk walk = {.scan = scan, .err = err};
    int documents = 0, result = 0;
    bool more = true;
    while (more && result == 0) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            /* A broken encoding has no mark of its own: the parser's place is close to it. */
            yaml_mark_t mark =
                parser.error == YAML_READER_ERROR ? parser.mark : parser.problem_mark;
            result = fail_at(scan, mark, err, parser.problem ? parser.problem : "this is not YAML");
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        result = see_event(&walk, &event, &documents);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (result == 0 && documents == 0)
        return err_set(err, EXIT_DATA, "%.200s: empty; a profile names at least one target", file);
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
