/* slash_complete.c - what Tab offers in a chat's input line. See slash.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/chat/slash.h"
#include "app/profile/found.h"
#include "ui/ui.h"

/* Counts the candidates that fit, and keeps the one asked for. */
typedef struct Pick {
    const char *word;
    int index; /* goes down with every candidate that fits; at 0 it is the next one */
    char *found;
} Pick;

static void offer(Pick *pick, const char *candidate)
{
    if (pick->found || strncmp(candidate, pick->word, strlen(pick->word)) != 0)
        return;
    if (pick->index-- == 0)
        pick->found = strdup(candidate);
}

static void offer_words(Pick *pick, const char *words)
{
    char word[32];
    for (int n; words && sscanf(words, " %31s%n", word, &n) == 1; words += n)
        offer(pick, word);
}

static int has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n > e && name[0] != '.' && strcmp(name + n - e, ending) == 0;
}

/* Files of a folder with one ending, in the order of their names, without the ending. */
static void offer_folder(Pick *pick, const char *folder, const char *ending)
{
    struct dirent **list;
    int n = scandir(folder, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (has_ending(list[i]->d_name, ending) && strcmp(list[i]->d_name, "s2d.yaml") != 0) {
            list[i]->d_name[strlen(list[i]->d_name) - strlen(ending)] = '\0';
            offer(pick, list[i]->d_name);
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

static void offer_profiles(Pick *pick)
{
    char path[PATH_BYTES];
    if (paths_get(PLACE_CONFIG, NULL, path, sizeof(path), NULL) == 0)
        offer_folder(pick, path, ".yaml");
    if (paths_shipped_profiles(path, sizeof(path), NULL) == 0)
        offer_folder(pick, path, ".yaml");
}

/* Those that are here, of the catalog or not; known: names that were offered already. The files are looked
 * for anew at each candidate: that takes about as long as completing a file's name. */
static void offer_models(Pick *pick, const EventReady *known)
{
    FoundList list;
    if (pick->found || found_list(&list, NULL) != 0)
        return;
    for (int i = 0; i < list.n; i++) {
        bool told = list.models[i].header.problem[0] != '\0';
        for (int t = 0; known && t < known->n_targets; t++)
            told = told || strcmp(known->targets[t], list.models[i].name) == 0;
        if (!told)
            offer(pick, list.models[i].name);
    }
    found_close(&list);
}

static void offer_exits(Pick *pick, const Chat *chat, const char *before)
{
    char text[48];
    for (int i = 0; i < chat->ready.n_exits; i++) {
        snprintf(text, sizeof(text), "%s%d", before, chat->ready.exits[i]);
        offer(pick, text);
    }
}

static void offer_drafters(Pick *pick, const Chat *chat)
{
    char before[32];
    for (int i = 0; drafter_kind(i); i++) {
        const DrafterKind *kind = drafter_kind(i);
        snprintf(before, sizeof before, "%s:", kind->name);
        if (kind->exits == DRAFTER_EXITS_FIXED)
            offer_exits(pick, chat, before);
        else
            offer(pick, kind->name);
    }
}

static void offer_arguments(Pick *pick, const Chat *chat, const SlashCommand *command, bool first)
{
    char path[PATH_BYTES];
    bool files = false;
    if (first)
        offer_words(pick, command->words);
    switch (command->argument) {
    case ARGUMENT_NONE:
    case ARGUMENT_TEXT:
    case ARGUMENT_WORDS:
        break;
    case ARGUMENT_TARGET:
        for (int i = 0; i < chat->ready.n_targets; i++)
            offer(pick, chat->ready.targets[i]);
        if (!chat->options.host)
            offer_models(pick, &chat->ready);
        files = true;
        break;
    case ARGUMENT_SIDES:
        if (!first)
            offer_words(pick, command->words);
        for (int i = 0; i < chat->ready.n_targets; i++) {
            char target[80];
            snprintf(target, sizeof target, "target=%s", chat->ready.targets[i]);
            offer(pick, target);
        }
        break;
    case ARGUMENT_MODEL:
        offer_models(pick, NULL);
        files = true;
        break;
    case ARGUMENT_PROFILE:
        offer_profiles(pick);
        files = true;
        break;
    case ARGUMENT_EXIT:
        if (first)
            offer_exits(pick, chat, "");
        break;
    case ARGUMENT_DRAFTER:
        offer_drafters(pick, chat);
        break;
    case ARGUMENT_FILES:
        files = true;
        break;
    case ARGUMENT_ROLE:
        for (int i = 0; chat->options.config && i < chat->options.config->n_roles; i++)
            offer(pick, chat->options.config->roles[i].name);
        break;
    case ARGUMENT_SESSION:
        if (paths_get(PLACE_DATA, NULL, path, sizeof(path), NULL) == 0)
            offer_folder(pick, path, ".json");
        files = strchr(pick->word, '/') != NULL;
        break;
    case ARGUMENT_FORM:
        files = !first;
        break;
    }
    if (files && !pick->found && pick->index >= 0)
        pick->found = ui_complete_file(pick->word, pick->index);
}

char *slash_complete(const Chat *chat, const char *line, int start, const char *word, int index)
{
    Pick pick = {word, index, NULL};
    char name[40];
    if (line[0] != '/' || line[1] == '/')
        return NULL;
    if (start <= 1) { /* the command itself; whether its slash is part of the word is not ours */
        for (const SlashCommand *command = slash_table(); command->name; command++) {
            snprintf(name, sizeof(name), "%s%s", start == 0 ? "/" : "", command->name);
            offer(&pick, name);
        }
        return pick.found;
    }
    size_t n = strcspn(line + 1, " \t");
    size_t argument = 1 + n + strspn(line + 1 + n, " \t");
    for (const SlashCommand *command = slash_table(); command->name; command++) {
        if (strlen(command->name) == n && strncmp(command->name, line + 1, n) == 0)
            offer_arguments(&pick, chat, command, (size_t)start <= argument);
    }
    return pick.found;
}
