/* test_command_line.c - the rows of all commands: how they are read, and that usage text,
 * completion and the man pages say what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"

/* ---- reading ---- */

typedef struct Things {
    uint64_t before;
    const char *text;
    int choice;
    bool second, flag, has_choice;
    float real;
} Things;

static int take_choice(void *into, const char *text, Err *err)
{
    (void)err;
    ((Things *)into)->choice = atoi(text);
    return strcmp(text, "7") == 0 ? 0 : -1;
}

static const Option inner[] = {
    {"--choice", "a|b|c", OPTION_CHOICE, .field = offsetof(Things, choice),
     .has = offsetof(Things, has_choice)},
    {"--second", "no|yes", OPTION_SECOND, .field = offsetof(Things, second)},
    {"--real", "R", OPTION_FLOAT, .field = offsetof(Things, real), .low = -1, .high = 1},
    {"--taken", "7|X", OPTION_TAKEN, .take = take_choice},
    {0},
};
static const Option outer[] = {
    {"-t", "TEXT", OPTION_TEXT, .field = sizeof(Things) + offsetof(Things, text),
     .alias = "--text"},
    {"--flag", NULL, OPTION_FLAG, .field = sizeof(Things) + offsetof(Things, flag)},
    {"--never", .kind = OPTION_REFUSED, .value = "not here"},
    {0},
};
static const CommandLine stiff = {.name = "try", .lists = {{outer, 0}, {inner, sizeof(Things)}}};
static const CommandLine mixed = {
    .name = "try", .lists = {{outer, 0}, {inner, sizeof(Things)}}, .mixed = true};

/* Reads a line into the second of two Things: the lists' base is that far. */
static int parse(const CommandLine *line, Things things[2], const char *text, Err *err)
{
    static char copy[128], *argv[16];
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    memset(things, 0, 2 * sizeof *things);
    *err = (Err){0};
    return command_line_parse(line, things, argc, argv, err);
}

static void values_go_where_the_rows_say(void **state)
{
    (void)state;
    static const Things nothing;
    Things things[2], *got = &things[1];
    Err err;
    assert_int_equal(parse(&stiff, things, "try --choice c --real=-0.5 -tx --second yes", &err), 7);
    assert_true(got->choice == 2 && got->has_choice && got->real == -0.5f && got->second);
    assert_string_equal(got->text, "x");
    assert_false(got->flag);
    assert_memory_equal(&things[0], &nothing, sizeof nothing);

    assert_int_equal(parse(&stiff, things, "try --text y --taken 7 --second no --flag w", &err), 8);
    assert_true(got->choice == 7 && !got->has_choice && !got->second && got->flag);
    assert_string_equal(got->text, "y");

    assert_int_equal(parse(&stiff, things, "try w --flag", &err), 1); /* words end the options */
    assert_false(got->flag);
    assert_int_equal(parse(&mixed, things, "try w --flag", &err), 2);
    assert_true(got->flag);
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"try --choice d", "--choice: \"d\" is none of a, b, c"},
        {"try --second b", "--second: \"b\" is none of no, yes"},
        {"try --real 2", "--real: \"2\" is not a number from -1 to 1"},
        {"try --taken 8", "--taken: \"8\" is none of 7, X"},
        {"try --never 1", "--never: not here"},
        {"try --flag --real", "--real wants a value; see `s2d try --help`"},
        {"try --flag -z", "there is no option -z here; see `s2d try --help`"},
        {"try --flag=1", "there is no option --flag=1 here; see `s2d try --help`"},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        Things things[2];
        Err err;
        assert_int_equal(parse(i % 2 ? &mixed : &stiff, things, cases[i / 2].line, &err), -1);
        assert_int_equal(err.code, EXIT_USAGE);
        assert_string_equal(err.text, cases[i / 2].message);
    }
}

/* ---- usage and completion ---- */

static char *read_back(FILE *file)
{
    static char text[1 << 14];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Whether a text has this word in it, with something else than a letter or a dash around it. */
static bool has_word(const char *text, const char *word)
{
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        if (strchr(" [|\n", at > text ? at[-1] : '\n') && strchr(" ]|\n", at[strlen(word)]))
            return true;
    }
    return false;
}

static void usage_shows_every_option(void **state)
{
    (void)state;
    for (int l = 0; command_lines[l]; l++) {
        FILE *file = tmpfile();
        command_line_usage(command_lines[l], file);
        const char *text = read_back(file);
        const Option *option;
        for (int i = 0; (option = command_line_option(command_lines[l], i, NULL)) != NULL; i++) {
            if (has_word(text, option->name) != (option->kind != OPTION_REFUSED))
                fail_msg("s2d %s: %s in: %s", command_lines[l]->name, option->name, text);
        }
    }
}

/* What the shell offers for the last of these words, a line each. */
static const char *completed(const char *words)
{
    char self[512], command[2048];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    snprintf(command, sizeof command,
             "bash -c 's2d() { %s \"$@\"; }; . app/completion.bash; COMP_WORDS=(s2d %s); "
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _s2d s2d \"${COMP_WORDS[COMP_CWORD]}\"; "
             "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
             self, words);
    FILE *pipe = popen(command, "r"), *file = tmpfile();
    for (int c; (c = fgetc(pipe)) != EOF;)
        fputc(c, file);
    assert_int_equal(pclose(pipe), 0);
    return read_back(file);
}

static void the_shell_completes_what_the_rows_say(void **state)
{
    (void)state;
    if (system("command -v bash >/dev/null") != 0) {
        print_message("no bash here\n");
        skip();
    }
    setenv("XDG_CONFIG_HOME", "/nowhere", 1); /* the shipped profiles only */
    static const struct {
        const char *words, *offered;
    } cases[] = {
        {"mo", "models\n"},
        {"bench s", "spec\nsynth\n"},
        {"draft \"\"", "merge\nimport\n"},
        {"draft import --type q", "q8_0\nq5_1\nq5_0\nq4_1\nq4_0\n"},
        {"run --kv \"\"", "f16\nq8\n"},
        {"run --drafter e", "exit:\neagle\neagle3\n"},
        {"--profile c", "coder\n"},
        {"bench project --target 1", "13b\n"},
        {"train --co", "--copy\n--cosine\n"},
        {"tune --host", "\n"}, /* it takes none */
        {"train --list profiles/coder.i", "profiles/coder.ids\n"},
        {"info --profile x", "\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(completed(cases[i].words), cases[i].offered);
    assert_non_null(strstr(completed("run -m q"), "qwen2.5-coder-0.5b\n"));
}

/* ---- the man pages ---- */

enum { DOCUMENTED_MAX = 512 };

typedef struct Documented {
    char command[32], option[32];
} Documented;

static Documented documented[DOCUMENTED_MAX];
static int n_documented;

/* The options of an item: ".It Fl -temp Ar number , Fl n Ar count". */
static void read_item(const char *command, char *item)
{
    char *rest, *word = strtok_r(item, " \n", &rest);
    for (; word; word = strtok_r(NULL, " \n", &rest)) {
        if (strcmp(word, "Fl") != 0)
            continue;
        Documented *entry = &documented[n_documented++];
        assert_true(n_documented < DOCUMENTED_MAX);
        snprintf(entry->command, sizeof entry->command, "%s", command);
        snprintf(entry->option, sizeof entry->option, "-%s", strtok_r(NULL, " \n", &rest));
    }
}

/* A section's list says the options of the commands that stand between its heading and the list.
 * command: of the whole page; NULL = of each section. */
static void read_page(const char *path, const char *command)
{
    char line[512], commands[16][32];
    int n = 0;
    bool in_list = false;
    FILE *page = fopen(path, "r");
    assert_non_null(page);
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, ".S", 2) == 0) {
            in_list = false;
            n = 0;
        } else if (strncmp(line, ".Bl", 3) == 0) {
            in_list = true;
        } else if (strncmp(line, ".Cm ", 4) == 0 && !in_list && !command) {
            assert_true(n < 16);
            line[4 + strcspn(line + 4, ",:\n")] = '\0';
            char *end = line + strlen(line);
            while (end[-1] == ' ')
                *--end = '\0';
            snprintf(commands[n++], sizeof commands[0], "%.31s", line + 4);
        } else if (strncmp(line, ".It ", 4) == 0 && in_list) {
            for (int i = 0; i < (command ? 1 : n); i++) {
                char copy[512];
                strcpy(copy, line);
                read_item(command ? command : commands[i], copy);
            }
        }
    }
    fclose(page);
}

static bool is_documented(const char *command, const char *option)
{
    for (int i = 0; i < n_documented; i++) {
        if (strcmp(documented[i].command, command) == 0 &&
            strcmp(documented[i].option, option) == 0)
            return true;
    }
    return false;
}

static const CommandLine *line_named(const char *name)
{
    for (int i = 0; command_lines[i]; i++) {
        if (strcmp(command_lines[i]->name, name) == 0)
            return command_lines[i];
    }
    return NULL;
}

static void man_pages_and_rows_agree(void **state)
{
    (void)state;
    int rows = 0;
    read_page("man/s2d.1", NULL);
    read_page("man/s2d-train.1", "train");
    for (int i = 0; i < n_documented; i++) {
        const CommandLine *line = line_named(documented[i].command);
        const Option *option = line ? command_line_find(line, documented[i].option) : NULL;
        if (option == NULL || option->kind == OPTION_REFUSED)
            fail_msg("the man page has `s2d %s %s`", documented[i].command, documented[i].option);
    }
    for (int l = 0; command_lines[l]; l++) {
        const Option *option;
        for (int i = 0; (option = command_line_option(command_lines[l], i, NULL)) != NULL; i++) {
            if (option->kind == OPTION_REFUSED)
                continue;
            rows++;
            if (!is_documented(command_lines[l]->name, option->name) ||
                (option->alias && !is_documented(command_lines[l]->name, option->alias)))
                fail_msg("no man page has `s2d %s %s`", command_lines[l]->name, option->name);
        }
    }
    assert_true(rows > 100);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "complete") == 0) /* for the_shell_... */
        return cmd_complete(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_where_the_rows_say),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(usage_shows_every_option),
        cmocka_unit_test(the_shell_completes_what_the_rows_say),
        cmocka_unit_test(man_pages_and_rows_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
