/* slash.c - the table of slash commands. What they do to models and their settings is in
 * slash_tune.c, to the text of the chat in slash_text.c, figures in slash_stats.c, the rest here. See
 * slash.h. */
#include "app/chat/slash.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/chat/export.h"
#include "app/chat/slash_file.h"
#include "app/chat/slash_role.h"
#include "app/chat/slash_sessions.h"
#include "app/chat/slash_stats.h"
#include "app/chat/slash_text.h"
#include "app/chat/slash_tune.h"
#include "ui/ui.h"

enum { HELP_COLUMN = 24 }; /* all lines fit the chat pane of a screen of 100 columns */

static int run_help(Chat *chat, const char *text, Err *err)
{
    (void)text;
    char *help = slash_help();
    if (!help)
        return err_set(err, EXIT_MEMORY, "out of memory");
    chat_note(chat, NOTE_PLAIN, "%s\n//TEXT                  sends /TEXT as a message", help);
    free(help);
    return 0;
}

static int run_regen(Chat *chat, const char *text, Err *err)
{
    (void)text;
    return chat_regenerate(chat, err);
}

static int run_undo(Chat *chat, const char *text, Err *err)
{
    (void)text;
    return chat_undo(chat, err);
}

static int run_drop(Chat *chat, const char *text, Err *err)
{
    (void)text;
    return chat_drop_oldest(chat, err);
}

static int run_clear(Chat *chat, const char *text, Err *err)
{
    (void)text;
    return chat_clear(chat, err);
}

static int run_system(Chat *chat, const char *text, Err *err)
{
    if (!*text) {
        chat_note(chat, NOTE_PLAIN, "system: %s", chat->system ? chat->system : "(none)");
        return 0;
    }
    bool none = strcmp(text, "none") == 0;
    if (chat_set_system(chat, none ? NULL : text, err) != 0)
        return -1;
    chat_notice(chat, none ? "no system message from now on" : "the system message is changed");
    return 0;
}

static int run_theme(Chat *chat, const char *text, Err *err)
{
    if (!chat->front->theme)
        return err_set(err, EXIT_USAGE, "/theme: there are no colours here; they are the screen's");
    return chat->front->theme(chat->user, text, err);
}

static int run_export(Chat *chat, const char *text, Err *err)
{
    char form[8] = "";
    size_t n = strcspn(text, " ");
    if (n == 0 || n >= sizeof(form))
        return err_set(err, EXIT_USAGE, "/export md|json|trace|cast [FILE]");
    memcpy(form, text, n);
    return chat_export(chat, form, text + n + strspn(text + n, " "), err);
}

static int run_quit(Chat *chat, const char *text, Err *err)
{
    (void)text;
    (void)err;
    chat->quit = true;
    return 0;
}

static const SlashCommand table[] = {
    {"help", ARGUMENT_NONE, "", "these commands", NULL, run_help},
    {"target", ARGUMENT_TARGET, "[N|NAME|FILE]", "another target, at once", NULL, run_target},
    {"model", ARGUMENT_TARGET, "[N|NAME|FILE]", "as /target", NULL, run_target},
    {"draft", ARGUMENT_MODEL, "[MODEL|none]", "another draft model", "none", run_draft},
    {"profile", ARGUMENT_PROFILE, "[NAME]", "other models, same chat", NULL, run_profile},
    {"drafter", ARGUMENT_DRAFTER, "[KIND]", NULL, NULL, run_drafter}, /* help: what there is */
    {"tau", ARGUMENT_EXIT, "[EXIT|all V|auto [off]]", "an exit's threshold", "all auto", run_tau},
    {"tree", ARGUMENT_WORDS, "[auto|off|static|DxWxN]", "depth x width x nodes", "auto off static",
     run_tree},
    {"spec", ARGUMENT_WORDS, "[auto|on|off]", "speculation", "auto on off", run_spec},
    {"think", ARGUMENT_WORDS, "[auto|on|off]", "thoughts before an answer", "auto on off",
     run_think},
    {"ab", ARGUMENT_SIDES, "SETTING [SETTING]", "answer again by two, in turn",
     "now plain profile tuned", run_ab},
    {"stats", ARGUMENT_NONE, "", "figures of answer and chat", NULL, run_stats},
    {"regen", ARGUMENT_NONE, "", "answer again, next seed", NULL, run_regen},
    {"retry", ARGUMENT_NONE, "", "as /regen", NULL, run_regen},
    {"edit", ARGUMENT_TEXT, "[N]", "another wording of question N", NULL, run_edit},
    {"undo", ARGUMENT_NONE, "", "take the last question back", NULL, run_undo},
    {"drop", ARGUMENT_NONE, "", "forget the oldest exchange", NULL, run_drop},
    {"clear", ARGUMENT_NONE, "", "a new chat", NULL, run_clear},
    {"system", ARGUMENT_TEXT, "[TEXT|none]", "the system message", NULL, run_system},
    {"file", ARGUMENT_FILES, "[PATH ...|none]", "text files, next question", "none", run_file},
    {"role", ARGUMENT_ROLE, "[NAME]", "the config's system message", NULL, run_role},
    {"set", ARGUMENT_WORDS, "[NAME VALUE]", "sampling, max_tokens, stop, mouse",
     "temperature top_k top_p seed max_tokens stop mouse", run_set},
    {"search", ARGUMENT_TEXT, "[TEXT]", "find it in the chat", NULL, run_search},
    {"copy", ARGUMENT_WORDS, "[N|answer]", "code block N to the clipboard", "answer", run_copy},
    {"sessions", ARGUMENT_NONE, "", "the chats there are", NULL, run_sessions},
    {"save", ARGUMENT_SESSION, "[NAME]", "name this chat", NULL, run_save},
    {"load", ARGUMENT_SESSION, "NAME", "go on with a former chat", NULL, run_load},
    {"rename", ARGUMENT_SESSION, "NAME NEW", "rename a chat", NULL, run_rename},
    {"delete", ARGUMENT_SESSION, "NAME", "delete a chat, if you say y", NULL, run_delete},
    {"export", ARGUMENT_FORM, "md|json|trace|cast [FILE]", "write the chat", "md json trace cast",
     run_export},
    {"theme", ARGUMENT_WORDS, "[NAME]", "the screen's colours", "auto dark light contrast none",
     run_theme},
    {"quit", ARGUMENT_NONE, "", "leave", NULL, run_quit},
    {"exit", ARGUMENT_NONE, "", "as /quit", NULL, run_quit},
    {NULL, ARGUMENT_NONE, NULL, NULL, NULL, NULL},
};

const SlashCommand *slash_table(void)
{
    return table;
}

char *slash_help(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    for (const SlashCommand *command = table; command->name; command++) {
        char names[DRAFTER_NAMES_BYTES];
        const char *help = command->help ? command->help : drafter_names(" ", names);
        int used = fprintf(out, "/%s %s", command->name, command->usage);
        fprintf(out, "%*s%s%s", used < HELP_COLUMN ? HELP_COLUMN - used : 1, "", help,
                command[1].name ? "\n" : "");
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* The command of a line that begins with a slash; NULL = there is none of that name. */
static const SlashCommand *command_of(const char *line)
{
    size_t n = strcspn(line + 1, " \t\n");
    for (const SlashCommand *command = table; command->name; command++)
        if (strlen(command->name) == n && strncmp(command->name, line + 1, n) == 0)
            return command;
    return NULL;
}

static bool takes_file(SlashArgument argument)
{
    return argument == ARGUMENT_TARGET || argument == ARGUMENT_MODEL ||
           argument == ARGUMENT_PROFILE || argument == ARGUMENT_SESSION ||
           argument == ARGUMENT_FORM;
}

/* Is it a file of the worker's machine, and that another one? */
static bool is_remote(const Chat *chat, const SlashCommand *command)
{
    return chat->options.host &&
           (command->argument == ARGUMENT_TARGET || command->argument == ARGUMENT_MODEL);
}

/* The argument without the blanks around it; in the name of a file here ~ becomes a home folder. */
static char *argument_of(const Chat *chat, const SlashCommand *command, const char *line)
{
    const char *from = line + 1 + strlen(command->name);
    from += strspn(from, " \t\n");
    size_t bytes = strlen(from), file = 0;
    while (bytes > 0 && strchr(" \t\n", from[bytes - 1]))
        bytes--;
    char *text = strndup(from, bytes), *whole = NULL;
    if (!text || !takes_file(command->argument) || is_remote(chat, command))
        return text;
    if (command->argument == ARGUMENT_FORM) {
        file = strcspn(text, " ");
        file += strspn(text + file, " ");
    }
    char *name = ui_expand_file(text + file);
    if (name && asprintf(&whole, "%.*s%s", (int)file, text, name) < 0)
        whole = NULL;
    free(name);
    free(text);
    return whole;
}

int slash_run(Chat *chat, const char *line, Err *err)
{
    const SlashCommand *command = command_of(line);
    if (!command)
        return err_set(err, EXIT_USAGE,
                       "there is no command %.*s; /help lists them, // sends a slash",
                       (int)strcspn(line, " \t\n"), line);
    char *text = argument_of(chat, command, line);
    if (!text)
        return err_set(err, EXIT_MEMORY, "out of memory");
    int status;
    if (command->argument == ARGUMENT_NONE && *text)
        status = err_set(err, EXIT_USAGE, "/%s takes no arguments", command->name);
    else if (is_remote(chat, command) && *text == '~')
        status = err_set(err, EXIT_USAGE, "%.60s: no ~ for files on %.100s; give the whole path",
                         text, chat->options.host);
    else
        status = command->run(chat, text, err);
    free(text);
    return status;
}

/* A slash begins much that is none: comments, paths, several lines of either. One plain word after
 * it is a command, though there may be none of that name: it is mistyped, most likely. */
bool slash_is_command(const char *line)
{
    size_t word = 1;
    if (line[0] != '/' || strchr(line, '\n'))
        return false;
    while (isalnum((unsigned char)line[word]) || line[word] == '_' || line[word] == '-')
        word++;
    return strchr(" \t", line[word]) != NULL; /* the end counts too */
}

const char *slash_message(const char *line)
{
    return line[0] == '/' && line[1] == '/' && !strchr(line, '\n') ? line + 1 : line;
}

int chat_line(Chat *chat, const char *line)
{
    Err err = {0};
    if (!chat_answer_offer(chat, line, &err)) {
        if (!slash_is_command(line)) /* what goes wrong is told already */
            return chat_ask_with_files(chat, slash_message(line)) == 0 ? 0 : EXIT_MEMORY;
        slash_run(chat, line, &err);
    }
    if (err.code != 0)
        chat_note(chat, NOTE_ERROR, "%s", err.text);
    return err.code;
}
