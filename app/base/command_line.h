/* command_line.h - what a command's line may hold: a row an option, which says how it is read,
 * where its value goes, and what usage text and completion say of it.
 *
 *   rows -> OptionList -> CommandLine -> command_line_parse, command_line_usage, complete.c
 *
 * Numbers are read strictly: the whole word, finite, in range. Texts point into argv.
 */
#ifndef S2D_APP_BASE_COMMAND_LINE_H
#define S2D_APP_BASE_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/common/err.h"

/* What the field is, and what it gets. */
typedef enum OptionKind {
    OPTION_FLAG,    /* bool: true; the only kind without a value */
    OPTION_TEXT,    /* const char *: the value, whatever it is */
    OPTION_WORD,    /* const char *: the value, one of those that the row lists */
    OPTION_CHOICE,  /* int or enum: which of those the row lists, from 0 */
    OPTION_SECOND,  /* bool: whether it is the second of the two that the row lists */
    OPTION_INTEGER, /* int or uint32_t: from low to high */
    OPTION_NUMBER,  /* double: from low to high */
    OPTION_FLOAT,   /* float: from low to high */
    OPTION_TAKEN,   /* `take` reads the value and puts it where it belongs */
    OPTION_REFUSED, /* no field: `value` says why this command does not take what others do */
} OptionKind;

enum { OPTION_VALUE_BYTES = 96 };

typedef struct Option {
    const char *name; /* "--temp" or "-n"; NULL = the end of the rows */
    /* The values with "|" between them, as usage shows them: small letters are typed as they are,
     * capitals stand for something ("auto|off|DxWxN"). Completion knows FILE (a suffix may follow:
     * FILE.gguf), MODEL, PROFILE and ROLE. */
    const char *value;
    OptionKind kind;
    size_t field; /* where in the struct */
    double low, high;
    size_t has;        /* where in the struct a bool tells that the option was given; 0 = nowhere */
    const char *alias; /* another name; NULL = none */
    bool required; /* usage shows it without brackets; that it is there is the command's check */
    /* OPTION_TAKEN. -1 without err set: the value is none of those that the row lists. */
    int (*take)(void *into, const char *text, Err *err);
    /* Copies the index-th value, where another table has them; -1 = there are no more. */
    int (*value_at)(int index, char *text, size_t size);
} Option;

/* Rows, and where in the command's struct the one lies that they fill. */
typedef struct OptionList {
    const Option *options; /* NULL = no list */
    size_t base;
} OptionList;

enum { OPTION_LISTS_MAX = 8, OPTIONS_MAX = 64 };

typedef struct CommandLine {
    const char *name; /* as it is typed: "run", "bench spec" */
    OptionList lists[OPTION_LISTS_MAX];
    const char *words; /* what it takes besides options: "[MODEL | PROFILE]"; NULL = nothing */
    const char *forms; /* further lines of usage; NULL = none */
    const char *summary;
    bool mixed; /* options may stand behind other words */
} CommandLine;

/* Fills `into`, the command's struct, whose other members stay as they are. Returns the index of
 * the first word that is no option (argc = there is none), or -1: EXIT_USAGE. argv[0] is not
 * read. */
int command_line_parse(const CommandLine *line, void *into, int argc, char **argv, Err *err);

/* Whether a word asks for the usage. */
bool is_help(const char *word);

void command_line_usage(const CommandLine *line, FILE *file);

/* The usage in one line, for an error. Returns text. */
const char *command_line_synopsis(const CommandLine *line, char *text, size_t size);

/* The index-th option of all lists; NULL = there are no more. base may be NULL. */
const Option *command_line_option(const CommandLine *line, int index, size_t *base);
/* By its name or alias; NULL = there is none. */
const Option *command_line_find(const CommandLine *line, const char *name);

/* Copies the index-th of the values that an option lists; -1 = there are no more. */
int option_value(const Option *option, int index, char *text, size_t size);

/* Copies the index-th word of a list, whose words have this separator between them; -1 = there are
 * no more. */
int word_at(const char *list, const char *separator, int index, char *text, size_t size);

/* The whole word as a number in [low, high]; what: "--temp", for the message. */
int options_integer(const char *text, const char *what, long low, long high, int *value, Err *err);
/* Numbers of layers with commas between them, each in [low, LAYER_OPTION_MAX]: at most `most`. */
enum { LAYER_OPTION_MAX = 4096 };
int options_layers(const char *text, const char *what, long low, int most, int *layers, int *n,
                   Err *err);
int options_number(const char *text, const char *what, double low, double high, double *value,
                   Err *err);

#endif
