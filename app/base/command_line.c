/* command_line.c - see command_line.h. getopt finds the options, the rows say what they are. */
#include "app/base/command_line.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_ID = 256 }; /* of the first option's name: behind every letter */

/* What getopt wants to know of a command. */
typedef struct Known {
    struct option names[2 * OPTIONS_MAX + 1];
    int n;
    char letters[2 * OPTIONS_MAX + 3];
} Known;

int options_integer(const char *text, const char *what, long low, long high, int *value, Err *err)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || isspace((unsigned char)text[0]) || errno || number < low ||
        number > high)
        return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a whole number from %ld to %ld", what,
                       text, low, high);
    *value = (int)number;
    return 0;
}

int options_layers(const char *text, const char *what, long low, int most, int *layers, int *n,
                   Err *err)
{
    *n = 0;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char number[16];
        if (*n == most)
            return err_set(err, EXIT_USAGE, "%s: \"%s\" names more than %d layers", what, text,
                           most);
        snprintf(number, sizeof number, "%.*s", (int)strcspn(at, ","), at);
        if (options_integer(number, what, low, LAYER_OPTION_MAX, &layers[(*n)++], err) != 0)
            return -1;
    }
    return 0;
}

int options_number(const char *text, const char *what, double low, double high, double *value,
                   Err *err)
{
    /* Digits, a point, an exponent: no hexadecimal, no words, no blanks. */
    size_t plain = strspn(text, "0123456789.eE+-");
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || text[plain] || !isfinite(number) || number < low || number > high)
        return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a number from %g to %g", what, text, low,
                       high);
    *value = number;
    return 0;
}

/* ---- rows ---- */

const Option *command_line_option(const CommandLine *line, int index, size_t *base)
{
    for (int l = 0; l < OPTION_LISTS_MAX && line->lists[l].options; l++) {
        for (const Option *option = line->lists[l].options; option->name; option++) {
            if (index-- > 0)
                continue;
            if (base)
                *base = line->lists[l].base;
            return option;
        }
    }
    return NULL;
}

const Option *command_line_find(const CommandLine *line, const char *name)
{
    const Option *option;
    for (int i = 0; (option = command_line_option(line, i, NULL)) != NULL; i++) {
        if (strcmp(option->name, name) == 0 || (option->alias && strcmp(option->alias, name) == 0))
            return option;
    }
    return NULL;
}

int word_at(const char *list, const char *separator, int index, char *text, size_t size)
{
    const char *end = strstr(list, separator);
    for (int i = 0; i < index && list; i++) {
        list = end ? end + strlen(separator) : NULL;
        end = list ? strstr(list, separator) : NULL;
    }
    if (list == NULL)
        return -1;
    snprintf(text, size, "%.*s", end ? (int)(end - list) : (int)strlen(list), list);
    return 0;
}

int option_value(const Option *option, int index, char *text, size_t size)
{
    if (option->value_at)
        return option->value_at(index, text, size);
    return option->value ? word_at(option->value, "|", index, text, size) : -1;
}

/* All values with a separator between them. */
static void join_values(const Option *option, const char *separator, char *text, size_t size)
{
    char value[OPTION_VALUE_BYTES];
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; used < size && option_value(option, i, value, sizeof value) == 0; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? separator : "", value);
}

/* ---- parsing ---- */

/* Which of the listed values the text is. */
static int take_word(const Option *option, const char *text, int *index)
{
    char value[OPTION_VALUE_BYTES];
    for (*index = 0; option_value(option, *index, value, sizeof value) == 0; ++*index) {
        if (strcmp(value, text) == 0)
            return 0;
    }
    return -1;
}

/* -1 without err set: the text is none of the listed values. */
static int store(const Option *option, char *into, const char *text, Err *err)
{
    void *field = into + option->field;
    double number = 0;
    int index;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)field = text;
        return 0;
    case OPTION_WORD:
        *(const char **)field = text;
        return take_word(option, text, &index);
    case OPTION_CHOICE:
        return take_word(option, text, field);
    case OPTION_SECOND:
        if (take_word(option, text, &index) != 0)
            return -1;
        *(bool *)field = index == 1;
        return 0;
    case OPTION_INTEGER:
        return options_integer(text, option->name, (long)option->low, (long)option->high, field,
                               err);
    case OPTION_NUMBER:
        return options_number(text, option->name, option->low, option->high, field, err);
    case OPTION_FLOAT:
        if (options_number(text, option->name, option->low, option->high, &number, err) != 0)
            return -1;
        *(float *)field = (float)number;
        return 0;
    case OPTION_TAKEN:
        return option->take(into, text, err);
    default: /* OPTION_REFUSED */
        return err_set(err, EXIT_USAGE, "%s: %s", option->name, option->value);
    }
}

static int take(const Option *option, char *into, const char *text, Err *err)
{
    if (store(option, into, text, err) != 0) {
        char values[400];
        join_values(option, ", ", values, sizeof values);
        return err_set(err, EXIT_USAGE, "%s: \"%s\" is none of %s", option->name, text, values);
    }
    if (option->has)
        *(bool *)(into + option->has) = true;
    return 0;
}

static void add_name(Known *known, const char *name, int has_value, int id)
{
    if (name[1] == '-') {
        known->names[known->n++] = (struct option){name + 2, has_value, NULL, id};
        return;
    }
    strcat(known->letters, name + 1);
    strcat(known->letters, has_value ? ":" : "");
}

static Known known_of(const CommandLine *line)
{
    Known known = {0};
    const Option *option;
    /* '+': stop at the first word that is no option; ':': tell a missing value apart. */
    strcpy(known.letters, line->mixed ? ":" : "+:");
    for (int i = 0; (option = command_line_option(line, i, NULL)) != NULL; i++) {
        int has_value = option->kind != OPTION_FLAG;
        assert(i < OPTIONS_MAX);
        add_name(&known, option->name, has_value, LONG_ID + i);
        if (option->alias)
            add_name(&known, option->alias, has_value, LONG_ID + i);
    }
    return known;
}

static bool is_letter(const char *name, int letter)
{
    return name && name[1] == letter && name[2] == '\0';
}

/* What getopt found: an id of add_name, or a letter. */
static const Option *found(const CommandLine *line, int id, size_t *base)
{
    const Option *option = command_line_option(line, id >= LONG_ID ? id - LONG_ID : 0, base);
    for (int i = 1; id < LONG_ID && !is_letter(option->name, id) && !is_letter(option->alias, id);
         i++)
        option = command_line_option(line, i, base);
    return option;
}

int command_line_parse(const CommandLine *line, void *into, int argc, char **argv, Err *err)
{
    Known known = known_of(line);
    opterr = 0;
    optind = 0; /* getopt starts afresh */
    for (;;) {
        const char *word = optind > 0 && optind < argc ? argv[optind] : argc > 1 ? argv[1] : "";
        int id = getopt_long(argc, argv, known.letters, known.names, NULL);
        if (id == -1)
            return optind;
        if (line->mixed && argv[optind - 1][0] == '-')
            word = argv[optind - 1]; /* it was looked for behind other words */
        if (id == ':')
            return err_set(err, EXIT_USAGE, "%s wants a value; see `s2d %s --help`", word,
                           line->name);
        if (id == '?')
            return err_set(err, EXIT_USAGE, "there is no option %s here; see `s2d %s --help`", word,
                           line->name);
        size_t base = 0;
        const Option *option = found(line, id, &base);
        if (take(option, (char *)into + base, optarg, err) != 0)
            return -1;
    }
}

/* ---- usage ---- */

bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "[--tree auto|off|DxWxN]", or "--prompts FILE" where it is required. */
static void option_text(const Option *option, char *text, size_t size)
{
    char values[400];
    join_values(option, "|", values, sizeof values);
    snprintf(text, size, "%s%s%s%s%s%s%s", option->required ? "" : "[", option->name,
             option->alias ? "|" : "", option->alias ? option->alias : "", values[0] ? " " : "",
             values, option->required ? "" : "]");
}

/* The index-th piece of the usage: required options, the others, other words. -1 = no more. */
static int usage_piece(const CommandLine *line, int index, char *text, size_t size)
{
    const Option *option;
    for (int required = 1; required >= 0; required--) {
        for (int i = 0; (option = command_line_option(line, i, NULL)) != NULL; i++) {
            if (option->required != required || option->kind == OPTION_REFUSED || index-- > 0)
                continue;
            option_text(option, text, size);
            return 0;
        }
    }
    if (index > 0 || line->words == NULL)
        return -1;
    snprintf(text, size, "%s", line->words);
    return 0;
}

void command_line_usage(const CommandLine *line, FILE *file)
{
    enum { COLUMNS = 100 };
    char piece[512];
    int at = fprintf(file, "usage: s2d %s", line->name);
    for (int i = 0; usage_piece(line, i, piece, sizeof piece) == 0; i++) {
        if (at + 1 + (int)strlen(piece) > COLUMNS)
            at = fprintf(file, "\n       ") - 1;
        at += fprintf(file, " %s", piece);
    }
    fprintf(file, "\n%s%s%s.\n", line->forms ? line->forms : "", line->forms ? "\n" : "",
            line->summary);
}

const char *command_line_synopsis(const CommandLine *line, char *text, size_t size)
{
    char piece[512];
    size_t used = (size_t)snprintf(text, size, "s2d %s", line->name);
    for (int i = 0; used < size && usage_piece(line, i, piece, sizeof piece) == 0; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", piece);
    return text;
}
