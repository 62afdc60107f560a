/* slash.h - the slash commands: one table that runs them, explains them and completes them.
 *
 *   "/tau 12 0.6" -> slash_run -> what chat.h offers;  Tab -> slash_complete
 *
 * Handlers take their arguments as one text, blanks around it gone. Wrong ones are refused before
 * anything changes.
 */
#ifndef S2D_APP_CHAT_SLASH_H
#define S2D_APP_CHAT_SLASH_H

#include "app/chat/chat.h"

typedef enum SlashArgument {
    ARGUMENT_NONE, /* any is an error */
    ARGUMENT_TEXT,
    ARGUMENT_TARGET,
    ARGUMENT_MODEL, /* of the catalog, or a file */
    ARGUMENT_PROFILE,
    ARGUMENT_EXIT, /* a layer number of the draft's exits */
    ARGUMENT_DRAFTER,
    ARGUMENT_SESSION,
    ARGUMENT_ROLE,
    ARGUMENT_FILES, /* any number; ~ and patterns are the command's */
    ARGUMENT_WORDS, /* those of `words` */
    ARGUMENT_SIDES, /* any number of those of `words`, or one of the targets */
    ARGUMENT_FORM,  /* those of `words`, then a file */
} SlashArgument;

typedef struct SlashCommand {
    const char *name;
    SlashArgument argument;
    const char *usage; /* "EXIT|all VALUE" */
    const char *help;
    const char *words; /* blank-separated, for completion */
    int (*run)(Chat *chat, const char *text, Err *err);
} SlashCommand;

/* Ends with a name of NULL. */
const SlashCommand *slash_table(void);

/* Is it a command, or at least one that is mistyped? */
bool slash_is_command(const char *line);
/* What a line that is none says: without the slash that another one escapes. */
const char *slash_message(const char *line);

/* line begins with '/'. In the name of a file ~ is a home folder. */
int slash_run(Chat *chat, const char *line, Err *err);

/* The table as text: one line each, newlines between. Free it; NULL = out of memory. */
char *slash_help(void);

/* UiComplete for a line of the chat: the index-th candidate for `word`, free it; NULL = no more. */
char *slash_complete(const Chat *chat, const char *line, int start, const char *word, int index);

#endif
