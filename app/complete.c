/* complete.c - `s2d complete WORD ...`: completion of a command line, out of the rows that parse it
 * (command_line.h). The shell's part is completion.bash.
 *
 * Behind an option that has a value: its values. Else the next word of a command, the command's
 * options, and what other words it takes.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/profile/config.h"
#include "app/profile/found.h"

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void offer(const char *word, const char *typed)
{
    if (begins(word, typed))
        printf("%s\n", word);
}

/* found: those on this machine too, not the catalog's alone */
static void offer_models(const char *typed, bool found)
{
    FoundList list;
    for (int i = 0; i < catalog_count(); i++)
        offer(catalog_at(i)->name, typed);
    if (!found || found_list(&list, NULL) != 0)
        return;
    for (int i = 0; i < list.n; i++)
        if (!catalog_find(list.models[i].name) && !list.models[i].header.problem[0])
            offer(list.models[i].name, typed);
    found_close(&list);
}

static void offer_profiles_in(const char *folder, const char *typed)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *end = strrchr(entries[i]->d_name, '.');
        if (end && strcmp(end, ".yaml") == 0 && strcmp(entries[i]->d_name, "s2d.yaml") != 0) {
            *end = '\0';
            offer(entries[i]->d_name, typed);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void offer_profiles(const char *typed)
{
    char folder[PATH_BYTES];
    if (paths_get(PLACE_CONFIG, NULL, folder, sizeof folder, NULL) == 0)
        offer_profiles_in(folder, typed);
    if (paths_shipped_profiles(folder, sizeof folder, NULL) == 0)
        offer_profiles_in(folder, typed);
}

static void offer_roles(const char *typed)
{
    Config *config = malloc(sizeof *config);
    if (config && config_open(config, NULL) == 0) {
        for (int i = 0; i < config->n_roles; i++)
            offer(config->roles[i].name, typed);
        config_close(config);
    }
    free(config);
}

/* What a word in capitals stands for, where that is known. */
static void offer_meaning(const char *word, const char *typed)
{
    bool model = strcmp(word, "MODEL") == 0, profile = strcmp(word, "PROFILE") == 0;
    if (model || strcmp(word, "NAME") == 0)
        offer_models(typed, model);
    if (profile)
        offer_profiles(typed);
    if (strcmp(word, "ROLE") == 0)
        offer_roles(typed);
    if (model || profile)
        printf("*.%s\n", model ? "gguf" : "yaml");
    if (begins(word, "FILE"))
        printf("*%.*s\n", (int)strcspn(word + 4, " "), word + 4);
}

static void offer_values(const Option *option, const char *typed)
{
    char value[OPTION_VALUE_BYTES];
    for (int i = 0; option_value(option, i, value, sizeof value) == 0; i++) {
        if (isupper((unsigned char)value[0])) {
            offer_meaning(value, typed);
            continue;
        }
        value[strcspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = '\0'; /* exit:L begins with "exit:" */
        offer(value, typed);
    }
}

static void offer_options(const CommandLine *line, const char *typed)
{
    const Option *option;
    for (int i = 0; (option = command_line_option(line, i, NULL)) != NULL; i++) {
        if (option->kind != OPTION_REFUSED)
            offer(option->name, typed);
    }
}

/* "[MODEL | PROFILE]" */
static void offer_words(const char *words, const char *typed)
{
    char copy[OPTION_VALUE_BYTES], *rest;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, "[]<| ", &rest); word; word = strtok_r(NULL, "[]<| ", &rest))
        offer_meaning(word, typed);
}

/* How many of the n words the name of a command begins with. */
static int words_in_common(const CommandLine *line, int n, char **words)
{
    char word[OPTION_VALUE_BYTES];
    int i = 0;
    while (i < n && word_at(line->name, " ", i, word, sizeof word) == 0 &&
           strcmp(word, words[i]) == 0)
        i++;
    return i;
}

/* The command that n words name, with the longest name; NULL = none yet. */
static const CommandLine *line_of(int n, char **words)
{
    const CommandLine *found = n > 0 && words[0][0] == '-' ? &cmd_chat_line : NULL;
    char next[OPTION_VALUE_BYTES];
    for (int i = 0, most = 0; command_lines[i]; i++) {
        int common = words_in_common(command_lines[i], n, words);
        if (common > most && word_at(command_lines[i]->name, " ", common, next, sizeof next) != 0) {
            most = common;
            found = command_lines[i];
        }
    }
    return found;
}

/* The word that may come next in the names of commands; one that several begin with only once. */
static void offer_commands(int n, char **words, const char *typed)
{
    char last[OPTION_VALUE_BYTES] = "", word[OPTION_VALUE_BYTES];
    for (int i = 0; command_lines[i]; i++) {
        if (words_in_common(command_lines[i], n, words) < n ||
            word_at(command_lines[i]->name, " ", n, word, sizeof word) != 0 ||
            strcmp(word, last) == 0)
            continue;
        offer(word, typed);
        strcpy(last, word);
    }
}

int cmd_complete(int argc, char **argv)
{
    if (argc < 2)
        return EXIT_USAGE;
    int before = argc - 2; /* words that are complete */
    char **words = argv + 1;
    const char *typed = argv[argc - 1];
    const CommandLine *line = line_of(before, words);
    const Option *option = line ? command_line_find(line, words[before - 1]) : NULL;
    if (option && option->kind != OPTION_FLAG) {
        offer_values(option, typed);
        return 0;
    }
    offer_commands(before, words, typed);
    if (line == NULL && before == 0 && typed[0] == '-') {
        line = &cmd_chat_line; /* what s2d alone starts */
        offer("--help", typed);
        offer("--version", typed);
    }
    if (line)
        offer_options(line, typed);
    if (line && line->words)
        offer_words(line->words, typed);
    return 0;
}
